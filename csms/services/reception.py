"""Stations boot, connect, fall silent and come back."""

from dataclasses import dataclass, replace
from typing import Protocol

import structlog

from csms.clock import Clock
from csms.domain.errors import NotFound
from csms.domain.ids import StationId
from csms.domain.station import Boot, Standing, Station
from csms.services.journal import Journal
from csms.services.ports.work import Begin
from csms.services.stations import StationBook

log = structlog.get_logger()


class UnknownStation(NotFound):
    """There is no such station."""

    code = "unknown-station"
    usual_remedy = "see csms stations list"


class UnknownEvse(NotFound):
    """The station has no such EVSE."""

    code = "unknown-evse"
    usual_remedy = "see csms stations show"


class Connections(Protocol):
    """Whoever wants to know at once which stations have a socket."""

    def set_connected(self, station: StationId, connected: bool) -> None:  # noqa: FBT001
        """Take note that a station has a socket, or has none any more."""
        ...


class Provisioning(Protocol):
    """Whoever reads and configures device models."""

    def booted(self, station: StationId) -> None:
        """A station has started: provision it at once."""
        ...

    def connected(self, station: StationId) -> None:
        """A station has connected: provision it if no boot follows and it needs it."""
        ...

    def gone(self, station: StationId) -> None:
        """A station has disconnected: stop what is under way."""
        ...


@dataclass(frozen=True, slots=True)
class Reception:
    """Receives stations: what they are told when they start, and who is here.

    Attributes:
        clock: Where business time comes from.
        begin: Begins a unit of work.
        book: What is known of every station.
        journal: Where presence is written down in passing.
        live: Told at once who has a socket.
        provisioning: Told whom to provision.
    """

    clock: Clock
    begin: Begin
    book: StationBook
    journal: Journal
    live: Connections
    provisioning: Provisioning

    async def start(self) -> None:
        """Write down that nobody is connected, and open the book."""
        async with self.begin() as work:
            await work.stations.disconnect_all(self.clock.now())
        await self.book.load(self.begin)

    async def boot(self, boot: Boot) -> Standing:
        """Take note of a start; return what the station is to be told (B01 to B03).

        It is accepted at once if it was provisioned as what it is now, and pending
        until it is otherwise. Either way it is provisioned now, because stations
        forget settings when they restart.

        Raises:
            UnknownStation: If no such station is in the registry.
        """
        station = self._known(boot.station)
        if station.standing is Standing.REJECTED:
            log.info("station.boot_rejected", station=boot.station)
            return Standing.REJECTED
        after = replace(
            station, make=boot.make, boot_reason=boot.reason, booted_at=boot.at
        )
        fit = after.is_provisioned and station.standing is Standing.ACCEPTED
        after = replace(after, standing=_standing(fit=fit))
        if fit and station.make == boot.make:
            self.journal.booted(boot)
        else:
            await self._save(boot, after.standing)
        present = self._known(boot.station)
        self.book.put_station(
            replace(
                present,
                make=after.make,
                boot_reason=after.boot_reason,
                booted_at=after.booted_at,
                standing=after.standing,
            )
        )
        self.provisioning.booted(boot.station)
        log.info(
            "station.booted",
            station=boot.station,
            vendor=boot.make.vendor,
            model=boot.make.model,
            firmware=boot.make.firmware,
            reason=boot.reason,
            standing=after.standing.value,
            vendor_profile=self.book.vendor_profile(boot.station).id,
        )
        return after.standing

    def connected(self, station: StationId, edition: str, remote: str) -> None:
        """Take note that a station has a socket.

        A different edition than last time asks for a new provisioning, whether the
        station boots or not. What it stood like before it was away still holds.
        """
        known = self.book.station(station)
        if known is not None:
            now = self.clock.now()
            self.book.put_station(
                replace(
                    known,
                    connected=True,
                    edition=edition,
                    remote=remote,
                    connected_at=now,
                )
            )
        self.book.set_online(station, online=True)
        self.journal.came(station, edition, remote)
        self.live.set_connected(station, True)  # noqa: FBT003, the port's words
        self.provisioning.connected(station)
        log.info("station.connected", station=station, edition=edition, remote=remote)

    def disconnected(self, station: StationId, reason: str) -> None:
        """Take note that a station's last socket is gone."""
        known = self.book.station(station)
        if known is not None:
            now = self.clock.now()
            self.book.put_station(replace(known, connected=False, disconnected_at=now))
        self.book.set_online(station, online=False)
        self.journal.went(station, reason)
        self.live.set_connected(station, False)  # noqa: FBT003, the port's words
        self.provisioning.gone(station)
        log.info("station.disconnected", station=station, reason=reason)

    def standing(self, station: StationId) -> Standing:
        """Return what a station stands like now; an unknown one is rejected."""
        known = self.book.station(station)
        return Standing.REJECTED if known is None else known.standing

    async def set_standing(
        self, station: StationId, standing: Standing, by: str
    ) -> None:
        """Reject a station, or take it back: it is then pending until it boots.

        A rejected station is not sent anything from now on (B03.FR.03).

        Raises:
            UnknownStation: If no such station is in the registry.
        """
        self._known(station)
        async with self.begin() as work:
            await work.stations.set_standing(station, standing)
            body = {"standing": standing.value, "by": by}
            now = self.clock.now()
            await work.facts.add("station.standing_set", station, body, now)
            await work.access.audit(by, "station.standing_set", station, body, now)
        self.book.put_station(replace(self._known(station), standing=standing))
        if standing is Standing.REJECTED:
            self.provisioning.gone(station)

    async def pin_edition(
        self, station: StationId, edition: str | None, by: str
    ) -> None:
        """Offer a station only this edition from its next connection on.

        Raises:
            UnknownStation: If no such station is in the registry.
        """
        self._known(station)
        async with self.begin() as work:
            await work.stations.pin_edition(station, edition)
            body = {"edition": edition}
            now = self.clock.now()
            await work.access.audit(by, "station.edition_pinned", station, body, now)
        self.book.put_station(replace(self._known(station), edition_pin=edition))

    def _known(self, station: StationId) -> Station:
        known = self.book.station(station)
        if known is None:
            raise UnknownStation(f"there is no station {station}")
        return known

    async def _save(self, boot: Boot, standing: Standing) -> None:
        async with self.begin() as work:
            await work.stations.save_boots([boot])
            await work.models.booted([boot])
            await work.stations.set_standing(boot.station, standing)
            body = {
                "reason": boot.reason,
                "vendor": boot.make.vendor,
                "model": boot.make.model,
                "firmware": boot.make.firmware,
                "standing": standing.value,
            }
            await work.facts.add("station.booted", boot.station, body, boot.at)


def _standing(*, fit: bool) -> Standing:
    return Standing.ACCEPTED if fit else Standing.PENDING
