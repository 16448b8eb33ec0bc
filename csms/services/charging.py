"""Charging profiles as an operator thinks of them: look, set, clear, compare (K, Q).

Nothing goes out that breaks a rule of the standard at that station, and nothing that
could discharge passes without the gate.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from csms.charging.profile_rules import Breach, Situation, breaches
from csms.domain.errors import Broken, Conflict, NotFound
from csms.domain.ids import EvseId, StationId, TransactionId
from csms.domain.profile import Kind, Period, Profile, Purpose
from csms.domain.station import Standing as StationStanding
from csms.services.asking import StationRejected
from csms.services.commands import MalformedCommand
from csms.services.ledger import Ledger
from csms.services.needs import needs_of
from csms.services.permitting import DischargeGate
from csms.services.ports.charging import ChargingWire, Criteria, HeldProfile
from csms.services.ports.profiles import Urgency, Verdict
from csms.services.ports.wire import Discharge, FieldError, Means, Reply
from csms.services.profile_documents import profile_document
from csms.services.reception import UnknownEvse, UnknownStation
from csms.services.world import World


class ProfileBroken(MalformedCommand):
    """The profile breaks a rule of the standard, or asks what the station lacks."""

    code = "profile-broken"

    def __init__(
        self, found: Sequence[Breach], action: str = "SetChargingProfile"
    ) -> None:
        errors = [
            FieldError(
                each.field,
                f"{each.problem} ({each.rule})"
                + (f"; {each.remedy}" if each.remedy else ""),
            )
            for each in found
        ]
        super().__init__(action, errors)
        self.remedy = "see the station's capabilities and the requirement named"


class UnknownProfile(NotFound):
    """The station holds no such profile, as far as anybody knows."""

    code = "unknown-profile"
    usual_remedy = "see csms charging profiles"


class NoTransaction(Conflict):
    """No transaction runs at this EVSE."""

    code = "no-transaction"
    usual_remedy = "see csms stations show for what runs where"


@dataclass(frozen=True, slots=True)
class Charging:
    """What an operator may do about charging.

    Attributes:
        world: The means of the node.
        ledger: What stations hold.
        wire: Asks stations.
        gate: Holds discharges against the rules.
    """

    world: World
    ledger: Ledger
    wire: ChargingWire
    gate: DischargeGate

    # -- what is there ----------------------------------------------------------------

    def profiles(self, station: StationId) -> Sequence[HeldProfile]:
        """Return every profile of a station: intent and report.

        Raises:
            UnknownStation: If no such station is in the registry.
        """
        self._known(station)
        return self.ledger.rows(station)

    async def refresh(
        self,
        station: StationId,
        criteria: Criteria = Criteria(),  # noqa: B008
    ) -> Sequence[HeldProfile]:
        """Ask the station what it holds (K09), and return what is known then.

        Raises:
            NoAnswer: If it cannot be asked or does not answer.
            RefusedByStation: If it answers by an error.
            TimeoutError: If the report that it promised does not come.
        """
        self._known(station)
        found = await self.wire.report(station, criteria)
        self.ledger.reported(station, criteria, found)
        return self.ledger.rows(station)

    def situation(self, station: StationId) -> Situation:
        """Return a station as a profile for it must find it."""
        evses = [each.id for each in self.world.book.evses(station)]
        lives = {each.number: self.world.live.get(each) for each in evses}
        needs = {n: said for n, live in lives.items() if (said := needs_of(live))}
        return Situation(
            capability=self.world.book.capability(station),
            evses=frozenset(lives),
            now=self.world.clock.now(),
            transactions={
                number: live.transaction
                for number, live in lives.items()
                if live.transaction is not None
            },
            held=self.ledger.held(station),
            needs={number: said.bounds for number, said in needs.items()},
            direct_current=frozenset(
                number for number, said in needs.items() if said.direct_current
            ),
        )

    # -- what is changed --------------------------------------------------------------

    async def check(self, profile: Profile) -> None:
        """Raise what ``install`` would raise, and send nothing.

        Raises:
            UnknownStation: If no such station is in the registry.
            StationRejected: If the station is rejected.
            DischargeForbidden: If it would discharge, and a rule forbids that.
            ProfileBroken: If it breaks the standard, or the station lacks something.
        """
        self._known(profile.evse.station)
        found = breaches(profile, self.situation(profile.evse.station))
        if found:
            raise ProfileBroken(found)
        judged = self.wire.judge(profile)
        if judged is not None:
            await self.gate.permit(profile.evse.station, judged)

    async def install(self, profile: Profile, by: str) -> Verdict:
        """Put a profile on its station, in the name of somebody (K01)."""
        await self.check(profile)
        verdict = await self.wire.set(profile, urgency=Urgency.SETPOINT)
        if verdict.accepted:
            self.ledger.accepted(profile, by)
        await self._audit(
            by, "profile.set", profile.evse.station, profile_document(profile), verdict
        )
        return verdict

    async def clear(self, station: StationId, profile_id: int, by: str) -> bool:
        """Remove a profile (K10); tell whether the station had it.

        Raises:
            DischargeForbidden: If that lets a discharge flow that may not.
        """
        self._known(station)
        await self.permit_clearing(station, Criteria(profile_id=profile_id))
        gone = await self.wire.clear(station, profile_id, urgency=Urgency.CANCEL)
        self.ledger.cleared(station, profile_id)
        await self._audit(by, "profile.cleared", station, {"id": profile_id}, gone)
        return gone

    async def clear_all(self, station: StationId, criteria: Criteria, by: str) -> bool:
        """Remove what matches (K10); tell whether there was anything.

        Raises:
            Broken: If nothing is said, or a purpose that may not be cleared
                (K10.FR.02, FR.06).
            DischargeForbidden: If that lets a discharge flow that may not.
        """
        self._known(station)
        if criteria.purpose in (Purpose.EXTERNAL, Purpose.LOCAL_GENERATION):
            raise Broken("only who set it may clear it (K10.FR.06)", field="purpose")
        said = (criteria.evse, criteria.purpose, criteria.stack_level)
        if all(each is None for each in said):
            raise Broken(
                "nothing says which profiles are meant (K10.FR.02)",
                remedy="name an EVSE, a purpose or a stack level",
            )
        await self.permit_clearing(station, criteria)
        gone = await self.wire.clear_all(station, criteria)
        self.ledger.cleared_all(station, criteria)
        detail = {
            "evse": criteria.evse,
            "purpose": criteria.purpose,
            "stack_level": criteria.stack_level,
        }
        await self._audit(by, "profiles.cleared", station, detail, gone)
        return gone

    async def permit_clearing(self, station: StationId, criteria: Criteria) -> None:
        """Let a clearing pass that frees no discharge which must not be.

        Whatever lies above a discharge may hold it back. The discharge itself may
        always be cleared.

        Raises:
            DischargeForbidden: If one stays behind, and a rule forbids it.
        """
        gone, left = self.ledger.split(station, criteria)
        if gone and all(each.discharges for each in gone):
            return
        for each in left:
            over = each.valid_to is not None and each.valid_to <= self._now()
            if each.discharges and not over:
                evse = each.evse.number or None
                freed = Discharge(evse, frozenset({Means.RESUMING}), finite=True)
                await self.gate.permit(station, freed)

    async def update(
        self, station: StationId, profile_id: int, values: Period, by: str
    ) -> Verdict:
        """Give a Dynamic profile new values (K28).

        A profile that has lapsed is armed again by any value (K28.FR.14): it is held
        against everything that a new one would be held against.

        Raises:
            UnknownProfile: If no Dynamic profile of this id is known there.
        """
        profile = self._dynamic(station, profile_id)
        known = profile.periods[0]
        said = {
            name: value
            for name in Period.__dataclass_fields__
            if (value := getattr(values, name)) is not None and name != "start_s"
        }
        said = {name: value for name, value in said.items() if value != ()}
        fresh = replace(profile, periods=(replace(known, **said),), updated_at=None)
        await self.check(fresh)
        verdict = await self.wire.update(
            replace(fresh, periods=(values,)), expires_s=self._patience(profile)
        )
        if verdict.accepted:
            self.ledger.updated(fresh)
        detail = {"id": profile_id, **profile_document(fresh)}
        await self._audit(by, "profile.updated", station, detail, verdict)
        return verdict

    def pulled(self, station: StationId, profile_id: int) -> Profile | None:
        """Return a Dynamic profile that a station pulls, if it may still hold it.

        Only what charges is given again without anybody looking: whatever could
        discharge lapses when its watchdog ends (K28.FR.13).
        """
        row = self.ledger.find(station, profile_id)
        profile = row.profile if row is not None else None
        if profile is None or profile.kind is not Kind.DYNAMIC:
            return None
        over = profile.valid_to is not None and profile.valid_to <= self._now()
        if over or self.wire.judge(profile) is not None:
            return None
        self.ledger.updated(profile)
        return profile

    # -- priority, and what is allowed ------------------------------------------------

    async def use_priority(self, evse: EvseId, by: str, *, activate: bool) -> Reply:
        """Put charging first in the running transaction, or no longer (K21).

        Raises:
            NoTransaction: If none runs there.
            DischargeForbidden: If its end would let a discharge go on that may not.
        """
        self._known(evse.station)
        transaction = self._transaction(evse)
        if not activate:
            resuming = Discharge(evse.number, frozenset({Means.RESUMING}), finite=True)
            await self.gate.permit(evse.station, resuming)
        reply = await self.wire.use_priority(
            evse.station, transaction, activate=activate
        )
        detail = {"evse": evse.number, "activate": activate}
        await self._audit(by, "priority.used", evse.station, detail, reply.status)
        return reply

    async def signal(self, station: StationId, signal: int, by: str) -> Reply:
        """Hand on a signal of the grid's operator, as of now (Q08.FR.12).

        Raises:
            DischargeForbidden: Unless power may be left to others, and all agree.
        """
        self._known(station)
        discharge = Discharge(None, frozenset({Means.OTHER}), finite=True)
        await self.gate.permit(station, discharge)
        reply = await self.wire.signal(station, self._now(), signal)
        await self._audit(by, "signal.sent", station, {"signal": signal}, reply.status)
        return reply

    # -- helpers ----------------------------------------------------------------------

    def _known(self, station: StationId) -> None:
        known = self.world.book.station(station)
        if known is None:
            raise UnknownStation(f"there is no station {station}")
        if known.standing is StationStanding.REJECTED:
            raise StationRejected

    def _transaction(self, evse: EvseId) -> TransactionId:
        if self.world.book.evse(evse) is None:
            raise UnknownEvse(f"{evse.station} has no EVSE {evse.number}", field="evse")
        found = self.world.live.get(evse).transaction
        if found is None:
            raise NoTransaction(f"no transaction runs at {evse}")
        return found

    def _dynamic(self, station: StationId, profile_id: int) -> Profile:
        self._known(station)
        row = self.ledger.find(station, profile_id)
        profile = row.profile if row is not None else None
        if profile is None or profile.kind is not Kind.DYNAMIC:
            raise UnknownProfile(
                f"{station} holds no Dynamic profile {profile_id} (K28.FR.11)",
                remedy="refresh its profiles, or set one",
            )
        return profile

    def _patience(self, profile: Profile) -> float:
        """Return for how many real seconds an update is worth being sent."""
        ends = profile.valid_to
        left = (ends - self._now()).total_seconds() if ends else 60.0
        return max(min(left, 60.0) / self.world.clock.rate, 0.0)

    def _now(self) -> datetime:
        return self.world.clock.now()

    async def _audit(
        self,
        by: str,
        what: str,
        station: StationId,
        detail: Mapping[str, Any],
        result: Verdict | bool | str,  # noqa: FBT001 what came of it
    ) -> None:
        said = result
        if isinstance(result, Verdict):
            said = "Accepted" if result.accepted else f"{result.reason} {result.info}"
        async with self.world.begin() as work:
            await work.access.audit(
                by, what, station, {**detail, "result": said}, self._now()
            )
