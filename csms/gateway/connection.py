"""One station's connection: listens, answers beside the listening, asks in turn."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import structlog
from websockets.asyncio.server import ServerConnection, broadcast
from websockets.exceptions import ConnectionClosed
from websockets.frames import CloseCode
from websockets.protocol import State

from csms.domain.ids import StationId
from csms.gateway.asking import Asking, Surroundings, Wish
from csms.gateway.redacting import redacted
from csms.ocpp.codes import CallRefused, RpcErrorCode
from csms.ocpp.editions import NotInEdition, check
from csms.ocpp.frames import Call, CallError, CallResult, Send
from csms.ocpp.link import Priority, Refused, read_answer
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

log = structlog.get_logger(__name__)


class Connection:
    """One station's socket; the link to the station while it lasts.

    Attributes:
        station: Who is at the other end.
        edition: What was agreed to speak.
        remote: The address it comes from.
    """

    __slots__ = (
        "__weakref__",
        "_around",
        "_asking",
        "_closing",
        "_draining",
        "_ended",
        "_greeting",
        "_ignored",
        "_loop",
        "_room",
        "_session",
        "_socket",
        "_tasks",
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
        self._asking = Asking(self, self._session, around)
        self._ignored = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._room: asyncio.Future[None] | None = None
        self._greeting: asyncio.Task[None] | None = None
        self._closing: asyncio.Task[None] | None = None
        self._draining = False
        self._ended: str | None = None

    # The way in

    @property
    def ended(self) -> str | None:
        """Return why the connection was lost, or none while it lasts."""
        return self._ended

    async def run(self, greeting: asyncio.Task[None] | None = None) -> None:
        """Listen and answer until the socket closes.

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
            self._lose(_why(self._socket))

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
        wish = Wish(action.name, request.write(), priority, patience, expires)
        return read_answer(action, await self._asking.ask(wish))

    async def ask_raw(
        self,
        action: str,
        payload: dict[str, Any],
        *,
        priority: Priority = Priority.ROUTINE,
        patience: float | None = None,
    ) -> dict[str, Any]:
        """Return the payload of the station's answer; see ``Link.ask_raw``."""
        return await self._asking.ask(Wish(action, payload, priority, patience))

    # What is heard

    def _hear(self, text: str) -> None:
        now = self._loop.time()
        self._asking.alive_at = now
        match self._session.hear(text, now):
            case Asked(call):
                if not self._draining:
                    self._begin(self._answer(call))
            case Answered(_, answer):
                self._asking.settle(answer)
            case Told(message):
                if not self._draining:
                    self._begin(self._take(message))
            case odd:
                self._oddity(odd)

    def _oddity(self, heard: Late | Duplicate | Ignored) -> None:
        """Count and log what a well-kept conversation would not have.

        Of what is ignored, the first, second, fourth and so on are logged, so that
        a station that talks nonsense cannot fill the log.
        """
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
                self._ignored += 1
                if self._ignored.bit_count() == 1:
                    log.warning("frame.ignored", reason=reason, times=self._ignored)
        if reply is not None:
            self.say(reply)

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
            if self._greeting is not None:
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
            self.say(text)

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

    def say(self, text: str) -> None:
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
        self._asking.stop(reason)
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
