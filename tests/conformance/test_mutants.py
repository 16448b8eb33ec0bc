"""The mutants' judge sees a proof that cannot fail."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.conformance.marks import proofs
from tests.conformance.mutants.__main__ import judged
from tests.conformance.mutants.filing import exists, is_fresh, load, summed
from tests.conformance.mutants.judging import UNFIT
from tests.conformance.mutants.learning import Case
from tests.conformance.mutants.mutating import ROOT, Mutant, Source, Swapped
from tests.conformance.mutants.planning import Trial
from tests.conformance.mutants.reddening import Suspect, reddened, suspects
from tests.conformance.mutants.sample import handling
from tests.conformance.mutants.scoring import Kept, Verdict, report, scored, written

SAMPLE = "tests/conformance/mutants/sample"
GOOD = f"{SAMPLE}/proofs.py::test_reports_are_kept_unless_they_make_no_sense"
PROOFS = {"all": 4, "green": ["x"], "untried": 1}
VACUOUS = f"{SAMPLE}/proofs.py::test_something_is_answered"
CHANGES = [
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


def case(name: str, *, quick: bool) -> Case:
    return Case(name, quick, 0.1, "made", frozenset(), frozenset())


def trial(mutant: Mutant, *cases: Case) -> Trial:
    quick = tuple(each for each in cases if each.quick)
    return Trial(
        mutant, "whole", quick, tuple(each for each in cases if each not in quick)
    )


def test_a_proof_that_cannot_fail_kills_nothing_and_a_good_one_kills_all(
    mutants: list[Mutant],
) -> None:
    """Quick ones judge first, those on the wire what is left alive."""
    vacuous = case(VACUOUS, quick=True)
    quick = trial(mutants[0], vacuous, case(GOOD, quick=True))
    wire = [trial(each, vacuous, case(GOOD, quick=False)) for each in mutants[1:]]
    alive = trial(mutants[0], vacuous)
    unseen = trial(mutants[0])

    verdicts = judged([alive, quick, *wire, unseen])

    assert {each.trial: each.killed_by for each in verdicts} == {
        alive: None,
        quick: GOOD,
        **dict.fromkeys(wire, GOOD),
        unseen: None,
    }


def test_survivors_are_named_with_their_lines(mutants: list[Mutant]) -> None:
    verdicts = [Verdict(trial(each), None) for each in mutants]
    said = list(report(scored(verdicts)))

    assert said[0] == f"   0 of   6 killed  {SAMPLE}/handling.py::Handler.report"
    assert any("survived, line 35: skipped: self.book.keep" in line for line in said)
    assert said[-1] == "0 of 6 mutants killed: 0.0 %"


def test_what_cannot_run_is_not_counted(mutants: list[Mutant]) -> None:
    one, other, *_ = map(trial, mutants)
    (score,) = scored([Verdict(one, GOOD), Verdict(other, UNFIT)]).values()

    assert (score.killed, score.all) == (1, 1)


def test_what_is_known_is_judged_again_only_if_it_may_be_otherwise(
    mutants: list[Mutant], tmp_path: Path
) -> None:
    good, vacuous = case(GOOD, quick=True), case(VACUOUS, quick=True)
    dead, alive = trial(mutants[0], vacuous, good), trial(mutants[1], vacuous)
    kept = Kept(tmp_path / "judged.jsonl")
    kept.add(Verdict(dead, GOOD))
    kept.add(Verdict(alive, None))
    later = Kept(tmp_path / "judged.jsonl")

    assert later.verdict(dead, frozenset({GOOD})) == Verdict(dead, GOOD)
    assert later.verdict(dead, frozenset({VACUOUS})) is None
    assert later.verdict(alive, frozenset()) == Verdict(alive, None)
    assert later.verdict(trial(mutants[1], vacuous, good), frozenset()) is None
    assert later.verdict(replace(dead, made="otherwise"), frozenset({GOOD})) is None

    later.add_proof(VACUOUS, "made", red=False)
    assert later.seen_red == {GOOD}
    assert later.stayed_green(VACUOUS, "made")
    assert not later.stayed_green(VACUOUS, "otherwise")
    later.add_proof(VACUOUS, "made", red=True)
    assert later.seen_red == {GOOD, VACUOUS}


def test_functions_that_are_gone_leave_the_file(mutants: list[Mutant]) -> None:
    module = f"{SAMPLE}/handling.py"
    gone = {"made": "", "killed": 1, "survived": []}
    before = {module: {"Handler.gone": gone}, "csms/blocks/gone.py": {"gone": gone}}
    found = written(scored([Verdict(trial(mutants[0]), None)]), before)

    assert found == {
        module: {
            "Handler.report": {
                "made": "whole",
                "killed": 0,
                "survived": [mutants[0].change],
            }
        }
    }
    figures = summed({"handlers": found, "proofs": PROOFS})
    assert figures == {
        "modules": [{"module": module, "killed": 0, "all": 1}],
        "proofs": {"seen_red": 2, "all": 4, "untried": 1},
    }


def test_what_is_shown_is_about_the_handlers_and_proofs_that_there_are() -> None:
    """Who changes many of them runs ``make mutants``; a few may be behind."""
    shown = load()
    told = {
        (module, name): each
        for module, functions in shown["handlers"].items()
        for name, each in functions.items()
    }
    fresh = [each for each in told if is_fresh(*each, told[each])]
    blocks = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "csms" / "blocks").glob("*.py")
        if path.name != "__init__.py"
    }

    assert [each for each in told if not exists(*each)] == []
    assert blocks - shown["handlers"].keys() == set()
    assert len(fresh) > 0.9 * len(told), "run: make mutants"
    killed = sum(each["killed"] for each in told.values())
    alive = sum(len(each["survived"]) for each in told.values())
    assert killed >= 0.95 * (killed + alive)
    assert set(shown["proofs"]["green"]) <= {each.node for each in proofs()}


def test_a_proof_that_cannot_fail_stays_green(mutants: list[Mutant]) -> None:
    suspected = [
        Suspect(case(name, quick=False), tuple(mutants)) for name in (VACUOUS, GOOD)
    ]
    found = list(reddened(suspected, show=False))

    assert found == [(GOOD, True), (VACUOUS, False)]


def test_a_proof_is_suspected_until_it_was_seen_red() -> None:
    first, second, *_ = proofs()
    cases = [case(each.node, quick=True) for each in (first, second)]

    (suspect,) = suspects(cases, frozenset({first.node}))
    assert suspect.case.test == second.node
