"""Types that several functional blocks share."""

from typing import Annotated

from csms.ocpp.wire import Instant, Integer, Many, Natural, Wire, Word, text


class AuthorizationStatus(Word):
    """Whether an identity token may charge."""

    ACCEPTED = "Accepted"
    BLOCKED = "Blocked"
    CONCURRENT_TX = "ConcurrentTx"
    EXPIRED = "Expired"
    INVALID = "Invalid"
    NO_CREDIT = "NoCredit"
    NOT_ALLOWED_TYPE_EVSE = "NotAllowedTypeEVSE"
    NOT_AT_THIS_LOCATION = "NotAtThisLocation"
    NOT_AT_THIS_TIME = "NotAtThisTime"
    UNKNOWN = "Unknown"


class EnergyTransferMode(Word):
    """A way to move energy; BPT goes in both directions."""

    AC_SINGLE_PHASE = "AC_single_phase"
    AC_TWO_PHASE = "AC_two_phase"
    AC_THREE_PHASE = "AC_three_phase"
    DC = "DC"
    AC_BPT = "AC_BPT"
    AC_BPT_DER = "AC_BPT_DER"
    AC_DER = "AC_DER"
    DC_BPT = "DC_BPT"
    DC_ACDP = "DC_ACDP"
    DC_ACDP_BPT = "DC_ACDP_BPT"
    WPT = "WPT"


class GenericStatus(Word):
    """Whether a request was accepted."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"


class HashAlgorithm(Word):
    """How a hash was made."""

    SHA256 = "SHA256"
    SHA384 = "SHA384"
    SHA512 = "SHA512"


class MessageFormat(Word):
    """How a text for a person is written."""

    ASCII = "ASCII"
    HTML = "HTML"
    URI = "URI"
    UTF8 = "UTF8"
    QRCODE = "QRCODE"


class AdditionalInfo(Wire):
    """An identity beside an identity token, such as an EVCCID (Q01.FR.02)."""

    additional_id_token: Annotated[str, text(255)]
    type: Annotated[str, text(50)]


class IdToken(Wire):
    """Who or what wants to charge; its type is free text since 2.1."""

    id_token: Annotated[str, text(255)]
    type: Annotated[str, text(20)]
    additional_info: Many[AdditionalInfo] | None = None


class MessageContent(Wire):
    """A text for a person."""

    format: MessageFormat
    content: Annotated[str, text(1024)]
    language: Annotated[str, text(8)] | None = None


class IdTokenInfo(Wire):
    """What is known about an identity token."""

    status: AuthorizationStatus
    cache_expiry_date_time: Instant | None = None
    charging_priority: Integer | None = None
    group_id_token: IdToken | None = None
    language1: Annotated[str, text(8)] | None = None
    language2: Annotated[str, text(8)] | None = None
    evse_id: Many[Natural] | None = None
    personal_message: MessageContent | None = None


class StatusInfo(Wire):
    """Why something has the status it has."""

    reason_code: Annotated[str, text(20)]
    additional_info: Annotated[str, text(1024)] | None = None


class EVSE(Wire):
    """An EVSE by number, and one of its connectors; 0 is the whole station."""

    id: Natural
    connector_id: Natural | None = None


class Component(Wire):
    """A part of a station in the device model."""

    name: Annotated[str, text(50)]
    evse: EVSE | None = None
    instance: Annotated[str, text(50)] | None = None


class Variable(Wire):
    """A variable of a component in the device model."""

    name: Annotated[str, text(50)]
    instance: Annotated[str, text(50)] | None = None


class CertificateHashData(Wire):
    """A certificate by its hashes: whose it is, who issued it, and its number.

    Attributes:
        issuer_name_hash: Of the issuer's distinguished name, in DER.
        issuer_key_hash: Of the issuer's public key, in DER without tag and length.
        serial_number: Hexadecimal, without leading zeroes.
    """

    hash_algorithm: HashAlgorithm
    issuer_name_hash: Annotated[str, text(128)]
    issuer_key_hash: Annotated[str, text(128)]
    serial_number: Annotated[str, text(40)]
