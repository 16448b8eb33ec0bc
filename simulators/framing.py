"""OCPP-J frames as a station reads and writes them (Part 4, section 4)."""

import json
from dataclasses import dataclass
from typing import Any

Payload = dict[str, Any]
CALL, RESULT, ERROR, RESULT_ERROR, SEND = 2, 3, 4, 5, 6
LENGTHS = {CALL: 4, RESULT: 3, ERROR: 5, RESULT_ERROR: 5, SEND: 4}


class Malformed(Exception):
    """The text is not a frame that can be answered or matched."""

    def __init__(self, reason: str, message_id: str = "-1") -> None:
        super().__init__(reason)
        self.message_id = message_id


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame.

    Attributes:
        kind: The message type number.
        id: The message id.
        action: The action of a call or an unconfirmed send, else the error code.
        payload: The payload, or the details of an error.
    """

    kind: int
    id: str
    action: str
    payload: Payload


def encode_call(message_id: str, action: str, payload: Payload) -> str:
    """Return the text of a call."""
    return _text([CALL, message_id, action, payload])


def encode_result(message_id: str, payload: Payload) -> str:
    """Return the text of an answer."""
    return _text([RESULT, message_id, payload])


def encode_error(message_id: str, code: str, description: str) -> str:
    """Return the text of a refusal to answer."""
    return _text([ERROR, message_id, code, description[:255], {}])


def decode(text: str | bytes) -> Frame:
    """Return the frame of a text.

    Raises:
        Malformed: If it is none.
    """
    try:
        parts = json.loads(text)
    except ValueError:
        raise Malformed("not JSON") from None
    if not isinstance(parts, list) or len(parts) < 3:  # noqa: PLR2004
        raise Malformed("not an OCPP array")
    kind, message_id = parts[0], str(parts[1])
    if LENGTHS.get(kind) != len(parts):
        raise Malformed(f"message type {kind!r} of length {len(parts)}", message_id)
    payload = parts[-1]
    if not isinstance(payload, dict):
        raise Malformed("the payload is not an object", message_id)
    action = "" if kind == RESULT else str(parts[2])
    return Frame(kind, message_id, action, payload)


def _text(parts: list[Any]) -> str:
    return json.dumps(parts, separators=(",", ":"))
