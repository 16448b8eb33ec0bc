"""The registry document: a fleet as an operator would enter it into a system."""

from typing import Any

from simulators.population import Fleet, Site, System

Entry = dict[str, Any]
ENROLLED_FROM = "2026-06-01"


def registry(fleet: Fleet) -> Entry:
    """Return participants, sites, vehicles, stations and enrollments of a fleet."""
    sites = {system.site.id: system.site for system in fleet.systems}
    return {
        "version": 1,
        "participants": [_participant(fleet, site) for site in sites.values()],
        "sites": [_site(fleet, site) for site in sites.values()],
        "vehicles": [_vehicle(system) for system in fleet.systems],
        "stations": [_station(system) for system in fleet.systems],
        "enrollments": [_enrollment(system) for system in fleet.systems],
    }


def _participant(fleet: Fleet, site: Site) -> Entry:
    return {
        "id": site.participant,
        "name": site.participant_name,
        "email": fleet.email(site.participant),
        "language": "en",
        "kind": site.kind,
    }


def _site(fleet: Fleet, site: Site) -> Entry:
    return {
        "id": site.id,
        "name": site.name,
        "participant": site.participant,
        "utility": site.utility,
        "timezone": fleet.zone.key,
        "customer_class": (
            "residential" if site.kind == "residential" else "commercial"
        ),
        "import_cap_kw": site.import_cap_kw,
        "export_cap_kw": site.export_cap_kw,
        "export_permission": site.export_permission,
    }


def _vehicle(system: System) -> Entry:
    return {
        "id": system.vehicle_id,
        "participant": system.participant,
        "name": system.vehicle.name,
        "battery_kwh": system.vehicle.battery_kwh,
        "max_charge_kw": system.vehicle.max_charge_kw,
        "max_discharge_kw": system.vehicle.max_discharge_kw,
        "min_soc_pct": system.min_soc_pct,
        "departures": [
            {"weekday": weekday, "time": trip.leave, "soc_pct": trip.soc_pct}
            for weekday in range(7)
            for trip in system.trips
            if weekday in trip.weekdays
        ],
        "overrides": [
            {"date": date, "time": trip.leave, "soc_pct": trip.soc_pct}
            for date, trip in system.overrides
        ],
    }


def _station(system: System) -> Entry:
    persona = system.persona
    evse = {
        "number": 1,
        "max_charge_kw": persona.max_charge_w / 1000,
        "max_discharge_kw": persona.max_discharge_w / 1000,
        "min_discharge_kw": persona.min_discharge_w / 1000,
        "grid_parallel": not persona.island_only,
        "vehicle": system.vehicle_id,
    }
    return {
        "id": system.station,
        "site": system.site.id,
        "password": system.password,
        "evses": [evse],
    }


def _enrollment(system: System) -> Entry:
    return {
        "program": system.site.program,
        "station": system.station,
        "evse": 1,
        "starts_on": ENROLLED_FROM,
        "participant_share": 1.0,
    }
