"""``make mutants``: break handlers on purpose, and see whether their proofs turn red.

Each proof is run once to learn which functions of blocks and services it runs. Then
each of these functions is changed in many small ways, one at a time, and the proofs
that run it are run until one fails. A mutant that no proof kills has survived: what it
broke is asserted by nobody.
"""

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from hashlib import blake2b
from pathlib import Path
from typing import Any

from tests.conformance.marks import proofs
from tests.conformance.mutants.judging import DIRTY, TASK
from tests.conformance.mutants.mutating import ROOT, Mutant, Source

CASE_S = 30
QUIET_S = 120
"""Seconds without a word after which a process is taken for stuck."""

BLOCKS = (
    "security provisioning authorization local_list transactions remote_control "
    "availability reservation tariff_and_cost metering smart_charging firmware "
    "certificates diagnostics display data_transfer bidirectional der_control"
)
LETTERS = dict(zip(BLOCKS.split(), "ABCDEFGHIJKLMNOPQR", strict=True))
IDS: Mapping[str, Sequence[str]] = defaultdict(
    tuple, {each.node: each.ids for each in proofs()}
)
"""What each proof proves."""

_SKIPPED = frozenset({"run", "routes", "stop", "start", "__init__", "__post_init__"})
PLUGIN = "tests.conformance.mutants.judging"

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Case:
    """A case of a proof.

    Attributes:
        id: Its name for pytest.
        seconds: How long it takes.
        ran: The functions that it runs.
        lines: Their lines.
    """

    id: str
    seconds: float
    ran: frozenset[str]
    lines: frozenset[str]


@dataclass(slots=True)
class Score:
    """What became of the mutants of a function."""

    killed: list[Json] = field(default_factory=list)
    survived: list[Json] = field(default_factory=list)

    @property
    def all(self) -> int:
        """How many there were."""
        return len(self.killed) + len(self.survived)


def run_pytest(task: Json, tests: Iterable[str]) -> Iterator[Json]:
    """Do a task in a pytest of its own; yield what it says, line by line."""
    with tempfile.TemporaryDirectory() as folder:
        output, named = Path(folder) / "output.jsonl", Path(folder) / "task.json"
        output.touch()
        named.write_text(json.dumps({**task, "output": str(output)}))
        patience = "10" if task["kind"] == "map" else "3"
        environment = {
            **os.environ,
            TASK: str(named),
            "CSMS_PEER_PATIENCE_S": patience,
        }
        command = [
            sys.executable, "-m", "pytest", "-q", "-p", PLUGIN,
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


def mapped(
    tests: Sequence[str], *, show: bool, learned: Path | None = None
) -> list[Case]:
    """Run every proof once; return those that pass, with what they run.

    Args:
        tests: The proofs.
        show: Whether somebody watches.
        learned: Where this is kept for the next time, and taken from.
    """
    if learned is not None and learned.exists():
        lines = json.loads(learned.read_text())
    else:
        lines = []
        for line in run_pytest({"kind": "map"}, tests):
            if not line["passed"]:
                note(f"fails without any change: {line['case']}")
                continue
            lines.append(line)
            if show:
                progress("learning", len(lines), len(tests), line["test"])
        if learned is not None and lines:
            learned.write_text(json.dumps(lines))
    return [
        Case(
            each["case"],
            each["seconds"],
            frozenset(each["ran"]),
            frozenset(each["lines"]),
        )
        for each in lines
    ]


def planned(
    cases: Sequence[Case], only: str, most: int, tries: int
) -> list[tuple[Mutant, list[str]]]:
    """Return the mutants to be judged, each with its proofs, the closest first."""
    by_function: dict[str, list[Case]] = defaultdict(list)
    for case in cases:
        for function in case.ran:
            by_function[function].append(case)
    plan = []
    for name in sorted(by_function):
        module, function = name.split("::")
        if only not in name or function.rpartition(".")[2] in _SKIPPED:
            continue
        ranked = sorted(by_function[name], key=partial(_distance, module))
        for mutant in _some(module, function, most):
            line = f"{module}:{mutant.line}"
            near = [each for each in ranked if line in each.lines] or ranked
            plan.append((mutant, [each.id for each in near[:tries]]))
    return sorted(plan, key=lambda each: _shuffled(each[0].id))


def _shuffled(name: str) -> bytes:
    """Return what mixes functions, so that a part of a run tells about all of it."""
    return blake2b(name.encode(), digest_size=8).digest()


def _distance(module: str, case: Case) -> tuple[bool, bool, int, str]:
    """Return how far a proof is from a module: its block's own proofs are closest."""
    stem = module.rpartition("/")[2].removesuffix(".py")
    letter = LETTERS.get(stem, stem)
    test = case.id.partition("[")[0]
    ours = any(each[0] == letter or f"_{letter}_" in each for each in IDS[test])
    return not ours, stem not in test, len(case.ran), case.id


def _some(module: str, function: str, most: int) -> list[Mutant]:
    """Return mutants of a function, spread evenly if there are too many."""
    source = Source(module)
    try:
        source.living(function)
        found = source.mutants(function)
    except LookupError:
        return []
    if len(found) <= most:
        return found
    return [found[at * len(found) // most] for at in range(most)]


def judged(
    plan: Sequence[tuple[Mutant, list[str]]], *, show: bool
) -> Mapping[str, Score]:
    """Judge mutants, in as many processes as it takes, one after the other.

    Whoever interrupts it is given the scores so far.
    """
    scores: dict[str, Score] = defaultdict(Score)
    with contextlib.suppress(KeyboardInterrupt):
        _judge(list(plan), scores, show=show)
    return scores


def _judge(
    waiting: list[tuple[Mutant, list[str]]], scores: dict[str, Score], *, show: bool
) -> None:
    whole = len(waiting)
    while waiting:
        tests = sorted(
            {case.partition("[")[0] for _, cases in waiting for case in cases}
        )
        task = {
            "kind": "judge",
            "mutants": [
                {"mutant": asdict(mutant), "cases": cases} for mutant, cases in waiting
            ],
        }
        begun, done = None, 0
        for line in run_pytest(task, tests):
            if "begun" in line:
                begun = line["begun"]
                continue
            begun = None
            done += 1
            keep(scores, line)
            if show:
                progress("judging", whole - len(waiting) + done, whole, line["id"])
        if begun is not None:
            mutant = waiting[done][0]
            said = {
                **asdict(mutant),
                "id": mutant.id,
                "killed_by": "it hung or crashed",
            }
            keep(scores, said)
            done += 1
        if not done:
            raise RuntimeError(f"nothing came of {waiting[0][0].id}")
        waiting = waiting[done:]


def keep(scores: dict[str, Score], line: Json) -> None:
    """Count a mutant as killed or as survived."""
    score = scores[f"{line['module']}::{line['function']}"]
    (score.killed if line["killed_by"] else score.survived).append(line)


def progress(word: str, done: int, whole: int, name: str) -> None:
    """Draw a bar on a terminal."""
    if sys.stderr.isatty():
        share = min(1.0, done / max(whole, 1))
        bar = "█" * round(24 * share) + "·" * (24 - round(24 * share))
        short = name.rpartition("/")[2][:60]
        sys.stderr.write(f"\r{word} {bar} {done}/{whole} {short:<60}")


def note(said: str) -> None:
    """Say something beside the results."""
    sys.stderr.write(f"\n{said}\n")


def report(scores: Mapping[str, Score]) -> Iterator[str]:
    """Yield what became of every function, and the score."""
    for name, score in sorted(scores.items()):
        yield f"{len(score.killed):4} of {score.all:3} killed  {name}"
        for each in sorted(score.survived, key=lambda line: line["line"]):
            yield f"      survived, line {each['line']}: {each['change']}"
    killed = sum(len(each.killed) for each in scores.values())
    whole = sum(each.all for each in scores.values())
    share = 100 * killed / whole if whole else 0
    yield f"{killed} of {whole} mutants killed: {share:.1f} %"


def main() -> None:
    """Judge the proofs of this system."""
    options = argparse.ArgumentParser(prog="make mutants", description=__doc__)
    options.add_argument("--only", default="", help="functions whose name has this")
    options.add_argument("--tests", default="", help="proofs whose name has this")
    options.add_argument("--most", type=int, default=8, help="mutants per function")
    options.add_argument("--tries", type=int, default=8, help="proofs per mutant")
    options.add_argument("--learned", type=Path, help="a file: what was learned last")
    options.add_argument("--json", action="store_true", help="for programs")
    given = options.parse_args()
    tests = sorted({each.node for each in proofs() if given.tests in each.node})
    if not tests:
        raise SystemExit("no proof has such a name")
    cases = mapped(tests, show=not given.json, learned=given.learned)
    if not cases:
        raise SystemExit("no proof passes: run them by themselves first")
    plan = planned(cases, given.only, given.most, given.tries)
    scores = judged(plan, show=not given.json)
    if given.json:
        said = {name: asdict(score) for name, score in sorted(scores.items())}
        print(json.dumps(said, indent=1))  # noqa: T201
    else:
        sys.stderr.write("\n")
        print("\n".join(report(scores)))  # noqa: T201


if __name__ == "__main__":
    main()
