import json

from csms.services.conformance import Kind, load_matrix
from tests.unit.cli.conftest import Run


def test_an_overview_has_a_line_for_each_block(run: Run) -> None:
    shown = run("conformance").stdout

    assert "S Battery swap" in shown
    assert "all blocks" in shown
    assert f"of {load_matrix().totals(Kind.REQUIREMENT).all}" in shown


def test_a_block_is_shown_row_by_row(run: Run) -> None:
    shown = run("conformance", "--block", "g").stdout

    assert "Actions of G Availability (3)" in shown
    assert "G02.FR.04" in shown
    assert "BootNotification" not in shown


def test_only_what_is_open_is_shown_if_asked_for(run: Run) -> None:
    done = run("conformance", "--open", "--json")
    rows = json.loads(done.stdout)["rows"]

    assert {row["state"] for row in rows} <= {"open", "partly"}
    assert len(rows) == sum(load_matrix().totals(kind).open for kind in Kind)


def test_a_block_that_does_not_exist_is_refused(run: Run) -> None:
    done = run("conformance", "--block", "Z")

    assert done.exit_code == 2
    assert "no functional block Z" in done.stderr
