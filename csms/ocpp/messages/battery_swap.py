"""Stations that swap batteries instead of charging them (block S, 2.1 only)."""

from typing import Annotated

from pydantic import Field

from csms.ocpp.messages.common import GenericStatus, IdToken, StatusInfo
from csms.ocpp.wire import (
    FROM_STATION,
    TO_STATION,
    V21_ONLY,
    Action,
    Instant,
    Integer,
    Many,
    Natural,
    Number,
    Wire,
    Word,
    text,
)


class BatterySwapEvent(Word):
    """Whether batteries were put in, taken out, or left behind."""

    BATTERY_IN = "BatteryIn"
    BATTERY_OUT = "BatteryOut"
    BATTERY_OUT_TIMEOUT = "BatteryOutTimeout"


class BatteryData(Wire):
    """A battery in a slot.

    Attributes:
        evse_id: The slot.
        soc: State of charge, in percent.
        soh: State of health, in percent.
    """

    evse_id: Natural
    serial_number: Annotated[str, text(50)]
    soc: Annotated[Number, Field(ge=0, le=100)] = Field(alias="soC")
    soh: Annotated[Number, Field(ge=0, le=100)] = Field(alias="soH")
    production_date: Instant | None = None
    vendor_info: Annotated[str, text(500)] | None = None


class BatterySwapRequest(Wire):
    """Batteries were put in or taken out (S03).

    Attributes:
        request_id: The same for all events of one swap.
    """

    battery_data: Many[BatteryData]
    event_type: BatterySwapEvent
    id_token: IdToken
    request_id: Integer


class BatterySwapResponse(Wire):
    """The swap is noted."""


class RequestBatterySwapRequest(Wire):
    """Have a station swap batteries for somebody (S02)."""

    id_token: IdToken
    request_id: Integer


class RequestBatterySwapResponse(Wire):
    """Whether batteries will be swapped."""

    status: GenericStatus
    status_info: StatusInfo | None = None


BATTERY_SWAP: Action[BatterySwapRequest, BatterySwapResponse] = Action(
    "BatterySwap", BatterySwapRequest, BatterySwapResponse, V21_ONLY, FROM_STATION
)
REQUEST_BATTERY_SWAP: Action[RequestBatterySwapRequest, RequestBatterySwapResponse] = (
    Action(
        "RequestBatterySwap",
        RequestBatterySwapRequest,
        RequestBatterySwapResponse,
        V21_ONLY,
        TO_STATION,
    )
)
