"""One station's connection: listens, answers beside the listening, asks in turn."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from secrets import token_hex
from typing import Any, Final

import structlog
from websockets.asyncio.server import ServerConnection, broadcast
from websockets.exceptions import ConnectionClosed
from websockets.frames import CloseCode
from websockets.protocol import State

from csms.domain.ids import StationId
from csms.gateway.limits import Limits, Tally
from csms.gateway.ports import Ports
from csms.gateway.redacting import redacted
from csms.gateway.waiting import Line, Waiting, fail
from csms.ocpp.codes import CallRefused, RpcErrorCode
from csms.ocpp.editions import NotInEdition, check
from csms.ocpp.frames import Call, CallError, CallResult, Send
from csms.ocpp.link import Priority, Refused, Unanswered, Unreachable, read_answer
from csms.ocpp.session import (
    Answered,
    Asked,
    Duplicate,
    Ignored,
    Late,
    Session,
    Told,
)
from csms.ocpp.wire import A, Action, Edition, Q

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


class Connection:
    """One station's socket; the link to the station while it lasts.

    Attributes:
        station: Who is at the other end.
        edition: What was agreed to speak.
        remote: The address it comes from.
    """

    __slots__ = (
        "__weakref__",
        "_alive_at",
        "_around",
        "_asked",
        "_asked_at",
        "_calls",
        "_closing",
        "_draining",
        "_ended",
        "_greeting",
        "_line",
        "_loop",
        "_missed",
        "_prefix",
        "_room",
        "_session",
        "_socket",
        "_tasks",
        "_timer",
        "edition",
        "remote",
        "station",
    )

    def __init__(
        self,
        socket: ServerConnection,
        station: StationId,
        edition: Edition,
        remote: str,
        around: Surroundings,
    ) -> None:
        self.station = station
        self.edition = edition
        self.remote = remote
        self._socket = socket
        self._around = around
        self._loop = asyncio.get_running_loop()
        self._session = Session(patience=around.limits.patience)
        self._line = Line(around.limits.queue)
        self._prefix = token_hex(4)
        self._calls = 0
        self._asked: Waiting | None = None
        self._asked_at = 0.0
        self._alive_at = 0.0
        self._missed = 0
        self._timer: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._room: asyncio.Future[None] | None = None
        self._greeting: asyncio.Task[None] | None = None
        self._closing: asyncio.Task[None] | None = None
        self._draining = False
        self._ended: str | None = None

    # The way in

    async def run(self, greeting: asyncio.Task[None] | None = None) -> str:
        """Listen and answer until the socket closes; return why it closed.

        Args:
            greeting: What must be done before any call is answered. Listening
                begins at once, so the greeting may itself ask the station.
        """
        structlog.contextvars.bind_contextvars(station=self.station)
        self._greeting = greeting
        tally, record = self._around.tally, self._around.ports.frames.record
        most = self._around.limits.answers
        try:
            async for message in self._socket:
                if self._ended is not None:
                    break
                text = message if isinstance(message, str) else _text(message)
                tally.frames_in += 1
                record(self.station, "in", redacted(text))
                self._hear(text)
                while len(self._tasks) >= most and self._ended is None:
                    await self._until_one_is_done()
        except ConnectionClosed:
            pass
        finally:
            self._lose(self._ended or _why(self._socket))
        return self._ended or ""

    async def finish(self) -> None:
        """Let the answers under way come to their end, within the grace."""
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=self._around.limits.grace)
            for task in late:
                task.cancel()

    async def drain(self) -> None:
        """Take no more calls, and finish; the answers are still given."""
        self._draining = True
        await self.finish()

    def close(self, code: int, reason: str) -> None:
        """Close the socket; whoever waits for the station is told at once."""
        if self._ended is None:
            self._lose(reason)
            self._closing = self._loop.create_task(self._socket.close(code, reason))

    # The way out

    async def ask(
        self,
        action: Action[Q, A],
        request: Q,
        *,
        priority: Priority = Priority.ROUTINE,
        patience: float | None = None,
        expires: float | None = None,
    ) -> A:
        """Return the station's answer to one call; see ``Link.ask``."""
        try:
            check(self.edition, action, request)
        except NotInEdition as error:
            raise Refused(RpcErrorCode.NOT_SUPPORTED, str(error)) from error
        answer = self._call(priority, action.name, request.write(), patience, expires)
        return read_answer(action, await answer)

    async def ask_raw(
        self,
        action: str,
        payload: dict[str, Any],
        *,
        priority: Priority = Priority.ROUTINE,
        patience: float | None = None,
    ) -> dict[str, Any]:
        """Return the payload of the station's answer; see ``Link.ask_raw``."""
        return await self._call(priority, action, payload, patience, None)

    async def _call(
        self,
        priority: Priority,
        action: str,
        payload: dict[str, Any],
        patience: float | None,
        expires: float | None,
    ) -> dict[str, Any]:
        if self._ended is not None:
            raise Unreachable(self._ended)
        answer: asyncio.Future[dict[str, Any]] = self._loop.create_future()
        until = None if expires is None else self._loop.time() + expires
        self._line.join(priority, Waiting(action, payload, answer, patience, until))
        self._advance()
        return await answer

    def _advance(self) -> None:
        """Make the next call, if none is outstanding and one is waiting."""
        while self._asked is None and self._ended is None and self._line:
            now = self._loop.time()
            waiting = self._line.next(now)
            if waiting is None:
                return
            self._calls += 1
            call = Call(
                f"{self._prefix}-{self._calls}", waiting.action, waiting.payload
            )
            try:
                text = self._session.ask(call, now, patience=waiting.patience)
            except ValueError as error:
                fail(waiting.answer, error)
                continue
            self._asked, self._asked_at = waiting, now
            deadline = self._session.deadline or now
            self._timer = self._loop.call_at(deadline, self._overdue)
            self._say(text)

    def _overdue(self) -> None:
        """Give up on the outstanding call; what the station did is unknown."""
        call, waiting = self._session.give_up(), self._asked
        self._asked = self._timer = None
        if call is None or waiting is None:
            return
        self._around.tally.unanswered += 1
        log.warning("call.unanswered", station=self.station, action=call.action)
        fail(waiting.answer, Unanswered(f"{call.action} was not answered in time"))
        if self._alive_at > self._asked_at:
            self._missed += 1
        if self._missed >= DEAF_AFTER and self.station not in self._around.renewed:
            self._around.renewed.add(self.station)
            self._around.tally.forced += 1
            log.warning("station.deaf", station=self.station, missed=self._missed)
            self.close(CloseCode.SERVICE_RESTART, "calls are not answered")
        self._advance()

    def _answered(self, answer: CallResult | CallError) -> None:
        """Give the answer to whoever asked, and make the next call."""
        waiting, self._asked = self._asked, None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._missed = 0
        self._around.renewed.discard(self.station)
        if waiting is None or waiting.answer.done():
            log.info("call.answered_to_nobody", message_id=answer.message_id)
        elif isinstance(answer, CallResult):
            waiting.answer.set_result(answer.payload)
        else:
            refused = Refused(answer.code, answer.description, answer.details)
            waiting.answer.set_exception(refused)
        self._advance()

    # What is heard

    def _hear(self, text: str) -> None:
        self._alive_at = now = self._loop.time()
        match self._session.hear(text, now):
            case Asked(call):
                if not self._draining:
                    self._begin(self._answer(call))
            case Answered(_, answer):
                self._answered(answer)
            case Told(message):
                if not self._draining:
                    self._begin(self._take(message))
            case odd:
                self._oddity(odd)

    def _oddity(self, heard: Late | Duplicate | Ignored) -> None:
        """Count and log what a well-kept conversation would not have."""
        reply: str | None = None
        match heard:
            case Late(call, answer):
                self._around.tally.late += 1
                log.warning(
                    "call.answered_late",
                    action=call.action,
                    message_id=call.message_id,
                    result=type(answer).__name__,
                )
            case Duplicate(call, reply):
                self._around.tally.duplicates += 1
                log.info("call.repeated", action=call.action, id=call.message_id)
            case Ignored(reason, reply):
                self._around.tally.malformed += 1
                log.warning("frame.ignored", reason=reason)
        if reply is not None:
            self._say(reply)

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if self._room is not None and not self._room.done():
            self._room.set_result(None)

    async def _until_one_is_done(self) -> None:
        self._room = self._loop.create_future()
        await self._room
        self._room = None

    async def _answer(self, call: Call) -> None:
        """Answer one call, whatever happens; the only catch-all of the way in."""
        reply: CallResult | CallError
        try:
            await self._greeted()
            payload = await self._around.ports.handlers.answer(
                self.station, self.edition, call.action, call.payload
            )
            reply = CallResult(call.message_id, payload)
            texts = self._session.answer(reply, self._loop.time())
        except CallRefused as refusal:
            texts = self._refuse(call, refusal)
        except Exception:
            self._around.tally.failures += 1
            log.exception("call.failed", action=call.action, message_id=call.message_id)
            texts = self._refuse(
                call, CallRefused(RpcErrorCode.INTERNAL_ERROR, "try again later")
            )
        for text in texts:
            self._say(text)

    def _refuse(self, call: Call, refusal: CallRefused) -> tuple[str, ...]:
        said = (call.message_id, refusal.code, refusal.description)
        now = self._loop.time()
        try:
            return self._session.answer(CallError(*said, refusal.details), now)
        except ValueError:
            return self._session.answer(CallError(*said, {}), now)

    async def _take(self, message: Send) -> None:
        try:
            await self._greeted()
            await self._around.ports.handlers.told(
                self.station, self.edition, message.action, message.payload
            )
        except CallRefused as refusal:
            log.warning("message.refused", action=message.action, reason=str(refusal))
        except Exception:
            self._around.tally.failures += 1
            log.exception("message.failed", action=message.action)

    async def _greeted(self) -> None:
        if self._greeting is not None:
            await asyncio.wait((self._greeting,))
            self._greeting = None

    def _say(self, text: str) -> None:
        """Put one text on the wire; a station that does not read loses its socket."""
        if self._ended is not None or self._socket.state is not State.OPEN:
            return
        broadcast((self._socket,), text)
        around = self._around
        around.tally.frames_out += 1
        around.ports.frames.record(self.station, "out", redacted(text))
        unsent = self._socket.transport.get_write_buffer_size()
        if unsent > around.limits.unsent_bytes:
            self.close(CloseCode.POLICY_VIOLATION, "the station does not read")

    def _lose(self, reason: str) -> None:
        """Count the connection as lost; whoever waits for the station is told."""
        if self._ended is not None:
            return
        self._ended = reason
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        error = Unreachable(reason)
        if self._asked is not None:
            fail(self._asked.answer, error)
            self._asked = None
        self._line.dismiss(error)
        if self._room is not None and not self._room.done():
            self._room.set_result(None)


def _text(message: bytes) -> str:
    """Return what a binary frame says; it should have been text, which harms none."""
    return message.decode(errors="replace")


def _why(socket: ServerConnection) -> str:
    """Return why the socket closed, in words."""
    protocol = socket.protocol
    close = protocol.close_sent if protocol.close_rcvd is None else protocol.close_rcvd
    if close is None:
        return "connection lost"
    return f"{close.code} {close.reason}".strip()
