"""Which directions of energy a vehicle may use, and a signal (block Q, 2.1 only)."""

from typing import Annotated

from csms.ocpp.messages.common import EnergyTransferMode, GenericStatus, StatusInfo
from csms.ocpp.wire import (
    TO_STATION,
    V21_ONLY,
    Action,
    Instant,
    Integer,
    Many,
    Wire,
    Word,
    text,
)


class NotifyAllowedEnergyTransferStatus(Word):
    """Whether the vehicle will be told."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"


class NotifyAllowedEnergyTransferRequest(Wire):
    """Tell which ways to move energy are allowed from now on (Q02.FR.05)."""

    transaction_id: Annotated[str, text(36)]
    allowed_energy_transfer: Many[EnergyTransferMode]


class NotifyAllowedEnergyTransferResponse(Wire):
    """Whether the vehicle will be told."""

    status: NotifyAllowedEnergyTransferStatus
    status_info: StatusInfo | None = None


class AFRRSignalRequest(Wire):
    """Give the signal that a curve turns into power (Q08).

    Attributes:
        timestamp: From when it holds.
        signal: A value of v2xSignalWattCurve.
    """

    timestamp: Instant
    signal: Integer


class AFRRSignalResponse(Wire):
    """Whether the signal is followed."""

    status: GenericStatus
    status_info: StatusInfo | None = None


NOTIFY_ALLOWED_ENERGY_TRANSFER: Action[
    NotifyAllowedEnergyTransferRequest, NotifyAllowedEnergyTransferResponse
] = Action(
    "NotifyAllowedEnergyTransfer",
    NotifyAllowedEnergyTransferRequest,
    NotifyAllowedEnergyTransferResponse,
    V21_ONLY,
    TO_STATION,
)
AFRR_SIGNAL: Action[AFRRSignalRequest, AFRRSignalResponse] = Action(
    "AFRRSignal", AFRRSignalRequest, AFRRSignalResponse, V21_ONLY, TO_STATION
)
