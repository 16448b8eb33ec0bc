"""Wrong key codes make a station wait."""

from datetime import UTC, datetime, timedelta

from csms.domain.ids import StationId
from csms.services.key_codes import FREE, LONGEST_WAIT, Guesses

HERE, THERE = StationId("HERE"), StationId("THERE")
NOW = datetime(2026, 7, 14, 12, tzinfo=UTC)


def guessed(times: int) -> Guesses:
    guesses = Guesses()
    for _ in range(times):
        guesses.note(HERE, NOW, right=False)
    return guesses


def test_a_few_mistakes_are_free_and_each_more_doubles_the_wait() -> None:
    """C04.FR.06."""
    assert not guessed(FREE - 1).must_wait(HERE, NOW)
    waits = []
    for times in range(FREE, FREE + 3):
        guesses = guessed(times)
        waits.append(
            next(
                seconds
                for seconds in range(10_000)
                if not guesses.must_wait(HERE, NOW + timedelta(seconds=seconds))
            )
        )
    assert waits == [30, 60, 120]
    assert not guessed(FREE).must_wait(THERE, NOW)


def test_the_wait_is_bounded() -> None:
    guesses = guessed(200)

    assert guesses.must_wait(HERE, NOW + LONGEST_WAIT - timedelta(seconds=1))
    assert not guesses.must_wait(HERE, NOW + LONGEST_WAIT)


def test_a_right_one_and_a_day_make_good() -> None:
    guesses = guessed(FREE)
    guesses.note(HERE, NOW, right=True)
    assert not guesses.must_wait(HERE, NOW)

    old = guessed(FREE)
    later = NOW + timedelta(days=2)
    old.note(HERE, later, right=False)
    assert not old.must_wait(HERE, later)
