"""Takes passwords out of frames before they are kept."""

from typing import Any

from pydantic_core import from_json, to_json

HIDDEN = "***"


def redacted(text: str) -> str:
    """Return the frame with every password in it hidden.

    A password is the value of a field whose name ends so (``basicAuthPassword``),
    and the value that is set for a variable whose name says so
    (``BasicAuthPassword``, A01). Almost no frame has one, so most cost one search.
    """
    if "assword" not in text:
        return text
    try:
        frame = from_json(text)
    except ValueError:
        return f"[{len(text)} characters that are not JSON and mention a password]"
    return to_json(_cleaned(frame), inf_nan_mode="null").decode()


def _cleaned(value: Any) -> Any:  # noqa: ANN401, any JSON in, the same kind out
    match value:
        case list():
            return [_cleaned(item) for item in value]
        case {"variable": {"name": str(name)}, "attributeValue": _} if _secret(name):
            return {**value, "attributeValue": HIDDEN}
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
