"""How a station reaches this system (block B)."""

from typing import Annotated

from csms.ocpp.messages.common import StatusInfo
from csms.ocpp.wire import BOTH, TO_STATION, Action, Integer, Natural, Wire, Word, text


class APNAuthentication(Word):
    """How a modem proves itself to its network."""

    PAP = "PAP"
    CHAP = "CHAP"
    NONE = "NONE"
    AUTO = "AUTO"


class OCPPInterface(Word):
    """Through which of its interfaces a station connects."""

    WIRED0 = "Wired0"
    WIRED1 = "Wired1"
    WIRED2 = "Wired2"
    WIRED3 = "Wired3"
    WIRELESS0 = "Wireless0"
    WIRELESS1 = "Wireless1"
    WIRELESS2 = "Wireless2"
    WIRELESS3 = "Wireless3"
    ANY = "Any"


class OCPPTransport(Word):
    """How messages are written; 2.x knows JSON only."""

    SOAP = "SOAP"
    JSON = "JSON"


class OCPPVersion(Word):
    """An edition of the protocol; ignored since 2.1, as the handshake decides."""

    OCPP12 = "OCPP12"
    OCPP15 = "OCPP15"
    OCPP16 = "OCPP16"
    OCPP20 = "OCPP20"
    OCPP201 = "OCPP201"
    OCPP21 = "OCPP21"


class VPNEnum(Word):
    """A kind of virtual private network."""

    IKEV2 = "IKEv2"
    IPSEC = "IPSec"
    L2TP = "L2TP"
    PPTP = "PPTP"


class SetNetworkProfileStatus(Word):
    """Whether a way to connect was kept."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"
    FAILED = "Failed"


class APN(Wire):
    """An access point of a cellular network."""

    apn: Annotated[str, text(2000)]
    apn_authentication: APNAuthentication
    apn_user_name: Annotated[str, text(50)] | None = None
    apn_password: Annotated[str, text(64)] | None = None
    sim_pin: Integer | None = None
    preferred_network: Annotated[str, text(6)] | None = None
    use_only_preferred_network: bool | None = None


class VPN(Wire):
    """A virtual private network."""

    server: Annotated[str, text(2000)]
    user: Annotated[str, text(50)]
    password: Annotated[str, text(64)]
    key: Annotated[str, text(255)]
    type: VPNEnum
    group: Annotated[str, text(50)] | None = None


class NetworkConnectionProfile(Wire):
    """A way to connect, as a slot of a station keeps it.

    Attributes:
        message_timeout: Seconds the station waits for an answer.
        ocpp_csms_url: Where this system is, without the station's identity.
        security_profile: From 1 to 3; a station never goes back to a lower one.
        identity: User name of the basic authentication (2.1).
        basic_auth_password: For profiles 1 and 2 (2.1).
    """

    ocpp_interface: OCPPInterface
    ocpp_transport: OCPPTransport
    message_timeout: Integer
    ocpp_csms_url: Annotated[str, text(2000)]
    security_profile: Natural
    apn: APN | None = None
    ocpp_version: OCPPVersion | None = None
    identity: Annotated[str, text(48)] | None = None
    basic_auth_password: Annotated[str, text(64)] | None = None
    vpn: VPN | None = None


class SetNetworkProfileRequest(Wire):
    """Put a way to connect into a slot of a station (B09)."""

    configuration_slot: Integer
    connection_data: NetworkConnectionProfile


class SetNetworkProfileResponse(Wire):
    """Whether the way to connect was kept."""

    status: SetNetworkProfileStatus
    status_info: StatusInfo | None = None


SET_NETWORK_PROFILE: Action[SetNetworkProfileRequest, SetNetworkProfileResponse] = (
    Action(
        "SetNetworkProfile",
        SetNetworkProfileRequest,
        SetNetworkProfileResponse,
        BOTH,
        TO_STATION,
    )
)
