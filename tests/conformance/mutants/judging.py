"""Inside pytest: learn what each proof runs, then run proofs against mutants.

One process keeps its node and its database; a mutant is put in by giving the living
function other code, so that hundreds of them need no restart.
"""

import gc
import json
import os
import select
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from hypothesis import Phase, settings

from tests.conformance.mutants.mutating import ROOT, Mutant, Source, Swapped

TASK = "CSMS_MUTANTS_TASK"
OUTSIDE = ("postgres", "sockets", "fleet", "faults", "browser")
WITHIN = (
    str(ROOT / "csms" / "settings.py"),
    *(
        str(ROOT / "csms" / each) + os.sep
        for each in ("blocks", "charging", "gateway", "pki", "services")
    ),
)
DIRTY = 77
"""The process is no longer as it was: another one must go on."""

BUSY_S, IDLE_S = 5.0, 60.0
"""How long a forked process may work, and how long it may take."""

HUNG = "it hung or crashed"
UNFIT = "it cannot run"
"""What is said instead of a killer."""

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

    @cached_property
    def items(self) -> Mapping[str, pytest.Item]:
        """Every collected case, by its name."""
        return {item.nodeid: item for item in self.session.items}

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
        if self.task["kind"] == "learn":
            self.watch.start()

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Do the task instead of running each test once."""
        runner = Runner(session)
        session.config.pluginmanager.register(runner)
        steps = {
            "learn": self._learn,
            "fork": self._fork,
            "judge": self._judge,
            "redden": self._redden,
        }
        with Path(self.task["output"]).open("a", buffering=1) as output:
            lines = steps[self.task["kind"]](runner)
            output.writelines(f"{json.dumps(each)}\n" for each in lines)
        sys.stdout.flush()
        os._exit(DIRTY if runner.failed else 0)

    def _learn(self, runner: Runner) -> Iterator[Json]:
        """Yield, case by case, what it runs, how long it takes and whether it passes.

        The quick ones come first, before any node runs in a thread.
        """
        items = sorted(runner.items.values(), key=lambda item: not _is_quick(item))
        for item in items:
            self.watch.take()
            began = time.monotonic()
            passed = runner.passes(item)
            functions, lines = self.watch.take()
            ran = sorted(f"{_relative(file)}::{each}" for file, each in functions)
            yield {
                "case": item.nodeid,
                "quick": _is_quick(item),
                "passed": passed,
                "seconds": round(time.monotonic() - began, 3),
                "ran": [each for each in ran if "<" not in each],
                "lines": sorted(f"{_relative(file)}:{line}" for file, line in lines),
            }
        self.watch.stop()
        runner.failed.clear()

    def _fork(self, runner: Runner) -> Iterator[Json]:
        """Yield, mutant by mutant, which quick case killed it, if one did.

        Everything is run once unchanged, so that what is made at first use is there;
        then each mutant is judged in a process of its own. A case that fails there
        without any change kills nothing.
        """
        needed = {case for each in self.task["mutants"] for case in each["cases"]}
        good = {case: runner.items[case] for case in sorted(needed)}
        for case, item in list(good.items()):
            if not runner.passes(item):
                del good[case]
        runner.failed.clear()
        gc.freeze()
        sound: set[str] = {HUNG, UNFIT}
        for each in self.task["mutants"]:
            mutant = Mutant(**each["mutant"])
            while True:
                cases = [good[case] for case in each["cases"] if case in good]
                killer = _apart(partial(_killer, runner, mutant, cases))
                if killer is None or killer in sound or killer not in good:
                    break
                if _apart(partial(_failing, runner, good[killer])) is None:
                    sound.add(killer)
                    break
                del good[killer]
            yield {"id": mutant.id, "killed_by": killer}

    def _judge(self, runner: Runner) -> Iterator[Json]:
        """Yield, mutant by mutant, which case killed it, if one did."""
        for each in self.task["mutants"]:
            mutant = Mutant(**each["mutant"])
            yield {"begun": mutant.id}
            cases = [runner.items[case] for case in each["cases"]]
            killer = _killer(runner, mutant, cases)
            whole = killer in (None, UNFIT) or runner.passes(runner.items[killer])
            yield {"id": mutant.id, "killed_by": killer, "whole": whole}
            if not whole:
                return  # it left something behind
        runner.failed.clear()

    def _redden(self, runner: Runner) -> Iterator[Json]:
        """Yield, case by case, which of its mutants turned it red, if one did."""
        for each in self.task["cases"]:
            item = runner.items[each["case"]]
            yield {"begun": item.nodeid}
            red, whole = None, True
            for said in each["mutants"]:
                mutant = Mutant(**said)
                if _reds(runner, item, mutant):
                    red = mutant.id
                    break
            if red is not None and not _is_quick(item):
                whole = runner.passes(item)
            yield {"case": item.nodeid, "red": red, "whole": whole}
            if not whole:
                return  # it left something behind
        runner.failed.clear()


def _reds(runner: Runner, item: pytest.Item, mutant: Mutant) -> bool:
    """Tell whether a mutant turns a case red that is green without it."""
    if not _is_quick(item):
        return _killer(runner, mutant, [item]) not in (None, UNFIT)
    red = _apart(partial(_killer, runner, mutant, [item]))
    return red == item.nodeid and _apart(partial(_failing, runner, item)) is None


def _is_quick(item: pytest.Item) -> bool:
    return not any(item.get_closest_marker(each) for each in OUTSIDE)


def _killer(runner: Runner, mutant: Mutant, cases: Sequence[pytest.Item]) -> str | None:
    source = Source(mutant.module)
    function = source.living(mutant.function)
    try:
        code = source.code(mutant)
    except SyntaxError:
        return UNFIT
    if code.co_freevars != function.__code__.co_freevars:
        return UNFIT
    with Swapped(function, code):
        for case in cases:
            if not runner.passes(case):
                return case.nodeid
    return None


def _failing(runner: Runner, case: pytest.Item) -> str | None:
    return None if runner.passes(case) else case.nodeid


def _apart(work: Callable[[], str | None]) -> str | None:
    """Return what work comes to in a process of its own, which may hang or crash."""
    there, here = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        signal.signal(signal.SIGPROF, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_PROF, BUSY_S)
        try:
            said = json.dumps(work())
        except Exception as error:  # noqa: BLE001, it is no fault of the mutant
            said = json.dumps(f"{UNFIT}: {error}")
        os.write(here, said.encode())
        os._exit(0)
    os.close(here)
    with open(there, "rb") as heard:  # noqa: PTH123, it is a descriptor
        ready, _, _ = select.select([heard], [], [], IDLE_S)
        if not ready:
            os.kill(child, signal.SIGKILL)
        text = heard.read()
    os.waitpid(child, 0)
    return json.loads(text) if text else HUNG


def _relative(file: str) -> str:
    return Path(file).relative_to(ROOT).as_posix()


def pytest_configure(config: pytest.Config) -> None:
    """Take over, if there is a task."""
    if (named := os.environ.get(TASK)) is not None:
        settings.register_profile(
            "mutants",
            database=None,
            deadline=None,
            derandomize=True,
            phases=(Phase.explicit, Phase.generate),
        )
        settings.load_profile("mutants")
        task = json.loads(Path(named).read_text())
        config.pluginmanager.register(Plugin(task), "mutants")
