"""How the console says things: words for states, tones for words, local times."""

import tomllib
from collections.abc import Mapping
from datetime import datetime, timedelta, tzinfo
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from csms.web.templates import number

if TYPE_CHECKING:
    from csms.domain.live import LiveEvse
    from csms.domain.units import Energy, Power

MOVING_W = 100
"""Less than this is standing still: meters hum."""

FRESH, AGEING = timedelta(minutes=20), timedelta(hours=1)
W_PER_KW = 1000
_SMALL_KW = 100

REASONS: Mapping[str, str] = {
    "cancelled": "called off",
    "opt_out": "opted out",
    "unplugged": "unplugged",
    "soc_floor": "battery at its floor",
    "ev_refused": "vehicle gave less",
    "station_refused": "station refused",
    "offline": "offline",
    "limit": "a limit",
    "unknown": "unknown",
    "not_enrolled": "not enrolled",
    "not_eligible_utility": "served by a utility outside the program",
    "not_eligible_class": "customer class outside the program",
    "not_eligible_size": "size outside the program",
    "program_not_in_force": "enrollment not in force",
    "island_only": "island-only system, cannot export",
    "no_export_permission": "no permission to export",
    "charge_only": "no verified way to discharge this make",
    "vendor_quarantined": "make quarantined after a wrong-direction trip",
    "no_vehicle": "no vehicle",
    "not_notified": "not notified in time",
    "soc_unknown": "state of charge unknown",
    "departure": "departs too soon",
}

OBSTACLES: Mapping[str, str] = {
    "unknown_evse": "not in the registry",
    "rejected": "the station is rejected",
    "island_only": "island-only system, cannot export",
    "not_provisioned": "device model not read yet",
    "charge_only": "no verified way to discharge this make",
    "quarantined": "make quarantined after a wrong-direction trip",
    "no_smart_charging": "takes no charging profiles",
    "mode_not_supported": "does not support a central setpoint",
    "dynamic_not_supported": "takes no dynamic profiles",
    "no_discharge_rating": "no discharge rating in the registry",
}

RESTARTS: Mapping[str, str] = {
    "OnIdle": "when no vehicle is charging",
    "Immediate": "at once",
    "ImmediateAndResume": "at once, and go on charging afterwards",
}
"""The restarts of OCPP, and when each happens; the last one since 2.1."""

LOGS: Mapping[str, str] = {
    "DiagnosticsLog": "Diagnostics",
    "SecurityLog": "Security",
    "DataCollectorLog": "Data collector (OCPP 2.1)",
}

LOG_STATES: Mapping[str, tuple[str, str]] = {
    "asked": ("asked for", "blue"),
    "accepted": ("promised", "blue"),
    "uploading": ("under way", "blue"),
    "uploaded": ("here", "good"),
    "failed": ("failed", "bad"),
    "rejected": ("refused", "bad"),
    "cancelled": ("given up", "warn"),
    "silent": ("nothing more heard", "warn"),
    "unreachable": ("not asked", "warn"),
}
"""How far the upload of a log has come, in words, and their tones."""

TONES: Mapping[str, str] = {
    # stages
    "scheduled": "blue",
    "notified": "blue",
    "active": "good",
    "cancelled": "warn",
    # standings and links
    "accepted": "good",
    "pending": "warn",
    "rejected": "bad",
    # ways and ends of members
    "obeyed": "good",
    "delivered": "good",
    "echoed": "blue",
    "sent": "good",
    "plugged": "good",
    "online": "good",
    "partial": "warn",
    "opted_out": "warn",
    "unplugged": "warn",
    "floor_reached": "warn",
    "soc_floor": "warn",
    "limited": "warn",
    "offline": "warn",
    "waiting": "warn",
    "unknown": "warn",
    "not_obeyed": "bad",
    "not_delivered": "bad",
    "station_refused": "bad",
    "ev_refused": "bad",
    "tripped": "bad",
    "failed": "bad",
    # severities
    "critical": "bad",
    "error": "bad",
    "high": "bad",
    "warning": "warn",
    "medium": "warn",
}


def tone(word: str) -> str:
    """Return the tone in which a word is shown: good, blue, warn, bad or none."""
    return TONES.get(word, "")


def reason(word: str) -> str:
    """Return a reason as people say it."""
    return REASONS.get(word, word.replace("_", " "))


def obstacle(word: str | None) -> str:
    """Return why an EVSE must not be dispatched, as people say it."""
    return "" if word is None else OBSTACLES.get(word, word.replace("_", " "))


def doing(live: "LiveEvse") -> tuple[str, str]:
    """Return what an EVSE is doing in a word, and the word's tone."""
    if not live.connected:
        return "Offline", "warn"
    if live.connector_status == "Faulted":
        return "Faulted", "bad"
    watts = live.power.watts if live.power is not None else 0
    if watts <= -MOVING_W:
        return "Discharging", "good"
    if watts >= MOVING_W:
        return "Charging", "blue"
    return ("Plugged in", "") if live.plugged else ("Unplugged", "plain")


def freshness(at: datetime | None, now: datetime) -> str:
    """Return the tone of an age: good, warn, bad, or none if never seen."""
    if at is None:
        return ""
    age = now - at
    if age <= FRESH:
        return "good"
    return "warn" if age <= AGEING else "bad"


def zone_of(name: str) -> tzinfo:
    """Return a time zone by its name."""
    return ZoneInfo(name)


def time_of_day(instant: datetime, zone: tzinfo) -> str:
    """Return a local time of day without its zone, such as ``5:15 PM``."""
    local = instant.astimezone(zone)
    return f"{local.strftime('%I').lstrip('0')}:{local:%M %p}"


def stamp(instant: datetime, zone: tzinfo) -> str:
    """Return a local instant with its zone, such as ``Tue, Jul 14, 5:00 PM EDT``."""
    local = instant.astimezone(zone)
    return f"{local:%a, %b} {local.day}, {time_of_day(instant, zone)} {local:%Z}"


def kw(power: "Power | None", sign: int = 1) -> str:
    """Return kilowatts without the unit; a sign of -1 shows export as positive."""
    if power is None:
        return number(None)
    value = sign * power.watts / W_PER_KW
    return number(value, 1 if abs(value) < _SMALL_KW else 0)


def kwh(energy: "Energy | None", sign: int = 1) -> str:
    """Return kilowatt-hours without the unit; the sign as with ``kw``."""
    if energy is None:
        return number(None)
    value = sign * energy.as_kwh
    return number(value, 1 if abs(value) < _SMALL_KW else 0)


def meaning(deviation: str) -> str:
    """Return what a kind of deviation is and what is done about it, if that is told."""
    return meanings().get(deviation, "")


@cache
def meanings() -> Mapping[str, str]:
    """Return the sentences of ``deviations.toml``, by kind."""
    return tomllib.loads((files("csms.console") / "deviations.toml").read_text("utf-8"))
