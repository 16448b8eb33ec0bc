"""Templates as files: what ships, and what is refused."""

from pathlib import Path

import pytest

from csms.domain.station import EDITION_21, EDITION_201, Make
from csms.services.template_records import (
    MalformedTemplate,
    load_templates,
    shipped_templates,
)

GOOD = """
id = "one"
about = "An example."
editions = ["ocpp2.1"]
[[variable]]
component = "A"
variable = "V"
value = "1"
why = "because"
"""


def test_what_ships_can_be_read_and_speaks_to_everybody() -> None:
    templates = shipped_templates()

    assert templates
    assert all(
        each.applies(Make("Any", "thing"), edition)
        for each in templates
        for edition in (EDITION_201, EDITION_21)
    )


def test_a_template_may_be_for_one_vendor(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(f'vendor = "Example"\n{GOOD}')
    (tmp_path / "note.txt").write_text("not a template")

    (found,) = load_templates(tmp_path)

    assert found.applies(Make("example", "x"), EDITION_21)
    assert not found.applies(Make("other", "x"), EDITION_21)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (GOOD.replace('why = "because"', ""), "variable.0.why"),
        (GOOD.replace('value = "1"', "value = 1"), "variable.0.value"),
        (GOOD.replace('"V"', '"BasicAuthPassword"'), "is a secret"),
        (GOOD + 'fit = "about"', "variable.0.fit"),
        (GOOD.replace("ocpp2.1", "ocpp1.6"), "editions.0"),
        ("id = ", "a.toml"),
    ],
)
def test_what_makes_no_sense_is_refused(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "a.toml").write_text(text)

    with pytest.raises(MalformedTemplate, match=words.replace(".", r"\.")):
        load_templates(tmp_path)


def test_two_that_contradict_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(GOOD)
    (tmp_path / "b.toml").write_text(GOOD.replace('"one"', '"two"'))

    with pytest.raises(MalformedTemplate, match="both want"):
        load_templates(tmp_path)
