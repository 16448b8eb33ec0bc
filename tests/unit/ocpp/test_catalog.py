"""Which models a node loads, and how a message without an answer travels."""

import subprocess
import sys

import pytest

from csms.ocpp.editions import NotInEdition, check
from csms.ocpp.frames import Send, decode, encode
from csms.ocpp.messages.catalog import BY_NAME, MODELED
from csms.ocpp.messages.event_streams import (
    NOTIFY_PERIODIC_EVENT_STREAM,
    NotifyPeriodicEventStream,
)
from csms.ocpp.messages.monitoring import (
    NOTIFY_MONITORING_REPORT,
    NotifyMonitoringReportRequest,
)
from csms.ocpp.wire import Edition, Unconfirmed
from tests.unit.ocpp.payloads import AT, STREAM

BUILT = """
from csms.ocpp.messages import HANDLED, SENT
from csms.ocpp.wire import Wire

def below(kind):
    for each in kind.__subclasses__():
        yield each
        yield from below(each)

models = list(below(Wire))
print(len(models), sum(each.__pydantic_complete__ for each in models))
"""
MONITOR = {"id": 1, "transaction": False, "value": 1, "type": "Delta", "severity": 5}


def _report(**more: object) -> NotifyMonitoringReportRequest:
    variable = {"component": {"name": "EVSE"}, "variable": {"name": "Power"}}
    monitor = {**variable, "variableMonitoring": [{**MONITOR, **more}]}
    return NotifyMonitoringReportRequest.read_whole(
        {"requestId": 1, "seqNo": 0, "generatedAt": AT, "monitor": [monitor]}
    )


def test_a_model_is_built_when_it_is_first_used() -> None:
    said = subprocess.run(
        [sys.executable, "-c", BUILT], capture_output=True, text=True, check=True
    )

    models, built = map(int, said.stdout.split())
    assert models > 300
    assert built == 0


def test_every_action_is_found_by_its_name() -> None:
    assert [BY_NAME[action.name] for action in MODELED] == [*MODELED]


def test_a_message_without_an_answer_travels_as_send() -> None:
    action = NOTIFY_PERIODIC_EVENT_STREAM
    message = NotifyPeriodicEventStream.read_whole(STREAM)

    frame = Send("m-1", action.name, message.write())

    assert isinstance(action, Unconfirmed)
    assert not hasattr(action, "response")
    assert encode(frame).startswith('[6,"m-1","NotifyPeriodicEventStream",{')
    assert decode(encode(frame)) == Send("m-1", action.name, STREAM)


def test_a_report_of_monitors_is_read_in_both_editions() -> None:
    old, new = _report(), _report(eventNotificationType="CustomMonitor")

    check(Edition.V201, NOTIFY_MONITORING_REPORT, old)
    check(Edition.V21, NOTIFY_MONITORING_REPORT, new)


def test_what_only_2_1_requires_is_missed_in_2_1() -> None:
    with pytest.raises(NotInEdition) as refusal:
        check(Edition.V21, NOTIFY_MONITORING_REPORT, _report())

    assert refusal.value.reason == "required"
    assert refusal.value.edition is Edition.V21
    assert refusal.value.field == (
        "monitor[0].variableMonitoring[0].eventNotificationType"
    )


def test_what_2_0_1_does_not_know_of_a_monitor_is_refused() -> None:
    report = _report(eventNotificationType="CustomMonitor")

    with pytest.raises(NotInEdition, match="no such field"):
        check(Edition.V201, NOTIFY_MONITORING_REPORT, report)
