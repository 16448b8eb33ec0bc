"""From orders to profiles (v2x rules 2, 3, 7 to 9, 11, 13, 14; K01, Q03, K28)."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csms.charging.capability import Capability, V2x
from csms.charging.compiling import (
    LONG_AGO,
    Order,
    Terms,
    clear_command,
    discharge_end,
    event_profile,
    event_profile_id,
    fingerprint,
    floor,
    rate,
    safe_replacement,
    station_max,
    terms_for,
)
from csms.domain.ids import EvseId, StationId, TransactionId
from csms.domain.interval import Interval
from csms.domain.profile import (
    Kind,
    OperationMode,
    Profile,
    Purpose,
    RateUnit,
    VendorCommand,
)
from csms.domain.units import Energy, Power
from csms.domain.vendor_profile import (
    CHARGE_ONLY,
    AfterExpiry,
    Dialect,
    NegativeLimit,
    VendorProfile,
    VendorWords,
)

STATION = StationId("S")
EVSE = EvseId(STATION, 1)
START = datetime(2026, 7, 14, 21, tzinfo=UTC)
WINDOW = Interval(START, START + timedelta(hours=3))
PLENTY = Energy.kwh(500)
EARLY = START - timedelta(minutes=30)
SCHEDULED = VendorProfile(id="s", dialect=Dialect.SETPOINT_SCHEDULED)
DYNAMIC = VendorProfile(id="d", dialect=Dialect.SETPOINT_DYNAMIC_PUSH)
NEGATIVE = VendorProfile(
    id="n",
    dialect=Dialect.NEGATIVE_LIMIT_TX,
    negative_limit=NegativeLimit.DISCHARGE,
)
IN_AMPERES = VendorProfile(
    id="a",
    dialect=Dialect.NEGATIVE_LIMIT_TX,
    unit=RateUnit.AMPERES,
    phases=1,
    voltage=240,
)
OWN_WORDS = VendorProfile(
    id="w",
    dialect=Dialect.DATATRANSFER,
    words=VendorWords("org.example", "Setpoint", "ClearSetpoint"),
)
SPEAKING = [SCHEDULED, DYNAMIC, NEGATIVE, IN_AMPERES]


def an_order(watts: int = -10_000, window: Interval = WINDOW) -> Order:
    return Order(EVSE, TransactionId("tx"), window, Power(watts), Power(11_000))


def terms(vendor: VendorProfile, **changes: object) -> Terms:
    known: dict[str, object] = {
        "max_stack_level": 3,
        "max_periods": 24,
        "idle": True,
        "max_offline": True,
    }
    return Terms(vendor, **{**known, **changes})  # type: ignore[arg-type]


def a_profile(
    vendor: VendorProfile,
    order: Order | None = None,
    available: Energy = PLENTY,
    now: datetime = EARLY,
) -> Profile:
    content = event_profile(order or an_order(), terms(vendor), available, now=now)
    assert isinstance(content, Profile)
    return content


vendors = st.sampled_from(SPEAKING)
powers = st.integers(-66_000, -1_500)
energies = st.integers(10_000_000, 10**9).map(Energy)


@given(vendor=vendors, watts=powers, available=energies)
def test_every_discharge_is_finite_and_belongs_to_a_transaction(
    vendor: VendorProfile, watts: int, available: Energy
) -> None:
    profile = a_profile(vendor, an_order(watts), available)

    assert profile.discharges
    assert profile.duration is not None
    assert profile.valid_to is not None
    assert profile.purpose is Purpose.TX
    assert profile.transaction == "tx"
    assert profile.evse.number > 0


@given(vendor=vendors, watts=powers, available=energies)
def test_no_schedule_asks_for_more_energy_than_there_is_above_the_floor(
    vendor: VendorProfile, watts: int, available: Energy
) -> None:
    profile = a_profile(vendor, an_order(watts), available)

    if profile.kind is Kind.DYNAMIC:
        assert profile.valid_to is not None
        seconds = (profile.valid_to - START).total_seconds()
    else:
        seconds = profile.periods[1].start_s
    asked = -watts * seconds
    assert asked <= available.watt_seconds
    assert seconds <= WINDOW.duration.total_seconds()


@given(vendor=vendors, watts=powers)
def test_periods_start_at_zero_and_ascend(vendor: VendorProfile, watts: int) -> None:
    """K01.FR.31 and K01.FR.35."""
    starts = [each.start_s for each in a_profile(vendor, an_order(watts)).periods]

    assert starts[0] == 0
    assert starts == sorted(set(starts))


@given(watts=powers)
def test_rounding_never_discharges_more_than_was_asked(watts: int) -> None:
    stepped = VendorProfile(id="x", dialect=Dialect.SETPOINT_SCHEDULED, step=100)

    setpoint = a_profile(stepped, an_order(watts)).periods[0].setpoint

    assert setpoint is not None
    assert watts <= setpoint <= 0
    assert setpoint % 100 == 0


def test_a_setpoint_period_carries_no_limit() -> None:
    """Q03.FR.01 and Q03.FR.02."""
    first, last = a_profile(SCHEDULED).periods

    assert first.setpoint == -10_000
    assert first.mode is OperationMode.CENTRAL_SETPOINT
    assert (first.limit, first.discharge_limit) == (None, None)
    assert last.mode is OperationMode.IDLE
    assert (last.limit, last.setpoint) == (None, None)


def test_a_scheduled_event_begins_at_the_window_and_ends_in_a_safe_period() -> None:
    profile = event_profile(an_order(), terms(NEGATIVE, idle=False), PLENTY, now=EARLY)

    assert isinstance(profile, Profile)
    assert profile.start == START
    assert profile.kind is Kind.ABSOLUTE
    assert [each.limit for each in profile.periods] == [-10_000, 11_000]
    assert profile.periods[1].start_s == 3 * 3600


def test_a_station_that_takes_one_period_gets_one_and_still_ends() -> None:
    content = event_profile(
        an_order(), terms(NEGATIVE, max_periods=1), PLENTY, now=EARLY
    )

    assert isinstance(content, Profile)
    assert len(content.periods) == 1
    assert content.duration == WINDOW.duration


def test_a_dynamic_profile_has_one_period_and_a_watchdog() -> None:
    """K28.FR.01 and K28.FR.02; validity ends it even if an update comes late."""
    profile = a_profile(DYNAMIC)

    assert profile.kind is Kind.DYNAMIC
    assert profile.start is None
    assert len(profile.periods) == 1
    assert profile.duration == DYNAMIC.dynamic.watchdog
    assert profile.valid_to == WINDOW.end


def test_being_offline_is_bounded_where_the_station_understands_it() -> None:
    """Q11 and Q12."""
    knows = a_profile(SCHEDULED)
    content = event_profile(
        an_order(), terms(SCHEDULED, max_offline=False), PLENTY, now=EARLY
    )

    assert knows.max_offline == timedelta(minutes=10)
    assert knows.invalid_after_offline is True
    assert isinstance(content, Profile)
    assert content.max_offline is None
    assert content.invalid_after_offline is None


def test_amperes_are_rounded_towards_zero() -> None:
    assert a_profile(IN_AMPERES, an_order(-10_000)).periods[0].limit == -41


def test_a_vendor_command_carries_its_own_end() -> None:
    content = event_profile(an_order(), terms(OWN_WORDS), PLENTY, now=EARLY)

    assert isinstance(content, VendorCommand)
    assert json.loads(content.data) == {
        "evseId": 1,
        "setpointW": -10_000,
        "startAt": "2026-07-14T21:00:00Z",
        "endAt": "2026-07-15T00:00:00Z",
    }


def test_a_vendor_command_can_be_taken_back() -> None:
    assert OWN_WORDS.words is not None

    command = clear_command(EVSE, OWN_WORDS.words)

    assert command.message_id == "ClearSetpoint"
    assert json.loads(command.data) == {"evseId": 1}


@pytest.mark.parametrize(
    ("vendor", "order", "available"),
    [
        pytest.param(CHARGE_ONLY, an_order(), PLENTY, id="charge only"),
        pytest.param(SCHEDULED, an_order(0), PLENTY, id="no power"),
        pytest.param(SCHEDULED, an_order(5_000), PLENTY, id="charging is no order"),
        pytest.param(SCHEDULED, an_order(), Energy(0), id="no energy"),
        pytest.param(SCHEDULED, an_order(), Energy(-5), id="below the floor"),
        pytest.param(
            VendorProfile(id="x", dialect=Dialect.DATATRANSFER),
            an_order(),
            PLENTY,
            id="no words",
        ),
    ],
)
def test_what_cannot_be_said_is_not_said(
    vendor: VendorProfile, order: Order, available: Energy
) -> None:
    assert event_profile(order, terms(vendor), available, now=EARLY) is None


def test_after_the_window_nothing_is_said() -> None:
    late = WINDOW.end + timedelta(seconds=1)

    assert event_profile(an_order(), terms(SCHEDULED), PLENTY, now=late) is None


def test_energy_is_counted_from_now_when_the_event_is_under_way() -> None:
    half = START + timedelta(minutes=90)

    profile = a_profile(SCHEDULED, an_order(-10_000), Energy.kwh(5), now=half)

    assert profile.periods[1].start_s == 90 * 60 + 30 * 60


def test_the_cancel_has_the_same_id_and_gives_nothing_back() -> None:
    event = a_profile(NEGATIVE)

    safe = safe_replacement(event, Power(7_000), terms(NEGATIVE))

    assert (safe.id, safe.stack_level) == (event.id, event.stack_level)
    assert safe.transaction == event.transaction
    assert not safe.discharges
    assert safe.start == LONG_AGO


def test_floors_never_discharge_and_lie_below_the_event() -> None:
    known = terms(SCHEDULED)

    cap = station_max(STATION, Power(48_000), known)
    below = floor(STATION, Power(48_000), known)

    assert cap.purpose is Purpose.STATION_MAX
    assert below.purpose is Purpose.TX_DEFAULT
    assert {cap.evse.number, below.evse.number} == {0}
    assert not cap.discharges
    assert not below.discharges
    assert below.stack_level < a_profile(SCHEDULED).stack_level
    assert len({cap.id, below.id, event_profile_id(EVSE, known)}) == 3


def test_terms_take_the_lesser_of_device_model_and_experience() -> None:
    capability = Capability(
        edition="ocpp2.1",
        read=True,
        periods_per_schedule=24,
        max_stack_level=9,
        max_external_id=1000,
        max_offline_duration=True,
        v2x=(
            V2x(
                1,
                enabled=True,
                modes=frozenset({OperationMode.IDLE}),
                transfer_modes=frozenset(),
            ),
        ),
    )
    vendor = VendorProfile(id="x", max_periods=2, max_stack_level=1)

    found = terms_for(vendor, capability, EVSE, timedelta(minutes=5))

    assert (found.max_periods, found.max_stack_level) == (2, 1)
    assert found.first_id == 1001
    assert found.idle
    assert found.max_offline


def test_fingerprints_tell_contents_apart() -> None:
    assert fingerprint(an_order()) == fingerprint(an_order())
    assert fingerprint(an_order()) != fingerprint(an_order(-9_999))


def test_watts_stay_watts() -> None:
    assert rate(Power(-4_321), terms(NEGATIVE)) == -4321


def test_a_setpoint_to_a_station_of_amperes_is_in_amperes() -> None:
    vendor = VendorProfile(
        id="x", dialect=Dialect.SETPOINT_SCHEDULED, unit=RateUnit.AMPERES, phases=1
    )

    profile = a_profile(vendor, an_order(-10_000))

    assert profile.unit is RateUnit.AMPERES
    assert profile.periods[0].setpoint == -41


def test_a_make_that_nobody_knows_gets_floors_in_the_unit_that_it_names() -> None:
    """Rule 14: amperes by phase, and one phase said aloud."""
    known = terms(CHARGE_ONLY, units=frozenset({RateUnit.AMPERES}))

    below = floor(STATION, Power(11_000), known)

    assert below.unit is RateUnit.AMPERES
    assert below.periods[0].limit == 45
    assert below.periods[0].phases == 1


def test_experience_counts_for_more_than_a_device_model() -> None:
    known = terms(SCHEDULED, units=frozenset({RateUnit.AMPERES}))

    assert known.unit is RateUnit.WATTS


@pytest.mark.parametrize(
    ("dialect", "periods", "said"),
    [
        (Dialect.SETPOINT_SCHEDULED, 24, True),
        (Dialect.SETPOINT_SCHEDULED, 1, False),
        (Dialect.SETPOINT_DYNAMIC_PUSH, 24, False),
    ],
)
def test_a_make_that_holds_its_last_period_needs_a_safe_one(
    dialect: Dialect,
    periods: int,
    said: bool,  # noqa: FBT001
) -> None:
    """Rules 7 and 9: it must end without us."""
    vendor = VendorProfile(id="x", dialect=dialect, after_expiry=AfterExpiry.HOLD_LAST)

    content = event_profile(
        an_order(), terms(vendor, max_periods=periods), PLENTY, now=EARLY
    )

    assert (content is not None) is said


def test_power_that_rounds_to_nothing_is_not_said() -> None:
    vendor = VendorProfile(
        id="x", dialect=Dialect.NEGATIVE_LIMIT_TX, unit=RateUnit.AMPERES, step=10
    )

    assert event_profile(an_order(-2_000), terms(vendor), PLENTY, now=EARLY) is None


def test_only_what_is_pulled_says_how_often() -> None:
    """K28."""
    pulled = VendorProfile(id="p", dialect=Dialect.SETPOINT_DYNAMIC_PULL)

    assert a_profile(pulled).pull_interval == pulled.dynamic.push_interval
    assert a_profile(DYNAMIC).pull_interval is None


@given(watts=powers, available=energies, minutes=st.integers(-60, 179))
def test_a_discharge_lasts_as_long_as_its_energy(
    watts: int, available: Energy, minutes: int
) -> None:
    now = START + timedelta(minutes=minutes)

    end = discharge_end(WINDOW, Power(watts), available, now=now)

    assert end is not None
    lasting = (end - max(now, START)).total_seconds()
    assert end <= WINDOW.end
    assert -watts * lasting <= available.watt_seconds
    if end < WINDOW.end:
        assert -watts * (lasting + 1) > available.watt_seconds


@pytest.mark.parametrize(
    ("watts", "energy", "now"),
    [(0, PLENTY, EARLY), (-1_000, Energy(0), EARLY), (-1_000, PLENTY, WINDOW.end)],
)
def test_what_gives_nothing_lasts_not_at_all(
    watts: int, energy: Energy, now: datetime
) -> None:
    assert discharge_end(WINDOW, Power(watts), energy, now=now) is None
