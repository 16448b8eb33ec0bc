"""Charging profiles on their way: set, read, cleared, reported (block K)."""

from typing import Annotated

from csms.ocpp.messages.common import GenericStatus, StatusInfo
from csms.ocpp.messages.needs import ChargingNeeds
from csms.ocpp.messages.profiles import (
    ChargingLimit,
    ChargingProfile,
    ChargingProfileCriterion,
    ChargingProfileStatus,
    ChargingRateUnit,
    ChargingSchedule,
    ChargingScheduleUpdate,
    ClearChargingProfile,
    CompositeSchedule,
)
from csms.ocpp.wire import (
    BOTH,
    FROM_STATION,
    TO_STATION,
    V21_ONLY,
    Action,
    Instant,
    Integer,
    Many,
    Natural,
    Positive,
    Wire,
    Word,
    text,
)


class ClearChargingProfileStatus(Word):
    """Whether a charging profile was cleared; Unknown means none matched."""

    ACCEPTED = "Accepted"
    UNKNOWN = "Unknown"


class GetChargingProfileStatus(Word):
    """Whether charging profiles will be reported."""

    ACCEPTED = "Accepted"
    NO_PROFILES = "NoProfiles"


class NotifyEVChargingNeedsStatus(Word):
    """Whether a profile for these needs follows."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"
    PROCESSING = "Processing"
    NO_CHARGING_PROFILE = "NoChargingProfile"


class PriorityChargingStatus(Word):
    """Whether priority charging is on."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"
    NO_PROFILE = "NoProfile"


class ClearChargingProfileRequest(Wire):
    """Clear charging profiles, by id or by criteria (K10)."""

    charging_profile_id: Integer | None = None
    charging_profile_criteria: ClearChargingProfile | None = None


class ClearChargingProfileResponse(Wire):
    """Whether a charging profile was cleared."""

    status: ClearChargingProfileStatus
    status_info: StatusInfo | None = None


class ClearedChargingLimitRequest(Wire):
    """A limit from outside has ended (K13)."""

    charging_limit_source: Annotated[str, text(20)]
    evse_id: Natural | None = None


class ClearedChargingLimitResponse(Wire):
    """The end of the limit is noted."""


class GetChargingProfilesRequest(Wire):
    """Ask which charging profiles are installed (K09)."""

    request_id: Integer
    charging_profile: ChargingProfileCriterion
    evse_id: Natural | None = None


class GetChargingProfilesResponse(Wire):
    """Whether charging profiles will be reported."""

    status: GetChargingProfileStatus
    status_info: StatusInfo | None = None


class GetCompositeScheduleRequest(Wire):
    """Ask what follows from all profiles together (K08).

    Attributes:
        duration: Seconds the schedule should cover.
    """

    duration: Integer
    evse_id: Natural
    charging_rate_unit: ChargingRateUnit | None = None


class GetCompositeScheduleResponse(Wire):
    """The composite schedule, if there is one."""

    status: GenericStatus
    status_info: StatusInfo | None = None
    schedule: CompositeSchedule | None = None


class NotifyChargingLimitRequest(Wire):
    """A limit from outside has begun (K12, Q06)."""

    charging_limit: ChargingLimit
    charging_schedule: Many[ChargingSchedule] | None = None
    evse_id: Natural | None = None


class NotifyChargingLimitResponse(Wire):
    """The limit is noted."""


class NotifyEVChargingNeedsRequest(Wire):
    """A vehicle says what it needs (K15, Q01)."""

    evse_id: Positive
    charging_needs: ChargingNeeds
    max_schedule_tuples: Natural | None = None
    timestamp: Instant | None = None


class NotifyEVChargingNeedsResponse(Wire):
    """Whether a profile for these needs follows (Q01.FR.07)."""

    status: NotifyEVChargingNeedsStatus
    status_info: StatusInfo | None = None


class NotifyEVChargingScheduleRequest(Wire):
    """A vehicle says how it will charge (K15)."""

    time_base: Instant
    charging_schedule: ChargingSchedule
    evse_id: Positive
    selected_charging_schedule_id: Natural | None = None
    power_tolerance_acceptance: bool | None = None


class NotifyEVChargingScheduleResponse(Wire):
    """Whether that suits."""

    status: GenericStatus
    status_info: StatusInfo | None = None


class NotifyPriorityChargingRequest(Wire):
    """A driver has put charging first, or no longer does (K22)."""

    transaction_id: Annotated[str, text(36)]
    activated: bool


class NotifyPriorityChargingResponse(Wire):
    """The wish is noted."""


class PullDynamicScheduleUpdateRequest(Wire):
    """A station asks for new values of a dynamic profile (K28)."""

    charging_profile_id: Integer


class PullDynamicScheduleUpdateResponse(Wire):
    """New values of a dynamic profile, or why there are none (K28.FR.07)."""

    status: ChargingProfileStatus
    schedule_update: ChargingScheduleUpdate | None = None
    status_info: StatusInfo | None = None


class ReportChargingProfilesRequest(Wire):
    """Installed charging profiles, in parts (K09).

    Attributes:
        tbc: Whether more parts follow; no if it is not said.
    """

    request_id: Integer
    charging_limit_source: Annotated[str, text(20)]
    charging_profile: Many[ChargingProfile]
    evse_id: Natural
    tbc: bool | None = None


class ReportChargingProfilesResponse(Wire):
    """The part of the report is noted."""


class SetChargingProfileRequest(Wire):
    """Install a charging profile (K01)."""

    evse_id: Natural
    charging_profile: ChargingProfile


class SetChargingProfileResponse(Wire):
    """Whether the profile was installed."""

    status: ChargingProfileStatus
    status_info: StatusInfo | None = None


class UpdateDynamicScheduleRequest(Wire):
    """Give a dynamic profile new values (K28)."""

    charging_profile_id: Integer
    schedule_update: ChargingScheduleUpdate


class UpdateDynamicScheduleResponse(Wire):
    """Whether the new values hold."""

    status: ChargingProfileStatus
    status_info: StatusInfo | None = None


class UsePriorityChargingRequest(Wire):
    """Put charging first in a transaction, or no longer (K21)."""

    transaction_id: Annotated[str, text(36)]
    activate: bool


class UsePriorityChargingResponse(Wire):
    """Whether priority charging is on."""

    status: PriorityChargingStatus
    status_info: StatusInfo | None = None


NOTIFY_EV_CHARGING_NEEDS: Action[
    NotifyEVChargingNeedsRequest, NotifyEVChargingNeedsResponse
] = Action(
    "NotifyEVChargingNeeds",
    NotifyEVChargingNeedsRequest,
    NotifyEVChargingNeedsResponse,
    BOTH,
    FROM_STATION,
)
NOTIFY_EV_CHARGING_SCHEDULE: Action[
    NotifyEVChargingScheduleRequest, NotifyEVChargingScheduleResponse
] = Action(
    "NotifyEVChargingSchedule",
    NotifyEVChargingScheduleRequest,
    NotifyEVChargingScheduleResponse,
    BOTH,
    FROM_STATION,
)
NOTIFY_CHARGING_LIMIT: Action[
    NotifyChargingLimitRequest, NotifyChargingLimitResponse
] = Action(
    "NotifyChargingLimit",
    NotifyChargingLimitRequest,
    NotifyChargingLimitResponse,
    BOTH,
    FROM_STATION,
)
CLEARED_CHARGING_LIMIT: Action[
    ClearedChargingLimitRequest, ClearedChargingLimitResponse
] = Action(
    "ClearedChargingLimit",
    ClearedChargingLimitRequest,
    ClearedChargingLimitResponse,
    BOTH,
    FROM_STATION,
)
REPORT_CHARGING_PROFILES: Action[
    ReportChargingProfilesRequest, ReportChargingProfilesResponse
] = Action(
    "ReportChargingProfiles",
    ReportChargingProfilesRequest,
    ReportChargingProfilesResponse,
    BOTH,
    FROM_STATION,
)
PULL_DYNAMIC_SCHEDULE_UPDATE: Action[
    PullDynamicScheduleUpdateRequest, PullDynamicScheduleUpdateResponse
] = Action(
    "PullDynamicScheduleUpdate",
    PullDynamicScheduleUpdateRequest,
    PullDynamicScheduleUpdateResponse,
    V21_ONLY,
    FROM_STATION,
)
NOTIFY_PRIORITY_CHARGING: Action[
    NotifyPriorityChargingRequest, NotifyPriorityChargingResponse
] = Action(
    "NotifyPriorityCharging",
    NotifyPriorityChargingRequest,
    NotifyPriorityChargingResponse,
    V21_ONLY,
    FROM_STATION,
)
SET_CHARGING_PROFILE: Action[SetChargingProfileRequest, SetChargingProfileResponse] = (
    Action(
        "SetChargingProfile",
        SetChargingProfileRequest,
        SetChargingProfileResponse,
        BOTH,
        TO_STATION,
    )
)
GET_CHARGING_PROFILES: Action[
    GetChargingProfilesRequest, GetChargingProfilesResponse
] = Action(
    "GetChargingProfiles",
    GetChargingProfilesRequest,
    GetChargingProfilesResponse,
    BOTH,
    TO_STATION,
)
CLEAR_CHARGING_PROFILE: Action[
    ClearChargingProfileRequest, ClearChargingProfileResponse
] = Action(
    "ClearChargingProfile",
    ClearChargingProfileRequest,
    ClearChargingProfileResponse,
    BOTH,
    TO_STATION,
)
GET_COMPOSITE_SCHEDULE: Action[
    GetCompositeScheduleRequest, GetCompositeScheduleResponse
] = Action(
    "GetCompositeSchedule",
    GetCompositeScheduleRequest,
    GetCompositeScheduleResponse,
    BOTH,
    TO_STATION,
)
UPDATE_DYNAMIC_SCHEDULE: Action[
    UpdateDynamicScheduleRequest, UpdateDynamicScheduleResponse
] = Action(
    "UpdateDynamicSchedule",
    UpdateDynamicScheduleRequest,
    UpdateDynamicScheduleResponse,
    V21_ONLY,
    TO_STATION,
)
USE_PRIORITY_CHARGING: Action[
    UsePriorityChargingRequest, UsePriorityChargingResponse
] = Action(
    "UsePriorityCharging",
    UsePriorityChargingRequest,
    UsePriorityChargingResponse,
    V21_ONLY,
    TO_STATION,
)
