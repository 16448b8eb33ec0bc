"""Controls of the grid on the wire, and back again unchanged (R04)."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from csms.blocks.der_control import ControlReports, StationControls
from csms.blocks.der_words import reported, request_of
from csms.blocks.translating import FindLink
from csms.domain import der
from csms.domain.der import Control, Kind, Unit
from csms.ocpp.messages.der_settings import ReportDERControlRequest
from csms.ocpp.wire import Edition
from csms.services.ports.der import ReportedControl, SetReply
from csms.services.ports.wire import Reply
from tests.asking import DONE, NO, NOW, REFUSED, STATION, YES, ZULU, Asked
from tests.conformance.official import schema, validator
from tests.fakes.link import FakeLink

Json = dict[str, Any]

HOUR = timedelta(hours=1)
CURVE = der.Curve(
    ((90.0, -10.0), (110.0, 20.0)),
    Unit.PCT_MAX_VAR,
    response_s=5.0,
    hysteresis=(1.0, 2.0, 3.0, 4.0),
    reactive=(230.0, True, 60.0),
    voltage=(253.0, 600.0, "Active"),
)
PLAIN = der.Curve(((59.0, 1.0),), Unit.PCT_MAX_W)
SPARSE = replace(PLAIN, voltage=(253.0, None, None))


def a_control(kind: Kind, body: der.Body, **more: Any) -> Control:  # noqa: ANN401
    return Control(f"of {kind}"[:36], kind, False, 3, body, NOW, HOUR, **more)  # noqa: FBT003


def a_default(kind: Kind, body: der.Body) -> Control:
    return Control("default", kind, True, 0, body)  # noqa: FBT003


CONTROLS = [
    a_control(Kind.VOLT_VAR, CURVE),
    a_default(Kind.FREQ_WATT, PLAIN),
    a_default(Kind.HV_MUST_TRIP, SPARSE),
    a_control(Kind.FIXED_PF_ABSORB, der.FixedPowerFactor(0.9, absorbs=True)),
    a_control(Kind.FIXED_PF_INJECT, der.FixedPowerFactor(0.8, absorbs=False)),
    a_control(Kind.FIXED_VAR, der.FixedVar(-30.0, Unit.PCT_VAR_AVAIL)),
    a_control(Kind.FREQ_DROOP, der.FreqDroop(60.1, 59.9, 4.0, 5.0, 6.0)),
    a_control(Kind.LIMIT_MAX_DISCHARGE, der.LimitMaxDischarge(40.0, CURVE)),
    a_default(Kind.LIMIT_MAX_DISCHARGE, der.LimitMaxDischarge(40.0)),
    a_default(
        Kind.ENTER_SERVICE,
        der.EnterService(253.0, 207.0, 50.2, 49.8, 300.0, 60.0, 10.0),
    ),
    a_default(Kind.GRADIENTS, der.Gradients(10.0, 2.0)),
]
GROUPS = {
    Kind.FIXED_PF_ABSORB: ("fixedPFAbsorb", "fixedPF"),
    Kind.FIXED_PF_INJECT: ("fixedPFInject", "fixedPF"),
    Kind.FIXED_VAR: ("fixedVar", "fixedVar"),
    Kind.FREQ_DROOP: ("freqDroop", "freqDroop"),
    Kind.LIMIT_MAX_DISCHARGE: ("limitMaxDischarge", "limitMaxDischarge"),
    Kind.ENTER_SERVICE: ("enterService", "enterService"),
    Kind.GRADIENTS: ("gradient", "gradient"),
}


def of_station(control: Control, *, superseded: bool) -> ReportDERControlRequest:
    """Return how a station reports a control that it was set."""
    sent = request_of(control).write()
    group, name = GROUPS.get(control.kind, ("curve", "curve"))
    said: Json = {"id": control.id, name: sent[name if name in sent else group]}
    if control.kind not in der.DEFAULTS_ONLY:
        said |= {"isDefault": control.default, "isSuperseded": superseded}
    if group == "curve":
        said["curveType"] = control.kind.value
    report = {"requestId": 1, group: [said]}
    validator(schema(Edition.V21, "ReportDERControlRequest")).validate(report)
    return ReportDERControlRequest.read(report)


@pytest.mark.parametrize("control", CONTROLS, ids=lambda each: str(each.kind))
def test_nothing_is_lost_on_the_way(control: Control) -> None:
    validator(schema(Edition.V21, "SetDERControlRequest")).validate(
        request_of(control).write()
    )

    superseded = control.kind not in der.DEFAULTS_ONLY
    assert list(reported(of_station(control, superseded=superseded))) == [
        ReportedControl(control, superseded)
    ]


def test_only_here_a_positive_setpoint_discharges() -> None:
    """R04.FR.16: the standard counts FixedVar the other way round."""
    said = request_of(CONTROLS[5]).write()

    assert said == {
        "isDefault": False,
        "controlId": "of FixedVar",
        "controlType": "FixedVar",
        "fixedVar": {
            "priority": 3,
            "startTime": ZULU,
            "duration": 3600.0,
            "setpoint": 30.0,
            "unit": "PctVarAvail",
        },
    }


def test_a_curve_is_written_with_everything_that_shapes_it() -> None:
    said = request_of(CONTROLS[0]).write()

    assert said["curve"] == {
        "priority": 3,
        "startTime": ZULU,
        "duration": 3600.0,
        "curveData": [{"x": 90.0, "y": -10.0}, {"x": 110.0, "y": 20.0}],
        "yUnit": "PctMaxVar",
        "responseTime": 5.0,
        "hysteresis": {
            "hysteresisHigh": 1.0,
            "hysteresisLow": 2.0,
            "hysteresisDelay": 3.0,
            "hysteresisGradient": 4.0,
        },
        "reactivePowerParams": {
            "vRef": 230.0,
            "autonomousVRefEnable": True,
            "autonomousVRefTimeConstant": 60.0,
        },
        "voltageParams": {
            "hv10MinMeanValue": 253.0,
            "hv10MinMeanTripDelay": 600.0,
            "powerDuringCessation": "Active",
        },
    }


def wire(find: FindLink, reports: ControlReports | None = None) -> StationControls:
    return StationControls(find, reports or ControlReports(), 1.0)


ALL = [
    Asked(
        lambda find: wire(find).set(STATION, CONTROLS[5]),
        "SetDERControl",
        request_of(CONTROLS[5]).write(),
        {**YES, "supersededIds": ["c1"]},
        SetReply(DONE, ("c1",)),
    ),
    Asked(
        lambda find: wire(find).clear(STATION, default=False, control="c1"),
        "ClearDERControl",
        {"isDefault": False, "controlId": "c1"},
        {"status": "NotFound"},
        Reply(accepted=False, status="NotFound"),
    ),
    Asked(
        lambda find: wire(find).clear(STATION, default=True, kind=Kind.VOLT_VAR),
        "ClearDERControl",
        {"isDefault": True, "controlType": "VoltVar"},
        NO,
        REFUSED,
    ),
]


@pytest.mark.parametrize("asked", ALL, ids=lambda asked: str(asked.action))
async def test_a_wish_is_one_request_and_its_answer_is_understood(asked: Asked) -> None:
    await asked.assert_understood()


@pytest.mark.parametrize("asked", ALL, ids=lambda asked: str(asked.action))
async def test_nobody_there_is_no_answer(asked: Asked) -> None:
    await asked.assert_nobody_there()


class TestReports:
    """R04.FR.31 to FR.33."""

    async def test_parts_come_until_the_last(self) -> None:
        reports = ControlReports()
        link = FakeLink({"GetDERControl": YES})
        asking = asyncio.create_task(wire(lambda _: link, reports).report(STATION))
        await asyncio.sleep(0.1)
        ((_, asked, _),) = link.asked
        for control, more in ((CONTROLS[0], True), (CONTROLS[5], False)):
            part = of_station(control, superseded=False)
            said = part.model_copy(
                update={"request_id": asked["requestId"], "tbc": more}
            )
            assert reports.take(STATION, said)
            await asyncio.sleep(0.1)

        assert await asking == (
            ReportedControl(CONTROLS[0], superseded=False),
            ReportedControl(CONTROLS[5], superseded=False),
        )
        assert not reports.take(STATION, of_station(CONTROLS[0], superseded=False))

    async def test_a_refusal_is_not_waited_for(self) -> None:
        link = FakeLink({"GetDERControl": {"status": "NotFound"}})

        assert await wire(lambda _: link).report(STATION) == ()

    async def test_a_report_that_does_not_come_is_not_waited_for_any_longer(
        self,
    ) -> None:
        link = FakeLink({"GetDERControl": YES})

        with pytest.raises(TimeoutError):
            await wire(lambda _: link).report(STATION)
