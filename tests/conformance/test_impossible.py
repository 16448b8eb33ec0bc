"""What stations say that cannot be, though it fits the schema: answered and noted.

One saying for each action, through everything that is there, on PostgreSQL.
"""

import asyncio
from collections.abc import Mapping
from typing import Any, Final

import asyncpg
import pytest

from csms.db.engine import connect_raw
from csms.ocpp.messages import HANDLED
from csms.ocpp.wire import Action, Edition
from tests.conformance.official import schema, validator
from tests.http.nodes import HOME_1, Stage, a_node

pytestmark = pytest.mark.postgres

NOW: Final = "2026-07-13T23:30:00Z"
NOBODY: Final = {"idToken": "NOBODY", "type": "ISO14443"}
CARD: Final = {"idToken": "04A2B3C4", "type": "ISO14443"}
NO_EVSE, NO_NUMBER = 9, 999_999
HASHES: Final = {
    "hashAlgorithm": "SHA256",
    "issuerNameHash": "00",
    "issuerKeyHash": "00",
    "serialNumber": "00",
}
POWER: Final = {"timestamp": NOW, "sampledValue": [{"value": 1000.0}]}
PROFILE: Final[dict[str, Any]] = {
    "id": 7,
    "stackLevel": 0,
    "chargingProfilePurpose": "TxDefaultProfile",
    "chargingProfileKind": "Absolute",
    "chargingSchedule": [
        {
            "id": 1,
            "chargingRateUnit": "W",
            "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 1000}],
        }
    ],
}
POSSIBLE: Final = {
    "BootNotification": "whatever it says of itself, it is",
    "Heartbeat": "it says nothing",
}

IMPOSSIBLE: Final[Mapping[str, tuple[dict[str, Any], dict[str, Any]]]] = {
    "Authorize": (
        {"idToken": {"idToken": "", "type": "ISO14443"}},
        {"idTokenInfo": {"status": "Invalid"}},
    ),
    "BatterySwap": (
        {
            "eventType": "BatteryIn",
            "requestId": NO_NUMBER,
            "idToken": NOBODY,
            "batteryData": [
                {"evseId": NO_EVSE, "serialNumber": "B-1", "soC": 50, "soH": 90}
            ],
        },
        {},
    ),
    "ClearedChargingLimit": ({"chargingLimitSource": "EMS", "evseId": NO_EVSE}, {}),
    "ClosePeriodicEventStream": ({"id": NO_NUMBER}, {}),
    "DataTransfer": ({"vendorId": "Nobody"}, {"status": "UnknownVendorId"}),
    "FirmwareStatusNotification": (
        {"status": "Installed", "requestId": NO_NUMBER},
        {},
    ),
    "Get15118EVCertificate": (
        {
            "iso15118SchemaVersion": "urn:iso:15118:2:2013:MsgDef",
            "action": "Install",
            "exiRequest": "AAAA",
        },
        {"status": "Failed"},
    ),
    "GetCertificateChainStatus": (
        {
            "certificateStatusRequests": [
                {
                    "source": "OCSP",
                    "urls": ["http://127.0.0.1:1/"],
                    "certificateHashData": HASHES,
                }
            ]
        },
        {},
    ),
    "GetCertificateStatus": (
        {"ocspRequestData": HASHES | {"responderURL": "http://127.0.0.1:1/"}},
        {"status": "Failed"},
    ),
    "LogStatusNotification": ({"status": "Uploaded", "requestId": NO_NUMBER}, {}),
    "MeterValues": ({"evseId": NO_EVSE, "meterValue": [POWER]}, {}),
    "NotifyChargingLimit": (
        {
            "evseId": NO_EVSE,
            "chargingLimit": {"chargingLimitSource": "EMS"},
            "chargingSchedule": PROFILE["chargingSchedule"],
        },
        {},
    ),
    "NotifyCustomerInformation": (
        {"requestId": NO_NUMBER, "seqNo": 0, "generatedAt": NOW, "data": "x"},
        {},
    ),
    "NotifyDERAlarm": (
        {"controlType": "FreqDroop", "timestamp": NOW, "alarmEnded": True},
        {},
    ),
    "NotifyDERStartStop": (
        {"controlId": "nobody's", "started": True, "timestamp": NOW},
        {},
    ),
    "NotifyDisplayMessages": (
        {
            "requestId": NO_NUMBER,
            "messageInfo": [
                {
                    "id": 1,
                    "priority": "NormalCycle",
                    "message": {"format": "UTF8", "content": "x"},
                }
            ],
        },
        {},
    ),
    "NotifyEVChargingNeeds": (
        {
            "evseId": NO_EVSE,
            "chargingNeeds": {"requestedEnergyTransfer": "DC"},
        },
        {"status": "Rejected"},
    ),
    "NotifyEVChargingSchedule": (
        {
            "evseId": NO_EVSE,
            "timeBase": NOW,
            "chargingSchedule": PROFILE["chargingSchedule"][0],
        },
        {"status": "Rejected"},
    ),
    "NotifyEvent": (
        {
            "generatedAt": NOW,
            "seqNo": 0,
            "eventData": [
                {
                    "eventId": 1,
                    "timestamp": NOW,
                    "trigger": "Alerting",
                    "actualValue": "x",
                    "eventNotificationType": "CustomMonitor",
                    "variableMonitoringId": NO_NUMBER,
                    "component": {"name": "EVSE", "evse": {"id": NO_EVSE}},
                    "variable": {"name": "Temperature"},
                }
            ],
        },
        {},
    ),
    "NotifyMonitoringReport": (
        {"requestId": NO_NUMBER, "seqNo": 0, "generatedAt": NOW},
        {},
    ),
    "NotifyPriorityCharging": ({"transactionId": "nobody's", "activated": True}, {}),
    "NotifyReport": ({"requestId": NO_NUMBER, "seqNo": 0, "generatedAt": NOW}, {}),
    "NotifySettlement": (
        {
            "pspRef": "nobody's",
            "status": "Settled",
            "settlementAmount": -1,
            "settlementTime": NOW,
        },
        {},
    ),
    "OpenPeriodicEventStream": (
        {
            "constantStreamData": {
                "id": 1,
                "variableMonitoringId": NO_NUMBER,
                "params": {"interval": 10},
            }
        },
        {"status": "Rejected"},
    ),
    "PublishFirmwareStatusNotification": (
        {
            "status": "Published",
            "requestId": NO_NUMBER,
            "location": ["http://example.org/f"],
        },
        {},
    ),
    "PullDynamicScheduleUpdate": (
        {"chargingProfileId": NO_NUMBER},
        {"status": "Rejected"},
    ),
    "ReportChargingProfiles": (
        {
            "requestId": NO_NUMBER,
            "chargingLimitSource": "CSO",
            "evseId": 1,
            "chargingProfile": [PROFILE],
        },
        {},
    ),
    "ReportDERControl": ({"requestId": NO_NUMBER}, {}),
    "ReservationStatusUpdate": (
        {"reservationId": NO_NUMBER, "reservationUpdateStatus": "Expired"},
        {},
    ),
    "SecurityEventNotification": (
        {"type": "NoSuchEvent", "timestamp": "2096-07-13T23:30:00Z"},
        {},
    ),
    "SignCertificate": ({"csr": "no request at all"}, {"status": "Rejected"}),
    "StatusNotification": (
        {
            "timestamp": NOW,
            "connectorStatus": "Available",
            "evseId": NO_EVSE,
            "connectorId": 1,
        },
        {},
    ),
    "TransactionEvent": (
        {
            "eventType": "Ended",
            "timestamp": NOW,
            "triggerReason": "StopAuthorized",
            "seqNo": 5,
            "transactionInfo": {"transactionId": "nobody's"},
            "evse": {"id": NO_EVSE},
        },
        {},
    ),
    "VatNumberValidation": (
        {"vatNumber": "none", "evseId": NO_EVSE},
        {"status": "Rejected"},
    ),
}


RECORDS: Final = frozenset(
    {
        "audit",
        "data_transfer",
        "deviation",
        "incident",
        "security_event",
        "station_event",
        "station_notice",
    }
)
"""Tables of what was noted of a station."""

KEPT: Final[Mapping[str, set[str]]] = {
    "MeterValues": {"reading"},
    "TransactionEvent": {"transaction", "transaction_report"},
}
"""What is kept all the same: nothing that was measured is thrown away."""


def test_every_action_of_a_station_has_something_impossible() -> None:
    actions = {each.name for each in HANDLED if isinstance(each, Action)}
    assert IMPOSSIBLE.keys() | POSSIBLE.keys() == actions


async def test_what_cannot_be_is_answered_and_noted_and_changes_nothing(
    database: str,
) -> None:
    raw = await connect_raw(database)
    wrong: list[object] = []
    async with a_node(database) as stage:
        await stage.populate()
        ingest = asyncio.create_task(stage.inside.ingest.run())
        for name, (payload, answer) in IMPOSSIBLE.items():
            before = await written(raw, stage)
            said = await say(stage, name, payload)
            after = await written(raw, stage)
            changed = {table for table in after if after[table] != before[table]}
            changed -= {"station"}  # when it was heard of last
            noted = changed & RECORDS
            if not (noted and changed - RECORDS <= KEPT.get(name, set())):
                wrong.append((name, changed))
            if any(said[key] != word for key, word in answer.items()):
                wrong.append((name, said))
        await stage.inside.ingest.stop()
        await ingest
    await raw.close()

    assert wrong == []


async def say(stage: Stage, name: str, payload: dict[str, Any]) -> dict[str, Any]:
    validator(schema(Edition.V21, f"{name}Request")).validate(payload)
    router = stage.inside.router
    answer = await router.answer(HOME_1.station, Edition.V21, name, payload)
    validator(schema(Edition.V21, f"{name}Response")).validate(answer)
    return answer


async def written(raw: asyncpg.Connection, stage: Stage) -> dict[str, tuple[int, int]]:
    """Return of each table how many rows it has, and which transaction wrote last."""
    await stage.inside.smart.idle()
    await stage.inside.journal.flush()
    names = await raw.fetch(
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND "
        "relnamespace = 'public'::regnamespace"
    )
    parts = (
        f"SELECT '{each}', count(*), max(xmin::text::bigint) FROM {each}"  # noqa: S608
        for (each,) in names
    )
    rows = await raw.fetch(" UNION ALL ".join(parts))
    return {name: (count, last) for name, count, last in rows}
