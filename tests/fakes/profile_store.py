"""Stations that keep charging profiles and follow them, well or badly."""

import asyncio
import json
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal

from csms.domain.ids import EvseId, StationId
from csms.domain.profile import Composite, Kind, Profile, Purpose, VendorCommand
from csms.services.ports.profiles import Urgency, Verdict
from csms.services.ports.wire import NoAnswer, RefusedByStation, Silence

Method = Literal["set", "command", "update", "clear", "held"]
Hook = Callable[[StationId, Any], Awaitable[None]]

ACCEPTED = Verdict(accepted=True)


def rejected(reason: str = "InvalidProfile") -> Verdict:
    return Verdict(accepted=False, reason=reason)


async def _nothing(_: StationId, __: object) -> None:
    return None


@dataclass
class FakeStations:
    """The port ``ProfileWire``, of any number of stations.

    Attributes:
        now: Business time.
        stored: What each station holds, by profile id.
        told_at: When each Dynamic profile was last told its setpoint.
        commands: The setpoint that a vendor's own command has set, by EVSE.
        calls: Everything that was asked, in order.
        before: Runs before a method has its effect; may raise or wait.
        after: Runs after it.
        verdict: What a method answers in place of doing what it is asked.
        echo: What a station reports of a profile that it holds.
        forgets: Whether what is accepted is not kept.
        ignores_clear: Whether nothing is ever cleared.
    """

    now: Callable[[], datetime]
    stored: dict[StationId, dict[int, Profile]] = field(
        default_factory=lambda: defaultdict(dict)
    )
    told_at: dict[tuple[StationId, int], datetime] = field(default_factory=dict)
    commands: dict[EvseId, dict[str, Any]] = field(default_factory=dict)
    calls: list[tuple[str, StationId, Any]] = field(default_factory=list)
    before: dict[str, Hook] = field(default_factory=dict)
    after: dict[str, Hook] = field(default_factory=dict)
    verdict: dict[str, Callable[[Any], Verdict | None]] = field(default_factory=dict)
    echo: Callable[[Profile], Profile] = lambda profile: profile
    forgets: bool = False
    ignores_clear: bool = False

    # -- the port --------------------------------------------------------------------

    async def set(self, profile: Profile, *, urgency: Urgency) -> Verdict:
        station = profile.evse.station
        await self._arrive("set", station, (profile, urgency))
        verdict = self._said("set", profile)
        if verdict.accepted and not (self.forgets and profile.purpose is Purpose.TX):
            self.stored[station][profile.id] = profile
            self.told_at[station, profile.id] = self.now()
        await self.after.get("set", _nothing)(station, profile)
        return verdict

    async def command(self, command: VendorCommand, *, urgency: Urgency) -> Verdict:
        station = command.evse.station
        await self._arrive("command", station, (command, urgency))
        verdict = self._said("command", command)
        if verdict.accepted:
            said = json.loads(command.data)
            if "setpointW" in said:
                self.commands[command.evse] = said
            else:
                self.commands.pop(command.evse, None)
        await self.after.get("command", _nothing)(station, command)
        return verdict

    async def update(self, profile: Profile, *, expires_s: float) -> Verdict:
        station = profile.evse.station
        await self._arrive("update", station, (profile, expires_s))
        if profile.id not in self.stored[station]:
            return rejected()
        verdict = self._said("update", profile)
        if verdict.accepted:
            kept = self.stored[station][profile.id]
            self.stored[station][profile.id] = replace(kept, periods=profile.periods)
            self.told_at[station, profile.id] = self.now()
        await self.after.get("update", _nothing)(station, profile)
        return verdict

    async def clear(
        self, station: StationId, profile_id: int, *, urgency: Urgency
    ) -> bool:
        await self._arrive("clear", station, (profile_id, urgency))
        found = profile_id in self.stored[station]
        if not self.ignores_clear:
            self.stored[station].pop(profile_id, None)
        await self.after.get("clear", _nothing)(station, profile_id)
        return found

    async def held(self, station: StationId, ids: Sequence[int]) -> Sequence[Profile]:
        await self._arrive("held", station, tuple(ids))
        kept = self.stored[station]
        report = [self.echo(kept[each]) for each in ids if each in kept]
        await self.after.get("held", _nothing)(station, tuple(ids))
        return report

    async def composite(self, evse: EvseId, seconds: int) -> Composite | None:
        del evse, seconds
        return None

    # -- what a test may ask ---------------------------------------------------------

    def events_at(self, evse: EvseId) -> list[Profile]:
        """Return the TxProfiles that the EVSE holds."""
        return [
            each
            for each in self.stored[evse.station].values()
            if each.purpose is Purpose.TX and each.evse == evse
        ]

    def flow(self, evse: EvseId) -> float:
        """Return what the station makes flow now on its own, negative for export."""
        now = self.now()
        said = self.commands.get(evse)
        if said is not None:
            start = datetime.fromisoformat(said["startAt"])
            if start <= now < datetime.fromisoformat(said["endAt"]):
                return float(said["setpointW"])
        flows = [self._flow(each, now) for each in self.events_at(evse)]
        return min(flows, default=0.0)

    def names(self, station: StationId | None = None) -> list[str]:
        """Return the methods that were called, without the routine of floors."""
        found = []
        for name, where, what in self.calls:
            floor = name == "set" and what[0].purpose is not Purpose.TX
            floors = name == "held" and len(what) > 1
            if not floor and not floors and station in (None, where):
                found.append(name)
        return found

    def _flow(self, profile: Profile, now: datetime) -> float:
        start = profile.start or self.told_at[profile.evse.station, profile.id]
        if profile.valid_from is not None and now < profile.valid_from:
            return 0.0
        if profile.valid_to is not None and now >= profile.valid_to:
            return 0.0
        offset = (now - start).total_seconds()
        if profile.duration and offset >= profile.duration.total_seconds():
            return 0.0
        running = [each for each in profile.periods if each.start_s <= offset]
        if not running:
            return 0.0
        period = running[-1]
        value = period.setpoint if period.setpoint is not None else period.limit
        return min(value or 0.0, 0.0)

    async def _arrive(self, method: Method, station: StationId, what: object) -> None:
        self.calls.append((method, station, what))
        await self.before.get(method, _nothing)(station, what)

    def _said(self, method: Method, what: object) -> Verdict:
        answer = self.verdict.get(method, lambda _: None)(what)
        return ACCEPTED if answer is None else answer


def silent(kind: Silence = Silence.UNANSWERED, times: int = 10**6) -> Hook:
    """Return a hook of a station that does not answer, so many times."""
    left = [times]

    async def hook(station: StationId, _: object) -> None:
        if left[0] > 0:
            left[0] -= 1
            raise NoAnswer(station, kind)

    return hook


def broken(times: int = 10**6, code: str = "InternalError") -> Hook:
    """Return a hook of a station that answers by a CALLERROR, so many times."""
    left = [times]

    async def hook(station: StationId, _: object) -> None:
        if left[0] > 0:
            left[0] -= 1
            raise RefusedByStation(station, code)

    return hook


def slow(gate: asyncio.Event, only: Iterable[StationId] = ()) -> Hook:
    """Return a hook that waits at a gate."""
    stations = set(only)

    async def hook(station: StationId, _: object) -> None:
        if not stations or station in stations:
            await gate.wait()

    return hook


def is_dynamic(profile: Profile) -> bool:
    return profile.kind is Kind.DYNAMIC
