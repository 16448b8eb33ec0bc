"""The table of editions says what the two sets of official schemas say."""

from collections.abc import Iterator

import pytest

from csms.ocpp.editions import (
    CLOSED_FIELDS,
    NEEDED_FIELDS,
    NEW_FIELDS,
    NEW_WORDS,
    NEWLY_NEEDED_FIELDS,
    SHORT_FIELDS,
    WHOLE_FIELDS,
)
from csms.ocpp.wire import Edition
from tests.conformance.official import Schema, resolved, types, words

OLD, NEW = types(Edition.V201), types(Edition.V21)
SHARED = sorted(OLD.keys() & NEW.keys())


def _pairs() -> Iterator[tuple[tuple[str, str], Schema, Schema]]:
    """Every field that both editions know, as each of them describes it."""
    for name in SHARED:
        (old, _), (new, _) = OLD[name], NEW[name]
        for field, part in old["properties"].items():
            before = resolved(old, part)
            after = resolved(new, new["properties"][field])
            if before["type"] == "array" if "type" in before else False:
                before = resolved(old, before["items"])
                after = resolved(new, after["items"])
            yield (name, field), before, after


def test_2_1_takes_nothing_away() -> None:
    assert OLD.keys() <= NEW.keys()
    for name in SHARED:
        assert OLD[name][0]["properties"].keys() <= NEW[name][0]["properties"].keys()


def test_new_fields_are_those_that_only_2_1_has() -> None:
    found = {
        name: NEW[name][0]["properties"].keys() - OLD[name][0]["properties"].keys()
        for name in SHARED
    }

    assert {name: fields for name, fields in found.items() if fields} == NEW_FIELDS


def test_needed_fields_are_those_that_2_1_made_optional() -> None:
    found = {
        name: set(OLD[name][0].get("required", ()))
        - set(NEW[name][0].get("required", ()))
        for name in SHARED
    }

    assert {name: fields for name, fields in found.items() if fields} == NEEDED_FIELDS


def test_newly_needed_fields_are_those_that_only_2_1_requires() -> None:
    found = {
        name: set(NEW[name][0].get("required", ()))
        - set(OLD[name][0].get("required", ()))
        for name in SHARED
    }

    assert {
        name: fields for name, fields in found.items() if fields
    } == NEWLY_NEEDED_FIELDS


def test_new_words_are_those_that_only_2_1_has() -> None:
    old, new = words(Edition.V201), words(Edition.V21)
    found = {
        name.removesuffix("EnumType"): set(new[name]) - set(old[name])
        for name in old.keys() & new.keys()
    }

    assert {name: more for name, more in found.items() if more} == NEW_WORDS


def test_closed_fields_are_those_that_2_1_opened_to_any_text() -> None:
    found = {
        key: set(before["enum"])
        for key, before, after in _pairs()
        if "enum" in before and "enum" not in after
    }

    assert found == CLOSED_FIELDS


def test_short_fields_are_those_that_2_1_made_longer() -> None:
    found = {
        key: before["maxLength"]
        for key, before, after in _pairs()
        if "maxLength" in before and before["maxLength"] != after["maxLength"]
    }

    assert found == SHORT_FIELDS


def test_whole_fields_are_those_that_2_1_made_decimal() -> None:
    found: dict[str, set[str]] = {}
    for (name, field), before, after in _pairs():
        if (before.get("type"), after.get("type")) == ("integer", "number"):
            found.setdefault(name, set()).add(field)

    assert found == WHOLE_FIELDS


@pytest.mark.parametrize("key", SHORT_FIELDS)
def test_a_short_field_was_never_longer(key: tuple[str, str]) -> None:
    [longest] = [after["maxLength"] for pair, _, after in _pairs() if pair == key]

    assert SHORT_FIELDS[key] < longest
