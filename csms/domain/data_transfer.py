"""What vendors exchange outside the standard, and how their messages are answered."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from csms.domain.ids import StationId


class TransferStatus(StrEnum):
    """How a vendor's message is answered (P01, P02)."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"
    UNKNOWN_MESSAGE_ID = "UnknownMessageId"
    UNKNOWN_VENDOR_ID = "UnknownVendorId"


class Heading(StrEnum):
    """Which way a message went."""

    IN = "in"
    OUT = "out"


@dataclass(frozen=True, slots=True)
class TransferAnswer:
    """The answer to a vendor's message.

    Attributes:
        data: Any JSON; none if there is none.
    """

    status: TransferStatus
    data: Any = None


@dataclass(frozen=True, slots=True)
class TransferRule:
    """How a vendor's message from a station is answered: an agreement with the vendor.

    Attributes:
        vendor_id: The vendor, as a reversed domain name (P02.FR.03).
        message_id: Which message; empty for all of the vendor without a rule of theirs.
        answer: What is answered.
        note: What was agreed, for people.
    """

    vendor_id: str
    message_id: str
    answer: TransferAnswer
    created_at: datetime
    created_by: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Transfer:
    """One message of a vendor, and its answer.

    Attributes:
        data: Any JSON that it carried.
        status: The answer's word; ``NoAnswer`` or an error code if there was none.
        answer: Any JSON that the answer carried.
        detail: More about how it was answered, for people.
        asked_by: Who sent it; none if the station did.
    """

    station: StationId
    at: datetime
    heading: Heading
    vendor_id: str
    message_id: str | None
    data: Any
    status: str
    answer: Any = None
    detail: str = ""
    asked_by: str | None = None
