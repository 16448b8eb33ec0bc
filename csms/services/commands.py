"""What an operator may ask of a station, and what nobody may."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

import structlog

from csms.charging.requirements import nonsense
from csms.clock import Clock
from csms.domain.data_transfer import Heading, Transfer
from csms.domain.errors import Broken, NotFound
from csms.domain.ids import StationId
from csms.domain.privacy import shown
from csms.domain.secrecy import hidden
from csms.domain.station import EDITION_21, Standing
from csms.services.asking import StationPending, StationRejected
from csms.services.fitness import Fitness
from csms.services.permitting import DischargeGate, Holding, holds_nothing
from csms.services.ports.wire import (
    CommandResult,
    FieldError,
    RawWire,
)
from csms.services.ports.work import Begin
from csms.services.reception import UnknownStation
from csms.services.stations import StationBook

log = structlog.get_logger()

AFTER_ACCEPTED = frozenset({"RequestStartTransaction", "RequestStopTransaction"})
"""What a station refuses until it is accepted (B02.FR.05)."""


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


class Guard(Protocol):
    """A rule that some commands must keep."""

    async def permit(
        self, station: StationId, action: str, payload: dict[str, Any]
    ) -> None:
        """Raise why a command must not be sent, if it must not."""
        ...


Ask = Callable[[], Awaitable[CommandResult]]
"""Sends a command that was checked, once."""


class Detour(Protocol):
    """A service that sends some commands itself, to keep what comes of them."""

    async def send(
        self, station: StationId, payload: dict[str, Any], by: str, ask: Ask
    ) -> CommandResult:
        """Ask, keep what comes of it, and return that."""
        ...


class Aftermath(Protocol):
    """Whoever keeps what follows from a request that a station answered."""

    async def of_command(
        self,
        station: StationId,
        action: str,
        payload: dict[str, Any],
        answer: dict[str, Any],
        by: str,
    ) -> None:
        """Keep what follows from a request that was sent in the words of the wire."""
        ...


@dataclass(frozen=True, slots=True)
class Commands:
    """Sends what an operator asks, unless a rule forbids it.

    Attributes:
        clock: Where business time comes from.
        begin: Begins a unit of work.
        book: What is known of every station.
        wire: Checks, judges and sends requests.
        by_others: Whether power may be left to others (``DischargeGate``).
        guards: Further rules, each about the actions that it knows.
        aftermath: Keeps what follows from an answer.
        holding: Tells what profiles a station holds.
        detours: By action, who sends it.
    """

    clock: Clock
    begin: Begin
    book: StationBook
    wire: RawWire
    by_others: bool = False
    guards: Sequence[Guard] = ()
    aftermath: Aftermath | None = None
    holding: Holding = holds_nothing
    detours: Mapping[str, Detour] = field(default_factory=dict)

    @property
    def gate(self) -> DischargeGate:
        """Return what holds a discharge against the rules."""
        return DischargeGate(
            self.clock, self.begin, self.book, self.by_others, self.holding
        )

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
            StationPending: If it is not accepted yet, and the action needs that.
            StationLacks: If it does not have what the request needs.
            DischargeForbidden: If it would discharge, and a rule forbids that.
        """
        await self.check(station, action, payload)
        result = await self._ask(station, action, payload, by)
        await self._audit(station, action, payload, result, by)
        if result.payload is not None and self.aftermath is not None:
            said = result.payload
            await self.aftermath.of_command(station, action, payload, said, by)
        log.info(
            "command.sent",
            station=station,
            action=action,
            by=by,
            outcome=result.outcome.value,
        )
        return result

    async def _ask(
        self, station: StationId, action: str, payload: dict[str, Any], by: str
    ) -> CommandResult:
        async def ask() -> CommandResult:
            return await self.wire.ask(station, action, payload)

        detour = self.detours.get(action)
        return await (
            ask() if detour is None else detour.send(station, payload, by, ask)
        )

    async def check(
        self, station: StationId, action: str, payload: dict[str, Any]
    ) -> tuple[str, ...]:
        """Raise what ``send`` would raise, and send nothing (a dry run).

        Returns:
            Warnings about what the station may lack.
        """
        edition = self._edition(station)
        if action not in self.wire.actions(edition):
            raise UnknownAction(
                f"{action} is not sent to a station that speaks {edition}",
                remedy="see the list of actions of the station",
            )
        if errors := self.wire.check(edition, action, payload):
            raise MalformedCommand(action, errors)
        if (odd := nonsense(action, payload)) is not None:
            raise MalformedCommand(action, [FieldError(*odd)])
        known = self.book.station(station)
        standing = Standing.REJECTED if known is None else known.standing
        if standing is Standing.REJECTED:
            raise StationRejected
        if standing is Standing.PENDING and action in AFTER_ACCEPTED:
            raise StationPending
        if (discharge := self.wire.discharge(action, payload)) is not None:
            await self.gate.permit(station, discharge)
        for guard in self.guards:
            await guard.permit(station, action, payload)
        return await Fitness(self.begin, self.book).require(station, action, payload)

    def _edition(self, station: StationId) -> str:
        known = self.book.station(station)
        if known is None:
            raise UnknownStation(f"there is no station {station}")
        return known.edition or EDITION_21

    async def _audit(
        self,
        station: StationId,
        action: str,
        payload: dict[str, Any],
        result: CommandResult,
        by: str,
    ) -> None:
        detail = {
            "payload": shown(action, payload),
            "outcome": result.outcome.value,
            "answer": result.payload,
            "code": result.code,
            "silence": result.silence,
        }
        said = {name: value for name, value in detail.items() if value is not None}
        said = hidden(said)
        now = self.clock.now()
        async with self.begin() as work:
            await work.access.audit(by, f"command.{action}", station, said, now)
            if action == "DataTransfer":
                await work.data_transfers.keep(
                    _transfer(station, payload, result, by, now)
                )


def _transfer(
    station: StationId,
    payload: dict[str, Any],
    result: CommandResult,
    by: str,
    now: datetime,
) -> Transfer:
    """Return a vendor's message and what came of it (P01)."""
    answer = result.payload or {}
    return Transfer(
        station=station,
        at=now,
        heading=Heading.OUT,
        vendor_id=payload["vendorId"],
        message_id=payload.get("messageId"),
        data=payload.get("data"),
        status=str(answer.get("status") or result.code or result.silence),
        answer=answer.get("data"),
        detail=result.description,
        asked_by=by,
    )
