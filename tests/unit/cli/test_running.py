"""`csms serve`, `demo`, `settings` and `migrate`: what they hand on, how they end."""

import asyncio
import json
from collections.abc import Iterator

import pytest
import structlog

from csms.bootstrap import node as bootstrap
from csms.cli import demo, logs
from csms.cli.demo_stage import Options
from csms.settings import Settings
from tests.unit.cli.conftest import Run


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[str, str]]]:
    """Keep the logs of the tests as they are; remember how they were set up."""
    levels: list[tuple[str, str]] = []
    before = structlog.get_config()
    monkeypatch.setattr(
        logs, "set_up", lambda level, how="auto": levels.append((level, how))
    )
    yield levels
    structlog.configure(**before)


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[Settings]:
    kept: list[Settings] = []

    async def run_node(settings: Settings) -> None:
        kept.append(settings)

    monkeypatch.setattr(bootstrap, "run_node", run_node)
    return kept


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch) -> list[Options]:
    kept: list[Options] = []

    async def demonstrate(options: Options, _console: object) -> int:
        kept.append(options)
        return 1 if options.seed == 13 else 0

    monkeypatch.setattr(demo, "demonstrate", demonstrate)
    return kept


def test_a_node_runs_on_the_settings_of_the_environment(
    run: Run, served: list[Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CSMS_HTTP_PORT", "8111")
    monkeypatch.setenv("CSMS_OCPP_PORT", "9111")

    done = run("serve", "--ocpp-port", "9222")

    assert done.exit_code == 0
    assert (served[0].http_port, served[0].ocpp_port) == (8111, 9222)


def test_logs_are_set_up_before_the_node_runs(
    run: Run, served: list[Settings], quiet: list[tuple[str, str]]
) -> None:
    run("serve", "--log-level", "debug")

    assert quiet == [("debug", "auto")]
    assert len(served) == 1


def test_a_setting_that_makes_no_sense_is_named_with_its_remedy(
    run: Run, served: list[Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CSMS_HTTP_PORT", "70000")

    done = run("serve")

    assert done.exit_code == 2
    assert "CSMS_HTTP_PORT" in done.stderr
    assert "remedy:" in done.stderr
    assert served == []


def test_a_port_that_is_taken_is_told_without_a_traceback(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def run_node(_: Settings) -> None:
        raise OSError("cannot listen on 127.0.0.1:8080")

    monkeypatch.setattr(bootstrap, "run_node", run_node)

    done = run("serve")

    assert done.exit_code == 1
    assert "cannot listen on 127.0.0.1:8080" in done.stderr
    assert "csms doctor" in done.stderr


def test_help_lists_every_setting(run: Run) -> None:
    shown = run("serve", "--help").output

    assert all(f"CSMS_{name.upper()}" in shown for name in Settings.model_fields)


def test_settings_show_what_is_set_and_hide_secrets(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CSMS_OCPP_PORT", "9333")
    monkeypatch.setenv("CSMS_ADMIN_TOKEN", "0123456789-secret")

    done = run("settings", "--json")

    rows = {row["name"]: row for row in json.loads(done.stdout)}
    assert rows["ocpp_port"]["value"] == "9333"
    assert rows["ocpp_port"]["is_set"] is True
    assert rows["http_port"]["is_set"] is False
    assert "0123456789" not in done.output


def test_settings_are_a_table_for_people(run: Run) -> None:
    done = run("settings")

    assert "CSMS_OCPP_PORT" in done.stdout
    assert "Port for charging stations." in done.stdout


def test_the_demonstration_is_played_as_chosen(run: Run, played: list[Options]) -> None:
    arguments = "--rate 300 --seed 7 --fleet small --ocpp-port 9001 --http-port 8081"

    done = run("demo", *arguments.split(), "--json", "r.json", "--stay", "--keep")

    assert done.exit_code == 0
    option = played[0]
    assert (option.rate, option.seed, option.fleet) == (300, 7, "small")
    assert (option.ocpp_port, option.http_port) == (9001, 8081)
    assert str(option.json_file) == "r.json"
    assert (option.stay, option.keep) == (True, True)


def test_the_demonstration_has_the_defaults_of_its_options(
    run: Run, played: list[Options]
) -> None:
    run("demo")

    assert played == [Options()]


def test_a_broken_promise_is_the_exit_code(run: Run, played: list[Options]) -> None:
    assert run("demo", "--seed", "13").exit_code == 1
    assert len(played) == 1


def test_an_interrupt_ends_the_demonstration_cleanly(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def demonstrate(_options: Options, _console: object) -> int:
        await asyncio.get_running_loop().run_in_executor(None, lambda: None)
        raise KeyboardInterrupt

    monkeypatch.setattr(demo, "demonstrate", demonstrate)

    done = run("demo")

    assert done.exit_code == 130
    assert "Traceback" not in done.output
