"""EVSEs that nobody has registered: what is said of them is counted, and kept."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from csms.blocks.metering import Metering
from csms.blocks.places import Places
from csms.blocks.transactions import Transactions
from csms.domain.ids import EvseId, StationId
from csms.domain.station import Evse
from csms.domain.token import IdToken, Judgement, Verdict
from csms.domain.units import Power
from csms.ocpp.messages.metering import MeterValuesRequest
from csms.ocpp.messages.transactions import TransactionEventRequest
from csms.services.ports.wire import DeviationSeen
from tests.fakes.clock import ManualClock
from tests.fakes.recording import Recording, recording

STATION = StationId("MA-TEST-01")
NOW = datetime(2026, 7, 14, tzinfo=UTC)
KNOWN, UNKNOWN = EvseId(STATION, 1), EvseId(STATION, 9)
RATED = Evse(KNOWN, None, Power(1), Power(1), Power(0), grid_parallel=True)
VALUES = [{"timestamp": "2026-07-14T00:00:00Z", "sampledValue": [{"value": 1}]}]


@dataclass
class Registry:
    """Knows one EVSE, and keeps what is counted."""

    counted: list[tuple[StationId, DeviationSeen, datetime]] = field(
        default_factory=list
    )

    def evse(self, evse: EvseId) -> Evse | None:
        return RATED if evse == KNOWN else None

    def count(
        self, station: StationId, seen: Sequence[DeviationSeen], at: datetime
    ) -> None:
        self.counted += [(station, each, at) for each in seen]

    @property
    def seen(self) -> list[tuple[str, str]]:
        return [(each.kind, each.path) for _, each, _ in self.counted]


class Anybody:
    def judge(
        self,
        station: StationId,
        token: IdToken,
        evse: int | None = None,
        *,
        starting: bool = False,
    ) -> Judgement:
        del station, token, evse, starting
        return Judgement(Verdict.ACCEPTED)


@pytest.fixture
def registry() -> Registry:
    return Registry()


@pytest.fixture
def places(registry: Registry) -> Places:
    return Places(registry, registry, ManualClock(NOW))


@pytest.fixture
def ingest() -> Recording:
    return recording()


def test_an_evse_that_there_is_is_no_news(places: Places, registry: Registry) -> None:
    assert places.check(KNOWN, "A.b")
    assert registry.counted == []


def test_an_evse_that_there_is_not_is_counted(
    places: Places, registry: Registry
) -> None:
    assert not places.check(UNKNOWN, "A.b")
    assert not places.check(UNKNOWN, "A.b", "of a fan")
    assert registry.counted == [
        (STATION, DeviationSeen("unknown-evse", "A.b", "MA-TEST-01/9"), NOW),
        (STATION, DeviationSeen("unknown-evse", "A.b", "of a fan"), NOW),
    ]


@pytest.mark.parametrize("evse", [KNOWN, UNKNOWN])
async def test_readings_are_kept_wherever_they_are_from(
    places: Places, registry: Registry, ingest: Recording, evse: EvseId
) -> None:
    block = Metering(ingest.ingest, places=places)
    said = MeterValuesRequest.read({"evseId": evse.number, "meterValue": VALUES})

    async with ingest:
        await block.meter_values(STATION, said)

    assert [each.evse for each in ingest.readings] == [evse]
    unknown = [("unknown-evse", "MeterValues.evseId")]
    assert registry.seen == ([] if evse == KNOWN else unknown)


@pytest.mark.parametrize("evse", [KNOWN, UNKNOWN])
async def test_a_transaction_is_kept_wherever_it_is(
    places: Places, registry: Registry, ingest: Recording, evse: EvseId
) -> None:
    block = Transactions(ingest.ingest, Anybody(), ManualClock(NOW), places=places)
    said: dict[str, Any] = {
        "eventType": "Started",
        "timestamp": "2026-07-14T00:00:00Z",
        "triggerReason": "CablePluggedIn",
        "seqNo": 0,
        "transactionInfo": {"transactionId": "tx-1"},
        "evse": {"id": evse.number},
    }

    async with ingest:
        await block.transaction_event(STATION, TransactionEventRequest.read(said))

    assert [each.evse for each in ingest.reports] == [evse.number]
    unknown = [("unknown-evse", "TransactionEvent.evse.id")]
    assert registry.seen == ([] if evse == KNOWN else unknown)
