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
from csms.domain.interval import Interval
from csms.domain.profile import Profile, Role, VendorCommand
from csms.domain.units import Power
from csms.domain.vendor_profile import CancelMethod
from csms.services.echoes import (
    document_of,
    echoes,
    held_profile,
    is_command,
    until,
)
from csms.services.keeping import Entry, Keeping
from csms.services.ports.profiles import (
    HELD,
    Intent,
    IntentState,
    ProfileWire,
    Urgency,
    Verdict,
)
from csms.services.ports.wire import NoAnswer, RefusedByStation
from csms.services.world import World

log = structlog.get_logger()

Keep = Callable[[Intent], None]

Sampler = Callable[[StationId, bool], Awaitable[None]]
"""Makes a station measure as often as an event needs, or as seldom as before."""


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
        window: When it should flow.
        readable: Whether the station can be asked what it holds.
    """

    fingerprint: str
    power: Power
    window: Interval
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


def replaces(wanted: Wanted, before: Intent) -> bool:
    """Tell whether giving the one leaves nothing of the other (rule 11)."""
    by_command = not isinstance(wanted.content, Profile)
    return wanted.profile_id == before.profile_id and by_command == is_command(
        before.document
    )


class Conductor:
    """Takes single steps; the dispatcher decides which."""

    def __init__(self, world: World, wire: ProfileWire, sample: Sampler) -> None:
        self._clock = world.clock
        self._keeping = Keeping(world.begin)
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

    async def give(self, wanted: Wanted, before: Intent | None, keep: Keep) -> bool:
        """Put what is wanted on the station; tell whether it took it.

        Args:
            wanted: What it should hold.
            before: What it was given last: if that may still be there, a refusal
                leaves it there.
            keep: Told of every state, at once.

        Raises:
            RefusedByStation: If it answered by an error, or by what nobody can read:
                it may hold the profile all the same.
        """
        intent = Intent(
            evse=wanted.evse,
            role=Role.EVENT,
            profile_id=wanted.profile_id,
            fingerprint=wanted.fingerprint,
            state=IntentState.SENT,
            document=document_of(wanted.content, wanted.power),
            updated_at=self._clock.now(),
            event=wanted.event,
            transaction=wanted.transaction,
        )
        await self.advance(intent, IntentState.SENT, None, keep)
        verdict = await self._send(wanted.content)
        if verdict.accepted:
            self._doubted.pop(wanted.evse, None)
            await self.advance(intent, IntentState.ACCEPTED, None, keep)
            await self._measure(wanted.evse.station, often=True)
            return True
        why = f"{verdict.reason} {verdict.info}".strip()
        if before is not None and before.state in HELD:
            self.doubt([wanted.evse])
            await self._keep_former(before, why, keep)
        else:
            await self._refused(intent, why, keep)
        return False

    async def read_back(self, intent: Intent, keep: Keep) -> None:
        """Ask the station what it holds, and believe that (rules 15, 17, 24)."""
        station, number = intent.evse.station, intent.profile_id
        held = await self._wire.held(station, (number,))
        found = next((each for each in held if each.id == number), None)
        if found is not None and echoes(found, intent):
            self._doubted.pop(intent.evse, None)
            state = (
                intent.state
                if intent.state in (IntentState.OBEYED, IntentState.NOT_OBEYED)
                else IntentState.ECHOED
            )
            await self.advance(intent, state, None, keep)
        elif found is not None:
            await self._wire.clear(station, number, urgency=Urgency.CANCEL)
            await self._prove_gone(intent)
            self._doubted.pop(intent.evse, None)
            await self._refused(intent, "echoed something else", keep)
        else:
            self._doubted.pop(intent.evse, None)
            if intent.state in _UNPROVEN:
                await self._refused(intent, intent.detail or "not held", keep)
            else:
                why = "not held any more"
                await self.advance(intent, IntentState.EXPIRED, why, keep)

    async def take_back(
        self,
        intent: Intent,
        terms: Terms,
        safe_import: Power,
        *,
        running: bool,
        why: str,
        keep: Keep,
    ) -> None:
        """End the event profile: same id made safe, then cleared, then read back.

        Args:
            intent: What the station may hold.
            terms: What it can be told.
            safe_import: What it may draw from then on.
            running: Whether it may be discharging on it right now.
            why: For the record.
            keep: Told of every state, at once.
        """
        if is_command(intent.document):
            await self._revoke(intent, terms)
        else:
            await self._withdraw(intent, terms, safe_import, running=running)
        self._doubted.pop(intent.evse, None)
        await self.advance(intent, IntentState.RELEASED, why, keep)

    async def stop(self) -> None:
        """Return once all that is being written down is."""
        await self._keeping.stop()

    async def relax(self, station: StationId) -> None:
        """Have the meter of a station read as seldom as before an event."""
        await self._measure(station, often=False)

    async def _send(self, content: Profile | VendorCommand) -> Verdict:
        if isinstance(content, Profile):
            return await self._wire.set(content, urgency=Urgency.SETPOINT)
        return await self._wire.command(content, urgency=Urgency.SETPOINT)

    async def _withdraw(
        self,
        intent: Intent,
        terms: Terms,
        safe_import: Power,
        *,
        running: bool,
    ) -> None:
        station, cancel = intent.evse.station, terms.vendor.cancel
        safe = False
        if running and cancel is not CancelMethod.CLEAR_BY_ID:
            replacement = safe_replacement(held_profile(intent), safe_import, terms)
            safe = await self._replace(replacement)
        if not safe or cancel is not CancelMethod.SAME_ID_SAFE:
            try:
                await self._wire.clear(
                    station, intent.profile_id, urgency=Urgency.CANCEL
                )
            except RefusedByStation as refusal:  # what it holds is read back anyway
                log.info("dispatch.clear_refused", station=station, why=_words(refusal))
        await self._prove_gone(intent)

    async def _replace(self, safe: Profile) -> bool:
        """Tell whether the station took the safe profile; clearing follows anyway."""
        station = safe.evse.station
        try:
            verdict = await self._wire.set(safe, urgency=Urgency.CANCEL)
        except RefusedByStation as refusal:
            verdict = Verdict(accepted=False, reason=_words(refusal))
        if not verdict.accepted:
            log.info(
                "dispatch.safe_profile_refused", station=station, reason=verdict.reason
            )
        return verdict.accepted

    async def _prove_gone(self, intent: Intent) -> None:
        """Read back that nothing that discharges is left under this id.

        Raises:
            RefusedByStation: If it is: it is taken back again later.
        """
        station, number = intent.evse.station, intent.profile_id
        held = await self._wire.held(station, (number,))
        if any(each.id == number and each.discharges for each in held):
            log.error("dispatch.profile_not_cleared", station=station)
            raise RefusedByStation(station, "NotCleared", "it still holds the profile")

    async def _revoke(self, intent: Intent, terms: Terms) -> None:
        """End a vendor's own command in its own words.

        Raises:
            RefusedByStation: If it refuses, and its command has not ended by itself.
        """
        station, words = intent.evse.station, terms.vendor.words
        verdict = Verdict(accepted=False, reason="no words for it")
        if words is not None:
            command = clear_command(intent.evse, words)
            verdict = await self._wire.command(command, urgency=Urgency.CANCEL)
        end = until(intent.document)
        over = end is not None and self._clock.now() >= end
        if not verdict.accepted and not over:
            raise RefusedByStation(station, "NotEnded", verdict.reason)

    async def _measure(self, station: StationId, *, often: bool) -> None:
        """Have the meter read as an event needs; without it, we are just slower."""
        try:
            await self._sample(station, often)
        except (NoAnswer, RefusedByStation) as problem:
            log.info("dispatch.sampling_unchanged", station=station, why=str(problem))

    async def push(self, profile: Profile, expires_s: float) -> bool:
        """Keep a Dynamic profile alive (K28); tell whether the station took it.

        Never after the end of its window: a late update arms it again (K28.FR.14).
        """
        verdict = await self._wire.update(profile, expires_s=expires_s)
        if not verdict.accepted:
            self.doubt([profile.evse])
        return verdict.accepted

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
        if state is IntentState.SENT:
            keep(moved)  # so that it is taken back if we are stopped on the way
        await self._keeping.keep(Entry(moved, _MEMBER_WORDS.get(state)))
        keep(moved)

    async def _keep_former(self, former: Intent, why: str, keep: Keep) -> None:
        """Write down that a replacement was refused, and what it left in place."""
        log.warning(
            "dispatch.replacement_refused", station=former.evse.station, why=why
        )
        now = self._clock.now()
        left = replace(former, detail=f"replacement refused: {why}", updated_at=now)
        await self._keeping.keep(Entry(left))
        keep(left)

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


_UNPROVEN = frozenset({IntentState.SENT, IntentState.UNKNOWN, IntentState.ACCEPTED})
"""States in which nobody has seen the profile on the station yet."""


def _words(refusal: RefusedByStation) -> str:
    return f"{refusal.code} {refusal.description}".strip()
