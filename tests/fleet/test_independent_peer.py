"""A node against stations that were written by others: the `ocpp` library's own.

The library holds each frame in both directions against the official schemas, so what
we send is judged by somebody else.
"""

from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.fleet.account import Window
from tests.fleet.peers import Peer, connected
from tests.fleet.world import Desk, Script, fresh_database, in_real_time, serving

pytestmark = [pytest.mark.fleet, pytest.mark.timeout(120)]

Json = dict[str, Any]

OPENS = datetime(2026, 7, 14, 19, 30, tzinfo=UTC)
WINDOW = Window(
    datetime(2026, 7, 14, 20, 55, tzinfo=UTC), datetime(2026, 7, 14, 21, 35, tzinfo=UTC)
)
PASSWORD = "correct-horse-battery"
CAP_KW = 10.0
MAKES = {
    "ocpp2.1": {
        "vendor_name": "Example",
        "model": "x21-scheduled",
        "firmware_version": "sim-1.0",
        "serial_number": "P-21",
    },
    "ocpp2.0.1": {
        "vendor_name": "Example",
        "model": "x201-neg-w",
        "firmware_version": "sim-1.0",
        "serial_number": "P-201",
    },
}


@dataclass(frozen=True, slots=True)
class Seen:
    """What a peer and the system have to say in the end.

    Attributes:
        peer: The station.
        exported_kwh: What it gave back by its own meter until the window's end.
        standing: The system's view of it.
        member: The system's view of its part in the event.
        live: The event in figures.
    """

    peer: Peer
    exported_kwh: float
    standing: Json
    member: Json
    live: Json


@pytest.fixture(scope="module")
def seen(postgres_url: str, migrated_template: str) -> Iterator[dict[str, Seen]]:
    with fresh_database(postgres_url, migrated_template) as database:
        yield in_real_time(_play(database))


async def _play(database: str) -> dict[str, Seen]:
    script = Script("peers", OPENS, rate=300.0)
    async with serving(database, script) as served, AsyncExitStack() as stack:
        desk = Desk(served.api)
        await desk.post("registry", _registry())
        peers = {
            edition: await stack.enter_async_context(
                connected(served.ocpp, PASSWORD, edition, make, served.clock)
            )
            for edition, make in MAKES.items()
        }
        await desk.known()
        event = await desk.call("ma-cs-small", WINDOW, test=True)
        await served.clock.sleep_until(WINDOW.end + timedelta(minutes=15))
        live = await desk.get(f"events/{event}/live")
        members = await desk.items(f"events/{event}/members")
        return {
            edition: Seen(
                peer,
                peer.export_ws / 3_600_000,
                await desk.get(f"stations/{MAKES[edition]['serial_number']}"),
                next(
                    each
                    for each in members
                    if each["station"] == MAKES[edition]["serial_number"]
                ),
                live,
            )
            for edition, peer in peers.items()
        }


def _registry() -> Json:
    names = [make["serial_number"] for make in MAKES.values()]
    return {
        "version": 1,
        "participants": [
            {
                "id": name,
                "name": name,
                "email": f"{name}@example.org",
                "language": "en",
                "kind": "residential",
            }
            for name in names
        ],
        "sites": [
            {
                "id": name,
                "name": name,
                "participant": name,
                "utility": "eversource-ma",
                "timezone": "America/New_York",
                "customer_class": "residential",
                "import_cap_kw": 24.0,
                "export_cap_kw": CAP_KW,
                "export_permission": True,
            }
            for name in names
        ],
        "vehicles": [
            {
                "id": f"veh-{name}",
                "participant": name,
                "name": "A vehicle",
                "battery_kwh": 60.0,
                "max_charge_kw": 11.0,
                "max_discharge_kw": 11.0,
                "min_soc_pct": 20,
                "departures": [{"weekday": 2, "time": "09:00", "soc_pct": 70}],
                "overrides": [],
            }
            for name in names
        ],
        "stations": [
            {
                "id": name,
                "site": name,
                "password": PASSWORD,
                "evses": [
                    {
                        "number": 1,
                        "max_charge_kw": 11.0,
                        "max_discharge_kw": 11.0,
                        "min_discharge_kw": 0.5,
                        "grid_parallel": True,
                        "vehicle": f"veh-{name}",
                    }
                ],
            }
            for name in names
        ],
        "enrollments": [
            {
                "program": "ma-cs-small",
                "station": name,
                "evse": 1,
                "starts_on": "2026-06-01",
                "participant_share": 1.0,
            }
            for name in names
        ],
    }


def _event_profiles(peer: Peer) -> list[Json]:
    """Return the event profiles it was sent, without the ones that take them back."""
    return [
        profile
        for profile in peer.asked("SetChargingProfile")
        if profile["charging_profile_purpose"] == "TxProfile"
        and _asked_for(_first(profile)) < 0
    ]


def _asked_for(period: Json) -> float:
    watts: float = period["setpoint"] if "setpoint" in period else period["limit"]
    return watts


def _first(profile: Json) -> Json:
    period: Json = profile["charging_schedule"][0]["charging_schedule_period"][0]
    return period


@pytest.mark.parametrize("edition", MAKES)
class TestPeer:
    def test_it_boots_and_is_provisioned(
        self, seen: dict[str, Seen], edition: str
    ) -> None:
        one = seen[edition]
        written = {
            (each["component"]["name"], each["variable"]["name"])
            for asked in one.peer.asked("SetVariables")
            for each in asked["data"]
        }

        assert one.standing["edition"] == edition
        assert one.standing["provisioned"]
        assert one.peer.asked("GetBaseReport")
        assert ("AlignedDataCtrlr", "Interval") in written
        assert ("SampledDataCtrlr", "TxUpdatedMeasurands") in written

    def test_its_floors_are_there_before_the_event_profile(
        self, seen: dict[str, Seen], edition: str
    ) -> None:
        purposes = [
            profile["charging_profile_purpose"]
            for profile in seen[edition].peer.asked("SetChargingProfile")
        ]

        floors = {"ChargingStationMaxProfile", "TxDefaultProfile"}
        assert floors <= set(purposes[: purposes.index("TxProfile")])

    def test_it_is_sent_a_finite_absolute_profile_of_its_transaction(
        self, seen: dict[str, Seen], edition: str
    ) -> None:
        peer = seen[edition].peer
        profiles = _event_profiles(peer)

        assert profiles
        for profile in profiles:
            schedule = profile["charging_schedule"][0]
            assert profile["charging_profile_kind"] == "Absolute"
            assert profile["transaction_id"] == peer.transaction
            assert schedule["start_schedule"].endswith("Z")
            assert schedule["duration"] > 0
            assert schedule["charging_rate_unit"] == "W"

    def test_it_discharges_in_the_window_and_not_after_it(
        self, seen: dict[str, Seen], edition: str
    ) -> None:
        one = seen[edition]

        assert one.exported_kwh == pytest.approx(CAP_KW * WINDOW.hours, rel=0.1)
        assert one.peer.watts >= 0
        assert {each["state"] for each in one.member["states"]} >= {
            "accepted",
            "echoed",
            "obeyed",
            "taken_back",
        }

    def test_it_holds_nothing_but_its_floors_in_the_end(
        self, seen: dict[str, Seen], edition: str
    ) -> None:
        peer = seen[edition].peer
        purposes = {p["charging_profile_purpose"] for p in peer.profiles.values()}

        assert peer.asked("ClearChargingProfile")
        assert purposes == {"ChargingStationMaxProfile", "TxDefaultProfile"}


def test_2_1_is_told_by_a_setpoint_and_no_limit_beside_it(
    seen: dict[str, Seen],
) -> None:
    """Q03.FR.02: a period of CentralSetpoint carries a setpoint and no limit."""
    for profile in _event_profiles(seen["ocpp2.1"].peer):
        period = _first(profile)
        assert period["operation_mode"] == "CentralSetpoint"
        assert period["setpoint"] == pytest.approx(-CAP_KW * 1000, rel=0.01)
        assert "limit" not in period


def test_2_0_1_is_told_by_a_negative_limit_and_nothing_it_does_not_know(
    seen: dict[str, Seen],
) -> None:
    for profile in _event_profiles(seen["ocpp2.0.1"].peer):
        period = _first(profile)
        assert period["limit"] == pytest.approx(-CAP_KW * 1000, rel=0.01)
        assert set(period) <= {"start_period", "limit", "number_phases"}


def test_the_system_counts_what_both_gave(seen: dict[str, Seen]) -> None:
    given = sum(one.exported_kwh for one in seen.values())
    live = seen["ocpp2.1"].live

    assert live["delivered_kwh"] == pytest.approx(given, rel=0.03)
