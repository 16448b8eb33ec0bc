"""Decides who may come in: identity, subprotocol, password, and how fast."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final
from urllib.parse import unquote, urlsplit

import structlog
from websockets.datastructures import Headers, MultipleValuesError
from websockets.exceptions import InvalidHeader
from websockets.headers import parse_authorization_basic, parse_subprotocol
from websockets.http11 import Request

from csms.clock import pause
from csms.domain.ids import StationId
from csms.gateway.ports import Admission, Doorkeeper, Identities
from csms.gateway.securing import MUTUAL, Entrance
from csms.gateway.throttle import Pace, Throttle
from csms.ocpp.wire import Edition
from csms.services.policy import may_enter

PREFIX: Final = "/ocpp/"
"""What stands before the station's id in the path."""

PREFERRED: Final = (Edition.V21, Edition.V201)
"""The editions spoken here, the preferred one first, whatever the station prefers."""

_STATION_ID: Final = re.compile(r"[A-Za-z0-9*\-_=:+|@.]{1,48}")
"""An ``identifierString`` of at most 48 characters (Part 2, 2.1.2; Part 4, 3.1.1)."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Admitted:
    """The station may come in.

    Attributes:
        station: Who it is.
        edition: What will be spoken.
    """

    station: StationId
    edition: Edition


class TurnedAway(Exception):
    """The handshake is refused.

    Attributes:
        status: The HTTP status that says so.
        reason: Why, for the operator and for whoever installs the station.
        station: Who it said it is, as far as that can be read.
        retry_after: Seconds after which another attempt makes sense, if it may.
    """

    def __init__(
        self,
        status: HTTPStatus,
        reason: str,
        station: str = "",
        retry_after: int | None = None,
    ) -> None:
        self.status = status
        self.reason = reason
        self.station = station
        self.retry_after = retry_after
        super().__init__(reason)


def any_edition(_station: StationId) -> Edition | None:
    """Pin no station to an edition."""
    return None


class Door:
    """Judges opening handshakes, the cheap questions first.

    Attributes:
        doorkeeper: Knows the stations and their passwords.
        identities: Knows how safely each must come in, and its certificates.
        pin: Returns the only edition a station may speak, if it is held to one.
        stopping: Whether nobody is let in any more.
    """

    def __init__(
        self,
        doorkeeper: Doorkeeper,
        pace: Pace,
        pin: Callable[[StationId], Edition | None] = any_edition,
        identities: Identities | None = None,
    ) -> None:
        self.doorkeeper = doorkeeper
        self.identities = identities
        self.pin = pin
        self.stopping = False
        self._pace = pace
        self._throttle = Throttle()

    async def judge(
        self,
        request: Request,
        remote: str,
        now: float,
        entrance: Entrance = Entrance(),  # noqa: B008 - a frozen value
    ) -> Admitted:
        """Return who may come in.

        Args:
            request: The opening handshake.
            remote: The address that it comes from.
            now: Transport time, in seconds.
            entrance: By which port, and with which certificate.

        Raises:
            TurnedAway: If it is refused.
        """
        name = _named(request.path)
        if self.stopping:
            raise _busy("the system is stopping", name, 5)
        if retry := self._pace.take(now):
            raise _busy("too many new connections at once", name, retry)
        station = _station(request.path)
        edition = self._edition(station, request.headers)
        self._demand(station, entrance)
        if entrance.profile == MUTUAL:
            await self._vet(station, entrance, remote, now)
        else:
            password = self._password(station, request.headers, remote, now)
            await self._check(station, password, remote, now)
        if self.identities is not None:
            self.identities.entered(station, entrance.profile, entrance.chain)
        return Admitted(station, edition)

    def _demand(self, station: StationId, entrance: Entrance) -> None:
        """Refuse a station that comes in less safely than it must (A05.FR.07)."""
        if self.identities is None:
            return
        least = self.identities.demanded(station)
        if not may_enter(least, entrance.profile):
            raise TurnedAway(
                HTTPStatus.FORBIDDEN,
                f"the station must come in by security profile {least}, and came by "
                f"{entrance.profile} (A00.FR.002, A05.FR.07)",
                station,
            )

    async def _vet(
        self, station: StationId, entrance: Entrance, remote: str, now: float
    ) -> None:
        """Refuse a station whose certificate is not its own, or not good any more."""
        if self.identities is None:
            raise TurnedAway(
                HTTPStatus.FORBIDDEN, "certificates are not taken here", station
            )
        try:
            vetted = await self.identities.vet(station, entrance.chain)
        except Exception as error:
            log.exception("door.cannot_vet", station=station)
            raise _busy("certificates cannot be checked now", station, 5) from error
        if vetted.admission is Admission.UNKNOWN_STATION:
            self._throttle.missed(remote, now)
            raise _unknown(station)
        if vetted.admission is not Admission.ADMITTED:
            raise TurnedAway(HTTPStatus.FORBIDDEN, vetted.reason, station)

    def _edition(self, station: StationId, headers: Headers) -> Edition:
        offered = _offered(station, headers)
        pinned = self.pin(station)
        spoken = PREFERRED if pinned is None else (pinned,)
        for edition in spoken:
            if edition.value in offered:
                return edition
        wanted = " or ".join(spoken)
        said = f"offers only {', '.join(offered)}" if offered else "offers none"
        raise TurnedAway(
            HTTPStatus.BAD_REQUEST,
            f"the subprotocol must be {wanted}; the station {said}",
            station,
        )

    def _password(
        self, station: StationId, headers: Headers, remote: str, now: float
    ) -> str | None:
        """Return the password, or none if none was given (A00, profile 1)."""
        try:
            header = headers.get("Authorization")
            if header is None:
                return None
            user, password = parse_authorization_basic(header)
            password.encode()
        except (InvalidHeader, MultipleValuesError, ValueError):
            raise _unauthorized("the credentials cannot be read", station) from None
        if user != station:
            self._throttle.missed(remote, now)
            raise _unauthorized("the user name is not the station's id", station)
        return password

    async def _check(
        self, station: StationId, password: str | None, remote: str, now: float
    ) -> None:
        if wait := self._throttle.put_off(station, remote, now):
            raise TurnedAway(
                HTTPStatus.TOO_MANY_REQUESTS,
                "too many wrong passwords; try again later",
                station,
                wait,
            )
        if drag := self._throttle.drag(station, remote, now):
            await pause(drag)
        try:
            admission = await self.doorkeeper.admit(station, password, remote)
        except Exception as error:
            log.exception("door.cannot_check", station=station)
            raise _busy("credentials cannot be checked now", station, 5) from error
        match admission:
            case Admission.ADMITTED:
                self._throttle.passed(station, remote)
            case Admission.UNKNOWN_STATION:
                self._throttle.missed(remote, now)
                raise _unknown(station)
            case Admission.WRONG_PASSWORD if password is None:
                raise _unauthorized("there is no password", station)
            case Admission.WRONG_PASSWORD | Admission.BAD_CERTIFICATE:
                self._throttle.failed(station, remote, now)
                raise _unauthorized("the password is wrong", station)


def _named(path: str) -> str:
    """Return the id in the path as it was given, readable or not."""
    named = unquote(urlsplit(path).path, errors="replace")
    return named.removeprefix(PREFIX)[:100]


def _station(path: str) -> StationId:
    named = unquote(urlsplit(path).path, errors="replace")
    if not named.startswith(PREFIX):
        raise TurnedAway(
            HTTPStatus.NOT_FOUND,
            f"stations connect at {PREFIX}<station id>",
            named[:100],
        )
    station = named.removeprefix(PREFIX)
    if _STATION_ID.fullmatch(station) is None:
        raise TurnedAway(
            HTTPStatus.BAD_REQUEST,
            "a station id has 1 to 48 of the characters A-Z a-z 0-9 * - _ = : + | @ .",
            station[:100],
        )
    return StationId(station)


def _offered(station: StationId, headers: Headers) -> list[str]:
    try:
        return [
            name
            for value in headers.get_all("Sec-WebSocket-Protocol")
            for name in parse_subprotocol(value)
        ]
    except InvalidHeader:
        raise TurnedAway(
            HTTPStatus.BAD_REQUEST, "the subprotocols cannot be read", station
        ) from None


def _unknown(station: str) -> TurnedAway:
    return TurnedAway(HTTPStatus.NOT_FOUND, "the station is not known", station)


def _unauthorized(reason: str, station: str) -> TurnedAway:
    return TurnedAway(HTTPStatus.UNAUTHORIZED, reason, station)


def _busy(reason: str, station: str, retry_after: int) -> TurnedAway:
    return TurnedAway(HTTPStatus.SERVICE_UNAVAILABLE, reason, station, retry_after)
