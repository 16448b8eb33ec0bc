"""What stations know of customers: asked, cleared, kept apart, deleted (N09, N10)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from csms.clock import Clock
from csms.domain.certificate import Installed
from csms.domain.customer import (
    Customer,
    CustomerPart,
    CustomerRequest,
    ReferenceKind,
)
from csms.domain.errors import Broken, NotFound
from csms.domain.ids import StationId
from csms.domain.token import IdToken
from csms.services.asking import known, reachable
from csms.services.ports.customers import CustomerWire, ListKeeper
from csms.services.ports.wire import (
    Deviations,
    DeviationSeen,
    NoAnswer,
    RefusedByStation,
)
from csms.services.ports.work import Begin
from csms.services.stations import StationBook

MOST_PARTS = 10_000
ACCEPTED, ASKED, NO_ANSWER, REFUSED = "Accepted", "Asked", "NoAnswer", "Refused"
_NOTIFICATION = "NotifyCustomerInformation"


class NoSuchCustomerRequest(NotFound):
    """There is no such request for customer information."""

    code = "no-such-customer-request"
    usual_remedy = "see csms customers list"


class OtherDigest(Broken):
    """The certificate was installed by the hashes of another algorithm."""

    code = "other-hash-algorithm"


@dataclass(frozen=True, slots=True)
class Customers:
    """Asks stations what they know of customers, and has them forget it.

    What is told is about persons: it is kept apart, for as short as was set, and no
    word of it goes on the audit trail or into logs.

    Attributes:
        clock: Where business time comes from.
        begin: Begins a unit of work.
        book: What is known of every station.
        wire: Asks stations.
        lists: Keeps the local lists of stations.
        deviations: Where what stations get wrong is counted.
        kept: How long it is kept.
    """

    clock: Clock
    begin: Begin
    book: StationBook
    wire: CustomerWire
    lists: ListKeeper
    deviations: Deviations
    kept: timedelta

    async def ask(
        self,
        station: StationId,
        customer: Customer,
        by: str,
        *,
        report: bool,
        clear: bool,
    ) -> CustomerRequest:
        """Ask what a station knows of a customer, or have it forget, or both.

        A token that is to be forgotten is taken off local lists too (N10.FR.02).

        Raises:
            Broken: If neither is wanted (N09.FR.07, N10.FR.07).
            OtherDigest: If the station says it holds the certificate by the hashes of
                another algorithm.
            UnknownStation: If there is none of this name.
            StationRejected: If it is rejected.
            StationOffline: If it is not connected.
        """
        if not (report or clear):
            raise Broken("it is to report, to clear, or both", field="report")
        reachable(self.book, station)
        now = self.clock.now()
        request = CustomerRequest(0, station, customer, report, clear, by, now, ASKED)
        async with self.begin() as work:
            if customer.kind is ReferenceKind.CERTIFICATE:
                holding = await work.certificates.holding(station)
                _require_digest(customer, holding.certificates)
            number = await work.customers.add(request)
            detail = {
                "request": number,
                "by": customer.kind.value,
                "report": report,
                "clear": clear,
            }
            await work.access.audit(
                by, "customer_information.requested", station, detail, now
            )
        status, info = await self._answer(number, request)
        async with self.begin() as work:
            await work.customers.answered(number, status, info)
            await work.access.audit(
                by,
                "customer_information.answered",
                station,
                {"request": number, "status": status},
                self.clock.now(),
            )
        if clear and status == ACCEPTED and customer.kind is ReferenceKind.ID_TOKEN:
            said = customer.reference
            token = IdToken(said["id_token"], said["type"])
            await self.lists.forget(station, token, by)
        return await self.find(number)

    async def take(
        self, station: StationId, request: int, part: CustomerPart, *, last: bool
    ) -> None:
        """Keep a part of what a station tells; nobody asked for it, nobody keeps it."""
        async with self.begin() as work:
            found = await work.customers.find(request, lock=True)
            if found is None or found.station != station:
                self._count(station, "unknown-request", "requestId", f"{request}")
            elif part.number >= MOST_PARTS or (
                found.complete and not _has(found, part)
            ):
                self._count(station, "after-the-last-part", "seqNo", f"{part.number}")
            else:
                await work.customers.add_part(
                    request, part, last_number=part.number if last else None
                )

    async def find(self, request: int) -> CustomerRequest:
        """Return one request with what was told.

        Raises:
            NoSuchCustomerRequest: If there is none of this number.
        """
        async with self.begin() as work:
            found = await work.customers.find(request)
        if found is None:
            raise NoSuchCustomerRequest(f"there is no request {request}")
        return found

    async def read(self, request: int, by: str) -> CustomerRequest:
        """Return one request with what was told, and write down who read it.

        Raises:
            NoSuchCustomerRequest: If there is none of this number.
        """
        found = await self.find(request)
        async with self.begin() as work:
            await work.access.audit(
                by,
                "customer_information.read",
                found.station,
                {"request": request},
                self.clock.now(),
            )
        return found

    async def of(
        self, station: StationId, *, before: int | None = None, limit: int = 100
    ) -> Sequence[CustomerRequest]:
        """Return requests without what was told, youngest first, below a number.

        Raises:
            UnknownStation: If there is none of this name.
        """
        known(self.book, station)
        async with self.begin() as work:
            return await work.customers.of(station, before=before, limit=limit)

    async def delete(self, request: int, by: str) -> None:
        """Forget a request and all that was told.

        Raises:
            NoSuchCustomerRequest: If there is none of this number.
        """
        found = await self.find(request)
        async with self.begin() as work:
            await work.customers.delete(request)
            await work.access.audit(
                by,
                "customer_information.deleted",
                found.station,
                {"request": request},
                self.clock.now(),
            )

    async def sweep(self) -> None:
        """Forget what was kept long enough."""
        now = self.clock.now()
        async with self.begin() as work:
            for request, station in await work.customers.forget(now - self.kept):
                await work.access.audit(
                    "system",
                    "customer_information.expired",
                    station,
                    {"request": request},
                    now,
                )

    async def _answer(self, number: int, request: CustomerRequest) -> tuple[str, str]:
        try:
            reply = await self.wire.ask(
                number,
                request.station,
                request.customer,
                report=request.report,
                clear=request.clear,
            )
        except NoAnswer as error:
            return NO_ANSWER, error.kind.value
        except RefusedByStation as error:
            return REFUSED, error.code
        return reply.status, reply.info

    def _count(self, station: StationId, kind: str, field: str, detail: str) -> None:
        seen = DeviationSeen(kind, f"{_NOTIFICATION}.{field}", detail)
        self.deviations.count(station, [seen], self.clock.now())


def _require_digest(customer: Customer, held: Iterable[Installed]) -> None:
    """Let a certificate pass that is named as it was installed (N09.FR.08, N10.FR.09).

    What the station never said it holds is taken at the operator's word.

    Raises:
        OtherDigest: If it says that it holds it by another algorithm's hashes.
    """
    said = customer.reference
    number, digest = _serial(said["serial_number"]), said["hash_algorithm"]
    known = {
        each.digest.value
        for one in held
        for each in (one.hash, *one.children)
        if _serial(each.serial) == number
    }
    if known and digest not in known:
        held_by = " or ".join(sorted(known))
        raise OtherDigest(
            f"the station holds this certificate by {held_by}, not by {digest}",
            field="customer_certificate.hash_algorithm",
            remedy=f"name it by its {held_by} hashes",
        )


def _serial(text: str) -> str:
    return text.lower().lstrip("0") or "0"


def _has(request: CustomerRequest, part: CustomerPart) -> bool:
    return any(each.number == part.number for each in request.parts)
