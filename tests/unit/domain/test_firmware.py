"""The life of a firmware update, as a table and as what may come of any words."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csms.domain.firmware import (
    ENDS,
    FAILED,
    LIFE,
    FirmwareImage,
    FirmwareUpdate,
    Fit,
    UpdateState,
    due,
    moved,
    progressed,
)
from csms.domain.ids import StationId
from csms.domain.station import Make

NOW = datetime(2026, 7, 14, 12, tzinfo=UTC)
S = UpdateState
OURS = frozenset({S.WANTED, S.SENT, S.ACCEPTED, S.REFUSED, S.CANCELED, S.TIMED_OUT})
OURS |= {S.INVALID_CERTIFICATE, S.REVOKED_CERTIFICATE}
SAID = sorted(set(S) - OURS)


def an_update(state: S = S.ACCEPTED, *, secured: bool = False) -> FirmwareUpdate:
    update = FirmwareUpdate(
        station=StationId("S"),
        request_id=1,
        image="fw",
        version="2",
        secured=secured,
        retrieve_at=NOW,
        created_at=NOW,
        asked_by="ada",
    )
    return moved(update, state, NOW)


def test_every_state_has_a_row_and_only_ends_wait_for_nothing() -> None:
    assert set(LIFE) == set(S)
    assert {s for s, row in LIFE.items() if row.silence is None} == ENDS | {S.WANTED}
    assert set(ENDS) - FAILED == {S.INSTALLED, S.CANCELED}


@pytest.mark.parametrize("state", sorted(ENDS - {S.TIMED_OUT, S.DOWNLOAD_FAILED}))
@pytest.mark.parametrize("said", SAID)
def test_an_end_stays_an_end(state: S, said: S) -> None:
    after, fit = progressed(an_update(state), said, NOW)

    assert after.state is state
    expected = LIFE[state].follows or {state}
    assert (fit is Fit.AFTER_END) == (said not in expected)


@pytest.mark.parametrize("said", SAID)
def test_what_was_given_up_for_dead_may_come_back(said: S) -> None:
    after, fit = progressed(an_update(S.TIMED_OUT), said, NOW)

    assert (after.state, fit) == (said, Fit.FITS)


def test_another_try_is_no_departure() -> None:
    """L01.FR.30."""
    update, fit = progressed(an_update(S.DOWNLOADING), S.DOWNLOADING, NOW)
    assert fit is Fit.REPEATED
    update, _ = progressed(update, S.DOWNLOAD_FAILED, NOW)
    update, fit = progressed(update, S.DOWNLOADING, NOW)
    assert (update.state, fit) == (S.DOWNLOADING, Fit.FITS)
    assert update.due_at is not None


def test_installing_may_be_left_out() -> None:
    """L01.FR.23."""
    update, fit = progressed(an_update(S.DOWNLOADED), S.INSTALL_REBOOTING, NOW)
    assert fit is Fit.FITS
    _, fit = progressed(update, S.INSTALLING, NOW)
    assert fit is Fit.FITS  # it had to restart first (L01.FR.15)


@settings(max_examples=50)
@given(st.lists(st.sampled_from(SAID), max_size=12), st.booleans())
def test_whatever_is_said_the_update_has_one_state_and_a_due_instant(
    words: list[S],
    secured: bool,  # noqa: FBT001
) -> None:
    update = an_update(secured=secured)
    for place, word in enumerate(words):
        at = NOW + timedelta(minutes=place)
        before = update
        update, fit = progressed(update, word, at)
        assert update.state in (before.state, word)
        assert (update.due_at is None) == (update.state in ENDS)
        assert update.updated_at == at
        if fit in (Fit.FITS, Fit.REPEATED) and before.state is not S.CANCELED:
            assert update.state is word
        if before.state in FAILED - {S.DOWNLOAD_FAILED, S.TIMED_OUT}:
            assert update.state is before.state


@settings(max_examples=50)
@given(st.sampled_from(SAID), st.integers(-100, 100), st.integers(-100, 100))
def test_silence_counts_from_the_later_of_now_and_what_was_planned(
    state: S, retrieve_h: int, install_h: int
) -> None:
    update = FirmwareUpdate(
        station=StationId("S"),
        request_id=1,
        image="fw",
        version="2",
        secured=False,
        retrieve_at=NOW + timedelta(hours=retrieve_h),
        install_at=NOW + timedelta(hours=install_h),
        created_at=NOW,
        asked_by="ada",
        state=state,
    )
    at = due(update, NOW)

    if state in ENDS:
        assert at is None
        return
    assert at is not None
    assert at > NOW
    if LIFE[state].since == "install_at":
        assert at > NOW + timedelta(hours=install_h)


@pytest.mark.parametrize(
    ("vendor", "model", "fits"),
    [
        ("EXAMPLE", "X21-scheduled", True),
        ("Example", "x22", False),
        ("Other", "x21-a", False),
    ],
)
def test_an_image_is_for_a_make(vendor: str, model: str, *, fits: bool) -> None:
    image = FirmwareImage("fw", "example", "x21-*", "2", None, NOW, "ada")

    assert image.fits(Make(vendor, model)) is fits
    assert not image.fits(None)
