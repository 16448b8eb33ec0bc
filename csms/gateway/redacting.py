"""Takes passwords and key codes out of frames before they are kept."""

from typing import Any

from pydantic_core import from_json, to_json

HIDDEN = "***"
_KEY_CODE = "KeyCode"


def redacted(text: str) -> str:
    """Return the frame with every password and key code in it hidden.

    A password is the value of a field whose name ends so (``basicAuthPassword``),
    and the value that is set for a variable whose name says so
    (``BasicAuthPassword``, A01). A key code is an id token of that type (C04.FR.04).
    Almost no frame has one, so most cost two searches.
    """
    if "assword" not in text and _KEY_CODE not in text:
        return text
    try:
        frame = from_json(text)
    except ValueError:
        return f"[{len(text)} characters that are not JSON and mention a secret]"
    return to_json(_cleaned(frame), inf_nan_mode="null").decode()


def _cleaned(value: Any) -> Any:  # noqa: ANN401, any JSON in, the same kind out
    match value:
        case list():
            return [_cleaned(item) for item in value]
        case {"variable": {"name": str(name)}, "attributeValue": _} if _secret(name):
            return {**value, "attributeValue": HIDDEN}
        case {"idToken": str(), "type": str(kind)} if kind == _KEY_CODE:
            return {**value, "idToken": HIDDEN}
        case dict():
            return {
                key: HIDDEN
                if _secret(key) and isinstance(item, str)
                else _cleaned(item)
                for key, item in value.items()
            }
        case _:
            return value


def _secret(name: str) -> bool:
    return name.lower().endswith("password")
