"""``make mutants``: break handlers on purpose, and see whether a test turns red.

Every test with a mark and every test that drives a block is run once to learn which
lines of blocks and services it runs. Then each function is changed in many small ways,
one at a time, and the tests that run the changed line are run until one fails: the
quick ones first, each mutant in a forked process; what they leave alive is judged by
tests on the wire, with one node for all. A mutant that no test kills has survived:
what it broke is asserted by nobody. What was learned and judged is kept, so that a run
which is interrupted goes on where it stopped, and a later one judges only what changed.
"""

import argparse
import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.conformance.marks import proofs
from tests.conformance.mutants.filing import load, save
from tests.conformance.mutants.judging import HUNG
from tests.conformance.mutants.learning import (
    Case,
    learned,
    note,
    progress,
    run_pytest,
)
from tests.conformance.mutants.mutating import ROOT
from tests.conformance.mutants.planning import Trial, planned
from tests.conformance.mutants.reddening import reddened, suspects
from tests.conformance.mutants.scoring import (
    Kept,
    Verdict,
    report,
    scored,
    written,
)

CACHE = ROOT / ".mutants"


def judged(
    plan: Sequence[Trial], *, quick_only: bool = False, show: bool = False
) -> Iterator[Verdict]:
    """Judge mutants: by quick cases, then the survivors on the wire."""
    alive = []
    quick = [each for each in plan if each.quick]
    for verdict in _by_quick(quick, show=show) if quick else ():
        if verdict.killed_by is None and verdict.trial.wire:
            alive.append(verdict.trial)
        else:
            yield verdict
    alive += [each for each in plan if each.wire and not each.quick]
    if not quick_only:
        yield from _by_wire(alive, show=show)
    for each in plan:
        if not each.quick and not each.wire:
            yield Verdict(each, None)


def _by_quick(plan: Sequence[Trial], *, show: bool) -> Iterator[Verdict]:
    task = {"kind": "fork", "mutants": [each.task(each.quick) for each in plan]}
    cases = {case.id.partition("::")[0] for each in plan for case in each.quick}
    lines = run_pytest(task, sorted(cases))
    for at, (trial, line) in enumerate(zip(plan, lines, strict=True), 1):
        if show:
            progress("quick", at, len(plan), line["id"])
        yield Verdict(trial, line["killed_by"])


def _by_wire(waiting: Sequence[Trial], *, show: bool) -> Iterator[Verdict]:
    """Judge in as many processes as it takes, one after the other.

    Raises:
        RuntimeError: If nothing comes of it.
    """
    waiting = sorted(waiting, key=lambda each: each.wire[0].id.partition("::")[0])
    whole = len(waiting)
    while waiting:
        task = {"kind": "judge", "mutants": [each.task(each.wire) for each in waiting]}
        tests = {case.id.partition("::")[0] for each in waiting for case in each.wire}
        begun, done = False, 0
        for line in run_pytest(task, sorted(tests)):
            begun = "begun" in line
            if begun:
                continue
            if done and not line["whole"]:
                break  # an earlier one may have left it so: once more, by itself
            yield Verdict(waiting[done], line["killed_by"])
            done += 1
            if show:
                progress("wire", whole - len(waiting) + done, whole, line["id"])
        if begun:
            yield Verdict(waiting[done], HUNG)
            done += 1
        if not done:
            raise RuntimeError(f"nothing came of {waiting[0].key}")
        waiting = waiting[done:]


def _prove(cases: Sequence[Case], kept: Kept) -> Iterator[str]:
    """Yield the proofs that stayed green whatever was broken, and the score.

    Whoever interrupts it is given the score so far.
    """
    made = {each.test: each.made for each in cases}
    marked = [each.node for each in proofs() if each.node in made]
    settled = {
        each
        for each in marked
        if each in kept.seen_red or kept.stayed_green(each, made[each])
    }
    waiting = suspects(cases, frozenset(settled))
    note(f"{len(marked)} proofs, {len(waiting)} of them to be tried")
    with contextlib.suppress(KeyboardInterrupt):
        for test, red in reddened(waiting, show=True):
            kept.add_proof(test, made[test], red=red)
            settled.add(test)
    green = [each for each in marked if each in settled - kept.seen_red]
    untried = len(marked) - len(settled)
    told = {"all": len(marked), "green": green, "untried": untried}
    save(load() | {"proofs": told})
    yield from (f"stayed green: {each}" for each in green)
    seen = f"{len(settled) - len(green)} of {len(marked)} proofs"
    yield f"{seen} have been seen red; {untried} were not tried"


def main() -> None:
    """Judge the tests of this system."""
    options = argparse.ArgumentParser(prog="make mutants", description=__doc__)
    options.add_argument(
        "--only", default="csms/blocks/", help="functions whose name has this"
    )
    options.add_argument("--tests", default="", help="modules of tests that have this")
    options.add_argument(
        "--most", type=int, default=0, help="mutants per function: a sample"
    )
    options.add_argument(
        "--tries", type=int, default=8, help="tests on the wire per mutant"
    )
    options.add_argument("--quick", action="store_true", help="no test on the wire")
    options.add_argument(
        "--proofs", action="store_true", help="ask instead whether each proof can fail"
    )
    options.add_argument(
        "--cache", type=Path, default=CACHE, help="where what is known is kept"
    )
    given = options.parse_args()
    cases = learned(given.cache / "learned.jsonl", given.tests, show=True)
    if not cases:
        raise SystemExit("no test passes: run them by themselves first")
    kept = Kept(given.cache / "judged.jsonl")
    if given.proofs:
        print("\n".join(_prove(cases, kept)))  # noqa: T201
        return
    plan = planned(cases, given.only, most=given.most, tries=given.tries)
    names = frozenset(each.id for each in cases)
    verdicts = [known for each in plan if (known := kept.verdict(each, names))]
    settled = {each.trial.key for each in verdicts}
    waiting = [each for each in plan if each.key not in settled]
    note(f"{len(plan)} mutants, {len(waiting)} of them to be judged")
    with contextlib.suppress(KeyboardInterrupt):
        for verdict in judged(waiting, quick_only=given.quick, show=True):
            kept.add(verdict)
            verdicts.append(verdict)
    print("\n".join(report(scored(verdicts))))  # noqa: T201
    if len(verdicts) < len(plan) or given.most or given.tests:
        note("not the whole of it, so nothing is written")
        return
    before = load()
    save(before | {"handlers": written(scored(verdicts), before["handlers"])})


if __name__ == "__main__":
    main()
