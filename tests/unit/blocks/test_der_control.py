"""Grid alarms and controls of a station (block R): kept, and never fought."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from csms.blocks.der_control import ControlReports, DerControl
from csms.domain.ids import EvseId, StationId
from csms.ocpp.wire import Edition
from csms.services.live import LiveFleet
from csms.services.ports.der import Alarm
from csms.services.ports.wire import DeviationSeen
from tests.conformance.official import ACTIONS, schema, validator
from tests.fakes.clock import ManualClock

STATION = StationId("MA-TEST-01")
ONE, TWO = EvseId(STATION, 1), EvseId(STATION, 2)
ELSEWHERE = EvseId(StationId("OTHER"), 1)
NOW = "2026-07-14T21:00:00Z"


class Scene:
    """A block and the live fleet."""

    def __init__(self) -> None:
        self.live = LiveFleet(ManualClock())
        for evse in (ONE, TWO, ELSEWHERE):
            self.live.update(evse, plugged=True)
        self.known = {"c1", "c2"}
        self.seen: list[str] = []
        self.record: list[str] = []
        self.alarmed: list[Alarm] = []
        self.runs: list[tuple[str, tuple[str, ...], bool]] = []
        block = DerControl(self.live, self, ControlReports(), self, ManualClock())
        self.routes = {r.action.name: r for r in block.routes()}

    def count(
        self, station: StationId, seen: Sequence[DeviationSeen], at: datetime
    ) -> None:
        del station, at
        self.seen += [each.kind for each in seen]

    async def alarm(self, alarm: Alarm) -> None:
        self.record.append(f"{alarm.kind} {alarm.fault}")
        self.alarmed.append(alarm)

    async def alarm_over(self, station: StationId, at: datetime) -> bool:
        del station, at
        self.record.append("over")
        return bool(self.alarmed)

    async def started(
        self,
        station: StationId,
        control: str,
        at: datetime,
        superseded: Sequence[str],
        *,
        running: bool,
    ) -> bool:
        del station, at
        self.runs.append((control, tuple(superseded), running))
        return control in self.known

    async def say(self, action: str, **payload: Any) -> None:  # noqa: ANN401
        payload = {"timestamp": NOW, **payload}
        validator(schema(Edition.V21, f"{action}Request")).validate(payload)
        model: Any = ACTIONS[action]
        request = model.request.model_validate(payload)
        answer = (await self.routes[action].handler(STATION, request)).write()
        validator(schema(Edition.V21, f"{action}Response")).validate(answer)

    async def raise_alarm(self, control: str, *, ended: bool = False) -> None:
        fault = {} if ended else {"gridEventFault": "OverVoltage"}
        await self.say("NotifyDERAlarm", controlType=control, alarmEnded=ended, **fault)

    def alarms(self, evse: EvseId = ONE) -> set[str]:
        return set((self.live.get(evse).der_alarm or {}).get("alarms", {}))

    def controls(self, evse: EvseId = ONE) -> set[str]:
        return set((self.live.get(evse).der_alarm or {}).get("controls", {}))


@pytest.fixture
def scene() -> Scene:
    return Scene()


async def test_an_alarm_is_of_every_evse_until_it_ends(scene: Scene) -> None:
    """R05.FR.01."""
    await scene.raise_alarm("VoltWatt")
    assert scene.alarms(ONE) == scene.alarms(TWO) == {"VoltWatt"}
    assert scene.live.get(ELSEWHERE).der_alarm is None

    await scene.raise_alarm("VoltWatt", ended=True)
    assert scene.live.get(ONE).der_alarm is None


async def test_an_alarm_says_what_is_wrong(scene: Scene) -> None:
    await scene.raise_alarm("VoltWatt")

    known = scene.live.get(ONE).der_alarm
    assert known is not None
    assert known["alarms"]["VoltWatt"]["gridEventFault"] == "OverVoltage"

    more = {"gridEventFault": "OverVoltage", "extraInfo": "feeder 7"}
    await scene.say("NotifyDERAlarm", controlType="VoltWatt", **more)
    at = datetime(2026, 7, 14, 21, tzinfo=UTC)
    assert [each.info for each in scene.alarmed] == ["", "feeder 7"]
    assert scene.alarmed[1] == Alarm(
        STATION, "VoltWatt", "OverVoltage", at, info="feeder 7"
    )


async def test_another_control_takes_the_alarm_over_and_ends_it(
    scene: Scene,
) -> None:
    """R05.FR.03, FR.04: there is one alarm, and no end of the first is told."""
    await scene.raise_alarm("VoltWatt")
    await scene.raise_alarm("FreqDroop")
    assert scene.alarms() == {"FreqDroop"}

    await scene.raise_alarm("FreqDroop", ended=True)
    assert scene.alarms() == set()
    assert scene.seen == []
    assert scene.record == ["VoltWatt OverVoltage", "FreqDroop OverVoltage", "over"]


async def test_a_control_that_stops_does_not_end_an_alarm(scene: Scene) -> None:
    await scene.raise_alarm("VoltWatt")
    await scene.say("NotifyDERStartStop", controlId="c1", started=True)
    assert scene.controls() == {"c1"}
    await scene.say("NotifyDERStartStop", controlId="c1", started=False)

    assert scene.alarms() == {"VoltWatt"}
    assert scene.controls() == set()
    assert scene.runs == [("c1", (), True), ("c1", (), False)]


async def test_a_superseded_control_runs_no_more(scene: Scene) -> None:
    """R04.FR.22."""
    await scene.say("NotifyDERStartStop", controlId="c1", started=True)
    await scene.say(
        "NotifyDERStartStop", controlId="c2", started=True, supersededIds=["c1"]
    )

    assert scene.controls() == {"c2"}
    assert scene.runs == [("c1", (), True), ("c2", ("c1",), True)]


async def test_the_end_of_what_never_began_does_no_harm(scene: Scene) -> None:
    await scene.raise_alarm("VoltVar", ended=True)
    await scene.say("NotifyDERStartStop", controlId="c9", started=False)

    assert scene.live.get(ONE).der_alarm is None
    assert scene.seen == ["unknown-alarm", "unknown-control"]


async def test_a_report_that_nobody_asked_for_is_noticed(scene: Scene) -> None:
    body: dict[str, Any] = {"requestId": 9}
    model: Any = ACTIONS["ReportDERControl"]

    await scene.routes["ReportDERControl"].handler(
        STATION, model.request.model_validate(body)
    )

    assert scene.seen == ["unknown-request"]
