"""What an operator may ask of a station, and what nobody may."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import structlog

from csms.clock import Clock
from csms.domain.errors import Broken, NotAllowed, NotFound
from csms.domain.ids import EvseId, StationId
from csms.domain.station import EDITION_21, Standing
from csms.domain.vendor_profile import Dialect
from csms.services.ports.events import MemberOrder
from csms.services.ports.wire import (
    CommandResult,
    Discharge,
    FieldError,
    Means,
    RawWire,
)
from csms.services.ports.work import Begin
from csms.services.reception import UnknownStation
from csms.services.stations import EvseFacts, StationBook

log = structlog.get_logger()

_DIALECTS: Mapping[Means, frozenset[Dialect]] = {
    Means.SETPOINT: frozenset(
        {
            Dialect.SETPOINT_SCHEDULED,
            Dialect.SETPOINT_DYNAMIC_PUSH,
            Dialect.SETPOINT_DYNAMIC_PULL,
        }
    ),
    Means.NEGATIVE_LIMIT: frozenset({Dialect.NEGATIVE_LIMIT_TX}),
    Means.VENDOR_WORDS: frozenset({Dialect.DATATRANSFER}),
    Means.OTHER: frozenset(),
}


class UnknownAction(NotFound):
    """This system sends no action of this name in the station's edition."""

    code = "unknown-action"


class MalformedCommand(Broken):
    """The request breaks the schema of its action.

    Attributes:
        errors: What is wrong with it, field by field.
    """

    code = "malformed-command"

    def __init__(self, action: str, errors: Sequence[FieldError]) -> None:
        self.errors = tuple(errors)
        first = errors[0]
        super().__init__(
            f"{first.path or action}: {first.problem}",
            field=first.path or None,
            remedy=f"send what the schema of {action} allows",
        )


class StationRejected(NotAllowed):
    """A rejected station is not sent anything (B03.FR.03)."""

    code = "station-rejected"


class DischargeForbidden(NotAllowed):
    """The command would discharge a vehicle that must not be discharged.

    Attributes:
        rule: The word for what forbids it.
    """

    code = "discharge-forbidden"

    def __init__(self, rule: str, message: str) -> None:
        self.rule = rule
        super().__init__(
            message,
            remedy="call an event: it plans, notifies and dispatches within the rules",
        )


@dataclass(frozen=True, slots=True)
class Commands:
    """Sends what an operator asks, unless a rule forbids it.

    Attributes:
        clock: Where business time comes from.
        begin: Begins a unit of work.
        book: What is known of every station.
        wire: Checks, judges and sends requests.
    """

    clock: Clock
    begin: Begin
    book: StationBook
    wire: RawWire

    def actions(self, station: StationId) -> Sequence[str]:
        """Return the names of the actions that may be sent to the station.

        Raises:
            UnknownStation: If no such station is in the registry.
        """
        return self.wire.actions(self._edition(station))

    async def send(
        self, station: StationId, action: str, payload: dict[str, Any], by: str
    ) -> CommandResult:
        """Send a request as it is, and return one of three distinct results.

        Args:
            station: Whom to send it to.
            action: The action, such as ``TriggerMessage``.
            payload: The payload of the request, in the words of the wire.
            by: Who asks; it goes on the audit trail.

        Raises:
            UnknownStation: If no such station is in the registry.
            UnknownAction: If the action is none that may be sent to it.
            MalformedCommand: If the payload breaks the schema.
            StationRejected: If the station is rejected.
            DischargeForbidden: If it would discharge, and a rule forbids that.
        """
        await self.check(station, action, payload)
        result = await self.wire.ask(station, action, payload)
        await self._audit(station, action, payload, result, by)
        log.info(
            "command.sent",
            station=station,
            action=action,
            by=by,
            outcome=result.outcome.value,
        )
        return result

    async def check(
        self, station: StationId, action: str, payload: dict[str, Any]
    ) -> None:
        """Raise what ``send`` would raise, and send nothing (a dry run)."""
        edition = self._edition(station)
        if action not in self.wire.actions(edition):
            raise UnknownAction(
                f"{action} is not sent to a station that speaks {edition}",
                remedy="see the list of actions of the station",
            )
        if errors := self.wire.check(edition, action, payload):
            raise MalformedCommand(action, errors)
        known = self.book.station(station)
        if known is not None and known.standing is Standing.REJECTED:
            raise StationRejected
        if (discharge := self.wire.discharge(action, payload)) is not None:
            await self._permit(station, discharge)

    def _edition(self, station: StationId) -> str:
        known = self.book.station(station)
        if known is None:
            raise UnknownStation(f"there is no station {station}")
        return known.edition or EDITION_21

    async def _permit(self, station: StationId, discharge: Discharge) -> None:
        """Hold a discharge against rules 1 to 5 and 7; nothing bypasses them."""
        if not discharge.finite:
            raise DischargeForbidden(
                "endless", "a discharge must end by itself (rule 7): give a duration"
            )
        if discharge.evse:
            evses = [EvseId(station, discharge.evse)]
        else:
            evses = [each.id for each in self.book.evses(station)]
        if not evses:
            raise DischargeForbidden("unknown_evse", f"{station} has no EVSE")
        for evse in evses:
            _permit_make(self.book.facts(evse), discharge)
        async with self.begin() as work:
            sites = {each.id: each for each in await work.fleet.sites()}
            orders = await work.events.dispatchable(self.clock.now())
        for evse in evses:
            name = self.book.facts(evse).site
            site = None if name is None else sites.get(name)
            if site is None or not site.export_permission:
                raise DischargeForbidden(
                    "no_export_permission",
                    f"the site of {evse} has no permission to export (rule 5)",
                )
            if not any(each.evse == evse and _consents(each) for each in orders):
                raise DischargeForbidden(
                    "no_consent",
                    f"nobody at {evse} was told of an event and agreed (rule 5)",
                )

    async def _audit(
        self,
        station: StationId,
        action: str,
        payload: dict[str, Any],
        result: CommandResult,
        by: str,
    ) -> None:
        detail = {
            "payload": payload,
            "outcome": result.outcome.value,
            "answer": result.payload,
            "code": result.code,
            "silence": result.silence,
        }
        said = {name: value for name, value in detail.items() if value is not None}
        now = self.clock.now()
        async with self.begin() as work:
            await work.access.audit(by, f"command.{action}", station, said, now)


def _permit_make(facts: EvseFacts, discharge: Discharge) -> None:
    if facts.obstacle is not None:
        raise DischargeForbidden(
            facts.obstacle,
            f"{facts.evse} is not dispatchable: {facts.obstacle} (rules 1 to 3)",
        )
    foreign = [each for each in discharge.means if facts.dialect not in _DIALECTS[each]]
    if foreign:
        raise DischargeForbidden(
            "dialect",
            f"{facts.evse} is told to discharge by {facts.dialect}, "
            f"not by {foreign[0]} (rules 2 and 3)",
        )


def _consents(order: MemberOrder) -> bool:
    return (
        order.notified
        and not order.excluded
        and order.opted_out_at is None
        and order.released_at is None
    )
