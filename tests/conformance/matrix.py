"""The conformance matrix, made from the tests: ``make matrix`` writes it anew.

Rows are the actions, the use cases, the requirements of Part 2 that concern a central
system, and the test cases of Part 6 for one. Each is proven by a test, declined with a
reason, or open.
"""

import json
import re
import sys
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from csms.ocpp.messages import HANDLED, SENT
from csms.ocpp.messages.catalog import MODELED
from csms.ocpp.wire import FROM_STATION, TO_STATION, AnyAction, Edition
from tests.conformance.marks import Proof, proofs
from tests.conformance.mutants.filing import UNJUDGED, load, summed
from tests.conformance.rendering import rendered

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
DATA = ROOT / "csms" / "conformance" / "matrix.json"
PAGE = ROOT / "csms" / "conformance" / "README.md"
OURS = frozenset({"csms", "both"})
EDITIONS = {Edition.V201: "2.0.1", Edition.V21: "2.1"}

Json = dict[str, Any]


class Inconsistent(Exception):
    """Marks, declined ids and the specification's ids do not fit together."""


@dataclass(frozen=True)
class Sources:
    """Everything that the matrix is made from.

    Attributes:
        requirements: What Part 2 asks.
        test_cases: What Part 6 tests.
        names: Blocks, use cases and actions, in our words.
        declined: What is declined, with its reason.
        proofs: The marked tests.
        mutants: Whether tests can fail, in figures.
    """

    requirements: Sequence[Json]
    test_cases: Sequence[Json]
    names: Json
    declined: Mapping[str, str]
    proofs: Sequence[Proof]
    mutants: Json = field(default_factory=lambda: summed(UNJUDGED))

    @cached_property
    def proven(self) -> Mapping[str, list[str]]:
        """The tests that prove each id."""
        found: dict[str, list[str]] = defaultdict(list)
        for proof in self.proofs:
            for identity in proof.ids:
                found[identity].append(proof.node)
        return found

    @cached_property
    def actions(self) -> Mapping[str, AnyAction]:
        """Every action, by name."""
        return {each.name: each for each in MODELED}

    @cached_property
    def spoken(self) -> Mapping[str, list[str]]:
        """The marked tests that mention each action."""
        names = {each.name: each.name for each in MODELED}
        names |= {_constant(each.name): each.name for each in MODELED}
        found: dict[str, list[str]] = defaultdict(list)
        for proof in self.proofs:
            words = proof.words | set(proof.ids)
            for action in sorted({names[each] for each in words & names.keys()}):
                found[action].append(proof.node)
        return found

    @cached_property
    def known(self) -> frozenset[str]:
        """Every id that there is."""
        ids = {each["id"] for each in (*self.requirements, *self.test_cases)}
        return frozenset(ids | self.names["titles"].keys() | self.actions.keys())

    def check(self) -> None:
        """Hold marks and declined ids against the ids that there are.

        Raises:
            Inconsistent: If they do not fit.
        """
        wrong = [
            f"{proof.node} proves {identity}, which there is not"
            for proof in self.proofs
            for identity in proof.ids
            if identity not in self.known
        ]
        wrong += [
            f"declined.toml names {identity}, which there is not"
            for identity in self.declined
            if identity not in self.known
        ]
        wrong += [
            f"{identity} is declined, and proven by {self.proven[identity][0]}"
            for identity in self.declined
            if identity in self.proven
        ]
        if wrong:
            raise Inconsistent("\n".join(wrong))

    def reason(self, row: Json) -> str | None:
        """Return why a row is declined, itself or the use cases it belongs to."""
        if (own := self.declined.get(row["id"])) is not None:
            return own
        cases = row.get("use_cases") or [row.get("use_case", "")]
        reasons = [self.declined[each] for each in cases if each in self.declined]
        return reasons[0] if reasons and len(reasons) == len(cases) else None


def sources() -> Sources:
    """Read everything that the matrix is made from.

    Raises:
        Inconsistent: If an id is declined twice.
    """
    entries = _toml("declined").get("declined", [])
    declined = {each["id"]: each["reason"] for each in entries}
    if len(declined) != len(entries):
        twice = Counter(each["id"] for each in entries).most_common(1)[0][0]
        raise Inconsistent(f"{twice} is declined twice")
    return Sources(
        _toml("requirements")["requirements"],
        _toml("test_cases")["test_cases"],
        _toml("use_cases"),
        declined,
        proofs(),
        summed(load()),
    )


def matrix(given: Sources) -> Json:
    """Return the matrix.

    Raises:
        Inconsistent: If marks, declined ids and known ids do not fit together.
    """
    given.check()
    blocks = [
        _block(given, letter, title) for letter, title in given.names["blocks"].items()
    ]
    kinds = ("actions", "use_cases", "requirements", "test_cases")
    return {
        "totals": {
            kind: _count(row for block in blocks for row in block[kind])
            for kind in kinds
        },
        "tests": len(given.proofs),
        "mutants": given.mutants,
        "blocks": blocks,
    }


def _block(given: Sources, letter: str, title: str) -> Json:
    mine = [each for each in given.requirements if each["id"].startswith(letter)]
    requirements = [
        _requirement(given, each)
        for each in mine
        if each["actor"] in OURS or each["id"] in given.proven
    ]
    cases = sorted(
        {each["use_case"] for each in mine}
        | {each for each in given.names["titles"] if each.startswith(letter)}
    )
    return {
        "id": letter,
        "title": title,
        "actions": [_action(given, each) for each in given.names["actions"][letter]],
        "use_cases": [_use_case(given, each, mine, requirements) for each in cases],
        "requirements": requirements,
        "test_cases": [
            _row(given, each, use_cases=each["use_cases"], actions=each["actions"])
            for each in given.test_cases
            if each["id"].startswith(f"TC_{letter}_")
        ],
    }


def _action(given: Sources, name: str) -> Json:
    action = given.actions[name]
    tests = given.spoken.get(name, [])
    does = []
    if FROM_STATION in action.direction and action in HANDLED:
        does.append("answered")
    if TO_STATION in action.direction and action in SENT:
        does.append("sent")
    if name in given.declined:
        state = "declined"
    else:
        state = "proven" if tests and does else "open"
    return {
        "id": name,
        "editions": [EDITIONS[each] for each in Edition if each in action.editions],
        "from_station": FROM_STATION in action.direction,
        "to_station": TO_STATION in action.direction,
        "does": does,
        "state": state,
        "reason": given.declined.get(name, ""),
        "tests": tests,
    }


def _requirement(given: Sources, each: Json) -> Json:
    said = {name: each[name] for name in ("use_case", "editions", "actor")}
    return _row(given, each, **said)


def _row(given: Sources, each: Json, **more: Any) -> Json:  # noqa: ANN401
    tests = given.proven.get(each["id"], [])
    reason = None if tests else given.reason(each)
    state = "proven" if tests else "open" if reason is None else "declined"
    found = {"id": each["id"], **more, "state": state}
    return {**found, "reason": reason or "", "tests": tests}


def _use_case(
    given: Sources, case: str, mine: Iterable[Json], rows: Iterable[Json]
) -> Json:
    asked = [each for each in rows if each["use_case"] == case and _is_ours(each)]
    states = Counter(each["state"] for each in asked)
    editions = {
        edition
        for each in mine
        if each["use_case"] == case
        for edition in each["editions"]
    }
    return {
        "id": case,
        "title": given.names["titles"][case],
        "editions": sorted(editions) or ["2.1"],
        "proven": states["proven"],
        "declined": states["declined"],
        "open": states["open"],
        "state": _state(states, declined=case in given.declined),
        "reason": given.declined.get(case, ""),
    }


def _state(states: Counter[str], *, declined: bool) -> str:
    if declined and not states["proven"]:
        return "declined"
    if not states:
        return "station"
    if states["open"]:
        return "partly" if states["proven"] else "open"
    return "proven" if states["proven"] else "declined"


def _count(rows: Iterable[Json]) -> Json:
    states = Counter(each["state"] for each in rows if _is_ours(each))
    return dict(sorted(states.items())) | {"all": states.total()}


def _is_ours(row: Json) -> bool:
    return row.get("actor", "csms") in OURS


def _constant(name: str) -> str:
    """Return what the constant of an action is called: ``GET_15118_EV_CERTIFICATE``."""
    parts = re.findall(r"[A-Z]{2,}(?=[A-Z][a-z]|$|\d)|[A-Z][a-z]+|\d+|[A-Z]+", name)
    return "_".join(parts).upper()


def _toml(name: str) -> Json:
    return tomllib.loads((HERE / f"{name}.toml").read_text())


def written(found: Json) -> tuple[str, str]:
    """Return both files: the data, and the page for readers."""
    blocks = ",\n".join(
        "{" + ",\n".join(_part(name, part) for name, part in block.items()) + "}"
        for block in found["blocks"]
    )
    head = json.dumps({name: found[name] for name in ("totals", "tests")}, indent=1)
    modules, proofs = found["mutants"]["modules"], found["mutants"]["proofs"]
    mutants = f' "mutants": {{{_part("modules", modules)}, {_part("proofs", proofs)}}}'
    return f'{head[:-2]},\n{mutants},\n "blocks": [\n{blocks}\n]}}\n', rendered(found)


def _part(name: str, part: object) -> str:
    if not isinstance(part, list):
        return f" {json.dumps(name)}: {json.dumps(part)}"
    rows = ",\n".join(f"  {json.dumps(row)}" for row in part)
    return f" {json.dumps(name)}: [\n{rows}\n ]" if part else f" {json.dumps(name)}: []"


def main() -> int:
    """Write both files; with ``--check`` only say whether they are up to date."""
    try:
        files = dict(zip((DATA, PAGE), written(matrix(sources())), strict=True))
    except Inconsistent as wrong:
        print(wrong, file=sys.stderr)  # noqa: T201
        return 1
    stale = [
        path
        for path, text in files.items()
        if not path.exists() or path.read_text() != text
    ]
    if "--check" in sys.argv:
        return bool(stale)
    for path in stale:
        path.parent.mkdir(exist_ok=True)
        path.write_text(files[path])
    totals = json.loads(files[DATA])["totals"]
    for kind, states in totals.items():
        said = ", ".join(f"{count} {state}" for state, count in states.items())
        print(f"{kind.replace('_', ' ')}: {said}")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
