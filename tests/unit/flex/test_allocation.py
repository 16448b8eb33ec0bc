from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csms.domain.ids import EvseId, StationId
from csms.domain.units import Power
from csms.flex.allocation import Envelope, allocate
from tests.unit.flex.fleets import evse

watts = st.integers(-100_000, 100_000)


@st.composite
def envelopes(draw: st.DrawFn) -> list[Envelope]:
    pairs = draw(st.lists(st.tuples(watts, watts), max_size=12))
    return [
        Envelope(evse(n), Power(min(pair)), Power(max(pair)))
        for n, pair in enumerate(pairs)
    ]


@given(target=watts.map(Power), fleet=envelopes())
def test_setpoints_and_shortfall_add_up_to_the_target(
    target: Power, fleet: Sequence[Envelope]
) -> None:
    allocation = allocate(target, fleet)

    delivered = Power.total(allocation.setpoints.values())
    assert delivered + allocation.shortfall == target


@given(target=watts.map(Power), fleet=envelopes())
def test_no_setpoint_leaves_its_envelope(
    target: Power, fleet: Sequence[Envelope]
) -> None:
    setpoints = allocate(target, fleet).setpoints

    for envelope in fleet:
        assert envelope.floor <= setpoints[envelope.evse] <= envelope.ceiling


@given(target=watts.map(Power), fleet=envelopes(), data=st.data())
def test_the_order_of_the_list_does_not_matter(
    target: Power, fleet: list[Envelope], data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations(fleet))

    assert allocate(target, shuffled) == allocate(target, fleet)


def test_a_driver_who_must_leave_full_is_not_discharged() -> None:
    leaving = Envelope(EvseId(StationId("A"), 1), Power.kw(7), Power.kw(11))
    staying = Envelope(EvseId(StationId("B"), 1), Power.kw(-10), Power.kw(11))

    allocation = allocate(Power.kw(-20), [leaving, staying])

    assert allocation.setpoints[leaving.evse] == Power.kw(7)
    assert allocation.setpoints[staying.evse] == Power.kw(-10)
    assert allocation.shortfall == Power.kw(-17)


def test_an_envelope_upside_down_is_refused() -> None:
    with pytest.raises(ValueError, match="ceiling"):
        Envelope(evse(1), Power(1), Power(0))
