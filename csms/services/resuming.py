"""Profiles that a restart took from a transaction: given again when it resumes.

A station that kept its transaction through a restart, but not the profiles that came
with it, says that it has resumed (2.1, B13.FR.30, E17.FR.14). Then what we mean for
this transaction is sent again, the safe floor first (B13.FR.31, E17.FR.15).
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

import structlog

from csms.clock import pause
from csms.domain.ids import EvseId, StationId, TransactionId
from csms.domain.profile import Profile, Purpose
from csms.domain.station_request import RequestKind
from csms.domain.units import Power
from csms.services.commands import MalformedCommand
from csms.services.errands import Errands
from csms.services.ledger import Ledger
from csms.services.operating import start_profile
from csms.services.permitting import DischargeForbidden, DischargeGate
from csms.services.ports.profiles import Intent, Urgency, Verdict
from csms.services.ports.wire import Discharge, NoAnswer, RefusedByStation
from csms.services.world import World

log = structlog.get_logger()

AFTER_REPLY_S = 0.1
"""Real seconds after our answer to the report that tells of it."""

RETRY_S = 2.0
ATTEMPTS = 3
"""How often a station that does not answer is asked; its floor holds meanwhile."""


class Gives(Protocol):
    """The part of ``ports.charging.ChargingWire`` that is needed here."""

    def judge(self, profile: Profile) -> Discharge | None:
        """Return how the profile would make an EVSE discharge; None if it does not."""
        ...

    async def set(self, profile: Profile, *, urgency: Urgency) -> Verdict:
        """Put a profile on its station (K01)."""
        ...

    async def clear(
        self, station: StationId, profile_id: int, *, urgency: Urgency
    ) -> bool:
        """Remove a profile by id (K10); tell whether there was one."""
        ...


class Grounds(Protocol):
    """Whoever keeps the floors of stations."""

    def lost(self, station: StationId) -> None:
        """Count nothing as present until ``regained``: events wait for that."""
        ...

    def regained(self, station: StationId) -> None:
        """Let the floors count again: what lies between them and events is back."""
        ...

    async def restore(self, station: StationId) -> bool:
        """Put the floors back now; tell whether they are known to be there."""
        ...


class Doubts(Protocol):
    """Whoever remembers how far it is known what an EVSE holds."""

    def void(self, evses: Sequence[EvseId]) -> None:
        """Take it that these let go of their profiles."""
        ...

    def doubt(self, evses: Sequence[EvseId]) -> None:
        """Trust nothing about these until they were read back."""
        ...


class Dispatching(Protocol):
    """Whoever carries out events."""

    def intent(self, evse: EvseId) -> Intent | None:
        """Return what the EVSE was last given for an event."""
        ...

    def nudge(self, evse: EvseId) -> None:
        """Look at this EVSE now."""
        ...


class Resuming:
    """Gives again what resumed transactions have lost.

    What an event wants is left to dispatch, with all its gates; of the rest, what could
    discharge passes the gate again, and is cleared if it may not.

    Args:
        world: The means of the node.
        ledger: What stations were given.
        wire: Asks stations about profiles.
        gate: Holds discharges against the rules.
        floors: Come before all else.
        doubts: Is told that nothing is known to hold any more.
        dispatch: Is told to look again.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - it stands between all of these
        self,
        world: World,
        ledger: Ledger,
        wire: Gives,
        gate: DischargeGate,
        floors: Grounds,
        doubts: Doubts,
        dispatch: Dispatching,
    ) -> None:
        self._world = world
        self._ledger = ledger
        self._wire = wire
        self._gate = gate
        self._floors = floors
        self._doubts = doubts
        self._dispatch = dispatch
        self.errands = Errands("resuming")

    def resumed(self, evse: EvseId, transaction: TransactionId) -> None:
        """Take note that a transaction goes on after a restart; send what it lost.

        Where the station says that such profiles outlive a restart
        (``ChargingProfilePersistence``), it is only asked what it holds.
        """
        persistent = self._world.book.capability(evse.station).persistent
        kept = Purpose.TX.value in persistent
        self._floors.lost(evse.station)
        if kept:
            self._doubts.doubt([evse])
        else:
            self._doubts.void([evse])
        self.errands.begin(self._restore(evse, transaction, kept=kept))

    async def _restore(
        self, evse: EvseId, transaction: TransactionId, *, kept: bool
    ) -> None:
        try:
            await pause(AFTER_REPLY_S)
            safe = await self._floors.restore(evse.station)
            if not kept:
                for profile in await self._lost(evse, transaction):
                    await self._again(profile, safe=safe)
        except Exception:  # one station must never stop the others
            log.exception("transaction.not_restored", station=evse.station)
        finally:
            self._floors.regained(evse.station)
            self._dispatch.nudge(evse)

    async def _lost(self, evse: EvseId, transaction: TransactionId) -> list[Profile]:
        """Return what was meant for a transaction, the lowest level first."""
        known = [
            row.intended
            for row in self._ledger.rows(evse.station)
            if row.intended is not None
            and row.intended.purpose is Purpose.TX
            and row.intended.transaction == transaction
        ]
        if (came := await self._came_with_the_start(evse, transaction)) is not None:
            known = [came, *(each for each in known if each.id != came.id)]
        intent = self._dispatch.intent(evse)
        others = [
            each for each in known if intent is None or each.id != intent.profile_id
        ]
        return sorted(others, key=lambda each: (each.stack_level, each.id))

    async def _came_with_the_start(
        self, evse: EvseId, transaction: TransactionId
    ) -> Profile | None:
        async with self._world.begin() as work:
            requests = await work.requests.of_station(evse.station)
            ongoing = await work.telemetry.ongoing(evse.station)
        numbers = [each.remote_start_id for each in ongoing if each.id == transaction]
        for number in filter(None, numbers):
            if (given := self._ledger.started(evse.station, number)) is not None:
                return replace(given, evse=evse, transaction=transaction)
        for each in requests:
            ours = each.kind is RequestKind.START and each.transaction == transaction
            if ours and (limit := each.detail.get("limit_w")) is not None:
                return start_profile(evse, Power(int(limit)), transaction)
        return None

    async def _again(self, profile: Profile, *, safe: bool) -> None:
        """Send a profile again; what may not discharge any more is cleared."""
        if not await self._may(profile, safe=safe):
            await self._clear(profile)
            return
        for attempt in range(1, ATTEMPTS + 1):
            if self._world.live.get(profile.evse).transaction != profile.transaction:
                return
            try:
                verdict = await self._wire.set(profile, urgency=Urgency.SETPOINT)
            except (NoAnswer, RefusedByStation) as problem:
                why = str(problem)
            else:
                if verdict.accepted:
                    self._ledger.accepted(profile)
                    log.info("profile.restored", evse=str(profile.evse), id=profile.id)
                    return
                why = f"{verdict.reason} {verdict.info}".strip()
            log.warning("profile.not_restored", evse=str(profile.evse), why=why)
            if attempt < ATTEMPTS:
                await pause(RETRY_S)
        self._ledger.cleared(profile.evse.station, profile.id)

    async def _may(self, profile: Profile, *, safe: bool) -> bool:
        discharge = self._wire.judge(profile)
        if discharge is None:
            return True
        if not safe:
            return False
        try:
            await self._gate.permit(profile.evse.station, discharge)
        except (DischargeForbidden, MalformedCommand) as rule:
            log.info("profile.not_permitted_again", id=profile.id, why=str(rule))
            return False
        return True

    async def _clear(self, profile: Profile) -> None:
        """Make sure that it is gone: it may have outlived the restart all the same."""
        station = profile.evse.station
        try:
            await self._wire.clear(station, profile.id, urgency=Urgency.CANCEL)
        except (NoAnswer, RefusedByStation) as problem:
            log.warning("profile.not_cleared", station=station, why=str(problem))
            return
        self._ledger.cleared(station, profile.id)
