"""The list of id tokens that a station keeps (block D)."""

from csms.ocpp.messages.common import IdToken, IdTokenInfo, StatusInfo
from csms.ocpp.wire import BOTH, TO_STATION, Action, Integer, Many, Wire, Word


class Update(Word):
    """Whether a local list is replaced or changed."""

    DIFFERENTIAL = "Differential"
    FULL = "Full"


class SendLocalListStatus(Word):
    """Whether the local list was changed."""

    ACCEPTED = "Accepted"
    FAILED = "Failed"
    VERSION_MISMATCH = "VersionMismatch"


class AuthorizationData(Wire):
    """An identity token and the verdict on it.

    Attributes:
        id_token_info: Without it, a differential update removes the token (D01).
    """

    id_token: IdToken
    id_token_info: IdTokenInfo | None = None


class SendLocalListRequest(Wire):
    """Replace or change the local list (D01).

    Attributes:
        version_number: That of the list after the update.
        local_authorization_list: Without it, a full update empties the list.
    """

    version_number: Integer
    update_type: Update
    local_authorization_list: Many[AuthorizationData] | None = None


class SendLocalListResponse(Wire):
    """Whether the local list was changed; VersionMismatch asks for a full update."""

    status: SendLocalListStatus
    status_info: StatusInfo | None = None


class GetLocalListVersionRequest(Wire):
    """Ask for the version of the local list (D02)."""


class GetLocalListVersionResponse(Wire):
    """The version of the local list; 0 means that there is none."""

    version_number: Integer


SEND_LOCAL_LIST: Action[SendLocalListRequest, SendLocalListResponse] = Action(
    "SendLocalList", SendLocalListRequest, SendLocalListResponse, BOTH, TO_STATION
)
GET_LOCAL_LIST_VERSION: Action[
    GetLocalListVersionRequest, GetLocalListVersionResponse
] = Action(
    "GetLocalListVersion",
    GetLocalListVersionRequest,
    GetLocalListVersionResponse,
    BOTH,
    TO_STATION,
)
