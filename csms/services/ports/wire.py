"""What services may ask of stations, in domain words; the blocks know how to say it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from csms.domain.ids import EvseId, StationId, TransactionId
from csms.domain.station import Variable, VariableKey
from csms.domain.token import IdToken


class Silence(StrEnum):
    """Why there is no answer."""

    UNREACHABLE = "unreachable"
    """There was no connection, or it was lost; if it was lost, the outcome is open."""
    UNANSWERED = "unanswered"
    """The station took too long; what it did is unknown (rule 17)."""
    STALE = "stale"
    """The call was not worth sending any more and was not sent."""


class NoAnswer(Exception):
    """A station cannot be asked, or does not answer.

    Attributes:
        station: Which.
        kind: Why.
    """

    def __init__(self, station: StationId, kind: Silence) -> None:
        self.station = station
        self.kind = kind
        super().__init__(f"{station}: {kind}")


class RefusedByStation(Exception):
    """A station answered by a CALLERROR, or by what nobody can read.

    Attributes:
        station: Which.
        code: The error code, in the words of the wire.
        description: Its own words; may be empty.
        details: Facts for machines; may be empty.
    """

    def __init__(
        self,
        station: StationId,
        code: str,
        description: str = "",
        details: dict[str, Any] | None = None,
    ) -> None:
        self.station = station
        self.code = code
        self.description = description
        self.details = details or {}
        super().__init__(f"{station}: {code} {description}".rstrip())


class Inventory(StrEnum):
    """How much of its device model a station reports (B07)."""

    FULL = "FullInventory"
    CONFIGURATION = "ConfigurationInventory"
    SUMMARY = "SummaryInventory"


@dataclass(frozen=True, slots=True)
class VariableSetting:
    """A value for a variable (B05).

    Attributes:
        key: The variable.
        value: The value, as text.
        attribute: Which of its values is set: Actual, Target, MinSet or MaxSet.
    """

    key: VariableKey
    value: str
    attribute: str = "Actual"


@dataclass(frozen=True, slots=True)
class VariableResult:
    """What a station said to one variable of a request (B05, B06).

    Attributes:
        key: Which variable of the request it is about: matched by name, not by order.
        status: In the words of the wire: ``Accepted``, ``RebootRequired``,
            ``Rejected``, ``UnknownComponent``; ``NoResult`` if it said nothing.
        value: Its value, when it was asked for and given.
        info: The station's own words; may be empty.
        attribute: Which of its values it is about.
    """

    key: VariableKey
    status: str
    value: str | None = None
    info: str = ""
    attribute: str = "Actual"

    @property
    def accepted(self) -> bool:
        """Tell whether it was carried out, at once or at the next reboot."""
        return self.status in ("Accepted", "RebootRequired")


@dataclass(frozen=True, slots=True)
class Report:
    """What came of asking for a report (B07, B08).

    Attributes:
        status: The station's word; ``Accepted`` announces parts.
        variables: What the parts brought, in the order of their numbers.
        complete: Whether the parts were numbered without a gap and one was the last.
        request_id: The number it went by.
        parts: How many parts came.
        missing: How many did not, as far as their numbers tell.
        repeated: How many came under a number that had come before.
        generated_at: When the station says that it made the first part.
    """

    status: str
    variables: tuple[Variable, ...] = ()
    complete: bool = False
    request_id: int = 0
    parts: int = 0
    missing: int = 0
    repeated: int = 0
    generated_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """A station's yes or no to something asked of it.

    Attributes:
        accepted: Whether it agreed; ``Scheduled`` counts as yes.
        status: Its word.
        info: Its reason, in its words; may be empty.
        transaction: The transaction it started, if it says so.
    """

    accepted: bool
    status: str
    info: str = ""
    transaction: TransactionId | None = None


class DeviceModelWire(Protocol):
    """Reads and sets device models (block B).

    Every method raises ``NoAnswer`` and ``RefusedByStation``.
    """

    async def get_base_report(
        self, station: StationId, inventory: Inventory, deadline_s: float
    ) -> Report:
        """Return what the station reports until the last part or the deadline.

        Parts may be lost, oddly numbered, empty, or lack the mark of the last one;
        what came is returned anyway.

        Args:
            station: Whom to ask.
            inventory: How much.
            deadline_s: Real seconds to wait for parts after the answer.
        """
        ...

    async def get_variables(
        self, station: StationId, keys: Sequence[VariableKey]
    ) -> Sequence[VariableResult]:
        """Return one result for each key, in the order asked (B06)."""
        ...

    async def set_variables(
        self, station: StationId, settings: Sequence[VariableSetting]
    ) -> Sequence[VariableResult]:
        """Set variables; return one result for each, in the order asked (B05)."""
        ...


class RemoteWire(Protocol):
    """Asks stations to act (blocks B, E, F, G).

    Every method raises ``NoAnswer`` and ``RefusedByStation``.
    """

    async def start(self, evse: EvseId, token: IdToken, remote_start_id: int) -> Reply:
        """Ask for a transaction (F01); it is recognized by its remote start id."""
        ...

    async def stop(self, station: StationId, transaction: TransactionId) -> Reply:
        """Ask for the end of a transaction (F03)."""
        ...

    async def trigger(
        self, station: StationId, message: str, evse: int | None = None
    ) -> Reply:
        """Ask for a message, such as ``BootNotification`` (F06)."""
        ...

    async def reset(self, station: StationId, *, immediate: bool) -> Reply:
        """Ask for a restart (B11, B12)."""
        ...

    async def change_availability(
        self, station: StationId, evse: int | None, *, operative: bool
    ) -> Reply:
        """Take an EVSE, or the whole station, in or out of service (G03, G04)."""
        ...

    async def transaction_status(
        self, station: StationId, transaction: TransactionId | None
    ) -> "TransactionStatus":
        """Return whether a transaction goes on, and whether reports wait (E14)."""
        ...


@dataclass(frozen=True, slots=True)
class TransactionStatus:
    """What a station says of a transaction (E14).

    Attributes:
        ongoing: Whether it goes on; None if it was not asked about or is unknown.
        messages_in_queue: Whether reports of it are still to come.
    """

    ongoing: bool | None
    messages_in_queue: bool


class Outcome(StrEnum):
    """The three distinct ways a command can end."""

    ANSWERED = "answered"
    CALL_ERROR = "call_error"
    NO_ANSWER = "no_answer"


@dataclass(frozen=True, slots=True)
class CommandResult:
    """What came of a command that was sent as it is.

    Attributes:
        outcome: Which of the three it was.
        payload: The payload of the answer, if it was answered.
        code: The error code, if it was an error.
        description: The station's words of the error; may be empty.
        details: The details of the error.
        silence: Why there was no answer, if there was none.
    """

    outcome: Outcome
    payload: dict[str, Any] | None = None
    code: str | None = None
    description: str = ""
    details: dict[str, Any] = field(default_factory=dict)
    silence: Silence | None = None


@dataclass(frozen=True, slots=True)
class FieldError:
    """One thing wrong with a request.

    Attributes:
        path: Where, such as ``chargingProfile.stackLevel``; empty for the whole.
        problem: What is wrong.
    """

    path: str
    problem: str


class Means(StrEnum):
    """By what a request can make an EVSE discharge."""

    SETPOINT = "setpoint"
    """A setpoint below zero (2.1)."""
    NEGATIVE_LIMIT = "negative_limit"
    """A limit below zero, outside the standard."""
    VENDOR_WORDS = "vendor_words"
    """A number below zero in a DataTransfer."""
    OTHER = "other"
    """An operation mode that leaves the direction to others, a discharge limit
    without a setpoint, a curve, a signal, or a variable that sets power."""
    CONTROL = "control"
    """A control of block R that sets active power by itself (2.1)."""
    SERVICE = "service"
    """Leave to agree on a service of both directions (2.1, Q02)."""
    RESUMING = "resuming"
    """Something that holds back a discharge on the station goes away."""


@dataclass(frozen=True, slots=True)
class Discharge:
    """How a request would make EVSEs discharge.

    Attributes:
        evse: The EVSE that it names; None if it names none, 0 for the whole station.
        means: By what.
        finite: Whether it ends by itself (rule 7).
    """

    evse: int | None
    means: frozenset[Means]
    finite: bool


class RawWire(Protocol):
    """Checks and sends requests in the words of the wire."""

    def actions(self, edition: str) -> Sequence[str]:
        """Return the names of the actions that may be sent in the edition."""
        ...

    def check(
        self, edition: str, action: str, payload: dict[str, Any]
    ) -> Sequence[FieldError]:
        """Return what is wrong with a request: strictly, down to unknown fields."""
        ...

    def discharge(self, action: str, payload: dict[str, Any]) -> "Discharge | None":
        """Return how the request would make an EVSE discharge; None if it does not."""
        ...

    async def ask(
        self, station: StationId, action: str, payload: dict[str, Any]
    ) -> CommandResult:
        """Send a request that was checked, and return what came of it."""
        ...


@dataclass(frozen=True, slots=True)
class DeviationSeen:
    """A station departed from the standard, harmlessly, at one place.

    Attributes:
        kind: What kind of departure.
        path: Where, without list positions: ``action.field.field``.
        detail: The instance, for people.
    """

    kind: str
    path: str
    detail: str


class Deviations(Protocol):
    """Where departures are counted; it never blocks and never raises."""

    def count(
        self, station: StationId, seen: Sequence[DeviationSeen], at: datetime
    ) -> None:
        """Count them; they are written down later, in batches."""
        ...
