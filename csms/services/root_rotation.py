"""Change one root for the next over many stations, without losing any of them.

Every station is given the new root and must show it in its own report. Then an operator
makes the switch, and only stations that came back since lose the old root. A station
that does not take the new one keeps the old one.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import structlog

from csms.clock import Clock
from csms.domain.certificate import RootUse, flaw_of
from csms.domain.errors import Conflict, NotAllowed, NotFound
from csms.domain.ids import StationId
from csms.domain.station import Standing
from csms.services.alarm import Alarm
from csms.services.ports.certificate_store import (
    MemberStage,
    Rotation,
    RotationMember,
    RotationStage,
)
from csms.services.ports.work import Begin
from csms.services.reception import UnknownStation
from csms.services.roots import UnfitRoot
from csms.services.station_certificates import StationCertificates

log = structlog.get_logger()

SETTLED = (MemberStage.VERIFIED, MemberStage.LEFT_OUT)


class UnknownRotation(NotFound):
    """There is no such change of roots."""

    code = "unknown-rotation"
    usual_remedy = "see csms roots changes"


class RotationUnderway(Conflict):
    """Roots of this use are being changed already."""

    code = "rotation-underway"


class NotReady(NotAllowed):
    """Not every station shows the new root."""

    code = "rotation-not-ready"


class NotServing(NotAllowed):
    """This system does not present itself under the new root yet."""

    code = "not-serving"


class WrongStage(Conflict):
    """This cannot be done at the stage of the change of roots."""

    code = "wrong-stage"
    usual_remedy = "see csms roots changes"


@dataclass(frozen=True, slots=True)
class RootRotations:
    """What operators decide about changes of roots.

    Attributes:
        clock: Where business time comes from.
        begin: Begins a unit of work.
        stations: Installs and deletes.
        wake: Wakes the worker.
    """

    clock: Clock
    begin: Begin
    stations: StationCertificates
    wake: Alarm

    async def start(
        self,
        use: RootUse,
        old: str,
        new: str,
        by: str,
        stations: Sequence[StationId] | None = None,
    ) -> Rotation:
        """Begin to change a root for the next.

        Args:
            use: What both are for.
            old: The fingerprint of the one that goes.
            new: The fingerprint of the one that comes.
            by: Who wants it.
            stations: Where; every station that is not rejected without them.

        Raises:
            UnknownRoot: If the trust store lacks one of them.
            UnfitRoot: If the new one cannot serve.
            UnknownStation: If there is no such station.
            RotationUnderway: If roots of this use are being changed already.
        """
        now = self.clock.now()
        trust = self.stations.rules.trust
        gone, comes = trust.find(use, old), trust.find(use, new)
        if (flaw := flaw_of(comes.facts, use, now)) is not None:
            raise UnfitRoot(comes.facts, use, flaw)
        if gone.fingerprint == comes.fingerprint:
            raise WrongStage("the old and the new root are the same", field="new")
        members = tuple(
            RotationMember(each, MemberStage.WAITING, 0, now)
            for each in self._chosen(stations)
        )
        rotation = Rotation(
            0,
            use,
            gone.fingerprint,
            comes.fingerprint,
            RotationStage.INSTALLING,
            by,
            now,
            now,
            members=members,
        )
        async with self.begin() as work:
            for each in await work.root_rotations.rotations(open_only=True):
                if each.use is use:
                    raise RotationUnderway(
                        f"change {each.id} is on its way",
                        remedy=f"end it first: csms roots cancel {each.id}",
                    )
            number = await work.root_rotations.add_rotation(rotation)
            said = {"use": use.value, "old": gone.fingerprint, "new": comes.fingerprint}
            await work.access.audit(by, "rotation.started", str(number), said, now)
            await work.facts.add("rotation.started", str(number), said, now)
        self.wake.ring()
        return replace(rotation, id=number)

    async def switch(
        self, number: int, by: str, leave_out: Sequence[StationId] = ()
    ) -> Rotation:
        """Say that this system presents itself under the new root from now on.

        Args:
            number: Which change.
            by: Who says so.
            leave_out: Stations to go on without; they keep the old root.

        Raises:
            UnknownRotation: If there is none.
            WrongStage: If the switch was made, or the change is over.
            NotReady: If a station does not show the new root, and is not left out.
            NotServing: If it is known that we do not present ourselves under it.
        """
        now = self.clock.now()
        async with self.begin() as work:
            found = await work.root_rotations.rotation(number)
            rotation = _at(found, number, RotationStage.INSTALLING, RotationStage.READY)
            members = [
                replace(each, stage=MemberStage.LEFT_OUT)
                if each.station in leave_out and each.stage not in SETTLED
                else each
                for each in rotation.members
            ]
            behind = [each.station for each in members if each.stage not in SETTLED]
            if behind:
                raise NotReady(
                    f"{len(behind)} stations do not show the new root, such as "
                    f"{behind[0]}",
                    field="leave_out",
                    remedy="wait, or leave them out: they keep the old root",
                )
            self._check_serving(rotation)
            switched = replace(
                rotation, stage=RotationStage.SWITCHED, switched_at=now, updated_at=now
            )
            await work.root_rotations.save_rotation(switched)
            for each in members:
                due = replace(each, due_at=now, attempts=0, detail="")
                await work.root_rotations.save_member(number, due)
            said = {"left_out": [str(each) for each in leave_out]}
            await work.access.audit(by, "rotation.switched", str(number), said, now)
            await work.facts.add("rotation.switched", str(number), said, now)
        self.wake.ring()
        return replace(switched, members=tuple(members))

    async def cancel(self, number: int, by: str) -> None:
        """End a change of roots; what was installed stays, and nothing is deleted.

        Raises:
            UnknownRotation: If there is none.
            WrongStage: If it is over.
        """
        now = self.clock.now()
        async with self.begin() as work:
            found = await work.root_rotations.rotation(number)
            rotation = _at(
                found,
                number,
                RotationStage.INSTALLING,
                RotationStage.READY,
                RotationStage.SWITCHED,
            )
            over = replace(rotation, stage=RotationStage.CANCELLED, updated_at=now)
            await work.root_rotations.save_rotation(over)
            await work.access.audit(by, "rotation.cancelled", str(number), {}, now)

    async def retry(self, number: int, station: StationId, by: str) -> None:
        """Try again with a station that failed.

        Raises:
            UnknownRotation: If there is none, or the station is no part of it.
            WrongStage: If it did not fail, or the change is over.
        """
        now = self.clock.now()
        async with self.begin() as work:
            found = await work.root_rotations.rotation(number)
            rotation = _at(found, number, RotationStage.INSTALLING, RotationStage.READY)
            member = next(
                (each for each in rotation.members if each.station == station), None
            )
            if member is None:
                raise UnknownRotation(f"{station} is no part of change {number}")
            if member.stage is not MemberStage.FAILED:
                raise WrongStage(f"{station} is {member.stage}")
            again = RotationMember(station, MemberStage.WAITING, 0, now)
            await work.root_rotations.save_member(number, again)
            await work.access.audit(
                by, "rotation.retried", str(number), {"station": station}, now
            )
        self.wake.ring()

    async def list(self) -> Sequence[Rotation]:
        """Return every change of roots, the youngest first."""
        async with self.begin() as work:
            return await work.root_rotations.rotations()

    def _check_serving(self, rotation: Rotation) -> None:
        serving = self.stations.rules.serving.serving()
        if rotation.use is not RootUse.CSMS or serving is None:
            return
        if rotation.new not in serving:
            raise NotServing(
                "our own certificate is not under the new root yet",
                remedy="install the new server certificate first",
            )

    def _chosen(self, stations: Sequence[StationId] | None) -> Sequence[StationId]:
        book = self.stations.book
        if stations is None:
            return [
                each.id
                for each in book.stations()
                if each.standing is not Standing.REJECTED
            ]
        for each in stations:
            if book.station(each) is None:
                raise UnknownStation(f"there is no station {each}", field="stations")
        return sorted(set(stations))


def _at(rotation: Rotation | None, number: int, *stages: RotationStage) -> Rotation:
    if rotation is None:
        raise UnknownRotation(f"there is no change {number} of roots")
    if rotation.stage not in stages:
        raise WrongStage(f"change {number} of roots is {rotation.stage}")
    return rotation
