"""What the standard forbids in a charging profile, held against one station (K01, Q).

A table of rules; each names the field at fault and the requirement. Pure.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from csms.charging.capability import Capability
from csms.charging.period_rules import Breach, PeriodView, period_breaches
from csms.domain.ids import EvseId, TransactionId
from csms.domain.profile import Kind, Profile, Purpose, RateUnit, Schedule
from csms.domain.station import EDITION_21

__all__ = ["Breach", "Needs", "Situation", "breaches"]

MOST_SCHEDULES = 3


@dataclass(frozen=True, slots=True)
class Needs:
    """What a vehicle said for the running transaction (K15).

    Attributes:
        tuples: maxScheduleTuples: most periods that it takes; none for no word.
        bidirectional: Whether a transfer in both directions was requested (Q02).
        phases_charge: Whether it charges by phase (K01.FR.142).
        phases_discharge: Whether it gives back by phase (V2X.08).
        dynamic: Whether control is dynamic, so that there is one schedule (K19).
    """

    tuples: int | None = None
    bidirectional: bool = False
    phases_charge: bool = False
    phases_discharge: bool = False
    dynamic: bool = False


@dataclass(frozen=True, slots=True)
class Situation:
    """A station as a profile for it must find it.

    Attributes:
        capability: What it says it can do.
        evses: The numbers of its EVSEs.
        now: The present instant.
        transactions: The running ones, by EVSE.
        held: Every profile that it holds, as far as we know.
        needs: What vehicles said, by EVSE; without an entry, no ISO 15118 (K01.FR.34).
        direct_current: EVSEs of direct current, as far as that is known.
    """

    capability: Capability
    evses: frozenset[int]
    now: datetime
    transactions: Mapping[int, TransactionId] = field(default_factory=dict)
    held: Sequence[Profile] = ()
    needs: Mapping[int, Needs] = field(default_factory=dict)
    direct_current: frozenset[int] = frozenset()

    @property
    def modern(self) -> bool:
        """Tell whether it speaks 2.1."""
        return self.capability.edition == EDITION_21


def breaches(profile: Profile, situation: Situation) -> tuple[Breach, ...]:
    """Return every rule that the profile breaks at this station, in order."""
    found = [breach for rule in _RULES for breach in rule(profile, situation)]
    for number, schedule in enumerate(profile.schedules):
        where = "" if number == 0 else f"alternatives[{number - 1}]."
        found += _schedule(where, schedule, profile, situation)
    return tuple(found)


_Found = Iterator[Breach]


def _station(profile: Profile, at: Situation) -> _Found:
    if not at.capability.smart_charging:
        yield Breach("", "K01.FR.29", "the station does not do smart charging")
    number = profile.evse.number
    if number and number not in at.evses:
        yield Breach("evse", "K01.FR.28", f"the station has no EVSE {number}")


def _purpose(profile: Profile, at: Situation) -> _Found:
    purpose, number = profile.purpose, profile.evse.number
    if purpose is Purpose.EXTERNAL:
        yield Breach("purpose", "K01.FR.22", "only an external system sets this")
    if purpose is Purpose.STATION_MAX and number:
        yield Breach("evse", "K04.FR.03", "it is for the whole station: EVSE 0")
    if purpose is Purpose.STATION_MAX and profile.kind is Kind.RELATIVE:
        yield Breach("kind", "K01.FR.38", "the whole station's may not be Relative")
    extra = purpose in (Purpose.PRIORITY, Purpose.LOCAL_GENERATION)
    if extra and purpose.value not in at.capability.additional_purposes:
        yield Breach("purpose", "K01.FR.120", "the station does not support it")


def _transaction(profile: Profile, at: Situation) -> _Found:
    number, wanted = profile.evse.number, profile.transaction
    if profile.purpose is not Purpose.TX:
        if wanted is not None:
            yield Breach("transaction", "K01.FR.03", "only a TxProfile has one")
        return
    if not number:
        yield Breach("evse", "K01.FR.16", "a TxProfile is for one EVSE")
        return
    running = at.transactions.get(number)
    if wanted is None:
        yield Breach("transaction", "K01.FR.03", "a TxProfile needs its transaction")
    elif running is None:
        yield Breach("transaction", "K01.FR.09", "no transaction runs at this EVSE")
    elif running != wanted:
        yield Breach("transaction", "K01.FR.33", f"the one that runs is {running}")


def _identity(profile: Profile, at: Situation) -> _Found:
    most = at.capability.max_external_id
    if most and profile.id <= most:
        yield Breach("id", "K01.FR.80", f"ids up to {most} are the station's own")
    others = [each for each in at.held if each.id != profile.id]
    for other in others:
        if _clashes(profile, other):
            rule = "K01.FR.39" if profile.purpose is Purpose.TX else "K01.FR.06"
            if other.evse != profile.evse:
                rule = "K01.FR.53" if profile.evse.number else "K01.FR.52"
            yield Breach(
                "stack_level",
                rule,
                f"profile {other.id} has this level there already",
                "take its id to replace it, or another level",
            )
    known = any(each.id == profile.id for each in at.held)
    if not known and len(at.held) >= at.capability.max_profiles > 0:
        full = f"the station holds {len(at.held)} profiles, and takes no more"
        yield Breach("", "K01", full, "clear one")


def _clashes(profile: Profile, other: Profile) -> bool:
    if (other.purpose, other.stack_level) != (profile.purpose, profile.stack_level):
        return False
    if profile.purpose is Purpose.TX:
        return other.transaction == profile.transaction
    if other.evse != profile.evse:
        whole = 0 in (other.evse.number, profile.evse.number)
        return whole and profile.purpose is Purpose.TX_DEFAULT
    return _overlaps(profile, other)


def _overlaps(one: Profile, other: Profile) -> bool:
    late = one.valid_from and other.valid_to and one.valid_from >= other.valid_to
    early = one.valid_to and other.valid_from and one.valid_to <= other.valid_from
    return not (late or early)


def _level(profile: Profile, at: Situation) -> _Found:
    most = at.capability.max_stack_level
    if not 0 <= profile.stack_level <= most:
        yield Breach(
            "stack_level", "K01.FR.17", f"the station takes levels from 0 to {most}"
        )


def _validity(profile: Profile, at: Situation) -> _Found:
    begins, ends = profile.valid_from, profile.valid_to
    if begins is not None and ends is not None and begins >= ends:
        yield Breach("valid_to", "K01.FR.37", "it ends before it begins")
    elif ends is not None and ends <= at.now:
        yield Breach("valid_to", "K01.FR.37", "it has ended already")


def _kind(profile: Profile, at: Situation) -> _Found:
    recurring = profile.kind is Kind.RECURRING
    if recurring and profile.recurrency is None:
        yield Breach("recurrency", "K01.FR.40", "a Recurring profile says how often")
    if not recurring and profile.recurrency is not None:
        yield Breach("recurrency", "K01.FR.13", "only a Recurring profile has one")
    dynamic = profile.kind is Kind.DYNAMIC
    if dynamic and not at.capability.dynamic_profiles:
        yield Breach("kind", "K01.FR.121", "the station takes no Dynamic profiles")
    if dynamic and (profile.alternatives or len(profile.periods) != 1):
        yield Breach("periods", "K28.FR.01", "a Dynamic profile has one period")
    if not dynamic:
        for name in ("pull_interval", "updated_at"):
            if getattr(profile, name) is not None:
                yield Breach(name, "K01.FR.122", "only a Dynamic profile has one")


def _offline(profile: Profile, at: Situation) -> _Found:
    if profile.max_offline is None and profile.invalid_after_offline is None:
        return
    if not at.capability.max_offline_duration:
        yield Breach("max_offline_s", "K01.FR.104", "the station does not support it")


def _number_of_schedules(profile: Profile, at: Situation) -> _Found:
    count = len(profile.schedules)
    if count == 1:
        return
    needs = at.needs.get(profile.evse.number)
    if needs is None or profile.purpose is not Purpose.TX:
        yield Breach("alternatives", "K01.FR.34", "no vehicle asked for a choice")
    elif needs.dynamic:
        yield Breach("alternatives", "K19.FR.07", "dynamic control knows one schedule")
    elif count > MOST_SCHEDULES:
        yield Breach("alternatives", "K15.FR.07", "three schedules are the most")
    if len({each.id for each in profile.schedules}) != count:
        yield Breach("alternatives", "K15.FR.21", "schedules need ids of their own")


_RULES: tuple[Callable[[Profile, Situation], _Found], ...] = (
    _station,
    _purpose,
    _transaction,
    _identity,
    _level,
    _validity,
    _kind,
    _offline,
    _number_of_schedules,
)


def _schedule(
    where: str, schedule: Schedule, profile: Profile, at: Situation
) -> _Found:
    starting = profile.kind in (Kind.ABSOLUTE, Kind.RECURRING)
    if starting and schedule.start is None:
        yield Breach(f"{where}start", "K01.FR.40", f"a {profile.kind} one needs it")
    if profile.kind is Kind.RELATIVE and schedule.start is not None:
        yield Breach(f"{where}start", "K01.FR.41", "a Relative one has none")
    if schedule.unit not in at.capability.units:
        known = " or ".join(sorted(at.capability.units))
        yield Breach(f"{where}unit", "K01.FR.26", f"the station takes {known}")
    if schedule.duration is not None and schedule.duration <= timedelta(0):
        yield Breach(f"{where}duration_s", "K01.FR.11", "it lasts no time")
    if profile.purpose is Purpose.PRIORITY and schedule.duration is not None:
        yield Breach(f"{where}duration_s", "K01.FR.73", "priority charging has none")
    yield from _features(where, schedule, profile, at)
    yield from _steps(where, schedule, profile, at)


def _features(
    where: str, schedule: Schedule, profile: Profile, at: Situation
) -> _Found:
    can = at.capability
    if schedule.local_time and not can.local_time:
        yield Breach(f"{where}local_time", "K01.FR.123", "not supported")
    if schedule.random_delay:
        name = f"{where}random_delay_s"
        if not can.random_delay:
            yield Breach(name, "K01.FR.124", "not supported")
        if profile.purpose not in (Purpose.TX, Purpose.TX_DEFAULT):
            yield Breach(name, "K01.FR.95", "only for profiles of transactions")
    if schedule.above_soc is not None and not can.limit_at_soc:
        yield Breach(f"{where}above_soc", "K01.FR.125", "not supported")


def _steps(where: str, schedule: Schedule, profile: Profile, at: Situation) -> _Found:
    periods, needs = schedule.periods, at.needs.get(profile.evse.number)
    if not periods:
        yield Breach(f"{where}periods", "K01.FR.31", "there is none")
        return
    if periods[0].start_s != 0:
        rule = "K28.FR.02" if profile.kind is Kind.DYNAMIC else "K01.FR.31"
        yield Breach(f"{where}periods[0].start_s", rule, "the first begins at 0")
    most = at.capability.periods_per_schedule
    tuples = needs.tuples if needs and profile.purpose is Purpose.TX else None
    if len(periods) > most:
        yield Breach(f"{where}periods", "K15.FR.07", f"the station takes {most}")
    elif tuples is not None and len(periods) > tuples:
        yield Breach(f"{where}periods", "K15.FR.07", f"the vehicle takes {tuples}")
    view = PeriodView(
        capability=at.capability,
        profile=profile,
        schedule=schedule,
        modern=at.modern,
        direct_current=profile.evse.number in at.direct_current,
        phases_charge=needs is not None and needs.phases_charge,
        phases_discharge=needs is not None and needs.phases_discharge,
        charging_only=needs is not None and not needs.bidirectional,
    )
    before = -1
    for number, period in enumerate(periods):
        name = f"{where}periods[{number}]"
        if period.start_s <= before:
            yield Breach(f"{name}.start_s", "K01.FR.35", "periods follow in time")
        before = period.start_s
        yield from period_breaches(name, period, view)


def unit_of(capability: Capability) -> RateUnit:
    """Return the unit in which a station is best spoken to."""
    watts = RateUnit.WATTS
    return watts if watts in capability.units else min(capability.units)


def at_evse(profiles: Sequence[Profile], evse: EvseId) -> Sequence[Profile]:
    """Return the profiles that bear on an EVSE: its own and the whole station's."""
    return [each for each in profiles if each.evse.number in (0, evse.number)]
