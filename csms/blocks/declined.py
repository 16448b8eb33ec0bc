"""Blocks C and S: what the mission does not need, answered properly and recorded.

Payment terminals and battery swaps belong to other businesses. A station that speaks
of them gets a right answer, and an operator sees that it did.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from csms.blocks.routing import Route, route
from csms.clock import Clock
from csms.domain.ids import StationId
from csms.domain.station import StationNotice
from csms.ocpp.messages.battery_swap import (
    BATTERY_SWAP,
    BatterySwapRequest,
    BatterySwapResponse,
)
from csms.ocpp.messages.common import GenericStatus, StatusInfo
from csms.ocpp.messages.payments import (
    NOTIFY_SETTLEMENT,
    VAT_NUMBER_VALIDATION,
    NotifySettlementRequest,
    NotifySettlementResponse,
    VatNumberValidationRequest,
    VatNumberValidationResponse,
)
from csms.ocpp.wire import Wire

_WARNING = 4
_NO_VAT = StatusInfo(
    reason_code="UnsupportedRequest", additional_info="VAT numbers are not checked here"
)


class Notices(Protocol):
    """Whoever keeps what stations tell of themselves."""

    def note(self, notice: StationNotice) -> None:
        """Note what a station told."""
        ...


@dataclass(frozen=True, slots=True)
class Declined:
    """Answers for payments and battery swaps.

    Attributes:
        notices: Where it is recorded.
        clock: Where business time comes from.
    """

    notices: Notices
    clock: Clock

    def routes(self) -> Iterator[Route]:
        """Name every action this block answers."""
        yield route(NOTIFY_SETTLEMENT, self.notify_settlement)
        yield route(VAT_NUMBER_VALIDATION, self.vat_number_validation)
        yield route(BATTERY_SWAP, self.battery_swap)

    async def notify_settlement(
        self, station: StationId, request: NotifySettlementRequest
    ) -> NotifySettlementResponse:
        """Record that a terminal settled a payment; there is no receipt (C20)."""
        self._note(station, "NotifySettlement", request, request.settlement_time)
        return NotifySettlementResponse()

    async def vat_number_validation(
        self, station: StationId, request: VatNumberValidationRequest
    ) -> VatNumberValidationResponse:
        """Refuse to judge a VAT number (C24)."""
        self._note(station, "VatNumberValidation", request)
        return VatNumberValidationResponse(
            vat_number=request.vat_number,
            evse_id=request.evse_id,
            status=GenericStatus.REJECTED,
            status_info=_NO_VAT,
        )

    async def battery_swap(
        self, station: StationId, request: BatterySwapRequest
    ) -> BatterySwapResponse:
        """Record what was swapped; it changes nothing here (S03)."""
        self._note(station, "BatterySwap", request)
        return BatterySwapResponse()

    def _note(
        self, station: StationId, kind: str, said: Wire, at: datetime | None = None
    ) -> None:
        now = self.clock.now()
        self.notices.note(
            StationNotice(station, at or now, now, kind, _WARNING, said.write())
        )
