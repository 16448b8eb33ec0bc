"""Blocks A, G and N: what stations say, and who gets to know."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from csms.blocks.availability import Availability, ConnectorStates
from csms.blocks.diagnostics import Diagnostics
from csms.blocks.security import Security
from csms.domain.alert import SeverityFrom, StationEvent, Trigger
from csms.domain.ids import EvseId, StationId, TransactionId
from csms.domain.security import SecurityEvent
from csms.domain.signing import CertificateUse
from csms.domain.station import Evse, StationNotice, VariableKey
from csms.domain.station_request import ConnectorState
from csms.domain.units import Power
from csms.ocpp.messages.availability import HeartbeatRequest, StatusNotificationRequest
from csms.ocpp.messages.diagnostics import NotifyEventRequest
from csms.ocpp.messages.security import SecurityEventNotificationRequest
from csms.services.live import LiveFleet
from csms.services.ports.wire import DeviationSeen
from csms.services.security_events import LIST, UNLISTED
from csms.services.signing import Taken
from tests.fakes.clock import ManualClock

STATION = StationId("MA-TEST-01")
EVSE = EvseId(STATION, 1)
NOW = datetime(2026, 7, 14, tzinfo=UTC)
RATED = Evse(EVSE, None, Power(1), Power(1), Power(0), grid_parallel=True)


@dataclass
class Notebook:
    notices: list[StationNotice] = field(default_factory=list)
    seen: list[DeviationSeen] = field(default_factory=list)
    states: list[ConnectorState] = field(default_factory=list)
    events: list[StationEvent] = field(default_factory=list)

    def connector(self, state: ConnectorState) -> None:
        self.states.append(state)

    async def take(self, events: Sequence[StationEvent]) -> None:
        self.events += events

    def note(self, notice: StationNotice) -> None:
        self.notices.append(notice)

    def count(
        self, station: StationId, seen: Sequence[DeviationSeen], at: datetime
    ) -> None:
        del station, at
        self.seen += seen


class OneEvse:
    def evse(self, evse: EvseId) -> Evse | None:
        return RATED if evse == EVSE else None


@dataclass
class Bench:
    clock: ManualClock = field(default_factory=lambda: ManualClock(NOW))
    notebook: Notebook = field(default_factory=Notebook)
    live: LiveFleet = field(init=False)
    connectors: ConnectorStates = field(init=False)

    def __post_init__(self) -> None:
        self.live = LiveFleet(self.clock)
        self.connectors = ConnectorStates(
            self.live, OneEvse(), self.notebook, self.clock
        )


@pytest.fixture
def bench() -> Bench:
    return Bench()


def status(
    evse: int, word: str, at: datetime = NOW, connector: int = 1
) -> StatusNotificationRequest:
    return StatusNotificationRequest.read(
        {
            "evseId": evse,
            "connectorId": connector,
            "connectorStatus": word,
            "timestamp": at.isoformat(),
        }
    )


class TestAvailability:
    async def test_a_heartbeat_tells_the_time(self, bench: Bench) -> None:
        """G02."""
        block = Availability(bench.connectors, bench.clock)

        answer = await block.heartbeat(STATION, HeartbeatRequest())

        assert answer.current_time == NOW
        assert {each.action.name for each in block.routes()} == {
            "Heartbeat", "StatusNotification",
        }  # fmt: skip

    async def test_the_state_of_a_connector_is_known_at_once(
        self, bench: Bench
    ) -> None:
        """G01."""
        block = Availability(bench.connectors, bench.clock)

        await block.status_notification(STATION, status(1, "Occupied"))
        assert bench.live.get(EVSE).plugged

        await block.status_notification(STATION, status(1, "Available", connector=0))
        assert not bench.live.get(EVSE).plugged
        assert bench.live.get(EVSE).connector_status == "Available"
        assert bench.live.get(EVSE).connector_status_at == NOW
        assert bench.notebook.seen == []
        assert bench.notebook.states == [
            ConnectorState(EVSE, 1, "Occupied", NOW),
            ConnectorState(EVSE, 0, "Available", NOW),
        ]

    async def test_a_state_from_the_past_is_history(self, bench: Bench) -> None:
        """v2x rule 22."""
        block = Availability(bench.connectors, bench.clock)

        await block.status_notification(
            STATION, status(1, "Occupied", NOW - timedelta(hours=1))
        )

        assert bench.live.get(EVSE).connector_status is None

    @pytest.mark.parametrize("evse", [0, 2])
    async def test_an_evse_that_nobody_registered_is_counted(
        self, bench: Bench, evse: int
    ) -> None:
        block = Availability(bench.connectors, bench.clock)

        await block.status_notification(STATION, status(evse, "Occupied"))

        assert [each.kind for each in bench.notebook.seen] == ["unknown-evse"]
        assert bench.live.all() == []


class TestDiagnostics:
    """N07; in 2.1 connector states come this way (G01, B04)."""

    async def test_a_connector_state_is_one_whichever_way_it_comes(
        self, bench: Bench
    ) -> None:
        await self.notify(bench, an_event("Connector", "AvailabilityState", "Occupied"))

        assert bench.live.get(EVSE).plugged
        assert bench.notebook.notices == []

    @pytest.mark.parametrize(
        "event",
        [
            {"component": {"name": "EVSE", "evse": {"id": 1}}},
            {"variable": {"name": "Problem"}},
            {"actualValue": "Dancing"},
            {"component": {"name": "Connector"}},
        ],
        ids=["of an EVSE", "another variable", "no known state", "no EVSE"],
    )
    async def test_everything_else_is_for_people(
        self, bench: Bench, event: dict[str, Any]
    ) -> None:
        base = an_event("Connector", "AvailabilityState", "Occupied")

        await self.notify(bench, {**base, **event, "severity": 3})

        (notice,) = bench.notebook.notices
        assert notice.severity == 3
        assert notice.kind.startswith("NotifyEvent ")
        assert [each.severity for each in bench.notebook.events] == [3]
        assert bench.live.all() == []

    async def test_an_event_without_severity_is_information(self, bench: Bench) -> None:
        await self.notify(bench, an_event("Fan", "Problem", "true"))

        assert bench.notebook.notices[0].severity == 6
        (event,) = bench.notebook.events
        assert event.severity_from is SeverityFrom.NOBODY
        assert (event.transaction, event.cause, event.monitor) == (None, None, None)

    async def test_an_event_is_kept_with_all_that_it_says(self, bench: Bench) -> None:
        """N07.FR.10 and the rest of it."""
        more = {
            "eventId": 7,
            "trigger": "Alerting",
            "severity": 2,
            "cleared": True,
            "cause": 6,
            "transactionId": "tx-1",
            "variableMonitoringId": 12,
            "techCode": "F-11",
            "techInfo": "bearing",
        }
        bench.clock.jump_to(NOW + timedelta(seconds=5))

        await self.notify(bench, {**an_event("Fan", "Problem", "true"), **more})

        assert bench.notebook.events == [
            StationEvent(
                station=STATION,
                event_id=7,
                at=NOW,
                received_at=NOW + timedelta(seconds=5),
                trigger=Trigger.ALERTING,
                origin="HardWiredNotification",
                key=VariableKey("Fan", "Problem", evse=1, connector=1),
                value="true",
                severity=2,
                severity_from=SeverityFrom.EVENT,
                cleared=True,
                cause=6,
                transaction=TransactionId("tx-1"),
                monitor=12,
                tech_code="F-11",
                tech_info="bearing",
            )
        ]
        assert bench.notebook.seen == []

    async def test_a_periodic_value_bothers_nobody(self, bench: Bench) -> None:
        said = {**an_event("Fan", "Speed", "900"), "trigger": "Periodic"}

        await self.notify(bench, said)

        assert bench.notebook.notices == []
        assert [each.value for each in bench.notebook.events] == ["900"]

    async def test_an_event_of_an_unknown_evse_is_counted_and_kept(
        self, bench: Bench
    ) -> None:
        said = an_event("Fan", "Problem", "true")
        said["component"]["evse"]["id"] = 9

        await self.notify(bench, said)

        assert [each.kind for each in bench.notebook.seen] == ["unknown-evse"]
        assert len(bench.notebook.events) == 1

    async def notify(self, bench: Bench, event: dict[str, Any]) -> None:
        block = Diagnostics(
            bench.connectors, bench.notebook, bench.notebook, bench.clock
        )
        request = NotifyEventRequest.read(
            {"generatedAt": NOW.isoformat(), "seqNo": 0, "eventData": [event]}
        )
        (routed,) = block.routes()
        await routed.handler(STATION, request)


def an_event(component: str, variable: str, value: str) -> dict[str, Any]:
    return {
        "eventId": 1,
        "timestamp": NOW.isoformat(),
        "trigger": "Delta",
        "actualValue": value,
        "eventNotificationType": "HardWiredNotification",
        "component": {"name": component, "evse": {"id": 1, "connectorId": 1}},
        "variable": {"name": variable},
    }


@dataclass
class KeptEvents:
    """Keeps security events in memory, with the weight that they have."""

    clock: ManualClock
    kept: list[tuple[str, str]] = field(default_factory=list)

    async def record(
        self, station: StationId, type_: str, tech_info: str, at: datetime
    ) -> SecurityEvent:
        self.kept.append((type_, tech_info))
        listed = LIST.get(type_, UNLISTED)
        return SecurityEvent(
            station, type_, listed.critical, listed.severity, tech_info, at, NOW
        )


class NobodySigns:
    async def requested(
        self,
        station: StationId,
        csr: str,
        use: CertificateUse | None,
        request_id: int | None,
    ) -> Taken:
        del station, csr, use, request_id
        return Taken(accepted=False, reason="nobody signs")


class TestSecurity:
    """A04."""

    @pytest.mark.parametrize(
        ("kind", "severity"),
        [("TamperDetectionActivated", 2), ("InvalidMessages", 5), ("VendorThing", 5)],
    )
    async def test_events_are_kept_by_weight(
        self, bench: Bench, kind: str, severity: int
    ) -> None:
        request = SecurityEventNotificationRequest.read(
            {"type": kind, "timestamp": NOW.isoformat(), "techInfo": "box open"}
        )
        events = KeptEvents(bench.clock)
        routed, _ = Security(
            events, NobodySigns(), bench.notebook, bench.clock
        ).routes()

        await routed.handler(STATION, request)

        assert events.kept == [(kind, "box open")]
        (notice,) = bench.notebook.notices
        assert notice.severity == severity
        assert notice.body == {"type": kind, "techInfo": "box open"}
