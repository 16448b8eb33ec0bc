"""How the console speaks of security: profiles, changes, certificates, events."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from functools import cache
from importlib.resources import files
from typing import Final

from csms.domain.certificate import RootUse
from csms.domain.security import RotationState, SecurityProfile, UpgradeState
from csms.domain.signing import CertificateUse, SigningState
from csms.services.ports.certificate_store import MemberStage, RotationStage
from csms.services.security_events import LIST, UNLISTED, Alert
from csms.web.templates import count, span

PROFILES: Final[Mapping[SecurityProfile, tuple[str, str]]] = {
    SecurityProfile.BASIC: ("password, not encrypted", "warn"),
    SecurityProfile.TLS: ("password, encrypted (TLS)", "good"),
    SecurityProfile.MUTUAL: ("certificate, encrypted (TLS)", "good"),
}

GRAVE, NOTABLE, ROUTINE = (0, 3), (4, 5), (6, 9)
SEVERITIES: Final[Mapping[str, tuple[int, int]]] = {
    "grave": GRAVE,
    "notable": NOTABLE,
    "routine": ROUTINE,
}
WORTH_A_LOOK: Final = (0, 5)
"""What is shown unless somebody asks: stations tell of every start, too."""

CONCERNS: Final[Mapping[str, str]] = {
    "failed": "a change failed",
    "changing": "changing now",
    "open line": "not encrypted",
    "never in": "never came in",
}

ROTATIONS: Final[Mapping[RotationState, tuple[str, str]]] = {
    RotationState.PREPARED: ("new one on its way", "blue"),
    RotationState.UNANSWERED: ("unclear whether it took the new one", "warn"),
    RotationState.ACCEPTED: ("took the new one, has yet to use it", "blue"),
    RotationState.CONFIRMED: ("in use", "good"),
    RotationState.REFUSED: ("new one refused", "bad"),
    RotationState.SUPERSEDED: ("followed by a later one", ""),
}

UPGRADES: Final[Mapping[UpgradeState, tuple[str, str]]] = {
    UpgradeState.ROOT: ("installing the root it must trust", "blue"),
    UpgradeState.CERTIFICATE: ("having its certificate signed", "blue"),
    UpgradeState.SLOT: ("telling it the new way in", "blue"),
    UpgradeState.PRIORITY: ("making the new way its first choice", "blue"),
    UpgradeState.RESET: ("restarting it when idle", "blue"),
    UpgradeState.RETURNING: ("waiting for it to come back", "blue"),
    UpgradeState.FALLING_BACK: ("going back to the old way", "warn"),
    UpgradeState.DONE: ("done", "good"),
    UpgradeState.FELL_BACK: ("fell back to the old way", "bad"),
    UpgradeState.REFUSED: ("refused", "bad"),
    UpgradeState.CANCELLED: ("cancelled", ""),
}

USES: Final[Mapping[str, str]] = {
    CertificateUse.STATION.value: "the station, towards this system",
    CertificateUse.COMBINED.value: "the station, towards this system and vehicles",
    CertificateUse.V2G.value: "the station, towards vehicles (ISO 15118-2)",
    CertificateUse.V2G20.value: "the station, towards vehicles (ISO 15118-20)",
    CertificateUse.SERVER.value: "this system, towards stations",
    CertificateUse.INTERMEDIATE.value: "signs certificates, below a root",
    CertificateUse.ROOT.value: "root: where our own trust begins",
    RootUse.V2G.value: "trusted: stations towards vehicles (V2G)",
    RootUse.MO.value: "trusted: drivers' contracts (mobility operators)",
    RootUse.CSMS.value: "trusted: this system, by stations",
    RootUse.MANUFACTURER.value: "trusted: makers of stations, for firmware",
    RootUse.OEM.value: "trusted: makers of vehicles",
    RootUse.INTERMEDIATE.value: "helps to trace others to their root",
}

SIGNING: Final[Mapping[SigningState, tuple[str, str]]] = {
    SigningState.RECEIVED: ("asked", "blue"),
    SigningState.WAITING: ("authority decides", "warn"),
    SigningState.SIGNED: ("signed, on its way", "blue"),
    SigningState.ACCEPTED: ("done", "good"),
    SigningState.REJECTED: ("station refused it", "bad"),
    SigningState.FAILED: ("failed", "bad"),
    SigningState.SUPERSEDED: ("the station asked again", ""),
}

CHANGES: Final[Mapping[RotationStage, tuple[str, str]]] = {
    RotationStage.INSTALLING: ("stations are given the new root", "blue"),
    RotationStage.READY: ("every station has the new root: switch", "warn"),
    RotationStage.SWITCHED: ("the old root is deleted from stations", "blue"),
    RotationStage.DONE: ("done", "good"),
    RotationStage.CANCELLED: ("cancelled", ""),
}

MEMBERS: Final[Mapping[MemberStage, str]] = {
    MemberStage.WAITING: "waiting",
    MemberStage.VERIFIED: "have the new root",
    MemberStage.CLEANED: "have only the new root",
    MemberStage.FAILED: "failed",
    MemberStage.LEFT_OUT: "left out",
}

TOLD: Final[Mapping[Alert, str]] = {
    Alert.CRITICAL: "Raised as a critical incident",
    Alert.WARNING: "Raised as an incident to look at",
    Alert.NONE: "Kept for the record; nobody was called",
}


@dataclass(frozen=True, slots=True)
class Telling:
    """What a reader is told of a kind of security event.

    Attributes:
        means: What happened; empty if nobody here knows the kind.
        advice: What a person had better do; may be empty.
        done: What this system did.
    """

    means: str
    advice: str
    done: str


def telling(kind: str) -> Telling:
    """Return what to tell of a kind of security event."""
    said = _meanings().get(kind, {})
    done = TOLD[LIST.get(kind, UNLISTED).alert]
    return Telling(said.get("means", ""), said.get("advice", ""), done)


def gravity(severity: int) -> tuple[str, str]:
    """Return how grave a severity (0 danger to 9 debug) is, and its tone."""
    tones = {"grave": "bad", "notable": "warn", "routine": "plain"}
    for word, (least, most) in SEVERITIES.items():
        if least <= severity <= most:
            return word, tones[word]
    return "routine", "plain"


def spaced(kind: str) -> str:
    """Return a word of the wire as people write it: ``InvalidTLSVersion`` in three."""
    parts = ""
    for place, letter in enumerate(kind):
        nearby = kind[place - 1 : place] + kind[place + 1 : place + 2]
        if place and letter.isupper() and any(each.islower() for each in nearby):
            parts += " "
        parts += letter
    return parts[:1] + " ".join(
        each if each.isupper() else each.lower() for each in parts[1:].split(" ")
    )


def date(instant: datetime, zone: tzinfo) -> str:
    """Return a local date with its year, such as ``Jul 14, 2026``."""
    local = instant.astimezone(zone)
    return f"{local:%b} {local.day}, {local.year}"


def lasting(left: timedelta) -> str:
    """Return how long something lasts, roughly, such as ``5 months``."""
    if left <= timedelta(0):
        return f"expired {_rough(-left)} ago"
    return f"{_rough(left)} left"


def _rough(length: timedelta) -> str:
    if length < timedelta(days=1):
        return span(length)
    for name, days, least in _UNITS:
        if length.days >= least * days:
            return count(length.days // days, name, f"{name}s")
    return count(length.days, "day", "days")


_UNITS = (("year", 365, 2), ("month", 30, 3))


def common_name(subject: str) -> str:
    """Return whose certificate it is, in short: the CN of an RFC 4514 subject."""
    for part in subject.split(","):
        name, _, value = part.partition("=")
        if name.strip().upper() == "CN":
            return value
    return subject


@cache
def _meanings() -> Mapping[str, Mapping[str, str]]:
    text = (files("csms.console") / "security_events.toml").read_text("utf-8")
    return tomllib.loads(text)
