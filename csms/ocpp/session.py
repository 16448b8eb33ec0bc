"""One OCPP-J conversation, without a socket and without a clock of its own."""

from dataclasses import dataclass

from csms.ocpp.codes import RpcErrorCode
from csms.ocpp.frames import (
    Call,
    CallError,
    CallResult,
    CallResultError,
    Malformed,
    Send,
    decode,
    encode,
)

REMEMBERED_REPLIES = 8
"""How many of the last answers are kept, for calls that are made again."""

REPLY_KEPT_FOR = 300.0
"""Seconds after which the same text is a new call: some reuse their message ids."""

REMEMBERED_OVERDUE = 16
"""How many calls that we gave up on may still be answered late."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The peer made a call; it is owed an answer.

    Attributes:
        call: What it asks.
    """

    call: Call


@dataclass(frozen=True, slots=True)
class Told:
    """The peer sent a message that is owed no answer.

    Attributes:
        message: What it tells.
    """

    message: Send


@dataclass(frozen=True, slots=True)
class Answered:
    """The peer answered our outstanding call.

    Attributes:
        call: What we had asked.
        answer: What it says to that.
    """

    call: Call
    answer: CallResult | CallError


@dataclass(frozen=True, slots=True)
class Late:
    """The peer answered a call that we had already given up on.

    Attributes:
        call: What we had asked.
        answer: What it says to that.
    """

    call: Call
    answer: CallResult | CallError


@dataclass(frozen=True, slots=True)
class Duplicate:
    """The peer made a call again that it had made before.

    Attributes:
        call: What it asks.
        reply: The text that answers it, or none while the first is still being
            worked on; the answer to that one will then be given once more.
    """

    call: Call
    reply: str | None


@dataclass(frozen=True, slots=True)
class Ignored:
    """The peer said something that changes nothing.

    Attributes:
        reason: Why it is ignored, for people.
        reply: The text that says so to the peer, if it is owed one.
    """

    reason: str
    reply: str | None = None


Heard = Asked | Told | Answered | Late | Duplicate | Ignored


class Busy(Exception):
    """The previous call is neither answered nor given up."""


class Session:
    """The rules of an OCPP-J conversation (Part 4, 4.1.1).

    Feed it every text that arrives, send every text that it returns. It holds at
    most one outstanding call in our direction, matches answers to it, knows when it
    is overdue, and answers a repeated call alike without having it worked twice; it
    never waits for anything itself. Its time is transport time, in seconds on any
    timeline that only moves forward.

    Attributes:
        patience: How many seconds the peer may take to answer a call.
    """

    __slots__ = (
        "_deadline",
        "_outstanding",
        "_overdue",
        "_replies",
        "_working",
        "patience",
    )

    def __init__(self, *, patience: float) -> None:
        self.patience = patience
        self._outstanding: Call | None = None
        self._deadline = 0.0
        self._overdue: dict[str, Call] = {}
        self._working: dict[str, tuple[int, int]] = {}
        self._replies: dict[str, tuple[int, str, float]] = {}

    @property
    def outstanding(self) -> Call | None:
        """Return our call that is not answered yet, if there is one."""
        return self._outstanding

    @property
    def deadline(self) -> float | None:
        """Return when the outstanding call is overdue, if there is one."""
        return None if self._outstanding is None else self._deadline

    def ask(self, call: Call, now: float, *, patience: float | None = None) -> str:
        """Return the text that makes the call.

        Args:
            call: What to ask, under an id that was not used before.
            now: The time.
            patience: Seconds to wait for this answer, if not the usual ones.

        Raises:
            Busy: If the previous call is neither answered nor overdue.
            ValueError: If JSON cannot say the payload.
        """
        if self._outstanding is not None and now < self._deadline:
            raise Busy
        text = encode(call)
        self.give_up()
        self._outstanding = call
        self._deadline = now + (self.patience if patience is None else patience)
        return text

    def give_up(self) -> Call | None:
        """Stop waiting for the outstanding call; its answer would now be late."""
        call, self._outstanding = self._outstanding, None
        if call is not None:
            self._overdue[call.message_id] = call
            if len(self._overdue) > REMEMBERED_OVERDUE:
                del self._overdue[next(iter(self._overdue))]
        return call

    def hear(self, text: str, now: float = 0.0) -> Heard:
        """Return what the text means at this point of the conversation."""
        try:
            frame = decode(text)
        except Malformed as error:
            return self._misheard(error)
        match frame:
            case Call():
                return self._asked(frame, hash(text), now)
            case CallResult() | CallError():
                return self._settle(frame)
            case Send():
                return Told(frame)
            case CallResultError():
                return Ignored(
                    f"our answer {frame.message_id} was refused: "
                    f"{frame.code} {frame.description}"
                )

    def answer(
        self, reply: CallResult | CallError, now: float = 0.0
    ) -> tuple[str, ...]:
        """Return the texts that answer a call: one for each time it was made.

        A call that failed on our side is not answered alike when it is repeated, but
        worked on anew: the cause may have passed.

        Raises:
            ValueError: If JSON cannot say the payload; the call is then still owed
                its answer.
        """
        text = encode(reply)
        mark, copies = self._working.pop(reply.message_id, (None, 1))
        self._replies.pop(reply.message_id, None)
        if mark is not None and not _may_pass(reply):
            self._replies[reply.message_id] = (mark, text, now)
            if len(self._replies) > REMEMBERED_REPLIES:
                del self._replies[next(iter(self._replies))]
        return (text,) * copies

    def _asked(self, call: Call, mark: int, now: float) -> Asked | Duplicate:
        """Tell a new call from a repeated one: same id, same text, not long ago."""
        message_id = call.message_id
        if (working := self._working.get(message_id)) is not None:
            if working[0] == mark:
                self._working[message_id] = (mark, working[1] + 1)
                return Duplicate(call, None)
            return Asked(call)
        if (replied := self._replies.get(message_id)) is not None:
            known, reply, at = replied
            if known == mark and now - at <= REPLY_KEPT_FOR:
                return Duplicate(call, reply)
        self._working[message_id] = (mark, 1)
        return Asked(call)

    def _settle(self, answer: CallResult | CallError) -> Answered | Late | Ignored:
        call = self._outstanding
        if call is not None and call.message_id == answer.message_id:
            self._outstanding = None
            return Answered(call, answer)
        if (overdue := self._overdue.pop(answer.message_id, None)) is not None:
            return Late(overdue, answer)
        return Ignored(f"an answer to no call of ours: {answer.message_id}")

    def _misheard(self, error: Malformed) -> Answered | Late | Ignored:
        """Refuse what cannot be read; an unreadable answer is an answer all the same.

        Otherwise our call would wait in vain, and the peer has nothing more to say.
        """
        refusal = CallError(error.message_id, error.code, error.reason, {})
        if not error.settles:
            return Ignored(error.reason, encode(refusal))
        settled = self._settle(refusal)
        return Ignored(error.reason) if isinstance(settled, Ignored) else settled


def _may_pass(reply: CallResult | CallError) -> bool:
    """Tell whether the same call may be answered better the next time."""
    return isinstance(reply, CallError) and reply.code == RpcErrorCode.INTERNAL_ERROR
