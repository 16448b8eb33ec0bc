"""Who goes next, and who is told that it is over."""

import asyncio
from typing import Any

import pytest

from csms.gateway.waiting import Line, Waiting, fail
from csms.ocpp.link import Crowded, Priority, Stale, Unreachable


def _waiting(name: str = "X", expires: float | None = None) -> Waiting:
    answer: asyncio.Future[dict[str, Any]] = asyncio.Future()
    return Waiting(name, {}, answer, expires=expires)


async def test_an_empty_line_has_no_next() -> None:
    assert Line(3).next(0) is None


async def test_a_line_of_those_who_gave_up_has_no_next() -> None:
    line = Line(3)
    for waiting in (_waiting(), _waiting()):
        line.join(Priority.ROUTINE, waiting)
        waiting.answer.cancel()

    assert line.next(0) is None


async def test_whoever_is_stale_is_told_so() -> None:
    line, stale, fresh = Line(3), _waiting(expires=5), _waiting(expires=5.1)
    line.join(Priority.CANCEL, stale)
    line.join(Priority.ROUTINE, fresh)

    assert line.next(5) is fresh
    with pytest.raises(Stale):
        await stale.answer


async def test_the_newest_of_the_least_urgent_gives_way() -> None:
    line = Line(2)
    order = [
        (Priority.ROUTINE, _waiting("old")),
        (Priority.SETPOINT, _waiting("urgent")),
        (Priority.ROUTINE, _waiting("new")),
        (Priority.SAFE_FLOOR, _waiting("more urgent")),
    ]
    for priority, waiting in order:
        line.join(priority, waiting)

    for loser in (order[2][1], order[0][1]):
        with pytest.raises(Crowded):
            await loser.answer
    assert line.next(0) is order[3][1]
    assert line.next(0) is order[1][1]


async def test_everyone_left_in_line_is_dismissed() -> None:
    line, patient, gone = Line(2), _waiting(), _waiting()
    line.join(Priority.ROUTINE, patient)
    line.join(Priority.ROUTINE, gone)
    gone.answer.cancel()

    line.dismiss(Unreachable("lost"))

    with pytest.raises(Unreachable):
        await patient.answer
    assert line.next(0) is None
    fail(gone.answer, Unreachable("again"))
    assert gone.answer.cancelled()
