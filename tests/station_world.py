"""A small registry on a real database, and everyone who receives stations."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from csms.charging.configuration import Sampling
from csms.db.engine import create_engine
from csms.db.work import begin_on
from csms.domain.ids import EvseId, StationId
from csms.domain.station import EDITION_21, Boot, Make, Standing
from csms.services.doorkeeping import Doorkeeper, Passwords
from csms.services.journal import Journal
from csms.services.live import LiveFleet
from csms.services.ports.wire import RefusedByStation, Reply
from csms.services.ports.work import Begin
from csms.services.provisioning import Patience, Provisioner
from csms.services.reception import Reception
from csms.services.registry import Registry
from csms.services.stations import StationBook
from csms.services.vendor_records import shipped
from tests.fakes.clock import ManualClock
from tests.fakes.device_model import FakeModel, variable

STATION = StationId("MA-TEST-01")
EVSE = EvseId(STATION, 1)
PASSWORD = "0123456789abcdef"
MAKE = Make("Example", "x21-scheduled", "sim-1.0", "S-1")
REGISTRY: dict[str, Any] = {
    "version": 1,
    "participants": [
        {
            "id": "home-01",
            "name": "Home 01",
            "email": "home-01@example.org",
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
            "overrides": [{"date": "2026-07-14", "time": "09:00", "soc_pct": 90}],
        }
    ],
    "stations": [
        {
            "id": "MA-TEST-01",
            "site": "home-01",
            "password": PASSWORD,
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
        {"program": "ma-cs-small", "station": "MA-TEST-01", "starts_on": "2026-06-01"}
    ],
}


def a_registry(**changes: Any) -> dict[str, Any]:  # noqa: ANN401
    return {**deepcopy(REGISTRY), **changes}


def a_model() -> FakeModel:
    """Return a station of 2.1 that can be dispatched by setpoints."""
    return FakeModel(
        variable("SmartChargingCtrlr.Enabled", "true", mutability="ReadOnly"),
        variable("SmartChargingCtrlr.RateUnit", "W", mutability="ReadOnly"),
        variable("V2XChargingCtrlr@1.Enabled", "true"),
        variable("V2XChargingCtrlr@1.SupportedOperationModes", "CentralSetpoint"),
        variable("SampledDataCtrlr.TxUpdatedInterval", "0"),
        variable("AlignedDataCtrlr.Interval", "0"),
    )


@dataclass
class FakeRemote:
    """The port ``Triggers``, of a station that may refuse some."""

    refuses: set[str] = field(default_factory=set)
    unknown: set[str] = field(default_factory=set)
    triggered: list[str] = field(default_factory=list)

    async def trigger(
        self, station: StationId, message: str, evse: int | None = None
    ) -> Reply:
        del evse
        self.triggered.append(message)
        if message in self.unknown:
            raise RefusedByStation(station, "NotImplemented")
        accepted = message not in self.refuses
        return Reply(accepted, "Accepted" if accepted else "Rejected")


@dataclass
class Lobby:
    """Everyone who receives stations.

    Attributes:
        model: The device model of the one station there is.
        remote: How it answers triggers.
    """

    begin: Begin
    clock: ManualClock
    book: StationBook
    journal: Journal
    live: LiveFleet
    passwords: Passwords
    doorkeeper: Doorkeeper
    registry: Registry
    model: FakeModel
    remote: FakeRemote
    provisioner: Provisioner
    reception: Reception

    def a_boot(self, make: Make = MAKE, reason: str = "PowerUp") -> Boot:
        return Boot(STATION, make, reason, self.clock.now())

    async def arrive(self, edition: str = EDITION_21) -> None:
        self.reception.connected(STATION, edition, "127.0.0.1")

    async def boot(self, make: Make = MAKE, reason: str = "PowerUp") -> Standing:
        return await self.reception.boot(self.a_boot(make, reason))

    async def settle(self) -> None:
        """Wait until nobody is being provisioned and all is written down."""
        await asyncio.wait_for(self.provisioner.idle(), 10)
        await self.journal.flush()


@asynccontextmanager
async def lobby_on(url: str, patience: Patience | None = None) -> AsyncIterator[Lobby]:
    """Open a lobby on a fresh database, with one registered station."""
    engine = create_engine(url)
    begin = begin_on(engine)
    clock = ManualClock()
    book = StationBook(shipped(), accept_simulated=True)
    journal, live = Journal(clock, begin), LiveFleet(clock)
    passwords = Passwords()
    doorkeeper = Doorkeeper(begin, passwords)
    model, remote = a_model(), FakeRemote()
    provisioner = Provisioner(
        clock,
        begin,
        book,
        model,
        remote,
        sampling=Sampling(),
        patience=patience or Patience(boot_grace_s=0.2, retry_s=0.05, report_s=1.0),
    )
    registry = Registry(clock, begin, book, doorkeeper, passwords)
    reception = Reception(clock, begin, book, journal, live, provisioner)
    await reception.start()
    await doorkeeper.load()
    await registry.import_registry(a_registry(), "test")
    try:
        yield Lobby(
            begin, clock, book, journal, live, passwords, doorkeeper, registry,
            model, remote, provisioner, reception,
        )  # fmt: skip
    finally:
        await provisioner.stop()
        passwords.close()
        await engine.dispose()


async def reopened(lobby: Lobby) -> StationBook:
    """Return the book as a new process would open it."""
    book = StationBook(shipped(), accept_simulated=True)
    await book.load(lobby.begin)
    return book
