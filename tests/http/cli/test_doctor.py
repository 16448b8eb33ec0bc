"""`csms doctor` and `csms migrate` beside set-ups that lack something."""

import json
import socket
import subprocess
import sys
from typing import Any

import pytest

pytestmark = [pytest.mark.postgres, pytest.mark.sockets]


def doctor(**environment: str) -> tuple[int, dict[str, Any]]:
    done = subprocess.run(
        [sys.executable, "-m", "csms", "doctor", "--json"],
        env={"CSMS_HTTP_PORT": "0", "CSMS_OCPP_PORT": "0", **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    checks = json.loads(done.stdout)["checks"]
    return done.returncode, {each["check"]: each for each in checks}


def test_an_empty_database_waits_for_its_migrations(empty_database: str) -> None:
    code, found = doctor(CSMS_DATABASE_URL=empty_database)

    assert code == 0
    assert found["migrations"]["verdict"] == "warn"
    assert "csms migrate" in found["migrations"]["remedy"]


def test_migrating_brings_an_empty_database_up(empty_database: str) -> None:
    environment = {"CSMS_DATABASE_URL": empty_database}
    migrate = [sys.executable, "-m", "csms", "migrate"]

    seen = subprocess.check_output([*migrate, "--dry-run"], env=environment, text=True)
    done = subprocess.check_output(migrate, env=environment, text=True)
    again = subprocess.check_output(migrate, env=environment, text=True)

    assert seen.startswith("missing: 0001")
    assert done.startswith("applied: 0001")
    assert again == "The schema is current.\n"
    assert doctor(**environment)[1]["migrations"]["verdict"] == "ok"


def test_nobody_who_may_sign_in_is_a_failure(database: str) -> None:
    code, found = doctor(CSMS_DATABASE_URL=database)

    assert code == 1
    assert found["credentials"]["verdict"] == "fail"
    assert "CSMS_ADMIN_TOKEN" in found["credentials"]["remedy"]


def test_a_database_that_is_away_is_a_failure_without_its_password() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        url = f"postgresql://csms:hidden-word@127.0.0.1:{port}/csms"
        code, found = doctor(CSMS_DATABASE_URL=url)

    assert code == 1
    assert found["database"]["verdict"] == "fail"
    assert "CSMS_DATABASE_URL" in found["database"]["remedy"]
    assert "hidden-word" not in json.dumps(found)


def test_a_mail_server_that_is_away_is_a_failure(database: str) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        code, found = doctor(
            CSMS_DATABASE_URL=database,
            CSMS_SMTP_HOST="127.0.0.1",
            CSMS_SMTP_PORT=str(closed.getsockname()[1]),
            CSMS_SMTP_STARTTLS="false",
        )

    assert code == 1
    assert found["mail"]["verdict"] == "fail"
    assert "CSMS_SMTP_HOST" in found["mail"]["remedy"]


def test_a_setting_that_makes_no_sense_is_the_only_finding() -> None:
    code, found = doctor(CSMS_CLOCK_RATE="600")

    assert code == 1
    assert list(found) == ["settings"]
    assert "CSMS_ALLOW_ACCELERATED" in found["settings"]["detail"]


def test_a_stranger_at_a_port_is_told_apart_from_a_node(database: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        stranger.settimeout(0.1)
        code, found = doctor(
            CSMS_DATABASE_URL=database,
            CSMS_OCPP_PORT=str(stranger.getsockname()[1]),
        )

    assert code == 1
    assert "another program" in found["ocpp port"]["detail"]


def test_an_embedded_database_that_is_yet_to_be_made_is_well(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("home") / "data"

    code, found = doctor(CSMS_DATA_DIR=str(folder))

    assert code == 0
    assert "a new one" in found["database"]["detail"]
    assert not folder.exists()
