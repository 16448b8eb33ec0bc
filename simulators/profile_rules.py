"""Which charging profiles a station refuses, and with which reason code (K01, K28)."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from simulators.persona import Persona
from simulators.profiles import Payload, Profile

TX_PURPOSES = ("TxProfile", "TxDefaultProfile")
PURPOSES_201 = ("ChargingStationMaxProfile", *TX_PURPOSES)
PURPOSES_21 = (*PURPOSES_201, "PriorityCharging")
MODES = ("Idle", "ChargingOnly", "CentralSetpoint", "CentralFrequency")
RESERVED_IDS = 9


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a profile was rejected.

    Attributes:
        code: The reasonCode of the answer's statusInfo.
        info: What a person should read.
    """

    code: str
    info: str


@dataclass(frozen=True, slots=True)
class Proposal:
    """A profile that was sent, with what the station needs to judge it.

    Attributes:
        evse: The evseId of the request.
        raw: The profile as sent.
        persona: The make of the station.
        transaction: The transaction that is running, if any.
        installed: The profiles that it holds.
    """

    evse: int
    raw: Payload
    persona: Persona
    transaction: str | None
    installed: Iterable[Profile]

    @property
    def purpose(self) -> str:
        """Return chargingProfilePurpose."""
        return str(self.raw["chargingProfilePurpose"])

    @property
    def kind(self) -> str:
        """Return chargingProfileKind."""
        return str(self.raw["chargingProfileKind"])

    @property
    def schedule(self) -> Payload:
        """Return the only schedule."""
        schedule: Payload = self.raw["chargingSchedule"][0]
        return schedule

    @property
    def periods(self) -> list[Payload]:
        """Return the periods of the only schedule."""
        periods: list[Payload] = self.schedule["chargingSchedulePeriod"]
        return periods


def refuse(proposal: Proposal) -> Refusal | None:
    """Return why the station does not take the profile, or none if it does."""
    for rule in _RULES:
        if refusal := rule(proposal):
            return refusal
    return None


def refuse_parsed(
    profile: Profile, installed: Iterable[Profile], limit: int
) -> Refusal | None:
    """Return whether a profile clashes with another one that is installed."""
    others = [other for other in installed if other.id != profile.id]
    if len(others) >= limit:
        return Refusal("TooManyProfiles", f"only {limit} profiles fit (K01)")
    for other in others:
        same = other.purpose == profile.purpose and other.stack == profile.stack
        if same and (refusal := _clash(profile, other)):
            return refusal
    return None


def _clash(profile: Profile, other: Profile) -> Refusal | None:
    if profile.purpose == "TxProfile":
        if other.transaction == profile.transaction:
            return Refusal("DuplicateProfile", f"id {other.id} (K01.FR.39)")
    elif other.evse == profile.evse:
        if _overlap(profile, other):
            return Refusal("DuplicateProfile", f"id {other.id} (K01.FR.06)")
    elif profile.purpose == "TxDefaultProfile":
        return Refusal("DuplicateProfile", f"id {other.id} (K01.FR.52/.53)")
    return None


def _overlap(one: Profile, other: Profile) -> bool:
    return one.valid_from < other.valid_to and other.valid_from < one.valid_to


def _purpose(p: Proposal) -> Refusal | None:
    allowed = PURPOSES_21 if p.persona.modern else PURPOSES_201
    if p.purpose == "ChargingStationExternalConstraints":
        return Refusal("InvalidValue", "not for a CSMS to send (K01.FR.22)")
    if p.purpose not in allowed:
        return Refusal("UnsupportedPurpose", p.purpose)
    if p.evse not in (0, 1):
        return Refusal("UnknownEvse", f"there is no EVSE {p.evse} (K01.FR.28)")
    if p.purpose == "ChargingStationMaxProfile":
        if p.evse != 0:
            return Refusal("InvalidValue", "ChargingStationMaxProfile is for EVSE 0")
        if p.kind == "Relative":
            return Refusal("InvalidProfile", "not Relative (K01.FR.38)")
    return None


def _identity(p: Proposal) -> Refusal | None:
    if p.persona.modern and p.raw["id"] <= RESERVED_IDS:
        return Refusal("InvalidProfileId", f"use ids above {RESERVED_IDS} (K01.FR.80)")
    top = p.persona.max_stack_level
    if not 0 <= p.raw["stackLevel"] <= top:
        return Refusal("InvalidStackLevel", f"0 to {top}")
    return None


def _transaction(p: Proposal) -> Refusal | None:
    if p.purpose != "TxProfile":
        return None
    if p.evse < 1:
        return Refusal("InvalidValue", "a TxProfile needs an EVSE (K01.FR.16)")
    if "transactionId" not in p.raw:
        return Refusal("MissingParam", "transactionId (K01.FR.03)")
    if p.transaction is None or p.raw["transactionId"] != p.transaction:
        return Refusal("TxNotFound", "no such transaction (K01.FR.09/.33)")
    return None


def _kind(p: Proposal) -> Refusal | None:
    starts = "startSchedule" in p.schedule
    if p.kind == "Dynamic":
        if not (p.persona.modern and p.persona.dynamic):
            return Refusal("UnsupportedKind", "Dynamic")
        if len(p.raw["chargingSchedule"]) > 1 or len(p.periods) > 1:
            return Refusal("InvalidSchedule", "one schedule, one period (K28.FR.01)")
    elif p.kind == "Relative":
        if starts:
            return Refusal("InvalidSchedule", "Relative has no start (K01.FR.41)")
    elif not starts:
        return Refusal("InvalidSchedule", f"{p.kind} needs a start (K01.FR.40)")
    if p.kind == "Recurring" and "recurrencyKind" not in p.raw:
        return Refusal("InvalidProfile", "recurrencyKind is missing")
    return None


def _shape(p: Proposal) -> Refusal | None:
    if len(p.raw["chargingSchedule"]) > 1:
        return Refusal("InvalidSchedule", "one schedule (K01.FR.34)")
    if p.schedule["chargingRateUnit"] not in p.persona.rate_units:
        return Refusal("UnsupportedRateUnit", "K01.FR.26")
    if len(p.periods) > p.persona.max_periods:
        return Refusal("InvalidSchedule", f"PeriodsPerSchedule {p.persona.max_periods}")
    starts = [period["startPeriod"] for period in p.periods]
    if starts[0] != 0:
        return Refusal("InvalidSchedule", "first startPeriod is 0 (K01.FR.31)")
    if any(later <= sooner for sooner, later in pairwise(starts)):
        return Refusal("InvalidSchedule", "startPeriod ascends (K01.FR.35)")
    return None


def _features(p: Proposal) -> Refusal | None:
    if p.raw.get("maxOfflineDuration") is not None and not p.persona.max_offline:
        return Refusal("InvalidProfile", "maxOfflineDuration is not supported")
    for key in ("limitAtSoC", "useLocalTime", "randomizedDelay"):
        if p.schedule.get(key):
            return Refusal("InvalidSchedule", f"{key} is not supported")
    return None


def _periods(p: Proposal) -> Refusal | None:
    judge = _period_21 if p.persona.modern else _period_201
    for period in p.periods:
        if refusal := judge(p, period):
            return refusal
    return None


def _period_201(p: Proposal, period: Payload) -> Refusal | None:
    if "limit" not in period:
        return Refusal("MissingParam", "limit")
    if period["limit"] < 0 and p.persona.negative_limit == "reject":
        return Refusal("InvalidSchedule", "limit is negative")
    return None


def _period_21(p: Proposal, period: Payload) -> Refusal | None:
    mode = period.get("operationMode", "ChargingOnly")
    modes = MODES if p.persona.v2x else ("ChargingOnly",)
    if mode not in modes:
        return Refusal("InvalidOperationMode", f"{mode} is not supported")
    if p.purpose not in TX_PURPOSES and mode != "ChargingOnly":
        return Refusal("InvalidOperationMode", f"{mode} in {p.purpose} (K01.FR.111)")
    if period.get("limit", 0) < 0 or period.get("dischargeLimit", 0) > 0:
        return Refusal("InvalidSchedule", "a limit has the wrong sign")
    return _mode_fields(mode, period)


_FORBIDDEN: dict[str, tuple[str, ...]] = {
    "ChargingOnly": ("setpoint", "dischargeLimit"),
    "Idle": ("setpoint", "limit", "dischargeLimit"),
    "CentralSetpoint": ("limit", "dischargeLimit"),
    "CentralFrequency": ("limit", "dischargeLimit"),
}
_WHY = {
    "ChargingOnly": "Q02.FR.02",
    "Idle": "Q10.FR.01/.02",
    "CentralSetpoint": "Q03.FR.02",
    "CentralFrequency": "Q07.FR.03",
}


def _mode_fields(mode: str, period: dict[str, Any]) -> Refusal | None:
    for key in _FORBIDDEN[mode]:
        if key in period:
            return Refusal("InvalidSchedule", f"{key} in {mode} ({_WHY[mode]})")
    if mode.startswith("Central") and "setpoint" not in period:
        return Refusal("InvalidSchedule", f"{mode} needs a setpoint (Q03.FR.01)")
    return None


_RULES: tuple[Callable[[Proposal], Refusal | None], ...] = (
    _purpose,
    _identity,
    _transaction,
    _shape,
    _kind,
    _features,
    _periods,
)
