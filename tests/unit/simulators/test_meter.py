import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.meter import Meter
from simulators.persona import load_persona

PERSONA = load_persona("x21-scheduled")
ALL = (
    "Energy.Active.Import.Register",
    "Energy.Active.Export.Register",
    "Power.Active.Import",
    "Power.Active.Export",
    "SoC",
)


def dice(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311


def values(meter: Meter, watts: float, soc: float | None = 55.04) -> dict[str, float]:
    sampled = meter.sample(ALL, watts, soc, "Sample.Clock")
    return {entry["measurand"]: entry["value"] for entry in sampled}


@given(watts=st.integers(-60_000, 60_000), seed=st.integers(0, 99))
def test_powers_are_magnitudes_within_the_meter_error(watts: int, seed: int) -> None:
    read = values(Meter(PERSONA, dice(seed)), watts)

    net = read["Power.Active.Import"] - read["Power.Active.Export"]
    assert min(read["Power.Active.Import"], read["Power.Active.Export"]) == 0
    assert abs(net - watts) <= abs(watts) * 0.004 + 1
    assert isinstance(net, int)


@given(moves=st.lists(st.integers(-(10**7), 10**7), max_size=20))
def test_registers_never_fall_and_keep_to_their_error(moves: list[int]) -> None:
    meter = Meter(PERSONA, dice(1))
    first = last = values(meter, 0)
    for moved in moves:
        meter.count(moved)
        now = values(meter, 0)
        assert now[ALL[0]] >= last[ALL[0]]
        assert now[ALL[1]] >= last[ALL[1]]
        last = now

    exported = -sum(m for m in moves if m < 0) / 3600
    assert abs(last[ALL[1]] - first[ALL[1]] - exported) <= exported * 0.002 + 1


def test_a_reading_names_its_unit_and_place() -> None:
    meter = Meter(replace(PERSONA, meter_error=0.0), dice(1))

    power, soc = meter.sample(["Power.Active.Export", "SoC"], -7600, 55.04, "Trigger")

    assert power == {
        "value": 7600,
        "measurand": "Power.Active.Export",
        "context": "Trigger",
        "unitOfMeasure": {"unit": "W"},
        "location": "Inlet",
    }
    assert (soc["value"], soc["location"]) == (55.0, "EV")


@pytest.mark.parametrize(
    ("metering", "expected"),
    [
        ("signed_import", {"Power.Active.Import": -5000}),
        ("none", {"Power.Active.Import": 0}),
    ],
)
def test_some_makes_meter_export_in_their_own_way(
    metering: str, expected: dict[str, float]
) -> None:
    persona = replace(PERSONA, export_metering=metering, meter_error=0.0)

    read = values(Meter(persona, dice(1)), -5000, soc=None)

    assert "Power.Active.Export" not in read
    assert "SoC" not in read
    assert expected.items() <= read.items()


def test_a_measurand_it_does_not_have_is_left_out() -> None:
    meter = Meter(PERSONA, dice(1))

    assert meter.sample(["Frequency"], 0, None, "Trigger") == []
