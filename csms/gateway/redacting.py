"""Takes passwords, keys and key codes out of frames before they are kept."""

from pydantic_core import from_json, to_json

from csms.domain.privacy import ABOUT_PERSONS, shown, without_credentials
from csms.domain.secrecy import HIDDEN, MARKS, hidden

__all__ = ["HIDDEN", "redacted"]

_PERSONS = 'CustomerInformation"'
_CALL_PARTS = 4
"""What a CALL is made of: its type, its id, its action and its payload."""


def redacted(text: str) -> str:
    """Return the frame with every secret in it hidden.

    A secret is the value of a field whose name says so (``basicAuthPassword``), the
    key of a VPN, the value that is said of a variable whose name says so
    (``BasicAuthPassword``, A01), and an id token that is a key code (C04.FR.04).
    Credentials in addresses are hidden too (N01.FR.17), and what is said of a customer
    (N09). Almost no frame has any of it, so most cost a few searches.
    """
    text = without_credentials(text)
    if _PERSONS in text:
        text = _impersonal(text)
    for mark in MARKS:  # twice as quick as any()
        if mark in text:
            break
    else:
        return text
    try:
        frame = from_json(text)
    except ValueError:
        return f"[{len(text)} characters that are not JSON and mention a secret]"
    return to_json(hidden(frame), inf_nan_mode="null").decode()


def _impersonal(text: str) -> str:
    """Return the frame without what it says of a person (N09, N10)."""
    try:
        frame = from_json(text)
    except ValueError:
        return f"[{len(text)} characters that are not JSON and mention a customer]"
    if not isinstance(frame, list) or len(frame) < _CALL_PARTS:
        return text
    action = frame[2]
    if not isinstance(action, str) or action not in ABOUT_PERSONS:
        return text
    return to_json([*frame[:3], shown(action, frame[3])], inf_nan_mode="null").decode()
