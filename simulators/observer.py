"""What really happened, for judging what the system believes."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from simulators.instants import iso
from simulators.population import Fleet, System

MINUTE = 60.0


@dataclass(slots=True)
class Trace:
    """What one EVSE lived through, minute by minute.

    Attributes:
        system: Where it happened.
        start: Unix seconds of the first minute.
        watts: Mean grid-side power of each minute.
        given: The part of it that flowed out, though some may have flowed back.
        socs: State of charge at the end of each minute.
        plugs: Whether a vehicle was at the cable at the end of each minute.
        faults: Names of the faults that happened to it.
    """

    system: System
    start: float
    watts: list[int] = field(default_factory=list)
    given: list[int] = field(default_factory=list)
    socs: list[float] = field(default_factory=list)
    plugs: list[bool] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Driver:
    """What a participant heard and wanted.

    Attributes:
        told_at: When the first notice of an event was seen.
        opted_out_at: When the opt-out was made.
        wanted: Whether the driver wants to opt out at some time.
        confirmed: Whether the system confirmed it.
    """

    told_at: float | None = None
    opted_out_at: float | None = None
    wanted: bool = False
    confirmed: bool = False


@dataclass(slots=True)
class Observer:
    """Writes down what the fleet lives through.

    Attributes:
        fleet: Whom it watches.
        start: Unix seconds at which it began.
        traces: By station.
        drivers: By participant.
        departures: Planned departures that took place.
        incidents: What else is worth telling.
        displayed: How many messages were shown on stations.
    """

    fleet: Fleet
    start: float
    traces: dict[str, Trace] = field(default_factory=dict)
    drivers: dict[str, Driver] = field(default_factory=dict)
    departures: list[dict[str, Any]] = field(default_factory=list)
    incidents: list[dict[str, Any]] = field(default_factory=list)
    displayed: int = 0

    def enroll(self, system: System, t: float) -> None:
        """Begin to watch a system; a hazardous make is a fault from the start."""
        trace = Trace(system, t // MINUTE * MINUTE)
        if system.persona.hazardous:
            trace.faults.append("hazard")
        self.traces[system.station] = trace
        self.drivers.setdefault(system.participant, Driver())

    def minute(
        self,
        station: str,
        energy_ws: float,
        given_ws: float,
        soc: float,
        *,
        plugged: bool,
    ) -> None:
        """Write down one minute of an EVSE.

        Args:
            station: Where it passed.
            energy_ws: What crossed the grid side, positive into the vehicle.
            given_ws: How much of it flowed out; not below zero.
            soc: State of charge at its end, in percent.
            plugged: Whether a vehicle was at the cable at its end.
        """
        trace = self.traces[station]
        trace.watts.append(round(energy_ws / MINUTE))
        trace.given.append(round(given_ws / MINUTE))
        trace.socs.append(round(soc, 2))
        trace.plugs.append(plugged)

    def departure(self, vehicle: str, t: float, needed: float, soc: float) -> None:
        """Write down that a vehicle left as planned."""
        self.departures.append(
            {
                "vehicle": vehicle,
                "at": iso(t),
                "needed_soc_pct": needed,
                "soc_pct": round(soc, 2),
            }
        )

    def incident(self, t: float, station: str, kind: str, detail: str) -> None:
        """Write down something unusual."""
        self.incidents.append(
            {"at": iso(t), "station": station, "kind": kind, "detail": detail}
        )

    def fault(self, t: float, station: str, kind: str) -> None:
        """Write down that a fault began."""
        self.traces[station].faults.append(kind)
        self.incident(t, station, kind, "began")

    def told(self, participant: str, t: float) -> None:
        """Write down when a participant first saw a notice."""
        driver = self.drivers[participant]
        if driver.told_at is None:
            driver.told_at = t

    def opted_out(self, participant: str, t: float, *, confirmed: bool) -> None:
        """Write down that a participant opted out."""
        driver = self.drivers[participant]
        driver.wanted = True
        if driver.opted_out_at is None:
            driver.opted_out_at = t
        driver.confirmed = driver.confirmed or confirmed

    def confirmed(self, participant: str) -> None:
        """Write down that the system took note of an opt-out."""
        self.drivers[participant].confirmed = True

    def report(self, until: float) -> dict[str, Any]:
        """Return everything that was written down."""
        return {
            "fleet": self.fleet.name,
            "seed": self.fleet.seed,
            "from": iso(self.start),
            "until": iso(until),
            "evses": [_evse(trace) for trace in self.traces.values()],
            "departures": self.departures,
            "drivers": [_driver(name, one) for name, one in self.drivers.items()],
            "incidents": self.incidents,
            "displayed": self.displayed,
        }

    def write(self, path: Path, until: float) -> None:
        """Write the report; the file is complete or the old one is still there."""
        part = path.with_name(path.name + ".part")
        text = json.dumps(self.report(until), separators=(",", ":"))
        part.write_text(text, encoding="utf-8")
        part.replace(path)


def _evse(trace: Trace) -> dict[str, Any]:
    system = trace.system
    rows = zip(trace.watts, trace.socs, trace.plugs, trace.given, strict=True)
    return {
        "station": system.station,
        "evse": 1,
        "site": system.site.id,
        "vehicle": system.vehicle_id,
        "participant": system.participant,
        "battery_kwh": system.vehicle.battery_kwh,
        "min_soc_pct": system.min_soc_pct,
        "max_discharge_kw": min(
            system.persona.max_discharge_w / 1000, system.vehicle.max_discharge_kw
        ),
        "trace": [
            [iso(trace.start + MINUTE * number), *row]
            for number, row in enumerate(rows)
        ],
        "faults": trace.faults,
    }


def _driver(name: str, driver: Driver) -> dict[str, Any]:
    return {
        "participant": name,
        "told_at": None if driver.told_at is None else iso(driver.told_at),
        "opted_out_at": (
            None if driver.opted_out_at is None else iso(driver.opted_out_at)
        ),
        "wanted_to_opt_out": driver.wanted,
        "confirmed": driver.confirmed,
    }
