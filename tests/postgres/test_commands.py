"""What an operator may send to a station, and what nobody may."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from csms.blocks.commanding import StationCommands
from csms.db.engine import create_engine
from csms.domain.errors import DomainError
from csms.domain.event import Reason
from csms.domain.ids import EventId, EvseId, ParticipantId, StationId
from csms.domain.interval import Interval
from csms.domain.profile import Role
from csms.domain.station import Standing
from csms.services.asking import StationRejected
from csms.services.commands import (
    Commands,
    MalformedCommand,
    UnknownAction,
)
from csms.services.permitting import DischargeForbidden
from csms.services.ports.events import MemberOrder
from csms.services.ports.profiles import Intent, IntentState
from csms.services.ports.wire import Outcome, Silence
from csms.services.reception import UnknownStation
from tests.fakes.link import FakeLink
from tests.station_world import EVSE, STATION, Lobby, lobby_on

pytestmark = pytest.mark.postgres


@pytest.fixture
async def lobby(database: str) -> AsyncIterator[Lobby]:
    async with lobby_on(database) as lobby:
        yield lobby


@dataclass
class Office:
    """An operator's desk.

    Attributes:
        orders: What events want of the EVSE.
    """

    lobby: Lobby
    link: FakeLink
    commands: Commands
    orders: list[MemberOrder] = field(default_factory=list)

    async def send(self, action: str, payload: dict[str, Any]) -> Outcome:
        result = await self.commands.send(STATION, action, payload, "op")
        return result.outcome

    async def forbidden(self, payload: dict[str, Any]) -> str:
        with pytest.raises(DischargeForbidden) as told:
            await self.send("SetChargingProfile", payload)
        assert told.value.remedy
        return told.value.rule

    async def trail(self) -> list[dict[str, Any]]:
        async with self.lobby.begin() as work:
            entries = await work.access.trail(before=None, limit=10, subject=STATION)
        return [dict(each.detail) for each in entries]


@pytest.fixture
async def office(lobby: Lobby, monkeypatch: pytest.MonkeyPatch) -> Office:
    await lobby.arrive()
    await lobby.boot()
    await lobby.settle()
    link = FakeLink(
        {
            "TriggerMessage": {"status": "Accepted"},
            "SetChargingProfile": {"status": "Accepted"},
        }
    )
    wire = StationCommands(lambda _: link if lobby.book.is_online(STATION) else None)
    office = Office(lobby, link, Commands(lobby.clock, lobby.begin, lobby.book, wire))

    async def dispatchable(_self: object, _now: object) -> list[MemberOrder]:
        return office.orders

    monkeypatch.setattr("csms.db.events.PostgresEventStore.dispatchable", dispatchable)
    return office


def a_discharge(
    evse: int = 1,
    duration: int | None = 3600,
    **period: Any,  # noqa: ANN401
) -> dict[str, Any]:
    said = period or {"setpoint": -5000, "operationMode": "CentralSetpoint"}
    schedule: dict[str, Any] = {
        "id": 1,
        "chargingRateUnit": "W",
        "startSchedule": "2026-07-14T21:00:00Z",
        "chargingSchedulePeriod": [{"startPeriod": 0, **said}],
    }
    if duration:
        schedule["duration"] = duration
    return {
        "evseId": evse,
        "chargingProfile": {
            "id": 1,
            "stackLevel": 0,
            "chargingProfilePurpose": "TxDefaultProfile",
            "chargingProfileKind": "Absolute",
            "chargingSchedule": [schedule],
        },
    }


def an_order(lobby: Lobby, evse: EvseId = EVSE) -> MemberOrder:
    now = lobby.clock.now()
    return MemberOrder(
        event=EventId("event"),
        stage="active",  # type: ignore[arg-type]
        window=Interval(now, now + timedelta(hours=3)),
        evse=evse,
        participant=ParticipantId("home-01"),
        setpoint=None,
        floor_soc_pct=30,
        excluded=(),
        opted_out_at=None,
        released_at=None,
        release_reason=None,
        notified=True,
    )


class TestCommanding:
    async def test_an_answer_comes_back_as_it_is_and_is_on_the_trail(
        self, office: Office
    ) -> None:
        payload = {"requestedMessage": "Heartbeat"}

        result = await office.commands.send(STATION, "TriggerMessage", payload, "op")

        assert result.outcome is Outcome.ANSWERED
        assert result.payload == {"status": "Accepted"}
        assert await office.trail() == [
            {
                "payload": payload,
                "outcome": "answered",
                "answer": {"status": "Accepted"},
            }
        ]

    async def test_nobody_there_is_a_result_too(self, office: Office) -> None:
        office.lobby.reception.disconnected(STATION, "gone")

        result = await office.commands.send(
            STATION, "TriggerMessage", {"requestedMessage": "Heartbeat"}, "op"
        )

        assert result.outcome is Outcome.NO_ANSWER
        assert result.silence is Silence.UNREACHABLE
        assert (await office.trail())[0]["silence"] == "unreachable"

    @pytest.mark.parametrize(
        ("station", "action", "payload", "error"),
        [
            ("stranger", "Reset", {}, UnknownStation),
            (STATION, "Heartbeat", {}, UnknownAction),
            (STATION, "Nonsense", {}, UnknownAction),
            (STATION, "Reset", {"type": "Softly"}, MalformedCommand),
        ],
    )
    async def test_what_makes_no_sense_is_not_sent(
        self, office: Office, station: str, action: str, payload: dict[str, Any],
        error: type[DomainError],
    ) -> None:  # fmt: skip
        with pytest.raises(error):
            await office.commands.send(StationId(station), action, payload, "op")

        assert office.link.asked == []

    async def test_errors_are_told_field_by_field(self, office: Office) -> None:
        with pytest.raises(MalformedCommand) as told:
            await office.send("Reset", {"x": 1})

        assert {each.path for each in told.value.errors} == {"type", "x"}

    async def test_a_rejected_station_is_sent_nothing(self, office: Office) -> None:
        """B03.FR.03."""
        await office.lobby.reception.set_standing(STATION, Standing.REJECTED, "op")

        with pytest.raises(StationRejected):
            await office.send("TriggerMessage", {"requestedMessage": "Heartbeat"})

    async def test_the_actions_of_its_edition_are_listed(self, office: Office) -> None:
        assert "UsePriorityCharging" in office.commands.actions(STATION)


class TestDischarging:
    """Nothing bypasses v2x rules 1 to 5 and 7."""

    async def test_with_everything_in_order_it_is_sent(self, office: Office) -> None:
        office.orders = [an_order(office.lobby)]

        assert (
            await office.send("SetChargingProfile", a_discharge()) is Outcome.ANSWERED
        )

    async def test_charging_needs_no_permission(self, office: Office) -> None:
        payload = a_discharge(limit=1000)

        assert await office.send("SetChargingProfile", payload) is Outcome.ANSWERED

    async def test_it_must_end(self, office: Office) -> None:
        office.orders = [an_order(office.lobby)]

        assert await office.forbidden(a_discharge(duration=None)) == "endless"

    async def test_the_whole_station_is_every_evse_of_it(self, office: Office) -> None:
        office.orders = [an_order(office.lobby)]

        assert (
            await office.send("SetChargingProfile", a_discharge(evse=0))
            is Outcome.ANSWERED
        )

    async def test_an_evse_that_does_not_exist_is_refused(self, office: Office) -> None:
        assert await office.forbidden(a_discharge(evse=5)) == "unknown_evse"

    async def test_a_quarantined_make_is_refused(self, office: Office) -> None:
        office.orders = [an_order(office.lobby)]
        profile = office.lobby.book.vendor_profile(STATION)
        office.lobby.book.quarantine(profile.id)

        assert await office.forbidden(a_discharge()) == "quarantined"

    @pytest.mark.parametrize(
        "period", [{"limit": -1000}, {"operationMode": "LocalFrequency"}]
    )
    async def test_another_dialect_than_the_make_speaks_is_refused(
        self, office: Office, period: dict[str, Any]
    ) -> None:
        office.orders = [an_order(office.lobby)]

        assert await office.forbidden(a_discharge(**period)) == "dialect"

    async def test_a_site_without_permission_is_refused(
        self, office: Office, database: str
    ) -> None:
        office.orders = [an_order(office.lobby)]
        engine = create_engine(database)
        async with engine.begin() as connection:
            await connection.execute(text("UPDATE site SET export_permission = false"))
        await engine.dispose()

        assert await office.forbidden(a_discharge()) == "no_export_permission"

    @pytest.mark.parametrize(
        "change",
        [
            {"evse": EvseId(STATION, 2)},
            {"notified": False},
            {"opted_out_at": "now"},
            {"released_at": "now"},
            {"excluded": (Reason.OPT_OUT,)},
        ],
    )
    async def test_without_notice_and_consent_it_is_refused(
        self, office: Office, change: dict[str, Any]
    ) -> None:
        assert await office.forbidden(a_discharge()) == "no_consent"

        office.orders = [replace(an_order(office.lobby), **change)]
        assert await office.forbidden(a_discharge()) == "no_consent"

    async def test_a_dry_run_finds_the_same_and_sends_nothing(
        self, office: Office
    ) -> None:
        with pytest.raises(DischargeForbidden):
            await office.commands.check(STATION, "SetChargingProfile", a_discharge())

        office.orders = [an_order(office.lobby)]
        await office.commands.check(STATION, "SetChargingProfile", a_discharge())
        assert office.link.asked == []

    async def test_a_station_without_evses_has_nothing_to_discharge(
        self, office: Office
    ) -> None:
        empty = replace(office.lobby.book.station(STATION), id=StationId("EMPTY"))  # type: ignore[type-var]
        office.lobby.book.put_station(empty)  # type: ignore[arg-type]

        with pytest.raises(DischargeForbidden) as told:
            await office.commands.check(
                StationId("EMPTY"), "SetChargingProfile", a_discharge(evse=0)
            )

        assert told.value.rule == "unknown_evse"


class TestWhatOthersWouldSet:
    """What the mission does not use is on the wire, and refused unless opened."""

    SIGNAL: dict[str, Any] = {"timestamp": "2026-07-14T21:00:00Z", "signal": 3}  # noqa: RUF012

    async def refused(
        self, office: Office, action: str, payload: dict[str, Any]
    ) -> str:
        with pytest.raises(DischargeForbidden) as told:
            await office.send(action, payload)
        assert office.link.asked == []
        return told.value.rule

    async def test_a_signal_is_refused_by_default(self, office: Office) -> None:
        office.orders = [an_order(office.lobby)]

        assert await self.refused(office, "AFRRSignal", self.SIGNAL) == "dialect"

    async def test_a_signal_may_go_where_that_is_opened_and_agreed(
        self, office: Office
    ) -> None:
        office.commands = replace(office.commands, by_others=True)
        assert await self.refused(office, "AFRRSignal", self.SIGNAL) == "no_consent"

        office.orders = [an_order(office.lobby)]
        office.link.answers["AFRRSignal"] = {"status": "Accepted"}
        assert await office.send("AFRRSignal", self.SIGNAL) is Outcome.ANSWERED

    async def test_leave_for_both_directions_needs_consent(
        self, office: Office
    ) -> None:
        payload = {"transactionId": "t", "allowedEnergyTransfer": ["DC_BPT"]}
        action = "NotifyAllowedEnergyTransfer"
        assert await self.refused(office, action, payload) == "no_consent"

        office.orders = [an_order(office.lobby)]
        office.link.answers[action] = {"status": "Accepted"}
        assert await office.send(action, payload) is Outcome.ANSWERED

    async def test_a_grid_control_that_sets_power_must_end(
        self, office: Office
    ) -> None:
        droop = {
            "priority": 1,
            "overFreq": 60.1,
            "underFreq": 59.9,
            "overDroop": 5,
            "underDroop": 5,
            "responseTime": 1,
        }
        payload = {
            "isDefault": True,
            "controlId": "c",
            "controlType": "FreqDroop",
            "freqDroop": droop,
        }
        office.orders = [an_order(office.lobby)]

        assert await self.refused(office, "SetDERControl", payload) == "endless"
        payload["isDefault"] = False
        payload["freqDroop"] = {**droop, "duration": 60}
        assert await self.refused(office, "SetDERControl", payload) == "dialect"

    async def test_what_holds_nothing_back_may_go_away(self, office: Office) -> None:
        payload = {"transactionId": "t", "activate": False}
        office.link.answers["UsePriorityCharging"] = {"status": "Accepted"}

        assert await office.send("UsePriorityCharging", payload) is Outcome.ANSWERED

    async def test_what_holds_a_discharge_back_may_not(self, office: Office) -> None:
        await hold_a_profile(office.lobby)
        payload = {"transactionId": "t", "activate": False}

        rule = await self.refused(office, "UsePriorityCharging", payload)

        assert rule == "no_consent"


async def hold_a_profile(lobby: Lobby) -> None:
    intent = Intent(
        evse=EVSE,
        role=Role.EVENT,
        profile_id=111,
        fingerprint="f",
        state=IntentState.ECHOED,
        document={},
        updated_at=lobby.clock.now(),
    )
    async with lobby.begin() as work:
        await work.profiles.save_intent(intent)
