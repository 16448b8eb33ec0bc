"""What this system does about OCPP, row by row: the matrix that its tests made."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any


class Kind(StrEnum):
    """What a row is about."""

    ACTION = "actions"
    USE_CASE = "use_cases"
    REQUIREMENT = "requirements"
    TEST_CASE = "test_cases"


class State(StrEnum):
    """How far a row has come."""

    PROVEN = "proven"
    PARTLY = "partly"
    DECLINED = "declined"
    OPEN = "open"
    STATION = "station"
    """A use case, or a requirement, that asks nothing of a central system."""


@dataclass(frozen=True, slots=True)
class Row:
    """An action, a use case, a requirement of Part 2 or a test case of Part 6.

    Attributes:
        kind: What it is about.
        block: The letter of its functional block.
        id: Its id in the specification; an action's name.
        state: How far it has come.
        editions: The editions that have it.
        about: What it is, in a few words of ours.
        reason: Why it is declined.
        tests: The tests that prove it, as pytest names them.
    """

    kind: Kind
    block: str
    id: str
    state: State
    editions: tuple[str, ...]
    about: str
    reason: str
    tests: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Totals:
    """How many rows there are in each state.

    Attributes:
        proven: Asserted by a test.
        declined: Left out on purpose.
        open: Neither; or proven in part only.
    """

    proven: int
    declined: int
    open: int

    @property
    def all(self) -> int:
        """Return how many rows ask something of a central system."""
        return self.proven + self.declined + self.open


@dataclass(frozen=True, slots=True)
class Mutants:
    """Whether the tests can fail: handlers were broken on purpose.

    Attributes:
        killed: Those that turned a test red.
        all: How many there were.
        seen_red: The proofs that turned red by one.
    """

    killed: int = 0
    all: int = 0
    seen_red: int = 0


@dataclass(frozen=True, slots=True)
class Matrix:
    """The conformance matrix.

    Attributes:
        blocks: The functional blocks: their titles by letter.
        rows: Every row, block by block.
        tests: How many tests are marked as proofs.
        mutants: Whether tests can fail.
    """

    blocks: Mapping[str, str]
    rows: Sequence[Row]
    tests: int
    mutants: Mutants = Mutants()

    def totals(self, kind: Kind, block: str | None = None) -> Totals:
        """Return how far all rows of a kind have come, or those of one block."""
        states = Counter(
            row.state
            for row in self.rows
            if row.kind is kind and block in (None, row.block)
        )
        unfinished = states[State.OPEN] + states[State.PARTLY]
        return Totals(states[State.PROVEN], states[State.DECLINED], unfinished)

    def chosen(
        self,
        block: str | None = None,
        states: Sequence[State] = (),
        kind: Kind | None = None,
    ) -> list[Row]:
        """Return the rows that fit; what is not given fits all."""
        return [
            row
            for row in self.rows
            if block in (None, row.block)
            and kind in (None, row.kind)
            and (not states or row.state in states)
        ]


@cache
def load_matrix() -> Matrix:
    """Return the matrix that came with this version."""
    text = (files("csms") / "conformance" / "matrix.json").read_text("utf-8")
    document = json.loads(text)
    mutants = document["mutants"]
    return Matrix(
        {block["id"]: block["title"] for block in document["blocks"]},
        tuple(_rows(document["blocks"])),
        document["tests"],
        Mutants(
            sum(each["killed"] for each in mutants["modules"]),
            sum(each["all"] for each in mutants["modules"]),
            mutants["proofs"]["seen_red"],
        ),
    )


def _rows(blocks: Sequence[Mapping[str, Any]]) -> Iterator[Row]:
    for block in blocks:
        for kind in Kind:
            for row in block[kind]:
                yield _row(kind, block["id"], row)


def _row(kind: Kind, block: str, said: Mapping[str, Any]) -> Row:
    ours = said.get("actor") != "station"
    return Row(
        kind,
        block,
        said["id"],
        State(said["state"]) if ours else State.STATION,
        tuple(said.get("editions", ("2.0.1",))),
        _about(kind, said),
        said["reason"],
        tuple(said.get("tests", ())),
    )


def _about(kind: Kind, said: Mapping[str, Any]) -> str:
    match kind:
        case Kind.ACTION:
            ways = {"from_station": "stations ask it", "to_station": "we ask it"}
            asks = " and ".join(word for way, word in ways.items() if said[way])
            done = " and ".join(said["does"])
            return f"{asks}: {done}" if done else asks
        case Kind.USE_CASE:
            title: str = said["title"]
            return title
        case Kind.REQUIREMENT:
            return f"of {said['use_case']}"
        case Kind.TEST_CASE:
            return f"of {', '.join(said['use_cases'])}" if said["use_cases"] else ""
