"""The command line as a script sees it: what is printed where, and exit codes."""

import json
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from csms.api.event_items import EventItem, LiveScore, NoticeCountsItem
from csms.api.event_reports import (
    Preview,
    PreviewEntryItem,
    PreviewNoticeItem,
    ViolationItem,
)
from csms.cli.main import app
from tests.unit.cli.conftest import Run
from tests.unit.cli.fake_api import FakeApi, problem

START = datetime(2026, 7, 14, 21, tzinfo=UTC)
END = datetime(2026, 7, 15, 0, tzinfo=UTC)
WHEN = ("--start", "2026-07-14T17:00", "--end", "20:00")
CALL = ("events", "call", "ma-cs-small", *WHEN)


def said(item: Any) -> Any:  # noqa: ANN401
    return item.model_dump(mode="json")


def a_preview(**given: Any) -> Any:  # noqa: ANN401
    values: dict[str, Any] = {
        "program": "ma-cs-small",
        "program_version": "2026a",
        "name": "Summer peak",
        "starts_at": START,
        "ends_at": END,
        "target_kw": None,
        "test": False,
        "callable": True,
        "violations": [],
        "notify_by": datetime(2026, 7, 14, 20, 30, tzinfo=UTC),
        "planned_kw": 1012.4,
        "planned_kwh": 3037.2,
        "shortfall_kw": 0.0,
        "members": 2,
        "excluded": 1,
        "excluded_by": {"island_only": 1},
        "entries": [
            PreviewEntryItem(
                station="MA-1",
                evse=1,
                participant="home-01",
                participant_name="Home 01",
                site="home-01",
                vehicle_name="LEAF",
                planned_kw=7.6,
                planned_kwh=22.8,
                limited_by="EVSE",
                expected_soc_end_pct=31.0,
                forecast=True,
                exclusions=[],
            ),
            PreviewEntryItem(
                station="MA-2",
                evse=1,
                participant="home-02",
                participant_name="Home 02",
                site="home-02",
                vehicle_name=None,
                planned_kw=0,
                planned_kwh=0,
                limited_by="",
                expected_soc_end_pct=None,
                forecast=False,
                exclusions=["island_only"],
            ),
        ],
        "notices": [
            PreviewNoticeItem(
                participant="home-01", email="a@example.org", kind="called", at=START
            )
        ],
    }
    return said(Preview(**values | given))


def an_event(**given: Any) -> Any:  # noqa: ANN401
    values: dict[str, Any] = {
        "id": "event-1",
        "name": "Summer peak",
        "program": "ma-cs-small",
        "program_version": "2026a",
        "starts_at": START,
        "ends_at": END,
        "stage": "notified",
        "test": False,
        "target_kw": None,
        "called_at": START,
        "created_by": "ann",
        "notify_by": START,
        "due_at": None,
        "cancel_reason": None,
        "revision": 1,
        "planned_kw": 1012.4,
        "planned_kwh": 3037.2,
        "delivered_kwh": None,
        "members": 2,
        "excluded": 1,
        "opted_out": 0,
        "notices": NoticeCountsItem(sent=1, failed=0, waiting=0),
    }
    return said(EventItem(**values | given))


@pytest.fixture
def programs(api: FakeApi) -> FakeApi:
    program = {"id": "ma-cs-small", "timezone": "America/New_York"}
    api.on("GET programs", {"items": [program]})
    api.on("GET programs/ma-cs-small", program)
    api.on("POST events/preview", a_preview())
    api.on("POST events", an_event(stage="scheduled"), 201)
    return api


# -- help, and what every command owes ------------------------------------------------


def test_help_comes_without_loading_the_house() -> None:
    code = (
        "import sys, csms.cli.main;"
        "heavy = {'httpx', 'sqlalchemy', 'fastapi', 'pydantic', 'asyncpg', 'uvicorn'};"
        "print(sorted(heavy & set(sys.modules)))"
    )

    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    "command",
    [
        ("serve", "demo", "doctor", "migrate", "settings", "import"),
        ("stations", "sites", "participants", "vehicles", "enrollments"),
        ("events", "programs", "telemetry"),
        ("incidents", "quarantines", "tokens", "accounts", "audit"),
    ],
)
def test_help_names_every_command(run: Run, command: tuple[str, ...]) -> None:
    shown = run("--help").output

    assert all(re.search(rf"\b{name}\b", shown) for name in command)


def test_the_shell_is_completed() -> None:
    environment = {"_CSMS_COMPLETE": "complete_bash", "COMP_WORDS": "csms ev"}

    done = CliRunner().invoke(
        app, [], prog_name="csms", env=environment | {"COMP_CWORD": "1"}
    )

    assert done.output.split() == ["events"]


def test_an_unknown_option_is_a_mistake_of_use(run: Run) -> None:
    assert run("stations", "list", "--nonsense").exit_code == 2


def test_json_is_all_that_stands_on_standard_output(api: FakeApi, run: Run) -> None:
    api.on("GET sites", {"items": [{"id": "s"}], "next": None})

    done = run("sites", "list", "--json")

    assert done.exit_code == 0
    assert json.loads(done.stdout) == [{"id": "s"}]


@pytest.mark.parametrize(("status", "code"), [(404, 3), (403, 4), (422, 2), (500, 1)])
def test_a_problem_is_told_on_standard_error(
    api: FakeApi, run: Run, status: int, code: int
) -> None:
    api.on("GET sites/x", problem(status, field="site", remedy="try y"), status)

    done = run("sites", "show", "x")

    assert done.exit_code == code
    assert done.stdout == ""
    assert "error: what happened this time" in done.stderr
    assert "field: site" in done.stderr
    assert "remedy: try y" in done.stderr


def test_address_and_token_come_from_the_environment(
    api: FakeApi, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CSMS_URL", "http://node.example:81")
    monkeypatch.setenv("CSMS_TOKEN", "from-the-environment")
    api.on("GET sites", {"items": [], "next": None})

    run("sites", "list")

    assert api.requests[0].url.host == "node.example"
    assert api.requests[0].headers["authorization"] == "Bearer from-the-environment"


def test_a_token_is_never_shown_by_help(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CSMS_TOKEN", "from-the-environment")

    assert "from-the-environment" not in run("sites", "list", "--help").output


# -- events ---------------------------------------------------------------------------


@pytest.mark.parametrize("typed", ["yes", "1012", "1,012", "1012 kW"])
def test_an_event_is_called_once_its_kilowatts_or_yes_are_typed(
    programs: FakeApi, run: Run, typed: str
) -> None:
    done = run(*CALL, "--json", typed=f"{typed}\n")

    assert done.exit_code == 0
    assert json.loads(done.stdout)["id"] == "event-1"
    assert "1,012.4 kW" in done.stderr
    body = programs.body("POST events")
    assert body["starts_at"] == "2026-07-14T21:00:00+00:00"
    assert body["ends_at"] == "2026-07-15T00:00:00+00:00"
    assert programs.last("POST events").headers["idempotency-key"]


@pytest.mark.parametrize("typed", ["no", "1013", "y", "", None])
def test_anything_else_calls_no_event(
    programs: FakeApi, run: Run, typed: str | None
) -> None:
    done = run(*CALL, typed=None if typed is None else f"{typed}\n")

    assert done.exit_code == 1
    assert "nothing was done" in done.stderr
    assert not programs.asked("POST events")


def test_a_script_says_yes_and_is_not_asked(programs: FakeApi, run: Run) -> None:
    done = run(*CALL, "--yes", "--target", "900", "--name", "Heat", "--key", "k-1")

    assert done.exit_code == 0
    body = programs.body("POST events")
    assert (body["target_kw"], body["name"]) == (900, "Heat")
    assert programs.last("POST events").headers["idempotency-key"] == "k-1"
    assert not programs.asked("POST events/preview")


def test_a_dry_run_shows_the_preview_and_calls_nothing(
    programs: FakeApi, run: Run
) -> None:
    done = run(*CALL, "--dry-run")

    assert done.exit_code == 0
    assert "not called yet" in done.stdout
    assert "Tue 2026-07-14 17:00 EDT to 20:00 EDT" in done.stdout
    assert re.search(r"MA-1/1 .* 7\.6 +22\.8 +31 +EVSE", done.stdout)
    assert re.search(r"MA-2/1 .* island only", done.stdout)
    assert not programs.asked("POST events")


@pytest.mark.parametrize("how", [("--dry-run",), ()], ids=["dry run", "call"])
def test_an_event_that_the_rules_forbid_is_refused_before_anybody_is_asked(
    programs: FakeApi, run: Run, how: tuple[str, ...]
) -> None:
    rule = ViolationItem(rule="weekend", text="not on weekends", blocking=True)
    programs.on(
        "POST events/preview", a_preview(callable=False, violations=[said(rule)])
    )

    done = run(*CALL, *how, typed="yes\n")

    assert done.exit_code == 4
    assert "not on weekends" in done.stderr
    assert not programs.asked("POST events")


def test_an_event_of_which_nothing_is_heard_can_be_repeated_by_its_key(
    programs: FakeApi, run: Run
) -> None:
    programs.on("POST events", problem(503), 503)

    done = run(*CALL, "--yes", "--key", "k-7")

    assert done.exit_code == 1
    assert "--key k-7" in done.stderr


def test_an_unknown_program_is_not_found(programs: FakeApi, run: Run) -> None:
    assert run("events", "preview", "nope", *WHEN).exit_code == 3
    assert not programs.asked("POST events/preview")


def test_an_event_is_cancelled_once_its_id_is_typed(
    programs: FakeApi, run: Run
) -> None:
    programs.on("GET events/event-1", an_event())
    programs.on("POST events/event-1/cancel", an_event(stage="cancelled"))
    cancel = ("events", "cancel", "event-1", "--reason", "storm")

    refused = run(*cancel, typed="maybe\n")
    done = run(*cancel, typed="event-1\n")

    assert (refused.exit_code, done.exit_code) == (1, 0)
    assert programs.body("POST events/event-1/cancel") == {"reason": "storm"}


def test_an_event_is_shown_with_how_it_stands(programs: FakeApi, run: Run) -> None:
    live = LiveScore(
        at=START,
        stage="active",
        starts_at=START,
        ends_at=END,
        target_kw=900,
        delivered_kw=880.5,
        delivered_kwh=100,
        planned_kwh=2700,
        members=2,
        excluded=1,
        opted_out=0,
        unseen=0,
        released={"opt_out": 1},
        states={"obeyed": 1},
        outcomes={},
    )
    programs.on("GET events/event-1", an_event(stage="active"))
    programs.on("GET events/event-1/live", said(live))

    shown = run("events", "show", "event-1").stdout

    assert "880.5 kW of 900.0 kW" in shown
    assert "opt out 1" in shown


# -- stations -------------------------------------------------------------------------

COMMAND = ("stations", "command", "MA-1", "TriggerMessage")
PAYLOAD = '{"requestedMessage": "Heartbeat"}'
SEND = "POST stations/MA-1/commands/TriggerMessage"


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (200, {"outcome": "answered", "payload": {"status": "Accepted"}}, 0),
        (502, {"outcome": "call_error", "code": "NotSupported"}, 1),
        (504, {"outcome": "no_answer", "silence": "unreachable"}, 1),
    ],
)
def test_a_command_has_three_distinct_results(
    api: FakeApi, run: Run, status: int, body: dict[str, Any], code: int
) -> None:
    api.on(SEND, body, status)

    done = run(*COMMAND, PAYLOAD, "--json")

    assert done.exit_code == code
    assert json.loads(done.stdout) == body
    assert api.body(SEND) == json.loads(PAYLOAD)


def test_an_answer_is_shown_as_the_station_said_it(api: FakeApi, run: Run) -> None:
    api.on(SEND, {"outcome": "answered", "payload": {"status": "Accepted"}})

    done = run(*COMMAND, PAYLOAD)

    assert json.loads(done.stdout) == {"status": "Accepted"}
    assert "MA-1 answered" in done.stderr


def test_a_command_can_be_checked_without_being_sent(api: FakeApi, run: Run) -> None:
    api.on(SEND, {"outcome": "checked"})

    done = run(*COMMAND, PAYLOAD, "--dry-run")

    assert done.exit_code == 0
    assert "would be sent" in done.stdout
    assert api.requests[0].url.query == b"dry_run=true"


def test_a_payload_may_lie_in_a_file_or_come_by_standard_input(
    api: FakeApi, run: Run, tmp_path: Path
) -> None:
    api.on(SEND, {"outcome": "answered", "payload": {}})
    file = tmp_path / "request.json"
    file.write_text('{"a": 1}')

    run(*COMMAND, f"@{file}")
    first = api.body(SEND)
    run(*COMMAND, "-", typed='{"b": 2}')

    assert (first, api.body(SEND)) == ({"a": 1}, {"b": 2})


@pytest.mark.parametrize("payload", ["{", "@/nowhere/at/all"])
def test_a_payload_that_cannot_be_read_is_a_mistake_of_use(
    api: FakeApi, run: Run, payload: str
) -> None:
    done = run(*COMMAND, payload)

    assert done.exit_code == 2
    assert "field: PAYLOAD" in done.stderr
    assert api.requests == []


# -- registry, statements, access ------------------------------------------------------


def test_a_registry_is_imported_and_counted(
    api: FakeApi, run: Run, tmp_path: Path
) -> None:
    api.on("POST registry", {"created": 298, "updated": 0, "unchanged": 2})
    file = tmp_path / "registry.json"
    file.write_text('{"version": 1}')

    done = run("import", str(file))

    assert done.exit_code == 0
    assert re.search(r"created +298", done.stdout)
    assert api.body("POST registry") == {"version": 1}


@pytest.mark.parametrize("content", [None, "not json"])
def test_a_registry_that_cannot_be_read_is_a_mistake_of_use(
    api: FakeApi, run: Run, tmp_path: Path, content: str | None
) -> None:
    file = tmp_path / "registry.json"
    if content is not None:
        file.write_text(content)

    done = run("import", str(file))

    assert done.exit_code == 2
    assert "field: FILE" in done.stderr
    assert api.requests == []


def test_every_flaw_of_a_registry_is_told(
    api: FakeApi, run: Run, tmp_path: Path
) -> None:
    errors = [
        {"field": "sites[0].timezone", "problem": "is no zone"},
        {"field": "stations[3].site", "problem": "there is no site x"},
    ]
    api.on("POST registry", problem(422, errors=errors), 422)
    file = tmp_path / "registry.json"
    file.write_text("{}")

    done = run("import", str(file))

    assert done.exit_code == 2
    assert "stations[3].site: there is no site x" in done.stderr


def test_csv_goes_to_a_file_or_to_standard_output(
    api: FakeApi, run: Run, tmp_path: Path
) -> None:
    content = b"a,b\r\n1,2\r\n"
    api.on("GET telemetry/quarters", content)
    quarters = ("telemetry", "csv", "--from", "2026-07-14", "--to", "2026-07-15")
    file = tmp_path / "out.csv"

    to_stdout = run(*quarters)
    to_file = run(*quarters, "-o", str(file))

    assert to_stdout.stdout_bytes == content
    assert to_file.stdout == ""
    assert file.read_bytes() == content
    assert api.requests[-1].url.params["format"] == "csv"


def test_a_file_that_cannot_be_written_is_a_mistake_of_use(
    api: FakeApi, run: Run, tmp_path: Path
) -> None:
    api.on("GET programs/p/statement", b"a,b\r\n")
    nowhere = str(tmp_path / "no" / "file.csv")

    done = run("programs", "statement", "p", "--season", "2026", "-o", nowhere)

    assert done.exit_code == 2
    assert "field: --output" in done.stderr


def test_a_secret_is_the_only_thing_on_standard_output(api: FakeApi, run: Run) -> None:
    made = {"id": "tok-1", "name": "ci", "role": "operator", "secret": "csms_s3cret"}
    api.on("POST tokens", made, 201)

    done = run("tokens", "create", "ci", "--role", "operator")

    assert done.stdout == "csms_s3cret\n"
    assert "tok-1" in done.stderr
    assert api.body("POST tokens") == {"name": "ci", "role": "operator"}


def test_a_password_is_typed_or_piped_and_never_an_argument(
    api: FakeApi, run: Run
) -> None:
    api.on("PUT accounts/ann", {"name": "ann", "role": "admin"})

    typed = run(
        "accounts", "set", "ann", "--role", "admin", typed="long one\nlong one\n"
    )
    first = api.body("PUT accounts/ann")
    run("accounts", "set", "ann", "--password-stdin", typed="piped one\n")

    assert typed.exit_code == 0
    assert first == {"role": "admin", "password": "long one"}
    assert api.body("PUT accounts/ann")["password"] == "piped one"
    assert "long one" not in typed.output


def test_an_empty_password_is_refused(api: FakeApi, run: Run) -> None:
    done = run("accounts", "set", "ann", "--password-stdin", typed="\n")

    assert done.exit_code == 2
    assert api.requests == []


def test_a_quarantine_is_lifted_only_after_a_question(api: FakeApi, run: Run) -> None:
    api.on("DELETE quarantines/make-1", None, 204)

    refused = run("quarantines", "lift", "make-1", typed="n\n")
    asked = api.asked("DELETE quarantines/make-1")
    done = run("quarantines", "lift", "make-1", "--yes")

    assert (refused.exit_code, asked, done.exit_code) == (1, False, 0)
