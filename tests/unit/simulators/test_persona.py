from pathlib import Path

import pytest

from simulators.persona import PERSONAS, load_persona
from simulators.tables import ScenarioError

MINIMUM = """
vendor = "Example"
model = "X"
firmware = "1"
protocol = "ocpp2.1"
max_charge_w = 1
max_discharge_w = 1
"""


@pytest.mark.parametrize("name", sorted(p.stem for p in PERSONAS.glob("*.toml")))
def test_every_make_can_be_read(name: str) -> None:
    persona = load_persona(name)

    assert persona.firmware.startswith("sim-")
    assert persona.modern or not persona.v2x


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("colour = 1", "personas/x: unknown key 'colour'"),
        ('negative_limit = "maybe"', "personas/x.negative_limit: 'maybe' is none of"),
        ('vendor_setpoint = "fax"', "personas/x.vendor_setpoint: 'fax' is none of"),
        ('export_metering = "guess"', "personas/x.export_metering: 'guess' is none"),
    ],
)
def test_what_a_make_cannot_be_is_refused(tmp_path: Path, line: str, said: str) -> None:
    (tmp_path / "x.toml").write_text(f"{MINIMUM}\n{line}\n")

    with pytest.raises(ScenarioError) as caught:
        load_persona("x", tmp_path)

    assert str(caught.value).startswith(said)


def test_every_way_to_misread_a_negative_limit_has_a_make() -> None:
    meanings = {load_persona(p.stem).negative_limit for p in PERSONAS.glob("*.toml")}

    assert meanings == {
        "discharge",
        "full_charge",
        "ignore",
        "absolute",
        "clamp",
        "reject",
    }
