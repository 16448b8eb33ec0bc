"""Who may do what: every rule about browsers, API clients and stations, to be read.

The first rule that fits decides; what no rule fits, nobody may. Addresses are written
with ``*`` for one part and ``**`` for any number of them.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from csms.domain.security import SecurityProfile
from csms.domain.station import Standing
from csms.services.ports.access import Role


class Who(StrEnum):
    """Who must be asking."""

    ANYONE = "anyone"
    """No proof is asked for."""
    LINK = "link"
    """Whoever holds the link of a letter: the address itself is the proof."""
    DEVICE = "device"
    """A station, by credentials that were given for one upload or one download."""
    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"

    @property
    def role(self) -> Role | None:
        """Return the least role that an account or token must have, if it needs one."""
        return Role(self.value) if self.value in set(Role) else None


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of the table.

    Attributes:
        who: Who must be asking.
        methods: By which methods, apart by blanks; ``*`` for all.
        place: Which address.
    """

    who: Who
    methods: str
    place: str
    _fits: re.Pattern[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        parts = re.split(r"(\*\*|\*)", self.place)
        spelled = {"**": ".*", "*": "[^/]+"}
        text = "".join(spelled.get(part, re.escape(part)) for part in parts)
        object.__setattr__(self, "_fits", re.compile(text))

    def fits(self, method: str, place: str) -> bool:
        """Tell whether the rule is about a request."""
        said = "GET" if method == "HEAD" else method
        by_method = self.methods == "*" or said in self.methods.split()
        return by_method and self._fits.fullmatch(place) is not None


_API: Final = "/api/v1"

HTTP: Final[tuple[Rule, ...]] = (
    # Without an account.
    Rule(Who.ANYONE, "GET", "/healthz"),
    Rule(Who.ANYONE, "GET", "/readyz"),
    Rule(Who.ANYONE, "GET", "/pki/*"),
    Rule(Who.ANYONE, "GET", "/static/**"),
    Rule(Who.ANYONE, "GET POST", "/sign-in"),
    Rule(Who.ANYONE, "POST", "/sign-out"),
    Rule(Who.LINK, "GET POST", "/p/**"),
    Rule(Who.DEVICE, "POST PUT", "/uploads/**"),
    Rule(Who.DEVICE, "GET", "/firmware-files/**"),
    # Administrators: who may do what, whom we trust, and what cannot be taken back.
    Rule(Who.ADMIN, "*", f"{_API}/tokens"),
    Rule(Who.ADMIN, "*", f"{_API}/tokens/*"),
    Rule(Who.ADMIN, "*", f"{_API}/accounts"),
    Rule(Who.ADMIN, "*", f"{_API}/accounts/*"),
    Rule(Who.ADMIN, "GET", f"{_API}/audit"),
    Rule(Who.ADMIN, "POST", f"{_API}/registry"),
    Rule(Who.ADMIN, "DELETE", f"{_API}/quarantines/*"),
    Rule(Who.ADMIN, "PUT DELETE", f"{_API}/alert-rules/*"),
    Rule(Who.ADMIN, "*", f"{_API}/customer-information/*"),
    Rule(Who.ADMIN, "*", f"{_API}/stations/*/customer-information"),
    Rule(Who.ADMIN, "POST", f"{_API}/stations/*/commands/CustomerInformation"),
    Rule(Who.ADMIN, "PUT", f"{_API}/stations/*/standing"),
    Rule(Who.ADMIN, "PUT", f"{_API}/stations/*/edition"),
    Rule(Who.ADMIN, "PUT", f"{_API}/stations/*/network-profiles/*"),
    Rule(Who.ADMIN, "PUT", f"{_API}/stations/*/network-priority"),
    Rule(Who.ADMIN, "PUT", f"{_API}/stations/*/security"),
    Rule(Who.ADMIN, "POST", f"{_API}/stations/*/password"),
    Rule(Who.ADMIN, "POST DELETE", f"{_API}/stations/*/upgrade"),
    Rule(Who.ADMIN, "POST", f"{_API}/stations/*/certificates"),
    Rule(Who.ADMIN, "DELETE", f"{_API}/stations/*/certificates/*"),
    Rule(Who.ADMIN, "POST", f"{_API}/certificates/roots"),
    Rule(Who.ADMIN, "DELETE", f"{_API}/certificates/roots/**"),
    Rule(Who.ADMIN, "POST", f"{_API}/certificates/rotations"),
    Rule(Who.ADMIN, "POST", f"{_API}/certificates/rotations/*/switch"),
    Rule(Who.ADMIN, "POST", f"{_API}/certificates/rotations/*/cancel"),
    Rule(Who.ADMIN, "POST", f"{_API}/issued-certificates"),
    Rule(Who.ADMIN, "POST", f"{_API}/issued-certificates/*/revocation"),
    Rule(Who.ADMIN, "POST", f"{_API}/authority/*"),
    # Viewers look, operators act.
    Rule(Who.OPERATOR, "GET", f"{_API}/logs/*/file"),
    Rule(Who.VIEWER, "POST", f"{_API}/events/preview"),
    Rule(Who.VIEWER, "GET", f"{_API}/**"),
    Rule(Who.OPERATOR, "*", f"{_API}/**"),
    Rule(Who.VIEWER, "GET", "/openapi.json"),
    Rule(Who.VIEWER, "GET", "/metrics"),
    # The console.
    Rule(Who.ADMIN, "POST", "/alerts/rules"),
    Rule(Who.ADMIN, "POST", "/alerts/rules/*/forget"),
    Rule(Who.OPERATOR, "GET", "/events/new"),
    Rule(Who.OPERATOR, "POST", "/events"),
    Rule(Who.OPERATOR, "POST", "/events/**"),
    Rule(Who.ADMIN, "GET", "/audit"),
    Rule(Who.ADMIN, "POST", "/stations/*/password"),
    Rule(Who.ADMIN, "POST", "/stations/*/upgrade"),
    Rule(Who.ADMIN, "POST", "/stations/*/upgrade/cancel"),
    Rule(Who.OPERATOR, "POST", "/stations/**"),
    Rule(Who.OPERATOR, "POST", "/firmware/**"),
    Rule(Who.OPERATOR, "POST", "/tokens"),
    Rule(Who.OPERATOR, "POST", "/tokens/**"),
    Rule(Who.OPERATOR, "POST", "/reservations"),
    Rule(Who.OPERATOR, "POST", "/reservations/*/cancel"),
    Rule(Who.OPERATOR, "POST", "/tariffs"),
    Rule(Who.OPERATOR, "POST", "/tariffs/**"),
    Rule(Who.OPERATOR, "POST", "/alerts/*/*"),
    Rule(Who.OPERATOR, "POST", "/logs"),
    Rule(Who.OPERATOR, "POST", "/logs/*/delete"),
    Rule(Who.VIEWER, "GET", "/"),
    Rule(Who.VIEWER, "GET", "/fleet"),
    Rule(Who.VIEWER, "GET", "/stations/**"),
    Rule(Who.VIEWER, "GET", "/events"),
    Rule(Who.VIEWER, "GET", "/events/**"),
    Rule(Who.VIEWER, "GET", "/mail"),
    Rule(Who.VIEWER, "GET", "/mail/**"),
    Rule(Who.VIEWER, "GET", "/handshakes"),
    Rule(Who.VIEWER, "GET", "/firmware"),
    Rule(Who.VIEWER, "GET", "/firmware/**"),
    Rule(Who.VIEWER, "GET", "/conformance"),
    Rule(Who.VIEWER, "GET", "/security"),
    Rule(Who.VIEWER, "GET", "/certificates"),
    Rule(Who.VIEWER, "GET", "/tokens"),
    Rule(Who.VIEWER, "GET", "/tokens/*"),
    Rule(Who.VIEWER, "GET", "/reservations"),
    Rule(Who.VIEWER, "GET", "/tariffs"),
    Rule(Who.VIEWER, "GET", "/alerts"),
    Rule(Who.VIEWER, "GET", "/logs"),
)
"""Browsers and API clients. Who asks the API for what does not exist is told so if he
may look."""


@lru_cache(maxsize=4096)
def who_may(method: str, place: str) -> Who | None:
    """Return who may make a request; nobody if no rule is about it.

    Args:
        method: The HTTP method.
        place: The path of the address, without its query.
    """
    for rule in HTTP:
        if rule.fits(method, place):
            return rule.who
    return None


EVERYTHING: Final[frozenset[str] | None] = None

STATIONS: Final[Mapping[Standing, frozenset[str] | None]] = MappingProxyType(
    {
        Standing.ACCEPTED: EVERYTHING,
        Standing.PENDING: frozenset({"BootNotification"}),
        Standing.REJECTED: frozenset({"BootNotification"}),
    }
)
"""What stations may say, by what we think of them (B02.FR.02, B02.FR.09, B03.FR.07)."""


PROMPTED: Final = frozenset({Standing.PENDING})
"""Who may also say what it was asked for (``TriggerMessage``, reports)."""

RECORDED: Final = frozenset(
    {
        "FirmwareStatusNotification",
        "MeterValues",
        "SecurityEventNotification",
        "TransactionEvent",
    }
)
"""What is refused of a pending station like all else, but recorded: transactions and
readings are money, and a security event and the last word of an update, whose firmware
made the station pending, may be said only once."""


def may_say(standing: Standing, action: str, *, prompted: bool = False) -> bool:
    """Tell whether a station may say something, or was asked to."""
    allowed = STATIONS[standing]
    if allowed is None or action in allowed:
        return True
    return prompted and standing in PROMPTED


def is_recorded(standing: Standing, action: str) -> bool:
    """Tell whether what a station may not say is recorded all the same."""
    return standing is Standing.PENDING and action in RECORDED


def may_enter(least: SecurityProfile | int, came: SecurityProfile | int) -> bool:
    """Tell whether a station may come in by a profile (A00.FR.002, A05.FR.07)."""
    return int(came) >= int(least)
