"""Small joints between edges and services that know nothing of each other."""

from collections.abc import Callable
from dataclasses import dataclass

from csms.bootstrap.inside import Inside
from csms.bootstrap.securing import IdentityDoor
from csms.db.message_log import MessageLog
from csms.domain.ids import StationId
from csms.domain.notice import Letter
from csms.gateway.ports import Admission, Ports
from csms.gateway.registry import Registry
from csms.ocpp.link import Link
from csms.ocpp.wire import Edition
from csms.services import doorkeeping
from csms.services.denials import Denials
from csms.services.doorkeeping import Doorkeeper
from csms.services.journal import Journal
from csms.services.ports.notices import Undeliverable
from csms.services.reception import Reception
from csms.services.stations import StationBook

_ADMISSIONS = {
    doorkeeping.Admission.ADMITTED: Admission.ADMITTED,
    doorkeeping.Admission.UNKNOWN_STATION: Admission.UNKNOWN_STATION,
    doorkeeping.Admission.WRONG_PASSWORD: Admission.WRONG_PASSWORD,
    doorkeeping.Admission.BAD_CERTIFICATE: Admission.BAD_CERTIFICATE,
}


@dataclass(frozen=True, slots=True)
class Door:
    """The services' doorkeeper, in the gateway's words."""

    keeper: Doorkeeper

    async def admit(
        self, station: StationId, password: str | None, remote: str
    ) -> Admission:
        """Return whether the station may come in."""
        return _ADMISSIONS[await self.keeper.admit(station, password, remote)]


@dataclass(frozen=True, slots=True)
class Arrivals:
    """The services' reception, in the gateway's words."""

    reception: Reception

    async def connected(
        self, station: StationId, edition: Edition, remote: str, link: Link
    ) -> None:
        """Take note that the station is here."""
        del link
        self.reception.connected(station, edition.value, remote)

    async def disconnected(self, station: StationId, reason: str) -> None:
        """Take note that the station is gone."""
        self.reception.disconnected(station, reason)


@dataclass(slots=True)
class Links:
    """The way to stations, for services that are built before the gateway is.

    Attributes:
        registry: The gateway's, once there is one.
    """

    registry: Registry | None = None

    def find(self, station: StationId) -> Link | None:
        """Return the way to a station, if it is connected."""
        return None if self.registry is None else self.registry.link(station)


class MuteMailer:
    """Stands in where no mail server is set: nothing is ever delivered."""

    async def send(self, to: str, letter: Letter, message_id: str) -> None:
        """Refuse, so that nobody counts as told.

        Raises:
            Undeliverable: Always; a mail server may be set later.
        """
        del letter, message_id
        raise Undeliverable(f"no mail server is set, {to} cannot be told")

    async def close(self) -> None:
        """Do nothing: there is no connection."""


@dataclass(frozen=True, slots=True)
class Refusals:
    """Refused handshakes: on their own list, and on the audit trail."""

    journal: Journal
    denials: Denials

    def record(self, station: str, remote: str, status: int, reason: str) -> None:
        """Keep one refusal."""
        self.journal.record(station, remote, status, reason)
        self.denials.note(remote, "station.enter", station, reason)


def door_ports(inside: Inside, messages: MessageLog) -> Ports:
    """Return everyone the gateway talks to."""
    return Ports(
        handlers=inside.router,
        doorkeeper=Door(inside.doorkeeper),
        presence=Arrivals(inside.reception),
        frames=messages,
        rejections=Refusals(inside.journal, inside.secured.desk.denials),
        identities=IdentityDoor(inside.secured.desk.identities),
    )


def edition_pin(book: StationBook) -> Callable[[StationId], Edition | None]:
    """Return what says which only edition a station may speak."""

    def pin(station: StationId) -> Edition | None:
        known = book.station(station)
        if known is None or known.edition_pin is None:
            return None
        return Edition(known.edition_pin)

    return pin
