"""What was sent to a station, kept as a document, and whether the station echoes it.

What a station reports is compared with what it was sent, not with what it would be
sent now: the state of charge has moved on, the promise has not.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from csms.domain.profile import (
    Kind,
    Period,
    Profile,
    Purpose,
    RateUnit,
    VendorCommand,
)
from csms.domain.units import Power
from csms.services.ports.profiles import Intent

Document = Mapping[str, Any]

_TOLERANCE = {RateUnit.WATTS: 1.0, RateUnit.AMPERES: 0.1}
_INSTANT = timedelta(seconds=1)


def document_of(content: Profile | VendorCommand, power: Power) -> dict[str, Any]:
    """Return what is sent, as JSON knows it.

    Args:
        content: The profile, or the vendor's own command.
        power: What it makes flow: negative.
    """
    if isinstance(content, VendorCommand):
        return {
            "kind": "command",
            "vendor_id": content.vendor_id,
            "message_id": content.message_id,
            "data": content.data,
            "power_w": power.watts,
            "until": _iso(content.until),
        }
    return {
        "kind": "profile",
        "profile_kind": content.kind.value,
        "stack_level": content.stack_level,
        "unit": content.unit.value,
        "start": _iso(content.start),
        "duration_s": content.duration.total_seconds() if content.duration else None,
        "valid_to": _iso(content.valid_to),
        "power_w": power.watts,
        "until": _iso(_stops_at(content)),
        "periods": [
            {
                "start_s": each.start_s,
                "limit": each.limit,
                "setpoint": each.setpoint,
                "mode": each.mode.value if each.mode else None,
            }
            for each in content.periods
        ],
    }


def until(document: Document) -> datetime | None:
    """Return when the discharge of what was sent ends by itself, if it is known."""
    return _instant(document.get("until"))


def is_command(document: Document) -> bool:
    """Tell whether a vendor's own command was sent."""
    return document.get("kind") == "command"


def held_profile(intent: Intent) -> Profile:
    """Return as much of the profile that a station holds as its cancel needs."""
    return Profile(
        id=intent.profile_id,
        evse=intent.evse,
        purpose=Purpose.TX,
        kind=Kind.ABSOLUTE,
        stack_level=int(intent.document.get("stack_level", 0)),
        unit=RateUnit(intent.document.get("unit", RateUnit.WATTS)),
        periods=(),
        transaction=intent.transaction,
    )


def echoes(found: Profile, intent: Intent) -> bool:
    """Tell whether a reported profile says what was sent; floats come back blurred.

    It must end no later than it was told to, and discharge no longer and no other way.
    """
    sent = intent.document
    if found.kind.value != sent["profile_kind"] or found.unit.value != sent["unit"]:
        return False
    if found.transaction not in (None, intent.transaction):
        return False
    return (
        _begins_alike(found, sent)
        and _is_finite(found, sent)
        and _flows_alike(found, sent["periods"])
    )


def _begins_alike(found: Profile, sent: Document) -> bool:
    start = _instant(sent["start"])
    if start is None:
        return True
    return found.start is not None and abs(found.start - start) <= _INSTANT


def _is_finite(found: Profile, sent: Document) -> bool:
    """Tell whether it ends as it should, by its duration or by its validity."""
    duration, valid_to = sent["duration_s"], _instant(sent["valid_to"])
    if found.duration is not None and duration is not None:
        return found.duration <= timedelta(seconds=duration) + _INSTANT
    if found.valid_to is not None and valid_to is not None:
        return found.valid_to <= valid_to + _INSTANT
    return False


def _flows_alike(found: Profile, sent: list[dict[str, Any]]) -> bool:
    if len(found.periods) < len(sent):
        return False
    tolerance = _TOLERANCE[found.unit]
    alike = all(
        _is_alike(said, meant, tolerance)
        for said, meant in zip(found.periods, sent, strict=False)
    )
    return alike and not any(each.discharges for each in found.periods[len(sent) :])


def _is_alike(said: Period, meant: Mapping[str, Any], tolerance: float) -> bool:
    if said.start_s != meant["start_s"]:
        return False
    name = "setpoint" if meant["setpoint"] is not None else "limit"
    value = meant[name]
    if value is None:
        return not said.discharges
    told = getattr(said, name)
    return told is not None and abs(told - value) <= tolerance + abs(value) / 1000


def _stops_at(profile: Profile) -> datetime | None:
    if profile.start is None:
        return profile.valid_to
    after = [each.start_s for each in profile.periods if not each.discharges]
    if after:
        return profile.start + timedelta(seconds=after[0])
    return profile.start + profile.duration if profile.duration else profile.valid_to


def _iso(instant: datetime | None) -> str | None:
    return instant.isoformat() if instant else None


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
