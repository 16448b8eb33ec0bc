"""Every command of the API against a real node that the command line started."""

import csv
import json
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.http.cli.conftest import TOKEN, Run, Running

pytestmark = [pytest.mark.postgres, pytest.mark.sockets]

STATION = "MA-HOME-01"
LATER = (datetime.now(UTC) + timedelta(days=3)).strftime("%Y-%m-%d")
TEST_EVENT = ("ma-cs-small", "--start", f"{LATER}T17:00", "--hours", "3", "--test")


def read(run: Run, *arguments: str) -> Any:  # noqa: ANN401
    done = run(*arguments, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


@pytest.fixture(autouse=True)
def imported(run: Run, registry: Path) -> None:
    assert run("import", str(registry)).exit_code == 0


@pytest.fixture
def event(run: Run) -> str:
    """Return a test event, called once."""
    said = read(run, "events", "call", *TEST_EVENT, "--yes", "--key", "once")
    return str(said["id"])


def test_importing_the_same_registry_again_changes_nothing(
    run: Run, registry: Path
) -> None:
    assert read(run, "import", str(registry)) == {
        "created": 0,
        "updated": 0,
        "unchanged": 12,
    }


def test_a_registry_with_a_flaw_is_refused_where_it_lies(
    run: Run, registry: Path, tmp_path: Path
) -> None:
    document = json.loads(registry.read_text())
    document["stations"][1]["site"] = "nowhere"
    file = tmp_path / "flawed.json"
    file.write_text(json.dumps(document))

    done = run("import", str(file))

    assert done.exit_code == 2
    assert "field: stations[1].site" in done.stderr
    assert "remedy: " in done.stderr


@pytest.mark.parametrize(
    ("command", "shown"),
    [
        ("stations list", STATION),
        ("stations list --status offline --query home-01", STATION),
        (f"stations show {STATION}", "not provisioned"),
        (f"stations messages {STATION}", "No message"),
        (f"stations variables {STATION}", "Nothing known yet"),
        ("stations rejected", "None was refused"),
        (f"stations command {STATION}", "TriggerMessage"),
        ("sites list", "America/New_York"),
        ("sites show home-01", "eversource-ma"),
        ("participants list", "home-01@example.org"),
        ("participants show home-01", "ma-cs-small"),
        ("vehicles list --participant home-01", "Mon 07:30 80 %"),
        ("vehicles show veh-home-01", "Mon 07:30 80 %"),
        ("enrollments list --program ma-cs-small", f"{STATION}/1"),
        ("programs list", "ma-cs-ci"),
        ("programs show ma-cs-small", "15:00 to 20:00"),
        ("programs statement ma-cs-small --season 2026", "0.00 USD"),
        ("programs statement ma-cs-small --season 2026 --explain", "took part in 0"),
        ("telemetry quarters --from 2026-07-14 --to 2026-07-15", "MISSING"),
        ("incidents", "No incident"),
        ("quarantines list", "No vendor"),
        ("tokens list", "bootstrap"),
        ("accounts list", ""),
        ("audit", "registry.import"),
    ],
)
def test_what_can_be_read_is_a_table_for_people(
    run: Run, command: str, shown: str
) -> None:
    done = run(*command.split())

    assert done.exit_code == 0, done.output
    assert shown in done.stdout
    assert "\x1b" not in done.stdout


@pytest.mark.parametrize(
    "command",
    [
        "stations show nope",
        "stations messages nope",
        "stations command nope Reset {}",
        "sites show nope",
        "participants show nope",
        "vehicles show nope",
        "programs show nope",
        "events show nope",
        "events members nope",
        "events report nope",
        "events notices nope",
        "tokens revoke nope",
    ],
)
def test_what_does_not_exist_is_not_found(run: Run, command: str) -> None:
    done = run(*command.split())

    assert done.exit_code == 3, done.output
    assert done.stderr.startswith("error: ")


def test_without_a_token_nothing_is_told(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CSMS_TOKEN")

    done = run("sites", "list")

    assert done.exit_code == 4
    assert "CSMS_TOKEN" in done.stderr


def test_a_viewer_may_look_and_not_act(run: Run) -> None:
    viewer = run("tokens", "create", "reader", "--role", "viewer").stdout.strip()

    looked = run("sites", "list", "--token", viewer)
    acted = run("events", "call", *TEST_EVENT, "--yes", "--token", viewer)

    assert looked.exit_code == 0
    assert acted.exit_code == 4
    assert "operator" in acted.stderr


def test_a_revoked_token_opens_nothing(run: Run) -> None:
    made = read(run, "tokens", "create", "short-lived")
    revoked = run("tokens", "revoke", made["id"])

    done = run("sites", "list", "--token", made["secret"])

    assert revoked.exit_code == 0
    assert done.exit_code == 4


def test_an_account_is_made_and_listed(run: Run) -> None:
    done = run(
        "accounts", "set", "ann", "--role", "operator", "--password-stdin",
        typed="a long password\n",
    )  # fmt: skip

    assert done.exit_code == 0
    assert {row["name"]: row["role"] for row in read(run, "accounts", "list")} == {
        "ann": "operator"
    }


def test_a_password_that_is_too_short_is_refused(run: Run) -> None:
    done = run("accounts", "set", "bob", "--password-stdin", typed="short\n")

    assert done.exit_code == 2
    assert "password" in done.stderr


def test_an_event_goes_from_preview_to_cancellation(run: Run, event: str) -> None:
    same = read(run, "events", "call", *TEST_EVENT, "--yes", "--key", "once")
    shown = run("events", "show", event)
    members = read(run, "events", "members", event)
    listed = run("events", "list", "--program", "ma-cs-small")
    cancelled = run("events", "cancel", event, "--reason", "trial", "--yes")

    assert same["id"] == event
    assert "(test)" in shown.stdout
    assert len(members) in {0, 2}
    assert event in listed.stdout
    assert "cancelled" in cancelled.stdout
    assert event in run("events", "list", "--stage", "cancelled").stdout


def test_a_preview_says_who_is_excluded_and_why(run: Run) -> None:
    done = run("events", "preview", *TEST_EVENT)

    assert done.exit_code == 0
    assert re.search(r"MA-HOME-02/1 .*no export permission", done.stdout)
    assert "17:00 E" in done.stdout


def test_an_event_in_the_past_is_refused_by_the_rules(run: Run) -> None:
    past = ("--start", "2026-01-05T17:00", "--hours", "3")

    done = run("events", "call", "ma-cs-small", *past, "--yes")

    assert done.exit_code == 4
    assert "opened already" in done.stderr


def test_a_command_to_a_station_that_is_away_has_no_answer(run: Run) -> None:
    done = run("stations", "command", STATION, "Reset", '{"type": "OnIdle"}')

    assert done.exit_code == 1
    assert json.loads(done.stdout) == {
        "outcome": "no_answer",
        "silence": "unreachable",
    }


def test_a_command_that_breaks_the_schema_names_the_field(run: Run) -> None:
    done = run("stations", "command", STATION, "Reset", "{}", "--dry-run")

    assert done.exit_code == 2
    assert "field: type" in done.stderr


def test_quarter_hours_come_as_csv(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "quarters.csv"
    span = ("--from", "2026-07-14T21:00Z", "--to", "2026-07-14T22:00Z")

    done = run("telemetry", "csv", *span, "--station", STATION, "-o", str(file))

    assert done.exit_code == 0
    with file.open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert [row["resource_id"] for row in rows] == [f"{STATION}/1"] * 4


def test_a_statement_comes_as_csv(run: Run) -> None:
    done = run("programs", "statement", "ma-cs-small", "--season", "2026", "--csv")

    assert done.exit_code == 0
    assert len(list(csv.DictReader(done.stdout.splitlines()))) == 2


def test_doctor_finds_the_running_node_and_nothing_to_mend(node: Running) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "csms", "doctor", "--json"],
        env=node.environment,
        capture_output=True,
        text=True,
        check=False,
    )

    report = json.loads(done.stdout)
    found = {each["check"]: each for each in report["checks"]}
    assert done.returncode == 0, report
    assert found["node"]["verdict"] == "ok"
    assert found["database"]["verdict"] == "ok"
    assert found["migrations"]["detail"] == "the schema is current"
    assert found["ocpp port"]["detail"].endswith("is held by the running node")
    assert TOKEN not in done.stdout


def test_doctor_leaves_no_trace_at_the_door(run: Run) -> None:
    assert read(run, "stations", "rejected") == []


def test_migrating_again_applies_nothing(node: Running) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "csms", "migrate", "--json"],
        env=node.environment,
        capture_output=True,
        text=True,
        check=True,
    )

    assert json.loads(done.stdout) == {"applied": True, "revisions": []}
