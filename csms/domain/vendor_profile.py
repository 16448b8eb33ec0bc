"""What experience says about a make of station: dialect, limits, quirks, evidence.

A vendor profile is data (``csms/vendors/*.toml``). It is chosen by vendor, model,
firmware and edition; a station that no verified profile matches is charge-only
(v2x rules 1 and 2). All powers are positive magnitudes.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from fnmatch import fnmatchcase

from csms.domain.profile import RateUnit
from csms.domain.station import EDITION_21, EDITION_201, Make
from csms.domain.units import ZERO_POWER, Power


class Dialect(StrEnum):
    """How a make is told to discharge."""

    NONE = "none"
    """It is not: charge-only."""
    SETPOINT_SCHEDULED = "setpoint_scheduled"
    """2.1: Absolute TxProfile of CentralSetpoint periods (Q03)."""
    SETPOINT_DYNAMIC_PUSH = "setpoint_dynamic_push"
    """2.1: Dynamic TxProfile, refreshed by UpdateDynamicSchedule (Q04)."""
    SETPOINT_DYNAMIC_PULL = "setpoint_dynamic_pull"
    """2.1: Dynamic TxProfile, refreshed by PullDynamicScheduleUpdate (Q04)."""
    NEGATIVE_LIMIT_TX = "negative_limit_tx"
    """2.0.1: Absolute TxProfile with negative limits; outside the standard."""
    DATATRANSFER = "datatransfer"
    """A setpoint in the vendor's own words, by DataTransfer (P01)."""

    @property
    def is_dynamic(self) -> bool:
        """Tell whether the setpoint lives only as long as it is refreshed."""
        return self in (Dialect.SETPOINT_DYNAMIC_PUSH, Dialect.SETPOINT_DYNAMIC_PULL)

    @property
    def edition(self) -> str | None:
        """Return the only edition in which it can be spoken; None for either."""
        match self:
            case (
                Dialect.SETPOINT_SCHEDULED
                | Dialect.SETPOINT_DYNAMIC_PUSH
                | Dialect.SETPOINT_DYNAMIC_PULL
            ):
                return EDITION_21
            case Dialect.NEGATIVE_LIMIT_TX:
                return EDITION_201
            case Dialect.NONE | Dialect.DATATRANSFER:
                return None


class NegativeLimit(StrEnum):
    """What a make does with a ``limit`` below zero, which no edition defines."""

    DISCHARGE = "discharge"
    NO_LIMIT = "no_limit"
    CLAMP_ZERO = "clamp_zero"
    ABSOLUTE = "absolute"
    REJECT = "reject"
    UNKNOWN = "unknown"


class Rounding(StrEnum):
    """How a power is fitted to the make's step."""

    TOWARD_ZERO = "toward_zero"
    NEAREST = "nearest"


class AfterExpiry(StrEnum):
    """What a make does when a profile's time is over."""

    LOWER_STACK = "lower_stack"
    UNLIMITED_CHARGE = "unlimited_charge"
    HOLD_LAST = "hold_last"
    IDLE = "idle"
    UNKNOWN = "unknown"


class OfflineBehaviour(StrEnum):
    """What a make does with a running profile when it loses the connection."""

    CONTINUE = "continue"
    REVERT = "revert_after_max_offline"
    STOP = "stop"
    UNKNOWN = "unknown"


class CancelMethod(StrEnum):
    """How a running event profile is taken back (rule 25)."""

    SAME_ID_SAFE = "same_id_safe"
    """Replace it, under its id, by a safe schedule."""
    CLEAR_BY_ID = "clear_by_id"
    """Clear it; what lies below takes over."""
    BOTH = "both"
    """Replace it first, then clear it."""


class ExportMetering(StrEnum):
    """How a make reports what flows back."""

    SEPARATE_REGISTERS = "separate_registers"
    SIGNED_IMPORT = "signed_import"
    NONE = "none"


class EvidenceKind(StrEnum):
    """What a profile's claims rest on."""

    NONE = "none"
    """Nothing: it is a guess and dispatches nobody."""
    SIMULATED = "simulated"
    """Our own simulated make; good for a demonstration only."""
    NOTE = "note"
    """A protocol note of the vendor."""
    PROBE = "probe"
    """A transcript of a probe on the real unit."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a profile's claims rest on, and where to read it.

    Attributes:
        kind: How strong it is.
        reference: Transcript, note or persona; empty only for no evidence.
        on: When it was gathered.
    """

    kind: EvidenceKind
    reference: str = ""
    on: date | None = None


@dataclass(frozen=True, slots=True)
class Dynamic:
    """How a Dynamic profile is kept alive (K28, Q04).

    Attributes:
        watchdog: ``duration`` of the schedule: without an update for so long, the
            station falls back to the next profile.
        push_interval: How often an unchanged setpoint is told again; well below the
            watchdog. For the pull dialect it is the ``dynUpdateInterval``.
    """

    watchdog: timedelta = timedelta(minutes=10)
    push_interval: timedelta = timedelta(minutes=3)


@dataclass(frozen=True, slots=True)
class VendorWords:
    """The words of a DataTransfer setpoint (P01).

    The data that sets one is a JSON text ``{"evseId", "setpointW", "startAt",
    "endAt"}`` with a negative ``setpointW`` for discharge; it ends by itself. The data
    that takes it back is ``{"evseId"}``.

    Attributes:
        vendor_id: The vendorId of the messages.
        set_message: The messageId that sets a setpoint.
        clear_message: The messageId that takes it back.
    """

    vendor_id: str
    set_message: str
    clear_message: str


@dataclass(frozen=True, slots=True)
class VendorProfile:
    """One make's way of being dispatched. The defaults are the careful ones.

    Attributes:
        id: Stable name; a quarantine names it, so it covers exactly what must stop.
        vendor: vendorName at boot, compared without regard to case.
        models: Shell patterns of model names, without regard to case.
        firmwares: Shell patterns of firmware versions; an exact version beats one.
        editions: Editions of the protocol in which all this was seen.
        dialect: How it is told to discharge.
        negative_limit: What it does with a limit below zero (rule 2).
        unit: The unit of limits and setpoints it obeys.
        step: The raster of its powers, in watts or, if ``unit`` is A, amperes.
        rounding: How a power is fitted to the step.
        phases: Number of phases to name; None omits them, as DC wants.
        voltage: Nominal line voltage for amperes.
        min_discharge: Dead band: below it, it stands still.
        max_discharge: Most it discharges with; None leaves it to the EVSE's rating.
        max_charge: Most it charges with; None leaves it to the EVSE's rating.
        max_periods: Periods of a schedule it really takes; None trusts its device
            model.
        max_stack_level: Highest stack level it really takes; None trusts it too.
        min_update: Least time between two profiles; sooner ones are lost or refused.
        response: How long it may take from accepting to obeying.
        ramp_w_per_s: How fast its power changes; None for at once.
        after_expiry: What it does when a profile's time is over.
        offline: What it does with a running profile without a connection.
        persists_over_reboot: Whether a TxProfile outlives a reboot (K01.FR.27).
        cancel: How an event profile is taken back.
        export_metering: How it reports what flows back.
        kwh_registers: Whether its registers are in kWh without saying so.
        dynamic: How a Dynamic profile is kept alive.
        words: The words of a DataTransfer setpoint, for that dialect only.
        evidence: What all this rests on.
    """

    id: str
    vendor: str = ""
    models: tuple[str, ...] = ()
    firmwares: tuple[str, ...] = ()
    editions: tuple[str, ...] = (EDITION_21, EDITION_201)
    dialect: Dialect = Dialect.NONE
    negative_limit: NegativeLimit = NegativeLimit.UNKNOWN
    unit: RateUnit = RateUnit.WATTS
    step: int = 1
    rounding: Rounding = Rounding.TOWARD_ZERO
    phases: int | None = None
    voltage: int = 240
    min_discharge: Power = ZERO_POWER
    max_discharge: Power | None = None
    max_charge: Power | None = None
    max_periods: int | None = None
    max_stack_level: int | None = None
    min_update: timedelta = timedelta(0)
    response: timedelta = timedelta(seconds=30)
    ramp_w_per_s: int | None = None
    after_expiry: AfterExpiry = AfterExpiry.UNKNOWN
    offline: OfflineBehaviour = OfflineBehaviour.UNKNOWN
    persists_over_reboot: bool = True
    cancel: CancelMethod = CancelMethod.BOTH
    export_metering: ExportMetering = ExportMetering.SEPARATE_REGISTERS
    kwh_registers: bool = False
    dynamic: Dynamic = Dynamic()
    words: VendorWords | None = None
    evidence: Evidence = Evidence(EvidenceKind.NONE)

    def matches(self, make: Make, edition: str) -> bool:
        """Tell whether it speaks of this make in this edition."""
        return (
            bool(self.vendor)
            and self.vendor.casefold() == make.vendor.strip().casefold()
            and edition in self.editions
            and bool(_matching(self.models, make.model))
            and bool(_matching(self.firmwares, make.firmware))
        )

    def rank(self, make: Make) -> tuple[bool, bool, int]:
        """Return how exactly it matches, for choosing among several.

        An exact firmware comes first, then an exact model, then the longest patterns.
        """
        firmware = _longest(self.firmwares, make.firmware)
        model = _longest(self.models, make.model)
        return (
            firmware == make.firmware.strip().casefold(),
            model == make.model.strip().casefold(),
            len(model) + len(firmware),
        )

    def fit(self, watts: float) -> int:
        """Return the power fitted to the raster of watts, towards zero unless nearest.

        Args:
            watts: What is wanted; its sign is kept, and zero has none.
        """
        raster = 1 if self.unit is RateUnit.AMPERES else max(self.step, 1)
        steps = abs(watts) / raster
        whole = int(steps) if self.rounding is Rounding.TOWARD_ZERO else round(steps)
        return (1 if watts >= 0 else -1) * whole * raster


CHARGE_ONLY = VendorProfile(id="charge_only")
"""What is believed of every make that no profile matches."""


def verified(profile: VendorProfile, *, accept_simulated: bool) -> bool:
    """Tell whether a profile may be dispatched on (rules 1 and 2).

    A negative limit is outside the standard: only having seen the unit discharge on
    one counts, a note does not.

    Args:
        profile: The profile.
        accept_simulated: Whether simulated makes count: in a demonstration, and
            nowhere else.
    """
    if profile.dialect is Dialect.NONE:
        return False
    if profile.dialect is Dialect.NEGATIVE_LIMIT_TX and (
        profile.negative_limit is not NegativeLimit.DISCHARGE
    ):
        return False
    match profile.evidence.kind:
        case EvidenceKind.NONE:
            return False
        case EvidenceKind.SIMULATED:
            return accept_simulated
        case EvidenceKind.NOTE:
            return profile.dialect is not Dialect.NEGATIVE_LIMIT_TX
        case EvidenceKind.PROBE:
            return True


def choose(
    profiles: tuple[VendorProfile, ...], make: Make | None, edition: str | None
) -> VendorProfile:
    """Return the profile that matches most exactly, or ``CHARGE_ONLY``.

    Args:
        profiles: All there are; ``shortcomings_of_records`` forbids ties.
        make: What the station said it is; None while it has said nothing.
        edition: The edition it speaks; None while it has not connected.
    """
    if make is None or edition is None:
        return CHARGE_ONLY
    found = [each for each in profiles if each.matches(make, edition)]
    return max(found, key=lambda each: (each.rank(make), each.id), default=CHARGE_ONLY)


def _matching(patterns: tuple[str, ...], text: str) -> list[str]:
    told = text.strip().casefold()
    known = (pattern.casefold() for pattern in patterns)
    return [pattern for pattern in known if fnmatchcase(told, pattern)]


def _longest(patterns: tuple[str, ...], text: str) -> str:
    return max(_matching(patterns, text), key=len, default="")
