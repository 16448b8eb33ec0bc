"""What a display can show, by its device model; the edition counts as well."""

from datetime import UTC, datetime

import pytest

from csms.charging.displays import DisplayAbility, display_ability, lacks
from csms.domain.display import (
    ScreenMessage,
    ScreenState,
    ScreenText,
    TextFormat,
    from_document,
    to_document,
)
from csms.domain.station import EDITION_21, EDITION_201
from tests.fakes.device_model import variable

NOW = datetime(2026, 7, 14, tzinfo=UTC)
HELLO = ScreenText("Hello", "en")


def found(message: ScreenMessage, edition: str = EDITION_21) -> list[str]:
    ability = DisplayAbility(edition, read=True, available=True)
    return [each.field for each in lacks(message, ability, 0, NOW)]


def test_a_device_model_says_what_a_display_can() -> None:
    ability = display_ability(
        [
            variable("DisplayMessageCtrlr.Enabled", "true"),
            variable(
                "DisplayMessageCtrlr.DisplayMessages",
                "2",
                characteristics={"maxLimit": 8},
            ),
            variable("DisplayMessageCtrlr.SupportedFormats", "ASCII, UTF8"),
            variable("DisplayMessageCtrlr.Language", "de"),
        ],
        EDITION_201,
    )

    assert ability.usable
    assert (ability.most, ability.longest) == (8, 512)
    assert ability.formats == {"ASCII", "UTF8"}
    assert ability.languages == {"de"}
    assert not ability.ascii_only


@pytest.mark.parametrize(
    ("value", "usable"), [("Available=false", False), ("Enabled=false", False)]
)
def test_a_display_may_be_missing_or_off(value: str, *, usable: bool) -> None:
    name, _, said = value.partition("=")
    ability = display_ability(
        [variable(f"DisplayMessageCtrlr.{name}", said)], EDITION_21
    )
    assert ability.usable is usable
    assert list(lacks(ScreenMessage(1, (HELLO,)), ability, 0, NOW))


def test_a_station_that_was_never_read_is_asked() -> None:
    nothing = display_ability([], EDITION_21)

    assert not nothing.usable
    assert list(lacks(ScreenMessage(1, (HELLO,)), nothing, 0, NOW)) == []


@pytest.mark.parametrize(
    ("message", "field"),
    [
        (ScreenMessage(1, (HELLO, ScreenText("Hola", "es"))), "texts"),
        (ScreenMessage(1, (HELLO,), state=ScreenState.DISCHARGING), "state"),
        (
            ScreenMessage(1, (ScreenText("x", "", TextFormat.QRCODE),)),
            "texts[0].format",
        ),
        (ScreenMessage(1, (ScreenText("x" * 513),)), "texts[0].content"),
    ],
)
def test_what_is_new_in_21_is_not_said_to_a_201_station(
    message: ScreenMessage, field: str
) -> None:
    assert found(message, EDITION_201) == [field]
    assert found(message, EDITION_21) == []


def test_at_most_four_other_languages() -> None:
    assert found(ScreenMessage(1, (HELLO,) * 5)) == []
    assert found(ScreenMessage(1, (HELLO,) * 6)) == ["texts"]


def test_a_message_survives_being_kept() -> None:
    message = ScreenMessage(
        3, (HELLO,), state=ScreenState.IDLE, start=NOW, end=NOW, display="left"
    )
    assert from_document(to_document(message)) == message
