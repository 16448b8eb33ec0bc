from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction

import pytest

from csms.domain.event import Stage
from csms.flex.canonical import canonical, plainly


@dataclass(frozen=True)
class Thing:
    name: str
    amount: Decimal


def test_equal_values_give_equal_bytes_in_any_order() -> None:
    assert canonical({"b": 1, "a": [None, True]}) == b'{"a":[null,true],"b":1}'
    assert canonical({"a": (None, True), "b": 1}) == canonical(
        {"b": 1, "a": [None, True]}
    )


def test_an_instant_is_written_in_utc() -> None:
    boston = timezone(timedelta(hours=-4))
    local = datetime(2026, 7, 14, 17, tzinfo=boston)

    assert plainly(local) == plainly(datetime(2026, 7, 14, 21, tzinfo=UTC))


def test_values_are_written_without_loss() -> None:
    thing = [Thing("é", Decimal("8.80")), Fraction(160, 3), date(2026, 7, 14)]

    assert canonical([*thing, Stage.ACTIVE]) == (
        '[{"amount":"8.80","name":"é"},"160/3","2026-07-14","active"]'.encode()
    )


@pytest.mark.parametrize("value", [object(), Thing, {1, 2}])
def test_what_has_no_one_form_is_refused(value: object) -> None:
    with pytest.raises(TypeError, match="no canonical form"):
        canonical(value)
