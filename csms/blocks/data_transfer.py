"""Block P: what vendors send outside the standard, and what is sent to them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from csms.blocks.routing import Route, route
from csms.domain.ids import StationId
from csms.ocpp.messages.data_transfer import (
    DATA_TRANSFER,
    DataTransferRequest,
    DataTransferResponse,
    DataTransferStatus,
)
from csms.services.data_transfers import DataTransfers


@dataclass(frozen=True, slots=True)
class DataTransfer:
    """Answers what vendors send outside the standard.

    Attributes:
        transfers: Knows what was agreed with which vendor, and keeps all that comes.
    """

    transfers: DataTransfers

    def routes(self) -> Iterator[Route]:
        """Name every action this block answers."""
        yield route(DATA_TRANSFER, self.data_transfer)

    async def data_transfer(
        self, station: StationId, request: DataTransferRequest
    ) -> DataTransferResponse:
        """Answer as was agreed with the vendor (P02.FR.06 to P02.FR.08)."""
        data: Any = request.data
        answer = await self.transfers.said(
            station, request.vendor_id, request.message_id, data
        )
        return DataTransferResponse(
            status=DataTransferStatus(answer.status.value), data=answer.data
        )
