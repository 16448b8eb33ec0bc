"""Controls of the grid as a resource: set, read, clear; what runs and what it excuses.

They belong to the utility. Dispatch reads them and never fights them; what could make
an EVSE discharge passes the gate like everything else.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from csms.domain.der import DEFAULTS_ONLY, Control, FixedPowerFactor, Kind, body_of
from csms.domain.errors import Broken, NotAllowed
from csms.domain.ids import StationId
from csms.domain.station import EDITION_21
from csms.domain.station import Standing as StationStanding
from csms.services.asking import StationRejected
from csms.services.der_documents import control_document
from csms.services.permitting import DischargeGate
from csms.services.ports.der import (
    IN_PLACE,
    Alarm,
    ControlState,
    DerWire,
    HeldControl,
    SetReply,
)
from csms.services.ports.wire import Discharge, Means, NoAnswer, Reply
from csms.services.reception import UnknownStation
from csms.services.world import World

_STATES = {
    "Accepted": ControlState.ACCEPTED,
    "Rejected": ControlState.REJECTED,
    "NotSupported": ControlState.NOT_SUPPORTED,
}


class UnsupportedControl(NotAllowed):
    """The station does not follow such a control."""

    code = "unsupported-control"
    usual_remedy = "see csms stations variables for what it can do"


@dataclass(frozen=True, slots=True)
class DerControls:
    """What is known and asked of stations as resources of the grid.

    Attributes:
        world: The means of the node.
        wire: Asks stations.
        gate: Holds discharges against the rules.
    """

    world: World
    wire: DerWire
    gate: DischargeGate

    async def controls(self, station: StationId) -> Sequence[HeldControl]:
        """Return the controls of a station; what is over is said to be.

        Raises:
            UnknownStation: If no such station is in the registry.
        """
        self._known(station)
        now = self.world.clock.now()
        async with self.world.begin() as work:
            found = await work.der.controls(station)
        return [_aged(each, now) for each in found]

    async def alarms(self, station: StationId, limit: int = 50) -> Sequence[Alarm]:
        """Return the latest alarms of a station, youngest first."""
        self._known(station)
        async with self.world.begin() as work:
            return await work.der.alarms(station, limit)

    async def check(self, station: StationId, control: Control) -> None:
        """Raise what ``set`` would raise, and send nothing.

        Raises:
            UnsupportedControl: If the station cannot follow it.
            Broken: If it breaks a rule of the standard.
            DischargeForbidden: If it would discharge, and a rule forbids that.
        """
        self._known(station)
        self._supported(station, control.kind)
        check_control(control, self.world.clock.now())
        discharge = self.wire.judge(control)
        if discharge is not None:
            await self.gate.permit(station, discharge)

    async def set(self, station: StationId, control: Control, by: str) -> SetReply:
        """Set a control, and keep what it supersedes (R04.FR.03 to FR.08)."""
        await self.check(station, control)
        now = self.world.clock.now()
        held = HeldControl(station, control, ControlState.SENT, by=by, sent_at=now)
        await self._keep([held])
        try:
            said = await self.wire.set(station, control)
        except NoAnswer:
            await self._keep([replace(held, state=ControlState.UNKNOWN)])
            raise
        status, info = said.reply.status, said.reply.info
        state = _STATES.get(status, ControlState.REJECTED)
        fresh = replace(held, state=state, detail=info or None)
        others = await self._others(station, control.id)
        changed = [fresh]
        changed += [
            replace(each, superseded=True)
            for each in others
            if each.control.id in said.superseded
        ]
        if state is ControlState.ACCEPTED and control.id in said.superseded:
            changed[0] = replace(fresh, superseded=True)
        await self._keep(changed)
        detail = {**control_document(control), "result": status, "info": info}
        if said.superseded:
            detail["superseded"] = list(said.superseded)
        await self._audit(by, "der.set", station, detail)
        return said

    async def clear(
        self,
        station: StationId,
        by: str,
        *,
        default: bool,
        kind: Kind | None = None,
        control: str | None = None,
    ) -> Reply:
        """Clear controls (R04.FR.41 to FR.46).

        Raises:
            Broken: If both a kind and an id are named.
            DischargeForbidden: If it would let a discharge go on that may not.
        """
        self._known(station)
        if kind is not None and control is not None:
            raise Broken("name a kind or a control, not both", field="control_id")
        freed = Discharge(None, frozenset({Means.RESUMING}), finite=True)
        await self.gate.permit(station, freed)
        reply = await self.wire.clear(
            station, default=default, kind=kind, control=control
        )
        gone = reply.accepted or reply.status == "NotFound"
        if gone:
            await self._keep(
                [
                    replace(each, state=ControlState.CLEARED)
                    for each in await self._others(station, None)
                    if each.control.default is default
                    and kind in (None, each.control.kind)
                    and control in (None, each.control.id)
                ]
            )
        detail = {
            "default": default,
            "kind": kind,
            "control": control,
            "result": reply.status,
        }
        await self._audit(by, "der.cleared", station, detail)
        return reply

    async def refresh(self, station: StationId) -> Sequence[HeldControl]:
        """Ask the station which controls it holds, and return what is known then.

        Raises:
            NoAnswer: If it cannot be asked or does not answer.
            RefusedByStation: If it answers by an error.
            TimeoutError: If the report that it promised does not come.
        """
        self._known(station)
        found = {e.control.id: e for e in await self.wire.report(station)}
        now = self.world.clock.now()
        before = {each.control.id: each for each in await self.controls(station)}
        changed: list[HeldControl] = []
        for name, said in found.items():
            known = before.get(name) or HeldControl(
                station, said.control, ControlState.REPORTED, ours=False
            )
            changed.append(
                replace(
                    known,
                    state=ControlState.REPORTED,
                    superseded=said.superseded,
                    reported=said.control,
                    reported_at=now,
                )
            )
        for name, known in before.items():
            if name not in found and known.state in IN_PLACE:
                changed.append(
                    replace(
                        known,
                        state=ControlState.MISSING,
                        reported=None if known.ours else known.reported,
                        reported_at=now,
                    )
                )
        await self._keep(changed)
        return await self.controls(station)

    # -- what stations say ------------------------------------------------------------

    async def started(
        self,
        station: StationId,
        control: str,
        at: datetime,
        superseded: Sequence[str],
        *,
        running: bool,
    ) -> bool:
        """Keep that a control begins or ceases to run (R04.FR.20 to FR.22).

        Returns:
            Whether such a control is known.
        """
        known = {each.control.id: each for each in await self._others(station, None)}
        changed: list[HeldControl] = []
        if (held := known.get(control)) is not None:
            moved = (
                replace(held, started_at=at)
                if running
                else replace(held, stopped_at=at)
            )
            changed.append(moved)
        for name in superseded:
            if (other := known.get(name)) is not None:
                ended = at if other.running else other.stopped_at
                changed.append(replace(other, superseded=True, stopped_at=ended))
        await self._keep(changed)
        return held is not None

    async def alarm(self, alarm: Alarm) -> None:
        """Keep an alarm, or that another control has taken it over (R05.FR.03)."""
        async with self.world.begin() as work:
            await work.der.begin_alarm(alarm)

    async def alarm_over(self, station: StationId, at: datetime) -> bool:
        """Keep that the alarm is over: there is never more than one (R05.FR.04).

        Returns:
            Whether there was one.
        """
        async with self.world.begin() as work:
            return bool(await work.der.end_alarms(station, at))

    # -- helpers ----------------------------------------------------------------------

    def _supported(self, station: StationId, kind: Kind) -> None:
        can = self.world.book.capability(station)
        if can.edition != EDITION_21:
            raise UnsupportedControl(f"{station} does not speak 2.1")
        if kind.value not in can.der_kinds:
            known = ", ".join(sorted(can.der_kinds)) or "none"
            raise UnsupportedControl(
                f"{station} does not follow {kind.value}",
                field="kind",
                remedy=f"its device model says that it follows: {known}",
            )

    def _known(self, station: StationId) -> None:
        known = self.world.book.station(station)
        if known is None:
            raise UnknownStation(f"there is no station {station}")
        if known.standing is StationStanding.REJECTED:
            raise StationRejected

    async def _others(
        self, station: StationId, but: str | None
    ) -> Sequence[HeldControl]:
        async with self.world.begin() as work:
            found = await work.der.controls(station)
        return [each for each in found if each.control.id != but]

    async def _keep(self, controls: Sequence[HeldControl]) -> None:
        if controls:
            async with self.world.begin() as work:
                await work.der.save_controls(controls)

    async def _audit(
        self, by: str, what: str, station: StationId, detail: Mapping[str, Any]
    ) -> None:
        now = self.world.clock.now()
        async with self.world.begin() as work:
            await work.access.audit(by, what, station, detail, now)


def check_control(control: Control, now: datetime) -> None:
    """Hold a control against the standard.

    Raises:
        Broken: If it breaks a rule; the field is named.
    """
    timed = control.start is not None or control.duration is not None
    if control.default and timed:
        raise Broken(
            "a default has neither start nor duration (R04.FR.12)", field="start"
        )
    if control.kind in DEFAULTS_ONLY and not control.default:
        raise Broken(
            f"{control.kind} exists as a default only (R04.FR.14)", field="default"
        )
    if not isinstance(control.body, body_of(control.kind)):
        raise Broken(f"{control.kind} asks something else (R04.FR.16)", field="body")
    if control.duration is not None and control.duration <= timedelta(0):
        raise Broken("it lasts no time", field="duration_s")
    if control.expired(now):
        raise Broken("it is over already (R04.FR.10)", field="start")
    if isinstance(control.body, FixedPowerFactor):
        absorbs = control.kind is Kind.FIXED_PF_ABSORB
        if control.body.absorbs is not absorbs:
            raise Broken("the excitation contradicts the kind", field="body.absorbs")


def _aged(held: HeldControl, now: datetime) -> HeldControl:
    over = held.state in IN_PLACE and held.control.expired(now)
    return replace(held, state=ControlState.EXPIRED) if over else held
