"""Id tokens and the verdict on them."""

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """What a token is allowed (C01), in the words of the wire."""

    ACCEPTED = "Accepted"
    BLOCKED = "Blocked"
    EXPIRED = "Expired"
    INVALID = "Invalid"
    UNKNOWN = "Unknown"


@dataclass(frozen=True, slots=True)
class IdToken:
    """How someone identifies to a station.

    Attributes:
        value: The token; compared without regard to case (2.1 part 2, IdTokenType).
        type: Its type in the words of the wire, such as ``ISO14443``.
    """

    value: str
    type: str

    @property
    def key(self) -> str:
        """Return the form under which it is compared and kept."""
        return f"{self.type}:{self.value.casefold()}"


NO_AUTHORIZATION = "NoAuthorization"
"""The type of the empty token of a start button (C02)."""
