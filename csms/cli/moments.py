"""Instants as people type them at the command line."""

import re
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from csms.cli.failures import ExitCode, Failed

Since = Annotated[
    str | None,
    typer.Option("--from", metavar="WHEN", help="From this local time or instant on."),
]
Until = Annotated[
    str | None,
    typer.Option("--to", metavar="WHEN", help="Up to this local time or instant."),
]

_TIME = re.compile(r"\d{1,2}:\d{2}")


def instant(
    said: str | None, field: str, zone: tzinfo | None = None, day: date | None = None
) -> str | None:
    """Return what the API is told: an instant with its offset, or none.

    Args:
        said: `2026-07-14`, `2026-07-14 17:00`, or either with an offset or Z; with
            a day also `17:00`.
        field: The option, for the message if it makes no sense.
        zone: Where a time without an offset is meant; none for this machine's zone.
        day: Which day a time alone is on.

    Raises:
        Failed: If it is no instant.
    """
    return None if said is None else _instant(said, field, zone, day).isoformat()


def span(
    start: str, end: str | None, hours: float | None, zone: str
) -> tuple[str, str]:
    """Return from when to when, as the API is told.

    Args:
        start: When it starts.
        end: When it ends; a time alone is on the day of the start.
        hours: How long it lasts, instead.
        zone: The time zone in which a time without an offset is meant.

    Raises:
        Failed: If they make no sense, or both or neither of end and hours are given.
    """
    if (end is None) == (hours is None):
        raise Failed(
            "An event needs an end: one of --end and --hours.",
            code=ExitCode.USAGE,
            field="--end",
            remedy="Say --end 20:00, or --hours 3.",
        )
    place = ZoneInfo(zone)
    first = _instant(start, "--start", place)
    if end is None:
        last = first + timedelta(hours=hours or 0)
    else:
        last = _instant(end, "--end", place, first.astimezone(place).date())
    return first.isoformat(), last.isoformat()


def _instant(
    said: str, field: str, zone: tzinfo | None, day: date | None = None
) -> datetime:
    try:
        if day is not None and _TIME.fullmatch(said):
            said = f"{day.isoformat()} {said.zfill(5)}"
        at = datetime.fromisoformat(said)
    except ValueError:
        raise Failed(
            f"{said!r} is no time.",
            code=ExitCode.USAGE,
            field=field,
            remedy="Say 2026-07-14T17:00, or with an offset 2026-07-14T21:00Z.",
        ) from None
    if at.tzinfo is None:
        at = at.replace(tzinfo=zone) if zone else at.astimezone()
    return at.astimezone(UTC)
