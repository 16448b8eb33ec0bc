"""A plan for an event: one flat setpoint per EVSE, each with its reason.

The planner is a function. The same fleet, whatever its order, gives the same plan, and
planning again without news returns the plan that is held. It keeps, in this order:
exclusions, floors and departures, site caps, minimum powers, the target.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import TYPE_CHECKING

from csms.domain.interval import Interval
from csms.domain.plan import (
    LIMITED_BY_MINIMUM_POWER,
    LIMITED_BY_SITE_EXPORT,
    LIMITED_BY_TARGET,
    Availability,
    Plan,
    PlanEntry,
    Setpoint,
)
from csms.domain.units import ZERO_ENERGY, ZERO_POWER, Power
from csms.flex.allocation import Envelope, allocate
from csms.flex.envelopes import Bound, bound_of, soc_after

if TYPE_CHECKING:
    from csms.domain.event import DREvent
    from csms.domain.ids import EvseId, SiteId
    from csms.domain.site import Site

DEADBAND_W = 500
DEADBAND_PCT = 5
"""Corrections smaller than both are not worth a message to a station (v2x 6.1)."""

Watts = Mapping["EvseId", int]


def plan(
    event: "DREvent",
    fleet: Sequence[Availability],
    sites: Mapping["SiteId", "Site"],
    held: Plan | None,
    *,
    now: datetime,
) -> Plan:
    """Return what each EVSE should do in what is left of the event.

    Args:
        event: The event; without a target everything that can be had is planned.
        fleet: What each enrolled EVSE could do; the order does not matter.
        sites: Their sites, with what may flow out of each.
        held: The plan already promised. A setpoint of it stays while it is safe and a
            new one would differ by less than the dead band; if all stay, so does the
            plan. After the event's end nothing is planned anew.
        now: The present instant; new setpoints begin no earlier.
    """
    if now >= event.window.end:
        return held or Plan(event.id, 1, now, ())
    promised = {e.evse: e for e in held.entries} if held else {}
    bounds = {
        each.evse: bound_of(
            each,
            sites.get(each.site),
            event.window,
            promised[each.evse].setpoint if each.evse in promised else None,
            now,
        )
        for each in fleet
    }
    grid = _grid(fleet, sites, event.target)
    watts = grid.share(bounds)
    fresh = {
        each.evse: _entry(each, bounds[each.evse], watts, event, grid)
        for each in sorted(fleet, key=lambda each: each.evse)
    }
    entries = _settled(fresh, promised, bounds, grid)
    return _numbered(event, entries, held, now)


@dataclass(frozen=True, slots=True)
class _Grid:
    """Who shares which limit.

    Attributes:
        least: Minimum power per EVSE, in watts.
        site_of: Where each EVSE stands.
        members: The EVSEs of each site.
        caps: What may flow out of each site, in watts.
        target: What the whole fleet should export at most, in watts, if limited.
    """

    least: Watts
    site_of: Mapping["EvseId", "SiteId"]
    members: Mapping["SiteId", Sequence["EvseId"]]
    caps: Mapping["SiteId", int]
    target: int | None

    def groups(self) -> list[Sequence["EvseId"]]:
        """Return the EVSEs whose setpoints depend on each other."""
        if self.target is not None:
            return [list(self.least)]
        return list(self.members.values())

    def share(self, bounds: Mapping["EvseId", Bound]) -> Watts:
        """Return the watts each may export: its minimum or more, absent if none.

        Of those who are granted less than their minimum the weaker half stands back,
        and the others share what it leaves.
        """
        watts: dict[EvseId, int] = {}
        for group in self.groups():
            ceilings = {e: bounds[e].watts for e in group}
            going = {e: w for e, w in ceilings.items() if w >= self._minimum(e)}
            granted = self._granted(going)
            while weak := [e for e in granted if granted[e] < self._minimum(e)]:
                weak.sort(key=lambda e: (granted[e] / self._minimum(e), e))
                for evse in weak[: max(len(weak) // 2, 1)]:
                    del going[evse]
                granted = self._granted(going)
            watts |= granted
        return watts

    def allows(self, group: Iterable["EvseId"], watts: Watts) -> bool:
        """Tell whether the group keeps its site caps and the target."""
        exports: dict[SiteId, int] = defaultdict(int)
        for evse in group:
            exports[self.site_of[evse]] += watts[evse]
        capped = all(export <= self.caps[site] for site, export in exports.items())
        return capped and (self.target is None or sum(exports.values()) <= self.target)

    def is_full(self, site: "SiteId", watts: Watts) -> bool:
        """Tell whether the site could not export another watt."""
        return sum(watts.get(e, 0) for e in self.members[site]) >= self.caps[site]

    def _minimum(self, evse: "EvseId") -> int:
        return max(self.least[evse], 1)

    def _granted(self, going: Watts) -> Watts:
        ceilings: dict[SiteId, dict[EvseId, int]] = defaultdict(dict)
        for evse, watts in going.items():
            ceilings[self.site_of[evse]][evse] = watts
        capped: dict[EvseId, int] = {}
        for site, of_site in ceilings.items():
            capped |= _scaled(of_site, self.caps[site])
        return capped if self.target is None else _scaled(capped, self.target)


def _grid(
    fleet: Sequence[Availability],
    sites: Mapping["SiteId", "Site"],
    target: Power | None,
) -> _Grid:
    members: dict[SiteId, list[EvseId]] = defaultdict(list)
    for each in fleet:
        members[each.site].append(each.evse)
    return _Grid(
        least={each.evse: each.min_discharge.watts for each in fleet},
        site_of={each.evse: each.site for each in fleet},
        members=members,
        caps={s: sites[s].export_cap.watts if s in sites else 0 for s in members},
        target=None if target is None else target.watts,
    )


def _scaled(ceilings: Watts, most: int) -> Watts:
    envelopes = [Envelope(e, Power(-w), ZERO_POWER) for e, w in ceilings.items()]
    setpoints = allocate(Power(-most), envelopes).setpoints
    return {evse: -power.watts for evse, power in setpoints.items()}


def _entry(
    each: Availability, bound: Bound, watts: Watts, event: "DREvent", grid: _Grid
) -> PlanEntry:
    given = watts.get(each.evse, 0)
    setpoint, planned, soc_end = None, ZERO_ENERGY, None
    if bound.window and given:
        power = Power(-given)
        setpoint = Setpoint(each.evse, bound.window, power, f"program:{event.program}")
        planned = power.over(bound.window.duration)
    if bound.charge:
        soc_end = soc_after(each, bound.charge.soc_pct, -planned.watt_seconds)
    return PlanEntry(
        each.evse,
        setpoint,
        planned,
        limited_by=_limit(each, bound, given, watts, grid),
        expected_soc_end_pct=soc_end,
        forecast=bound.charge is not None and bound.charge.forecast,
        exclusions=bound.exclusions,
    )


def _limit(
    each: Availability, bound: Bound, given: int, watts: Watts, grid: _Grid
) -> str:
    if given == bound.watts:
        return bound.limited_by
    if bound.watts < each.min_discharge.watts:
        return LIMITED_BY_MINIMUM_POWER
    if grid.is_full(each.site, watts):
        return LIMITED_BY_SITE_EXPORT
    return LIMITED_BY_TARGET if grid.target is not None else LIMITED_BY_MINIMUM_POWER


def _settled(
    fresh: Mapping["EvseId", PlanEntry],
    promised: Mapping["EvseId", PlanEntry],
    bounds: Mapping["EvseId", Bound],
    grid: _Grid,
) -> tuple[PlanEntry, ...]:
    """Prefer what is promised over news too small to send, limits permitting."""
    entries = dict(fresh)
    for group in grid.groups():
        mixed = {
            evse: promised[evse]
            if evse in promised and _close(promised[evse], fresh[evse], bounds[evse])
            else fresh[evse]
            for evse in group
        }
        if grid.allows(group, {e: -one.power.watts for e, one in mixed.items()}):
            entries |= mixed
    return tuple(entries.values())


def _close(old: PlanEntry, new: PlanEntry, bound: Bound) -> bool:
    if old.exclusions != new.exclusions:
        return False
    if old.setpoint is None or new.setpoint is None:
        return old.setpoint is new.setpoint
    if old.setpoint.window.end != new.setpoint.window.end:
        return False
    before, after = -old.power.watts, -new.power.watts
    band = max(DEADBAND_W, before * DEADBAND_PCT // 100)
    return before <= bound.safe_watts and abs(after - before) <= band


def _numbered(
    event: "DREvent",
    entries: tuple[PlanEntry, ...],
    held: Plan | None,
    now: datetime,
) -> Plan:
    shortfall = _shortfall(event, entries, now)
    if held and held.entries == entries and held.shortfall == shortfall:
        return held
    revision = held.revision + 1 if held else 1
    return Plan(event.id, revision, now, entries, shortfall)


def _shortfall(event: "DREvent", entries: Iterable[PlanEntry], now: datetime) -> Power:
    if event.target is None:
        return ZERO_POWER
    setpoints = [entry.setpoint for entry in entries if entry.setpoint]
    rest = Interval(max(now, event.window.start), event.window.end)
    edges = chain([rest.start], (each.window.end for each in setpoints))
    weakest = min(
        sum(-each.power.watts for each in setpoints if each.window.covers(edge))
        for edge in edges
        if rest.covers(edge)
    )
    return Power(max(event.target.watts - weakest, 0))
