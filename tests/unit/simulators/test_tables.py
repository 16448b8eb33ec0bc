from dataclasses import dataclass
from pathlib import Path

import pytest

from simulators.tables import ScenarioError, load, read


@dataclass(frozen=True)
class Thing:
    name: str
    size: float
    parts: tuple[int, ...] = (1,)
    good: bool = True


def test_a_table_becomes_a_value() -> None:
    thing = read(Thing, {"name": "a", "size": 2, "parts": [3, 4]}, "things")

    assert thing == Thing("a", 2.0, (3, 4))


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"name": "a", "size": 1, "colour": 2}, "things: unknown key 'colour'"),
        ({"name": "a"}, "things: the key 'size' is missing"),
        ({"name": 1, "size": 1}, "things.name: 1 is not of type str"),
        ({"name": "a", "size": True}, "things.size: True is not of type"),
        ({"name": "a", "size": 1, "good": 1}, "things.good: 1 is not of type bool"),
        ({"name": "a", "size": 1, "parts": []}, "things.parts: give a list"),
        ({"name": "a", "size": 1, "parts": ["x"]}, "things.parts: 'x' is not of type"),
    ],
)
def test_what_is_wrong_is_named(table: dict[str, object], said: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        read(Thing, table, "things")

    assert str(caught.value).startswith(said)


def test_a_missing_file_names_those_there_are(tmp_path: Path) -> None:
    (tmp_path / "one.toml").write_text("")

    with pytest.raises(ScenarioError, match="Choose one of: one"):
        load(tmp_path / "two.toml")


def test_what_is_no_toml_says_so(tmp_path: Path) -> None:
    (tmp_path / "one.toml").write_text("a = ")

    with pytest.raises(ScenarioError, match="not valid TOML"):
        load(tmp_path / "one.toml")
