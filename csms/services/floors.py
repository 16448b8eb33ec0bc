"""The floor under every event: what a station falls back to when all else ends.

A cap for the whole station and a default for every transaction, both without any
discharge. They are confirmed present before an event profile goes out (rule 9), and
again after every reconnect (rule 24).
"""

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import partial

import structlog

from csms.charging.compiling import Terms, floor, station_max, terms_for
from csms.domain.ids import EvseId, StationId
from csms.domain.profile import Profile, Role
from csms.domain.units import Power
from csms.services.keeping import Entry, Keeping
from csms.services.ports.profiles import Intent, IntentState, ProfileWire, Urgency
from csms.services.ports.wire import NoAnswer, RefusedByStation
from csms.services.world import World

log = structlog.get_logger()

_REST_S = 1.0

_Mark = tuple[Power, Terms]


class Floors:
    """Keeps the floor profiles of every connected station in place."""

    def __init__(self, world: World, wire: ProfileWire) -> None:
        self._clock = world.clock
        self._keeping = Keeping(world.begin)
        self._book = world.book
        self._premises = world.premises
        self._wire = wire
        self._confirmed: dict[StationId, _Mark] = {}
        self._marks: dict[StationId, tuple[tuple[object, ...], _Mark]] = {}
        self._doubted: set[StationId] = set()
        self._lost: set[StationId] = set()
        self._withheld: Counter[StationId] = Counter()
        self._busy: dict[StationId, asyncio.Task[None]] = {}
        self._rest: dict[StationId, float] = {}

    def confirmed(self, station: StationId) -> bool:
        """Tell whether the station is known to hold its floors.

        It does not count as that while other limits are being given back.
        """
        return not self._withheld[station] and self._is_there(station)

    def _is_there(self, station: StationId) -> bool:
        return self._confirmed.get(station) == self._mark(station)

    def doubt(self, station: StationId) -> None:
        """Read the station's floors back: it has been away (rule 24).

        They outlive a lost connection (K01.FR.27), so that they count as present
        until the station says otherwise.
        """
        self._doubted.add(station)
        self._rest.pop(station, None)

    def look(self, stations: Iterable[StationId]) -> None:
        """Start work wherever a connected, provisioned station lacks its floors."""
        now = asyncio.get_running_loop().time()
        for station in stations:
            waits = station in self._busy or self._rest.get(station, 0.0) > now
            sure = self._is_there(station) and station not in self._doubted
            if waits or sure or not self._may(station):
                continue
            task = asyncio.create_task(self._install(station))
            self._busy[station] = task
            task.add_done_callback(partial(self._free, station))

    def lost(self, station: StationId) -> None:
        """Count nothing as present until ``regained``: the station was restarted."""
        self._confirmed.pop(station, None)
        self._lost.add(station)
        self._withheld[station] += 1
        self.doubt(station)

    async def restore(self, station: StationId) -> bool:
        """Put the floors back now; tell whether they are known to be there."""
        for _ in range(2):  # what is under way may have begun before they were lost
            self.look((station,))
            if (busy := self._busy.get(station)) is not None:
                await asyncio.wait({busy})
        return self._is_there(station)

    def regained(self, station: StationId) -> None:
        """Let the floors count again: what lies between them and events is back."""
        self._withheld[station] -= 1

    def _free(self, station: StationId, _: asyncio.Task[None]) -> None:
        self._busy.pop(station, None)

    async def stop(self) -> None:
        """End what is under way."""
        tasks = list(self._busy.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._keeping.stop()

    def _may(self, station: StationId) -> bool:
        return self._book.capability(station).smart_charging

    def _mark(self, station: StationId) -> _Mark:
        """Return what the floors depend on: a change asks for new ones."""
        sources = (
            self._premises.of(station),
            self._book.vendor_profile(station),
            self._book.capability(station),
        )
        known = self._marks.get(station)
        if known is None or any(
            a is not b for a, b in zip(known[0], sources, strict=True)
        ):
            mark = self._limit(station), self._terms(station)
            self._marks[station] = known = (sources, mark)
        return known[1]

    def _limit(self, station: StationId) -> Power:
        shares = [each.import_share for each in self._premises.of(station)]
        return Power.total(shares)

    def _terms(self, station: StationId) -> Terms:
        return terms_for(
            self._book.vendor_profile(station),
            self._book.capability(station),
            EvseId(station, 1),
            timedelta(0),
        )

    async def _install(self, station: StationId) -> None:
        mark = self._mark(station)
        self._doubted.discard(station)
        self._lost.discard(station)
        terms, limit = self._terms(station), self._limit(station)
        profiles = (
            (Role.STATION_MAX, station_max(station, limit, terms)),
            (Role.FLOOR, floor(station, limit, terms)),
        )
        try:
            await self._ensure(station, profiles)
        except (NoAnswer, RefusedByStation, TimeoutError) as problem:
            log.warning("floor.unconfirmed", station=station, problem=str(problem))
            self._try_later(station)
            return
        except Exception:  # one station must never stop the others
            log.exception("floor.failed", station=station)
            self._try_later(station)
            return
        if station in self._lost:
            return
        self._confirmed[station] = mark
        log.info("floor.confirmed", station=station, limit_w=limit.watts)

    def _try_later(self, station: StationId) -> None:
        self._doubted.add(station)
        self._rest[station] = asyncio.get_running_loop().time() + _REST_S

    async def _ensure(
        self, station: StationId, profiles: Sequence[tuple[Role, Profile]]
    ) -> None:
        ids = [profile.id for _, profile in profiles]
        held = {each.id: each for each in await self._wire.held(station, ids)}
        if not all(_same(held.get(profile.id), profile) for _, profile in profiles):
            self._confirmed.pop(station, None)
        missing = [
            (role, profile)
            for role, profile in profiles
            if not _same(held.get(profile.id), profile)
        ]
        for _, profile in missing:
            verdict = await self._wire.set(profile, urgency=Urgency.SAFE_FLOOR)
            if not verdict.accepted:
                raise RefusedByStation(station, verdict.reason, verdict.info)
        if missing:
            held = {each.id: each for each in await self._wire.held(station, ids)}
        for _, profile in profiles:
            if not _same(held.get(profile.id), profile):
                raise RefusedByStation(station, "NotEchoed", profile.purpose.value)
        await self._write(profiles)

    async def _write(self, profiles: Sequence[tuple[Role, Profile]]) -> None:
        now = self._clock.now()
        await self._keeping.keep(
            *(Entry(_kept(role, profile, now)) for role, profile in profiles)
        )


def _kept(role: Role, profile: Profile, now: datetime) -> Intent:
    limit = profile.periods[0].limit
    return Intent(
        evse=profile.evse,
        role=role,
        profile_id=profile.id,
        fingerprint=f"{profile.unit}:{limit}",
        state=IntentState.ECHOED,
        document={"kind": "profile", "limit": limit, "unit": profile.unit.value},
        updated_at=now,
    )


def _same(found: Profile | None, wanted: Profile) -> bool:
    """Tell whether a reported profile bounds a station as the wanted one does."""
    if found is None or found.purpose is not wanted.purpose or found.discharges:
        return False
    if found.unit is not wanted.unit:
        return False
    meant = wanted.periods[0].limit or 0.0
    return all(
        each.limit is not None and abs(each.limit - meant) <= 1.0
        for each in found.periods
    )
