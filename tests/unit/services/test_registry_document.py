"""Registry documents: what is read, and how what is wrong is told."""

from copy import deepcopy
from datetime import date, time
from decimal import Decimal
from typing import Any

import pytest

from csms.domain.ids import EvseId, ParticipantId, StationId
from csms.domain.units import Energy, Power
from csms.domain.vehicle import Departure, Override
from csms.services.registry_document import MalformedRegistry, read

DOCUMENT: dict[str, Any] = {
    "version": 1,
    "participants": [
        {
            "id": "home-01",
            "name": "Home 01",
            "email": "home-01@example.org",
            "language": "en",
            "kind": "residential",
        }
    ],
    "sites": [
        {
            "id": "home-01",
            "name": "Home 01",
            "participant": "home-01",
            "utility": "eversource-ma",
            "timezone": "America/New_York",
            "customer_class": "residential",
            "import_cap_kw": 48.0,
            "export_cap_kw": 12.0,
            "export_permission": True,
        }
    ],
    "vehicles": [
        {
            "id": "veh-home-01",
            "participant": "home-01",
            "name": "A car",
            "battery_kwh": 40.0,
            "max_charge_kw": 7.6,
            "max_discharge_kw": 7.6,
            "min_soc_pct": 30,
            "departures": [{"weekday": 0, "time": "07:30", "soc_pct": 80}],
            "overrides": [
                {"date": "2026-07-20", "time": None},
                {"date": "2026-07-14", "time": "09:00", "soc_pct": 90},
            ],
        }
    ],
    "stations": [
        {
            "id": "MA-HOME-01",
            "site": "home-01",
            "password": "0123456789abcdef",
            "evses": [
                {
                    "number": 1,
                    "max_charge_kw": 15.2,
                    "max_discharge_kw": 7.6,
                    "min_discharge_kw": 1.0,
                    "grid_parallel": True,
                    "vehicle": "veh-home-01",
                }
            ],
        }
    ],
    "enrollments": [
        {
            "program": "ma-cs-small",
            "station": "MA-HOME-01",
            "evse": 1,
            "starts_on": "2026-06-01",
            "participant_share": 0.8,
        }
    ],
}


def changed(path: str, value: object) -> dict[str, Any]:
    document = deepcopy(DOCUMENT)
    *steps, last = [int(s) if s.isdigit() else s for s in path.split("/")]
    place: Any = document
    for step in steps:
        place = place[step]
    place[last] = value
    return document


def test_a_document_becomes_domain_values() -> None:
    document = read(DOCUMENT)

    vehicle = document.vehicles[0].value()
    evse = document.stations[0].evses[0].value(StationId("MA-HOME-01"))
    enrollment = document.enrollments[0].value(ParticipantId("home-01"))
    assert document.sites[0].value().export_cap == Power(12_000)
    assert document.participants[0].value().email == "home-01@example.org"
    assert vehicle.battery == Energy.kwh(40)
    assert vehicle.need.departures == (Departure(0, time(7, 30), 80),)
    assert vehicle.need.overrides == (
        Override(date(2026, 7, 14), time(9), 90),
        Override(date(2026, 7, 20), None, 0),
    )
    assert evse.id == EvseId(StationId("MA-HOME-01"), 1)
    assert evse.min_discharge == Power(1000)
    assert enrollment.participant_share == Decimal("0.8")


@pytest.mark.parametrize(
    ("path", "value", "at"),
    [
        ("version", 2, "version"),
        ("participants/0/email", "not an address", "participants[0].email"),
        ("participants/0/name", "a\nb", "participants[0].name"),
        ("participants/0/kind", "alien", "participants[0].kind"),
        ("participants/0/shoe_size", 43, "participants[0].shoe_size"),
        ("sites/0/timezone", "Mars/Olympus", "sites[0].timezone"),
        ("sites/0/timezone", "../etc/passwd", "sites[0].timezone"),
        ("sites/0/import_cap_kw", -1, "sites[0].import_cap_kw"),
        ("vehicles/0/battery_kwh", 0, "vehicles[0].battery_kwh"),
        ("vehicles/0/min_soc_pct", 101, "vehicles[0].min_soc_pct"),
        ("vehicles/0/departures/0/weekday", 7, "vehicles[0].departures[0].weekday"),
        ("vehicles/0/departures/0/time", "25:00", "vehicles[0].departures[0].time"),
        ("vehicles/0/departures/0/time", 7, "vehicles[0].departures[0].time"),
        ("vehicles/0/overrides/0/date", "someday", "vehicles[0].overrides[0].date"),
        ("vehicles/0/overrides/0/date", 5, "vehicles[0].overrides[0].date"),
        ("stations/0/id", "a:b", "stations[0].id"),
        ("stations/0/password", "short", "stations[0].password"),
        ("stations/0/evses", [], "stations[0].evses"),
        ("stations/0/evses/0/number", 0, "stations[0].evses[0].number"),
        ("enrollments/0/participant_share", 2, "enrollments[0].participant_share"),
    ],
)
def test_what_is_wrong_is_told_with_its_place_and_a_remedy(
    path: str, value: object, at: str
) -> None:
    with pytest.raises(MalformedRegistry) as told:
        read(changed(path, value))

    assert [flaw.path for flaw in told.value.flaws] == [at]
    assert told.value.flaws[0].problem
    assert told.value.flaws[0].remedy
    assert told.value.field == at


@pytest.mark.parametrize("document", [None, [], "text", {}])
def test_what_is_no_document_is_told(document: object) -> None:
    with pytest.raises(MalformedRegistry):
        read(document)


@pytest.mark.parametrize(
    "kind", ["participants", "sites", "vehicles", "stations", "enrollments"]
)
def test_nothing_may_be_there_twice(kind: str) -> None:
    with pytest.raises(MalformedRegistry, match="2 times") as told:
        read(changed(kind, DOCUMENT[kind] * 2))

    assert told.value.flaws[0].path == f"{kind}[1]"


def test_an_evse_number_may_not_be_there_twice() -> None:
    evses = DOCUMENT["stations"][0]["evses"] * 2

    with pytest.raises(MalformedRegistry) as told:
        read(changed("stations/0/evses", evses))

    assert told.value.flaws[0].path == "stations[0].evses[1]"


def test_not_more_than_fifty_flaws_are_told() -> None:
    with pytest.raises(MalformedRegistry, match="and 49 more") as told:
        read({"version": 1, "sites": [{}] * 20})

    assert len(told.value.flaws) == 50
