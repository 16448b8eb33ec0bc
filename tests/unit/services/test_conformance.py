import pytest

from csms.services.conformance import Kind, Matrix, Row, State, load_matrix


def a_row(identity: str, state: State, kind: Kind = Kind.REQUIREMENT) -> Row:
    return Row(kind, identity[0], identity, state, ("2.1",), "of it", "", ())


MATRIX = Matrix(
    {"B": "Provisioning", "K": "Smart charging"},
    [
        a_row("B01.FR.01", State.STATION),
        a_row("B01.FR.02", State.PROVEN),
        a_row("B02.FR.01", State.OPEN),
        a_row("K01.FR.31", State.PROVEN),
        a_row("K03.FR.01", State.DECLINED),
        a_row("K01", State.PARTLY, Kind.USE_CASE),
    ],
    2,
)


def test_totals_leave_out_what_asks_nothing_of_us() -> None:
    totals = MATRIX.totals(Kind.REQUIREMENT)

    assert (totals.proven, totals.declined, totals.open, totals.all) == (2, 1, 1, 4)


def test_what_is_proven_in_part_is_open() -> None:
    assert MATRIX.totals(Kind.USE_CASE).open == 1


@pytest.mark.parametrize(
    ("block", "states", "kind", "ids"),
    [
        ("K", (), None, ["K01.FR.31", "K03.FR.01", "K01"]),
        (None, (State.PROVEN,), None, ["B01.FR.02", "K01.FR.31"]),
        ("B", (State.OPEN, State.PARTLY), Kind.REQUIREMENT, ["B02.FR.01"]),
        ("B", (State.DECLINED,), None, []),
    ],
)
def test_rows_are_chosen_by_block_state_and_kind(
    block: str | None, states: tuple[State, ...], kind: Kind | None, ids: list[str]
) -> None:
    assert [row.id for row in MATRIX.chosen(block, states, kind)] == ids


def test_what_comes_with_this_version_has_every_action() -> None:
    matrix = load_matrix()

    assert list(matrix.blocks) == list("ABCDEFGHIJKLMNOPQRS")
    assert matrix.totals(Kind.ACTION).all == 91
    assert {row.kind for row in matrix.rows} == set(Kind)


def test_whether_the_tests_can_fail_is_told_beside_it() -> None:
    matrix = load_matrix()
    mutants = matrix.mutants

    assert 0 < mutants.killed <= mutants.all
    assert mutants.seen_red <= matrix.tests


def test_a_row_is_known_by_its_kind_and_id() -> None:
    rows = load_matrix().rows

    assert len({(row.kind, row.id) for row in rows}) == len(rows)
