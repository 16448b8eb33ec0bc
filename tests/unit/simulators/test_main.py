import json
from pathlib import Path

import pytest

from simulators.__main__ import main

NOWHERE = "ws://127.0.0.1:9/ocpp"
CLOCK = (
    *("--clock-anchor", "2026-01-01T00:00:00Z"),
    *("--clock-epoch", "2026-07-13T23:30:00Z", "--clock-rate", "600"),
)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("registry", "--fleet", "nowhere"), "Choose one of: masscec"),
        (("run", "--csms", "http://x"), "--csms: give a WebSocket address"),
        (("run", "--csms", "ws://x", "--clock-rate", "9"), "give both with a rate"),
        (("run", "--csms", "ws://x", "--clock-rate", "-1"), "a number above zero"),
        (("run", "--csms", "ws://x", "--until", "soon"), "--until: 'soon' is no"),
        (("run", "--csms", "ws://x", "--day", "never"), "days: there is no 'never'"),
    ],
)
def test_a_wrong_argument_names_the_remedy(
    arguments: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2

    assert said in capsys.readouterr().err


def test_the_registry_is_printed_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["registry", "--fleet", "tiny", "--seed", "3"]) == 0

    assert len(json.loads(capsys.readouterr().out)["stations"]) == 4


def test_the_fleets_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fleets"]) == 0

    assert "masscec" in capsys.readouterr().out


@pytest.mark.parametrize("command", [(), ("run",), ("registry",), ("fleets",)])
def test_every_command_explains_itself(
    command: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        main([*command, "--help"])

    assert left.value.code == 0
    assert "usage: python -m simulators" in capsys.readouterr().out


@pytest.mark.sockets
@pytest.mark.parametrize("extra", [(), ("--json",), ("--mail", "http://127.0.0.1:9")])
def test_a_run_ends_at_its_instant_and_leaves_a_report(
    tmp_path: Path, extra: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    report = tmp_path / "report.json"
    run = ("run", "--fleet", "tiny", "--csms", NOWHERE, *CLOCK)

    assert (
        main([*run, "--until", "2020-01-01T00:00:00Z", "--report", str(report), *extra])
        == 0
    )

    assert len(json.loads(report.read_text())["evses"]) == 4
    told = capsys.readouterr()
    if extra == ("--json",):
        assert json.loads(told.out)["stations"] == 4
    else:
        assert "0/4 online" in told.err


@pytest.mark.sockets
def test_a_report_that_cannot_be_written_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = ("run", "--fleet", "tiny", "--csms", NOWHERE)
    report = tmp_path / "no-such-folder" / "report.json"

    assert main([*run, "--until", "2020-01-01T00:00:00Z", "--report", str(report)]) == 2

    assert "--report: cannot write" in capsys.readouterr().err
