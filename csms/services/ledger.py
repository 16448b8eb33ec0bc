"""Every profile on every station: what was meant, against what the station says.

It is memory, kept in the database about once a second. What a station holds for certain
is found out by asking it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import structlog

from csms.charging.comparing import same_profile
from csms.clock import Clock, pause
from csms.domain.ids import EvseId, StationId
from csms.domain.live import LiveEvse
from csms.domain.profile import Composite, Profile, Purpose, VendorCommand
from csms.services.live import LiveFleet
from csms.services.ports.charging import (
    OWN_SOURCE,
    Criteria,
    HeldProfile,
    Reported,
    Standing,
)
from csms.services.ports.profiles import ProfileWire, Urgency, Verdict
from csms.services.ports.work import Begin

log = structlog.get_logger()

FLUSH_REAL_S = 1.0
SYSTEM = "system"
MOST_STARTS = 10_000


class Ledger:
    """Keeps what stations hold; it decides nothing.

    Args:
        clock: Where business time comes from.
        begin: Begins a unit of work.
        live: Tells when a transaction ends, and its profiles with it (K02.FR.05).
    """

    def __init__(self, clock: Clock, begin: Begin, live: LiveFleet) -> None:
        self._clock = clock
        self._begin = begin
        self._held: dict[StationId, dict[int, HeldProfile]] = {}
        self._dirty: set[tuple[StationId, int]] = set()
        self._starts: dict[tuple[StationId, int], Profile] = {}
        live.subscribe(self._heard)

    # -- what is known ----------------------------------------------------------------

    def rows(self, station: StationId) -> Sequence[HeldProfile]:
        """Return every profile of a station, by id."""
        return [each for _, each in sorted(self._held.get(station, {}).items())]

    def held(self, station: StationId) -> Sequence[Profile]:
        """Return what the station holds, as far as anybody knows."""
        found = (each.profile for each in self.rows(station))
        return [each for each in found if each is not None]

    def find(self, station: StationId, profile_id: int) -> HeldProfile | None:
        """Return one profile, if it is known."""
        return self._held.get(station, {}).get(profile_id)

    def split(
        self, station: StationId, criteria: Criteria
    ) -> tuple[Sequence[Profile], Sequence[Profile]]:
        """Return what is cleared by some criteria, and what stays (K10.FR.04)."""
        gone: list[Profile] = []
        left: list[Profile] = []
        for row in self.rows(station):
            if row.profile is not None:
                (gone if _clears(row, criteria) else left).append(row.profile)
        return gone, left

    @staticmethod
    def standing(row: HeldProfile) -> Standing:
        """Return how intent and report stand to each other."""
        if row.intended is None:
            return Standing.FOREIGN
        if row.reported_at is None or (
            row.intended_at is not None and row.reported_at < row.intended_at
        ):
            return Standing.UNREPORTED
        if row.reported is None:
            return Standing.MISSING
        same = same_profile(row.intended, row.reported)
        return Standing.MATCHES if same else Standing.DIFFERS

    # -- what happens -----------------------------------------------------------------

    def accepted(self, profile: Profile, by: str = SYSTEM) -> None:
        """Take note that a station took a profile; the same id replaces (K01.FR.05)."""
        now = self._clock.now()
        self._put(
            HeldProfile(
                profile.evse.station,
                profile.id,
                intended=replace(profile, updated_at=profile.updated_at or now)
                if profile.kind.value == "Dynamic"
                else profile,
                by=by,
                intended_at=now,
            )
        )

    def starting(self, station: StationId, number: int, profile: Profile) -> None:
        """Take note of a profile that went along with a start (F01.FR.08).

        Args:
            station: Where.
            number: The remoteStartId, by which the transaction is known once it is one.
            profile: The profile, of no transaction yet.
        """
        while len(self._starts) >= MOST_STARTS:
            del self._starts[next(iter(self._starts))]
        self._starts[station, number] = profile

    def started(self, station: StationId, number: int) -> Profile | None:
        """Return what went along with a start, if anybody remembers."""
        return self._starts.get((station, number))

    def updated(self, profile: Profile) -> None:
        """Take note that a Dynamic profile was told new values (K28.FR.09)."""
        row = self.find(profile.evse.station, profile.id)
        known = row.profile if row is not None else None
        if row is None or known is None:
            return
        now = self._clock.now()
        fresh = replace(known, periods=profile.periods, updated_at=now)
        self._put(replace(row, intended=fresh, intended_at=now))

    def cleared(self, station: StationId, profile_id: int) -> None:
        """Take note that a profile is gone."""
        if self._held.get(station, {}).pop(profile_id, None) is not None:
            self._dirty.add((station, profile_id))

    def cleared_all(self, station: StationId, criteria: Criteria) -> None:
        """Take note that all profiles that match are gone (K10.FR.04)."""
        for row in self.rows(station):
            if _clears(row, criteria):
                self.cleared(station, row.profile_id)

    def reported(
        self, station: StationId, criteria: Criteria, found: Sequence[Reported]
    ) -> None:
        """Take a whole report: what matches and is not in it, is not there."""
        now = self._clock.now()
        said = {each.profile.id: each for each in found}
        for row in self.rows(station):
            if row.profile_id in said or not _matches(row, criteria):
                continue
            if row.intended is None:
                self.cleared(station, row.profile_id)
            else:
                self._put(replace(row, reported=None, reported_at=now))
        for number, each in said.items():
            before = self.find(station, number) or HeldProfile(station, number)
            self._put(
                replace(
                    before, source=each.source, reported=each.profile, reported_at=now
                )
            )

    def _heard(self, before: LiveEvse, after: LiveEvse) -> None:
        if before.transaction is None or before.transaction == after.transaction:
            return
        for row in self.rows(after.evse.station):
            profile = row.intended or row.reported
            if profile is not None and profile.transaction == before.transaction:
                self.cleared(row.station, row.profile_id)

    def _put(self, row: HeldProfile) -> None:
        self._held.setdefault(row.station, {})[row.profile_id] = row
        self._dirty.add((row.station, row.profile_id))

    # -- how it is kept ---------------------------------------------------------------

    async def load(self) -> None:
        """Read what was kept."""
        async with self._begin() as work:
            for row in await work.charging.held():
                self._held.setdefault(row.station, {})[row.profile_id] = row

    async def flush(self) -> None:
        """Keep what has changed since the last flush."""
        if not self._dirty:
            return
        dirty, self._dirty = self._dirty, set()
        rows = {key: self.find(*key) for key in sorted(dirty)}
        try:
            async with self._begin() as work:
                await work.charging.save_held([e for e in rows.values() if e])
                await work.charging.drop_held([k for k, e in rows.items() if not e])
        except BaseException:
            self._dirty |= dirty
            raise

    async def run(self) -> None:
        """Flush about every real second, for ever, and once more when cancelled."""
        try:
            while True:
                await pause(FLUSH_REAL_S)
                await self._flush_or_tell()
        finally:
            await self._flush_or_tell()

    async def _flush_or_tell(self) -> None:
        try:
            await self.flush()
        except Exception:
            log.exception("ledger.flush_failed", rows=len(self._dirty))


class LedgerWire:
    """Asks stations about profiles, and lets the ledger know what came of it.

    It is the port ``ProfileWire`` for whoever must not care about ledgers.

    Args:
        wire: Does the asking.
        ledger: Is told.
    """

    def __init__(self, wire: ProfileWire, ledger: Ledger) -> None:
        self._wire = wire
        self._ledger = ledger

    async def set(self, profile: Profile, *, urgency: Urgency) -> Verdict:
        """Put a profile on its station (K01)."""
        verdict = await self._wire.set(profile, urgency=urgency)
        if verdict.accepted:
            self._ledger.accepted(profile)
        return verdict

    async def command(self, command: VendorCommand, *, urgency: Urgency) -> Verdict:
        """Send a vendor's own setpoint (P)."""
        return await self._wire.command(command, urgency=urgency)

    async def update(self, profile: Profile, *, expires_s: float) -> Verdict:
        """Push the setpoint of a Dynamic profile (K28); dropped when stale."""
        verdict = await self._wire.update(profile, expires_s=expires_s)
        if verdict.accepted:
            self._ledger.updated(profile)
        return verdict

    async def clear(
        self, station: StationId, profile_id: int, *, urgency: Urgency
    ) -> bool:
        """Remove a profile by id (K10); tell whether there was one."""
        gone = await self._wire.clear(station, profile_id, urgency=urgency)
        self._ledger.cleared(station, profile_id)
        return gone

    async def held(self, station: StationId, ids: Sequence[int]) -> Sequence[Profile]:
        """Return which of these profiles the station says it holds (K09)."""
        return await self._wire.held(station, ids)

    async def composite(self, evse: EvseId, seconds: int) -> Composite | None:
        """Return what will result from all its profiles (K08), if it can tell."""
        return await self._wire.composite(evse, seconds)


def _clears(row: HeldProfile, criteria: Criteria) -> bool:
    """Tell whether a clearing concerns a profile; only who set it clears another's."""
    foreign = row.profile is not None and row.profile.purpose in (
        Purpose.EXTERNAL,
        Purpose.LOCAL_GENERATION,
    )
    return not foreign and _matches(row, criteria)


def _matches(row: HeldProfile, criteria: Criteria) -> bool:
    profile = row.intended or row.reported
    if profile is None:
        return False
    said: Mapping[str, tuple[object, object]] = {
        "evse": (criteria.evse, profile.evse.number),
        "purpose": (criteria.purpose, profile.purpose),
        "stack_level": (criteria.stack_level, profile.stack_level),
        "source": (criteria.source, row.source or OWN_SOURCE),
        "id": (criteria.profile_id, row.profile_id),
    }
    return all(wanted in (None, found) for wanted, found in said.values())
