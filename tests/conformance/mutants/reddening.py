"""Whether each proof can fail: every one must turn red by some broken handler."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from itertools import islice, zip_longest
from typing import Any

from tests.conformance.marks import proofs
from tests.conformance.mutants.learning import Case, progress, run_pytest
from tests.conformance.mutants.mutating import Mutant, Source

MOST = 12
"""How many mutants a proof must stay green under, to be taken for vacuous."""

HANDLERS = "csms/blocks/"
EACH = 2
"""How many of them are of one function."""

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Suspect:
    """A proof that has not been seen red.

    Attributes:
        case: Its quickest case.
        mutants: What may turn it red: what the fewest others run comes first.
    """

    case: Case
    mutants: tuple[Mutant, ...]

    def task(self) -> Json:
        """Return it as a part of a task."""
        return {
            "case": self.case.id,
            "mutants": [asdict(each) for each in self.mutants],
        }


def suspects(cases: Sequence[Case], seen: frozenset[str]) -> list[Suspect]:
    """Return the marked proofs that no mutant has turned red yet.

    Args:
        cases: Every case that passes.
        seen: The tests that were seen red.
    """
    runners: dict[str, set[str]] = defaultdict(set)
    for case in cases:
        for name in case.ran:
            runners[name].add(case.test)
    known: dict[str, Case] = {}
    for case in sorted(cases, key=lambda each: (each.seconds, each.id)):
        known.setdefault(case.test, case)
    return [
        Suspect(known[proof.node], tuple(_nearest(known[proof.node], runners)))
        for proof in proofs()
        if proof.node in known and proof.node not in seen
    ]


def _nearest(case: Case, runners: Mapping[str, set[str]]) -> Iterator[Mutant]:
    """Yield mutants of lines that a case runs, in turn of handlers and of the rest.

    Of both, what few other tests run comes first.
    """
    ran = sorted(case.ran, key=lambda each: (len(runners[each]), each))
    handlers = [each for each in ran if each.startswith(HANDLERS)]
    others = [each for each in ran if not each.startswith(HANDLERS)]
    found = (
        mutant
        for pair in zip_longest(handlers, others)
        for name in pair
        if name is not None
        for mutant in _loudest(name, case)
    )
    yield from islice(found, MOST)


def _loudest(name: str, case: Case) -> list[Mutant]:
    near = [each for each in _mutants(name) if each.place in case.lines]
    return sorted(near, key=_quietness)[:EACH]


def _quietness(mutant: Mutant) -> tuple[bool, bool]:
    """Return how little is likely to come of a mutant: a turned condition is loud."""
    return "forgotten" in mutant.change, "skipped" in mutant.change


@cache
def _mutants(name: str) -> Sequence[Mutant]:
    module, function = name.split("::")
    source = _source(module)
    try:
        source.living(function)
        return source.mutants(function)
    except LookupError:
        return ()


@cache
def _source(module: str) -> Source:
    return Source(module)


def reddened(waiting: Sequence[Suspect], *, show: bool) -> Iterator[tuple[str, bool]]:
    """Yield each proof with whether it has turned red, in as many processes as needed.

    Raises:
        RuntimeError: If nothing comes of it.
    """
    waiting = sorted(waiting, key=lambda each: (not each.case.quick, each.case.id))
    whole = len(waiting)
    while waiting:
        quick = waiting[0].case.quick
        now = [each for each in waiting if each.case.quick == quick]
        task = {"kind": "redden", "cases": [each.task() for each in now]}
        begun, done = False, 0
        for line in run_pytest(task, sorted({_module(each) for each in now})):
            begun = "begun" in line
            if begun:
                continue
            if done and not line["whole"]:
                break  # an earlier mutant may have left it so: once more, by itself
            yield now[done].case.test, line["red"] is not None
            done += 1
            if show:
                progress("proofs", whole - len(waiting) + done, whole, line["case"])
        if begun:  # it hung or crashed, which is no green
            yield now[done].case.test, True
            done += 1
        if not done:
            raise RuntimeError(f"nothing came of {now[0].case.id}")
        waiting = waiting[done:]


def _module(suspect: Suspect) -> str:
    return suspect.case.id.partition("::")[0]
