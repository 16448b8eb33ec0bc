"""What must not be kept in clear: passwords, keys, PINs and key codes in JSON."""

from functools import lru_cache
from typing import Any

HIDDEN = "***"
_ENDINGS = ("password", "sharedsecret", "vpnkey", "simpin")
_VALUES = ("attributeValue", "actualValue", "value")
MARKS = ("assword", "ecret", "pnKey", "impin", "imPin", "vpn", "KeyCode")
"""Every text that holds a secret holds one of these; it saves looking closer."""

_KEY_CODE = "KeyCode"


@lru_cache(maxsize=4096)
def is_secret(name: str) -> bool:
    """Tell whether a field or variable of this name holds a secret (A01, B09)."""
    return name.lower().endswith(_ENDINGS)


def hidden(value: Any) -> Any:  # noqa: ANN401, any JSON in, the same kind out
    """Return the value with every secret in it replaced.

    A secret is the value of a field whose name says so (``basicAuthPassword``), the
    key of a VPN, and whatever is said of a variable whose name says so: what it is set
    to, reads, reports or notifies. A key code is an id token of that type (C04.FR.04).
    """
    match value:
        case list() | tuple():
            return [hidden(item) for item in value]
        case {"variable": {"name": str(name)}} if is_secret(name):
            return {key: _blank(key, item) for key, item in value.items()}
        case {"idToken": str(), "type": str(kind)} if kind == _KEY_CODE:
            return {**value, "idToken": HIDDEN}
        case dict():
            return {key: _kept(key, item) for key, item in value.items()}
        case _:
            return value


def _kept(key: str, item: Any) -> Any:  # noqa: ANN401, as above
    if is_secret(key) and isinstance(item, str | int):
        return HIDDEN
    if key == "vpn" and isinstance(item, dict) and "key" in item:
        return {**hidden(item), "key": HIDDEN}
    return hidden(item)


def _blank(key: str, item: Any) -> Any:  # noqa: ANN401, as above
    if key in _VALUES:
        return HIDDEN
    if key == "variableAttribute" and isinstance(item, list | tuple):
        return [
            {**each, "value": HIDDEN}
            if isinstance(each, dict) and "value" in each
            else each
            for each in item
        ]
    return item
