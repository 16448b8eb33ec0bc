"""Block L: how firmware updates go, and what local controllers offer."""

from collections.abc import Iterator
from dataclasses import dataclass

from csms.blocks.routing import Route, route
from csms.blocks.translating import FindLink, translated, words_of
from csms.domain.ids import StationId
from csms.ocpp.link import Link
from csms.ocpp.messages.common import GenericStatus
from csms.ocpp.messages.firmware import (
    FIRMWARE_STATUS_NOTIFICATION,
    PUBLISH_FIRMWARE,
    PUBLISH_FIRMWARE_STATUS_NOTIFICATION,
    UNPUBLISH_FIRMWARE,
    UPDATE_FIRMWARE,
    Firmware,
    FirmwareStatus,
    FirmwareStatusNotificationRequest,
    FirmwareStatusNotificationResponse,
    PublishFirmwareRequest,
    PublishFirmwareResponse,
    PublishFirmwareStatus,
    PublishFirmwareStatusNotificationRequest,
    PublishFirmwareStatusNotificationResponse,
    UnpublishFirmwareRequest,
    UnpublishFirmwareResponse,
    UnpublishFirmwareStatus,
    UpdateFirmwareRequest,
    UpdateFirmwareResponse,
    UpdateFirmwareStatus,
)
from csms.services.ports.firmware import FirmwareOrder, PublishOrder
from csms.services.ports.wire import Reply
from csms.services.update_reports import FirmwareReports, FirmwareWord

_ACCEPTED = frozenset(
    {UpdateFirmwareStatus.ACCEPTED, UpdateFirmwareStatus.ACCEPTED_CANCELED}
)


@dataclass(frozen=True, slots=True)
class FirmwareProgress:
    """Answers what stations and local controllers say of firmware.

    Attributes:
        reports: Keeps it.
    """

    reports: FirmwareReports

    def routes(self) -> Iterator[Route]:
        """Name every action this block answers."""
        yield route(FIRMWARE_STATUS_NOTIFICATION, self.update_status)
        yield route(PUBLISH_FIRMWARE_STATUS_NOTIFICATION, self.publish_status)

    async def update_status(
        self, station: StationId, request: FirmwareStatusNotificationRequest
    ) -> FirmwareStatusNotificationResponse:
        """Keep how far an update has come (L01.FR.01, L02.FR.01)."""
        word = FirmwareWord(
            _word(request.status), request.request_id, words_of(request.status_info)
        )
        await self.reports.update_said(station, word)
        return FirmwareStatusNotificationResponse()

    async def publish_status(
        self, station: StationId, request: PublishFirmwareStatusNotificationRequest
    ) -> PublishFirmwareStatusNotificationResponse:
        """Keep how far a publication has come (L03.FR.01)."""
        word = FirmwareWord(
            _word(request.status),
            request.request_id,
            words_of(request.status_info),
            tuple(request.location or ()),
        )
        await self.reports.publication_said(station, word)
        return PublishFirmwareStatusNotificationResponse()


@dataclass(frozen=True, slots=True)
class StationFirmware:
    """Asks stations and local controllers: the port ``FirmwareWire``.

    Attributes:
        link: Finds the way to a station.
    """

    link: FindLink

    async def update(self, station: StationId, order: FirmwareOrder) -> Reply:
        """Ask for an update (L01, L02)."""
        request = UpdateFirmwareRequest(
            request_id=order.request_id,
            firmware=Firmware(
                location=order.location,
                retrieve_date_time=order.retrieve_at,
                install_date_time=order.install_at,
                signing_certificate=order.signing_certificate,
                signature=order.signature,
            ),
            retries=order.retries,
            retry_interval=order.retry_interval_s,
        )

        async def call(link: Link) -> UpdateFirmwareResponse:
            return await link.ask(UPDATE_FIRMWARE, request)

        answer = await translated(self.link(station), call, station)
        return Reply(
            answer.status in _ACCEPTED,
            answer.status.value,
            words_of(answer.status_info),
        )

    async def publish(self, station: StationId, order: PublishOrder) -> Reply:
        """Ask a local controller to offer a firmware (L03)."""
        request = PublishFirmwareRequest(
            location=order.location,
            checksum=order.checksum,
            request_id=order.request_id,
            retries=order.retries,
            retry_interval=order.retry_interval_s,
        )

        async def call(link: Link) -> PublishFirmwareResponse:
            return await link.ask(PUBLISH_FIRMWARE, request)

        answer = await translated(self.link(station), call, station)
        return Reply(
            answer.status is GenericStatus.ACCEPTED,
            answer.status.value,
            words_of(answer.status_info),
        )

    async def unpublish(self, station: StationId, checksum: str) -> Reply:
        """Ask a local controller to offer it no longer (L04)."""
        request = UnpublishFirmwareRequest(checksum=checksum)

        async def call(link: Link) -> UnpublishFirmwareResponse:
            return await link.ask(UNPUBLISH_FIRMWARE, request)

        answer = await translated(self.link(station), call, station)
        done = answer.status is UnpublishFirmwareStatus.UNPUBLISHED
        return Reply(done, answer.status.value)


def _word(status: FirmwareStatus | PublishFirmwareStatus) -> str:
    """Return a status as services write it: the member's name in lower case."""
    return status.name.lower()
