"""`csms charging` and `csms grid-controls`: what is asked, and what is shown."""

import json
from pathlib import Path
from typing import Any

from csms.cli.failures import ExitCode
from tests.unit.cli.conftest import Run
from tests.unit.cli.fake_api import FakeApi

WHERE = "stations/MA-1"
PROFILE: dict[str, Any] = {
    "id": 200,
    "standing": "differs",
    "source": "CSO",
    "purpose": "TxProfile",
    "evse": 1,
    "by": "op",
    "intended_at": "2026-07-14T12:00:00Z",
    "reported_at": None,
}
CONTROL: dict[str, Any] = {
    "id": "c-1",
    "kind": "LimitMaxDischarge",
    "default": False,
    "priority": 1,
    "state": "reported",
    "superseded": True,
    "running": False,
    "by": "op",
    "reported_at": None,
}


def test_profiles_are_listed_or_asked_for(run: Run, api: FakeApi) -> None:
    api.on(f"GET {WHERE}/charging-profiles", {"items": []})
    api.on(f"POST {WHERE}/charging-profiles/refresh", {"items": [PROFILE]})

    assert "No profile." in run("charging", "profiles", "MA-1").output
    asked = run("charging", "profiles", "MA-1", "--ask")

    assert "differs" in asked.output
    assert api.asked(f"POST {WHERE}/charging-profiles/refresh")


def test_a_profile_is_set_from_a_file(run: Run, api: FakeApi, tmp_path: Path) -> None:
    api.on(
        f"POST {WHERE}/charging-profiles",
        {"accepted": False, "reason": "InvalidSchedule", "info": "no"},
    )
    file = tmp_path / "profile.json"
    file.write_text(json.dumps({"id": 1}))

    said = run("charging", "set", "MA-1", str(file))

    assert "refused it: InvalidSchedule no" in said.output
    assert api.body(f"POST {WHERE}/charging-profiles") == {"id": 1}
    file.write_text("[]")
    assert run("charging", "set", "MA-1", str(file)).exit_code == ExitCode.USAGE


def test_clearing_is_confirmed(run: Run, api: FakeApi) -> None:
    api.on(f"DELETE {WHERE}/charging-profiles/200", {"cleared": True})

    assert run("charging", "clear", "MA-1", "200", typed="no\n").exit_code != 0
    assert not api.requests
    assert "cleared" in run("charging", "clear", "MA-1", "200", "--yes").output


def test_schedules_are_shown_side_by_side(run: Run, api: FakeApi) -> None:
    ours = {"periods": [{"start_s": 3600, "limit": 7000}]}
    different = {
        "start": "2026-07-14T12:00:00Z",
        "end": "2026-07-14T13:00:00Z",
        "name": "limit",
        "ours": 7000,
        "theirs": None,
    }
    api.on(
        f"GET {WHERE}/composite-schedule",
        {
            "ours": ours,
            "theirs": None,
            "refusal": "UnknownEvse",
            "differences": [different],
        },
    )

    said = run("charging", "composite", "MA-1", "--evse", "1")

    assert "+1:00:00" in said.output
    assert "UnknownEvse" in said.output
    query = api.last(f"GET {WHERE}/composite-schedule").url.params
    assert (query["evse"], query["duration_s"]) == ("1", "86400")


def test_a_vehicle_is_put_first_and_allowed(run: Run, api: FakeApi) -> None:
    reply = {"accepted": True, "status": "Accepted", "info": ""}
    place = f"{WHERE}/evses/1"
    api.on(f"PUT {place}/priority-charging", reply)
    api.on(f"PUT {place}/energy-transfer", reply)
    api.on(f"GET {place}/energy-transfer", {"offered": [], "allowed": ["DC"]})
    api.on(f"POST {WHERE}/afrr-signal", reply)

    assert "Accepted" in run("charging", "priority", "MA-1", "1", "--off").output
    assert "allowed: DC" in run("charging", "transfer", "MA-1", "1").output
    run("charging", "transfer", "MA-1", "1", "--charging-only")
    run("charging", "signal", "MA-1", "--", "-3")

    assert api.body(f"PUT {place}/priority-charging") == {"active": False}
    assert api.body(f"PUT {place}/energy-transfer") == {"bidirectional": False}
    assert api.body(f"POST {WHERE}/afrr-signal") == {"signal": -3}


def test_controls_are_listed_set_and_cleared(
    run: Run, api: FakeApi, tmp_path: Path
) -> None:
    place = f"{WHERE}/der-controls"
    reply = {"accepted": True, "status": "Accepted", "info": ""}
    api.on(f"GET {place}", {"supported": ["VoltVar"], "items": [CONTROL]})
    api.on(f"PUT {place}/c-2", {**reply, "superseded": ["c-1"]})
    api.on(f"DELETE {place}/c-1", reply)
    file = tmp_path / "control.json"
    file.write_text("{}")

    assert "LimitMaxDischarge" in run("grid-controls", "list", "MA-1").output
    said = run("grid-controls", "set", "MA-1", "c-2", str(file))
    run("grid-controls", "clear", "MA-1", "c-1", "--default", "--yes")

    assert "it supersedes c-1" in said.output
    assert api.last(f"DELETE {place}/c-1").url.params["default"].lower() == "true"


def test_alarms_limits_and_needs_are_listed(run: Run, api: FakeApi) -> None:
    for path in ("der-alarms", "charging-limits", "evses/1/negotiations"):
        api.on(f"GET {WHERE}/{path}", {"items": []})

    assert "No alarm." in run("grid-controls", "alarms", "MA-1").output
    assert "No limit." in run("charging", "limits", "MA-1").output
    assert "No needs." in run("charging", "needs", "MA-1", "1").output
