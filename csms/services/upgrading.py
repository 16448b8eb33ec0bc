"""Brings stations to a higher security profile, or back to the old way (A05)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from csms.clock import Clock, pause
from csms.domain.errors import Broken, Conflict, NotFound
from csms.domain.ids import StationId
from csms.domain.security import SecurityProfile, SecurityUpgrade, UpgradeState
from csms.services.identities import Identities
from csms.services.ports.profiles import Incident
from csms.services.ports.wire import NoAnswer, RefusedByStation
from csms.services.ports.work import Begin
from csms.services.reception import UnknownStation
from csms.services.stations import StationBook
from csms.services.upgrade_steps import StepRefused, Steps, StepWaits, Ways

log = structlog.get_logger()

State = UpgradeState


class NotHigher(Conflict):
    """The station comes in with this profile, or a higher one, already."""

    code = "not-higher"


class NoPlace(Broken):
    """There is no port for this security profile."""

    code = "no-place"


class NoUpgrade(NotFound):
    """No upgrade of this station is under way."""

    code = "no-upgrade"
    usual_remedy = "see csms stations security"


@dataclass(frozen=True, slots=True)
class UpgradePolicy:
    """How long an upgrade may take.

    Attributes:
        step: For everything up to the restart, the certificate included.
        absence: From the restart until the station is back; a transaction under way
            delays the restart (OnIdle).
        every_s: Real seconds between two looks.
    """

    step: timedelta = timedelta(hours=1)
    absence: timedelta = timedelta(hours=12)
    every_s: float = 5.0


class Upgrades:
    """Takes stations step by step to a higher profile; each step is kept before it.

    The old way to connect stays the second choice of the station until it has come in
    by the new one. From then on nothing less is accepted of it (A05.FR.07).
    """

    def __init__(
        self,
        clock: Clock,
        begin: Begin,
        book: StationBook,
        identities: Identities,
        ways: Ways,
        policy: UpgradePolicy,
    ) -> None:
        self._clock = clock
        self._begin = begin
        self._book = book
        self._identities = identities
        self._ways = ways
        self._policy = policy
        self._steps = Steps(clock, begin, ways)

    async def begin(
        self,
        station: StationId,
        target: SecurityProfile,
        by: str,
        interface: str = "Wired0",
    ) -> SecurityUpgrade:
        """Begin an upgrade; it goes on by itself.

        Raises:
            UnknownStation: If no such station is in the registry.
            NotHigher: If the station comes in with this profile already.
            NoPlace: If we have no port for it.
            Conflict: If an upgrade of the station is under way.
        """
        if self._book.station(station) is None:
            raise UnknownStation(f"there is no station {station}")
        door = self._identities.door(station)
        if target <= max(door.least, door.last_profile or SecurityProfile.BASIC):
            raise NotHigher(field="profile", remedy="name a higher one")
        if self._ways.place(target) is None:
            raise NoPlace(
                f"there is no port for security profile {int(target)}",
                field="profile",
                remedy="set CSMS_OCPP_TLS_PORT or CSMS_OCPP_MTLS_PORT",
            )
        now = self._clock.now()
        upgrade = SecurityUpgrade(
            0, station, target, State.ROOT, now, now, now + self._policy.step, by,
            interface,
        )  # fmt: skip
        async with self._begin() as work:
            upgrade = await work.security.begin_upgrade(upgrade)
            said = {"target": int(target)}
            await work.access.audit(by, "security.upgrading", station, said, now)
        return upgrade

    def targets(self, station: StationId) -> tuple[SecurityProfile, ...]:
        """Return the higher profiles that a station can be brought to from here."""
        door = self._identities.door(station)
        present = max(door.least, door.last_profile or SecurityProfile.BASIC)
        return tuple(
            each
            for each in SecurityProfile
            if each > present and self._ways.place(each) is not None
        )

    async def cancel(self, station: StationId, by: str) -> SecurityUpgrade:
        """End an upgrade; a station that was told a new order is told the old one.

        Raises:
            NoUpgrade: If none is under way.
        """
        async with self._begin() as work:
            opened = await work.security.upgrades(station, opened=True)
        if not opened:
            raise NoUpgrade
        upgrade = opened[0]
        touched = upgrade.state not in {State.ROOT, State.CERTIFICATE, State.SLOT}
        state = State.FALLING_BACK if touched else State.CANCELLED
        turned = await self._turn(upgrade, state, f"ended by {by}")
        if turned is None:
            raise NoUpgrade
        return turned

    async def history(self, station: StationId) -> Sequence[SecurityUpgrade]:
        """Return every upgrade of a station, youngest first."""
        async with self._begin() as work:
            return await work.security.upgrades(station)

    async def entered(
        self, station: StationId, profile: SecurityProfile, _certificate: str
    ) -> None:
        """Finish the upgrade of a station that has come in by the higher profile."""
        async with self._begin() as work:
            opened = await work.security.upgrades(station, opened=True)
        for each in opened:
            if profile >= each.target:
                await self._identities.demand(station, each.target, "system")
                await self._turn(each, State.DONE, "")

    async def run(self) -> None:
        """Work on what is under way, for ever."""
        while True:
            await self.step()
            await pause(self._policy.every_s)

    async def step(self) -> None:
        """Bring every upgrade as far as it gets now."""
        async with self._begin() as work:
            opened = await work.security.upgrades(opened=True)
        for each in opened:
            upgrade: SecurityUpgrade | None = each
            while upgrade is not None and upgrade.state.is_open:
                upgrade = await self._next(upgrade)

    async def _next(self, upgrade: SecurityUpgrade) -> SecurityUpgrade | None:
        """Do the next step; return the upgrade after it, or none if it has to wait."""
        here = self._ways.connections.is_connected(upgrade.station)
        if upgrade.state is State.RETURNING:
            return await self._look(upgrade, here=here)
        if not here:
            return await self._wait(upgrade, "the station is not connected")
        try:
            after = await self._step_of(upgrade)
        except (StepWaits, NoAnswer) as error:
            return await self._wait(upgrade, str(error))
        except (StepRefused, RefusedByStation) as error:
            return await self._refused(upgrade, str(error))
        if after.state is upgrade.state:
            return after if await self._save(after) else None
        return await self._turn(after, after.state, after.reason)

    async def _step_of(self, upgrade: SecurityUpgrade) -> SecurityUpgrade:
        steps = {
            State.ROOT: self._steps.root,
            State.CERTIFICATE: self._steps.certificate,
            State.SLOT: self._steps.slot,
            State.PRIORITY: self._steps.priority,
            State.RESET: self._steps.reset,
            State.FALLING_BACK: self._steps.fall_back,
        }
        return await steps[upgrade.state](upgrade)

    async def _look(
        self, upgrade: SecurityUpgrade, *, here: bool
    ) -> SecurityUpgrade | None:
        """See whether a station that was to restart has come back as it was.

        One that came by the new way may boot before that is written down.
        """
        came = self._identities.came_by(upgrade.station)
        if here and came is not None and came >= upgrade.target:
            await self.entered(upgrade.station, came, "")
            return None
        known = self._book.station(upgrade.station)
        now = self._clock.now()
        booted = known.booted_at if known is not None else None
        restarted = booted is not None and booted > upgrade.changed_at
        if here and (restarted or now > upgrade.deadline):
            reason = "it came back by the old way"
            if not restarted:
                reason = "it was not restarted in time"
            return await self._turn(upgrade, State.FALLING_BACK, reason)
        if now > upgrade.deadline and not upgrade.reason:
            late = replace(upgrade, reason="it has not come back in time")
            await self._save(late)
            await self._tell(late, "critical")
        return None

    # States

    async def _refused(
        self, upgrade: SecurityUpgrade, reason: str
    ) -> SecurityUpgrade | None:
        """End it; what the station has set already is taken back."""
        if upgrade.state is State.FALLING_BACK:
            return await self._turn(upgrade, State.FELL_BACK, reason)
        if upgrade.state in {State.PRIORITY, State.RESET}:
            return await self._turn(upgrade, State.FALLING_BACK, reason)
        return await self._turn(upgrade, State.REFUSED, reason)

    async def _wait(
        self, upgrade: SecurityUpgrade, reason: str
    ) -> SecurityUpgrade | None:
        """Try again later, unless it takes too long; the way back has all the time."""
        if upgrade.state is State.FALLING_BACK:
            return None
        if self._clock.now() > upgrade.deadline:
            return await self._refused(upgrade, f"{reason}, and its time is over")
        if upgrade.reason != reason:
            await self._save(replace(upgrade, reason=reason))
        return None

    async def _turn(
        self, upgrade: SecurityUpgrade, state: UpgradeState, reason: str
    ) -> SecurityUpgrade | None:
        """Keep the next state; return nothing if the upgrade has ended meanwhile."""
        now = self._clock.now()
        after = replace(
            upgrade, state=state, reason=reason, changed_at=now,
            deadline=self._deadline(upgrade, state, now),
        )  # fmt: skip
        async with self._begin() as work:
            if not await work.security.save_upgrade(after):
                return None
            if not state.is_open:
                said = {"target": int(after.target), "reason": reason}
                action = f"security.upgrade_{state.value}"
                await work.access.audit(after.by, action, after.station, said, now)
        log.info(
            "security.upgrade",
            station=after.station,
            state=state.value,
            reason=reason,
        )
        if state in {State.FELL_BACK, State.REFUSED}:
            await self._tell(after, "warning")
        return after

    def _deadline(
        self, upgrade: SecurityUpgrade, state: UpgradeState, now: datetime
    ) -> datetime:
        return (
            now + self._policy.absence if state is State.RETURNING else upgrade.deadline
        )

    async def _save(self, upgrade: SecurityUpgrade) -> bool:
        async with self._begin() as work:
            return await work.security.save_upgrade(upgrade)

    async def _tell(self, upgrade: SecurityUpgrade, severity: str) -> None:
        detail = {
            "target": int(upgrade.target),
            "state": upgrade.state.value,
            "reason": upgrade.reason,
        }
        kind = "security.upgrade"
        now = self._clock.now()
        async with self._begin() as work:
            await work.profiles.note(
                Incident(now, severity, kind, upgrade.station, None, None, detail)
            )
