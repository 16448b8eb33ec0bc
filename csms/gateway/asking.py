"""Asks one station one thing at a time, and notices when it hears us no more."""

import asyncio
from dataclasses import dataclass, field
from secrets import token_hex
from typing import Any, Final, Protocol

import structlog
from websockets.frames import CloseCode

from csms.domain.ids import StationId
from csms.gateway.limits import Limits, Tally
from csms.gateway.ports import Ports
from csms.gateway.waiting import Line, Waiting, fail
from csms.ocpp.frames import Call, CallError, CallResult
from csms.ocpp.link import Priority, Refused, Unanswered, Unreachable
from csms.ocpp.session import Session

DEAF_AFTER: Final = 2
"""Calls in a row that a station that still talks may leave unanswered."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What all connections of one gateway have in common.

    Attributes:
        ports: Everyone the gateway talks to.
        limits: How much is taken and how long is waited.
        tally: What is counted.
        renewed: Stations whose socket was closed because they heard us no more, and
            that have not answered since: once is enough.
    """

    ports: Ports
    limits: Limits
    tally: Tally
    renewed: set[StationId] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants to ask.

    Attributes:
        action: The name of the request.
        payload: Its fields, by wire name.
        priority: Which others it may overtake.
        patience: Seconds to wait for the answer, if not the usual ones.
        expires: Seconds from now after which it is not worth sending, if ever.
    """

    action: str
    payload: dict[str, Any]
    priority: Priority
    patience: float | None = None
    expires: float | None = None


class Mouth(Protocol):
    """Whatever has the socket."""

    station: StationId

    def say(self, text: str) -> None:
        """Put one text on the wire."""
        ...

    def close(self, code: int, reason: str) -> None:
        """Close the socket."""
        ...


class Asking:
    """Our half of the conversation with one station.

    Attributes:
        alive_at: Loop time at which the station was last heard.
    """

    __slots__ = (
        "_around",
        "_asked",
        "_asked_at",
        "_calls",
        "_line",
        "_loop",
        "_missed",
        "_mouth",
        "_prefix",
        "_session",
        "_stopped",
        "_timer",
        "alive_at",
    )

    def __init__(self, mouth: Mouth, session: Session, around: Surroundings) -> None:
        self.alive_at = 0.0
        self._mouth = mouth
        self._session = session
        self._around = around
        self._loop = asyncio.get_running_loop()
        self._line = Line(around.limits.queue)
        self._prefix = token_hex(4)
        self._calls = 0
        self._missed = 0
        self._asked: Waiting | None = None
        self._asked_at = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._stopped: str | None = None

    async def ask(self, wish: Wish) -> dict[str, Any]:
        """Return the payload of the answer, once it was our turn and it is there.

        Raises:
            Unreachable: There is no connection, or it was lost while waiting.
            Unanswered: Patience is over; the outcome is unknown.
            Refused: The station answered with a CALLERROR.
            Stale: It expired before its turn came, and was not sent.
            ValueError: If JSON cannot say the payload; it was not sent.
        """
        if self._stopped is not None:
            raise Unreachable(self._stopped)
        answer: asyncio.Future[dict[str, Any]] = self._loop.create_future()
        expires = None if wish.expires is None else self._loop.time() + wish.expires
        waiting = Waiting(wish.action, wish.payload, answer, wish.patience, expires)
        self._line.join(wish.priority, waiting)
        self._advance()
        return await answer

    def settle(self, answer: CallResult | CallError) -> None:
        """Give the answer to whoever asked, and make the next call."""
        waiting = self._take_back()
        self._missed = 0
        self._around.renewed.discard(self._mouth.station)
        if waiting is None or waiting.answer.done():
            log.info("call.answered_to_nobody", message_id=answer.message_id)
        elif isinstance(answer, CallResult):
            waiting.answer.set_result(answer.payload)
        else:
            refused = Refused(answer.code, answer.description, answer.details)
            waiting.answer.set_exception(refused)
        self._advance()

    def stop(self, reason: str) -> None:
        """Ask nothing more; whoever waits is told that the station is gone."""
        self._stopped = reason
        error = Unreachable(reason)
        if (waiting := self._take_back()) is not None:
            fail(waiting.answer, error)
        self._line.dismiss(error)

    def _take_back(self) -> Waiting | None:
        """Return whose call is outstanding, and stop waiting for its answer."""
        waiting, self._asked = self._asked, None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        return waiting

    def _advance(self) -> None:
        """Make the next call, if none is outstanding and one is waiting."""
        while self._asked is None and self._stopped is None:
            now = self._loop.time()
            waiting = self._line.next(now)
            if waiting is None:
                return
            self._calls += 1
            message_id = f"{self._prefix}-{self._calls}"
            call = Call(message_id, waiting.action, waiting.payload)
            try:
                text = self._session.ask(call, now, patience=waiting.patience)
            except ValueError as error:
                fail(waiting.answer, error)
                continue
            self._asked, self._asked_at = waiting, now
            deadline = self._session.deadline or now
            self._timer = self._loop.call_at(deadline, self._overdue, waiting)
            self._mouth.say(text)

    def _overdue(self, waiting: Waiting) -> None:
        """Give up on the outstanding call; what the station did is unknown."""
        self._take_back()
        self._session.give_up()
        self._around.tally.unanswered += 1
        station = self._mouth.station
        log.warning("call.unanswered", station=station, action=waiting.action)
        fail(waiting.answer, Unanswered(f"{waiting.action} was not answered in time"))
        if self.alive_at > self._asked_at:
            self._missed += 1
        if self._missed >= DEAF_AFTER and station not in self._around.renewed:
            self._around.renewed.add(station)
            self._around.tally.forced += 1
            log.warning("station.deaf", station=station, missed=self._missed)
            self._mouth.close(CloseCode.SERVICE_RESTART, "calls are not answered")
        self._advance()
