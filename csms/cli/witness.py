"""What the fleet's observer saw, and the case that promises are judged on."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

MINUTE = timedelta(minutes=1)
CHARGE_EFFICIENCY = 0.9


@dataclass(frozen=True, slots=True)
class Minute:
    """One minute at one EVSE, as physics had it.

    Attributes:
        at: When it began.
        watts: Mean power on the grid's side, positive into the vehicle.
        soc_pct: State of charge at its end.
        plugged: Whether a vehicle was there.
        given_watts: Mean power that flowed out, not below zero: what it took back
            within the same minute is not taken off, as no meter would.
    """

    at: datetime
    watts: float
    soc_pct: float
    plugged: bool
    given_watts: float


@dataclass(frozen=True, slots=True)
class Witness:
    """What the observer saw at one EVSE."""

    evse: str
    site: str
    vehicle: str
    participant: str
    min_soc_pct: float
    minutes: tuple[Minute, ...]
    faults: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Departure:
    """A vehicle leaves, or is about to.

    Attributes:
        vehicle: Which.
        at: When.
        needed_pct: State of charge that its driver needs then.
        soc_pct: What it had, or can have by then if it charges from now on.
    """

    vehicle: str
    at: datetime
    needed_pct: float
    soc_pct: float


@dataclass(frozen=True, slots=True)
class Case:
    """Everything the promises are judged on.

    Attributes:
        start: When the event began.
        end: When it ended.
        allowance: Business time that a release or a trip may take: a few real seconds
            at the rate of this clock.
        members: The system's account of each EVSE, by ``station/evse``.
        witnesses: Physics, by the same name.
        drivers: When each participant read a notice and opted out, by id.
        export_caps: Watts that may flow out of each site.
        departures: Past ones as they were, and the next one of each vehicle.
    """

    start: datetime
    end: datetime
    allowance: timedelta
    members: Mapping[str, Mapping[str, Any]]
    witnesses: Mapping[str, Witness]
    drivers: Mapping[str, Mapping[str, Any]]
    export_caps: Mapping[str, float]
    departures: tuple[Departure, ...] = ()


def witnesses(report: Mapping[str, Any]) -> dict[str, Witness]:
    """Read the observer's report."""
    found = {}
    for each in report["evses"]:
        name = f"{each['station']}/{each['evse']}"
        found[name] = Witness(
            evse=name,
            site=each["site"],
            vehicle=each["vehicle"],
            participant=each["participant"],
            min_soc_pct=each["min_soc_pct"],
            minutes=tuple(
                Minute(instant(at), watts, soc, plugged, given)
                for at, watts, soc, plugged, given in each["trace"]
            ),
            faults=tuple(each.get("faults", ())),
        )
    return found


def departures(
    report: Mapping[str, Any], registry: Mapping[str, Any], seen: Mapping[str, Witness]
) -> tuple[Departure, ...]:
    """Return past departures, and what each vehicle can reach by its next one."""
    past = [
        Departure(
            each["vehicle"],
            instant(each["at"]),
            each["needed_soc_pct"],
            each["soc_pct"],
        )
        for each in report["departures"]
    ]
    zones = {each["id"]: ZoneInfo(each["timezone"]) for each in registry["sites"]}
    vehicles = {each["id"]: each for each in registry["vehicles"]}
    power = {
        f"{station['id']}/{evse['number']}": evse["max_charge_kw"]
        for station in registry["stations"]
        for evse in station["evses"]
    }
    coming = [
        _reachable(witness, vehicles[witness.vehicle], zones[witness.site], power[evse])
        for evse, witness in seen.items()
        if witness.minutes and witness.vehicle in vehicles
    ]
    return (*past, *(each for each in coming if each is not None))


def _reachable(
    witness: Witness, vehicle: Mapping[str, Any], zone: ZoneInfo, evse_kw: float
) -> Departure | None:
    """Return the next departure of a parked vehicle within a day, if it has one."""
    last = witness.minutes[-1]
    local = (last.at + MINUTE).astimezone(zone)
    found = None
    for day in (local.date(), local.date() + timedelta(days=1)):
        for each in vehicle["departures"]:
            hour, minute = map(int, each["time"].split(":"))
            at = datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone)
            fits = each["weekday"] == day.weekday() and at > local
            if fits and (found is None or at < found[0]):
                found = (at, float(each["soc_pct"]))
    if found is None or not last.plugged:
        return None
    hours = (found[0] - local) / timedelta(hours=1)
    kwh = min(evse_kw, vehicle["max_charge_kw"]) * hours * CHARGE_EFFICIENCY
    reach = last.soc_pct + kwh / vehicle["battery_kwh"] * 100
    return Departure(witness.vehicle, found[0], found[1], min(reach, 100.0))


def instant(text: str) -> datetime:
    """Read an instant of a report."""
    return datetime.fromisoformat(text)
