"""One ceiling reaches by the departure whatever can be reached within the limits."""

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from csms.charging.capability import Capability
from csms.charging.compiling import Terms, terms_for
from csms.charging.driver_plan import Wish, driver_plan, missing
from csms.domain.ids import EvseId, StationId, TransactionId
from csms.domain.profile import RateUnit
from csms.domain.units import ZERO_ENERGY, Energy, Power
from csms.domain.vendor_profile import Dialect, VendorProfile

NOW = datetime(2026, 7, 14, 20, tzinfo=UTC)
EVSE = EvseId(StationId("S"), 1)
minutes = st.integers(1, 24 * 60).map(lambda each: timedelta(minutes=each))
limits = st.integers(0, 22_000).map(Power)
energies = st.integers(0, 100_000_000).map(Energy)


def terms() -> Terms:
    able = Capability(
        smart_charging=True, units=frozenset({RateUnit.WATTS}), max_stack_level=3
    )
    vendor = VendorProfile(id="any", dialect=Dialect.SETPOINT_SCHEDULED)
    return terms_for(vendor, able, EVSE, timedelta(0))


@settings(max_examples=50)
@given(limits, energies, st.lists(st.tuples(minutes, st.floats(0, 1)), max_size=6))
def test_no_other_schedule_within_the_limits_reaches_more(
    limit: Power, energy: Energy, steps: list[tuple[timedelta, float]]
) -> None:
    """K15.FR.07: why there is one schedule, where three may be offered."""
    length = sum((each for each, _ in steps), timedelta(0))
    other = Energy.total(
        Power(int(limit.watts * part)).over(each) for each, part in steps
    )
    wish = Wish(energy, NOW + length)

    assert missing(wish, limit, NOW) <= max(energy - other, ZERO_ENERGY)


@settings(max_examples=50)
@given(limits, minutes)
def test_the_plan_holds_its_limit_from_now_on_and_charges_only(
    limit: Power, left: timedelta
) -> None:
    plan = driver_plan(EVSE, TransactionId("tx"), limit, terms(), now=NOW)

    assert plan is not None
    assert not plan.discharges
    assert (plan.start, plan.duration) == (NOW, None)
    (period,) = plan.periods
    assert (period.start_s, period.limit) == (0, float(limit.watts))
    assert missing(Wish(limit.over(left), NOW + left), limit, NOW) == ZERO_ENERGY


def test_what_cannot_be_reached_is_known_beforehand() -> None:
    wish = Wish(Energy.kwh(30), NOW + timedelta(hours=2))

    assert missing(wish, Power.kw(11), NOW) == Energy.kwh(8)
    assert missing(wish, Power.kw(15), NOW) == ZERO_ENERGY
    assert missing(wish, Power.kw(15), wish.by + timedelta(hours=1)) == Energy.kwh(30)
