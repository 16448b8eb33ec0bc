"""What is known of every station right now, in memory: the book decisions read.

Written after each commit that changes a station, and filled from the database at the
start. It belongs to one event loop; nothing in it waits.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from csms.charging.capability import UNREAD, Capability, from_document
from csms.domain.ids import EvseId, SiteId, StationId, VehicleId
from csms.domain.profile import OperationMode
from csms.domain.station import EDITION_201, Evse, Standing, Station
from csms.domain.units import ZERO_POWER, Power
from csms.domain.vendor_profile import (
    CHARGE_ONLY,
    Dialect,
    VendorProfile,
    choose,
    verified,
)
from csms.services.ports.work import Begin


@dataclass(frozen=True, slots=True)
class EvseFacts:
    """What decides whether one EVSE may be dispatched, and how (rules 1 to 5).

    Attributes:
        evse: Which.
        known: Whether the registry has it.
        site: Where it stands; None if it is unknown.
        vehicle: The vehicle that parks here by default.
        vendor_profile: Its make's profile; ``CHARGE_ONLY`` where none matches.
        edition: The edition it speaks, or spoke last.
        online: Whether it has a socket.
        provisioned: Whether its device model was read for this make and firmware.
        verified: Whether the profile's evidence is enough here.
        quarantined: Whether the profile was put aside by a wrong-direction trip.
        grid_parallel: False for an island-only system.
        max_charge: Most it charges with, as a positive magnitude.
        max_discharge: Most it discharges with; the least of rating and profile.
        min_discharge: Least it can discharge with; the most of rating and profile.
        obstacle: Why it must not be dispatched, as a word; None if it may be. Being
            offline is no obstacle, because it passes.
    """

    evse: EvseId
    known: bool = False
    site: SiteId | None = None
    vehicle: VehicleId | None = None
    vendor_profile: VendorProfile = CHARGE_ONLY
    edition: str = EDITION_201
    online: bool = False
    provisioned: bool = False
    verified: bool = False
    quarantined: bool = False
    grid_parallel: bool = False
    max_charge: Power = ZERO_POWER
    max_discharge: Power = ZERO_POWER
    min_discharge: Power = ZERO_POWER
    obstacle: str | None = "unknown_evse"

    @property
    def dialect(self) -> Dialect:
        """Return how its make is told to discharge."""
        return self.vendor_profile.dialect

    @property
    def dispatchable(self) -> bool:
        """Tell whether it may be sent a discharge at all, online or not."""
        return self.obstacle is None


@dataclass(slots=True)
class _Entry:
    station: Station
    capability: Capability
    vendor_profile: VendorProfile
    evses: dict[int, Evse] = field(default_factory=dict)


class StationBook:
    """Stations, their EVSEs, capabilities, vendor profiles and quarantines.

    A station that is not in it is unknown: it has no capability, is charge-only and
    its EVSEs have the obstacle ``unknown_evse``. Nothing here raises for it.
    """

    def __init__(
        self, profiles: Sequence[VendorProfile], *, accept_simulated: bool
    ) -> None:
        self._profiles = tuple(profiles)
        self._accept_simulated = accept_simulated
        self._entries: dict[StationId, _Entry] = {}
        self._online: set[StationId] = set()
        self._quarantined: set[str] = set()

    async def load(self, begin: Begin) -> None:
        """Fill the book from the database; nobody is online yet."""
        async with begin() as work:
            stations = await work.stations.all()
            evses = await work.fleet.evses()
            quarantined = await work.profiles.quarantined()
        for station in stations:
            self.put_station(station)
        self.put_evses(evses)
        self._quarantined = {each.vendor_profile for each in quarantined}

    # -- asking ------------------------------------------------------------------

    def facts(self, evse: EvseId) -> EvseFacts:
        """Return what decides whether an EVSE may be dispatched, and how."""
        entry = self._entries.get(evse.station)
        known = None if entry is None else entry.evses.get(evse.number)
        if entry is None or known is None:
            return EvseFacts(evse)
        station, profile = entry.station, entry.vendor_profile
        return EvseFacts(
            evse=evse,
            known=True,
            site=station.site,
            vehicle=known.vehicle,
            vendor_profile=profile,
            edition=station.edition or EDITION_201,
            online=evse.station in self._online,
            provisioned=station.is_provisioned,
            verified=verified(profile, accept_simulated=self._accept_simulated),
            quarantined=profile.id in self._quarantined,
            grid_parallel=known.grid_parallel,
            max_charge=min(known.max_charge, profile.max_charge or known.max_charge),
            max_discharge=min(
                known.max_discharge, profile.max_discharge or known.max_discharge
            ),
            min_discharge=max(known.min_discharge, profile.min_discharge),
            obstacle=self._obstacle(entry, known),
        )

    def capability(self, station: StationId) -> Capability:
        """Return what its device model says it can do.

        ``UNREAD`` until it is provisioned for the make it is now: what an older
        firmware could do counts for nothing (rule 1).
        """
        entry = self._entries.get(station)
        return UNREAD if entry is None else entry.capability

    def vendor_profile(self, station: StationId) -> VendorProfile:
        """Return its make's profile; ``CHARGE_ONLY`` where none matches."""
        entry = self._entries.get(station)
        return CHARGE_ONLY if entry is None else entry.vendor_profile

    def station(self, station: StationId) -> Station | None:
        """Return the station as last written down, or None."""
        entry = self._entries.get(station)
        return None if entry is None else entry.station

    def stations(self) -> Sequence[Station]:
        """Return every station, by id."""
        return [self._entries[each].station for each in sorted(self._entries)]

    def evse(self, evse: EvseId) -> Evse | None:
        """Return an EVSE's ratings, or None."""
        entry = self._entries.get(evse.station)
        return None if entry is None else entry.evses.get(evse.number)

    def evses(self, station: StationId | None = None) -> Sequence[Evse]:
        """Return every EVSE, or those of one station, by id."""
        names = sorted(self._entries) if station is None else [station]
        entries = [self._entries[each] for each in names if each in self._entries]
        return [each.evses[number] for each in entries for number in sorted(each.evses)]

    def at_site(self, site: SiteId) -> Sequence[EvseId]:
        """Return the EVSEs behind one connection to the grid, by id."""
        return [
            each.id
            for each in self.evses()
            if self._entries[each.id.station].station.site == site
        ]

    def is_online(self, station: StationId) -> bool:
        """Tell whether it has a socket."""
        return station in self._online

    def sharing(self, vendor_profile: str) -> Sequence[EvseId]:
        """Return the EVSEs whose make follows this vendor profile, by id."""
        return [
            each.id
            for each in self.evses()
            if self._entries[each.id.station].vendor_profile.id == vendor_profile
        ]

    @property
    def quarantined(self) -> frozenset[str]:
        """Return the ids of the vendor profiles that are put aside."""
        return frozenset(self._quarantined)

    @property
    def profiles(self) -> Sequence[VendorProfile]:
        """Return every vendor profile there is."""
        return self._profiles

    # -- writing -----------------------------------------------------------------

    def put_station(self, station: Station) -> None:
        """Write down a station as it was just committed."""
        capability = (
            from_document(station.capabilities) if station.is_provisioned else UNREAD
        )
        chosen = choose(self._profiles, station.make, station.edition)
        entry = self._entries.get(station.id)
        if entry is None:
            self._entries[station.id] = _Entry(station, capability, chosen)
        else:
            entry.station = station
            entry.capability = capability
            entry.vendor_profile = chosen

    def put_evses(self, evses: Iterable[Evse]) -> None:
        """Write down EVSEs of stations that are in the book."""
        for each in evses:
            entry = self._entries.get(each.id.station)
            if entry is not None:
                entry.evses[each.id.number] = each

    def set_online(self, station: StationId, *, online: bool) -> None:
        """Write down whether a station has a socket."""
        if online:
            self._online.add(station)
        else:
            self._online.discard(station)

    def quarantine(self, vendor_profile: str) -> None:
        """Put a vendor profile aside at once (rule 16); the caller commits it."""
        self._quarantined.add(vendor_profile)

    def lift(self, vendor_profile: str) -> None:
        """End a quarantine; the caller commits it."""
        self._quarantined.discard(vendor_profile)

    def _obstacle(self, entry: _Entry, evse: Evse) -> str | None:
        station, profile = entry.station, entry.vendor_profile
        capability, number = entry.capability, evse.id.number
        setpoint = OperationMode.CENTRAL_SETPOINT
        by_setpoint = profile.dialect.edition is not None and (
            profile.dialect is not Dialect.NEGATIVE_LIMIT_TX
        )
        checks = (
            ("rejected", station.standing is Standing.REJECTED),
            ("island_only", not evse.grid_parallel),
            ("not_provisioned", not station.is_provisioned or not capability.read),
            (
                "charge_only",
                not verified(profile, accept_simulated=self._accept_simulated),
            ),
            ("quarantined", profile.id in self._quarantined),
            (
                "no_smart_charging",
                profile.dialect is not Dialect.DATATRANSFER
                and not capability.smart_charging,
            ),
            (
                "mode_not_supported",
                by_setpoint and not capability.supports(number, setpoint),
            ),
            (
                "dynamic_not_supported",
                profile.dialect.is_dynamic and not capability.dynamic_profiles,
            ),
            ("no_discharge_rating", evse.max_discharge <= ZERO_POWER),
        )
        return next((word for word, holds in checks if holds), None)
