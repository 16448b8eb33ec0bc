"""The composite schedule of an EVSE, or of a whole station, computed by us (K08).

Of each purpose the highest stack level that is in force counts; between purposes the
lowest limit does, and the least discharge (SC.01, SC.04).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from csms.charging.calendar import Session, changes, in_force
from csms.domain.ids import EvseId, StationId, TransactionId
from csms.domain.interval import Interval
from csms.domain.profile import (
    Composite,
    OperationMode,
    Period,
    Profile,
    Purpose,
    RateUnit,
    Schedule,
)

_LIMITS = ("limit", "limit_l2", "limit_l3")
_DISCHARGES = ("discharge_limit", "discharge_limit_l2", "discharge_limit_l3")
_SETPOINTS = ("setpoint", "setpoint_l2", "setpoint_l3")
_REACTIVE = ("reactive", "reactive_l2", "reactive_l3")
_BY_CURVE = frozenset(
    {OperationMode.LOCAL_FREQUENCY, OperationMode.LOCAL_LOAD_BALANCING}
)


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What decides how the profiles of one EVSE come together.

    Attributes:
        transaction: The running one; without it, one is assumed that has no TxProfile
            (K08.FR.06).
        began_at: When energy could first flow in it.
        priority: Whether priority charging is on (K21).
        soc_pct: State of charge, if it is known (K01.FR.100).
        offline_since: Since when the station has had no connection (Q11).
        phases: Phases where a schedule does not say: 3 for AC, 1 for DC (K01.FR.49).
        voltage: Between line and neutral, as it is set for the area (K01.FR.50).
        own_setpoints_first: Whether SetpointPriority is CSMS (Q06.FR.20 to FR.22).
        zone: What the station takes for local time.
    """

    transaction: TransactionId | None = None
    began_at: datetime | None = None
    priority: bool = False
    soc_pct: float | None = None
    offline_since: datetime | None = None
    phases: int = 3
    voltage: float = 230.0
    own_setpoints_first: bool = False
    zone: tzinfo = UTC


@dataclass(frozen=True, slots=True)
class _Layer:
    """The profiles among which stack levels decide: one purpose at one place."""

    purpose: Purpose
    profiles: list[Profile] = field(default_factory=list)


_ALONE = Circumstances()


def composite(
    profiles: Iterable[Profile],
    evse: EvseId,
    window: Interval,
    unit: RateUnit,
    known: Circumstances = _ALONE,
) -> Composite:
    """Return what results from all profiles at one EVSE.

    Random delays of the station are taken as none (K08.FR.06).

    Args:
        profiles: What the station holds; those of other EVSEs do no harm.
        evse: The EVSE; its number is above zero.
        window: From when to when.
        unit: The unit of the answer.
        known: What is known of the EVSE.
    """
    session = Session(known.began_at or window.start, known.offline_since, known.zone)
    layers = _layers(profiles, evse, known)
    marks = {window.start}
    for layer in layers:
        for profile in layer.profiles:
            first = profile.schedules[0]
            marks |= {
                each.astimezone(UTC)
                for each in changes(profile, first, window, session)
                if window.start < each < window.end
            }
    periods = [
        replace(
            _at(layers, mark, session, unit, known),
            start_s=_whole_seconds(mark - window.start),
        )
        for mark in sorted(marks)
    ]
    return Composite(evse, window.start, window.duration, unit, _merged(periods))


def composite_of_station(
    profiles: Sequence[Profile],
    station: StationId,
    window: Interval,
    unit: RateUnit,
    evses: Mapping[int, Circumstances],
) -> Composite:
    """Return what a whole station is expected to take from the grid (K08.FR.03).

    It is the sum of its EVSEs, held to what bounds the station; where one of them is
    not bounded, only the latter is left.
    """
    whole = EvseId(station, 0)
    own = [each for each in profiles if each.evse.number == 0]
    parts = [
        composite(profiles, EvseId(station, number), window, unit, known)
        for number, known in evses.items()
    ]
    bounds = [
        each
        for each in own
        if each.purpose
        in (Purpose.STATION_MAX, Purpose.EXTERNAL, Purpose.LOCAL_GENERATION)
    ]
    known = next(iter(evses.values()), _ALONE)
    cap = composite(bounds, whole, window, unit, known)
    marks = {0} | {period.start_s for each in (cap, *parts) for period in each.periods}
    periods = []
    for mark in sorted(marks):
        at = window.start + timedelta(seconds=mark)
        bound = cap.at(at) or Period(0)
        flows = [_flow(each.at(at)) for each in parts]
        total = None if None in flows else sum(each or 0.0 for each in flows)
        periods.append(_station_period(mark, total, bound))
    return Composite(whole, window.start, window.duration, unit, _merged(periods))


def _station_period(start_s: int, total: float | None, bound: Period) -> Period:
    limit = _least([total if total is None or total >= 0 else None, bound.limit])
    least = bound.discharge_limit
    setpoint = None
    if total is not None and total < 0:
        setpoint = total if least is None else max(total, least)
    return Period(
        start_s,
        limit=limit if setpoint is None else None,
        setpoint=setpoint,
        discharge_limit=least,
    )


def _flow(period: Period | None) -> float | None:
    """Return what an EVSE is expected to take at most; none if nothing bounds it."""
    if period is None:
        return None
    if period.mode is OperationMode.IDLE:
        return 0.0
    flow = period.limit if period.setpoint is None else period.setpoint
    more = _SETPOINTS[1:] if period.setpoint is not None else _LIMITS[1:]
    return flow if flow is None else flow + sum(getattr(period, n) or 0 for n in more)


def _layers(
    profiles: Iterable[Profile], evse: EvseId, known: Circumstances
) -> list[_Layer]:
    layers: dict[tuple[Purpose, int], _Layer] = {}
    for profile in profiles:
        if profile.evse.station != evse.station or not profile.periods:
            continue
        number = profile.evse.number
        if number not in (0, evse.number) or not _concerns(profile, known):
            continue
        shared = profile.purpose in (Purpose.TX_DEFAULT, Purpose.PRIORITY)
        place = profile.purpose, 0 if shared else number
        layers.setdefault(place, _Layer(profile.purpose)).profiles.append(profile)
    for layer in layers.values():
        layer.profiles.sort(key=lambda each: -each.stack_level)
    return list(layers.values())


def _concerns(profile: Profile, known: Circumstances) -> bool:
    match profile.purpose:
        case Purpose.TX:
            return (
                known.transaction is not None
                and profile.transaction == known.transaction
            )
        case Purpose.PRIORITY:
            return known.priority
        case _:
            return True


def _at(
    layers: Iterable[_Layer],
    at: datetime,
    session: Session,
    unit: RateUnit,
    known: Circumstances,
) -> Period:
    """Return what holds at one instant; where it starts does not matter here."""
    found: dict[Purpose, list[Period]] = {}
    for layer in layers:
        for profile in layer.profiles:
            schedule = profile.schedules[0]
            period = in_force(profile, schedule, at, session)
            if period is not None:
                said = _in_unit(period, schedule, unit, known)
                found.setdefault(layer.purpose, []).append(said)
                break
    return _combined(found, unit, known)


def _combined(
    found: Mapping[Purpose, list[Period]], unit: RateUnit, known: Circumstances
) -> Period:
    own = next(
        (
            found[each][0]
            for each in (Purpose.PRIORITY, Purpose.TX, Purpose.TX_DEFAULT)
            if each in found
        ),
        None,
    )
    bounds = [*found.get(Purpose.STATION_MAX, ()), *found.get(Purpose.EXTERNAL, ())]
    everyone = bounds if own is None else [own, *bounds]
    lead = _leading(own, found.get(Purpose.EXTERNAL, ()), known)
    if lead is not None and lead.mode is OperationMode.IDLE:
        return replace(_EMPTY, mode=OperationMode.IDLE, sleep=lead.sleep)
    values: dict[str, Any] = {name: _bounded(everyone, name, unit) for name in _LIMITS}
    values |= {
        name: max((v for v in _values(everyone, name)), default=None)
        for name in _DISCHARGES
    }
    for name in _LIMITS:
        extra = sum(_values(found.get(Purpose.LOCAL_GENERATION, ()), name))
        if values[name] is not None:
            values[name] = (values[name] or 0.0) + extra
    if lead is not None:
        values |= {name: _capped(lead, values, name) for name in _SETPOINTS}
        values |= {name: getattr(lead, name) for name in _REACTIVE}
    return replace(
        _mode_of(lead),
        **values,
        phases=min((e.phases for e in everyone if e.phases), default=None),
        phase_to_use=_one({e.phase_to_use for e in everyone} - {None}),
    )


_EMPTY = Period(0)


def _leading(
    own: Period | None, external: Iterable[Period], known: Circumstances
) -> Period | None:
    """Return whose setpoint and mode are followed (Q06.FR.20 to FR.22)."""
    outside = next(
        (e for e in external if e.mode is OperationMode.EXTERNAL_SETPOINT), None
    )
    if outside is None:
        return own
    sets = own is not None and (own.setpoint is not None or own.reactive is not None)
    return own if sets and known.own_setpoints_first else outside


def _mode_of(lead: Period | None) -> Period:
    if lead is None:
        return _EMPTY
    curves = lead.mode in _BY_CURVE
    return Period(
        0,
        mode=lead.mode,
        preconditioning=lead.preconditioning,
        sleep=lead.sleep,
        baseline=lead.baseline if curves else None,
        freq_curve=lead.freq_curve if curves else (),
        signal_curve=lead.signal_curve if curves else (),
    )


def _capped(
    lead: Period, values: Mapping[str, float | None], name: str
) -> float | None:
    """Return a setpoint held to limit and discharge limit (V2X.03, V2X.04)."""
    setpoint: float | None = getattr(lead, name)
    if setpoint is None:
        return None
    most = values[name.replace("setpoint", "limit")]
    least = values[name.replace("setpoint", "discharge_limit")]
    if setpoint > 0 and most is not None:
        return min(setpoint, most)
    if setpoint < 0 and least is not None:
        return max(setpoint, least)
    return setpoint


def _bounded(periods: Sequence[Period], name: str, unit: RateUnit) -> float | None:
    """Return the lowest of some limits (SC.01).

    Of amperes per phase, one figure counts for each phase that has none of its own.
    """
    said = list(_values(periods, name))
    if said and name != "limit" and unit is RateUnit.AMPERES:
        said += [
            each.limit
            for each in periods
            if each.limit is not None and getattr(each, name) is None
        ]
    return min(said, default=None)


def _values(periods: Iterable[Period], name: str) -> Iterable[float]:
    return [v for each in periods if (v := getattr(each, name)) is not None]


def _in_unit(
    period: Period, schedule: Schedule, unit: RateUnit, known: Circumstances
) -> Period:
    capped = _above_soc(period, schedule, known)
    if schedule.unit is unit:
        return capped
    phases = 1 if _by_phase(period) else period.phases or known.phases
    together = known.voltage * phases
    factor = 1 / together if unit is RateUnit.AMPERES else together
    each_phase = 1 / known.voltage if unit is RateUnit.AMPERES else known.voltage
    changed: dict[str, Any] = {}
    for names in (_LIMITS, _DISCHARGES, _SETPOINTS, _REACTIVE):
        for name, by in zip(names, (factor, each_phase, each_phase), strict=True):
            value = getattr(capped, name)
            changed[name] = None if value is None else value * by
    return replace(capped, **changed)


def _by_phase(period: Period) -> bool:
    names = (*_LIMITS[1:], *_SETPOINTS[1:], *_DISCHARGES[1:])
    return any(getattr(period, name) is not None for name in names)


def _above_soc(period: Period, schedule: Schedule, known: Circumstances) -> Period:
    """Return the period as it holds at this state of charge (K01.FR.100)."""
    above = schedule.above_soc
    if above is None or known.soc_pct is None or known.soc_pct < above[0]:
        return period
    limit = _least([period.limit, above[1]])
    setpoint = period.setpoint
    if setpoint is not None:
        setpoint = min(setpoint, above[1])
    idle = period.mode is OperationMode.IDLE
    return period if idle else replace(period, limit=limit, setpoint=setpoint)


def _least(values: Iterable[float | None]) -> float | None:
    return min((each for each in values if each is not None), default=None)


def _one(said: set[int | None]) -> int | None:
    return next(iter(said)) if len(said) == 1 else None


def _merged(periods: Iterable[Period]) -> tuple[Period, ...]:
    """Return the periods without those that only repeat the one before."""
    kept: list[Period] = []
    for period in periods:
        if kept and replace(period, start_s=kept[-1].start_s) == kept[-1]:
            continue
        if kept and kept[-1].start_s == period.start_s:
            kept[-1] = period
            continue
        kept.append(period)
    return tuple(kept)


def _whole_seconds(span: timedelta) -> int:
    """Return the first whole second at which something that begins then holds."""
    return -(-span // timedelta(seconds=1))
