"""Id tokens, what is known of them, and the verdict on them."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from csms.domain.ids import SiteId, StationId
from csms.domain.secrecy import HIDDEN


class Verdict(StrEnum):
    """What a token is allowed (C01), in the words of the wire."""

    ACCEPTED = "Accepted"
    BLOCKED = "Blocked"
    EXPIRED = "Expired"
    INVALID = "Invalid"
    UNKNOWN = "Unknown"
    NOT_ALLOWED_TYPE_EVSE = "NotAllowedTypeEVSE"
    NOT_AT_THIS_LOCATION = "NotAtThisLocation"
    NOT_AT_THIS_TIME = "NotAtThisTime"


class TokenType(StrEnum):
    """The types of tokens that the standard names; since 2.1 there may be others."""

    CENTRAL = "Central"
    DIRECT_PAYMENT = "DirectPayment"
    EMAID = "eMAID"
    EVCCID = "EVCCID"
    ISO14443 = "ISO14443"
    ISO15693 = "ISO15693"
    KEY_CODE = "KeyCode"
    LOCAL = "Local"
    MAC_ADDRESS = "MacAddress"
    NO_AUTHORIZATION = "NoAuthorization"
    VIN = "VIN"


NO_AUTHORIZATION = TokenType.NO_AUTHORIZATION.value
"""The type of the empty token of a start button (C02)."""

KEY_CODE = TokenType.KEY_CODE.value
"""The type of a secret number: never shown, never guessed (C04)."""

TYPES_OF_201 = frozenset(TokenType) - {
    TokenType.DIRECT_PAYMENT,
    TokenType.EVCCID,
    TokenType.VIN,
}
"""The types that 2.0.1 knows; it knows no others."""

LONGEST_OF_201 = 36
"""Most characters of a token in 2.0.1."""


@dataclass(frozen=True, slots=True)
class IdToken:
    """How someone identifies to a station.

    Attributes:
        value: The token; compared without regard to case (2.1 part 2, IdTokenType).
        type: Its type in the words of the wire, such as ``ISO14443``.
        extras: What else was said, each a type and a value, such as an ``EVCCID``.
    """

    value: str
    type: str
    extras: tuple[tuple[str, str], ...] = ()

    @property
    def key(self) -> str:
        """Return the form under which it is compared and kept."""
        return f"{self.type}:{self.value.casefold()}"

    @property
    def shown(self) -> str:
        """Return its value as people and logs may see it (C04.FR.04)."""
        return HIDDEN if self.type == KEY_CODE else self.value

    @property
    def is_of_201(self) -> bool:
        """Tell whether 2.0.1 can say it."""
        return self.type in TYPES_OF_201 and len(self.value) <= LONGEST_OF_201


@dataclass(frozen=True, slots=True)
class Place:
    """Where a token may charge.

    Attributes:
        station: At this station.
        site: Or at every station of this site.
        evses: Only at EVSEs of these numbers; at all of them if there are none.
    """

    station: StationId | None = None
    site: SiteId | None = None
    evses: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class TokenRecord:
    """What an operator says of a token.

    Attributes:
        token: The token.
        id: Our number for it; 0 before it is kept.
        label: Whose it is, for people.
        group: Its group: who is of it may stop what another of it started (C09).
        blocked: Whether it is blocked.
        valid_from: Since when it may charge; always if there is none.
        valid_until: Until when it may charge; for ever if there is none.
        places: Where it may charge; everywhere if there are none.
        connector_types: With which plugs it may charge; any if there are none.
        listed: Whether it may be on the local lists of stations (D01).
        discharge: Whether its vehicle may be offered to feed back (Q01).
        priority: Its charging priority, -9 to 9.
        languages: In which languages its holder is spoken to, at most two.
        message: What a station shows its holder; empty for nothing.
    """

    token: IdToken
    id: int = 0
    label: str = ""
    group: IdToken | None = None
    blocked: bool = False
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    places: tuple[Place, ...] = ()
    connector_types: frozenset[str] = frozenset()
    listed: bool = True
    discharge: bool = True
    priority: int | None = None
    languages: tuple[str, ...] = ()
    message: str = ""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a station is told of a token (IdTokenInfo).

    Attributes:
        verdict: What it is allowed.
        group: Its group, if it has one.
        evses: The only EVSEs at which it is allowed; all of them if there are none.
        until: When the station has to ask again.
        priority: Its charging priority, -9 to 9.
        languages: In which languages its holder is spoken to.
        message: What is shown to its holder.
    """

    verdict: Verdict
    group: IdToken | None = None
    evses: tuple[int, ...] = ()
    until: datetime | None = None
    priority: int | None = None
    languages: tuple[str, ...] = ()
    message: str = ""

    @property
    def accepted(self) -> bool:
        """Tell whether it may charge."""
        return self.verdict is Verdict.ACCEPTED
