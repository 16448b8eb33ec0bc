"""What the standard forbids in one period of a schedule (K01, K28, Q03 to Q10, V2X)."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from csms.charging.capability import Capability
from csms.domain.profile import (
    Kind,
    OperationMode,
    Period,
    Profile,
    Purpose,
    RateUnit,
    Schedule,
)

FEWEST_POINTS = 2
LIMITS = ("limit", "limit_l2", "limit_l3")
DISCHARGES = ("discharge_limit", "discharge_limit_l2", "discharge_limit_l3")
SETPOINTS = ("setpoint", "setpoint_l2", "setpoint_l3")
REACTIVE = ("reactive", "reactive_l2", "reactive_l3")
BOUNDS = (*LIMITS, *DISCHARGES)
FIGURES = (*BOUNDS, *SETPOINTS, *REACTIVE)

_MODES: Mapping[Purpose, frozenset[OperationMode]] = {
    Purpose.PRIORITY: frozenset({OperationMode.CHARGING_ONLY}),
    Purpose.STATION_MAX: frozenset({OperationMode.CHARGING_ONLY}),
    Purpose.LOCAL_GENERATION: frozenset(
        {OperationMode.CHARGING_ONLY, OperationMode.EXTERNAL_LIMITS}
    ),
}
_MODE_RULE = {Purpose.LOCAL_GENERATION: "K01.FR.113"}
_BY_OTHERS = frozenset({OperationMode.EXTERNAL_LIMITS, OperationMode.EXTERNAL_SETPOINT})


@dataclass(frozen=True, slots=True)
class Breach:
    """One rule that a profile breaks.

    Attributes:
        field: The input at fault, such as ``periods[1].limit``; empty for the whole.
        rule: The requirement, such as ``K01.FR.31``.
        problem: What is wrong.
        remedy: What can be done about it, where that is not plain.
    """

    field: str
    rule: str
    problem: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class PeriodView:
    """Where a period stands, and what it is for.

    Attributes:
        modern: Whether its station speaks 2.1.
        direct_current: Whether its EVSE is known to be of direct current.
        phases_charge: Whether the vehicle said that it charges by phase.
        phases_discharge: Whether it said that it gives back by phase.
        charging_only: Whether the vehicle asked for charging only (Q02).
    """

    capability: Capability
    profile: Profile
    schedule: Schedule
    modern: bool
    direct_current: bool
    phases_charge: bool
    phases_discharge: bool
    charging_only: bool


_Found = Iterator[Breach]


def period_breaches(where: str, period: Period, view: PeriodView) -> _Found:
    """Yield every rule that the period breaks."""
    for rule in _ALWAYS:
        yield from rule(where, period, view)
    if view.modern:
        for rule in _MODERN:
            yield from rule(where, period, view)


def _phases(where: str, period: Period, view: PeriodView) -> _Found:
    number = view.profile.evse.number
    if period.phase_to_use is not None:
        name = f"{where}.phase_to_use"
        if period.phases != 1:
            yield Breach(name, "K01.FR.19", "only where phases is 1")
        if not {0, number} & view.capability.phase_switching:
            yield Breach(name, "K01.FR.20", "this EVSE cannot choose its phase")
    given = period.phases is not None or period.phase_to_use is not None
    if given and view.direct_current and not {0, number} & view.capability.dc_phases:
        yield Breach(f"{where}.phases", "K01.FR.44", "direct current has no phases")


def _bounded(where: str, period: Period, view: PeriodView) -> _Found:
    if not view.modern and period.limit is None:
        yield Breach(f"{where}.limit", "K01", "a station of 2.0.1 needs it")
    for name in LIMITS:
        value = getattr(period, name)
        if view.modern and value is not None and value < 0:
            problem = "it is zero or positive; a setpoint below zero discharges"
            yield Breach(f"{where}.{name}", "Q03.FR.01", problem)
    for name in DISCHARGES:
        value = getattr(period, name)
        if value is not None and value > 0:
            yield Breach(f"{where}.{name}", "V2X.04", "it is zero or negative")


def _by_phase(where: str, period: Period, view: PeriodView) -> _Found:
    groups = (
        (LIMITS, view.phases_charge, "K01.FR.142", "K01.FR.143"),
        (DISCHARGES, view.phases_discharge, "V2X.08", "V2X.09"),
        (SETPOINTS, view.phases_discharge, "V2X.08", "V2X.09"),
        (REACTIVE, view.phases_discharge, "V2X.08", "V2X.09"),
    )
    for names, able, unable, unfit in groups:
        given = [name for name in names[1:] if getattr(period, name) is not None]
        if not given:
            continue
        name = f"{where}.{given[0]}"
        if view.profile.purpose is not Purpose.TX:
            yield Breach(name, unfit, "only a TxProfile sets phases apart")
        elif not able:
            yield Breach(name, unable, "the vehicle did not say that it can")
        if getattr(period, names[0]) is None:
            rule = "K01.FR.145" if names is LIMITS else "V2X.07"
            yield Breach(name, rule, f"it needs {names[0]} beside it")


def _mode(where: str, period: Period, view: PeriodView) -> _Found:
    mode = period.mode
    if mode in (None, OperationMode.CHARGING_ONLY):
        return
    name, purpose = f"{where}.mode", view.profile.purpose
    allowed = _MODES.get(purpose)
    if allowed is not None and mode not in allowed:
        yield Breach(name, _MODE_RULE.get(purpose, "K01.FR.111"), f"not for {purpose}")
    if not view.capability.supports(view.profile.evse.number, mode):
        yield Breach(name, "K01.FR.115", f"the station does not support {mode}")


def _charging_only(where: str, period: Period, view: PeriodView) -> _Found:
    if view.charging_only and period.mode not in (
        None,
        OperationMode.CHARGING_ONLY,
        OperationMode.IDLE,
    ):
        yield Breach(f"{where}.mode", "Q02.FR.01", "the vehicle asked to charge only")
    if period.mode in (None, OperationMode.CHARGING_ONLY):
        yield from _absent(
            where, period, (*DISCHARGES, *SETPOINTS, *REACTIVE), "Q02.FR.02"
        )


def _central(where: str, period: Period, view: PeriodView) -> _Found:
    mode = period.mode
    if mode is OperationMode.CENTRAL_SETPOINT:
        yield from _absent(where, period, BOUNDS, "Q03.FR.02")
        if period.setpoint is None and period.reactive is None:
            yield Breach(f"{where}.setpoint", "Q03.FR.01", "there is none")
    if mode is OperationMode.CENTRAL_FREQUENCY:
        yield from _absent(where, period, BOUNDS, "Q07.FR.03")
        if view.profile.kind is not Kind.DYNAMIC:
            yield Breach("kind", "Q07.FR.02", "CentralFrequency is Dynamic")
        if view.schedule.duration is None:
            yield Breach("duration_s", "Q07.FR.04", "nothing would end it without us")


def _external(where: str, period: Period, view: PeriodView) -> _Found:
    if period.mode in _BY_OTHERS and view.profile.purpose not in (
        Purpose.TX,
        Purpose.TX_DEFAULT,
        Purpose.LOCAL_GENERATION,
    ):
        yield Breach(f"{where}.mode", "K29.FR.03", "for profiles of transactions")


def _local_frequency(where: str, period: Period, view: PeriodView) -> _Found:
    if period.mode is not OperationMode.LOCAL_FREQUENCY:
        return
    yield from _absent(where, period, FIGURES, "Q08.FR.01")
    if len(period.freq_curve) < FEWEST_POINTS:
        yield Breach(f"{where}.freq_curve", "Q08.FR.02", "two points are the fewest")
    if period.baseline is None:
        yield Breach(f"{where}.baseline", "Q08.FR.02", "there is none")
    if view.schedule.unit is not RateUnit.WATTS:
        yield Breach("unit", "Q08.FR.05", "a curve of frequency is in watts")


def _balancing(where: str, period: Period, view: PeriodView) -> _Found:
    if period.mode is not OperationMode.LOCAL_LOAD_BALANCING:
        return
    if not {0, view.profile.evse.number} & view.capability.balances:
        yield Breach(
            f"{where}.mode",
            "Q09.FR.02",
            "the station lacks thresholds and offsets that fit together",
            "set V2XChargingCtrlr.LocalLoadBalancing, upper above lower",
        )


def _idle(where: str, period: Period, view: PeriodView) -> _Found:
    idle = period.mode is OperationMode.IDLE
    if idle:
        yield from _absent(where, period, FIGURES, "Q10.FR.01")
    if period.sleep and not view.capability.evse_sleep:
        yield Breach(f"{where}.sleep", "K01.FR.126", "not supported")


def _within(where: str, period: Period, view: PeriodView) -> _Found:
    del view
    for setpoint, limit, least in zip(SETPOINTS, LIMITS, DISCHARGES, strict=True):
        value = getattr(period, setpoint)
        most, lowest = getattr(period, limit), getattr(period, least)
        if value is None:
            continue
        over = most is not None and value > most
        if over or (lowest is not None and value < lowest):
            yield Breach(f"{where}.{setpoint}", "V2X.05", "outside its own limits")


def _absent(where: str, period: Period, names: tuple[str, ...], rule: str) -> _Found:
    mode = period.mode or OperationMode.CHARGING_ONLY
    for name in names:
        if getattr(period, name) is not None:
            yield Breach(f"{where}.{name}", rule, f"{mode} has none")


_ALWAYS: tuple[Callable[[str, Period, PeriodView], _Found], ...] = (_phases, _bounded)
_MODERN: tuple[Callable[[str, Period, PeriodView], _Found], ...] = (
    _by_phase,
    _mode,
    _charging_only,
    _central,
    _external,
    _local_frequency,
    _balancing,
    _idle,
    _within,
)
