"""What a driver is told to pay, and the tariffs in a station (block I)."""

from typing import Annotated

from csms.ocpp.messages.common import StatusInfo
from csms.ocpp.messages.tariffs import Tariff
from csms.ocpp.wire import (
    BOTH,
    TO_STATION,
    V21_ONLY,
    Action,
    Instant,
    Many,
    Natural,
    Number,
    Wire,
    Word,
    text,
)


class TariffSetStatus(Word):
    """Whether a tariff was installed."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"
    TOO_MANY_ELEMENTS = "TooManyElements"
    CONDITION_NOT_SUPPORTED = "ConditionNotSupported"
    DUPLICATE_TARIFF_ID = "DuplicateTariffId"


class TariffGetStatus(Word):
    """Whether there are tariffs to tell of."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"
    NO_TARIFF = "NoTariff"


class TariffClearStatus(Word):
    """Whether a tariff was cleared."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"
    NO_TARIFF = "NoTariff"


class TariffChangeStatus(Word):
    """Whether a transaction goes on under another tariff."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"
    TOO_MANY_ELEMENTS = "TooManyElements"
    CONDITION_NOT_SUPPORTED = "ConditionNotSupported"
    TX_NOT_FOUND = "TxNotFound"
    NO_CURRENCY_CHANGE = "NoCurrencyChange"


class TariffKind(Word):
    """Whether a tariff is for everybody or for a driver."""

    DEFAULT_TARIFF = "DefaultTariff"
    DRIVER_TARIFF = "DriverTariff"


class TariffAssignment(Wire):
    """A tariff, and for which EVSEs and id tokens it holds."""

    tariff_id: Annotated[str, text(60)]
    tariff_kind: TariffKind
    valid_from: Instant | None = None
    evse_ids: Many[Natural] | None = None
    id_tokens: Many[Annotated[str, text(255)]] | None = None


class ClearTariffsResult(Wire):
    """What became of one tariff.

    Attributes:
        tariff_id: Absent if there was none at all.
    """

    status: TariffClearStatus
    status_info: StatusInfo | None = None
    tariff_id: Annotated[str, text(60)] | None = None


class CostUpdatedRequest(Wire):
    """Tell a driver what a transaction costs so far (I02).

    Attributes:
        total_cost: Money with taxes, in the currency of the station.
    """

    total_cost: Number
    transaction_id: Annotated[str, text(36)]


class CostUpdatedResponse(Wire):
    """The driver is told."""


class SetDefaultTariffRequest(Wire):
    """Install a tariff for everybody (I07).

    Attributes:
        evse_id: 0 stands for every EVSE.
    """

    evse_id: Natural
    tariff: Tariff


class SetDefaultTariffResponse(Wire):
    """Whether the tariff was installed."""

    status: TariffSetStatus
    status_info: StatusInfo | None = None


class GetTariffsRequest(Wire):
    """Ask which tariffs are installed (I09).

    Attributes:
        evse_id: 0 stands for every EVSE.
    """

    evse_id: Natural


class GetTariffsResponse(Wire):
    """Which tariffs are installed."""

    status: TariffGetStatus
    status_info: StatusInfo | None = None
    tariff_assignments: Many[TariffAssignment] | None = None


class ClearTariffsRequest(Wire):
    """Clear tariffs, by id or all (I10).

    Attributes:
        evse_id: Without it, tariffs of any EVSE.
    """

    tariff_ids: Many[Annotated[str, text(60)]] | None = None
    evse_id: Natural | None = None


class ClearTariffsResponse(Wire):
    """What became of each tariff."""

    clear_tariffs_result: Many[ClearTariffsResult]


class ChangeTransactionTariffRequest(Wire):
    """Give a transaction another tariff (I11)."""

    tariff: Tariff
    transaction_id: Annotated[str, text(36)]


class ChangeTransactionTariffResponse(Wire):
    """Whether the transaction goes on under the tariff."""

    status: TariffChangeStatus
    status_info: StatusInfo | None = None


COST_UPDATED: Action[CostUpdatedRequest, CostUpdatedResponse] = Action(
    "CostUpdated", CostUpdatedRequest, CostUpdatedResponse, BOTH, TO_STATION
)
SET_DEFAULT_TARIFF: Action[SetDefaultTariffRequest, SetDefaultTariffResponse] = Action(
    "SetDefaultTariff",
    SetDefaultTariffRequest,
    SetDefaultTariffResponse,
    V21_ONLY,
    TO_STATION,
)
GET_TARIFFS: Action[GetTariffsRequest, GetTariffsResponse] = Action(
    "GetTariffs", GetTariffsRequest, GetTariffsResponse, V21_ONLY, TO_STATION
)
CLEAR_TARIFFS: Action[ClearTariffsRequest, ClearTariffsResponse] = Action(
    "ClearTariffs", ClearTariffsRequest, ClearTariffsResponse, V21_ONLY, TO_STATION
)
CHANGE_TRANSACTION_TARIFF: Action[
    ChangeTransactionTariffRequest, ChangeTransactionTariffResponse
] = Action(
    "ChangeTransactionTariff",
    ChangeTransactionTariffRequest,
    ChangeTransactionTariffResponse,
    V21_ONLY,
    TO_STATION,
)
