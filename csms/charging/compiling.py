"""From an order to the profile that brings it about, in the words of one station.

Every profile that discharges is finite, absolute and in UTC, limits its own energy,
ends in an explicit period, and lies above a floor (v2x rules 2, 3, 7 to 9, 13, 14).
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from csms.charging.capability import Capability
from csms.domain.ids import EvseId, StationId, TransactionId
from csms.domain.interval import Interval
from csms.domain.profile import (
    Kind,
    OperationMode,
    Period,
    Profile,
    Purpose,
    RateUnit,
    VendorCommand,
)
from csms.domain.units import Energy, Power
from csms.domain.vendor_profile import (
    AfterExpiry,
    Dialect,
    VendorProfile,
    VendorWords,
)

LONG_AGO = datetime(2024, 1, 1, tzinfo=UTC)
"""Where the schedules of floors begin: any past instant does (K01.FR.40)."""

STATION_MAX_OFFSET = 1
FLOOR_OFFSET = 2
EVENT_OFFSET = 10

TAIL = timedelta(minutes=15)
"""How long the explicit end period of an event profile lasts (rule 9)."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What one EVSE can be told, from its device model and its vendor profile.

    Attributes:
        vendor: Its dialect, raster, phases and watchdog.
        max_stack_level: Highest stack level it takes.
        max_periods: Most periods of a schedule.
        first_id: Our profile ids count from here, above those of external systems.
        idle: Whether it understands the operation mode Idle.
        max_offline: Whether it understands maxOfflineDuration.
        offline_patience: How long it may go on discharging without us.
        units: What it says its schedules may be in.
    """

    vendor: VendorProfile
    max_stack_level: int = 0
    max_periods: int = 1
    first_id: int = 100
    idle: bool = False
    max_offline: bool = False
    offline_patience: timedelta = timedelta(minutes=10)
    units: frozenset[RateUnit] = frozenset()

    @property
    def unit(self) -> RateUnit:
        """Return the unit of its schedules; experience counts for more than words.

        Of a make that nobody knows, only the device model speaks (rule 14).
        """
        usual = self.vendor.unit
        known = self.vendor.dialect is not Dialect.NONE or not self.units
        return usual if known or usual in self.units else min(self.units)

    @property
    def step(self) -> int:
        """Return the raster of its limits, in that unit."""
        return max(self.vendor.step, 1) if self.unit is self.vendor.unit else 1

    @property
    def phases(self) -> int | None:
        """Return the phases to name: in amperes always, for absent means three."""
        in_amperes = self.unit is RateUnit.AMPERES
        return self.vendor.phases or (1 if in_amperes else None)


LEAST_ID = 100
"""Profile ids below are left to stations that count their own from 1."""


def terms_for(
    vendor: VendorProfile, capability: Capability, evse: EvseId, patience: timedelta
) -> Terms:
    """Return what the EVSE can be told (rule 12).

    Args:
        vendor: What experience says; it overrides the device model where it says less.
        capability: What the device model says.
        evse: The EVSE.
        patience: How long it may go on discharging without us.
    """
    periods = capability.periods_per_schedule
    level = capability.max_stack_level
    return Terms(
        vendor=vendor,
        max_stack_level=level
        if vendor.max_stack_level is None
        else min(level, vendor.max_stack_level),
        max_periods=periods
        if vendor.max_periods is None
        else min(periods, vendor.max_periods),
        first_id=max(LEAST_ID, capability.max_external_id + 1),
        idle=capability.supports(evse.number, OperationMode.IDLE),
        max_offline=capability.max_offline_duration,
        offline_patience=patience,
        units=capability.units,
    )


@dataclass(frozen=True, slots=True)
class Order:
    """What one EVSE should do in an event.

    Attributes:
        evse: The EVSE.
        transaction: The running transaction: there is no order without one (rule 10).
        window: When.
        power: Negative: it discharges.
        safe_import: What it may draw when the event is over.
    """

    evse: EvseId
    transaction: TransactionId
    window: Interval
    power: Power
    safe_import: Power


def station_max(station: StationId, limit: Power, terms: Terms) -> Profile:
    """Return the cap of the whole station: the last defence (v2x §6.3)."""
    return _forever(
        EvseId(station, 0), Purpose.STATION_MAX, STATION_MAX_OFFSET, limit, terms
    )


def floor(station: StationId, limit: Power, terms: Terms) -> Profile:
    """Return what holds when nothing else does: safe import, no discharge (rule 9)."""
    return _forever(EvseId(station, 0), Purpose.TX_DEFAULT, FLOOR_OFFSET, limit, terms)


def event_profile(
    order: Order, terms: Terms, available: Energy, *, now: datetime
) -> Profile | VendorCommand | None:
    """Return what makes the EVSE carry the order out, or none if it cannot be said.

    Args:
        order: What it should do.
        terms: What it can be told.
        available: Energy at the meter that the vehicle can give above its floor; the
            schedule never asks for more (rule 8).
        now: When that energy was there; what lies before it has been given already.

    Returns:
        A TxProfile, a vendor's own command, or none: no discharge dialect, or a power
        that rounds to nothing, or no energy, or a make that would not stop by itself.
    """
    watts = terms.vendor.fit(order.power.watts)
    end = discharge_end(order.window, Power(watts), available, now=now)
    if end is None or rate(Power(watts), terms) == 0 or not _stops(terms):
        return None
    seconds = int((end - order.window.start).total_seconds())
    match terms.vendor.dialect:
        case Dialect.SETPOINT_SCHEDULED:
            return _scheduled(order, terms, seconds, _setpoint_period(watts, terms))
        case Dialect.SETPOINT_DYNAMIC_PUSH | Dialect.SETPOINT_DYNAMIC_PULL:
            return _dynamic(order, terms, watts, seconds)
        case Dialect.NEGATIVE_LIMIT_TX:
            limit = rate(Power(watts), terms)
            period = Period(0, limit=limit, phases=terms.phases)
            return _scheduled(order, terms, seconds, period)
        case Dialect.DATATRANSFER:
            return _vendor_setpoint(order, terms, watts, seconds)
        case Dialect.NONE:
            return None


def discharge_end(
    window: Interval, power: Power, available: Energy, *, now: datetime
) -> datetime | None:
    """Return until when the energy lasts within the window; none if not at all.

    Args:
        window: When it should discharge.
        power: Negative: how fast.
        available: Energy at the meter that may be given (rule 8).
        now: When that energy was there; what lies before it has been given already.
    """
    if power.watts >= 0 or now >= window.end:
        return None
    affordable = max(available.watt_seconds, 0) // -power.watts
    gone = max(int((now - window.start).total_seconds()), 0)
    if affordable <= 0:
        return None
    return min(window.end, window.start + timedelta(seconds=gone + affordable))


def safe_replacement(profile: Profile, safe_import: Power, terms: Terms) -> Profile:
    """Return the cancel of an event profile: the same id, nothing given back (rule 25).

    It begins long ago, so that it holds at once, and it does not end: what it leaves
    behind when it is cleared is the floor below it.
    """
    return Profile(
        id=profile.id,
        evse=profile.evse,
        purpose=profile.purpose,
        kind=Kind.ABSOLUTE,
        stack_level=profile.stack_level,
        unit=terms.unit,
        start=LONG_AGO,
        transaction=profile.transaction,
        periods=(_charging_period(0, safe_import, terms),),
    )


def clear_command(evse: EvseId, words: VendorWords) -> VendorCommand:
    """Return the vendor's own way to take a setpoint back."""
    data = json.dumps({"evseId": evse.number}, separators=(",", ":"))
    return VendorCommand(evse, words.vendor_id, words.clear_message, data)


def event_profile_id(evse: EvseId, terms: Terms) -> int:
    """Return the one id that event profiles of this EVSE have (rule 11)."""
    return terms.first_id + EVENT_OFFSET + evse.number


def fingerprint(content: object) -> str:
    """Return a short name for some content, equal for equal content."""
    return hashlib.sha256(repr(content).encode()).hexdigest()[:16]


def rate(power: Power, terms: Terms) -> float:
    """Return the power in the unit of the station's schedules (K01.FR.50)."""
    if terms.unit is RateUnit.WATTS:
        return float(power.watts)
    amperes = power.watts / (terms.vendor.voltage * (terms.phases or 1))
    return float(int(amperes / terms.step) * terms.step)


def _forever(
    evse: EvseId, purpose: Purpose, offset: int, limit: Power, terms: Terms
) -> Profile:
    return Profile(
        id=terms.first_id + offset,
        evse=evse,
        purpose=purpose,
        kind=Kind.ABSOLUTE,
        stack_level=0,
        unit=terms.unit,
        start=LONG_AGO,
        periods=(Period(0, limit=rate(limit, terms), phases=terms.phases),),
    )


def _scheduled(order: Order, terms: Terms, seconds: int, first: Period) -> Profile:
    periods: tuple[Period, ...] = (first,)
    total = timedelta(seconds=seconds)
    if terms.max_periods > 1:
        periods = (first, _end_period(seconds, order.safe_import, terms))
        total += TAIL
    return Profile(
        id=event_profile_id(order.evse, terms),
        evse=order.evse,
        purpose=Purpose.TX,
        kind=Kind.ABSOLUTE,
        stack_level=min(terms.max_stack_level, 2),
        unit=terms.unit,
        start=order.window.start,
        duration=total,
        valid_to=order.window.start + total + timedelta(minutes=1),
        transaction=order.transaction,
        max_offline=terms.offline_patience if terms.max_offline else None,
        invalid_after_offline=True if terms.max_offline else None,
        periods=periods,
    )


def _dynamic(order: Order, terms: Terms, watts: int, seconds: int) -> Profile:
    end = order.window.start + timedelta(seconds=seconds)
    pulls = terms.vendor.dialect is Dialect.SETPOINT_DYNAMIC_PULL
    return Profile(
        id=event_profile_id(order.evse, terms),
        evse=order.evse,
        purpose=Purpose.TX,
        kind=Kind.DYNAMIC,
        stack_level=min(terms.max_stack_level, 2),
        unit=terms.unit,
        duration=terms.vendor.dynamic.watchdog,
        valid_from=order.window.start,
        valid_to=end,
        transaction=order.transaction,
        max_offline=terms.offline_patience if terms.max_offline else None,
        invalid_after_offline=True if terms.max_offline else None,
        pull_interval=terms.vendor.dynamic.push_interval if pulls else None,
        periods=(_setpoint_period(watts, terms),),
    )


def _vendor_setpoint(
    order: Order, terms: Terms, watts: int, seconds: int
) -> VendorCommand | None:
    words = terms.vendor.words
    if words is None:
        return None
    end = order.window.start + timedelta(seconds=seconds)
    said = {
        "evseId": order.evse.number,
        "setpointW": watts,
        "startAt": zulu(order.window.start),
        "endAt": zulu(end),
    }
    data = json.dumps(said, separators=(",", ":"))
    return VendorCommand(order.evse, words.vendor_id, words.set_message, data, end)


def _setpoint_period(watts: int, terms: Terms) -> Period:
    """Return a period that sets a power and carries no limit (Q03.FR.01, FR.02)."""
    setpoint = rate(Power(watts), terms)
    return Period(0, setpoint=setpoint, mode=OperationMode.CENTRAL_SETPOINT)


def _end_period(start_s: int, safe_import: Power, terms: Terms) -> Period:
    if terms.idle:
        return Period(start_s, mode=OperationMode.IDLE)
    return _charging_period(start_s, safe_import, terms)


def _charging_period(start_s: int, limit: Power, terms: Terms) -> Period:
    mode = OperationMode.CHARGING_ONLY if terms.idle else None
    return Period(start_s, limit=rate(limit, terms), mode=mode, phases=terms.phases)


def _stops(terms: Terms) -> bool:
    """Tell whether a discharge ends on this make without us (rules 7 and 9).

    One that holds its last period for ever needs a last period that is safe.
    """
    if terms.vendor.after_expiry is not AfterExpiry.HOLD_LAST:
        return True
    return terms.vendor.dialect is Dialect.DATATRANSFER or (
        terms.max_periods > 1 and not terms.vendor.dialect.is_dynamic
    )


def zulu(instant: datetime) -> str:
    """Return the instant as stations like it: UTC, whole seconds, ending in Z."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
