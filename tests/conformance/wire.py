"""What went over a socket: every frame, both ways, held against official schemas."""

import asyncio
import json
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

from websockets.asyncio.client import ClientConnection

from csms.ocpp.wire import Edition
from tests.conformance.official import file_names, schema, validator

Json = dict[str, Any]
Side = Literal["station", "csms"]

CALL, RESULT, ERROR, RESULT_ERROR, SEND = 2, 3, 4, 5, 6
HEARD_S = float(os.environ.get("CSMS_PEER_PATIENCE_S", "10"))


class BrokenFrame(AssertionError):
    """A frame is not what the official schema of its message allows."""


class NotHeard(AssertionError):
    """What was waited for did not come over the wire."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame of a conversation.

    Attributes:
        by: Who sent it.
        kind: The message type id: 2 to 6.
        id: The message id; an answer has that of its call.
        action: The action; an answer has that of its call.
        payload: The payload; of a CALLERROR, its details.
        code: The code of a CALLERROR.
        description: The words of a CALLERROR.
    """

    by: Side
    kind: int
    id: str
    action: str
    payload: Json
    code: str = ""
    description: str = ""


@dataclass(slots=True)
class Record:
    """A conversation as it went over the wire.

    Attributes:
        edition: What is spoken.
        frames: Every frame, in the order in which the station sent or got them.
        strict: Whether a frame of the station's that breaks its schema is an error;
            a frame of the system's always is.
    """

    edition: Edition
    frames: list[Frame] = field(default_factory=list)
    strict: bool = True
    _calls: dict[tuple[Side, str], str] = field(default_factory=dict)
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)
    _taken: dict[str, int] = field(default_factory=dict)

    # -- what was said --------------------------------------------------------------

    def asked(self, action: str, by: Side = "csms") -> list[Json]:
        """Return the payload of each call (or send) of an action, in order."""
        return [
            each.payload
            for each in self.frames
            if each.by == by and each.action == action and each.kind in (CALL, SEND)
        ]

    def answered(self, action: str, by: Side = "csms") -> list[Frame]:
        """Return each answer to an action, CALLERRORs too, in order."""
        return [
            each
            for each in self.frames
            if each.by == by and each.action == action and each.kind in (RESULT, ERROR)
        ]

    def actions(self, by: Side = "csms") -> list[str]:
        """Return the name of each action that a side called, in order."""
        calls = (CALL, SEND)
        return [
            each.action for each in self.frames if each.by == by and each.kind in calls
        ]

    def answer_to(self, message: str) -> Frame:
        """Return the answer to a call of the station's.

        Raises:
            NotHeard: If there was none.
        """
        for each in self.frames:
            if each.id == message and each.by == "csms" and each.kind != CALL:
                return each
        raise NotHeard(f"no answer to {message}")

    async def heard(
        self,
        action: str,
        where: Callable[[Json], bool] = lambda _: True,
        patience: float = HEARD_S,
    ) -> Json:
        """Wait for the system to ask an action; return its payload.

        Each call is returned once: what was returned before is passed over.

        Raises:
            NotHeard: If it is not asked in time.
        """
        try:
            async with asyncio.timeout(patience), self._news:
                while (found := self._next(action, where)) is None:
                    await self._news.wait()
        except TimeoutError:
            said = ", ".join(self.actions()) or "nothing"
            raise NotHeard(f"no {action} within {patience} s, but {said}") from None
        return found

    def pass_over(self) -> None:
        """Let ``heard`` wait for what is asked from now on."""
        self._taken = dict.fromkeys(set(self.actions()), len(self.frames))

    def _next(self, action: str, where: Callable[[Json], bool]) -> Json | None:
        start = self._taken.get(action, 0)
        for place, each in enumerate(self.frames[start:], start + 1):
            wanted = each.by == "csms" and each.kind in (CALL, SEND)
            if wanted and each.action == action and where(each.payload):
                self._taken[action] = place
                return each.payload
        return None

    # -- how it gets here -----------------------------------------------------------

    async def note(self, by: Side, text: str) -> Frame:
        """Keep a frame, and hold it against the schema of its message.

        Raises:
            BrokenFrame: If it breaks the schema.
        """
        frame = self._read(by, json.loads(text))
        async with self._news:
            self.frames.append(frame)
            self._news.notify_all()
        if by == "csms" or self.strict:
            self._hold(frame)
        return frame

    def _read(self, by: Side, parts: list[Any]) -> Frame:
        kind, message = parts[0], str(parts[1])
        if kind in (CALL, SEND):
            self._calls[by, message] = parts[2]
            return Frame(by, kind, message, parts[2], parts[3])
        other: Side = "station" if by == "csms" else "csms"
        action = self._calls.get((other, message), "")
        if kind == RESULT:
            return Frame(by, kind, message, action, parts[2])
        return Frame(by, kind, message, action, parts[4], parts[2], parts[3])

    def _hold(self, frame: Frame) -> None:
        names = {
            CALL: f"{frame.action}Request",
            RESULT: f"{frame.action}Response",
            SEND: frame.action,
        }
        name = names.get(frame.kind)
        if name is None or (name not in file_names(self.edition) and not self.strict):
            return
        errors = list(validator(schema(self.edition, name)).iter_errors(frame.payload))
        if errors:
            where = "/".join(str(each) for each in errors[0].absolute_path)
            raise BrokenFrame(f"{name} of the {frame.by}: {where} {errors[0].message}")


@dataclass(slots=True)
class Tapped:
    """A socket that records what goes through it.

    Attributes:
        socket: The socket.
        record: Where frames are kept.
        exact: Payloads by message id, put in where the library's encoder would mangle
            a name.
        broken: What came and was not allowed.
    """

    socket: ClientConnection
    record: Record
    exact: dict[str, Json] = field(default_factory=dict)
    broken: list[BrokenFrame] = field(default_factory=list)

    async def recv(self) -> str:
        """Return the next frame of the system's."""
        text = str(await self.socket.recv())
        try:
            await self.record.note("csms", text)
        except BrokenFrame as broken:
            self.broken.append(broken)
        return text

    async def send(self, text: str) -> None:
        """Send a frame of the station's."""
        parts = json.loads(text)
        if (exact := self.exact.pop(str(parts[1]), None)) is not None:
            parts[-1] = exact
            text = json.dumps(parts)
        await self.record.note("station", text)
        await self.socket.send(text)


def only(payloads: Iterable[Json]) -> Json:
    """Return the one payload there is."""
    found = list(payloads)
    assert len(found) == 1, found
    return found[0]
