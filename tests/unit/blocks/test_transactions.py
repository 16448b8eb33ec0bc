import json
from typing import Any

import pytest

from csms.blocks.transactions import Transactions
from csms.domain.ids import EvseId, StationId
from csms.domain.token import IdToken, Judgement, Verdict
from csms.domain.transaction import EventType
from csms.domain.units import Power
from csms.ocpp.messages.transactions import TransactionEventRequest
from tests.fakes.clock import DAWN, ManualClock
from tests.fakes.recording import Recording, recording
from tests.fakes.sessions import STATION

NOW = "2026-07-13T23:30:00Z"


class Tokens:
    """Blocks one driver and accepts everyone else."""

    def judge(
        self,
        station: StationId,
        token: IdToken,
        evse: int | None = None,
        *,
        starting: bool = False,
    ) -> Judgement:
        del station, evse, starting
        blocked = token.value == "blocked"
        return Judgement(Verdict.BLOCKED if blocked else Verdict.ACCEPTED)


def event(seq_no: int = 0, **changes: Any) -> TransactionEventRequest:  # noqa: ANN401
    payload = {
        "eventType": "Updated",
        "timestamp": NOW,
        "triggerReason": "MeterValuePeriodic",
        "seqNo": seq_no,
        "transactionInfo": {"transactionId": "tx-1"},
    }
    return TransactionEventRequest.read(payload | changes)


STARTED: dict[str, Any] = {
    "eventType": "Started",
    "triggerReason": "CablePluggedIn",
    "evse": {"id": 2, "connectorId": 1},
    "idToken": {"idToken": "driver-1", "type": "ISO14443"},
    "transactionInfo": {
        "transactionId": "tx-1",
        "chargingState": "EVConnected",
        "remoteStartId": 77,
    },
}
MEASURED: dict[str, Any] = {
    "meterValue": [
        {
            "timestamp": NOW,
            "sampledValue": [
                {"value": 0, "measurand": "Power.Active.Import"},
                {"value": 7600, "measurand": "Power.Active.Export"},
            ],
        }
    ]
}


@pytest.fixture
def ingest() -> Recording:
    return recording()


@pytest.fixture
def block(ingest: Recording) -> Transactions:
    return Transactions(ingest.ingest, Tokens(), ManualClock())


async def test_an_event_becomes_a_report(
    block: Transactions, ingest: Recording
) -> None:
    async with ingest:
        await block.transaction_event(STATION, event(**STARTED, offline=True))

    (report,) = ingest.reports
    assert report.key == (STATION, "tx-1", 0)
    assert (report.event_type, report.trigger) == (EventType.STARTED, "CablePluggedIn")
    assert (report.at, report.received_at, report.offline) == (DAWN, DAWN, True)
    assert (report.evse, report.charging_state) == (2, "EVConnected")
    assert (report.id_token, report.remote_start_id) == ("driver-1", 77)
    assert '"seqNo":0' in report.payload


async def test_later_events_know_where_the_first_one_was(
    block: Transactions, ingest: Recording
) -> None:
    async with ingest:
        await block.transaction_event(STATION, event(**STARTED))
        await block.transaction_event(STATION, event(1, **MEASURED))

    there = EvseId(STATION, 2)
    assert [report.evse for report in ingest.reports] == [2, 2]
    assert [said.evse for said in ingest.reports[1].readings] == [there]
    assert ingest.live.get(there).power == Power(-7600)


@pytest.mark.parametrize(
    ("token", "status"), [("driver-1", "Accepted"), ("blocked", "Blocked")]
)
async def test_a_token_is_answered_for(
    block: Transactions, ingest: Recording, token: str, status: str
) -> None:
    """E01.FR.04, C01: a refused token does not undo the report."""
    async with ingest:
        answer = await block.transaction_event(
            STATION, event(idToken={"idToken": token, "type": "ISO14443"})
        )

    assert answer.write() == {"idTokenInfo": {"status": status}}
    assert len(ingest.reports) == 1


async def test_a_repetition_is_answered_alike(
    block: Transactions, ingest: Recording
) -> None:
    """E01.FR.07, E13: sent again after a reconnect, it may be marked offline."""
    async with ingest:
        first = await block.transaction_event(STATION, event(3, **MEASURED))
        again = await block.transaction_event(
            STATION, event(3, **MEASURED, offline=True)
        )

    assert first.write() == again.write() == {}
    one, other = ingest.reports
    assert one.digest == other.digest
    assert one.digest != block.report(STATION, event(3)).digest


async def test_what_is_kept_is_the_payload_as_it_came_but_for_the_offline_mark(
    block: Transactions, ingest: Recording
) -> None:
    payload = event(3, **MEASURED, offline=True).write() | {"customData": "as it came"}
    async with ingest:
        await block.transaction_event(STATION, event(3, **MEASURED), payload)

    (report,) = ingest.reports
    del payload["offline"]
    assert json.loads(report.payload) == payload


async def test_an_evse_of_number_zero_is_no_evse(
    block: Transactions, ingest: Recording
) -> None:
    async with ingest:
        await block.transaction_event(STATION, event(evse={"id": 0}))

    assert ingest.reports[0].evse is None


async def test_an_end_says_why(block: Transactions, ingest: Recording) -> None:
    async with ingest:
        await block.transaction_event(STATION, event(**STARTED))
        assert ingest.live.get(EvseId(STATION, 2)).plugged
        await block.transaction_event(
            STATION,
            event(
                9,
                eventType="Ended",
                transactionInfo={
                    "transactionId": "tx-1",
                    "stoppedReason": "EVDisconnected",
                    "operationMode": "Idle",
                },
            ),
        )

    report = ingest.reports[-1]
    assert (report.stopped_reason, report.operation_mode) == ("EVDisconnected", "Idle")
    assert not ingest.live.get(EvseId(STATION, 2)).plugged
    assert [route.action.name for route in block.routes()] == ["TransactionEvent"]
