"""A tariff in words: its own words, or its prices."""

from decimal import Decimal
from typing import Any

import pytest

from csms.domain.tariff import Prices
from csms.services.tariff_telling import LONGEST, wording

USD = "USD"


def words(content: str, language: str = "en", form: str = "UTF8") -> dict[str, Any]:
    return {"format": form, "language": language, "content": content}


@pytest.mark.parametrize(
    ("prices", "said"),
    [
        (Prices(USD), "0.00 USD"),
        (Prices(USD, per_kwh=Decimal("0.3")), "0.30 USD/kWh"),
        (Prices(USD, per_kwh=Decimal("0.31875")), "0.3188 USD/kWh"),
        (
            Prices(
                USD,
                per_kwh=Decimal("0.255"),
                per_charging_minute=Decimal("0.02"),
                per_idle_minute=Decimal("0.1"),
                fixed=Decimal(1),
            ),
            "0.255 USD/kWh, 0.02 USD/min, 0.10 USD/min idle, 1.00 USD once",
        ),
        (None, ""),
    ],
)
def test_prices_are_written_to_be_read(prices: Prices | None, said: str) -> None:
    assert wording({}, prices) == said


def test_its_own_words_come_first_in_the_language_of_the_driver() -> None:
    own = {"description": [words("one", "en"), words("eins", "de")]}

    assert wording(own, Prices(USD), ("fr", "DE")) == "eins"
    assert wording(own, Prices(USD), ("fr",)) == "one"


def test_what_a_simple_display_cannot_show_is_not_sent() -> None:
    pictures = {"description": [words("https://example.org/qr", form="QRCODE")]}

    assert wording(pictures, None) == ""
    assert wording({"description": [words("x" * (LONGEST + 1))]}, None) == ""
