"""Firmware, logs, monitors and screens: what is wanted is asked to the letter."""

from datetime import timedelta
from typing import Any

import pytest

from csms.blocks.display import DisplayReports, StationDisplays
from csms.blocks.event_streams import StationStreams
from csms.blocks.firmware import StationFirmware
from csms.blocks.logs import StationLogs
from csms.blocks.monitors import StationMonitors
from csms.blocks.translating import FindLink
from csms.domain.display import (
    Priority as Importance,
)
from csms.domain.display import (
    ScreenMessage,
    ScreenState,
    ScreenText,
    TextFormat,
)
from csms.domain.log_job import LogKind, LogRequest, LogWord
from csms.domain.monitor import (
    Base,
    Criterion,
    MonitorKind,
    MonitorResult,
    MonitorSetting,
    StreamParams,
)
from csms.domain.station import VariableKey
from csms.services.ports.firmware import FirmwareOrder, PublishOrder
from csms.services.ports.logs import LogReply
from csms.services.ports.monitors import ReportRequest
from csms.services.ports.streams import StreamSaid
from csms.services.ports.wire import Reply
from tests.asking import (
    DONE,
    HOUR,
    INFO,
    LATER,
    NO,
    NOW,
    REFUSED,
    STATION,
    TX,
    YES,
    ZULU,
    Asked,
    Json,
)

MESSAGE = ScreenMessage(
    3,
    (ScreenText("Hello", "en"), ScreenText("<b>Bonjour</b>", "", TextFormat.HTML)),
    Importance.ALWAYS_FRONT,
    ScreenState.CHARGING,
    NOW,
    NOW + HOUR,
    TX,
    "left",
)
SHOWN = {
    "id": 3,
    "priority": "AlwaysFront",
    "message": {"format": "UTF8", "content": "Hello", "language": "en"},
    "messageExtra": [{"format": "HTML", "content": "<b>Bonjour</b>"}],
    "display": {"name": "Display", "instance": "left"},
    "state": "Charging",
    "startDateTime": ZULU,
    "endDateTime": LATER,
    "transactionId": "tx-1",
}
PLAIN = ScreenMessage(4, (ScreenText("Hello", "en"),))
KEY = VariableKey("EVSE", "Power", evse=1)
WHOLE_EVSE = VariableKey("EVSE", "")
MONITORED = {
    "component": {"name": "EVSE", "evse": {"id": 1}},
    "variable": {"name": "Power"},
}
SETTING = MonitorSetting(
    KEY, MonitorKind.UPPER_THRESHOLD, 11_000.0, 4, transaction_only=True,
    stream=StreamParams(5, 10), id=12,
)  # fmt: skip
SET = {
    **MONITORED, "type": "UpperThreshold", "value": 11_000.0, "severity": 4, "id": 12,
    "transaction": True, "periodicEventStream": {"interval": 5, "values": 10},
}  # fmt: skip


def set_said(status: str, severity: int, **more: Any) -> Json:  # noqa: ANN401
    said = {**MONITORED, "type": "UpperThreshold", "severity": severity}
    return {**said, "status": status, **more}


def upkeep() -> list[Asked]:
    order = FirmwareOrder(
        5, "https://f.example.org/1", NOW, NOW + HOUR, "PEM", "c2ln", 3, 60
    )
    offer = PublishOrder(6, "https://f.example.org/1", "ab" * 16, 3, 60)
    log = LogRequest(
        STATION, LogKind.SECURITY, NOW, NOW + HOUR, 2, timedelta(seconds=30)
    )
    asked = {
        "logType": "SecurityLog",
        "requestId": 8,
        "log": {
            "remoteLocation": "https://u.example.org",
            "oldestTimestamp": ZULU,
            "latestTimestamp": LATER,
        },
    }
    return [
        Asked(
            lambda find: StationFirmware(find).update(STATION, order),
            "UpdateFirmware",
            {
                "requestId": 5,
                "firmware": {
                    "location": "https://f.example.org/1",
                    "retrieveDateTime": ZULU,
                    "installDateTime": LATER,
                    "signingCertificate": "PEM",
                    "signature": "c2ln",
                },
                "retries": 3,
                "retryInterval": 60,
            },
            {"status": "AcceptedCanceled", "statusInfo": INFO},
            Reply(accepted=True, status="AcceptedCanceled", info="Busy: later"),
        ),
        Asked(
            lambda find: StationFirmware(find).publish(STATION, offer),
            "PublishFirmware",
            {
                "location": "https://f.example.org/1",
                "checksum": "ab" * 16,
                "requestId": 6,
                "retries": 3,
                "retryInterval": 60,
            },
            NO,
            REFUSED,
        ),
        Asked(
            lambda find: StationFirmware(find).unpublish(STATION, "ab" * 16),
            "UnpublishFirmware",
            {"checksum": "ab" * 16},
            {"status": "Unpublished"},
            Reply(accepted=True, status="Unpublished"),
        ),
        Asked(
            lambda find: StationLogs(find).get_log(8, log, "https://u.example.org"),
            "GetLog",
            {**asked, "retries": 2, "retryInterval": 30},
            {**NO, "filename": "a.log"},
            LogReply(LogWord.REJECTED, "a.log", "Busy: later"),
        ),
    ]


def watching() -> list[Asked]:
    wire = StationMonitors
    other = MonitorSetting(KEY, MonitorKind.UPPER_THRESHOLD, 9_000.0, 7)
    other_set = {**MONITORED, "type": "UpperThreshold", "value": 9_000.0, "severity": 7}
    return [
        Asked(
            lambda find: wire(find).set(STATION, [SETTING, other, other]),
            "SetVariableMonitoring",
            {"setMonitoringData": [SET, other_set, other_set]},
            {"setMonitoringResult": [
                set_said("Rejected", 7, statusInfo=INFO), set_said("Accepted", 4, id=12)
            ]},
            [
                MonitorResult("Accepted", 12),
                MonitorResult("Rejected", None, "Busy: later"),
                MonitorResult("NoResult"),
            ],
        ),
        Asked(
            lambda find: wire(find).clear(STATION, [12, 13]),
            "ClearVariableMonitoring",
            {"id": [12, 13]},
            {"clearMonitoringResult": [
                {"id": 13, "status": "NotFound", "statusInfo": INFO}
            ]},
            {
                12: MonitorResult("NoResult", 12),
                13: MonitorResult("NotFound", 13, "Busy: later"),
            },
        ),
        Asked(
            lambda find: wire(find).set_base(STATION, Base.FACTORY_DEFAULT),
            "SetMonitoringBase",
            {"monitoringBase": "FactoryDefault"},
            {"status": "NotSupported"},
            Reply(accepted=False, status="NotSupported"),
        ),
        Asked(
            lambda find: wire(find).set_level(STATION, 5),
            "SetMonitoringLevel",
            {"severity": 5},
            YES,
            DONE,
        ),
        Asked(
            lambda find: wire(find).report(
                6,
                ReportRequest(STATION, (Criterion.DELTA,), (KEY, WHOLE_EVSE)),
            ),
            "GetMonitoringReport",
            {
                "requestId": 6,
                "monitoringCriteria": ["DeltaMonitoring"],
                "componentVariable": [MONITORED, {"component": {"name": "EVSE"}}],
            },
            {"status": "EmptyResultSet"},
            Reply(accepted=False, status="EmptyResultSet"),
        ),
        Asked(
            lambda find: StationStreams(find).open_streams(STATION),
            "GetPeriodicEventStream",
            {},
            {"constantStreamData": [
                {"id": 1, "variableMonitoringId": 12, "params": {"interval": 5}}
            ]},
            [StreamSaid(1, 12, StreamParams(5, None))],
        ),
        Asked(
            lambda find: StationStreams(find).adjust(STATION, 1, StreamParams(5, 10)),
            "AdjustPeriodicEventStream",
            {"id": 1, "params": {"interval": 5, "values": 10}},
            NO,
            REFUSED,
        ),
    ]  # fmt: skip


def screens() -> list[Asked]:
    def displays(find: FindLink) -> StationDisplays:
        return StationDisplays(find, DisplayReports())

    return [
        Asked(
            lambda find: displays(find).show(STATION, MESSAGE, patience_s=3),
            "SetDisplayMessage",
            {"message": SHOWN},
            {"status": "UnknownTransaction", "statusInfo": INFO},
            Reply(accepted=False, status="UnknownTransaction", info="Busy: later"),
        ),
        Asked(
            lambda find: displays(find).show(STATION, PLAIN),
            "SetDisplayMessage",
            {
                "message": {
                    "id": 4,
                    "priority": "NormalCycle",
                    "message": SHOWN["message"],
                }
            },
            YES,
            DONE,
        ),
        Asked(
            lambda find: displays(find).clear(STATION, 3, patience_s=3),
            "ClearDisplayMessage",
            {"id": 3},
            {"status": "Unknown"},
            Reply(accepted=False, status="Unknown"),
        ),
    ]


ALL = [*upkeep(), *watching(), *screens()]


@pytest.mark.parametrize("asked", ALL, ids=lambda asked: str(asked.action))
async def test_a_wish_is_one_request_and_its_answer_is_understood(asked: Asked) -> None:
    await asked.assert_understood()


@pytest.mark.parametrize("asked", ALL, ids=lambda asked: str(asked.action))
async def test_nobody_there_is_no_answer(asked: Asked) -> None:
    await asked.assert_nobody_there()
