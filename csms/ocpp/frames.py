"""OCPP-J frames as values, and their JSON (Part 4, section 4.2)."""

from dataclasses import dataclass
from typing import Any

from pydantic_core import from_json, to_json

from csms.ocpp.codes import DESCRIPTION_LIMIT, RpcErrorCode

UNREADABLE_ID = "-1"
"""The message id of an answer to a frame whose own id could not be read."""

LONGEST_ID = 128
"""Characters taken in a message id; the standard has 36, and more do no harm."""


@dataclass(frozen=True, slots=True)
class Call:
    """A request that is owed an answer (type 2).

    Attributes:
        message_id: What its answer will carry.
        action: The name of the request.
        payload: Its fields, by wire name.
    """

    message_id: str
    action: str
    payload: dict[str, Any]


@dataclass(frozen=True, slots=True)
class CallResult:
    """The answer to a call that was carried out (type 3).

    Attributes:
        message_id: The id of the call.
        payload: The fields of the answer, by wire name.
    """

    message_id: str
    payload: dict[str, Any]


@dataclass(frozen=True, slots=True)
class CallError:
    """The answer to a call that could not be carried out (type 4).

    Attributes:
        message_id: The id of the call, or ``-1``.
        code: One of ``RpcErrorCode``, or what else a peer came up with.
        description: Words for people; often empty.
        details: Facts for machines; often empty.
    """

    message_id: str
    code: str
    description: str
    details: dict[str, Any]


@dataclass(frozen=True, slots=True)
class CallResultError:
    """A complaint about an answer (type 5, new in 2.1); it is owed nothing.

    Attributes:
        message_id: The id of the call that was answered.
        code: One of ``RpcErrorCode``, or what else a peer came up with.
        description: Words for people; often empty.
        details: Facts for machines; often empty.
    """

    message_id: str
    code: str
    description: str
    details: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Send:
    """A message that is owed no answer (type 6, new in 2.1).

    Attributes:
        message_id: Its name in logs.
        action: The name of the message.
        payload: Its fields, by wire name.
    """

    message_id: str
    action: str
    payload: dict[str, Any]


Frame = Call | CallResult | CallError | CallResultError | Send


class Malformed(Exception):
    """A text is not a frame of OCPP-J.

    Attributes:
        reason: What is wrong with it, for people.
        code: The error code that the standard names for it.
        message_id: Its message id, or ``-1`` if that cannot be read either.
        settles: Whether it was meant as an answer; then it is owed none itself.
    """

    def __init__(
        self,
        reason: str,
        code: RpcErrorCode = RpcErrorCode.RPC_FRAMEWORK_ERROR,
        message_id: str = UNREADABLE_ID,
        *,
        settles: bool = False,
    ) -> None:
        self.reason = reason[:DESCRIPTION_LIMIT]
        self.code = code
        self.message_id = message_id
        self.settles = settles
        super().__init__(self.reason)


def decode(text: str) -> Frame:
    """Return the frame that a text stands for.

    A payload of ``null`` counts as an empty one, and a CALLERROR may lack its
    description and details: stations in the field send both.

    Raises:
        Malformed: If it stands for none.
    """
    array = _array(text)
    kind = array[0]
    message_id = _message_id(array)
    match kind:
        case 2:
            return Call(message_id, *_request(message_id, array))
        case 3:
            return CallResult(message_id, _result(message_id, array))
        case 4:
            return CallError(message_id, *_refusal(message_id, array))
        case 5:
            return CallResultError(message_id, *_refusal(message_id, array))
        case 6:
            return Send(message_id, *_request(message_id, array))
        case _:
            raise Malformed(
                f"there is no message type {kind!r}",
                RpcErrorCode.MESSAGE_TYPE_NOT_SUPPORTED,
                message_id,
            )


def encode(frame: Frame) -> str:
    """Return the frame as compact JSON.

    Raises:
        ValueError: If a payload holds what JSON cannot say. A number that is not
            finite becomes ``null``.
    """
    array: tuple[object, ...]
    match frame:
        case Call(message_id, action, payload):
            array = (2, message_id, action, payload)
        case CallResult(message_id, payload):
            array = (3, message_id, payload)
        case CallError(message_id, code, description, details):
            array = (4, message_id, code, description[:DESCRIPTION_LIMIT], details)
        case CallResultError(message_id, code, description, details):
            array = (5, message_id, code, description[:DESCRIPTION_LIMIT], details)
        case Send(message_id, action, payload):
            array = (6, message_id, action, payload)
    return to_json(array, inf_nan_mode="null").decode()


def _array(text: str) -> list[Any]:
    try:
        array = from_json(text, allow_inf_nan=False)
    except ValueError as error:
        raise Malformed(f"not JSON: {error}") from None
    if type(array) is not list or not array:
        raise Malformed("a message is a JSON array that is not empty")
    return array


def _message_id(array: list[Any]) -> str:
    message_id = array[1] if len(array) > 1 else None
    if type(message_id) is str and 0 < len(message_id) <= LONGEST_ID:
        return message_id
    raise Malformed(
        f"the message id must be a text of 1 to {LONGEST_ID} characters",
        settles=array[0] in (3, 4, 5),
    )


def _request(message_id: str, array: list[Any]) -> tuple[str, dict[str, Any]]:
    match array:
        case [_, _, str(action), dict(payload)]:
            return action, payload
        case [_, _, str(action), None]:
            return action, {}
        case [_, _, str(), _]:
            raise Malformed(
                "the payload must be a JSON object",
                RpcErrorCode.FORMAT_VIOLATION,
                message_id,
            )
        case _:
            raise Malformed(
                "a request is [type, message id, action, payload]",
                message_id=message_id,
            )


def _result(message_id: str, array: list[Any]) -> dict[str, Any]:
    match array:
        case [_, _, dict(payload)]:
            return payload
        case [_, _, None]:
            return {}
        case _:
            raise _broken_answer("a CALLRESULT is [3, message id, payload]", message_id)


def _refusal(message_id: str, array: list[Any]) -> tuple[str, str, dict[str, Any]]:
    match array:
        case [_, _, str(code), *rest] if len(rest) <= 2:  # noqa: PLR2004
            description = rest[0] if rest and isinstance(rest[0], str) else ""
            details = rest[-1] if rest and isinstance(rest[-1], dict) else {}
            return code, description, details
        case _:
            raise _broken_answer(
                "an error is [type, message id, code, ...]", message_id
            )


def _broken_answer(reason: str, message_id: str) -> Malformed:
    return Malformed(reason, RpcErrorCode.FORMAT_VIOLATION, message_id, settles=True)
