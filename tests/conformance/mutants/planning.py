"""Which mutants there are, and which cases judge each of them, the closest first."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache, partial
from hashlib import blake2b
from typing import Any

from tests.conformance.marks import proofs
from tests.conformance.mutants.learning import Case
from tests.conformance.mutants.mutating import ROOT, Mutant, Source

BLOCKS = (
    "security provisioning authorization local_list transactions remote_control "
    "availability reservation tariff_and_cost metering smart_charging firmware "
    "certificates diagnostics display data_transfer bidirectional der_control"
)
LETTERS = dict(zip(BLOCKS.split(), "ABCDEFGHIJKLMNOPQR", strict=True))
QUICK_TRIES = 60

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Trial:
    """A mutant and who judges it.

    Attributes:
        mutant: What is broken.
        made: The digest of the function.
        quick: The cases that need nothing, the closest first.
        wire: The cases that need PostgreSQL or sockets.
    """

    mutant: Mutant
    made: str
    quick: tuple[Case, ...]
    wire: tuple[Case, ...]

    @property
    def key(self) -> str:
        """What stays the same for as long as its function does."""
        mutant = self.mutant
        return (
            f"{mutant.module}::{mutant.function}"
            f":{self.made}:{mutant.number}:{mutant.change}"
        )

    @property
    def judges(self) -> str:
        """What stays the same for as long as its judges do."""
        names = sorted(f"{each.id} {each.made}" for each in (*self.quick, *self.wire))
        return blake2b("\n".join(names).encode(), digest_size=6).hexdigest()

    def task(self, cases: Iterable[Case]) -> Json:
        """Return it as a part of a task."""
        return {"mutant": asdict(self.mutant), "cases": [each.id for each in cases]}


def planned(
    cases: Sequence[Case], only: str, *, most: int = 0, tries: int = 8
) -> list[Trial]:
    """Return all mutants of the functions whose name has something in it.

    Those of functions that no case runs are among them.

    Args:
        cases: Who judges.
        only: Part of the names, such as ``csms/blocks/``.
        most: How many of a function, spread evenly; nought for all.
        tries: How many tests on the wire a mutant must survive.
    """
    running: dict[str, list[Case]] = defaultdict(list)
    for case in cases:
        for name in (*case.ran, *case.lines):
            running[name].append(case)
    return [
        trial
        for path in _modules(only)
        for trial in _of_module(Source(path), only, running, most, tries)
    ]


def _modules(only: str) -> Iterator[str]:
    for folder in ("blocks", "services"):
        for path in sorted((ROOT / "csms" / folder).rglob("*.py")):
            name = path.relative_to(ROOT).as_posix()
            if name in only or only in name or only.partition("::")[0] in name:
                yield name


def _of_module(
    source: Source,
    only: str,
    running: Mapping[str, list[Case]],
    most: int,
    tries: int,
) -> Iterator[Trial]:
    for function in source.functions:
        name = f"{source.path}::{function}"
        if only not in name:
            continue
        made = source.digest(function)
        for mutant in _some(source, function, most):
            ranked = sorted(
                {*running.get(mutant.place, ()), *running.get(name, ())},
                key=partial(_distance, mutant),
            )
            quick = [each for each in ranked if each.quick]
            wire = _one_of_each([each for each in ranked if not each.quick])
            yield Trial(mutant, made, tuple(quick[:QUICK_TRIES]), tuple(wire[:tries]))


def _some(source: Source, function: str, most: int) -> list[Mutant]:
    """Return mutants of a function, spread evenly if there are too many."""
    try:
        source.living(function)
        found = source.mutants(function)
    except LookupError:
        return []
    if not most or len(found) <= most:
        return found
    return [found[at * len(found) // most] for at in range(most)]


def _one_of_each(cases: Sequence[Case]) -> list[Case]:
    """Return cases with one of every test first, then the others."""
    first: dict[str, Case] = {}
    for each in cases:
        first.setdefault(each.test, each)
    others = [each for each in cases if first[each.test] is not each]
    return [*first.values(), *others]


@cache
def _ids() -> Mapping[str, Sequence[str]]:
    """Return what each proof proves."""
    return {each.node: each.ids for each in proofs()}


def _distance(mutant: Mutant, case: Case) -> tuple[bool, bool, bool, int, int, str]:
    """Return how far a case is from a mutant: what runs its line is closest.

    What only runs its function comes after, as lines may have moved since that was
    learned; of others the proofs of its block come first, and what takes seconds last.
    """
    stem = mutant.module.rpartition("/")[2].removesuffix(".py")
    letter = LETTERS.get(stem, stem)
    ids = _ids().get(case.test, ())
    ours = any(each[0] == letter or f"_{letter}_" in each for each in ids)
    near = ours or stem in case.test
    far = mutant.place not in case.lines
    return far, not near, not ours, int(case.seconds), len(case.ran), case.id
