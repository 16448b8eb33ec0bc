"""Which tests judge, and what each of them runs: learned once and kept."""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

from tests.conformance.marks import proofs
from tests.conformance.mutants.judging import DIRTY, TASK
from tests.conformance.mutants.mutating import ROOT

CASE_S = 30
QUIET_S = 120
"""Seconds without a word after which a process is taken for stuck."""

PATIENCE_S = {"learn": "10", "judge": "3"}
PLUGIN = "tests.conformance.mutants.judging"
WITHIN_REACH = "not fleet and not faults and not browser"
_DRIVES = {
    "tests": re.compile(r"^(from|import) csms\.blocks", re.MULTILINE),
    "tests/unit": re.compile(r"^(from|import) csms\.services", re.MULTILINE),
}
"""What tests import that judge although nothing marks them, by their folder."""

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Case:
    """A case of a test that judges.

    Attributes:
        id: Its name for pytest.
        quick: Whether it needs no PostgreSQL and no socket.
        seconds: How long it takes.
        made: The digest of its module.
        ran: The functions that it runs.
        lines: Their lines.
    """

    id: str
    quick: bool
    seconds: float
    made: str
    ran: frozenset[str]
    lines: frozenset[str]

    @property
    def test(self) -> str:
        """Its test, whatever its parameters."""
        return self.id.partition("[")[0]


def modules(named: str = "") -> list[str]:
    """Return the modules whose tests judge: with proofs, or that drive handlers."""
    found = {each.path for each in proofs()}
    for folder, imports in _DRIVES.items():
        for path in (ROOT / folder).rglob("test_*.py"):
            if imports.search(path.read_text()):
                found.add(path.relative_to(ROOT).as_posix())
    return sorted(each for each in found if named in each)


def digest(path: str) -> str:
    """Return what changes when a file does."""
    return blake2b((ROOT / path).read_bytes(), digest_size=6).hexdigest()


def learned(kept: Path, named: str, *, show: bool) -> list[Case]:
    """Return every case that passes; run those of modules that have changed.

    Args:
        kept: Where it is kept for the next time.
        named: Part of the names of modules.
        show: Whether somebody watches.
    """
    wanted = {path: digest(path) for path in modules()}
    lines = [json.loads(each) for each in _texts(kept)]
    lines = [each for each in lines if wanted.get(_module(each)) == each["made"]]
    known = {_module(each) for each in lines}
    missing = [each for each in wanted if each not in known and named in each]
    if missing:
        task = {"kind": "learn"}
        for line in run_pytest(task, ["-m", WITHIN_REACH, *missing]):
            lines.append({**line, "made": wanted[_module(line)]})
            if show:
                progress("learning", len(lines), 0, line["case"])
            if not line["passed"]:
                note(f"fails without any change: {line['case']}")
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text("".join(f"{json.dumps(each)}\n" for each in lines))
    return [
        Case(
            each["case"],
            each["quick"],
            each["seconds"],
            each["made"],
            frozenset(each["ran"]),
            frozenset(each["lines"]),
        )
        for each in lines
        if each["passed"] and named in _module(each)
    ]


def _texts(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


def _module(line: Json) -> str:
    return str(line["case"]).partition("::")[0]


def run_pytest(task: Json, tests: Iterable[str]) -> Iterator[Json]:
    """Do a task in a pytest of its own; yield what it says, line by line.

    Raises:
        RuntimeError: If pytest could not do it.
    """
    with tempfile.TemporaryDirectory() as folder:
        output, named = Path(folder) / "output.jsonl", Path(folder) / "task.json"
        output.touch()
        named.write_text(json.dumps({**task, "output": str(output)}))
        environment = {
            **os.environ,
            TASK: str(named),
            "CSMS_PEER_PATIENCE_S": PATIENCE_S.get(task["kind"], "5"),
        }
        command = [
            sys.executable, "-m", "pytest", "-q", "-p", PLUGIN, "--tb=native",
            "-p", "no:cacheprovider", "-p", "no:xdist",
            f"--timeout={CASE_S}", "--timeout-method=thread", *tests,
        ]  # fmt: skip
        with (Path(folder) / "log").open("wb") as log:
            process = subprocess.Popen(
                command, cwd=ROOT, env=environment, stdout=log, stderr=log
            )
            try:
                yield from _lines(process, output)
            finally:
                process.kill()
                process.wait()
        if process.returncode not in (0, 1, DIRTY):
            said = (Path(folder) / "log").read_text()[-2000:]
            raise RuntimeError(f"pytest ended with {process.returncode}: {said}")


def _lines(process: "subprocess.Popen[bytes]", output: Path) -> Iterator[Json]:
    heard, begun = time.monotonic(), ""
    with output.open() as said:
        while True:
            ended = process.poll() is not None
            *whole, begun = (begun + said.read()).split("\n")
            for line in whole:
                heard = time.monotonic()
                yield json.loads(line)
            if ended:
                return
            if time.monotonic() - heard > QUIET_S:
                process.kill()
                process.wait()
                return
            time.sleep(0.02)


def progress(word: str, done: int, whole: int, name: str) -> None:
    """Draw a bar on a terminal."""
    if sys.stderr.isatty():
        share = min(1.0, done / max(whole, 1)) if whole else 0.0
        bar = "█" * round(24 * share) + "·" * (24 - round(24 * share))
        short = name.rpartition("/")[2][:60]
        sys.stderr.write(f"\r{word} {bar} {done}/{whole or '?'} {short:<60}")


def note(said: str) -> None:
    """Say something beside the results."""
    sys.stderr.write(f"\n{said}\n")
