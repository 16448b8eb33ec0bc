"""Put notices into words: subject, plain text and HTML, from one content."""

from dataclasses import dataclass, field
from datetime import datetime
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined

from csms.domain.notice import LINK_MARK, Letter, NoticeContent, OptOutCost

REASONS = {
    "cancelled": "the event was called off",
    "opt_out": "you opted out",
    "unplugged": "the vehicle was not plugged in",
    "soc_floor": "the battery had reached the least charge you allow",
    "ev_refused": "the vehicle gave less than it was asked for",
    "station_refused": "the charger did not take the command",
    "offline": "the charger could not be reached",
    "limit": "a limit of your connection or vehicle",
    "unknown": "reasons we could not find out",
}
"""Why energy is missing, as a participant reads it."""


@cache
def _environment(*, autoescape: bool) -> Environment:
    environment = Environment(
        loader=PackageLoader("csms.notify"),
        autoescape=autoescape,  # noqa: S701 off for plain text, which is no markup
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "clock": clock,
        "day": day,
        "number": number,
        "money": money,
        "why": lambda word: REASONS.get(word, word),
    }
    return environment


@dataclass(frozen=True, slots=True)
class TemplateLetters:
    """Letters from templates; markup in names stays text."""

    _text: Environment = field(default_factory=lambda: _environment(autoescape=False))
    _html: Environment = field(default_factory=lambda: _environment(autoescape=True))

    def write(self, content: NoticeContent) -> Letter:
        """Return the letter, with ``LINK_MARK`` where the signed link goes."""
        values = {"notice": content, "link": LINK_MARK}
        name = content.kind.value
        text = self._text.get_template(f"{name}.txt").render(values)
        html = self._html.get_template(f"{name}.html").render(values)
        subject, _, body = text.partition("\n")
        return Letter(" ".join(subject.split()), body.lstrip("\n"), html)


def clock(instant: datetime) -> str:
    """Return the local time of day with its zone, such as ``5:00 PM EDT``."""
    hour = instant.strftime("%I").lstrip("0")
    return f"{hour}:{instant:%M %p %Z}"


def day(instant: datetime) -> str:
    """Return the local date in words, such as ``Tuesday, July 14``."""
    return f"{instant:%A, %B} {instant.day}"


def number(value: float) -> str:
    """Return a figure with one decimal, none if it is whole."""
    rounded = round(value, 1) + 0.0
    return f"{rounded:,.0f}" if rounded.is_integer() else f"{rounded:,.1f}"


def money(cost: OptOutCost, which: str) -> str:
    """Return the loss or the season's payment, with its currency."""
    amount = cost.loss if which == "loss" else cost.season
    sign = "$" if cost.currency == "USD" else f"{cost.currency} "
    return f"{sign}{amount:,.0f}"
