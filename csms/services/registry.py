"""Imports a fleet: all of a registry document, or nothing."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import structlog

from csms.clock import Clock
from csms.domain.ids import EvseId, ParticipantId, SiteId, StationId, VehicleId
from csms.domain.participant import Participant
from csms.domain.site import Site
from csms.domain.station import Evse
from csms.domain.vehicle import Vehicle
from csms.services.doorkeeping import Doorkeeper, Passwords
from csms.services.ports.work import Begin, Work
from csms.services.registry_document import (
    Flaw,
    MalformedRegistry,
    RegistryDocument,
    StationEntry,
    read,
)
from csms.services.stations import StationBook

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What an import changed; each entry reads ``kind id``.

    Attributes:
        created: What was new.
        updated: What was there and is different now.
        unchanged: What was there just so.
    """

    created: tuple[str, ...]
    updated: tuple[str, ...]
    unchanged: tuple[str, ...]


@dataclass(slots=True)
class _Tally:
    created: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)

    def differs(self, name: str, before: object | None, after: object) -> bool:
        """Note the entry; tell whether it has to be written."""
        if before is None:
            self.created.append(name)
        elif before != after:
            self.updated.append(name)
        else:
            self.unchanged.append(name)
        return before != after


@dataclass(frozen=True, slots=True)
class _Known:
    """What the database has already."""

    participants: Mapping[ParticipantId, Participant]
    sites: Mapping[SiteId, Site]
    vehicles: Mapping[VehicleId, Vehicle]
    evses: Mapping[EvseId, Evse]
    stations: Mapping[StationId, SiteId]
    hashes: Mapping[StationId, str]
    imported: Mapping[StationId, str]


@dataclass(frozen=True, slots=True)
class Registry:
    """Keeps what operators say about their fleet.

    Attributes:
        clock: Where business time comes from.
        begin: Begins a unit of work.
        book: Told of new stations and EVSEs.
        doorkeeper: Told of new passwords.
        passwords: Hashes them.
        programs: The programs one may enroll in; None does not look.
        refresh: What else has to be read anew after an import.
    """

    clock: Clock
    begin: Begin
    book: StationBook
    doorkeeper: Doorkeeper
    passwords: Passwords
    programs: frozenset[str] | None = None
    refresh: Sequence[Callable[[], Awaitable[None]]] = ()

    async def import_registry(self, document: object, by: str) -> ImportResult:
        """Import a registry document: all of it, or nothing.

        What it does not mention stays as it is. It may refer to what is known
        already. Importing the same document again changes nothing.

        Args:
            document: The document, as JSON reads it.
            by: Who asks; it goes on the audit trail.

        Raises:
            MalformedRegistry: If anything in it is wrong; every flaw has its place
                and a remedy.
        """
        read_in = read(document)
        async with self.begin() as work:
            known = await _known(work)
        if flaws := list(_dangling(read_in, known, self.programs)):
            raise MalformedRegistry(flaws)
        hashes = await self._hashes(read_in, known)
        tally = _Tally()
        async with self.begin() as work:
            await _save(work, read_in, known, hashes, tally)
            result = ImportResult(
                tuple(tally.created), tuple(tally.updated), tuple(tally.unchanged)
            )
            counts = {name: len(getattr(result, name)) for name in _COUNTED}
            now = self.clock.now()
            await work.access.audit(by, "registry.import", "registry", counts, now)
            await work.facts.add("registry.imported", "registry", counts, now)
        await self._tell(read_in, hashes)
        log.info("registry.imported", by=by, **counts)
        return result

    async def _hashes(
        self, document: RegistryDocument, known: _Known
    ) -> dict[StationId, str]:
        """Return the hash of every station's password, a new one where it differs."""

        async def one(entry: StationEntry) -> tuple[StationId, str]:
            station = StationId(entry.id)
            kept = known.hashes.get(station, "")
            if entry.password is None:
                return station, kept
            # The password that was imported last may have been changed since (A01):
            # importing it again must not bring it back, and lock the station out.
            for each in (kept, known.imported.get(station, "")):
                if each and await self.passwords.verify(each, entry.password):
                    return station, kept
            return station, await self.passwords.hash(entry.password)

        return dict(await asyncio.gather(*map(one, document.stations)))

    async def _tell(
        self, document: RegistryDocument, hashes: Mapping[StationId, str]
    ) -> None:
        async with self.begin() as work:
            for entry in document.stations:
                station = await work.stations.find(StationId(entry.id))
                if station is not None:
                    self.book.put_station(station)
                    self.book.put_evses(await work.fleet.evses_of(station.id))
        self.doorkeeper.learn(hashes)
        for each in self.refresh:
            await each()


_COUNTED = ("created", "updated", "unchanged")


async def _known(work: Work) -> _Known:
    return _Known(
        participants={each.id: each for each in await work.fleet.participants()},
        sites={each.id: each for each in await work.fleet.sites()},
        vehicles={each.id: each for each in await work.fleet.vehicles()},
        evses={each.id: each for each in await work.fleet.evses()},
        stations={each.id: each.site for each in await work.stations.all()},
        hashes=await work.stations.password_hashes(),
        imported={
            each.station: each.imported_hash
            for each in await work.security.doors()
            if each.imported_hash is not None
        },
    )


def _dangling(
    document: RegistryDocument, known: _Known, programs: frozenset[str] | None
) -> Iterator[Flaw]:
    """Yield every reference to something that is neither known nor in the document."""
    names = {
        "participant": {each.id for each in document.participants}
        | set(known.participants),
        "site": {each.id for each in document.sites} | set(known.sites),
        "vehicle": {each.id for each in document.vehicles} | set(known.vehicles),
    }
    for path, kind, name in _references(document):
        if name not in names[kind]:
            yield Flaw(path, f"there is no {kind} {name}", f"add it to {kind}s")
    for index, station in enumerate(document.stations):
        if station.password is None and StationId(station.id) not in known.stations:
            path = f"stations[{index}].password"
            yield Flaw(path, "a new station needs a password", "give it one")
    yield from _enrollment_flaws(document, known, programs)


def _enrollment_flaws(
    document: RegistryDocument, known: _Known, programs: frozenset[str] | None
) -> Iterator[Flaw]:
    evses = set(known.evses) | {
        EvseId(StationId(station.id), evse.number)
        for station in document.stations
        for evse in station.evses
    }
    for index, each in enumerate(document.enrollments):
        if EvseId(StationId(each.station), each.evse) not in evses:
            problem = f"there is no EVSE {each.station}/{each.evse}"
            yield Flaw(f"enrollments[{index}].evse", problem, "add it to its station")
        if programs is not None and each.program not in programs:
            problem = f"there is no program {each.program}"
            remedy = f"take one of: {', '.join(sorted(programs))}"
            yield Flaw(f"enrollments[{index}].program", problem, remedy)


def _references(document: RegistryDocument) -> Iterator[tuple[str, str, str]]:
    """Yield where something is referred to, of which kind, and its id."""
    for index, site in enumerate(document.sites):
        yield f"sites[{index}].participant", "participant", site.participant
    for index, vehicle in enumerate(document.vehicles):
        yield f"vehicles[{index}].participant", "participant", vehicle.participant
    for index, station in enumerate(document.stations):
        yield f"stations[{index}].site", "site", station.site
        for number, evse in enumerate(station.evses):
            if evse.vehicle is not None:
                path = f"stations[{index}].evses[{number}].vehicle"
                yield path, "vehicle", evse.vehicle


async def _save(
    work: Work,
    document: RegistryDocument,
    known: _Known,
    hashes: Mapping[StationId, str],
    tally: _Tally,
) -> None:
    """Write what differs, in the order in which things refer to one another."""
    for person in (each.value() for each in document.participants):
        before = known.participants.get(person.id)
        if tally.differs(f"participant {person.id}", before, person):
            await work.fleet.save_participant(person)
    for site in (each.value() for each in document.sites):
        if tally.differs(f"site {site.id}", known.sites.get(site.id), site):
            await work.fleet.save_site(site)
    for vehicle in (each.value() for each in document.vehicles):
        had = known.vehicles.get(vehicle.id)
        if tally.differs(f"vehicle {vehicle.id}", had, vehicle):
            await work.fleet.save_vehicle(vehicle)
    for entry in document.stations:
        await _save_station(work, entry, known, hashes, tally)
    await _save_enrollments(work, document, known, tally)


async def _save_station(
    work: Work,
    entry: StationEntry,
    known: _Known,
    hashes: Mapping[StationId, str],
    tally: _Tally,
) -> None:
    station = StationId(entry.id)
    before = None
    if station in known.stations:
        before = (known.stations[station], known.hashes.get(station))
    after = (SiteId(entry.site), hashes[station])
    if tally.differs(f"station {station}", before, after):
        await work.stations.enlist(station, *after)
        if before is not None and before[1] != after[1]:
            await work.security.forget_imported(station)
    for evse in (each.value(station) for each in entry.evses):
        if tally.differs(f"evse {evse.id}", known.evses.get(evse.id), evse):
            await work.fleet.save_evse(evse)


async def _save_enrollments(
    work: Work, document: RegistryDocument, known: _Known, tally: _Tally
) -> None:
    kept = {(each.program, each.evse): each for each in await work.fleet.enrollments()}
    owners = {each: site.participant for each, site in known.sites.items()}
    owners |= {
        SiteId(each.id): ParticipantId(each.participant) for each in document.sites
    }
    places = dict(known.stations)
    places |= {StationId(each.id): SiteId(each.site) for each in document.stations}
    for entry in document.enrollments:
        enrollment = entry.value(owners[places[StationId(entry.station)]])
        before = kept.get((enrollment.program, enrollment.evse))
        name = f"enrollment {enrollment.program} {enrollment.evse}"
        if tally.differs(name, before, enrollment):
            await work.fleet.save_enrollment(enrollment)
