"""What stations say reaches whoever keeps it, word for word; and what they are told."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from csms.blocks.customers import CustomerNotices
from csms.blocks.data_transfer import DataTransfer
from csms.blocks.declined import Declined
from csms.blocks.display import DisplayMessages, DisplayReports
from csms.blocks.event_streams import StreamNotices
from csms.blocks.firmware import FirmwareProgress
from csms.blocks.logs import LogNotices
from csms.blocks.monitors import MonitorNotices
from csms.blocks.reservation import ReservationUpdates
from csms.blocks.routing import Block
from csms.blocks.security import Security
from csms.domain.customer import CustomerPart
from csms.domain.data_transfer import TransferAnswer, TransferStatus
from csms.domain.monitor import ReportedMonitor, StreamParams
from csms.domain.reservation import ReservationState
from csms.domain.signing import CertificateUse
from csms.domain.station import StationNotice, VariableKey
from csms.ocpp.wire import Edition
from csms.services.event_streams import Told
from csms.services.ports.monitors import ReportPart
from csms.services.ports.streams import StreamSaid
from csms.services.ports.wire import DeviationSeen
from csms.services.signing import Taken
from csms.services.update_reports import FirmwareWord
from tests.asking import INFO, LATER, NOW, STATION, ZULU, Json
from tests.conformance.official import ACTIONS, schema, validator
from tests.fakes.clock import ManualClock

CLOCK = ManualClock(NOW)


@dataclass
class Ear:
    """Stands for any port: remembers what it is told, answers what it is given."""

    answer: object = None
    heard: list[tuple[Any, ...]] = field(default_factory=list)

    def __getattr__(self, name: str) -> Callable[..., Awaitable[object]]:
        async def hear(*said: Any, **more: Any) -> object:  # noqa: ANN401
            self.heard.append((name, *said, *more.values()))
            return self.answer

        return hear

    def note(self, notice: StationNotice) -> None:
        self.heard.append(("note", notice))

    def count(self, *said: Any) -> None:  # noqa: ANN401
        self.heard.append(("count", *said))


@dataclass(frozen=True)
class Said:
    """What a station says, what is heard of it, and what it is told."""

    block: Callable[[Any], Block]
    action: str
    request: Json
    heard: tuple[Any, ...]
    answer: Json = field(default_factory=dict)
    decided: object = None
    edition: Edition = Edition.V21


KEY = VariableKey("EVSE", "Power", evse=1)
CUSTOM = "CustomMonitor"
UNNAMED = ReportedMonitor(12, KEY, "Delta", 5.0, 4, transaction_only=False)
NO_MONITOR = {"status": "Rejected", "statusInfo": {"reasonCode": "NoMonitor"}}
MONITORED = {
    "component": {"name": "EVSE", "evse": {"id": 1}},
    "variable": {"name": "Power"},
}
SWAP = {
    "eventType": "BatteryIn",
    "requestId": 1,
    "idToken": {"idToken": "driver-1", "type": "ISO14443"},
    "batteryData": [
        {"evseId": 1, "serialNumber": "B-1", "soC": 50.0, "soH": 90.0},
    ],
}
SETTLED = {
    "status": "Settled",
    "pspRef": "psp",
    "settlementAmount": 3.0,
    "settlementTime": LATER,
}


def monitor(**more: Any) -> Json:  # noqa: ANN401
    return {"id": 12, "type": "Delta", "value": 5.0, "severity": 4, **more}


def declined(ear: Any) -> Block:  # noqa: ANN401
    return Declined(ear, CLOCK)


def customers(ear: Any) -> Block:  # noqa: ANN401
    return CustomerNotices(ear, CLOCK)


def streams(ear: Any) -> Block:  # noqa: ANN401
    return StreamNotices(ear)


def security(ear: Any) -> Block:  # noqa: ANN401
    return Security(ear, ear, ear, CLOCK)


def of_customer(number: int) -> Json:
    return {"requestId": 9, "seqNo": number, "generatedAt": LATER, "data": "C-1"}


PART = CustomerPart(0, NOW.replace(hour=1), NOW, "C-1")
ALL = [
    Said(customers, "NotifyCustomerInformation", of_customer(0),
         ("take", STATION, 9, PART, True)),
    Said(customers, "NotifyCustomerInformation", {**of_customer(0), "tbc": True},
         ("take", STATION, 9, PART, False)),
    Said(
        LogNotices,
        "LogStatusNotification",
        {"status": "Uploading", "requestId": 8, "statusInfo": INFO},
        ("progress", STATION, 8, "Uploading", "Busy: later"),
    ),
    Said(
        FirmwareProgress,
        "FirmwareStatusNotification",
        {"status": "InstallScheduled", "requestId": 5, "statusInfo": INFO},
        ("update_said", STATION, FirmwareWord("install_scheduled", 5, "Busy: later")),
    ),
    Said(
        FirmwareProgress,
        "PublishFirmwareStatusNotification",
        {"status": "Published", "requestId": 6, "location": ["https://a.example.org"]},
        (
            "publication_said",
            STATION,
            FirmwareWord("published", 6, "", ("https://a.example.org",)),
        ),
    ),
    *(
        Said(
            ReservationUpdates,
            "ReservationStatusUpdate",
            {"reservationId": 7, "reservationUpdateStatus": word},
            ("ended", STATION, 7, state),
        )
        for word, state in (
            ("Expired", ReservationState.EXPIRED),
            ("Removed", ReservationState.REMOVED),
            ("NoTransaction", ReservationState.NO_TRANSACTION),
        )
    ),
    Said(
        MonitorNotices,
        "NotifyMonitoringReport",
        {
            "requestId": 6,
            "seqNo": 2,
            "generatedAt": ZULU,
            "tbc": True,
            "monitor": [
                {
                    **MONITORED,
                    "variableMonitoring": [
                        monitor(transaction=True, eventNotificationType=CUSTOM),
                    ],
                }
            ],
        },
        (
            "take",
            STATION,
            ReportPart(
                6,
                2,
                last=False,
                monitors=(
                    ReportedMonitor(
                        12, KEY, "Delta", 5.0, 4,
                        transaction_only=True, origin=CUSTOM,
                    ),
                ),
            ),
        ),
    ),
    Said(
        MonitorNotices,
        "NotifyMonitoringReport",
        {
            "requestId": 6,
            "seqNo": 0,
            "generatedAt": ZULU,
            "monitor": [
                {**MONITORED, "variableMonitoring": [monitor(transaction=False)]}
            ],
        },
        ("take", STATION, ReportPart(6, 0, last=True, monitors=(UNNAMED,))),
        edition=Edition.V201,
    ),
    Said(
        MonitorNotices,
        "NotifyMonitoringReport",
        {"requestId": 6, "seqNo": 3, "generatedAt": ZULU},
        ("take", STATION, ReportPart(6, 3, last=True, monitors=())),
    ),
    *(
        Said(
            StreamNotices,
            "OpenPeriodicEventStream",
            {
                "constantStreamData": {
                    "id": 1,
                    "variableMonitoringId": 12,
                    "params": {"interval": 5, "values": 10},
                }
            },
            ("open", STATION, StreamSaid(1, 12, StreamParams(5, 10))),
            told,
            decided=reason,
        )
        for reason, told in (
            (None, {"status": "Accepted"}),
            ("NoMonitor", NO_MONITOR),
        )
    ),
    Said(StreamNotices, "ClosePeriodicEventStream", {"id": 1}, ("close", STATION, 1)),
    *(
        Said(
            security,
            "SignCertificate",
            {"csr": "PEM", "requestId": 5, **kind},
            ("requested", STATION, "PEM", use, 5),
            told,
            decided=taken,
        )
        for kind, use, taken, told in (
            (
                {"certificateType": "V2GCertificate"},
                CertificateUse.V2G,
                Taken(accepted=True),
                {"status": "Accepted"},
            ),
            (
                {},
                None,
                Taken(accepted=False, reason="x" * 600),
                {
                    "status": "Rejected",
                    "statusInfo": {
                        "reasonCode": "InvalidCSR",
                        "additionalInfo": "x" * 512,
                    },
                },
            ),
        )
    ),
    Said(
        DataTransfer,
        "DataTransfer",
        {"vendorId": "org.example", "messageId": "Say", "data": {"a": 1}},
        ("said", STATION, "org.example", "Say", {"a": 1}),
        {"status": "Rejected", "data": "no"},
        decided=TransferAnswer(TransferStatus.REJECTED, "no"),
    ),
    Said(
        declined,
        "NotifySettlement",
        SETTLED,
        (
            "note",
            StationNotice(
                STATION, NOW.replace(hour=1), NOW, "NotifySettlement", 4, SETTLED
            ),
        ),
    ),
    Said(
        declined,
        "VatNumberValidation",
        {"vatNumber": "DE1", "evseId": 1},
        (
            "note",
            StationNotice(
                STATION, NOW, NOW, "VatNumberValidation", 4,
                {"vatNumber": "DE1", "evseId": 1},
            ),
        ),
        {
            "vatNumber": "DE1",
            "evseId": 1,
            "status": "Rejected",
            "statusInfo": {
                "reasonCode": "UnsupportedRequest",
                "additionalInfo": "VAT numbers are not checked here",
            },
        },
    ),
    Said(
        declined,
        "BatterySwap",
        SWAP,
        ("note", StationNotice(STATION, NOW, NOW, "BatterySwap", 4, SWAP)),
    ),
    Said(
        lambda ear: DisplayMessages(DisplayReports(), ear, CLOCK),
        "NotifyDisplayMessages",
        {"requestId": 3},
        (
            "count",
            STATION,
            [
                DeviationSeen(
                    "report-not-asked-for",
                    "NotifyDisplayMessages.requestId",
                    "request 3 is none of ours",
                )
            ],
            NOW,
        ),
    ),
]  # fmt: skip


@pytest.mark.parametrize("said", ALL, ids=lambda said: str(said.action))
async def test_it_is_kept_as_it_was_said(said: Said) -> None:
    validator(schema(said.edition, f"{said.action}Request")).validate(said.request)
    ear = Ear(said.decided)
    routes = {each.action.name: each for each in said.block(ear).routes()}
    model: Any = ACTIONS[said.action]

    answer = await routes[said.action].handler(
        STATION, model.request.read(said.request)
    )

    assert ear.heard == [said.heard]
    assert answer.write() == said.answer
    validator(schema(said.edition, f"{said.action}Response")).validate(said.answer)


async def test_values_of_a_stream_are_answered_by_nobody() -> None:
    """N15.FR.02."""
    ear = Ear()
    *_, notify = streams(ear).routes()
    said = notify.action.request.read(
        {"id": 1, "pending": 2, "basetime": ZULU, "data": [{"t": 0.5, "v": "7"}]}
    )

    assert await notify.handler(STATION, said) is None
    assert ear.heard == [("take", STATION, Told(1, 2, NOW, [(0.5, "7")]))]
