"""Lines for displays: every language says all, and all of it fits."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from csms.domain.display import LONGEST_201
from csms.notify.screens import ScreenLines
from csms.services.ports.displays import ScreenNotice

ZONE = ZoneInfo("America/New_York")
START = datetime(2026, 7, 14, 17, tzinfo=ZONE)
END = datetime(2026, 7, 14, 20, tzinfo=ZONE)


def line(phase: str, language: str, *, test: bool = False) -> str:
    notice = ScreenNotice(phase, language, "Summer peak", START, END, test)
    return ScreenLines().write(notice).content


@pytest.mark.parametrize("language", sorted(ScreenLines().languages))
@pytest.mark.parametrize("phase", ["coming", "running"])
def test_a_line_names_the_time_and_fits(language: str, phase: str) -> None:
    said = line(phase, language)

    assert "EDT" in said
    assert ("8:00 PM" if language == "en" else "20:00") in said
    assert len(said) <= LONGEST_201
    assert "{" not in said


def test_an_unknown_language_is_english_and_a_test_says_so() -> None:
    notice = ScreenNotice("coming", "tlh", "x", START, END, test=True)
    text = ScreenLines().write(notice)

    assert text.language == "en"
    assert text.content.startswith("Test. Grid event Tue, Jul 14 5:00 PM to 8:00 PM")
    assert line("running", "pt-BR").startswith("Evento da rede")
