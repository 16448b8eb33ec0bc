"""Reads the vendor profiles that ship with the system; holds them to their rules."""

import tomllib
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from itertools import combinations
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, PositiveInt, ValidationError

from csms.domain.errors import Broken
from csms.domain.profile import RateUnit
from csms.domain.units import Power
from csms.domain.vendor_profile import (
    AfterExpiry,
    CancelMethod,
    Dialect,
    Dynamic,
    Evidence,
    EvidenceKind,
    ExportMetering,
    NegativeLimit,
    OfflineBehaviour,
    Rounding,
    VendorProfile,
    VendorWords,
)

NATURAL = Annotated[int, Field(ge=0)]
_WILD = frozenset("*?[")


class MalformedRecord(Broken):
    """A vendor record cannot be read, or breaks a rule."""

    code = "malformed-vendor-record"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Evidence(_Part):
    kind: EvidenceKind
    reference: str
    on: date


class _Dynamic(_Part):
    watchdog_s: PositiveInt
    push_interval_s: PositiveInt


class _Words(_Part):
    vendor_id: Annotated[str, Field(min_length=1, max_length=255)]
    set_message: Annotated[str, Field(min_length=1, max_length=50)]
    clear_message: Annotated[str, Field(min_length=1, max_length=50)]


class _Make(_Part):
    """One entry; what it leaves out is as careful as ``VendorProfile`` has it."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]*$")]
    models: Annotated[tuple[str, ...], Field(min_length=1)]
    firmwares: Annotated[tuple[str, ...], Field(min_length=1)]
    editions: tuple[Literal["ocpp2.0.1", "ocpp2.1"], ...] = ("ocpp2.1", "ocpp2.0.1")
    dialect: Dialect
    negative_limit: NegativeLimit = NegativeLimit.UNKNOWN
    unit: RateUnit = RateUnit.WATTS
    step: PositiveInt = 1
    rounding: Rounding = Rounding.TOWARD_ZERO
    phases: Literal[1, 2, 3] | None = None
    voltage: PositiveInt = 240
    min_discharge_w: NATURAL = 0
    max_discharge_w: PositiveInt | None = None
    max_charge_w: PositiveInt | None = None
    max_periods: PositiveInt | None = None
    max_stack_level: NATURAL | None = None
    min_update_s: NATURAL = 0
    response_s: PositiveInt = 30
    ramp_w_per_s: PositiveInt | None = None
    after_expiry: AfterExpiry = AfterExpiry.UNKNOWN
    offline: OfflineBehaviour = OfflineBehaviour.UNKNOWN
    persists_over_reboot: bool = True
    cancel: CancelMethod = CancelMethod.BOTH
    export_metering: ExportMetering = ExportMetering.SEPARATE_REGISTERS
    kwh_registers: bool = False
    dynamic: _Dynamic | None = None
    words: _Words | None = None
    evidence: _Evidence

    def profile(self, vendor: str) -> VendorProfile:
        """Return the domain value."""
        same = self.model_dump(
            include={
                "id",
                "models",
                "firmwares",
                "editions",
                "dialect",
                "negative_limit",
                "unit",
                "step",
                "rounding",
                "phases",
                "voltage",
                "max_periods",
                "max_stack_level",
                "ramp_w_per_s",
                "after_expiry",
                "offline",
                "persists_over_reboot",
                "cancel",
                "export_metering",
                "kwh_registers",
            }
        )
        words, dynamic = self.words, self.dynamic
        return VendorProfile(
            **same,
            vendor=vendor,
            min_discharge=Power(self.min_discharge_w),
            max_discharge=_power(self.max_discharge_w),
            max_charge=_power(self.max_charge_w),
            min_update=timedelta(seconds=self.min_update_s),
            response=timedelta(seconds=self.response_s),
            dynamic=Dynamic()
            if dynamic is None
            else Dynamic(
                timedelta(seconds=dynamic.watchdog_s),
                timedelta(seconds=dynamic.push_interval_s),
            ),
            words=None
            if words is None
            else VendorWords(words.vendor_id, words.set_message, words.clear_message),
            evidence=Evidence(
                self.evidence.kind, self.evidence.reference, self.evidence.on
            ),
        )


class _Record(_Part):
    vendor: Annotated[str, Field(min_length=1, max_length=50)]
    make: Annotated[tuple[_Make, ...], Field(min_length=1)]


@cache
def shipped() -> tuple[VendorProfile, ...]:
    """Return the vendor profiles that ship with the system."""
    return load(files("csms") / "vendors")


def load(folder: Traversable) -> tuple[VendorProfile, ...]:
    """Return every vendor profile of a folder, by id; one vendor for each file.

    Raises:
        MalformedRecord: If a file cannot be read, or the profiles break a rule.
    """
    vendors: dict[str, str] = {}
    profiles: list[VendorProfile] = []
    for file in sorted(folder.iterdir(), key=lambda each: each.name):
        if file.name.endswith(".toml"):
            record = _record(file)
            vendor = record.vendor.casefold()
            if vendor in vendors:
                raise MalformedRecord(
                    f"{file.name}: {record.vendor} has {vendors[vendor]} already"
                )
            vendors[vendor] = file.name
            profiles += [make.profile(record.vendor) for make in record.make]
    if flaws := list(broken_rules(profiles)):
        raise MalformedRecord("; ".join(flaws))
    return tuple(sorted(profiles, key=lambda each: each.id))


def broken_rules(profiles: Sequence[VendorProfile]) -> Iterator[str]:
    """Yield what is wrong with profiles, taken one by one and two by two."""
    for each in profiles:
        for rule, holds in _rules(each):
            if not holds:
                yield f"{each.id}: {rule}"
    for one, other in combinations(profiles, 2):
        if one.id == other.id:
            yield f"{one.id} is there twice"
        elif _tie(one, other):
            yield f"{one.id} and {other.id} match the same makes equally well"


def _record(file: Traversable) -> _Record:
    try:
        return _Record.model_validate(tomllib.loads(file.read_text(encoding="utf-8")))
    except tomllib.TOMLDecodeError as error:
        raise MalformedRecord(f"{file.name}: {error}") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(step) for step in first["loc"])
        raise MalformedRecord(f"{file.name}: {where}: {first['msg']}") from error


def _rules(profile: VendorProfile) -> tuple[tuple[str, bool], ...]:
    edition = profile.dialect.edition
    negative = profile.dialect is Dialect.NEGATIVE_LIMIT_TX
    has_words = profile.words is not None
    sourced = profile.evidence.kind is EvidenceKind.NONE or bool(
        profile.evidence.reference
    )
    return (
        (
            f"{profile.dialect} is spoken in {edition} only",
            edition is None or profile.editions == (edition,),
        ),
        (
            "a negative limit that is dispatched on must discharge",
            not negative or profile.negative_limit is NegativeLimit.DISCHARGE,
        ),
        (
            "a setpoint by DataTransfer needs words, and nothing else has any",
            has_words == (profile.dialect is Dialect.DATATRANSFER),
        ),
        (
            "amperes need a number of phases",
            profile.unit is RateUnit.WATTS or profile.phases is not None,
        ),
        (
            "the watchdog must outlast two pushes",
            profile.dynamic.push_interval * 2 <= profile.dynamic.watchdog,
        ),
        ("evidence needs a reference", sourced),
    )


def _tie(one: VendorProfile, other: VendorProfile) -> bool:
    """Tell whether one make could match both with the same rank."""
    return (
        one.vendor.casefold() == other.vendor.casefold()
        and bool(set(one.editions) & set(other.editions))
        and _same_rank(one.models, other.models)
        and _same_rank(one.firmwares, other.firmwares)
    )


def _same_rank(one: Sequence[str], other: Sequence[str]) -> bool:
    left = {each.casefold() for each in one}
    right = {each.casefold() for each in other}
    if left & right:
        return True
    wild = [{each for each in side if _WILD & set(each)} for side in (left, right)]
    return any(len(a) == len(b) for a in wild[0] for b in wild[1])


def _power(watts: int | None) -> Power | None:
    return None if watts is None else Power(watts)
