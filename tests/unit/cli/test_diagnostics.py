"""Logs, monitors, alerts, customers and streams at a terminal."""

import json
from pathlib import Path
from typing import Any

from tests.unit.cli.conftest import Run
from tests.unit.cli.fake_api import FakeApi

S = "stations/MA-1"
NAME = {
    "component": "EVSE",
    "variable": "Power",
    "component_instance": "",
    "variable_instance": "",
    "evse": 1,
    "connector": 0,
}
LOG: dict[str, Any] = {
    "id": 12,
    "station": "MA-1",
    "log": "DiagnosticsLog",
    "state": "uploaded",
    "detail": "",
    "requested_by": "op",
    "requested_at": "2026-07-14T20:00:00Z",
    "location": None,
    "file": {"name": "a.log", "size_bytes": 9, "sha256": "ab12", "here": True},
    "history": [{"at": "2026-07-14T20:01:00Z", "status": "Uploading", "info": ""}],
}
MONITOR = {
    "id": 101,
    "variable": NAME,
    "kind": "Delta",
    "value": 1.0,
    "severity": 8,
    "status": "Accepted",
    "info": "",
    "origin": "CustomMonitor",
}
ANSWER = {"accepted": True, "status": "Accepted", "info": ""}
STREAM = {
    "id": 7,
    "monitor": 101,
    "params": {"values": 60, "interval_s": None},
    "open": True,
    "received": 5,
    "dropped": 0,
    "pending": 0,
    "last_at": None,
}
CUSTOMER = {
    "id": 3,
    "station": "MA-1",
    "by": "id_token",
    "reference": {"id_token": "04A1", "type": "ISO14443"},
    "report": True,
    "clear": True,
    "status": "Accepted",
    "complete": True,
    "requested_by": "root",
    "requested_at": "2026-07-14T20:00:00Z",
    "parts": [{"data": "is called "}, {"data": "Ann"}],
}


class TestLogs:
    def test_a_log_is_asked_for(self, api: FakeApi, run: Run) -> None:
        api.on(f"POST {S}/logs", LOG | {"state": "accepted"}, 201)

        done = run("logs", "ask", "MA-1", "--log", "security", "--retries", "2")

        assert (done.exit_code, done.stdout.strip()) == (0, "log 12 is accepted")
        body = api.body(f"POST {S}/logs")
        assert (body["log"], body["retries"]) == ("SecurityLog", 2)

    def test_logs_are_listed_and_shown(self, api: FakeApi, run: Run) -> None:
        api.on("GET logs", {"items": [LOG], "next": None})
        api.on(f"GET {S}/logs", {"items": [], "next": None})
        api.on("GET logs/12", LOG)

        assert "a.log (9 bytes)" in run("logs", "list").stdout
        assert "No log was asked for" in run("logs", "list", "MA-1").stdout
        shown = run("logs", "show", "12").stdout
        assert "ab12" in shown
        assert "Uploading" in shown
        assert json.loads(run("logs", "show", "12", "--json").stdout) == LOG

    def test_a_log_is_written_to_a_file(
        self, api: FakeApi, run: Run, tmp_path: Path
    ) -> None:
        api.on("GET logs/12/file", b"a\nlog")
        to = tmp_path / "out.log"

        assert run("logs", "download", "12", "-o", str(to)).exit_code == 0
        assert to.read_bytes() == b"a\nlog"

    def test_nothing_is_deleted_unasked(self, api: FakeApi, run: Run) -> None:
        api.on("DELETE logs/12", None, 204)

        assert run("logs", "delete", "12", typed="no\n").exit_code != 0
        assert not api.asked("DELETE logs/12")
        assert run("logs", "delete", "12", typed="12\n").exit_code == 0


class TestMonitors:
    def test_a_monitor_is_set_with_a_stream(self, api: FakeApi, run: Run) -> None:
        api.on(f"PUT {S}/monitors", {"items": [MONITOR], "next": None})

        done = run(
            "monitors", "set", "MA-1", "EVSE.Power", "Periodic", "5",
            "--severity", "8", "--evse", "1", "--stream-values", "60",
        )  # fmt: skip

        assert done.exit_code == 0
        assert "EVSE@1.Power" in done.stdout
        (sent,) = api.body(f"PUT {S}/monitors")["monitors"]
        assert (sent["component"], sent["variable"], sent["evse"]) == (
            "EVSE",
            "Power",
            1,
        )
        assert sent["stream"] == {"values": 60, "interval_s": None}

    def test_monitors_are_shown_cleared_and_reported(
        self, api: FakeApi, run: Run
    ) -> None:
        view = {"base": "All", "level": 4, "wanted": [MONITOR], "reported": [MONITOR]}
        api.on(f"GET {S}/monitors", view)
        cleared = {"id": 101, "status": "Accepted", "info": ""}
        api.on(f"POST {S}/monitors/clear", {"items": [cleared]})
        api.on(f"POST {S}/monitoring-reports", {"id": 5, "status": "Accepted"}, 202)

        assert "CustomMonitor" in run("monitors", "show", "MA-1").stdout
        assert run("monitors", "clear", "MA-1", "101", "--yes").exit_code == 0
        assert api.body(f"POST {S}/monitors/clear") == {"ids": [101]}
        said = run("monitors", "report", "MA-1", "--criterion", "DeltaMonitoring")
        assert said.stdout.strip() == "report 5: Accepted"
        assert api.body(f"POST {S}/monitoring-reports") == {
            "criteria": ["DeltaMonitoring"]
        }

    def test_base_and_level_are_set(self, api: FakeApi, run: Run) -> None:
        api.on(f"PUT {S}/monitoring-base", ANSWER)
        api.on(f"PUT {S}/monitoring-level", ANSWER)

        base = run("monitors", "base", "MA-1", "All", "--yes")
        level = run("monitors", "level", "MA-1", "4")

        assert base.stdout.strip() == level.stdout.strip() == "MA-1: Accepted"
        assert api.body(f"PUT {S}/monitoring-level") == {"severity": 4}

    def test_streams_are_listed_read_and_adjusted(self, api: FakeApi, run: Run) -> None:
        api.on(f"GET {S}/event-streams", {"items": [STREAM]})
        api.on(f"POST {S}/event-streams/ask", {"items": []})
        value = {"at": "2026-07-14T20:00:00Z", "value": "7000"}
        api.on(f"GET {S}/event-streams/7", {"stream": STREAM, "items": [value]})
        api.on(f"PATCH {S}/event-streams/7", ANSWER)

        assert "101" in run("streams", "list", "MA-1").stdout
        assert "No stream" in run("streams", "list", "MA-1", "--ask").stdout
        assert "7000" in run("streams", "values", "MA-1", "7").stdout
        assert run("streams", "adjust", "MA-1", "7", "--values", "9").exit_code == 0
        assert api.body(f"PATCH {S}/event-streams/7") == {
            "values": 9,
            "interval_s": None,
        }


class TestAlerts:
    def test_alerts_are_listed_and_ended(self, api: FakeApi, run: Run) -> None:
        alert = {
            "id": 4,
            "station": "MA-1",
            "rule": "danger",
            "variable": NAME,
            "value": "9",
            "severity": 0,
            "raised_at": "2026-07-14T20:00:00Z",
            "count": 2,
            "cleared_at": None,
        }
        api.on("GET alerts", {"items": [alert], "next": None})
        api.on("POST alerts/4/end", None, 204)

        assert "danger" in run("alerts", "list").stdout
        assert api.last("GET alerts").url.params["open"] == "true"
        assert run("alerts", "list", "--all").exit_code == 0
        assert "open" not in api.last("GET alerts").url.params
        assert run("alerts", "end", "4").stdout.strip() == "alert 4 is over"

    def test_events_are_listed(self, api: FakeApi, run: Run) -> None:
        event = {
            "at": "2026-07-14T20:00:00Z",
            "variable": NAME,
            "value": "12",
            "severity": 3,
            "trigger": "Alerting",
            "cleared": None,
            "transaction": None,
        }
        api.on(f"GET {S}/events", {"items": [event], "next": None})

        assert "Alerting" in run("alerts", "events", "MA-1", "--severity", "3").stdout

    def test_a_rule_is_saved_and_forgotten(self, api: FakeApi, run: Run) -> None:
        rule = {"id": "fans", "enabled": False}
        api.on("PUT alert-rules/fans", rule)
        api.on("DELETE alert-rules/fans", None, 204)
        api.on("GET alert-rules", {"items": [rule], "next": None})

        saved = run("alert-rules", "save", "fans", "--component", "Fan*", "--off")

        assert saved.stdout.strip() == "rule fans is switched off"
        body = api.body("PUT alert-rules/fans")
        assert (body["component"], body["enabled"]) == ("Fan*", False)
        assert "triggers" not in body
        assert "fans" in run("alert-rules", "list").stdout
        assert run("alert-rules", "forget", "fans").exit_code == 0


class TestCustomers:
    def test_a_customer_is_forgotten_once_it_is_confirmed(
        self, api: FakeApi, run: Run
    ) -> None:
        what = f"POST {S}/customer-information"
        api.on(what, CUSTOMER, 202)
        asked = ("customers", "ask", "MA-1", "--id-token", "ISO14443:04A1", "--clear")

        assert run(*asked, typed="no\n").exit_code != 0
        assert not api.asked(what)
        assert run(*asked, "--yes").stdout.strip() == "request 3: Accepted"
        assert api.body(what) == {
            "report": True,
            "clear": True,
            "id_token": {"id_token": "04A1", "type": "ISO14443"},
        }

    def test_a_customer_is_meant_by_a_certificate(self, api: FakeApi, run: Run) -> None:
        what = f"POST {S}/customer-information"
        api.on(what, CUSTOMER, 202)

        run("customers", "ask", "MA-1", "--certificate", "SHA256:aa:bb:0c")

        assert api.body(what)["customer_certificate"] == {
            "hash_algorithm": "SHA256",
            "issuer_name_hash": "aa",
            "issuer_key_hash": "bb",
            "serial_number": "0c",
        }

    def test_what_was_told_is_read_and_deleted(self, api: FakeApi, run: Run) -> None:
        api.on("GET customer-information/3", CUSTOMER)
        api.on(f"GET {S}/customer-information", {"items": [CUSTOMER], "next": None})
        api.on("DELETE customer-information/3", None, 204)

        assert "is called Ann" in run("customers", "show", "3").stdout
        assert "Accepted" in run("customers", "list", "MA-1").stdout
        assert run("customers", "delete", "3", "--yes").exit_code == 0
