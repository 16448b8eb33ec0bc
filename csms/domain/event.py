"""Demand-response events, how far they have come, and how each EVSE fared."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from csms.domain.ids import EventId, ProgramId
    from csms.domain.interval import Interval
    from csms.domain.units import Power


class Stage(StrEnum):
    """How far an event has come."""

    DRAFT = "draft"
    SCHEDULED = "scheduled"
    NOTIFIED = "notified"
    ACTIVE = "active"
    COMPLETED = "completed"
    SETTLED = "settled"
    CANCELLED = "cancelled"


class Duty(StrEnum):
    """What an event's life asks of the system, once each."""

    PLAN = "plan"
    NOTIFY = "notify"
    DISPATCH = "dispatch"
    RELEASE = "release"
    SETTLE = "settle"
    RETRACT = "retract"


class Outcome(StrEnum):
    """How one EVSE ended an event; exactly one each."""

    DELIVERED = "delivered"
    PARTIAL = "partial"
    OPTED_OUT = "opted_out"
    NOT_DELIVERED = "not_delivered"
    EXCLUDED = "excluded"
    NOT_ASKED = "not_asked"


class Reason(StrEnum):
    """Why energy was not delivered, or why an EVSE was not asked for any."""

    # Why planned energy was not delivered.
    CANCELLED = "cancelled"
    OPT_OUT = "opt_out"
    UNPLUGGED = "unplugged"
    SOC_FLOOR = "soc_floor"
    EV_REFUSED = "ev_refused"
    STATION_REFUSED = "station_refused"
    OFFLINE = "offline"
    LIMIT = "limit"
    UNKNOWN = "unknown"

    # Why an EVSE is excluded before anything is planned.
    NOT_ENROLLED = "not_enrolled"
    NOT_ELIGIBLE_UTILITY = "not_eligible_utility"
    NOT_ELIGIBLE_CLASS = "not_eligible_class"
    NOT_ELIGIBLE_SIZE = "not_eligible_size"
    PROGRAM_NOT_IN_FORCE = "program_not_in_force"
    ISLAND_ONLY = "island_only"
    NO_EXPORT_PERMISSION = "no_export_permission"
    CHARGE_ONLY = "charge_only"
    VENDOR_QUARANTINED = "vendor_quarantined"
    NO_VEHICLE = "no_vehicle"
    NOT_NOTIFIED = "not_notified"
    SOC_UNKNOWN = "soc_unknown"
    DEPARTURE = "departure"


UNDELIVERED = (
    Reason.CANCELLED,
    Reason.OPT_OUT,
    Reason.UNPLUGGED,
    Reason.SOC_FLOOR,
    Reason.STATION_REFUSED,
    Reason.EV_REFUSED,
    Reason.LIMIT,
    Reason.OFFLINE,
    Reason.UNKNOWN,
)
"""Reasons that undelivered energy can have; of two at once the earlier one counts."""


@dataclass(frozen=True, slots=True)
class DREvent:
    """One request of a program.

    Attributes:
        id: Its name here.
        program: The program that calls.
        program_version: Version of the program's rules that apply to it.
        name: Its name for people.
        window: From when to when.
        stage: How far it has come.
        called_at: When it was called, and notices are due.
        target: Export wished for, as a positive magnitude; none for all there is.
        test: Whether it is a test, which is never settled.
        metering_grace: How long after its end late readings are waited for.
        cancel_reason: Why it was cancelled, if it was.
        revision: Counts its changes, from 1.
    """

    id: "EventId"
    program: "ProgramId"
    program_version: str
    name: str
    window: "Interval"
    stage: Stage
    called_at: datetime
    target: "Power | None" = None
    test: bool = False
    metering_grace: timedelta = timedelta(minutes=30)
    cancel_reason: str | None = None
    revision: int = 1
