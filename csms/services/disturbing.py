"""Who must not be disturbed now: members of events, vehicles that need their charge."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from csms.charging.disturbing import Stay, bar
from csms.domain.event import Stage
from csms.domain.ids import StationId
from csms.domain.interval import Interval
from csms.domain.live import LiveEvse
from csms.domain.vehicle import next_departure
from csms.services.ports.events import MemberOrder
from csms.services.ports.work import Work
from csms.services.premises import Premise
from csms.services.world import World

_FRESH = timedelta(hours=24)
"""How old a state of charge may be and still say something."""

_LIVE = frozenset({Stage.NOTIFIED, Stage.ACTIVE})


@dataclass(frozen=True, slots=True)
class Disturbing:
    """Tells who must be left alone, and why.

    Attributes:
        world: Where stations stand, what is parked there, what it says now.
    """

    world: World

    async def barred(
        self, work: Work, stations: Iterable[StationId], begins: datetime | None = None
    ) -> Mapping[StationId, str]:
        """Return why each of the stations must be left alone; free ones are absent.

        Args:
            work: The unit of work.
            stations: Which.
            begins: From when on they would be away; now without it.
        """
        now = self.world.clock.now()
        windows = _windows(await work.events.dispatchable(now))
        found = {
            station: bar(
                [self._stay(each, now) for each in self.world.premises.of(station)],
                windows.get(station, ()),
                now,
                begins or now,
            )
            for station in stations
        }
        return {station: why for station, why in found.items() if why}

    def _stay(self, premise: Premise, now: datetime) -> Stay:
        live, vehicle = self.world.live.get(premise.evse.id), premise.vehicle
        if vehicle is None:
            return Stay(live.plugged, priority=live.priority_charging)
        zone = ZoneInfo(premise.site.timezone)
        rates = (premise.evse.max_charge, vehicle.max_charge, premise.import_share)
        return Stay(
            plugged=live.plugged,
            soc_pct=_soc(live, now),
            min_soc_pct=vehicle.need.min_soc_pct,
            departure=next_departure(vehicle.need, now, zone),
            battery=vehicle.battery,
            charge=min(rates),
            priority=live.priority_charging,
        )


def _soc(live: LiveEvse, now: datetime) -> float | None:
    """Return the state of charge of what is plugged in, if it is known."""
    if live.soc_at is None or now - live.soc_at > _FRESH:
        return None
    if live.plugged_at is not None and live.soc_at < live.plugged_at:
        return None
    return live.soc_pct


def _windows(
    orders: Sequence[MemberOrder],
) -> Mapping[StationId, Sequence[Interval]]:
    """Return the windows of coming and running events, by station.

    Whoever opted out is still a member: an opt-out can be taken back.
    """
    found: dict[StationId, list[Interval]] = {}
    for each in orders:
        if each.stage in _LIVE and not each.excluded:
            found.setdefault(each.evse.station, []).append(each.window)
    return found
