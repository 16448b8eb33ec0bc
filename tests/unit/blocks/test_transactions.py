"""Transaction events become reports; what else is done beside it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from csms.blocks.transactions import Transactions
from csms.domain.ids import EvseId, StationId, TransactionId
from csms.domain.tariff import TransactionCost
from csms.domain.token import IdToken, Judgement, Verdict
from csms.domain.transaction import EventType
from csms.domain.units import Power
from csms.ocpp.messages.transactions import TransactionEventRequest
from csms.services.ports.tariffs import SignedValue
from csms.services.ports.wire import DeviationSeen
from tests.fakes.clock import DAWN, ManualClock
from tests.fakes.recording import Recording, recording
from tests.fakes.sessions import STATION

NOW = "2026-07-13T23:30:00Z"


SIGNED = {
    "signedMeterData": "c2lnbmVk",
    "signingMethod": "ECDSA-secp256r1-SHA256",
    "encodingMethod": "OCMF",
    "publicKey": "a2V5",
}
TOKEN = {"idToken": "driver-1", "type": "ISO14443"}


class Tokens:
    """Blocks one driver and accepts everyone else.

    Attributes:
        starting: For each token that was judged, whether it was to start something.
    """

    def __init__(self) -> None:
        self.starting: list[bool] = []

    def judge(
        self,
        station: StationId,
        token: IdToken,
        evse: int | None = None,
        *,
        starting: bool = False,
    ) -> Judgement:
        del station, evse
        self.starting.append(starting)
        blocked = token.value == "blocked"
        return Judgement(Verdict.BLOCKED if blocked else Verdict.ACCEPTED)


@dataclass
class Notebook:
    """Everything else that a block tells of transactions."""

    tariff: bool = True
    total: Decimal | None = Decimal("12.34")
    signed: list[SignedValue] = field(default_factory=list)
    seen: list[DeviationSeen] = field(default_factory=list)
    asked: list[TransactionId] = field(default_factory=list)

    async def keep(self, values: Sequence[SignedValue]) -> None:
        assert values
        self.signed += values

    def count(
        self, station: StationId, seen: Sequence[DeviationSeen], at: datetime
    ) -> None:
        assert (station, at) == (STATION, DAWN)
        self.seen += seen

    def holds(self, station: StationId) -> bool:
        return self.tariff and station == STATION

    async def final(
        self, station: StationId, transaction: TransactionId
    ) -> TransactionCost | None:
        self.asked.append(transaction)
        if self.total is None:
            return None
        return TransactionCost(
            station, transaction, "t", "USD", self.total, final=True, at=DAWN
        )


@dataclass
class Reserved:
    """Notes which transactions began with a reservation."""

    notes: list[tuple[Any, ...]] = field(default_factory=list)

    async def used(
        self,
        station: StationId,
        transaction: TransactionId,
        number: int | None,
        token: IdToken | None,
        evse: int | None,
    ) -> None:
        self.notes.append((station, transaction, number, token, evse))


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


class TestBeside:
    """What else becomes of a report, once it is kept."""

    @pytest.fixture
    def book(self) -> Notebook:
        return Notebook()

    @pytest.fixture
    def whole(self, ingest: Recording, book: Notebook) -> Transactions:
        return Transactions(
            ingest.ingest,
            Tokens(),
            ManualClock(),
            signed=book,
            costs=book,
            deviations=book,
            reservations=Reserved(),
        )

    async def test_what_a_meter_has_signed_is_kept_word_for_word(
        self, whole: Transactions, ingest: Recording, book: Notebook
    ) -> None:
        """J02.FR.21."""
        signed: dict[str, Any] = {"value": 6.0, "signedMeterValue": SIGNED}
        named = {
            "measurand": "Energy.Active.Export.Register",
            "context": "Transaction.End",
            "location": "EV",
            "phase": "L1",
        }
        samples = [{"value": 5.0}, signed, signed | named]
        values = [{"timestamp": NOW, "sampledValue": samples}]
        async with ingest:
            await whole.transaction_event(STATION, event(**MEASURED))
            await whole.transaction_event(STATION, event(1, meterValue=values))

        said = ("c2lnbmVk", "ECDSA-secp256r1-SHA256", "OCMF", "a2V5")
        nowhere, tx = EvseId(STATION, 0), TransactionId("tx-1")
        assert book.signed == [
            SignedValue(
                nowhere, DAWN, "Sample.Periodic", "Energy.Active.Import.Register",
                "Outlet", "", tx, *said,
            ),
            SignedValue(
                nowhere, DAWN, "Transaction.End", "Energy.Active.Export.Register",
                "EV", "L1", tx, *said,
            ),
        ]  # fmt: skip

    async def test_an_end_is_told_its_cost_where_a_tariff_holds(
        self, whole: Transactions, ingest: Recording, book: Notebook
    ) -> None:
        """I03."""
        ended = {"eventType": "Ended", "triggerReason": "EVDeparted"}
        async with ingest:
            going = await whole.transaction_event(STATION, event())
            over = await whole.transaction_event(STATION, event(1, **ended))
            book.total = None
            free = await whole.transaction_event(STATION, event(2, **ended))
            book.tariff = False
            unpriced = await whole.transaction_event(STATION, event(3, **ended))

        assert over.write() == {"totalCost": 12.34}
        assert going.write() == free.write() == unpriced.write() == {}
        assert book.asked == [TransactionId("tx-1")] * 2

    @pytest.mark.parametrize(
        ("said", "starting"),
        [
            ({**STARTED, "idToken": TOKEN}, True),
            ({"triggerReason": "Authorized", "idToken": TOKEN}, True),
            ({"triggerReason": "Deauthorized", "idToken": TOKEN}, False),
            ({"eventType": "Ended", "triggerReason": "Authorized", "idToken": TOKEN},
             False),
        ],
        ids=["begins", "begins to charge", "goes on", "ends"],
    )  # fmt: skip
    async def test_who_starts_is_judged_as_such_and_may_have_reserved(
        self,
        whole: Transactions,
        ingest: Recording,
        *,
        said: dict[str, Any],
        starting: bool,
    ) -> None:
        """E03, H03."""
        async with ingest:
            await whole.transaction_event(STATION, event(**said))

        tokens, reserved = whole.tokens, whole.reservations
        assert isinstance(tokens, Tokens)
        assert isinstance(reserved, Reserved)
        assert tokens.starting == [starting]
        assert [each[3] for each in reserved.notes] == (
            [IdToken("driver-1", "ISO14443")] if starting else []
        )

    async def test_a_reservation_that_is_named_is_used(
        self, whole: Transactions, ingest: Recording
    ) -> None:
        """H03.FR.01: with or without a token."""
        place: dict[str, Any] = {"evse": {"id": 2}}
        async with ingest:
            answer = await whole.transaction_event(
                STATION, event(reservationId=7, **place)
            )
            await whole.transaction_event(
                STATION, event(1, reservationId=8, idToken=TOKEN, **place)
            )
            await whole.transaction_event(STATION, event(2, **place))

        tx, reserved = TransactionId("tx-1"), whole.reservations
        assert isinstance(reserved, Reserved)
        assert answer.write() == {}
        assert reserved.notes == [
            (STATION, tx, 7, None, 2),
            (STATION, tx, 8, IdToken("driver-1", "ISO14443"), 2),
        ]

    async def test_a_transaction_that_goes_on_is_told_of_where_it_is(
        self, ingest: Recording
    ) -> None:
        """B13.FR.30, E17.FR.14."""
        resumed: list[tuple[EvseId, TransactionId]] = []
        block = Transactions(
            ingest.ingest,
            Tokens(),
            ManualClock(),
            resumed=lambda evse, transaction: resumed.append((evse, transaction)),
        )
        again: dict[str, Any] = {"triggerReason": "TxResumed"}
        async with ingest:
            await block.transaction_event(STATION, event(**again))
            assert resumed == []
            await block.transaction_event(STATION, event(1, **STARTED))
            assert resumed == []
            await block.transaction_event(STATION, event(2, **again))

        assert resumed == [(EvseId(STATION, 2), TransactionId("tx-1"))]

    async def test_who_is_refused_is_told_of(self, ingest: Recording) -> None:
        refused: list[tuple[StationId, IdToken, bool, int | None]] = []
        block = Transactions(
            ingest.ingest,
            Tokens(),
            ManualClock(),
            refused=lambda station, token, told, evse: refused.append(
                (station, token, told.accepted, evse)
            ),
        )
        said = {"idToken": "blocked", "type": "ISO14443"}
        async with ingest:
            await block.transaction_event(STATION, event(idToken=said))

        assert refused == [(STATION, IdToken("blocked", "ISO14443"), False, None)]

    async def test_contradictions_and_clocks_that_are_ahead_are_counted(
        self, whole: Transactions, ingest: Recording, book: Notebook
    ) -> None:
        minute = "2026-07-13T23:31:00Z"
        later = "2026-07-13T23:31:01Z"
        async with ingest:
            await whole.transaction_event(STATION, event(3, timestamp=minute))
            assert book.seen == []
            await whole.transaction_event(STATION, event(3, **MEASURED))
            await whole.transaction_event(STATION, event(4, timestamp=later))

        assert [(each.kind, each.path) for each in book.seen] == [
            ("contradicting-report", "TransactionEvent.seqNo"),
            ("clock-ahead", "TransactionEvent.timestamp"),
        ]
        assert book.seen[1].detail == "by 61 s"

    async def test_a_key_code_is_kept_nowhere(
        self, whole: Transactions, ingest: Recording
    ) -> None:
        """C04.FR.04."""
        code = {"idToken": "4711", "type": "KeyCode"}
        async with ingest:
            await whole.transaction_event(STATION, event(idToken=code))
            await whole.transaction_event(STATION, event(1, idToken=TOKEN))

        hidden, shown = (each.payload for each in ingest.reports)
        assert "4711" not in hidden
        assert "driver-1" in shown

    async def test_who_may_not_charge_is_noted_with_the_place(
        self, ingest: Recording
    ) -> None:
        noted: list[tuple[StationId, Verdict, int | None]] = []

        def note(
            station: StationId, _: IdToken, told: Judgement, evse: int | None
        ) -> None:
            noted.append((station, told.verdict, evse))

        block = Transactions(ingest.ingest, Tokens(), ManualClock(), refused=note)
        blocked = STARTED | {"idToken": {"idToken": "blocked", "type": "ISO14443"}}
        async with ingest:
            await block.transaction_event(STATION, event(**blocked))

        assert noted == [(STATION, Verdict.BLOCKED, 2)]
