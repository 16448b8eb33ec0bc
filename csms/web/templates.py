"""Pages from templates: one environment for all pages, and how figures read."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined

if TYPE_CHECKING:
    from collections.abc import Callable

UNKNOWN = "\N{EN DASH}"
"""Stands where a figure is not known."""

MINUS = "\N{MINUS SIGN}"
_SMALL = 10


def environment(package: str) -> Environment:
    """Return the templates of a package, with everything escaped."""
    made = Environment(
        loader=PackageLoader(package),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters: dict[str, Callable[..., Any]] = {
        "clock": clock,
        "day": day,
        "number": number,
        "money": money,
        "words": words,
        "span": span,
        "count": count,
    }
    made.filters |= filters
    return made


def clock(instant: datetime) -> str:
    """Return the time of day with its zone, such as ``5:00 PM EDT``."""
    hour = instant.strftime("%I").lstrip("0")
    return f"{hour}:{instant:%M %p %Z}"


def day(instant: datetime) -> str:
    """Return the date in words, such as ``Tuesday, July 14``."""
    return f"{instant:%A, %B} {instant.day}"


def number(value: float | None, digits: int | None = None) -> str:
    """Return a figure with a true minus and thousands apart.

    Args:
        value: The figure; none reads as a dash.
        digits: Decimals; without it one below ten, else none, and none if it is whole.
    """
    if value is None:
        return UNKNOWN
    if digits is None:
        digits = 1 if abs(value) < _SMALL and not float(value).is_integer() else 0
    rounded = round(value, digits) + 0.0
    return f"{rounded:,.{digits}f}".replace("-", MINUS)


def money(amount: float, currency: str = "USD") -> str:
    """Return an amount in whole units with its currency, such as ``$2,640``."""
    sign = "$" if currency == "USD" else f"{currency} "
    return f"{sign}{amount:,.0f}"


def count(many: int, one: str, more: str) -> str:
    """Return a count with the words for one or for more, such as ``2 stations``."""
    return f"{many:,} {one if many == 1 else more}"


def words(word: str) -> str:
    """Return a machine's word as people write it: ``not_obeyed`` is ``not obeyed``."""
    return word.replace("_", " ")


def span(lasting: timedelta) -> str:
    """Return a duration in its two largest units, such as ``2 h 30 min``."""
    seconds = max(round(lasting.total_seconds()), 0)
    days, hours = seconds // 86_400, seconds % 86_400 // 3_600
    minutes, rest = seconds % 3_600 // 60, seconds % 60
    parts = [(days, "d"), (hours, "h"), (minutes, "min"), (rest, "s")]
    first = next((at for at, (many, _) in enumerate(parts) if many), 3)
    shown = [f"{many} {unit}" for many, unit in parts[first : first + 2] if many]
    return " ".join(shown) or "0 s"
