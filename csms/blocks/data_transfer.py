"""Block P: what vendors send outside the standard."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from csms.blocks.routing import Route, route
from csms.clock import Clock
from csms.domain.ids import StationId
from csms.domain.station import StationNotice
from csms.domain.vendor_profile import VendorProfile
from csms.ocpp.messages.data_transfer import (
    DATA_TRANSFER,
    DataTransferRequest,
    DataTransferResponse,
    DataTransferStatus,
)

SEVERITY_DEBUG = 8


class Notices(Protocol):
    """Whoever keeps what stations tell of themselves."""

    def note(self, notice: StationNotice) -> None:
        """Keep it."""
        ...


class Makes(Protocol):
    """Whoever knows which make a station is."""

    def vendor_profile(self, station: StationId) -> VendorProfile:
        """Return its make's profile."""
        ...


@dataclass(frozen=True, slots=True)
class DataTransfer:
    """Answers what vendors send outside the standard.

    Attributes:
        makes: Knows whose words a station may use.
        notices: Where what came is kept.
        clock: Where business time comes from.
    """

    makes: Makes
    notices: Notices
    clock: Clock

    def routes(self) -> Iterator[Route]:
        """Name every action this block answers."""
        yield route(DATA_TRANSFER, self.data_transfer)

    async def data_transfer(
        self, station: StationId, request: DataTransferRequest
    ) -> DataTransferResponse:
        """Keep it for people, and act on none of it (P02).

        A vendor whose words this system speaks to the station learns that it does not
        know this one of them (P02.FR.07); any other, that it does not know the vendor
        (P02.FR.06).
        """
        now = self.clock.now()
        body = {
            "vendorId": request.vendor_id,
            "messageId": request.message_id,
            "data": request.data,
        }
        self.notices.note(
            StationNotice(station, now, now, "DataTransfer", SEVERITY_DEBUG, body)
        )
        words = self.makes.vendor_profile(station).words
        known = words is not None and words.vendor_id == request.vendor_id
        return DataTransferResponse(
            status=DataTransferStatus.UNKNOWN_MESSAGE_ID
            if known
            else DataTransferStatus.UNKNOWN_VENDOR_ID
        )
