"""Limits that others put on stations: kept, honoured, never fought (K11, K13, Q06)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import structlog

from csms.domain.ids import EvseId
from csms.domain.live import LiveEvse
from csms.services.ports.charging import ExternalLimit
from csms.services.ports.wire import Deviations, DeviationSeen
from csms.services.world import World

log = structlog.get_logger()

LOW_VOLTAGE = 200
"""Amperes from outside are taken for no more watts than this makes of them."""

_PHASES = ("", "_L2", "_L3")


@dataclass(frozen=True, slots=True)
class Limits:
    """Keeps limits from outside.

    Attributes:
        world: The means of the node.
        deviations: Where limits of unknown EVSEs are counted.
    """

    world: World
    deviations: Deviations

    async def begin(self, limit: ExternalLimit) -> None:
        """Keep a limit until its source clears it; dispatch sees it at once.

        What speaks of local generation bounds nothing: it is kept for people (K27).
        """
        evse = limit.evse
        if not self._knows(evse, "NotifyChargingLimit.evseId"):
            return
        if not limit.local_generation:
            for each in self._evses(evse):
                self.world.live.update(each, external_limit=dict(limit.document))
        try:
            async with self.world.begin() as work:
                await work.charging.save_limit(limit)
        except Exception:  # what dispatch needs is known; the record is not
            log.exception("limit.unkept", station=evse.station)

    async def end(self, evse: EvseId, source: str) -> None:
        """Forget the limits of a source; what others limit stays (K13)."""
        if not self._knows(evse, "ClearedChargingLimit.evseId"):
            return
        left: list[ExternalLimit] = []
        try:
            async with self.world.begin() as work:
                await work.charging.drop_limits(evse, source)
                left = [
                    each
                    for each in await work.charging.limits(evse.station)
                    if not each.local_generation
                ]
        except Exception:  # the station has said that it is gone
            log.exception("limit.unkept", station=evse.station)
        for each in self._evses(evse):
            mine = [one for one in left if one.evse.number in (0, each.number)]
            latest = max(mine, key=lambda one: one.updated_at, default=None)
            self.world.live.update(
                each, external_limit=dict(latest.document) if latest else None
            )

    def _knows(self, evse: EvseId, path: str) -> bool:
        if not evse.number or self.world.book.evse(evse) is not None:
            return True
        seen = DeviationSeen("unknown-evse", path, str(evse))
        self.deviations.count(evse.station, [seen], self.world.clock.now())
        return False

    def _evses(self, evse: EvseId) -> Iterator[EvseId]:
        """Yield the EVSE, or every EVSE of the station for number 0."""
        if evse.number:
            yield evse
            return
        known = {each.id for each in self.world.book.evses(evse.station)}
        heard = {
            live.evse
            for live in self.world.live.all()
            if live.evse.station == evse.station
        }
        yield from sorted(known | heard)


def discharge_bound_w(live: LiveEvse) -> int | None:
    """Return the most that others let the EVSE give back, in watts; none if no word.

    Of a schedule, the tightest word counts for all of it.
    """
    found = [
        -figure * by
        for period, by in _periods(live.external_limit)
        if (figure := _sum(period, "dischargeLimit")) is not None
    ]
    found += [
        max(-figure * by, 0.0)
        for period, by in _periods(live.external_limit)
        if (figure := _sum(period, "setpoint")) is not None
    ]
    return None if not found else int(min(found))


def import_bound_w(live: LiveEvse) -> int | None:
    """Return the most that others let the EVSE draw, in watts; none if no word."""
    found = [
        figure * by
        for period, by in _periods(live.external_limit)
        if (figure := _sum(period, "limit")) is not None
    ]
    return None if not found else int(max(min(found), 0))


def _periods(
    limit: Mapping[str, Any] | None,
) -> Iterator[tuple[Mapping[str, Any], float]]:
    for schedule in (limit or {}).get("chargingSchedule") or ():
        amperes = schedule.get("chargingRateUnit") == "A"
        for period in schedule.get("chargingSchedulePeriod") or ():
            phases = period.get("numberPhases") or 1
            by_phase = any(f"limit{each}" in period for each in _PHASES[1:])
            factor = LOW_VOLTAGE * (1 if by_phase else phases) if amperes else 1
            yield period, factor


def _sum(period: Mapping[str, Any], name: str) -> float | None:
    figures = [period.get(f"{name}{phase}") for phase in _PHASES]
    said = [each for each in figures if isinstance(each, int | float)]
    return float(sum(said)) if said else None
