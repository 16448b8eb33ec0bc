"""The way to a station, wherever its socket happens to be."""

from collections.abc import Mapping
from enum import IntEnum
from typing import Any, Protocol

from pydantic import ValidationError

from csms.ocpp.codes import RpcErrorCode
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
    """Read a station's answer: strictly, or else without what it left ``null``.

    Raises:
        Refused: If it cannot be read either way (``FormatViolation``).
    """
    try:
        return action.response.read(payload)
    except ValidationError as error:
        try:
            return action.response.read(_without_nulls(payload))
        except ValidationError:
            raise Refused(
                RpcErrorCode.FORMAT_VIOLATION,
                f"the answer to {action.name} breaks its schema",
                {"errors": _problems(error), "payload": payload},
            ) from error


def _without_nulls(value: Any) -> Any:  # noqa: ANN401, any JSON in, the same kind out
    if isinstance(value, dict):
        return {key: _without_nulls(v) for key, v in value.items() if v is not None}
    if isinstance(value, list):
        return [_without_nulls(item) for item in value if item is not None]
    return value


def _problems(error: ValidationError) -> list[str]:
    return [
        f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}"
        for problem in error.errors(include_url=False, include_input=False)
    ]
