"""What a station knows of a customer: asked for, told, cleared."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from csms.domain.ids import StationId


class ReferenceKind(StrEnum):
    """By what a customer is meant; a request names one of them (N09.FR.04)."""

    ID_TOKEN = "id_token"  # noqa: S105 the name of a field
    CERTIFICATE = "customer_certificate"
    IDENTIFIER = "customer_identifier"


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer, as a station may know them.

    Attributes:
        kind: By what they are meant.
        reference: The fields of it: of an id token ``id_token`` and ``type``, of a
            certificate its hash data, of an identifier ``customer_identifier``.
    """

    kind: ReferenceKind
    reference: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class CustomerPart:
    """A part of what a station told."""

    number: int
    generated_at: datetime
    received_at: datetime
    data: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class CustomerRequest:
    """What was asked of a station about a customer, and what it told.

    Attributes:
        id: Also the request id on the wire.
        report: Whether the station was to tell what it knows.
        clear: Whether it was to forget it.
        status: The station's word; ``Asked`` or ``NoAnswer`` are ours.
        info: Its own words.
        complete: Whether every part has come.
        parts: In order.
    """

    id: int
    station: StationId
    customer: Customer
    report: bool
    clear: bool
    by: str
    requested_at: datetime
    status: str
    info: str = ""
    complete: bool = False
    parts: tuple[CustomerPart, ...] = field(default=(), repr=False)

    @property
    def text(self) -> str:
        """Return what the station told, in one piece."""
        return "".join(each.data for each in self.parts)
