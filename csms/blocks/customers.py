"""Block N: customers; ``CustomerNotices`` answers, ``StationCustomers`` asks."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from csms.blocks.routing import Route, route
from csms.blocks.translating import FindLink, translated, words_of
from csms.clock import Clock
from csms.domain.customer import Customer, CustomerPart, ReferenceKind
from csms.domain.ids import StationId
from csms.ocpp.messages.common import CertificateHashData, HashAlgorithm, IdToken
from csms.ocpp.messages.logs import (
    CUSTOMER_INFORMATION,
    NOTIFY_CUSTOMER_INFORMATION,
    CustomerInformationRequest,
    NotifyCustomerInformationRequest,
    NotifyCustomerInformationResponse,
)
from csms.services.ports.wire import Reply


class Information(Protocol):
    """Whoever keeps what stations know of customers."""

    async def take(
        self, station: StationId, request: int, part: CustomerPart, *, last: bool
    ) -> None:
        """Keep a part of what a station tells."""
        ...


@dataclass(frozen=True, slots=True)
class CustomerNotices:
    """Answers what a station knows of a customer.

    Attributes:
        information: Where it goes.
        clock: Where business time comes from.
    """

    information: Information
    clock: Clock

    def routes(self) -> Iterator[Route]:
        """Name every action this block answers."""
        yield route(NOTIFY_CUSTOMER_INFORMATION, self.notify_customer_information)

    async def notify_customer_information(
        self, station: StationId, request: NotifyCustomerInformationRequest
    ) -> NotifyCustomerInformationResponse:
        """Take a part of what a station knows of a customer (N09, N10)."""
        part = CustomerPart(
            request.seq_no, request.generated_at, self.clock.now(), request.data
        )
        await self.information.take(
            station, request.request_id, part, last=not request.tbc
        )
        return NotifyCustomerInformationResponse()


@dataclass(frozen=True, slots=True)
class StationCustomers:
    """Asks about customers: the port ``CustomerWire``.

    Attributes:
        link: Finds the way to a station.
    """

    link: FindLink

    async def ask(
        self,
        number: int,
        station: StationId,
        customer: Customer,
        *,
        report: bool,
        clear: bool,
    ) -> Reply:
        """Ask what it knows, or have it forget (N09, N10)."""
        request = CustomerInformationRequest(
            request_id=number, report=report, clear=clear, **_reference(customer)
        )
        answer = await translated(
            self.link(station),
            lambda link: link.ask(CUSTOMER_INFORMATION, request),
            station,
        )
        status = answer.status.value
        return Reply(status == "Accepted", status, words_of(answer.status_info))


def _reference(customer: Customer) -> dict[str, Any]:
    """Write by what a customer is meant: one of three (N09.FR.04, N10.FR.08)."""
    said = customer.reference
    match customer.kind:
        case ReferenceKind.ID_TOKEN:
            token = IdToken(id_token=said["id_token"], type=said["type"])
            return {"id_token": token}
        case ReferenceKind.CERTIFICATE:
            return {
                "customer_certificate": CertificateHashData(
                    hash_algorithm=HashAlgorithm(said["hash_algorithm"]),
                    issuer_name_hash=said["issuer_name_hash"],
                    issuer_key_hash=said["issuer_key_hash"],
                    serial_number=said["serial_number"],
                )
            }
        case ReferenceKind.IDENTIFIER:
            return {"customer_identifier": said["customer_identifier"]}
