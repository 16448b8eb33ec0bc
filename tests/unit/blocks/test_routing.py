"""From an action's name to the function that answers it."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from csms.blocks.prompting import LASTING_S, Prompts
from csms.blocks.routing import (
    Expects,
    Route,
    Router,
    route,
    route_told,
    route_whole,
    unexpected,
)
from csms.domain.ids import StationId
from csms.domain.station import Standing
from csms.ocpp.codes import CallRefused, RpcErrorCode
from csms.ocpp.messages.authorization import (
    AUTHORIZE,
    AuthorizeRequest,
    AuthorizeResponse,
)
from csms.ocpp.messages.availability import (
    HEARTBEAT,
    STATUS_NOTIFICATION,
    HeartbeatRequest,
    HeartbeatResponse,
    StatusNotificationRequest,
    StatusNotificationResponse,
)
from csms.ocpp.messages.common import (
    AuthorizationStatus,
    EnergyTransferMode,
    IdTokenInfo,
)
from csms.ocpp.messages.event_streams import (
    NOTIFY_PERIODIC_EVENT_STREAM,
    NotifyPeriodicEventStream,
)
from csms.ocpp.messages.metering import (
    METER_VALUES,
    MeterValuesRequest,
    MeterValuesResponse,
)
from csms.ocpp.messages.monitoring import (
    NOTIFY_MONITORING_REPORT,
    NotifyMonitoringReportRequest,
    NotifyMonitoringReportResponse,
)
from csms.ocpp.wire import Edition
from csms.services.ports.wire import DeviationSeen
from tests.fakes.clock import ManualClock

STATION = StationId("MA-TEST-01")
NOW = datetime(2026, 7, 14, tzinfo=UTC)
ZULU = "2026-07-14T00:00:00Z"
REPORT, STREAM = "NotifyMonitoringReport", "NotifyPeriodicEventStream"
TOKEN = {"idToken": {"idToken": "abc", "type": "ISO14443"}}
METER = {
    "evseId": 1,
    "meterValue": [
        {"timestamp": "2026-07-14T00:00:00Z", "sampledValue": [{"value": 1}]}
    ],
}


@dataclass
class Journal:
    seen: list[DeviationSeen] = field(default_factory=list)
    alive: list[StationId] = field(default_factory=list)

    def heard(self, station: StationId) -> None:
        self.alive.append(station)

    def count(
        self,
        station: StationId,
        seen: Sequence[DeviationSeen],
        at: datetime,
    ) -> None:
        del station, at
        self.seen += seen


@dataclass
class Stations:
    stands: Standing = Standing.ACCEPTED

    def standing(self, station: StationId) -> Standing:
        del station
        return self.stands


@dataclass
class SomeBlock:
    asked: list[object] = field(default_factory=list)

    def routes(self) -> Iterator[Route]:
        yield route(HEARTBEAT, self.heartbeat)
        yield route(AUTHORIZE, self.authorize)
        yield route(METER_VALUES, self.meter_values)

    async def heartbeat(
        self, station: StationId, request: HeartbeatRequest
    ) -> HeartbeatResponse:
        del station
        self.asked.append(request)
        return HeartbeatResponse(current_time=NOW)

    async def authorize(
        self, station: StationId, request: AuthorizeRequest
    ) -> AuthorizeResponse:
        del station
        self.asked.append(request)
        return AuthorizeResponse(
            id_token_info=IdTokenInfo(status=AuthorizationStatus.ACCEPTED),
            allowed_energy_transfer=(EnergyTransferMode.DC_BPT,),
        )

    async def meter_values(
        self, station: StationId, request: MeterValuesRequest
    ) -> MeterValuesResponse:
        del station
        self.asked.append(request)
        return MeterValuesResponse()


@dataclass
class Bench:
    block: SomeBlock = field(default_factory=SomeBlock)
    journal: Journal = field(default_factory=Journal)
    stations: Stations = field(default_factory=Stations)
    expects: Expects = unexpected

    @property
    def router(self) -> Router:
        return Router(
            [self.block],
            stations=self.stations,
            journal=self.journal,
            clock=ManualClock(NOW),
            expects=self.expects,
        )

    async def ask(
        self, action: str, payload: object, edition: Edition = Edition.V21
    ) -> dict[str, Any]:
        return await self.router.answer(STATION, edition, action, payload)

    async def refused(
        self, action: str, payload: object = None, edition: Edition = Edition.V21
    ) -> RpcErrorCode:
        with pytest.raises(CallRefused) as told:
            await self.ask(action, payload, edition)
        return told.value.code


@pytest.fixture
def bench() -> Bench:
    return Bench()


class TestAnswering:
    async def test_an_answer_is_in_the_words_of_the_wire(self, bench: Bench) -> None:
        assert await bench.ask("Heartbeat", {}) == {
            "currentTime": "2026-07-14T00:00:00Z"
        }
        assert bench.journal.alive == [STATION]

    async def test_an_older_edition_is_not_told_what_it_does_not_know(
        self, bench: Bench
    ) -> None:
        new = await bench.ask("Authorize", TOKEN, Edition.V21)
        old = await bench.ask("Authorize", TOKEN, Edition.V201)

        assert new["allowedEnergyTransfer"] == ["DC_BPT"]
        assert "allowedEnergyTransfer" not in old

    async def test_no_action_is_answered_twice(self, bench: Bench) -> None:
        with pytest.raises(ValueError, match="Heartbeat"):
            Router(
                [SomeBlock(), SomeBlock()],
                stations=bench.stations,
                journal=bench.journal,
                clock=ManualClock(),
            )

    async def test_routes_are_listed(self, bench: Bench) -> None:
        assert set(bench.router.routes) == {"Heartbeat", "Authorize", "MeterValues"}


class TestRefusing:
    async def test_an_action_of_no_edition_is_not_supported(self, bench: Bench) -> None:
        assert await bench.refused("CustomOperation") is RpcErrorCode.NOT_SUPPORTED

    async def test_an_action_of_another_edition_is_not_supported(
        self, bench: Bench
    ) -> None:
        code = await bench.refused("NotifyDERAlarm", {}, Edition.V201)

        assert code is RpcErrorCode.NOT_SUPPORTED

    async def test_an_action_nobody_answers_is_not_implemented(
        self, bench: Bench
    ) -> None:
        assert await bench.refused("SignCertificate") is RpcErrorCode.NOT_IMPLEMENTED

    async def test_what_cannot_be_read_is_refused_and_counted(
        self, bench: Bench
    ) -> None:
        code = await bench.refused("Authorize", {"idToken": {"type": "Central"}})

        assert code is RpcErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION
        assert [each.kind for each in bench.journal.seen] == [f"refused:{code}"]
        assert bench.journal.seen[0].path.startswith("Authorize.")


class TestDeviating:
    async def test_harmless_departures_are_answered_and_counted_by_place(
        self, bench: Bench
    ) -> None:
        samples = METER["meterValue"][0]["sampledValue"]  # type: ignore[index]
        odd = {**METER, "meterValue": [
            {"timestamp": "2026-07-14T00:00:00Z", "sampledValue": samples * 2, "x": 1},
        ]}  # fmt: skip

        await bench.ask("MeterValues", odd)

        assert len(bench.block.asked) == 1
        assert [(each.kind, each.path) for each in bench.journal.seen] == [
            ("extra-property", "MeterValues.meterValue.x")
        ]


class Monitors:
    def routes(self) -> Iterator[Route]:
        yield route(NOTIFY_MONITORING_REPORT, self.take)

    async def take(
        self, station: StationId, request: NotifyMonitoringReportRequest
    ) -> NotifyMonitoringReportResponse:
        del station, request
        return NotifyMonitoringReportResponse()


@pytest.mark.parametrize(
    ("edition", "kind", "missed"),
    [
        (Edition.V201, {}, False),
        (Edition.V21, {}, True),
        (Edition.V21, {"eventNotificationType": "CustomMonitor"}, False),
    ],
    ids=["2.0.1", "2.1", "2.1 whole"],
)
async def test_what_only_the_newer_edition_requires_is_missed_in_it_alone(
    bench: Bench, *, edition: Edition, kind: dict[str, str], missed: bool
) -> None:
    router = Router(
        [Monitors()],
        stations=bench.stations,
        journal=bench.journal,
        clock=ManualClock(NOW),
    )
    monitor = {"id": 1, "transaction": False, "value": 1, "type": "Delta"}
    said = {
        "component": {"name": "EVSE"},
        "variable": {"name": "Power"},
        "variableMonitoring": [{**monitor, "severity": 4, **kind}],
    }
    payload = {"requestId": 1, "seqNo": 0, "generatedAt": ZULU, "monitor": [said]}

    assert await router.answer(STATION, edition, REPORT, payload) == {}

    found = [(each.kind, each.path) for each in bench.journal.seen]
    path = "NotifyMonitoringReport.monitor.variableMonitoring.eventNotificationType"
    assert found == ([("missing-field", path)] if missed else [])


async def test_what_lacks_its_time_is_given_that_of_its_arrival(bench: Bench) -> None:
    """No money hangs on when a connector changed its state."""
    taken: list[StatusNotificationRequest] = []

    class States:
        def routes(self) -> Iterator[Route]:
            yield route(STATUS_NOTIFICATION, self.take)

        async def take(
            self, station: StationId, request: StatusNotificationRequest
        ) -> StatusNotificationResponse:
            assert station == STATION
            taken.append(request)
            return StatusNotificationResponse()

    router = Router(
        [States()],
        stations=bench.stations,
        journal=bench.journal,
        clock=ManualClock(NOW),
    )
    said = {"evseId": 1, "connectorId": 1, "connectorStatus": "Available"}

    assert await router.answer(STATION, Edition.V21, "StatusNotification", said) == {}
    assert [each.timestamp for each in taken] == [NOW]
    assert [each.path for each in bench.journal.seen] == [
        "StatusNotification.timestamp"
    ]


async def test_a_message_that_is_owed_no_answer_may_come_as_a_call(
    bench: Bench,
) -> None:
    """N15.FR.01: it is answered all the same, and counted."""

    class Streams:
        def routes(self) -> Iterator[Route]:
            yield route_told(NOTIFY_PERIODIC_EVENT_STREAM, self.take)

        async def take(
            self, station: StationId, told: NotifyPeriodicEventStream
        ) -> None:
            assert (station, told.id) == (STATION, 1)

    router = Router(
        [Streams()],
        stations=bench.stations,
        journal=bench.journal,
        clock=ManualClock(NOW),
    )
    said = {"id": 1, "pending": 0, "basetime": ZULU, "data": [{"t": 0, "v": "1"}]}

    assert await router.answer(STATION, Edition.V21, STREAM, said) == {}
    assert [(each.kind, each.path) for each in bench.journal.seen] == [
        ("call-for-send", STREAM)
    ]


class TestStanding:
    async def test_a_rejected_station_is_told_nothing(self, bench: Bench) -> None:
        """B03.FR.07."""
        bench.stations.stands = Standing.REJECTED

        assert await bench.refused("Heartbeat", {}) is RpcErrorCode.SECURITY_ERROR
        assert await bench.refused("MeterValues", METER) is RpcErrorCode.SECURITY_ERROR
        assert [(each.kind, each.path) for each in bench.journal.seen] == [
            ("not-allowed", "Heartbeat"),
            ("not-allowed", "MeterValues"),
        ]

    async def test_a_pending_station_has_to_wait(self, bench: Bench) -> None:
        """B01.FR.10, B02.FR.09."""
        bench.stations.stands = Standing.PENDING

        assert await bench.refused("Heartbeat", {}) is RpcErrorCode.SECURITY_ERROR
        assert await bench.refused("Authorize", TOKEN) is RpcErrorCode.SECURITY_ERROR

    async def test_readings_of_a_pending_station_are_recorded(
        self, bench: Bench
    ) -> None:
        bench.stations.stands = Standing.PENDING

        assert await bench.refused("MeterValues", METER) is RpcErrorCode.SECURITY_ERROR

        assert len(bench.block.asked) == 1
        assert [each.kind for each in bench.journal.seen] == ["before-accepted"]

    async def test_a_pending_station_may_say_what_it_was_asked_for(
        self, bench: Bench
    ) -> None:
        """B02.FR.02."""
        bench.stations.stands = Standing.PENDING
        prompts = Prompts()
        bench.expects = prompts.expects
        prompts.asked(STATION, "TriggerMessage", "Heartbeat")

        await bench.ask("Heartbeat", {})
        code = await bench.refused("Authorize", TOKEN)
        await asyncio.sleep(LASTING_S + 1)
        late = await bench.refused("Heartbeat", {})

        assert code is late is RpcErrorCode.SECURITY_ERROR
        assert [each.kind for each in bench.journal.seen] == ["not-allowed"] * 2

    async def test_what_others_were_asked_for_is_none_of_its_business(
        self, bench: Bench
    ) -> None:
        bench.stations.stands = Standing.PENDING
        prompts = Prompts()
        bench.expects = prompts.expects
        prompts.asked(StationId("another"), "TriggerMessage", "Heartbeat")
        prompts.asked(STATION, "GetReport")

        assert await bench.refused("Heartbeat", {}) is RpcErrorCode.SECURITY_ERROR
        assert prompts.expects(STATION, "NotifyReport")

    async def test_a_rejected_station_says_nothing_even_if_asked(
        self, bench: Bench
    ) -> None:
        """B03.FR.07."""
        bench.stations.stands = Standing.REJECTED
        bench.expects = lambda *_: True

        assert await bench.refused("Heartbeat", {}) is RpcErrorCode.SECURITY_ERROR


class TestTold:
    async def test_a_message_that_is_owed_no_answer_gets_none(
        self, bench: Bench
    ) -> None:
        await bench.router.told(STATION, Edition.V21, "Heartbeat", {})
        await bench.router.told(STATION, Edition.V21, "NotifyPeriodicEventStream", {})

        assert len(bench.block.asked) == 1


@pytest.mark.parametrize(
    ("extra", "kept"), [({}, METER), ({"unheard": 1}, None)], ids=["whole", "mended"]
)
async def test_a_handler_may_also_take_the_payload_if_it_needed_no_mends(
    bench: Bench, extra: dict[str, Any], kept: dict[str, Any] | None
) -> None:
    taken: list[object] = []

    class Whole:
        def routes(self) -> Iterator[Route]:
            yield route_whole(METER_VALUES, self.take)

        async def take(
            self,
            station: StationId,
            request: MeterValuesRequest,
            payload: dict[str, Any] | None,
        ) -> MeterValuesResponse:
            assert (station, request.evse_id) == (STATION, 1)
            taken.append(payload)
            return MeterValuesResponse()

    router = Router(
        [Whole()],
        stations=bench.stations,
        journal=bench.journal,
        clock=ManualClock(NOW),
    )
    assert await router.answer(STATION, Edition.V21, "MeterValues", METER | extra) == {}
    assert taken == [kept]
