"""Charging profiles as JSON knows them: for the database and for whoever asks."""

from typing import Any

from pydantic import TypeAdapter

from csms.domain.ids import EvseId, StationId
from csms.domain.profile import Composite, Period, Profile

_PROFILE: TypeAdapter[Profile] = TypeAdapter(Profile)
_PERIOD: TypeAdapter[Period] = TypeAdapter(Period)


def profile_document(profile: Profile) -> dict[str, Any]:
    """Return a profile as JSON, without what it does not say."""
    said = _PROFILE.dump_python(profile, mode="json", exclude_defaults=True)
    evse = said.pop("evse")
    return {"evse": evse["number"], **said}


def profile_from(station: StationId, document: dict[str, Any]) -> Profile:
    """Read what ``profile_document`` wrote."""
    evse = EvseId(station, document["evse"])
    return _PROFILE.validate_python(
        {**document, "evse": {"station": evse.station, "number": evse.number}}
    )


def period_document(period: Period) -> dict[str, Any]:
    """Return a period as JSON, without what it does not say."""
    said: dict[str, Any] = _PERIOD.dump_python(
        period, mode="json", exclude_defaults=True
    )
    return said


def composite_document(composite: Composite) -> dict[str, Any]:
    """Return a composite schedule as JSON."""
    return {
        "evse": composite.evse.number,
        "start": composite.start.isoformat(),
        "duration_s": round(composite.duration.total_seconds()),
        "unit": composite.unit.value,
        "periods": [period_document(each) for each in composite.periods],
    }
