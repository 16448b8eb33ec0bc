"""What the conformance matrix is made of, and that it cannot be made of nonsense."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from csms.ocpp.messages.catalog import MODELED
from tests.conformance.marks import Proof, of_module
from tests.conformance.matrix import (
    DATA,
    PAGE,
    Inconsistent,
    Sources,
    matrix,
    sources,
    written,
)
from tests.proving import ID, proves

Json = dict[str, Any]


@pytest.fixture(scope="module")
def given() -> Sources:
    return sources()


def a_proof(*ids: str, words: frozenset[str] = frozenset()) -> Proof:
    return Proof("tests/test_x.py", "test_it", ids, words)


def rows(given: Sources, kind: str) -> dict[str, Json]:
    blocks = matrix(given)["blocks"]
    return {row["id"]: row for block in blocks for row in block[kind]}


def alone(given: Sources, *proofs: Proof, **declined: str) -> Sources:
    return replace(given, proofs=proofs, declined=declined)


def test_marks_and_declined_ids_fit_the_specification(given: Sources) -> None:
    given.check()


def test_it_is_written_the_same_every_time(given: Sources) -> None:
    assert written(matrix(given)) == written(matrix(sources()))


def test_every_action_has_a_row(given: Sources) -> None:
    assert set(rows(given, "actions")) == {action.name for action in MODELED}


def test_every_requirement_belongs_to_a_use_case_with_a_title(given: Sources) -> None:
    cases = {each["use_case"] for each in given.requirements}

    assert cases <= given.names["titles"].keys()
    assert all(ID.fullmatch(each["id"]) for each in given.requirements)
    assert all(ID.fullmatch(each["id"]) for each in given.test_cases)


def test_a_proven_requirement_names_its_test(given: Sources) -> None:
    found = rows(alone(given, a_proof("B03.FR.07")), "requirements")

    assert found["B03.FR.07"]["state"] == "proven"
    assert found["B03.FR.07"]["tests"] == ["tests/test_x.py::test_it"]
    assert found["B03.FR.03"]["state"] == "open"


def test_an_action_is_proven_by_a_marked_test_that_names_it(given: Sources) -> None:
    proof = a_proof("G02.FR.03", words=frozenset({"HEARTBEAT"}))
    found = rows(alone(given, proof), "actions")

    assert found["Heartbeat"]["state"] == "proven"
    assert found["Heartbeat"]["does"] == ["answered"]
    assert found["MeterValues"]["state"] == "open"


def test_an_action_of_which_nothing_is_required_is_exercised(given: Sources) -> None:
    found = rows(alone(given, a_proof("NotifyDERAlarm")), "actions")

    assert found["NotifyDERAlarm"]["state"] == "proven"


def test_a_declined_use_case_declines_its_requirements(given: Sources) -> None:
    only = alone(given, I07="tariffs are not kept")
    requirements = rows(only, "requirements")
    mine = [each for each in requirements.values() if each["use_case"] == "I07"]

    assert mine
    assert {each["state"] for each in mine} == {"declined"}
    assert {each["reason"] for each in mine} == {"tariffs are not kept"}
    assert rows(only, "use_cases")["I07"]["state"] == "declined"


@pytest.mark.parametrize(
    ("proofs", "declined", "words"),
    [
        ([a_proof("B01.FR.99")], {}, "B01.FR.99, which there is not"),
        ([a_proof("TC_B_99_CSMS")], {}, "TC_B_99_CSMS, which there is not"),
        ([], {"B01.FR.99": "no"}, "declined.toml names B01.FR.99"),
        ([a_proof("B03.FR.07")], {"B03.FR.07": "no"}, "B03.FR.07 is declined, and"),
    ],
    ids=["unknown requirement", "unknown case", "unknown declined", "both"],
)
def test_what_does_not_fit_together_is_refused(
    given: Sources, proofs: list[Proof], declined: dict[str, str], words: str
) -> None:
    with pytest.raises(Inconsistent, match=words):
        matrix(alone(given, *proofs, **declined))


MARKED = """
IDS = ("A01.FR.08", "A01.FR.09")

@proves("B01.FR.02", "TC_B_01_CSMS")
async def test_one(world):
    await helper(world)

async def helper(world):
    await world.ask("BootNotification")

@proves("B03.FR.07")
class TestTwo:
    @proves(*IDS)
    def test_two(self): ...
    def test_three(self): ...

@pytest.mark.parametrize("x", [pytest.param(1, id="K01.FR.31")])
@proves("K01.FR.35")
def test_four(x): ...

def test_five(): ...

@exercises("NotifyDERAlarm")
def test_six(): ...
"""


def test_marks_are_found_without_importing(tmp_path: Path) -> None:
    module = tmp_path / "test_marked.py"
    module.write_text(MARKED)

    found = {each.name: each for each in of_module(module, tmp_path)}

    assert {name: each.ids for name, each in found.items()} == {
        "test_one": ("B01.FR.02", "TC_B_01_CSMS"),
        "TestTwo::test_two": ("A01.FR.08", "A01.FR.09", "B03.FR.07"),
        "TestTwo::test_three": ("B03.FR.07",),
        "test_four": ("K01.FR.31", "K01.FR.35"),
        "test_six": ("NotifyDERAlarm",),
    }
    assert "BootNotification" in found["test_one"].words
    assert found["test_one"].node == "test_marked.py::test_one"


def test_a_mark_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    module = tmp_path / "test_marked.py"
    module.write_text("@proves(made_up())\ndef test_one(): ...\n")

    with pytest.raises(ValueError, match="literals"):
        list(of_module(module, tmp_path))


def test_a_mark_takes_only_what_may_be_an_id() -> None:
    with pytest.raises(ValueError, match="no such ids"):
        proves("Heartbeat")


def test_what_is_shown_is_up_to_date(given: Sources) -> None:
    shown = DATA.read_text(), PAGE.read_text()

    assert shown == written(matrix(given)), "run: make matrix"
