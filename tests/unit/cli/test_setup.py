"""How stations are set up, at a terminal."""

import json
from pathlib import Path
from typing import Any

import pytest

from csms.cli.failures import Failed
from csms.cli.naming import assigned, named
from tests.unit.cli.conftest import Run
from tests.unit.cli.fake_api import FakeApi

Json = dict[str, Any]
RESULT: Json = {
    "component": "OCPPCommCtrlr",
    "component_instance": "",
    "evse": 0,
    "connector": 0,
    "variable": "OfflineThreshold",
    "variable_instance": "",
    "attribute": "Actual",
    "status": "Accepted",
    "info": "",
    "value": "300",
    "due": False,
}
DRIFT: Json = {
    "name": "OCPPCommCtrlr.OfflineThreshold",
    "template": "offline",
    "wanted": "300",
    "actual": "600",
    "kind": "value",
    "required": True,
    "since": "2026-07-14T00:00:00Z",
}
RESET: Json = {
    "evse": 1,
    "type": "OnIdle",
    "status": "Scheduled",
    "info": "",
    "by": "ada",
    "asked_at": "2026-07-14T00:00:00Z",
    "done_at": None,
    "boot_reason": None,
}


@pytest.mark.parametrize(
    ("said", "parts"),
    [
        ("A.B", {"component": "A", "variable": "B"}),
        (
            "A[x]@1:2.B[y]#Target",
            {
                "component": "A",
                "component_instance": "x",
                "evse": 1,
                "connector": 2,
                "variable": "B",
                "variable_instance": "y",
                "attribute": "Target",
            },
        ),
    ],
)
def test_a_variable_is_named_as_people_write_it(said: str, parts: Json) -> None:
    assert named(said) == parts


@pytest.mark.parametrize("said", ["A", ".B", "A@x.B", "A.B.C", ""])
def test_what_names_no_variable_is_refused(said: str) -> None:
    with pytest.raises(Failed):
        named(said)


def test_a_value_may_hold_anything() -> None:
    assert assigned("A.B=x=y, z")["value"] == "x=y, z"
    with pytest.raises(Failed):
        assigned("A.B")


def test_variables_are_read_and_set(api: FakeApi, run: Run) -> None:
    api.on("POST stations/MA-1/variables/read", {"items": [RESULT], "next": None})
    api.on("PATCH stations/MA-1/variables", {"items": [RESULT], "next": None})

    read = run("stations", "get", "MA-1", "OCPPCommCtrlr.OfflineThreshold")
    run("stations", "set", "MA-1", "OCPPCommCtrlr.OfflineThreshold=300")

    assert "OfflineThreshold" in read.stdout
    assert api.body("PATCH stations/MA-1/variables")["variables"] == [
        {"component": "OCPPCommCtrlr", "variable": "OfflineThreshold", "value": "300"}
    ]


def test_a_report_is_a_base_report_or_a_custom_one(api: FakeApi, run: Run) -> None:
    made = {"report": {"id": 1, "kind": "Custom", "parts": 1}, "variables": [RESULT]}
    api.on("POST stations/MA-1/reports", made)

    run("stations", "report", "MA-1")
    full = api.body("POST stations/MA-1/reports")
    run(
        *("stations", "report", "MA-1", "--criterion", "Problem"),
        *("--variable", "EVSE@1"),
    )
    custom = api.body("POST stations/MA-1/reports")

    assert full["base"] == "FullInventory"
    assert custom == {
        "base": None,
        "criteria": ["Problem"],
        "variables": [{"component": "EVSE", "evse": 1}],
    }


def test_drift_is_listed_for_one_and_for_all(api: FakeApi, run: Run) -> None:
    api.on("GET stations/MA-1/drift", {"items": [DRIFT], "next": None})
    page = {"items": [{"station": "MA-2", "items": [DRIFT]}], "next": None}
    api.on("GET drift", page)

    one = run("stations", "drift", "MA-1", "--json")
    everyone = run("stations", "drift", "--json")

    assert [each["station"] for each in json.loads(one.stdout)] == ["MA-1"]
    assert [each["station"] for each in json.loads(everyone.stdout)] == ["MA-2"]
    assert "600" in run("stations", "drift").stdout


def test_a_repair_is_confirmed(api: FakeApi, run: Run) -> None:
    done = {"name": DRIFT["name"], "wanted": "300", "outcome": "held", "detail": "busy"}
    api.on("POST stations/MA-1/drift/repair", {"items": [done], "next": None})

    refused = run("stations", "repair", "MA-1")
    assert refused.exit_code != 0
    assert not api.asked("POST stations/MA-1/drift/repair")
    allowed = run("stations", "repair", "MA-1", "--yes")

    assert "held" in allowed.stdout
    assert api.body("POST stations/MA-1/drift/repair") == {"variables": None}


def test_a_restart_waits_unless_it_is_told_not_to(api: FakeApi, run: Run) -> None:
    api.on("POST stations/MA-1/resets", RESET, 201)

    idle = run("stations", "reset", "MA-1", "--evse", "1")
    assert api.body("POST stations/MA-1/resets") == {"type": "OnIdle", "evse": 1}
    run("stations", "reset", "MA-1", "--immediate", "--yes")

    assert "Scheduled" in idle.stdout
    assert api.body("POST stations/MA-1/resets") == {"type": "Immediate", "evse": None}


def test_a_way_to_connect_comes_from_a_file(
    api: FakeApi, run: Run, tmp_path: Path
) -> None:
    way = {"ocpp_csms_url": "wss://csms.example", "security_profile": 2}
    kept = {
        "document": {"ocppCsmsUrl": "wss://csms.example", "securityProfile": 2},
        "status": "Accepted",
        "info": "",
        "at": "2026-07-14T00:00:00Z",
        "by": "ada",
    }
    api.on("PUT stations/MA-1/network-profiles/2", kept)
    said = {"status": "Accepted", "info": "", "reads": "2,1", "due": True}
    api.on("PUT stations/MA-1/network-priority", said)
    file = tmp_path / "way.json"
    file.write_text(json.dumps(way))

    shown = run("stations", "set-network-profile", "MA-1", "2", str(file), "--yes")
    order = run("stations", "set-network-priority", "MA-1", "2", "1", "--yes")

    assert api.body("PUT stations/MA-1/network-profiles/2") == way
    assert "wss://csms.example" in shown.stdout
    assert api.body("PUT stations/MA-1/network-priority") == {"slots": [2, 1]}
    assert "next restart" in order.stderr


@pytest.mark.parametrize(
    ("command", "path", "rows"),
    [
        ("reports", "stations/MA-1/reports", [{"id": 1, "kind": "Custom"}]),
        ("resets", "stations/MA-1/resets", [RESET]),
        (
            "network-profiles",
            "stations/MA-1/network-profiles",
            [{"slot": 1, "rank": 0, "active": True, "profile": None}],
        ),
    ],
)
def test_what_was_done_is_listed(
    api: FakeApi, run: Run, command: str, path: str, rows: list[Json]
) -> None:
    api.on(f"GET {path}", {"items": rows, "next": None})

    done = run("stations", command, "MA-1", "--json")

    assert json.loads(done.stdout) == rows


def test_templates_are_listed_with_their_reasons(api: FakeApi, run: Run) -> None:
    wish = {
        "component": "AuthCtrlr",
        "variable": "LocalAuthorizeOffline",
        "instance": "",
        "value": "true",
        "fit": "exact",
        "required": False,
        "why": "known people charge",
    }
    items = [{"id": "offline", "about": "", "variables": [wish]}]
    api.on("GET templates", {"items": items, "next": None})

    assert "LocalAuthorizeOffline" in run("stations", "templates").stdout
