"""Reservations in the words of the wire are kept as the typed ones are (H01, H02)."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from csms.blocks.authorization_guard import ReservationCommands
from csms.domain.ids import StationId
from csms.domain.token import IdToken
from csms.services.asking import StationRefused, StationSilent
from csms.services.ports.wire import (
    CommandResult,
    NoAnswer,
    Outcome,
    RefusedByStation,
    Reply,
    Silence,
)
from csms.services.reserving import Wish

STATION = StationId("MA-TEST-01")
NOW = datetime(2026, 7, 14, tzinfo=UTC)
DRIVER = {"idToken": "driver-1", "type": "ISO14443"}
RESERVE = {
    "id": 7,
    "expiryDateTime": "2026-07-14T00:00:00Z",
    "idToken": DRIVER,
    "evseId": 2,
    "connectorType": "cCCS1",
    "groupIdToken": {"idToken": "family", "type": "Central"},
}
WISH = Wish(
    IdToken("driver-1", "ISO14443"), NOW, 2, "cCCS1", IdToken("family", "Central")
)
CANCEL = {"reservationId": 7}


class Book:
    """Asks as the typed resource does, and tells what it made of the answer."""

    def __init__(self, *, refuses: bool = False) -> None:
        self.kept: list[tuple[Any, ...]] = []
        self.replies: list[Reply | Exception] = []
        self._refuses = refuses

    async def reserve_by(
        self,
        station: StationId,
        number: int,
        wish: Wish,
        by: str,
        ask: Callable[[], Awaitable[Reply]],
    ) -> None:
        self.kept.append(("reserve", station, number, wish, by))
        await self._ask(ask)

    async def cancel_by(
        self,
        station: StationId,
        number: int,
        by: str,
        ask: Callable[[], Awaitable[Reply]],
    ) -> None:
        self.kept.append(("cancel", station, number, by))
        await self._ask(ask)

    async def _ask(self, ask: Callable[[], Awaitable[Reply]]) -> None:
        if self._refuses:
            raise StationSilent("it is not connected")
        try:
            reply = await ask()
        except (NoAnswer, RefusedByStation) as error:
            self.replies.append(error)
            raise StationRefused("no") from error
        self.replies.append(reply)
        if not reply.accepted:
            raise StationRefused("no")


async def send(book: Book, payload: dict[str, Any], result: CommandResult) -> Any:  # noqa: ANN401
    async def ask() -> CommandResult:
        return result

    commands = ReservationCommands(cast("Any", book))
    return await commands.send(STATION, payload, "operator", ask)


@pytest.mark.parametrize(
    ("payload", "kept"),
    [
        (RESERVE, ("reserve", STATION, 7, WISH, "operator")),
        (CANCEL, ("cancel", STATION, 7, "operator")),
    ],
)
@pytest.mark.parametrize(
    ("answer", "reply"),
    [
        ({"status": "Accepted"}, Reply(accepted=True, status="Accepted")),
        (
            {"status": "Rejected", "statusInfo": {"reasonCode": "Busy"}},
            Reply(accepted=False, status="Rejected", info="Busy"),
        ),
    ],
)
async def test_what_a_station_says_is_kept_and_told(
    payload: dict[str, Any],
    kept: tuple[Any, ...],
    answer: dict[str, Any],
    reply: Reply,
) -> None:
    book, result = Book(), CommandResult(Outcome.ANSWERED, payload=answer)

    assert await send(book, payload, result) == result
    assert book.kept == [kept]
    assert book.replies == [reply]


@pytest.mark.parametrize(
    ("silence", "kind"),
    [(Silence.STALE, Silence.STALE), (None, Silence.UNANSWERED)],
)
async def test_silence_is_kept_as_silence(
    silence: Silence | None, kind: Silence
) -> None:
    book, result = Book(), CommandResult(Outcome.NO_ANSWER, silence=silence)

    assert await send(book, RESERVE, result) == result
    (said,) = book.replies
    assert isinstance(said, NoAnswer)
    assert (said.station, said.kind) == (STATION, kind)


async def test_an_error_is_kept_as_an_error() -> None:
    book = Book()
    result = CommandResult(Outcome.CALL_ERROR, code="GenericError", description="no")

    assert await send(book, RESERVE, result) == result
    (said,) = book.replies
    assert isinstance(said, RefusedByStation)
    assert (said.station, said.code) == (STATION, "GenericError")


async def test_who_was_not_asked_has_said_nothing() -> None:
    with pytest.raises(StationSilent, match="not connected"):
        await send(Book(refuses=True), RESERVE, CommandResult(Outcome.ANSWERED))
