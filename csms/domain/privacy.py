"""What must not be kept in clear of messages: credentials in addresses, and persons."""

import re
from typing import Any

HIDDEN = "***"
ABOUT_PERSONS = frozenset({"CustomerInformation", "NotifyCustomerInformation"})
"""Actions whose requests are about a person (N09, N10)."""

_CREDENTIALS = re.compile(r'(:(?:\\?/){2})[^/\s"\\@]+@')
_KEPT = frozenset({"requestId", "report", "clear", "seqNo", "tbc", "generatedAt"})


def without_credentials(text: str) -> str:
    """Return a text with user and password of every address in it hidden."""
    return _CREDENTIALS.sub(rf"\1{HIDDEN}@", text) if "@" in text else text


def shown(action: str, payload: Any) -> Any:  # noqa: ANN401, any JSON in, the same kind out
    """Return a payload as those may see it who may not see everything."""
    if action in ABOUT_PERSONS and isinstance(payload, dict):
        return {
            name: value if name in _KEPT else HIDDEN for name, value in payload.items()
        }
    return _open(payload)


def _open(value: Any) -> Any:  # noqa: ANN401, as above
    match value:
        case str():
            return without_credentials(value)
        case list() | tuple():
            return [_open(item) for item in value]
        case dict():
            return {name: _open(item) for name, item in value.items()}
        case _:
            return value
