"""Put events into a line for the display of a charger, in the languages of a file."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from importlib.resources import files
from typing import Any

from csms.domain.display import ScreenText
from csms.services.ports.displays import ScreenNotice

ENGLISH = "en"
_TWELVE_HOURS = "12"


def _shipped() -> Mapping[str, Any]:
    text = files("csms.notify").joinpath("screens.toml").read_text("utf-8")
    return tomllib.loads(text)


@dataclass(frozen=True, slots=True)
class ScreenLines:
    """Lines from a file: the port ``ScreenWriter``."""

    _words: Mapping[str, Any] = field(default_factory=_shipped)

    @property
    def languages(self) -> frozenset[str]:
        """Return the languages that it writes."""
        return frozenset(self._words)

    def write(self, notice: ScreenNotice) -> ScreenText:
        """Return the text, in the language asked for or in English."""
        primary = notice.language.split("-")[0].lower()
        language = primary if primary in self._words else ENGLISH
        words = self._words[language]
        until = _clock(notice.ends_at, words)
        when = " ".join(
            (_day(notice.starts_at, words), _clock(notice.starts_at, words))
        )
        line = words[notice.phase].format(
            when=f"{when} {words['to']} {until} {notice.ends_at:%Z}",
            until=f"{until} {notice.ends_at:%Z}",
        )
        return ScreenText(f"{words['test']}{line}" if notice.test else line, language)


def _day(instant: datetime, words: Mapping[str, Any]) -> str:
    said: str = words["day"].format(
        weekday=words["days"][instant.weekday()],
        month=words["months"][instant.month - 1],
        number=instant.day,
    )
    return said


def _clock(instant: datetime, words: Mapping[str, Any]) -> str:
    if words["clock"] == _TWELVE_HOURS:
        return f"{instant:%I:%M %p}".lstrip("0")
    return f"{instant:%H:%M}"
