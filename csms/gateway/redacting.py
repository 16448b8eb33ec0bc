"""Takes passwords, keys and key codes out of frames before they are kept."""

from pydantic_core import from_json, to_json

from csms.domain.secrecy import HIDDEN, MARKS, hidden

__all__ = ["HIDDEN", "redacted"]


def redacted(text: str) -> str:
    """Return the frame with every secret in it hidden.

    A secret is the value of a field whose name says so (``basicAuthPassword``), the
    key of a VPN, the value that is said of a variable whose name says so
    (``BasicAuthPassword``, A01), and an id token that is a key code (C04.FR.04).
    Almost no frame has one, so most cost a few searches.
    """
    if not any(mark in text for mark in MARKS):
        return text
    try:
        frame = from_json(text)
    except ValueError:
        return f"[{len(text)} characters that are not JSON and mention a secret]"
    return to_json(hidden(frame), inf_nan_mode="null").decode()
