"""Which directions of energy a vehicle may use (block Q, 2.1 only)."""

from typing import Annotated

from csms.ocpp.messages.common import EnergyTransferMode, StatusInfo
from csms.ocpp.wire import V21_ONLY, Action, Many, Wire, Word, text


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


NOTIFY_ALLOWED_ENERGY_TRANSFER: Action[
    NotifyAllowedEnergyTransferRequest, NotifyAllowedEnergyTransferResponse
] = Action(
    "NotifyAllowedEnergyTransfer",
    NotifyAllowedEnergyTransferRequest,
    NotifyAllowedEnergyTransferResponse,
    V21_ONLY,
)
