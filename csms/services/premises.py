"""Where each EVSE stands and what is parked there: static facts, kept at hand."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from csms.domain.ids import EvseId, SiteId, StationId
from csms.domain.site import Site
from csms.domain.station import Evse
from csms.domain.units import ZERO_ENERGY, ZERO_POWER, Energy, Power
from csms.domain.vehicle import Vehicle
from csms.services.ports.work import Begin


@dataclass(frozen=True, slots=True)
class Premise:
    """One EVSE in its surroundings.

    Attributes:
        evse: The EVSE.
        site: Where it stands.
        vehicle: What parks there, if that is known.
        import_share: What it may draw so that its site's cap is never broken, whatever
            its neighbors do.
    """

    evse: Evse
    site: Site
    vehicle: Vehicle | None
    import_share: Power

    @property
    def export_cap(self) -> Power:
        """Return the most that its site may give back: nothing without permission."""
        return self.site.export_cap if self.site.export_permission else ZERO_POWER

    def above(self, floor_pct: float, soc_pct: float, efficiency: float) -> Energy:
        """Return the energy at the meter between a state of charge and a floor."""
        if self.vehicle is None:
            return ZERO_ENERGY
        part = max(soc_pct - floor_pct, 0.0) / 100 * efficiency
        return Energy(int(self.vehicle.battery.watt_seconds * part))


class Premises:
    """All premises, in memory; refreshed when the registry changes."""

    def __init__(self, begin: Begin) -> None:
        self._begin = begin
        self._all: dict[EvseId, Premise] = {}
        self._of: dict[StationId, list[Premise]] = {}
        self._at: dict[SiteId, list[EvseId]] = {}

    async def refresh(self) -> None:
        """Read them anew."""
        async with self._begin() as work:
            evses = await work.fleet.evses()
            sites = {each.id: each for each in await work.fleet.sites()}
            vehicles = {each.id: each for each in await work.fleet.vehicles()}
            stations = {each.id: each.site for each in await work.stations.all()}
        totals: dict[SiteId, int] = {}
        for evse in evses:
            site = stations[evse.id.station]
            totals[site] = totals.get(site, 0) + evse.max_charge.watts
        found = {
            evse.id: _premise(
                evse,
                sites[stations[evse.id.station]],
                vehicles.get(evse.vehicle) if evse.vehicle else None,
                totals[stations[evse.id.station]],
            )
            for evse in evses
        }
        of: dict[StationId, list[Premise]] = {}
        at: dict[SiteId, list[EvseId]] = {}
        for evse_id, premise in sorted(found.items()):
            of.setdefault(evse_id.station, []).append(premise)
            at.setdefault(premise.site.id, []).append(evse_id)
        self._all, self._of, self._at = found, of, at

    def find(self, evse: EvseId) -> Premise | None:
        """Return one premise, if there is such an EVSE."""
        return self._all.get(evse)

    def of(self, station: StationId) -> Sequence[Premise]:
        """Return the premises of one station, by number."""
        return self._of.get(station, ())

    def at(self, site: SiteId) -> Sequence[EvseId]:
        """Return the EVSEs behind one connection to the grid, by id."""
        return self._at.get(site, ())

    def all(self) -> Mapping[EvseId, Premise]:
        """Return every premise."""
        return self._all


def _premise(evse: Evse, site: Site, vehicle: Vehicle | None, total_w: int) -> Premise:
    cap, own = site.import_cap.watts, evse.max_charge.watts
    share = own if total_w <= cap else own * cap // total_w
    return Premise(evse, site, vehicle, Power(min(share, own)))
