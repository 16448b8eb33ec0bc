"""Logs of a station, and what it knows of a customer (block N)."""

from typing import Annotated

from csms.ocpp.messages.common import CertificateHashData, IdToken, StatusInfo
from csms.ocpp.wire import (
    BOTH,
    FROM_STATION,
    TO_STATION,
    Action,
    Instant,
    Integer,
    Natural,
    Wire,
    Word,
    text,
)


class Log(Word):
    """Which log is meant."""

    DIAGNOSTICS_LOG = "DiagnosticsLog"
    SECURITY_LOG = "SecurityLog"
    DATA_COLLECTOR_LOG = "DataCollectorLog"


class LogStatus(Word):
    """Whether a log will be uploaded; AcceptedCanceled ends an upload before it."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"
    ACCEPTED_CANCELED = "AcceptedCanceled"


class UploadLogStatus(Word):
    """How far the upload of a log has come."""

    BAD_MESSAGE = "BadMessage"
    IDLE = "Idle"
    NOT_SUPPORTED_OPERATION = "NotSupportedOperation"
    PERMISSION_DENIED = "PermissionDenied"
    UPLOADED = "Uploaded"
    UPLOAD_FAILURE = "UploadFailure"
    UPLOADING = "Uploading"
    ACCEPTED_CANCELED = "AcceptedCanceled"


class CustomerInformationStatus(Word):
    """Whether what a station knows of a customer will be told or cleared."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"
    INVALID = "Invalid"


class LogParameters(Wire):
    """Where a log goes, and from when to when."""

    remote_location: Annotated[str, text(2000)]
    oldest_timestamp: Instant | None = None
    latest_timestamp: Instant | None = None


class GetLogRequest(Wire):
    """Ask for the upload of a log (N01).

    Attributes:
        retries: How often to upload again; 0 means never.
        retry_interval: Seconds between.
    """

    log: LogParameters
    log_type: Log
    request_id: Integer
    retries: Natural | None = None
    retry_interval: Integer | None = None


class GetLogResponse(Wire):
    """Whether the log will be uploaded, and under which name."""

    status: LogStatus
    status_info: StatusInfo | None = None
    filename: Annotated[str, text(255)] | None = None


class LogStatusNotificationRequest(Wire):
    """How far the upload of a log has come (N01).

    Attributes:
        request_id: That of the GetLog; absent only if none is under way.
    """

    status: UploadLogStatus
    request_id: Integer | None = None
    status_info: StatusInfo | None = None


class LogStatusNotificationResponse(Wire):
    """The progress is noted."""


class CustomerInformationRequest(Wire):
    """Ask what a station knows of a customer, or have it cleared (N09, N10)."""

    request_id: Natural
    report: bool
    clear: bool
    customer_certificate: CertificateHashData | None = None
    id_token: IdToken | None = None
    customer_identifier: Annotated[str, text(64)] | None = None


class CustomerInformationResponse(Wire):
    """Whether it will be told or cleared."""

    status: CustomerInformationStatus
    status_info: StatusInfo | None = None


class NotifyCustomerInformationRequest(Wire):
    """A part of what a station knows of a customer (N09).

    Attributes:
        data: For people; its form is not defined.
        tbc: Whether more parts follow; no if it is not said.
    """

    data: Annotated[str, text(512)]
    seq_no: Natural
    generated_at: Instant
    request_id: Natural
    tbc: bool | None = None


class NotifyCustomerInformationResponse(Wire):
    """The part is noted."""


GET_LOG: Action[GetLogRequest, GetLogResponse] = Action(
    "GetLog", GetLogRequest, GetLogResponse, BOTH, TO_STATION
)
LOG_STATUS_NOTIFICATION: Action[
    LogStatusNotificationRequest, LogStatusNotificationResponse
] = Action(
    "LogStatusNotification",
    LogStatusNotificationRequest,
    LogStatusNotificationResponse,
    BOTH,
    FROM_STATION,
)
CUSTOMER_INFORMATION: Action[
    CustomerInformationRequest, CustomerInformationResponse
] = Action(
    "CustomerInformation",
    CustomerInformationRequest,
    CustomerInformationResponse,
    BOTH,
    TO_STATION,
)
NOTIFY_CUSTOMER_INFORMATION: Action[
    NotifyCustomerInformationRequest, NotifyCustomerInformationResponse
] = Action(
    "NotifyCustomerInformation",
    NotifyCustomerInformationRequest,
    NotifyCustomerInformationResponse,
    BOTH,
    FROM_STATION,
)
