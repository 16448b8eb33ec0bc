"""Rows in portions."""

import pytest

from csms.db.batches import PORTION, batched
from csms.db.tables import metadata


@pytest.mark.parametrize(
    ("rows", "sizes"), [(0, []), (4, [4]), (5, [4, 1]), (8, [4, 4])]
)
def test_every_row_is_in_one_portion(rows: int, sizes: list[int]) -> None:
    portions = list(batched(range(rows), 4))

    assert [len(portion) for portion in portions] == sizes
    assert [row for portion in portions for row in portion] == list(range(rows))


def test_a_portion_of_the_widest_table_fits_a_statement() -> None:
    widest = max(len(table.columns) for table in metadata.tables.values())

    assert widest * PORTION <= 32_767
