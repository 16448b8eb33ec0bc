"""Two thousand EVSEs under dispatch: one look at all of them costs little."""

import time
from datetime import timedelta
from typing import Any

import pytest

from csms.db import tables
from csms.domain.ids import EvseId, SiteId, StationId
from csms.domain.station import EDITION_21
from csms.services.ports.profiles import IntentState
from tests.dispatch_world import EVENT, START, WINDOW, Fleet, fleet_on

pytestmark = pytest.mark.postgres

MANY = 2_000
LOOKS = 5
EACH_S = 0.005
"""What bringing about one profile may take of a processor, in seconds."""

CPU_S = 0.1
"""What one look at everyone may take of a processor, in seconds."""


async def populate(fleet: Fleet) -> list[EvseId]:
    """Add many households at once, all planned and told."""
    names = [f"S{each:04}" for each in range(MANY)]
    told = START - timedelta(hours=20)
    rows: dict[str, list[dict[str, Any]]] = {
        "participant": [
            {
                "id": n,
                "name": n,
                "email": "a@b",
                "language": "en",
                "kind": "residential",
            }
            for n in names
        ],
        "site": [
            {
                "id": n,
                "participant_id": n,
                "name": n,
                "utility": "eversource-ma",
                "timezone": "America/New_York",
                "customer_class": "residential",
                "import_cap_w": 48_000,
                "export_cap_w": 12_000,
                "export_permission": True,
            }
            for n in names
        ],
        "vehicle": [
            {
                "id": n,
                "participant_id": n,
                "name": n,
                "battery_ws": 60 * 3_600_000,
                "max_charge_w": 7_000,
                "max_discharge_w": 7_000,
                "min_soc_pct": 30.0,
                "departures": [],
                "overrides": [],
            }
            for n in names
        ],
        "station": [
            {
                "id": n,
                "site_id": n,
                "password_hash": "none",
                "standing": "accepted",
                "capabilities": {},
                "shortcomings": [],
                "connected": True,
            }
            for n in names
        ],
        "evse": [
            {
                "station_id": n,
                "number": 1,
                "vehicle_id": n,
                "max_charge_w": 11_000,
                "max_discharge_w": 7_000,
                "min_discharge_w": 1_000,
                "grid_parallel": True,
            }
            for n in names
        ],
        "event_member": [
            {
                "event_id": EVENT,
                "station_id": n,
                "evse": 1,
                "participant_id": n,
                "site_id": n,
                "exclusions": [],
                "states": [],
            }
            for n in names
        ],
        "notice": [
            {
                "id": n,
                "event_id": EVENT,
                "participant_id": n,
                "kind": "called",
                "channel": "email",
                "revision": 1,
                "address": "a@b",
                "subject": "s",
                "text": "t",
                "html": "h",
                "created_at": told,
                "attempts": 1,
                "sent_at": told,
            }
            for n in names
        ],
        "plan": [
            {
                "event_id": EVENT,
                "revision": 1,
                "made_at": told,
                "because": "test",
                "document": {
                    "entries": {
                        f"{n}/1": {
                            "setpoint": {
                                "start": WINDOW.start.isoformat(),
                                "end": WINDOW.end.isoformat(),
                                "w": -7_000,
                                "reason": "program",
                            },
                            "floor": 30.0,
                        }
                        for n in names
                    }
                },
            }
        ],
    }
    async with fleet.engine.begin() as connection:
        for name, values in rows.items():
            await connection.execute(getattr(tables, name).insert(), values)
    for name in names:
        fleet.know(StationId(name), SiteId(name), "scheduled", EDITION_21)
    async with fleet.look() as work:
        fleet.book.put_evses(await work.fleet.evses())
    await fleet.world.premises.refresh()
    evses = [EvseId(StationId(name), 1) for name in names]
    for evse in evses:
        fleet.plug(evse)
        fleet.connect(evse)
    return evses


async def test_one_look_at_two_thousand_costs_little(database: str) -> None:
    async with fleet_on(database) as fleet:
        evses = await populate(fleet)
        await fleet.start()
        began = time.process_time()
        await fleet.until(
            lambda: all(fleet.state(each) is IntentState.ECHOED for each in evses),
            within_s=120.0,
        )
        brought_about = time.process_time() - began
        await fleet.stop()
        looks = []
        for _ in range(LOOKS):
            fleet.dispatcher._looked_at = 0.0  # noqa: SLF001 it is due again
            began = time.process_time()
            await fleet.dispatcher._look()  # noqa: SLF001 it is what is measured
            looks.append(time.process_time() - began)

        assert len(fleet.stations.names()) == 2 * MANY
        assert min(looks) < CPU_S, f"one look took {min(looks) * 1000:.0f} ms"
        assert brought_about < MANY * EACH_S, f"all took {brought_about:.1f} s"
