"""What vendors exchange outside the standard (block P)."""

from typing import Annotated, Any

from csms.ocpp.messages.common import StatusInfo
from csms.ocpp.wire import BOTH, EITHER_WAY, Action, Wire, Word, text


class DataTransferStatus(Word):
    """What became of a message outside the standard."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"
    UNKNOWN_MESSAGE_ID = "UnknownMessageId"
    UNKNOWN_VENDOR_ID = "UnknownVendorId"


class DataTransferRequest(Wire):
    """A message outside the standard (P01, P02)."""

    vendor_id: Annotated[str, text(255)]
    message_id: Annotated[str, text(50)] | None = None
    data: Any = None


class DataTransferResponse(Wire):
    """What became of a message outside the standard."""

    status: DataTransferStatus
    status_info: StatusInfo | None = None
    data: Any = None


DATA_TRANSFER: Action[DataTransferRequest, DataTransferResponse] = Action(
    "DataTransfer", DataTransferRequest, DataTransferResponse, BOTH, EITHER_WAY
)
