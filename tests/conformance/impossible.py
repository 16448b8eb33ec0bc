"""What cannot be, though it fits the schema: one payload for each action."""

from collections.abc import Mapping
from typing import Any, Final

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


ASKED: Final = {
    "CertificateSigned": "only the station knows its keys",
    "GetBaseReport": "every station has a device model",
    "GetInstalledCertificateIds": "it asks what there is",
    "GetTransactionStatus": "it asks what there is",
    "RequestStopTransaction": "the station knows best what runs",
    "UnpublishFirmware": "the station knows best what it offers",
}
"""What may be sent whatever it says, and why."""

NO_PLACE: Final = {"evse": {"id": NO_EVSE}}
WISHES: Final[Mapping[str, tuple[dict[str, Any], str]]] = {
    "AFRRSignal": ({"timestamp": NOW, "signal": 5}, "discharge-forbidden"),
    "ChangeAvailability": (
        {"operationalStatus": "Inoperative", **NO_PLACE},
        "station-lacks",
    ),
    "ClearChargingProfile": ({}, "profile-broken"),
    "CustomerInformation": (
        {"requestId": 1, "report": False, "clear": False},
        "malformed-command",
    ),
    "DataTransfer": (
        {"vendorId": "Nobody", "data": {"setpointKw": -5}},
        "discharge-forbidden",
    ),
    "DeleteCertificate": ({"certificateHashData": HASHES}, "last-root"),
    "GetChargingProfiles": (
        {"requestId": 1, "chargingProfile": {}},
        "profile-broken",
    ),
    "GetCompositeSchedule": ({"duration": 60, "evseId": NO_EVSE}, "profile-broken"),
    "GetLog": (
        {
            "logType": "DiagnosticsLog",
            "requestId": 1,
            "log": {"remoteLocation": "ftp://example.org/"},
        },
        "station-lacks",
    ),
    "GetReport": (
        {"requestId": 1, "componentVariable": [{"component": {"name": "Nothing"}}]},
        "station-lacks",
    ),
    "InstallCertificate": (
        {"certificateType": "CSMSRootCertificate", "certificate": "no certificate"},
        "unreadable-certificate",
    ),
    "NotifyAllowedEnergyTransfer": (
        {"transactionId": "nobody's", "allowedEnergyTransfer": ["DC"]},
        "profile-broken",
    ),
    "PublishFirmware": (
        {"location": "ftp://example.org/", "checksum": "0" * 32, "requestId": 1},
        "station-lacks",
    ),
    "RequestStartTransaction": (
        {"idToken": CARD, "remoteStartId": 1, "evseId": NO_EVSE},
        "station-lacks",
    ),
    "SetChargingProfile": (
        {"evseId": NO_EVSE, "chargingProfile": PROFILE},
        "profile-broken",
    ),
    "SetNetworkProfile": (
        {
            "configurationSlot": 1,
            "connectionData": {
                "ocppInterface": "Wired0",
                "ocppTransport": "JSON",
                "messageTimeout": 30,
                "ocppCsmsUrl": "ws://example.org",
                "securityProfile": 0,
            },
        },
        "downgrade",
    ),
    "TriggerMessage": (
        {"requestedMessage": "StatusNotification", **NO_PLACE},
        "station-lacks",
    ),
    "UnlockConnector": ({"evseId": NO_EVSE, "connectorId": 1}, "station-lacks"),
    "UpdateFirmware": (
        {
            "requestId": 1,
            "firmware": {"location": "ftp://example.org/", "retrieveDateTime": NOW},
        },
        "station-lacks",
    ),
    "UsePriorityCharging": (
        {"transactionId": "nobody's", "activate": True},
        "profile-broken",
    ),
}
"""Every other one lacks its controller: the station has none but one variable."""
