"""What a restart took from a transaction is given again, in the order of safety."""

from dataclasses import dataclass, field, replace

import pytest

from csms.charging.capability import Capability, to_document
from csms.domain.ids import EvseId, TransactionId
from csms.domain.profile import Kind, Period, Profile, Purpose, RateUnit
from csms.services.conducting import Conductor
from csms.services.dispatch import Dispatcher
from csms.services.floors import Floors
from csms.services.ledger import Ledger
from csms.services.permitting import DischargeGate
from csms.services.ports.wire import Discharge, Means
from csms.services.resuming import Resuming
from tests.dispatch_world import START, Fleet, fleet_on
from tests.fakes.profile_store import FakeStations

pytestmark = pytest.mark.postgres


@dataclass
class Judged(FakeStations):
    """Stations whose profiles are judged as the wire does it: by their sign."""

    def judge(self, profile: Profile) -> Discharge | None:
        if not profile.discharges:
            return None
        means = frozenset({Means.SETPOINT})
        return Discharge(profile.evse.number, means, finite=True)


@dataclass
class Resumption:
    """A fleet of one EVSE, and what gives profiles back to it."""

    fleet: Fleet
    evse: EvseId
    ledger: Ledger
    resuming: Resuming
    given: list[Profile] = field(default_factory=list)

    @property
    def transaction(self) -> TransactionId:
        return TransactionId(f"tx-{self.evse.station}-{self.evse.number}")

    def hold(self, number: int, setpoint: float | None = None) -> Profile:
        """Let the station have been given a profile of this transaction."""
        period = (
            Period(0, limit=4000.0)
            if setpoint is None
            else Period(0, setpoint=setpoint)
        )
        profile = Profile(
            id=number,
            evse=self.evse,
            purpose=Purpose.TX,
            kind=Kind.ABSOLUTE,
            stack_level=1,
            unit=RateUnit.WATTS,
            start=START,
            transaction=self.transaction,
            periods=(period,),
        )
        self.ledger.accepted(profile)
        return profile

    async def restart(self) -> list[Profile]:
        """Let the EVSE forget everything and resume; return what it is given then."""
        self.fleet.stations.stored[self.evse.station].clear()
        before = len(self.fleet.stations.calls)
        self.resuming.resumed(self.evse, self.transaction)
        await self.resuming.errands.idle()
        await self.fleet.rest(0.3)
        calls = self.fleet.stations.calls[before:]
        return [what[0] for name, _, what in calls if name == "set"]


async def on(fleet: Fleet, *, told: bool = True) -> Resumption:
    stations = Judged(fleet.clock.now)
    fleet.stations = stations
    floors = Floors(fleet.world, stations)

    async def sample(*_: object) -> None:
        return None

    conductor = Conductor(fleet.world, stations, sample)
    fleet.dispatcher = Dispatcher(fleet.world, floors, conductor, fleet.policy)
    evse = await fleet.add("a", told=told)
    ledger = Ledger(fleet.clock, fleet.begin, fleet.live)
    gate = DischargeGate(fleet.clock, fleet.begin, fleet.book)
    resuming = Resuming(
        fleet.world, ledger, stations, gate, floors, conductor, fleet.dispatcher
    )
    await fleet.start()
    return Resumption(fleet, evse, ledger, resuming)


async def test_the_floor_comes_first_and_the_event_last(database: str) -> None:
    """B13.FR.31, E17.FR.15: charging profiles between them."""
    async with fleet_on(database) as fleet:
        there = await on(fleet)
        await fleet.is_echoed(there.evse)
        limit = there.hold(700)

        given = await there.restart()

        await fleet.is_echoed(there.evse)
        purposes = [each.purpose for each in given]
        assert purposes[:2] == [Purpose.STATION_MAX, Purpose.TX_DEFAULT]
        assert given[2] == limit
        assert [each.discharges for each in given] == [False, False, False, True]


async def test_an_event_that_somebody_left_is_not_given_again(database: str) -> None:
    async with fleet_on(database) as fleet:
        there = await on(fleet)
        await fleet.is_echoed(there.evse)
        await fleet.opt_out(there.evse)
        await fleet.is_released(there.evse)

        given = await there.restart()

        assert not any(each.discharges for each in given)


async def test_nothing_that_discharges_comes_back_past_the_gate(database: str) -> None:
    """What may not discharge any more is cleared, in case it is still there."""
    async with fleet_on(database) as fleet:
        there = await on(fleet, told=False)
        await fleet.rest()
        there.hold(700, setpoint=-5000.0)

        given = await there.restart()

        assert not any(each.discharges for each in given)
        clears = [what[0] for name, _, what in fleet.stations.calls if name == "clear"]
        assert 700 in clears
        assert there.ledger.find(there.evse.station, 700) is None


async def test_nothing_discharges_on_a_station_without_its_floor(database: str) -> None:
    async with fleet_on(database) as fleet:
        there = await on(fleet)
        await fleet.is_echoed(there.evse)
        there.hold(700, setpoint=-5000.0)
        there.fleet.stations.before["held"] = _times_out

        given = await there.restart()

        assert not any(each.discharges for each in given)


async def test_a_station_that_keeps_them_is_only_asked(database: str) -> None:
    """SmartChargingCtrlr.ChargingProfilePersistence[TxProfile] = true."""
    async with fleet_on(database) as fleet:
        there = await on(fleet)
        await fleet.is_echoed(there.evse)
        there.hold(700)
        able = fleet.book.capability(there.evse.station)
        _let_be(fleet, there.evse, replace(able, persistent=frozenset({"TxProfile"})))

        before = len(fleet.stations.calls)
        there.resuming.resumed(there.evse, there.transaction)
        await there.resuming.errands.idle()
        await fleet.rest(0.3)

        names = [name for name, *_ in fleet.stations.calls[before:]]
        assert "set" not in names
        assert names.count("held") == 2


async def test_what_has_ended_meanwhile_is_not_given_again(database: str) -> None:
    async with fleet_on(database) as fleet:
        there = await on(fleet, told=False)
        await fleet.rest()
        there.hold(700)
        there.resuming.resumed(there.evse, there.transaction)
        fleet.unplug(there.evse)
        await there.resuming.errands.idle()

        given = [what[0] for name, _, what in fleet.stations.calls if name == "set"]
        assert all(each.purpose is not Purpose.TX for each in given)


async def _times_out(*_: object) -> None:
    raise TimeoutError


def _let_be(fleet: Fleet, evse: EvseId, able: Capability) -> None:
    known = fleet.book.station(evse.station)
    assert known is not None
    fleet.book.put_station(replace(known, capabilities=to_document(able)))
