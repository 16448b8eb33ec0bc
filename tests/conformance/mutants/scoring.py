"""What became of the mutants, for whoever runs them and for the next run."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.conformance.mutants.filing import exists
from tests.conformance.mutants.judging import UNFIT
from tests.conformance.mutants.planning import Trial

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a mutant.

    Attributes:
        trial: The mutant, and who judged it.
        killed_by: The case that turned red, or none.
    """

    trial: Trial
    killed_by: str | None


@dataclass(slots=True)
class Score:
    """What became of the mutants of a function."""

    made: str = ""
    killed: int = 0
    survived: list[Verdict] = field(default_factory=list)

    @property
    def all(self) -> int:
        """How many there were."""
        return self.killed + len(self.survived)


@dataclass(slots=True)
class Kept:
    """What is known from earlier runs, so that one that is interrupted goes on.

    Attributes:
        path: Where it stands: a line for each mutant, the last one counts.
    """

    path: Path
    _lines: dict[str, Json] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.path.exists():
            for text in self.path.read_text().splitlines():
                line = json.loads(text)
                self._lines[line["key"]] = line

    def verdict(self, trial: Trial, cases: frozenset[str]) -> Verdict | None:
        """Return what is still true of a mutant.

        A killed one stays dead while its killer exists, a survivor lives until
        somebody else judges it.
        """
        line = self._lines.get(trial.key)
        if line is None:
            return None
        killer = line["killed_by"]
        if killer is None:
            return Verdict(trial, None) if line["by"] == trial.judges else None
        return Verdict(trial, killer) if killer in cases or "::" not in killer else None

    def add(self, verdict: Verdict) -> None:
        """Keep a verdict."""
        trial = verdict.trial
        self._add(trial.key, by=trial.judges, killed_by=verdict.killed_by)

    @property
    def seen_red(self) -> frozenset[str]:
        """The tests that some mutant has turned red."""
        killers = (line["killed_by"] for line in self._lines.values())
        return frozenset(each.partition("[")[0] for each in killers if each)

    def stayed_green(self, test: str, made: str) -> bool:
        """Tell whether no mutant turned a test red, as it stands."""
        line = self._lines.get(test)
        return line is not None and line["killed_by"] is None and line["by"] == made

    def add_proof(self, test: str, made: str, *, red: bool) -> None:
        """Keep whether a mutant has turned a test red."""
        self._add(test, by=made, killed_by=test if red else None)

    def _add(self, key: str, *, by: str, killed_by: str | None) -> None:
        line = {"key": key, "by": by, "killed_by": killed_by}
        self._lines[key] = line
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a") as file:
            file.write(f"{json.dumps(line)}\n")


def scored(verdicts: Iterable[Verdict]) -> Mapping[str, Score]:
    """Count by function; what could not run is not counted."""
    scores: dict[str, Score] = defaultdict(Score)
    for each in verdicts:
        if (each.killed_by or "").startswith(UNFIT):
            continue
        mutant = each.trial.mutant
        score = scores[f"{mutant.module}::{mutant.function}"]
        score.made = each.trial.made
        if each.killed_by:
            score.killed += 1
        else:
            score.survived.append(each)
    return scores


def report(scores: Mapping[str, Score]) -> Iterator[str]:
    """Yield what became of every function, and the score."""
    for name, score in sorted(scores.items()):
        yield f"{score.killed:4} of {score.all:3} killed  {name}"
        for each in sorted(score.survived, key=lambda one: one.trial.mutant.line):
            mutant = each.trial.mutant
            seen = "" if each.trial.quick or each.trial.wire else " (no test runs it)"
            yield f"      survived, line {mutant.line}: {mutant.change}{seen}"
    killed = sum(each.killed for each in scores.values())
    whole = sum(each.all for each in scores.values())
    share = 100 * killed / whole if whole else 0
    yield f"{killed} of {whole} mutants killed: {share:.1f} %"


def written(scores: Mapping[str, Score], before: Json) -> Json:
    """Return what is to be kept: what was judged now, and the rest as it was.

    Args:
        scores: What was judged now.
        before: Functions by module, as they were judged.
    """
    functions: dict[str, Json] = {
        f"{module}::{name}": told
        for module, told in before.items()
        for name, told in told.items()
        if exists(module, name)
    }
    for name, score in scores.items():
        functions[name] = {
            "made": score.made,
            "killed": score.killed,
            "survived": sorted(each.trial.mutant.change for each in score.survived),
        }
    found: dict[str, Json] = defaultdict(dict)
    for name, told in sorted(functions.items()):
        module, function = name.split("::")
        found[module][function] = told
    return dict(found)
