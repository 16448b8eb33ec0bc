"""Paying at the station (block C, 2.1 only)."""

from typing import Annotated

from csms.ocpp.messages.common import GenericStatus, StatusInfo
from csms.ocpp.wire import (
    FROM_STATION,
    TO_STATION,
    V21_ONLY,
    Action,
    Instant,
    Integer,
    Natural,
    Number,
    Wire,
    Word,
    text,
)


class PaymentStatus(Word):
    """What became of a payment."""

    SETTLED = "Settled"
    CANCELED = "Canceled"
    REJECTED = "Rejected"
    FAILED = "Failed"


class Address(Wire):
    """A postal address."""

    name: Annotated[str, text(50)]
    address1: Annotated[str, text(100)]
    city: Annotated[str, text(100)]
    country: Annotated[str, text(50)]
    address2: Annotated[str, text(100)] | None = None
    postal_code: Annotated[str, text(20)] | None = None


class NotifySettlementRequest(Wire):
    """A payment terminal has settled a payment, or failed to (C19 to C22).

    Attributes:
        psp_ref: The reference of the payment, which served as the id token.
        status_info: Words of the terminal.
        settlement_amount: Money, in the currency of the station.
    """

    psp_ref: Annotated[str, text(255)]
    status: PaymentStatus
    settlement_amount: Number
    settlement_time: Instant
    transaction_id: Annotated[str, text(36)] | None = None
    status_info: Annotated[str, text(500)] | None = None
    receipt_id: Annotated[str, text(50)] | None = None
    receipt_url: Annotated[str, text(2000)] | None = None
    vat_company: Address | None = None
    vat_number: Annotated[str, text(20)] | None = None


class NotifySettlementResponse(Wire):
    """The payment is noted; where its receipt is, if this system made one."""

    receipt_url: Annotated[str, text(2000)] | None = None
    receipt_id: Annotated[str, text(50)] | None = None


class VatNumberValidationRequest(Wire):
    """A station asks whether a VAT number is valid."""

    vat_number: Annotated[str, text(20)]
    evse_id: Natural | None = None


class VatNumberValidationResponse(Wire):
    """Whether the VAT number is valid, and whose it is."""

    vat_number: Annotated[str, text(20)]
    status: GenericStatus
    company: Address | None = None
    status_info: StatusInfo | None = None
    evse_id: Natural | None = None


class NotifyWebPaymentStartedRequest(Wire):
    """Tell a station that somebody is paying on a web page (C25).

    Attributes:
        timeout: Seconds after which no result is to be expected.
    """

    evse_id: Natural
    timeout: Integer


class NotifyWebPaymentStartedResponse(Wire):
    """The station knows that somebody is paying."""


NOTIFY_SETTLEMENT: Action[NotifySettlementRequest, NotifySettlementResponse] = Action(
    "NotifySettlement",
    NotifySettlementRequest,
    NotifySettlementResponse,
    V21_ONLY,
    FROM_STATION,
)
VAT_NUMBER_VALIDATION: Action[
    VatNumberValidationRequest, VatNumberValidationResponse
] = Action(
    "VatNumberValidation",
    VatNumberValidationRequest,
    VatNumberValidationResponse,
    V21_ONLY,
    FROM_STATION,
)
NOTIFY_WEB_PAYMENT_STARTED: Action[
    NotifyWebPaymentStartedRequest, NotifyWebPaymentStartedResponse
] = Action(
    "NotifyWebPaymentStarted",
    NotifyWebPaymentStartedRequest,
    NotifyWebPaymentStartedResponse,
    V21_ONLY,
    TO_STATION,
)
