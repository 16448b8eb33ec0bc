"""What vendors exchange outside the standard: agreed answers, everything kept (P)."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog

from csms.clock import Clock
from csms.domain.data_transfer import (
    Heading,
    Transfer,
    TransferAnswer,
    TransferRule,
    TransferStatus,
)
from csms.domain.errors import Broken, NotFound
from csms.domain.ids import StationId
from csms.services.commands import Commands
from csms.services.permitting import DischargeForbidden
from csms.services.ports.wire import CommandResult, RawWire
from csms.services.ports.work import Begin, Work
from csms.services.stations import StationBook

log = structlog.get_logger()

LONGEST_VENDOR, LONGEST_MESSAGE = 255, 50
ACTION = "DataTransfer"

Handler = Callable[[StationId, Any], Awaitable[TransferAnswer]]
"""Answers a vendor's message by code."""


class NoSuchRule(NotFound):
    """There is no rule for this vendor and message."""

    code = "no-such-rule"
    usual_remedy = "see csms transfers rules"


class BadRule(Broken):
    """The rule does not make sense."""

    code = "bad-rule"


@dataclass(frozen=True, slots=True)
class DataTransfers:
    """Answers vendors' messages as was agreed, and keeps them all.

    Attributes:
        clock: Where business time comes from.
        begin: Begins a unit of work.
        book: Knows whose words a station may use.
        commands: Sends messages, within the rules.
        wire: Judges what could make a vehicle discharge.
        handlers: Answers by code, by vendor and message.
    """

    clock: Clock
    begin: Begin
    book: StationBook
    commands: Commands
    wire: RawWire
    handlers: Mapping[tuple[str, str], Handler] = field(default_factory=dict)

    async def said(
        self,
        station: StationId,
        vendor_id: str,
        message_id: str | None,
        data: Any,  # noqa: ANN401 any JSON
    ) -> TransferAnswer:
        """Return the answer to a station's message, once both are kept (P02)."""
        async with self.begin() as work:
            answer, why = await self._answer(work, station, vendor_id, message_id, data)
            await work.data_transfers.keep(
                Transfer(
                    station,
                    self.clock.now(),
                    Heading.IN,
                    vendor_id,
                    message_id,
                    data,
                    answer.status.value,
                    answer.data,
                    why,
                )
            )
        return answer

    async def send(
        self,
        station: StationId,
        vendor_id: str,
        message_id: str | None,
        data: Any,  # noqa: ANN401 any JSON
        by: str,
    ) -> CommandResult:
        """Send a vendor's message; nothing that could discharge passes (P01).

        Whatever is sent is kept by ``Commands``, which every way leads through.

        Raises:
            DomainError: As ``Commands.send`` does.
        """
        said = {"vendorId": vendor_id, "messageId": message_id, "data": data}
        payload = {name: value for name, value in said.items() if value is not None}
        return await self.commands.send(station, ACTION, payload, by)

    async def agree(self, rule: TransferRule) -> None:
        """Keep how a vendor's message is answered, in place of the former rule.

        Raises:
            BadRule: If it does not make sense.
            DischargeForbidden: If the answer could make a vehicle discharge.
        """
        _check(rule)
        answer = {"messageId": rule.message_id, "data": rule.answer.data}
        if self.wire.discharge(ACTION, answer) is not None:
            raise DischargeForbidden(
                "vendor_words", "an answer to a vendor's message must not discharge"
            )
        async with self.begin() as work:
            await work.data_transfers.save_rule(rule)
            detail = {"message": rule.message_id, "status": rule.answer.status.value}
            await work.access.audit(
                rule.created_by,
                "data_transfer.agreed",
                rule.vendor_id,
                detail,
                self.clock.now(),
            )

    async def revoke(self, vendor_id: str, message_id: str, by: str) -> None:
        """Forget a rule.

        Raises:
            NoSuchRule: If there is none for this vendor and message.
        """
        async with self.begin() as work:
            if not await work.data_transfers.drop_rule(vendor_id, message_id):
                raise NoSuchRule(f"there is no rule for {vendor_id} {message_id}")
            detail = {"message": message_id}
            now = self.clock.now()
            await work.access.audit(by, "data_transfer.revoked", vendor_id, detail, now)

    async def rules(self) -> Sequence[TransferRule]:
        """Return every rule, by vendor and message."""
        async with self.begin() as work:
            return await work.data_transfers.rules()

    async def _answer(
        self,
        work: Work,
        station: StationId,
        vendor_id: str,
        message_id: str | None,
        data: Any,  # noqa: ANN401 any JSON
    ) -> tuple[TransferAnswer, str]:
        """Return the answer, and by which agreement."""
        message = message_id or ""
        handler = self.handlers.get((vendor_id.casefold(), message))
        if handler is not None:
            try:
                return await handler(station, data), "a handler"
            except Exception as error:
                log.exception("data_transfer.failed", station=station)
                return TransferAnswer(TransferStatus.REJECTED), type(error).__name__
        rules = {e.message_id: e for e in await work.data_transfers.rules_of(vendor_id)}
        rule = rules.get(message) or rules.get("")
        if rule is not None:
            return rule.answer, f"the rule for {rule.message_id or 'every message'}"
        if rules or self._is_known(station, vendor_id):
            return TransferAnswer(TransferStatus.UNKNOWN_MESSAGE_ID), ""
        return TransferAnswer(TransferStatus.UNKNOWN_VENDOR_ID), ""

    def _is_known(self, station: StationId, vendor_id: str) -> bool:
        """Tell whether this system speaks the vendor's words at all."""
        words = self.book.vendor_profile(station).words
        spoken = words is not None and words.vendor_id == vendor_id
        return spoken or any(name == vendor_id.casefold() for name, _ in self.handlers)


def _check(rule: TransferRule) -> None:
    if not 0 < len(rule.vendor_id) <= LONGEST_VENDOR or "\x00" in rule.vendor_id:
        raise BadRule(f"1 to {LONGEST_VENDOR} characters", field="vendor_id")
    if len(rule.message_id) > LONGEST_MESSAGE or "\x00" in rule.message_id:
        raise BadRule(f"at most {LONGEST_MESSAGE} characters", field="message_id")
    if rule.answer.status is TransferStatus.UNKNOWN_VENDOR_ID:
        raise BadRule(
            "a vendor with a rule is known (P02.FR.06)",
            field="status",
            remedy="remove the rule, or answer UnknownMessageId or Rejected",
        )
