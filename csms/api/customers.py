"""What stations know of customers: for administrators only (block N)."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field

from csms.api.bodies import RequestBody
from csms.api.guard import GuardedRoute
from csms.api.numbers import number_in
from csms.domain.customer import Customer, CustomerRequest, ReferenceKind
from csms.domain.errors import Broken
from csms.domain.ids import StationId
from csms.services.customers import NoSuchCustomerRequest
from csms.web.auth import Admin, NodeOf
from csms.web.paging import USUAL, Cursor, Limit, Page, page, read_cursor

ROUTER = APIRouter(tags=["diagnostics"], route_class=GuardedRoute)
ACCEPTED, NO_CONTENT = 202, 204
RequestId = Annotated[str, Path(description="Its number.")]


class TokenSaid(RequestBody):
    """An id token."""

    id_token: str = Field(min_length=1, max_length=255)
    type: str = Field(min_length=1, max_length=20, examples=["ISO14443"])


class CertificateSaid(RequestBody):
    """A certificate by its hashes, made as when it was installed (N09.FR.08)."""

    hash_algorithm: Literal["SHA256", "SHA384", "SHA512"]
    issuer_name_hash: str = Field(min_length=1, max_length=128)
    issuer_key_hash: str = Field(min_length=1, max_length=128)
    serial_number: str = Field(min_length=1, max_length=40)


class CustomerWanted(RequestBody):
    """Which customer, and what is to be done: exactly one reference (N09.FR.04)."""

    report: bool = Field(default=False, description="Tell what is known.")
    clear: bool = Field(default=False, description="Forget it.")
    id_token: TokenSaid | None = None
    customer_certificate: CertificateSaid | None = None
    customer_identifier: str | None = Field(None, min_length=1, max_length=64)

    def customer(self) -> Customer:
        """Return whom it is about.

        Raises:
            Broken: If it names none, or more than one.
        """
        said = {
            ReferenceKind.ID_TOKEN: self.id_token,
            ReferenceKind.CERTIFICATE: self.customer_certificate,
            ReferenceKind.IDENTIFIER: self.customer_identifier,
        }
        named = [(kind, each) for kind, each in said.items() if each is not None]
        if len(named) != 1:
            raise Broken(
                "name the customer by exactly one of id_token, customer_certificate "
                "and customer_identifier (N09.FR.04, N10.FR.08)",
                field="customer_identifier",
            )
        kind, reference = named[0]
        if isinstance(reference, str):
            return Customer(kind, {kind.value: reference})
        return Customer(kind, reference.model_dump())


class CustomerPartItem(BaseModel):
    """A part of what a station told."""

    number: int
    generated_at: datetime
    received_at: datetime
    data: str


class CustomerItem(BaseModel):
    """What was asked about a customer, and what the station told."""

    id: int = Field(description="Also the request id on the wire.")
    station: str
    by: ReferenceKind
    reference: dict[str, str]
    report: bool
    clear: bool
    requested_by: str
    requested_at: datetime
    status: str
    info: str
    complete: bool
    parts: list[CustomerPartItem]


@ROUTER.post(
    "/stations/{station}/customer-information",
    summary="Ask what a station knows of a customer, or have it forget",
    status_code=ACCEPTED,
)
async def ask_customer(
    node: NodeOf, caller: Admin, station: str, wanted: CustomerWanted
) -> CustomerItem:
    """Return what the station answered; what it knows follows part by part."""
    request = await node.diagnostics.customers.ask(
        StationId(station),
        wanted.customer(),
        caller.name,
        report=wanted.report,
        clear=wanted.clear,
    )
    return customer_item(request)


@ROUTER.get(
    "/stations/{station}/customer-information",
    summary="List what was asked about customers",
)
async def list_customers(
    node: NodeOf,
    _caller: Admin,
    station: str,
    limit: Limit = USUAL,
    cursor: Cursor = None,
) -> Page[CustomerItem]:
    """Return requests without what was told, youngest first."""
    before = read_cursor(cursor, int)
    rows = await node.diagnostics.customers.of(
        StationId(station), before=before[0] if before else None, limit=limit + 1
    )
    return page(rows, limit, customer_item, lambda row: row.id)


@ROUTER.get("/customer-information/{request}", summary="Read what a station told")
async def show_customer(
    node: NodeOf, caller: Admin, request: RequestId
) -> CustomerItem:
    """Return one request with what was told; who read it goes on the audit trail."""
    found = await node.diagnostics.customers.read(
        number_in(request, NoSuchCustomerRequest), by=caller.name
    )
    return customer_item(found)


@ROUTER.delete(
    "/customer-information/{request}",
    summary="Forget what a station told",
    status_code=NO_CONTENT,
)
async def delete_customer(node: NodeOf, caller: Admin, request: RequestId) -> None:
    """Forget a request and all that was told."""
    await node.diagnostics.customers.delete(
        number_in(request, NoSuchCustomerRequest), by=caller.name
    )


def customer_item(request: CustomerRequest) -> CustomerItem:
    """Return a request."""
    return CustomerItem(
        id=request.id,
        station=request.station,
        by=request.customer.kind,
        reference=dict(request.customer.reference),
        report=request.report,
        clear=request.clear,
        requested_by=request.by,
        requested_at=request.requested_at,
        status=request.status,
        info=request.info,
        complete=request.complete,
        parts=[
            CustomerPartItem(
                number=each.number,
                generated_at=each.generated_at,
                received_at=each.received_at,
                data=each.data,
            )
            for each in request.parts
        ],
    )
