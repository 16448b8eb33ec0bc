"""Inside pytest: learn what each proof runs, then run proofs against mutants.

One process keeps its node and its database; a mutant is put in by giving the living
function other code, so that hundreds of them need no restart.
"""

import json
import os
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from tests.conformance.mutants.mutating import ROOT, Mutant, Source, Swapped

TASK = "CSMS_MUTANTS_TASK"
WITHIN = tuple(str(ROOT / "csms" / each) + os.sep for each in ("blocks", "services"))
DIRTY = 77
"""The process is no longer as it was: another one must go on."""

Json = dict[str, Any]
TraceFunction = Callable[[FrameType, str, Any], Any]


@dataclass(eq=False)
class Watch:
    """Notes which functions and lines run, in every thread."""

    seen: set[tuple[str, str]] = field(default_factory=set)
    lines: set[tuple[str, int]] = field(default_factory=set)

    def start(self) -> None:
        """Watch from now on, and in every thread that is yet to start."""
        threading.settrace(self._note)
        sys.settrace(self._note)

    def stop(self) -> None:
        """Watch no more in this thread, nor in new ones."""
        threading.settrace(None)
        sys.settrace(None)

    def take(self) -> tuple[set[tuple[str, str]], set[tuple[str, int]]]:
        """Return the functions and the lines that ran since the last time."""
        taken, self.seen, self.lines = (self.seen, self.lines), set(), set()
        return taken

    def _note(self, frame: FrameType, _: str, __: object) -> TraceFunction | None:
        code = frame.f_code
        if not code.co_filename.startswith(WITHIN):
            return None
        self.seen.add((code.co_filename, code.co_qualname))
        return self._step

    def _step(self, frame: FrameType, event: str, _: object) -> TraceFunction:
        if event == "line":
            self.lines.add((frame.f_code.co_filename, frame.f_lineno))
        return self._step


class Sibling:
    """Stands for the next test: of the same module, so that its fixtures stay."""

    def __init__(self, item: pytest.Item) -> None:
        self.path = item.path
        self._chain = item.listchain()[:-1]

    def listchain(self) -> list[Any]:
        """Return what the next test needs to be set up."""
        return self._chain


@dataclass(eq=False)
class Runner:
    """Runs single tests of a session, as often as it takes."""

    session: pytest.Session
    failed: list[str] = field(default_factory=list)

    @property
    def items(self) -> Mapping[str, list[pytest.Item]]:
        """Every collected case, by the name of its test."""
        found: dict[str, list[pytest.Item]] = defaultdict(list)
        for item in self.session.items:
            found[item.nodeid.partition("[")[0]].append(item)
        return found

    def passes(self, item: pytest.Item) -> bool:
        """Run a case; tell whether it passed."""
        self.failed.clear()
        self.session._setupstate.teardown_exact(item)  # noqa: SLF001, no other way
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=Sibling(item))
        return not self.failed

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take note of a failure."""
        if report.failed:
            self.failed.append(report.nodeid)


class Plugin:
    """Takes the place of the usual order of tests."""

    def __init__(self, task: Json) -> None:
        self.task = task
        self.watch = Watch()

    def pytest_sessionstart(self) -> None:
        """Watch before any node starts."""
        if self.task["kind"] == "map":
            self.watch.start()

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Do the task instead of running each test once."""
        runner = Runner(session)
        session.config.pluginmanager.register(runner)
        with Path(self.task["output"]).open("a", buffering=1) as output:
            steps = _mapped if self.task["kind"] == "map" else _judged
            lines = steps(runner, self.task, self.watch)
            output.writelines(f"{json.dumps(each)}\n" for each in lines)
        self.watch.stop()
        sys.stdout.flush()
        os._exit(DIRTY if runner.failed and self.task["kind"] != "map" else 0)


def _mapped(runner: Runner, _: Json, watch: Watch) -> Iterator[Json]:
    """Yield, case by case, what it runs, how long it takes and whether it passes."""
    for name, items in runner.items.items():
        for item in items:
            watch.take()
            began = time.monotonic()
            passed = runner.passes(item)
            functions, lines = watch.take()
            ran = sorted(f"{_relative(file)}::{each}" for file, each in functions)
            yield {
                "test": name,
                "case": item.nodeid,
                "passed": passed,
                "seconds": round(time.monotonic() - began, 3),
                "ran": [each for each in ran if "<" not in each],
                "lines": sorted(f"{_relative(file)}:{line}" for file, line in lines),
            }
    runner.failed.clear()


def _judged(runner: Runner, task: Json, _: Watch) -> Iterator[Json]:
    """Yield, mutant by mutant, which case killed it, if one did."""
    items = {item.nodeid: item for item in runner.session.items}
    for each in task["mutants"]:
        mutant, cases = Mutant(**each["mutant"]), each["cases"]
        yield {"begun": mutant.id}
        killer = _killer(runner, mutant, [items[case] for case in cases])
        yield {**asdict(mutant), "id": mutant.id, "killed_by": killer}
        if killer and not runner.passes(items[killer]):
            return  # it left something behind
    runner.failed.clear()


def _killer(runner: Runner, mutant: Mutant, cases: Sequence[pytest.Item]) -> str | None:
    source = Source(mutant.module)
    with Swapped(source.living(mutant.function), source.code(mutant)):
        for case in cases:
            if not runner.passes(case):
                return case.nodeid
    return None


def _relative(file: str) -> str:
    return Path(file).relative_to(ROOT).as_posix()


def pytest_configure(config: pytest.Config) -> None:
    """Take over, if there is a task."""
    if (named := os.environ.get(TASK)) is not None:
        task = json.loads(Path(named).read_text())
        config.pluginmanager.register(Plugin(task), "mutants")
