"""What `csms doctor` can tell without asking: settings, ports, folder, clock."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING

from csms.bootstrap.listening import CannotListen, ensure_free
from csms.transport_settings import TURN_ON_TLS

if TYPE_CHECKING:
    from csms.settings import Settings

RELEASED = datetime(2026, 1, 1, tzinfo=UTC)
"""No clock that is right shows an earlier time."""

ROOM_BYTES = 1 << 30
LEAST_BYTES = 100 << 20


class Verdict(StrEnum):
    """How a check went, the worst last."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found.

    Attributes:
        check: What was looked at.
        verdict: Whether a node can live with it.
        detail: What was seen.
        remedy: What to do about it; empty if all is well.
    """

    check: str
    verdict: Verdict
    detail: str
    remedy: str = ""


def worst(findings: list[Finding]) -> Verdict:
    """Return the worst verdict."""
    order = list(Verdict)
    return max((each.verdict for each in findings), key=order.index, default=Verdict.OK)


def clock(settings: "Settings", now: datetime) -> Finding:
    """Tell whether business time is real time, and real time plausible."""
    if now < RELEASED:
        return Finding(
            "clock",
            Verdict.FAIL,
            f"this machine believes that it is {now:%Y-%m-%d}",
            "Set the clock, best by NTP: stations are told the time by this machine.",
        )
    if settings.is_accelerated:
        return Finding(
            "clock",
            Verdict.WARN,
            f"business time is not real time (rate {settings.clock_rate:g})",
            "Only for simulations. Unset CSMS_CLOCK_* before real stations connect.",
        )
    return Finding("clock", Verdict.OK, f"real time, {now:%Y-%m-%d %H:%M:%S} UTC")


def port(check: str, host: str, number: int, *, node_runs: bool) -> Finding:
    """Tell whether a port can be listened on, or a node of ours has it already.

    Args:
        check: What the port is for.
        host: The address.
        number: The port; 0 is any free one.
        node_runs: Whether a node of these settings was found, which holds its ports.
    """
    place = f"{host}:{number}"
    door = check.removesuffix(" port").replace(" ", "_").upper()
    try:
        ensure_free(host, number, door)
    except CannotListen as error:
        if node_runs and error.is_taken:
            return Finding(check, Verdict.OK, f"{place} is held by the running node")
        return Finding(check, Verdict.FAIL, str(error), error.remedy or "")
    return Finding(check, Verdict.OK, f"{place} is free" if number else "any free port")


def data_dir(folder: Path) -> Finding:
    """Tell whether the data folder can be written, and has room."""
    existing = next(each for each in (folder, *folder.parents) if each.exists())
    if not existing.is_dir() or not os.access(existing, os.W_OK | os.X_OK):
        return Finding(
            "data folder",
            Verdict.FAIL,
            f"{folder} cannot be written",
            "Set CSMS_DATA_DIR to a folder that this user can write.",
        )
    free = shutil.disk_usage(existing).free
    said = f"{folder}, {free / 1e9:,.1f} GB free"
    if free < ROOM_BYTES:
        verdict = Verdict.FAIL if free < LEAST_BYTES else Verdict.WARN
        return Finding(
            "data folder", verdict, said, "Make room, or set CSMS_DATA_DIR elsewhere."
        )
    return Finding("data folder", Verdict.OK, said)


def exposure(settings: "Settings") -> Iterator[Finding]:
    """Tell what would go over the network unencrypted."""
    if settings.is_public_bind:
        yield Finding(
            "exposure",
            Verdict.WARN,
            f"stations send passwords unencrypted to {settings.ocpp_host}",
            f"{TURN_ON_TLS} Or put a proxy that adds TLS in front, and set "
            "CSMS_OCPP_HOST=127.0.0.1.",
        )
    is_encrypted = settings.link_base.startswith("https:")
    if not is_local(settings.http_host) and not is_encrypted:
        yield Finding(
            "exposure",
            Verdict.WARN,
            f"tokens and sessions go unencrypted to {settings.http_host}",
            "Put a proxy that adds TLS in front and set CSMS_PUBLIC_URL=https://….",
        )
    if settings.accept_simulated_evidence:
        yield Finding(
            "evidence",
            Verdict.WARN,
            "vendor profiles proven on simulated stations only may discharge",
            "Unset CSMS_ACCEPT_SIMULATED_EVIDENCE before real stations connect.",
        )


def is_local(host: str) -> bool:
    """Tell whether only this machine reaches an address."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
