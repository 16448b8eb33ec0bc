"""When the schedules of charging profiles are in force, and where they change (K01)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from csms.domain.interval import Interval
from csms.domain.profile import Kind, Period, Profile, Recurrency, Schedule

_SPAN = {Recurrency.DAILY: timedelta(days=1), Recurrency.WEEKLY: timedelta(days=7)}
_QUARTER = timedelta(minutes=15)
"""No time zone changes its offset between the quarters of an hour."""


@dataclass(frozen=True, slots=True)
class Session:
    """What is known of one EVSE while its schedules are laid out.

    Attributes:
        began_at: When a Relative schedule began: once energy could flow (K01.FR.42).
        offline_since: Since when its station has had no connection (Q11).
        zone: What the station takes for local time (K01.FR.90).
    """

    began_at: datetime
    offline_since: datetime | None = None
    zone: tzinfo = UTC


def in_force(
    profile: Profile, schedule: Schedule, at: datetime, session: Session
) -> Period | None:
    """Return the period of the schedule that holds at the instant, if any does."""
    if not is_valid(profile, at, session):
        return None
    elapsed = _elapsed(profile, schedule, at, session)
    if elapsed is None:
        return None
    found = None
    for period in schedule.periods:
        if timedelta(seconds=period.start_s) <= elapsed:
            found = period
    return found


def is_valid(profile: Profile, at: datetime, session: Session) -> bool:
    """Tell whether the profile is valid (K01.FR.10, FR.36, FR.37, FR.101, FR.103)."""
    if profile.valid_from is not None and at < profile.valid_from:
        return False
    if profile.valid_to is not None and at >= profile.valid_to:
        return False
    gone = _lapses_offline(profile, session)
    return gone is None or at <= gone


def changes(
    profile: Profile, schedule: Schedule, window: Interval, session: Session
) -> Iterator[datetime]:
    """Yield every instant at which the answer of ``in_force`` may change."""
    yield from (each for each in (profile.valid_from, profile.valid_to) if each)
    gone = _lapses_offline(profile, session)
    if gone is not None:
        yield gone + timedelta(microseconds=1)
    offsets = [timedelta(seconds=each.start_s) for each in schedule.periods]
    if schedule.duration is not None:
        offsets.append(schedule.duration)
    zone = session.zone if schedule.local_time else UTC
    for began in _beginnings(profile, schedule, window, session):
        for offset in offsets:
            yield from _on_clock(began + offset, zone)
    if schedule.local_time:
        yield from _shifts(window, zone)


def _elapsed(
    profile: Profile, schedule: Schedule, at: datetime, session: Session
) -> timedelta | None:
    began = _origin(profile, schedule, session)
    if began is None:
        return timedelta(0)
    zone = session.zone if schedule.local_time else UTC
    elapsed = _clock(at, zone) - _clock(began, UTC)
    if elapsed < timedelta(0):
        return None
    span = _SPAN.get(profile.recurrency) if profile.recurrency else None
    if profile.kind is Kind.RECURRING and span is not None:
        elapsed %= span
    over = schedule.duration is not None and elapsed >= schedule.duration
    return None if over else elapsed


def _origin(profile: Profile, schedule: Schedule, session: Session) -> datetime | None:
    """Return where the schedule counts from; none if it always did.

    A Dynamic one counts from its last update, and ends that long after (K28.FR.13).
    """
    match profile.kind:
        case Kind.DYNAMIC:
            return profile.updated_at
        case Kind.RELATIVE:
            return session.began_at
        case _:
            return schedule.start


def _lapses_offline(profile: Profile, session: Session) -> datetime | None:
    if profile.max_offline is None or session.offline_since is None:
        return None
    return session.offline_since + profile.max_offline


def _beginnings(
    profile: Profile, schedule: Schedule, window: Interval, session: Session
) -> Iterator[datetime]:
    """Yield where the schedule begins (anew), as its own clock shows it."""
    origin = _origin(profile, schedule, session)
    if origin is None:
        return
    began = _clock(origin, UTC)
    span = _SPAN.get(profile.recurrency) if profile.recurrency else None
    if profile.kind is not Kind.RECURRING or span is None:
        yield began
        return
    zone = session.zone if schedule.local_time else UTC
    first = max((_clock(window.start, zone) - began) // span - 1, 0)
    at = began + first * span
    end = _clock(window.end, zone) + span
    while at < end:
        yield at
        at += span


def _clock(at: datetime, zone: tzinfo) -> datetime:
    """Return what a clock in the zone shows; without daylight saving in UTC."""
    return at.astimezone(zone).replace(tzinfo=None)


def _on_clock(shown: datetime, zone: tzinfo) -> Iterator[datetime]:
    """Yield when a clock in the zone shows this: twice when it is set back."""
    for fold in (0, 1):
        yield shown.replace(tzinfo=zone, fold=fold).astimezone(UTC)


def _shifts(window: Interval, zone: tzinfo) -> Iterator[datetime]:
    """Yield where the clock of the zone jumps (K01.FR.91)."""
    at = window.start.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    before = at.astimezone(zone).utcoffset()
    while at < window.end:
        at += _QUARTER
        offset = at.astimezone(zone).utcoffset()
        if offset != before:
            yield at
        before = offset
