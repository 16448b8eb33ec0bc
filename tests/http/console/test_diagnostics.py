"""Alerts, monitors and logs on the page of a station."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from csms.domain.alert import SeverityFrom, StationEvent, Trigger
from csms.domain.ids import StationId
from csms.domain.log_job import LogFile, LogKind, LogRequest
from csms.domain.monitor import MonitorIntent, MonitorKind, MonitorSetting
from csms.domain.station import VariableKey
from tests.browser.serving import Served

pytestmark = pytest.mark.sockets
STATION = StationId("MA-ACTON-BOXBOROUGH-01")
HERE = f"/stations/{STATION}"
KEY = VariableKey("EVSE", "Power", evse=1)


async def busy(shown: Served) -> int:
    """Let the station have raised an alert, hold a monitor, and have sent a log."""
    node: Any = shown.site.node
    now = node.clock.now()
    event = StationEvent(
        STATION,
        1,
        now,
        now,
        Trigger.ALERTING,
        "CustomMonitor",
        KEY,
        "<9000>",
        severity=1,
        severity_from=SeverityFrom.EVENT,
    )
    await node.diagnostics.alerts.take([event])
    setting = MonitorSetting(KEY, MonitorKind.UPPER_THRESHOLD, 8000.0, 1, id=101)
    intent = MonitorIntent(STATION, setting, "Accepted", "", "test", now)
    async with node.begin() as work:
        await work.monitors.save_intents([intent])
        job = await work.logs.add(
            LogRequest(STATION, LogKind.SECURITY),
            by="test",
            at=now - timedelta(minutes=5),
            secret_hash=None,
            secret_expires_at=None,
        )
        await work.logs.save_file(job, LogFile("s.log", "", 1234, "ab"), now)
    return int(job)


def test_what_it_raised_watches_and_sent_is_shown(
    shown: Served, operator: httpx.Client, viewer: httpx.Client
) -> None:
    job = shown.run(busy(shown))

    page = operator.get(HERE).text
    watched = viewer.get(HERE).text.split('id="diagnostics"')[1].split("</section>")[0]

    assert "EVSE@1.Power" in page
    assert "&lt;9000&gt;" in page
    assert "<9000>" not in page
    assert "UpperThreshold" in page
    assert "s.log" in page
    assert f"{HERE}/logs/{job}/download" in page
    assert "<form" not in watched
    (alert,) = operator.get(f"/api/v1/alerts?station={STATION}&open=true").json()[
        "items"
    ]
    ended = operator.post(f"{HERE}/alerts/{alert['id']}/end")
    assert ended.status_code == 303
    assert ended.headers["location"] == f"{HERE}#diagnostics"
    assert "No alert is open" in operator.get(HERE).text


def test_who_only_looks_asks_for_nothing(viewer: httpx.Client) -> None:
    asked = [
        viewer.post(f"{HERE}/logs", data={"log": "SecurityLog"}),
        viewer.post(f"{HERE}/monitors/report"),
        viewer.post(f"{HERE}/alerts/1/end"),
        viewer.post(f"{HERE}/logs/1/download"),
    ]

    assert {each.status_code for each in asked} == {403}


def test_what_cannot_be_done_is_explained(operator: httpx.Client) -> None:
    never = operator.post(f"{HERE}/logs", data={"log": "Diary"})
    away = operator.post(f"{HERE}/logs", data={"log": "SecurityLog"})
    gone = operator.post(f"{HERE}/logs/1/download")

    assert (never.status_code, "no log Diary" in never.text) == (422, True)
    assert away.status_code == 303
    assert "no answer (unreachable)" in operator.get(HERE).text
    assert gone.status_code == 404
