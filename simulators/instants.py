"""Instants as plain seconds: what physics counts with, and how the wire spells them."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo


def iso(t: float) -> str:
    """Return an instant, given in Unix seconds, as OCPP spells it (UTC, ``Z``)."""
    moment = datetime.fromtimestamp(round(t, 3), UTC)
    spec = "milliseconds" if moment.microsecond else "seconds"
    return moment.isoformat(timespec=spec).replace("+00:00", "Z")


def instant(text: str) -> float:
    """Return the Unix seconds of an ISO 8601 text; without a zone it is UTC.

    Raises:
        ValueError: If the text is not an instant.
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return moment.timestamp()


def local(day: date, clock: str, zone: ZoneInfo) -> float:
    """Return the Unix seconds of a local wall-clock time such as ``07:30``."""
    return datetime.combine(day, time.fromisoformat(clock), zone).timestamp()


def day_of(t: float, zone: ZoneInfo, plus: int = 0) -> date:
    """Return the local date of an instant, moved by a number of days."""
    return datetime.fromtimestamp(t, zone).date() + timedelta(days=plus)
