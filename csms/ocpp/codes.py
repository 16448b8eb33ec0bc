"""The error codes of OCPP-J, and the exception that carries one to the answer."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

DESCRIPTION_LIMIT = 255
"""Most characters an error description may have (Part 4, 4.2.3)."""


class RpcErrorCode(StrEnum):
    """Why a CALL was not carried out (Part 4, 4.3)."""

    FORMAT_VIOLATION = "FormatViolation"
    GENERIC_ERROR = "GenericError"
    INTERNAL_ERROR = "InternalError"
    MESSAGE_TYPE_NOT_SUPPORTED = "MessageTypeNotSupported"
    NOT_IMPLEMENTED = "NotImplemented"
    NOT_SUPPORTED = "NotSupported"
    OCCURRENCE_CONSTRAINT_VIOLATION = "OccurrenceConstraintViolation"
    PROPERTY_CONSTRAINT_VIOLATION = "PropertyConstraintViolation"
    PROTOCOL_ERROR = "ProtocolError"
    RPC_FRAMEWORK_ERROR = "RpcFrameworkError"
    SECURITY_ERROR = "SecurityError"
    TYPE_CONSTRAINT_VIOLATION = "TypeConstraintViolation"


class CallRefused(Exception):
    """A CALL must be answered by a CALLERROR.

    Attributes:
        code: What kind of refusal it is.
        description: What is wrong, for people; cut to what the wire allows.
        details: Facts for machines; may be empty.
    """

    def __init__(
        self,
        code: RpcErrorCode,
        description: str = "",
        details: Mapping[str, Any] | None = None,
    ) -> None:
        self.code = code
        self.description = description[:DESCRIPTION_LIMIT]
        self.details: dict[str, Any] = dict(details or {})
        super().__init__(f"{code}: {self.description}")
