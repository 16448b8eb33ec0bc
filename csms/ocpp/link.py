"""The way to a station, wherever its socket happens to be."""

from collections.abc import Mapping
from enum import IntEnum
from typing import Any, Protocol

from csms.ocpp.codes import CallRefused
from csms.ocpp.tolerance import read_answer_tolerantly
from csms.ocpp.wire import A, Action, Edition, Q


class Priority(IntEnum):
    """Who goes first when several calls wait for one station."""

    CANCEL = 0
    SAFE_FLOOR = 1
    SETPOINT = 2
    ROUTINE = 3


class Unreachable(Exception):
    """The station is not connected, or the connection was lost while waiting.

    If it was lost while waiting, whether the call was carried out is unknown.
    """


class Crowded(Unreachable):
    """Too much waits for the station already; the call was never sent."""


class Unanswered(Exception):
    """The station did not answer in time; what it did is unknown."""


class Stale(Exception):
    """The call was not worth sending any more when its turn came; it was not sent."""


class Refused(Exception):
    """The station answered with a CALLERROR, or could not be asked this at all.

    Attributes:
        code: One of ``RpcErrorCode``, or what else the station came up with.
        description: Words for people; may be empty.
        details: Facts for machines; may be empty.
    """

    def __init__(
        self,
        code: str,
        description: str = "",
        details: Mapping[str, Any] | None = None,
    ) -> None:
        self.code = code
        self.description = description
        self.details: dict[str, Any] = dict(details or {})
        super().__init__(f"{code}: {description}" if description else code)


class Link(Protocol):
    """The way to one station; calls wait their turn, the most urgent first."""

    @property
    def station(self) -> str:
        """Return the id of the station."""
        ...

    @property
    def edition(self) -> Edition:
        """Return the edition that was agreed with it."""
        ...

    async def ask(
        self,
        action: Action[Q, A],
        request: Q,
        *,
        priority: Priority = Priority.ROUTINE,
        patience: float | None = None,
        expires: float | None = None,
    ) -> A:
        """Return the station's answer to one call.

        Args:
            action: What to ask.
            request: With which fields.
            priority: Which calls it may overtake while it waits its turn.
            patience: Seconds the station may take to answer once it was asked.
            expires: Seconds from now after which it is not worth sending.

        Raises:
            Unreachable: There is no connection, or it was lost while waiting.
            Unanswered: Patience is over; the outcome is unknown.
            Refused: The station answered with a CALLERROR, or unreadably, or its
                edition cannot say the request (``NotSupported``, and not sent).
            Stale: It expired before its turn came, and was not sent.
        """
        ...

    async def ask_raw(
        self,
        action: str,
        payload: dict[str, Any],
        *,
        priority: Priority = Priority.ROUTINE,
        patience: float | None = None,
    ) -> dict[str, Any]:
        """Return the payload of the station's answer to one call, as it came.

        Raises:
            Unreachable: There is no connection, or it was lost while waiting.
            Unanswered: Patience is over; the outcome is unknown.
            Refused: The station answered with a CALLERROR.
        """
        ...


def read_answer(action: Action[Q, A], payload: dict[str, Any]) -> A:
    """Read a station's answer, mending what does no harm.

    Raises:
        Refused: If it cannot be read (with the code that the standard names).
    """
    try:
        answer, _ = read_answer_tolerantly(action, payload)
    except CallRefused as refusal:
        raise Refused(
            refusal.code,
            f"the answer to {action.name} breaks its schema: {refusal.description}",
            {**refusal.details, "payload": payload},
        ) from refusal
    return answer
