"""What a station still has to say, in order, over outages and refusals."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Payload = dict[str, Any]
DURABLE = ("TransactionEvent", "MeterValues")
CROWDED = 120


@dataclass(slots=True)
class Message:
    """A call that waits to be made.

    Attributes:
        action: The OCPP action.
        payload: Its request.
        heard: Called with the response payload, if somebody wants to know.
        before_boot: Whether it may be sent before the boot was accepted.
        attempts: How often it was sent without being answered properly.
    """

    action: str
    payload: Payload
    heard: Callable[[Payload], None] | None = None
    before_boot: bool = False
    attempts: int = 0

    @property
    def durable(self) -> bool:
        """Whether it is kept while the connection is away."""
        return self.action in DURABLE


@dataclass(slots=True)
class Outbox:
    """The queue of one station.

    Attributes:
        duplicates: Whether every TransactionEvent is sent twice, as by a station
            that does not trust the first answer.
        reorders: Whether neighbors in the queue change places.
    """

    duplicates: bool = False
    reorders: bool = False
    _waiting: deque[Message] = field(default_factory=deque)
    _again: Message | None = None

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def reports(self) -> int:
        """Return how many transaction events wait."""
        return sum(m.action == "TransactionEvent" for m in self._waiting)

    def put(self, message: Message) -> None:
        """Append a call; with too many waiting, samples are thinned out (E04)."""
        self._waiting.append(message)
        if len(self._waiting) > CROWDED and len(self._waiting) % CROWDED == 1:
            self._thin()

    def release(self) -> None:
        """Let the last call leave even before the boot: it was asked for (B02)."""
        if self._waiting:
            self._waiting[-1].before_boot = True

    def put_first(self, message: Message) -> None:
        """Put a call back to where it was taken from."""
        self._waiting.appendleft(message)

    def take(self, *, booted: bool) -> Message | None:
        """Return the next call that may be made now, if there is one."""
        if self._again is not None and booted:
            message, self._again = self._again, None
            return message
        if not self._waiting:
            return None
        if not booted:
            return self._take_before_boot()
        if self.reorders and len(self._waiting) > 1:
            self._waiting[0], self._waiting[1] = self._waiting[1], self._waiting[0]
        message = self._waiting.popleft()
        if self.duplicates and message.action == "TransactionEvent":
            self._again = Message(message.action, message.payload)
        return message

    def disconnect(self) -> None:
        """Forget what is pointless once the connection is gone."""
        self._waiting = deque(m for m in self._waiting if m.durable)
        self._again = None

    def _take_before_boot(self) -> Message | None:
        for message in self._waiting:
            if message.before_boot:
                self._waiting.remove(message)
                return message
        return None

    def _thin(self) -> None:
        kept: deque[Message] = deque()
        drop = False
        for message in self._waiting:
            if message.payload.get("triggerReason") == "MeterValuePeriodic":
                drop = not drop
                if drop:
                    continue
            kept.append(message)
        self._waiting = kept
