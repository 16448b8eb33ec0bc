"""`csms roots`: what is asked of the API, what is printed, and exit codes."""

import json
from pathlib import Path
from typing import Any

from tests.authorities import issue
from tests.unit.cli.conftest import Run
from tests.unit.cli.fake_api import FakeApi, problem

ROOT = issue("V2G Root")
ITEM: dict[str, Any] = {
    "use": "V2GRootCertificate",
    "fingerprint": ROOT.fingerprint,
    "subject": "CN=V2G Root,O=Example",
    "issuer": "CN=V2G Root,O=Example",
    "serial": "a11ce",
    "not_before": "2025-07-13T23:30:00Z",
    "not_after": "2036-07-11T23:30:00Z",
    "days_left": 3650,
    "key": "EC 256",
    "self_signed": True,
    "added_by": "somebody",
    "added_at": "2026-07-13T23:30:00Z",
    "replaced_by": None,
}
CHANGE: dict[str, Any] = {
    "id": 7,
    "use": "CSMSRootCertificate",
    "old": "00aa",
    "new": "00bb",
    "stage": "ready",
    "by": "somebody",
    "started_at": "2026-07-13T23:30:00Z",
    "updated_at": "2026-07-13T23:30:00Z",
    "switched_at": None,
    "counts": {"verified": 2},
    "members": [
        {
            "station": "MA-1",
            "stage": "verified",
            "attempts": 0,
            "due_at": "2026-07-13T23:30:00Z",
            "detail": "",
        }
    ],
}
HELD = {
    "station": "MA-1",
    "reported_at": "2026-07-13T23:30:00Z",
    "entries": 1,
    "most": 3,
    "held": [
        {
            "id": "0123456789abcdef0123",
            "use": "V2GRootCertificate",
            "hash": {"serial_number": "a11ce"},
            "children": [],
            "fingerprint": ROOT.fingerprint,
            "subject": "CN=V2G Root,O=Example",
            "not_after": "2036-07-11T23:30:00Z",
            "wanted": True,
        }
    ],
    "intents": [],
    "drift": [
        {
            "kind": "missing",
            "use": "MORootCertificate",
            "fingerprint": "00aa",
            "subject": "CN=MO Root",
        }
    ],
}
ROOTS = "certificates/roots"
CHANGES = "certificates/rotations"


def page(*items: dict[str, Any]) -> dict[str, Any]:
    return {"items": list(items), "next": None}


def test_roots_are_listed_and_narrowed(run: Run, api: FakeApi) -> None:
    api.on(f"GET {ROOTS}", page(ITEM))

    shown = run("roots", "list", "--use", "v2g")

    assert shown.exit_code == 0
    assert "CN=V2G Root" in shown.stdout
    assert api.last(f"GET {ROOTS}").url.params["use"] == "V2GRootCertificate"


def test_a_root_is_shown_with_its_hashes(run: Run, api: FakeApi) -> None:
    said = {
        "hash_algorithm": "SHA256",
        "issuer_name_hash": "ab",
        "issuer_key_hash": "cd",
        "serial_number": "a11ce",
    }
    path = f"GET {ROOTS}/V2GRootCertificate/{ROOT.fingerprint}"
    api.on(path, ITEM | {"pem": ROOT.pem, "hashes": [said]})

    shown = run("roots", "show", "V2G", ROOT.fingerprint)

    assert "SHA256" in shown.stdout
    assert "BEGIN CERTIFICATE" in shown.stdout


def test_a_root_is_added_from_a_file(run: Run, api: FakeApi, tmp_path: Path) -> None:
    file = tmp_path / "root.pem"
    file.write_text(ROOT.pem)
    api.on(f"POST {ROOTS}", ITEM, 201)

    shown = run("roots", "add", "V2GRootCertificate", str(file))

    assert shown.exit_code == 0
    assert api.body(f"POST {ROOTS}") == {"use": "V2GRootCertificate", "pem": ROOT.pem}


def test_what_is_no_file_or_no_use_is_told(run: Run, api: FakeApi) -> None:
    missing = run("roots", "add", "V2G", "/nowhere/root.pem")
    odd = run("roots", "list", "--use", "mine")

    assert (missing.exit_code, odd.exit_code) == (2, 2)
    assert "One of v2g" in odd.stderr
    assert api.requests == []


def test_a_refusal_keeps_its_remedy(run: Run, api: FakeApi, tmp_path: Path) -> None:
    file = tmp_path / "root.pem"
    file.write_text("garbage")
    api.on(f"POST {ROOTS}", problem(422, remedy="give it in PEM"), 422)

    refused = run("roots", "add", "V2G", str(file))

    assert refused.exit_code == 2
    assert "give it in PEM" in refused.stderr


def test_nothing_goes_before_somebody_looked(run: Run, api: FakeApi) -> None:
    path = f"DELETE {ROOTS}/MORootCertificate/{ROOT.fingerprint}"
    api.on(path, None, 204)

    hasty = run("roots", "remove", "MO", ROOT.fingerprint, typed="no\n")
    sure = run("roots", "remove", "MO", ROOT.fingerprint, "--yes")

    assert (hasty.exit_code, sure.exit_code) == (1, 0)
    assert len(api.requests) == 1


def test_what_a_station_holds_is_shown_with_what_differs(
    run: Run, api: FakeApi
) -> None:
    api.on("GET stations/MA-1/certificates", HELD)
    api.on("POST stations/MA-1/certificates/read", HELD)

    shown = run("roots", "installed", "MA-1")
    asked = run("roots", "installed", "MA-1", "--ask", "--json")

    assert "missing" in shown.stdout
    assert "0123456789abcdef0123" in shown.stdout
    assert json.loads(asked.stdout) == HELD


def test_what_a_station_answers_is_told(run: Run, api: FakeApi) -> None:
    for done, verified, status, words in (
        (True, True, "Accepted", "its report shows it"),
        (True, None, "Accepted", "it does not say what it holds now"),
        (False, None, "Rejected", "Rejected"),
        (False, None, "NoAnswer", "NoAnswer"),
    ):
        said = {"done": done, "status": status, "info": "", "verified": verified}
        http = 504 if status == "NoAnswer" else 200
        api.on("POST stations/MA-1/certificates", said, http)
        api.on("DELETE stations/MA-1/certificates/0123", said)

        installed = run("roots", "install", "MA-1", "CSMS", "00AA")
        deleted = run("roots", "delete", "MA-1", "0123", "--yes")

        assert (installed.exit_code == 0, deleted.exit_code == 0) == (done, done)
        assert words in installed.stdout
    assert api.body("POST stations/MA-1/certificates") == {
        "use": "CSMSRootCertificate",
        "fingerprint": "00AA",
    }


def test_a_change_goes_from_start_to_end(run: Run, api: FakeApi) -> None:
    api.on(f"POST {CHANGES}", CHANGE, 201)
    api.on(f"GET {CHANGES}", page(CHANGE))
    api.on(f"POST {CHANGES}/7/switch", CHANGE | {"stage": "switched"})
    api.on(f"POST {CHANGES}/7/retry", None, 204)
    api.on(f"POST {CHANGES}/7/cancel", None, 204)

    done = [
        run("roots", "rotate", "CSMS", "00aa", "00bb", "--station", "MA-1"),
        run("roots", "changes"),
        run("roots", "changes", "7"),
        run("roots", "switch", "7", "--leave-out", "MA-2", "--yes"),
        run("roots", "retry", "7", "MA-1"),
        run("roots", "cancel", "7"),
    ]
    unknown = run("roots", "changes", "8")

    assert [each.exit_code for each in done] == [0] * 6
    assert unknown.exit_code != 0
    assert api.body(f"POST {CHANGES}") == {
        "use": "CSMSRootCertificate",
        "old": "00aa",
        "new": "00bb",
        "stations": ["MA-1"],
    }
    assert api.body(f"POST {CHANGES}/7/switch") == {"leave_out": ["MA-2"]}
    assert "2 verified" in done[1].stdout
    assert "MA-1" in done[2].stdout
