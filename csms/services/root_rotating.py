"""Works off changes of roots, station by station.

A station is given the new root and must show it in its own report. Once an operator has
made the switch, it loses the old root, if it came back since and still shows the new.
"""

import functools
from dataclasses import dataclass, replace
from datetime import timedelta

import structlog

from csms.clock import Clock
from csms.domain.certificate import RootUse, TrustedRoot
from csms.domain.errors import DomainError
from csms.domain.ids import StationId
from csms.services.alarm import Alarm
from csms.services.ports.certificate_store import (
    MemberStage,
    Rotation,
    RotationMember,
    RotationStage,
)
from csms.services.ports.profiles import Incident
from csms.services.ports.wire import NoAnswer, RefusedByStation
from csms.services.ports.work import Begin
from csms.services.root_rotation import SETTLED
from csms.services.station_certificates import NO_ANSWER, Outcome, StationCertificates
from csms.services.together import together

log = structlog.get_logger()

EVERY_REAL_S = 5.0
MOST_ATTEMPTS = 6
FIRST_WAIT = timedelta(seconds=30)
AT_ONCE = 8
FAILED = "rotation.station_failed"
_OVER = (MemberStage.CLEANED, MemberStage.LEFT_OUT, MemberStage.FAILED)


@dataclass(frozen=True, slots=True)
class RotationRunner:
    """Brings changes of roots forward.

    Attributes:
        clock: Where business time comes from.
        begin: Begins a unit of work.
        stations: Installs and deletes.
        wake: Wakes it.
    """

    clock: Clock
    begin: Begin
    stations: StationCertificates
    wake: Alarm

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            await self.step()
            await self.wake.wait(EVERY_REAL_S)

    async def step(self) -> None:
        """Bring every change of roots as far as it goes now."""
        async with self.begin() as work:
            rotations = await work.root_rotations.rotations(open_only=True)
        for each in rotations:
            await self._advance(each)

    async def _advance(self, rotation: Rotation) -> None:
        now, book = self.clock.now(), self.stations.book
        wanted = (
            MemberStage.VERIFIED
            if rotation.stage is RotationStage.SWITCHED
            else MemberStage.WAITING
        )
        due = [
            each
            for each in rotation.members
            if each.stage is wanted
            and each.due_at <= now
            and book.is_online(each.station)
        ]
        move = functools.partial(self._move, rotation)
        await together(due, move, at_once=AT_ONCE)
        await self._conclude(rotation.id)

    async def _move(self, rotation: Rotation, member: RotationMember) -> None:
        try:
            if rotation.stage is RotationStage.SWITCHED:
                moved = await self._clean(rotation, member)
            else:
                moved = await self._install(rotation, member)
        except NoAnswer as problem:
            moved = self._later(rotation, member, str(problem), NO_ANSWER)
        except (RefusedByStation, DomainError) as problem:
            moved = self._later(rotation, member, str(problem))
        async with self.begin() as work:
            held = await work.root_rotations.rotation(rotation.id)
            if held is None or held.stage not in _moving(rotation):
                return
            await work.root_rotations.save_member(rotation.id, moved)
            if moved.stage is MemberStage.FAILED:
                await work.certificates.raise_incident(self._incident(rotation, moved))

    async def _install(
        self, rotation: Rotation, member: RotationMember
    ) -> RotationMember:
        outcome = await self.stations.ensure(
            member.station, rotation.use, rotation.new, rotation.by
        )
        if not outcome.verified:
            return self._later(rotation, member, _words(outcome), outcome.status)
        return replace(member, stage=MemberStage.VERIFIED, attempts=0, detail="")

    async def _clean(
        self, rotation: Rotation, member: RotationMember
    ) -> RotationMember:
        station = member.station
        if not await self._came_back(rotation, station):
            return self._wait(member, "it has not come back since the switch")
        await self.stations.read(station)
        overview = await self.stations.overview(station)
        old = next(
            (
                each.installed
                for each in overview.held
                if _is(each.root, rotation.use, rotation.old)
            ),
            None,
        )
        if old is None:
            return replace(member, stage=MemberStage.CLEANED, detail="")
        if rotation.new not in await self._held(rotation.use, station):
            return self._wait(member, "it does not show the new root any more")
        outcome = await self.stations.delete(station, old.key, rotation.by)
        if not outcome.done or outcome.verified is False:
            return self._later(rotation, member, _words(outcome), outcome.status)
        return replace(member, stage=MemberStage.CLEANED, attempts=0, detail="")

    async def _conclude(self, number: int) -> None:
        """Bring the whole to its next stage if every station has come that far."""
        now = self.clock.now()
        async with self.begin() as work:
            rotation = await work.root_rotations.rotation(number)
            if rotation is None:
                return
            stages = {each.stage for each in rotation.members}
            stage = rotation.stage
            if stage is RotationStage.INSTALLING and stages <= set(SETTLED):
                stage = RotationStage.READY
            elif stage is RotationStage.READY and not stages <= set(SETTLED):
                stage = RotationStage.INSTALLING
            elif stage is RotationStage.SWITCHED and stages <= set(_OVER):
                stage = RotationStage.DONE
                await work.certificates.replace_root(
                    rotation.use, rotation.old, rotation.new
                )
            if stage is rotation.stage:
                return
            moved = replace(rotation, stage=stage, updated_at=now)
            await work.root_rotations.save_rotation(moved)
            await work.facts.add(
                f"rotation.{stage.value}", str(number), {"use": rotation.use.value}, now
            )
        log.info("rotation.moved", rotation=number, stage=stage.value)
        if stage is RotationStage.DONE:
            await self.stations.rules.trust.load()

    async def _held(self, use: RootUse, station: StationId) -> frozenset[str]:
        overview = await self.stations.overview(station)
        return frozenset(
            each.root.fingerprint
            for each in overview.held
            if each.root is not None and each.root.use is use
        )

    async def _came_back(self, rotation: Rotation, station: StationId) -> bool:
        """Tell whether a station connected since the switch: it knows the new root.

        Only roots of this system are needed for that.
        """
        if rotation.use is not RootUse.CSMS or rotation.switched_at is None:
            return True
        async with self.begin() as work:
            known = await work.stations.find(station)
        since = None if known is None else known.connected_at
        return since is not None and since > rotation.switched_at

    def _later(
        self,
        rotation: Rotation,
        member: RotationMember,
        detail: str,
        status: str = "",
    ) -> RotationMember:
        """Return a station that is tried again, or given up after many attempts.

        A station that does not answer is waited for; it is not its fault.
        """
        attempts = member.attempts + (status != NO_ANSWER)
        if attempts >= MOST_ATTEMPTS:
            installing = rotation.stage is not RotationStage.SWITCHED
            log.warning("rotation.station_failed", station=member.station, why=detail)
            kept = MemberStage.FAILED
            detail = f"{'new' if installing else 'old'} root: {detail}"
            return replace(member, stage=kept, attempts=attempts, detail=detail)
        return self._wait(replace(member, attempts=attempts), detail)

    def _wait(self, member: RotationMember, detail: str) -> RotationMember:
        wait: timedelta = FIRST_WAIT * 2**member.attempts
        return replace(member, due_at=self.clock.now() + wait, detail=detail)

    def _incident(self, rotation: Rotation, member: RotationMember) -> Incident:
        detail = {
            "certificate": rotation.new,
            "use": rotation.use.value,
            "change": rotation.id,
            "why": member.detail,
        }
        now = self.clock.now()
        return Incident(now, "warning", FAILED, member.station, None, None, detail)


def _moving(rotation: Rotation) -> tuple[RotationStage, ...]:
    """Return the stages in which what a station did still counts."""
    if rotation.stage is RotationStage.SWITCHED:
        return (RotationStage.SWITCHED,)
    return (RotationStage.INSTALLING, RotationStage.READY)


def _is(root: TrustedRoot | None, use: RootUse, fingerprint: str) -> bool:
    return root is not None and (root.use, root.fingerprint) == (use, fingerprint)


def _words(outcome: Outcome) -> str:
    if outcome.done:
        return f"{outcome.status}, but its report does not show it"
    return f"{outcome.status} {outcome.info}".strip()
