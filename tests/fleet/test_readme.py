"""What the README tells people to type exists."""

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.core import TyperGroup
from typer.testing import CliRunner

from csms.cli.main import app
from csms.settings import describe

pytestmark = pytest.mark.fleet

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
SPAN = re.compile(r"`([^`\n]+)`")
BLOCK = re.compile(r"```sh\n(.*?)```", re.DOTALL)
LINK = re.compile(r"\]\((?!https?:|#)([^)#]+)")
SETTING = re.compile(r"CSMS_[A-Z_]+")
WORD = re.compile(r"[a-z][a-z-]*")
ARGS = "ARGS="


def commands() -> Iterator[tuple[str, ...]]:
    """Yield every command line of the README, cut into words."""
    lines = [line for block in BLOCK.findall(README) for line in block.splitlines()]
    for text in (*lines, *SPAN.findall(README)):
        try:
            words = shlex.split(text, comments=True)
        except ValueError:
            continue
        while words and SETTING.match(words[0]):
            words = words[1:]
        if words and words[0].startswith(ARGS):
            words = ["make", "demo", *words]
        if len(words) > 1:
            yield tuple(words)


def of(*programs: str) -> list[tuple[str, ...]]:
    """Return the words behind one of these programs, each once, as they come."""
    found = [c[1:] for c in commands() if c[0].rpartition("/")[2] in programs]
    return list(dict.fromkeys(found))


def reached(words: tuple[str, ...]) -> tuple[list[str], list[str]]:
    """Return the path of a command, and the options that are given to it but unknown.

    Raises:
        AssertionError: If there is no such command.
    """
    command: Any = typer.main.get_command(app)
    path: list[str] = []
    rest = list(words)
    while rest and isinstance(command, TyperGroup) and WORD.fullmatch(rest[0]):
        name = rest.pop(0)
        assert name in command.commands, f"csms {' '.join([*path, name])}"
        command = command.commands[name]
        path.append(name)
    known = {opt for param in command.params for opt in param.opts} | {"--help"}
    given = {word.partition("=")[0] for word in rest if word.startswith("-")}
    return path, sorted(given - known)


@pytest.mark.parametrize("words", of("csms"), ids=" ".join)
def test_each_command_and_option_of_csms_exists(words: tuple[str, ...]) -> None:
    path, unknown = reached(words)

    shown = CliRunner().invoke(app, [*path, "--help"])

    assert path
    assert not unknown
    assert shown.exit_code == 0
    assert "Usage" in shown.output


@pytest.mark.parametrize("words", of("make"), ids=" ".join)
def test_each_target_of_make_exists(words: tuple[str, ...]) -> None:
    target, *arguments = words
    rule = re.compile(rf"^{re.escape(target)}:", re.MULTILINE)

    assert rule.search((ROOT / "Makefile").read_text(encoding="utf-8"))
    for argument in arguments:
        _, unknown = reached((target, *shlex.split(argument.removeprefix(ARGS))))
        assert not unknown


@pytest.mark.parametrize("words", of("python", "python3"), ids=" ".join)
def test_each_module_and_its_options_exist(words: tuple[str, ...]) -> None:
    plain = [word for word in words[1:] if WORD.fullmatch(word.replace(".", "-"))]
    options = [word for word in words if word.startswith("--")]

    shown = subprocess.run(
        [sys.executable, "-m", *plain[:2], "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert shown.returncode == 0, shown.stderr
    assert all(option in shown.stdout for option in options)


@pytest.mark.parametrize("name", sorted(set(SETTING.findall(README))))
def test_each_setting_exists(name: str) -> None:
    assert name in {each.env for each in describe()} | {"CSMS_URL", "CSMS_TOKEN"}


@pytest.mark.parametrize("path", sorted(set(LINK.findall(README))))
def test_each_link_leads_somewhere(path: str) -> None:
    assert (ROOT / path).exists()


def test_the_two_commands_are_there() -> None:
    assert {("demo",), ("test",)} <= set(of("make"))
