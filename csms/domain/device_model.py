"""What is known of a station's device model, and what was done to it (block B)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from csms.domain.ids import StationId
from csms.domain.station import VariableKey

ACTUAL = "Actual"
ATTRIBUTES = (ACTUAL, "Target", "MinSet", "MaxSet")
"""The values that a variable can have, in the words of the wire."""

CUSTOM = "Custom"
"""The kind of a report of chosen components and variables (B08)."""


@dataclass(frozen=True, slots=True)
class Characteristics:
    """What values a variable can have.

    Attributes:
        data_type: In the words of the wire; a string where nothing is said.
        unit: Unit of its values; empty if it has none.
        min_limit: Least value, if there is one.
        max_limit: Greatest value; for texts and lists the greatest length.
        values: What it can be, or be made of; empty for anything.
        monitored: Whether monitors can be set on it (N04).
    """

    data_type: str = "string"
    unit: str = ""
    min_limit: float | None = None
    max_limit: float | None = None
    values: tuple[str, ...] = ()
    monitored: bool | None = None

    @classmethod
    def read(cls, said: Mapping[str, Any] | None) -> "Characteristics":
        """Read what a station reported; what it left out is as silence means."""
        if not said:
            return cls()
        listed = str(said.get("valuesList") or "")
        return cls(
            data_type=str(said.get("dataType") or "string"),
            unit=str(said.get("unit") or ""),
            min_limit=_number(said.get("minLimit")),
            max_limit=_number(said.get("maxLimit")),
            values=tuple(part.strip() for part in listed.split(",") if part.strip()),
            monitored=said.get("supportsMonitoring"),
        )


@dataclass(frozen=True, slots=True)
class ModelRecord:
    """When a station's device model was last read in full.

    Attributes:
        station: Which.
        fingerprint: What it was then: make and edition.
        complete: Whether the report had no gap, so that what is absent is not there.
        variables: How many attributes it brought.
        read_at: When.
    """

    station: StationId
    fingerprint: str
    complete: bool
    variables: int
    read_at: datetime


@dataclass(frozen=True, slots=True)
class ReportRecord:
    """One report of a device model that was asked for (B07, B08).

    Attributes:
        station: Which.
        kind: The base report, in the words of the wire, or ``Custom``.
        asked: What a custom report was asked about.
        by: Who asked.
        asked_at: When.
        status: The station's word, or why there was none.
        request_id: The number the report went by.
        parts: How many parts came.
        missing: How many did not, as far as their numbers tell.
        repeated: How many came more than once.
        variables: How many attributes they brought.
        complete: Whether all parts came.
        generated_at: When the station says that it made it.
        ended_at: When we had what we got.
        id: Its number here; 0 while it has none.
    """

    station: StationId
    kind: str
    by: str
    asked_at: datetime
    status: str
    ended_at: datetime
    asked: Mapping[str, Any] = field(default_factory=dict)
    request_id: int = 0
    parts: int = 0
    missing: int = 0
    repeated: int = 0
    variables: int = 0
    complete: bool = False
    generated_at: datetime | None = None
    id: int = 0


class DriftKind(StrEnum):
    """In which way a variable is not as it should be."""

    VALUE = "value"
    """It reads something else."""
    ABSENT = "absent"
    """The station does not have it."""
    FIXED = "fixed"
    """It reads something else and cannot be written."""
    RESTART = "restart"
    """It was set; it takes effect at the next restart."""


@dataclass(frozen=True, slots=True)
class Drift:
    """A variable of a station that is not as a template wants it.

    Attributes:
        station: Which.
        key: The variable.
        template: The template that wants it.
        wanted: What it should read, as the template says it.
        actual: What it reads; None if nothing.
        kind: In which way it is wrong.
        required: Whether it is wanted by all means, or just wished for.
        since: Since when it is so, as far as we saw.
    """

    station: StationId
    key: VariableKey
    template: str
    wanted: str
    actual: str | None
    kind: DriftKind
    required: bool
    since: datetime


@dataclass(frozen=True, slots=True)
class NetworkProfile:
    """A way to connect that was put into a slot of a station (B09), without secrets.

    Attributes:
        station: Which.
        slot: The slot.
        document: The way, in the words of the wire, every secret replaced.
        status: What the station said to it.
        info: Its reason; may be empty.
        at: When.
        by: Who did it.
    """

    station: StationId
    slot: int
    document: Mapping[str, Any]
    status: str
    info: str
    at: datetime
    by: str


@dataclass(frozen=True, slots=True)
class ResetRecord:
    """A restart that was asked of a station or of one EVSE (B11 to B13).

    Attributes:
        station: Which.
        evse: The EVSE; 0 for the whole station.
        kind: Immediate, OnIdle or ImmediateAndResume.
        status: What the station said: Accepted, Rejected or Scheduled.
        info: Its reason; may be empty.
        by: Who asked.
        asked_at: When.
        done_at: When the station booted again; None before, and for an EVSE.
        boot_reason: Why it says that it booted.
    """

    station: StationId
    evse: int
    kind: str
    status: str
    info: str
    by: str
    asked_at: datetime
    done_at: datetime | None = None
    boot_reason: str | None = None


def _number(value: object) -> float | None:
    return None if value is None else float(str(value))
