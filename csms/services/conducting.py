"""One profile on one EVSE: given, read back, taken back; each step written down first.

What is written before it is sent can be found again after a crash. What a station did
when it did not answer is unknown, and is found out by asking it (rule 17).
"""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, replace
from enum import Enum, auto

import structlog

from csms.charging.compiling import Terms, clear_command, safe_replacement
from csms.domain.ids import EventId, EvseId, StationId, TransactionId
from csms.domain.profile import Kind, Profile, Purpose, RateUnit, Role, VendorCommand
from csms.domain.units import Power
from csms.services.ports.profiles import (
    HELD,
    Intent,
    IntentState,
    ProfileWire,
    Urgency,
)
from csms.services.ports.wire import NoAnswer, RefusedByStation
from csms.services.world import World

log = structlog.get_logger()

Keep = Callable[[Intent], None]

Sampler = Callable[[StationId, bool], Awaitable[None]]
"""Makes a station measure as often as an event needs, or as seldom as before."""

_TOLERANCE_W = 1.0


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an EVSE should hold for an event.

    Attributes:
        content: The profile, or the vendor's own command.
        fingerprint: Equal for equal orders, whatever the state of charge since.
        power: What it makes flow: negative.
    """

    evse: EvseId
    event: EventId
    transaction: TransactionId
    content: Profile | VendorCommand
    fingerprint: str
    power: Power
    profile_id: int


@dataclass(frozen=True, slots=True)
class Target:
    """What an EVSE should hold, before it is put into words.

    Attributes:
        fingerprint: Equal for equal orders, whatever the state of charge since.
        power: What should flow: negative.
        readable: Whether the station can be asked what it holds.
    """

    fingerprint: str
    power: Power
    readable: bool


class Step(Enum):
    """What to do next for one EVSE."""

    NOTHING = auto()
    GIVE = auto()
    READ_BACK = auto()
    TAKE_BACK = auto()
    PUSH = auto()


class Trust(Enum):
    """How much is known of what an EVSE holds."""

    FULL = auto()
    """It was told, and nothing happened since."""
    DOUBT = auto()
    """It was away, or did not answer: what it holds must be read back."""
    VOID = auto()
    """It was away so long that it may have let go: what it holds is given again."""


def next_step(target: Target | None, intent: Intent | None, trust: Trust) -> Step:
    """Return the one step that brings an EVSE closer to what it should hold.

    Args:
        target: What it should hold; none for nothing.
        intent: What it was last given, if anything.
        trust: How much is known of what it holds.
    """
    if intent is None or intent.state not in HELD:
        return Step.NOTHING if target is None else Step.GIVE
    if target is None:
        return Step.TAKE_BACK
    if target.fingerprint != intent.fingerprint or trust is Trust.VOID:
        return Step.GIVE
    uncertain = trust is Trust.DOUBT or intent.state in (
        IntentState.SENT,
        IntentState.UNKNOWN,
    )
    if not target.readable:
        return Step.GIVE if uncertain else Step.NOTHING
    if uncertain or intent.state is IntentState.ACCEPTED:
        return Step.READ_BACK
    return Step.NOTHING


class Conductor:
    """Takes single steps; the dispatcher decides which."""

    def __init__(self, world: World, wire: ProfileWire, sample: Sampler) -> None:
        self._clock = world.clock
        self._begin = world.begin
        self._wire = wire
        self._sample = sample
        self._doubted: dict[EvseId, Trust] = {}

    def doubt(self, evses: Iterable[EvseId]) -> None:
        """Trust nothing about these until they were read back (rule 24)."""
        for evse in evses:
            self._doubted.setdefault(evse, Trust.DOUBT)

    def void(self, evses: Iterable[EvseId]) -> None:
        """Take it that these let go of their profiles (Q11, Q12)."""
        for evse in evses:
            self._doubted[evse] = Trust.VOID

    def trust(self, evse: EvseId) -> Trust:
        """Return how much is known of what the EVSE holds."""
        return self._doubted.get(evse, Trust.FULL)

    async def give(self, wanted: Wanted, keep: Keep) -> None:
        """Put what is wanted on the station, or replace what it holds."""
        intent = Intent(
            evse=wanted.evse,
            role=Role.EVENT,
            profile_id=wanted.profile_id,
            fingerprint=wanted.fingerprint,
            state=IntentState.SENT,
            document=_document(wanted),
            updated_at=self._clock.now(),
            event=wanted.event,
            transaction=wanted.transaction,
        )
        await self.advance(intent, IntentState.SENT, None, keep)
        try:
            if isinstance(wanted.content, Profile):
                verdict = await self._wire.set(wanted.content, urgency=Urgency.SETPOINT)
            else:
                verdict = await self._wire.command(
                    wanted.content, urgency=Urgency.SETPOINT
                )
        except RefusedByStation as refusal:
            await self._refused(intent, f"{refusal.code} {refusal.description}", keep)
            return
        self._doubted.pop(wanted.evse, None)
        if verdict.accepted:
            await self.advance(intent, IntentState.ACCEPTED, None, keep)
            await self._measure(wanted.evse.station, often=True)
        else:
            await self._refused(intent, f"{verdict.reason} {verdict.info}", keep)

    async def read_back(self, intent: Intent, wanted: Wanted, keep: Keep) -> None:
        """Ask the station what it holds, and believe that (rules 15, 17, 24)."""
        held = await self._wire.held(intent.evse.station, (intent.profile_id,))
        self._doubted.pop(intent.evse, None)
        found = next((each for each in held if each.id == intent.profile_id), None)
        if found is None:
            await self.advance(intent, IntentState.EXPIRED, "not held any more", keep)
        elif isinstance(wanted.content, Profile) and _echoes(found, wanted.content):
            state = (
                intent.state
                if intent.state in (IntentState.OBEYED, IntentState.NOT_OBEYED)
                else IntentState.ECHOED
            )
            await self.advance(intent, state, None, keep)
        else:
            await self._wire.clear(
                intent.evse.station, intent.profile_id, urgency=Urgency.CANCEL
            )
            await self._refused(intent, "echoed something else", keep)

    async def take_back(
        self,
        intent: Intent,
        terms: Terms,
        safe_import: Power,
        *,
        replace_first: bool,
        why: str,
        keep: Keep,
    ) -> None:
        """End the event profile: same id made safe, then cleared, then read back."""
        if terms.vendor.words is not None and intent.document.get("kind") == "command":
            await self._wire.command(
                clear_command(intent.evse, terms.vendor.words), urgency=Urgency.CANCEL
            )
            await self.advance(intent, IntentState.RELEASED, why, keep)
            return
        station = intent.evse.station
        if replace_first:
            safe = safe_replacement(_held_profile(intent), safe_import, terms)
            verdict = await self._wire.set(safe, urgency=Urgency.CANCEL)
            if not verdict.accepted:
                log.info(
                    "dispatch.safe_profile_refused",
                    station=station,
                    reason=verdict.reason,
                )
        await self._wire.clear(station, intent.profile_id, urgency=Urgency.CANCEL)
        held = await self._wire.held(station, (intent.profile_id,))
        self._doubted.pop(intent.evse, None)
        if any(each.id == intent.profile_id and each.discharges for each in held):
            log.error("dispatch.profile_not_cleared", station=station)
            await self.advance(intent, IntentState.UNKNOWN, "not cleared", keep)
            raise RefusedByStation(station, "NotCleared", "it still holds the profile")
        await self.advance(intent, IntentState.RELEASED, why, keep)
        await self._measure(station, often=False)

    async def _measure(self, station: StationId, *, often: bool) -> None:
        """Have the meter read as an event needs; without it, we are just slower."""
        try:
            await self._sample(station, often)
        except (NoAnswer, RefusedByStation) as problem:
            log.info("dispatch.sampling_unchanged", station=station, why=str(problem))

    async def push(self, profile: Profile, expires_s: float) -> None:
        """Keep a Dynamic profile alive (K28); never after the end of its window."""
        verdict = await self._wire.update(profile, expires_s=expires_s)
        if not verdict.accepted:
            self.doubt([profile.evse])

    async def unknown(self, intent: Intent, why: str, keep: Keep) -> None:
        """Keep that nobody knows whether the station did what it was told."""
        self.doubt([intent.evse])
        if intent.state in HELD:
            await self.advance(intent, IntentState.UNKNOWN, why, keep)

    async def advance(
        self, intent: Intent, state: IntentState, detail: str | None, keep: Keep
    ) -> None:
        """Write a state down, and tell the event's member what it means to it."""
        now = self._clock.now()
        moved = replace(intent, state=state, detail=detail, updated_at=now)
        async with self._begin() as work:
            await work.profiles.save_intent(moved)
            word = _MEMBER_WORDS.get(state)
            if word is not None and intent.event is not None:
                await work.events.note_state(
                    intent.event, intent.evse, word, now, detail or ""
                )
        keep(moved)

    async def _refused(self, intent: Intent, why: str, keep: Keep) -> None:
        log.warning(
            "dispatch.refused",
            station=intent.evse.station,
            evse=intent.evse.number,
            reason=why.strip(),
        )
        await self.advance(intent, IntentState.REJECTED, why.strip(), keep)


_MEMBER_WORDS = {
    IntentState.ACCEPTED: "accepted",
    IntentState.ECHOED: "echoed",
    IntentState.OBEYED: "obeyed",
    IntentState.NOT_OBEYED: "not_obeyed",
    IntentState.REJECTED: "station_refused",
    IntentState.RELEASED: "taken_back",
}
"""What a state of the profile means in a member's way through its event."""


def _document(wanted: Wanted) -> dict[str, object]:
    content = wanted.content
    if isinstance(content, VendorCommand):
        return {
            "kind": "command",
            "vendor_id": content.vendor_id,
            "message_id": content.message_id,
            "data": content.data,
        }
    return {
        "kind": "profile",
        "profile_kind": content.kind.value,
        "stack_level": content.stack_level,
        "unit": content.unit.value,
        "start": content.start.isoformat() if content.start else None,
        "duration_s": content.duration.total_seconds() if content.duration else None,
        "valid_to": content.valid_to.isoformat() if content.valid_to else None,
        "power_w": wanted.power.watts,
        "periods": [
            {
                "start_s": each.start_s,
                "limit": each.limit,
                "setpoint": each.setpoint,
                "mode": each.mode.value if each.mode else None,
            }
            for each in content.periods
        ],
    }


def _held_profile(intent: Intent) -> Profile:
    """Return as much of the profile that a station holds as its cancel needs."""
    return Profile(
        id=intent.profile_id,
        evse=intent.evse,
        purpose=Purpose.TX,
        kind=Kind.ABSOLUTE,
        stack_level=int(intent.document.get("stack_level", 0)),
        unit=RateUnit(intent.document.get("unit", RateUnit.WATTS)),
        periods=(),
        transaction=intent.transaction,
    )


def _echoes(found: Profile, wanted: Profile) -> bool:
    """Tell whether a reported profile says what was sent; floats come back blurred."""
    if len(found.periods) < len(wanted.periods) or found.kind is not wanted.kind:
        return False
    first, sent = found.periods[0], wanted.periods[0]
    said = first.setpoint if sent.setpoint is not None else first.limit
    meant = sent.setpoint if sent.setpoint is not None else sent.limit
    if said is None or meant is None:
        return False
    tolerance = _TOLERANCE_W + abs(meant) / 1000
    started = wanted.kind is not Kind.ABSOLUTE or found.start == wanted.start
    return abs(said - meant) <= tolerance and started
