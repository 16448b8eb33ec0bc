"""Firmware of stations and of what lies between (block L)."""

from typing import Annotated

from csms.ocpp.messages.common import GenericStatus, StatusInfo
from csms.ocpp.wire import (
    BOTH,
    FROM_STATION,
    TO_STATION,
    Action,
    Instant,
    Integer,
    Many,
    Natural,
    Wire,
    Word,
    text,
)


class FirmwareStatus(Word):
    """How far an update of the firmware has come."""

    DOWNLOADED = "Downloaded"
    DOWNLOAD_FAILED = "DownloadFailed"
    DOWNLOADING = "Downloading"
    DOWNLOAD_SCHEDULED = "DownloadScheduled"
    DOWNLOAD_PAUSED = "DownloadPaused"
    IDLE = "Idle"
    INSTALLATION_FAILED = "InstallationFailed"
    INSTALLING = "Installing"
    INSTALLED = "Installed"
    INSTALL_REBOOTING = "InstallRebooting"
    INSTALL_SCHEDULED = "InstallScheduled"
    INSTALL_VERIFICATION_FAILED = "InstallVerificationFailed"
    INVALID_SIGNATURE = "InvalidSignature"
    SIGNATURE_VERIFIED = "SignatureVerified"


class PublishFirmwareStatus(Word):
    """How far the publishing of a firmware has come."""

    IDLE = "Idle"
    DOWNLOAD_SCHEDULED = "DownloadScheduled"
    DOWNLOADING = "Downloading"
    DOWNLOADED = "Downloaded"
    PUBLISHED = "Published"
    DOWNLOAD_FAILED = "DownloadFailed"
    DOWNLOAD_PAUSED = "DownloadPaused"
    INVALID_CHECKSUM = "InvalidChecksum"
    CHECKSUM_VERIFIED = "ChecksumVerified"
    PUBLISH_FAILED = "PublishFailed"


class UnpublishFirmwareStatus(Word):
    """Whether a firmware is offered no longer."""

    DOWNLOAD_ONGOING = "DownloadOngoing"
    NO_FIRMWARE = "NoFirmware"
    UNPUBLISHED = "Unpublished"


class UpdateFirmwareStatus(Word):
    """Whether an update of the firmware will happen."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"
    ACCEPTED_CANCELED = "AcceptedCanceled"
    INVALID_CERTIFICATE = "InvalidCertificate"
    REVOKED_CERTIFICATE = "RevokedCertificate"


class Firmware(Wire):
    """A firmware, where it lies and when it is due.

    Attributes:
        signing_certificate: In PEM; with it the update is a secure one (L01).
        signature: Base64.
    """

    location: Annotated[str, text(2000)]
    retrieve_date_time: Instant
    install_date_time: Instant | None = None
    signing_certificate: Annotated[str, text(5500)] | None = None
    signature: Annotated[str, text(800)] | None = None


class UpdateFirmwareRequest(Wire):
    """Update the firmware of a station (L01, L02).

    Attributes:
        retries: How often to download again; 0 means never.
        retry_interval: Seconds between.
    """

    request_id: Integer
    firmware: Firmware
    retries: Natural | None = None
    retry_interval: Integer | None = None


class UpdateFirmwareResponse(Wire):
    """Whether the update will happen."""

    status: UpdateFirmwareStatus
    status_info: StatusInfo | None = None


class PublishFirmwareRequest(Wire):
    """Have a local controller offer a firmware to its stations (L03).

    Attributes:
        checksum: MD5, hexadecimal.
        retries: How often to download again; 0 means never.
        retry_interval: Seconds between.
    """

    location: Annotated[str, text(2000)]
    checksum: Annotated[str, text(32)]
    request_id: Natural
    retries: Natural | None = None
    retry_interval: Natural | None = None


class PublishFirmwareResponse(Wire):
    """Whether the local controller will fetch the firmware."""

    status: GenericStatus
    status_info: StatusInfo | None = None


class UnpublishFirmwareRequest(Wire):
    """Have a local controller offer a firmware no longer (L04).

    Attributes:
        checksum: MD5, hexadecimal.
    """

    checksum: Annotated[str, text(32)]


class UnpublishFirmwareResponse(Wire):
    """Whether the firmware is offered no longer."""

    status: UnpublishFirmwareStatus


class FirmwareStatusNotificationRequest(Wire):
    """How far an update of the firmware has come (L01, L02).

    Attributes:
        request_id: That of the UpdateFirmware; absent only if none is under way.
    """

    status: FirmwareStatus
    request_id: Integer | None = None
    status_info: StatusInfo | None = None


class FirmwareStatusNotificationResponse(Wire):
    """The progress is noted."""


class PublishFirmwareStatusNotificationRequest(Wire):
    """How far the publishing of a firmware has come (L03).

    Attributes:
        location: Where it is offered; needed once it is published.
    """

    status: PublishFirmwareStatus
    location: Many[Annotated[str, text(2000)]] | None = None
    request_id: Natural | None = None
    status_info: StatusInfo | None = None


class PublishFirmwareStatusNotificationResponse(Wire):
    """The progress is noted."""


UPDATE_FIRMWARE: Action[UpdateFirmwareRequest, UpdateFirmwareResponse] = Action(
    "UpdateFirmware", UpdateFirmwareRequest, UpdateFirmwareResponse, BOTH, TO_STATION
)
PUBLISH_FIRMWARE: Action[PublishFirmwareRequest, PublishFirmwareResponse] = Action(
    "PublishFirmware", PublishFirmwareRequest, PublishFirmwareResponse, BOTH, TO_STATION
)
UNPUBLISH_FIRMWARE: Action[UnpublishFirmwareRequest, UnpublishFirmwareResponse] = (
    Action(
        "UnpublishFirmware",
        UnpublishFirmwareRequest,
        UnpublishFirmwareResponse,
        BOTH,
        TO_STATION,
    )
)
FIRMWARE_STATUS_NOTIFICATION: Action[
    FirmwareStatusNotificationRequest, FirmwareStatusNotificationResponse
] = Action(
    "FirmwareStatusNotification",
    FirmwareStatusNotificationRequest,
    FirmwareStatusNotificationResponse,
    BOTH,
    FROM_STATION,
)
PUBLISH_FIRMWARE_STATUS_NOTIFICATION: Action[
    PublishFirmwareStatusNotificationRequest, PublishFirmwareStatusNotificationResponse
] = Action(
    "PublishFirmwareStatusNotification",
    PublishFirmwareStatusNotificationRequest,
    PublishFirmwareStatusNotificationResponse,
    BOTH,
    FROM_STATION,
)
