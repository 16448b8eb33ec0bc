"""The mutants' judge sees a proof that cannot fail."""

from dataclasses import asdict

import pytest

from tests.conformance.mutants.__main__ import Score, judged, report
from tests.conformance.mutants.mutating import Mutant, Source, Swapped
from tests.conformance.mutants.sample import handling

SAMPLE = "tests/conformance/mutants/sample"
GOOD = f"{SAMPLE}/proofs.py::test_reports_are_kept_unless_they_make_no_sense"
VACUOUS = f"{SAMPLE}/proofs.py::test_something_is_answered"
CHANGES = [
    "the opposite of: if value < 0",
    "value < 0 became value >= 0",
    "skipped: self.book.keep(station=station, value=value)",
    "station=station was forgotten",
    "value=value was forgotten",
    "Status.REJECTED became ACCEPTED",
    "Status.ACCEPTED became REJECTED",
]


@pytest.fixture(scope="module")
def source() -> Source:
    return Source(f"{SAMPLE}/handling.py")


@pytest.fixture(scope="module")
def mutants(source: Source) -> list[Mutant]:
    return source.mutants("Handler.report")


def test_a_handler_is_broken_in_every_way_there_is(mutants: list[Mutant]) -> None:
    assert sorted(each.change for each in mutants) == sorted(CHANGES)
    assert len({each.id for each in mutants}) == len(mutants)


def test_a_living_function_is_broken_and_whole_again(
    source: Source, mutants: list[Mutant]
) -> None:
    handler = handling.Handler(handling.Book())
    wrong = next(each for each in mutants if each.change.endswith("became REJECTED"))

    with Swapped(source.living("Handler.report"), source.code(wrong)):
        assert handler.report("A", 7) is handling.Status.REJECTED
    assert handler.report("A", 7) is handling.Status.ACCEPTED


def test_a_proof_that_cannot_fail_kills_nothing_and_a_good_one_kills_all(
    mutants: list[Mutant],
) -> None:
    scores = judged([(each, [VACUOUS, GOOD]) for each in mutants], show=False)

    (score,) = scores.values()
    assert (len(score.killed), score.all) == (len(CHANGES), len(CHANGES))
    assert {each["killed_by"] for each in score.killed} == {GOOD}


def test_survivors_are_named_with_their_lines(mutants: list[Mutant]) -> None:
    survived = [{**asdict(each), "id": each.id, "killed_by": None} for each in mutants]
    said = list(report({"handling.py::Handler.report": Score([], survived)}))

    assert said[0] == "   0 of   7 killed  handling.py::Handler.report"
    assert any("survived, line 35: skipped: self.book.keep" in line for line in said)
    assert said[-1] == "0 of 7 mutants killed: 0.0 %"
