"""Plans become profiles, and profiles go away again: the straight way of dispatch."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from csms.domain.event import Stage
from csms.domain.ids import EventId
from csms.domain.interval import Interval
from csms.domain.profile import Kind, OperationMode, Purpose
from csms.domain.units import Power
from csms.services.ports.profiles import IntentState, Urgency
from tests.dispatch_world import EARLY, EVENT, START, WINDOW, Fleet, fleet_on
from tests.fakes.profile_store import slow

pytestmark = pytest.mark.postgres

HALF = START + timedelta(minutes=90)
LATER = EventId("later")


async def test_an_event_is_put_in_place_ahead_of_time_and_seen(database: str) -> None:
    async with fleet_on(database) as fleet:
        evse = await fleet.add("a")
        await fleet.start()
        await fleet.is_echoed(evse)
        kept = await fleet.kept(evse)

        [profile] = fleet.stations.events_at(evse)
        assert fleet.clock.now() < START
        assert fleet.stations.flow(evse) == 0
        assert (profile.purpose, profile.kind) == (Purpose.TX, Kind.ABSOLUTE)
        assert (profile.start, profile.duration) == (
            START,
            WINDOW.duration + timedelta(minutes=15),
        )
        fleet.jump(HALF)
        assert fleet.stations.flow(evse) == -7_000
        fleet.jump(WINDOW.end)
        assert fleet.stations.flow(evse) == 0
        assert kept is not None
        assert kept.state is IntentState.ECHOED
        assert kept.document["until"] == WINDOW.end.isoformat()
        assert await fleet.words(evse) == ["accepted", "echoed"]
        assert fleet.sampled == [(evse.station, True)]


async def test_nothing_goes_out_before_the_lead(database: str) -> None:
    async with fleet_on(database, now=START - timedelta(minutes=26)) as fleet:
        evse = await fleet.add("a")
        await fleet.start()
        await fleet.rest()
        assert fleet.state(evse) is None
        fleet.jump(START - timedelta(minutes=24))
        await fleet.is_echoed(evse)


async def test_at_the_end_the_station_is_back_at_its_floor(database: str) -> None:
    async with fleet_on(database) as fleet:
        evse = await fleet.add("a")
        await fleet.start()
        await fleet.is_echoed(evse)
        fleet.jump(WINDOW.end)
        await fleet.is_released(evse)

        assert fleet.stations.names()[-2:] == ["clear", "held"]
        assert {
            each.purpose for each in fleet.stations.stored[evse.station].values()
        } == {
            Purpose.STATION_MAX,
            Purpose.TX_DEFAULT,
        }
        assert await fleet.words(evse) == ["accepted", "echoed", "taken_back"]
        assert fleet.sampled[-1] == (evse.station, False)


@pytest.mark.parametrize(
    "cause",
    ["opt-out", "released", "priority", "alarm", "floor", "vehicle", "quarantine"],
)
async def test_a_release_makes_safe_first_and_clears_then(
    database: str, cause: str
) -> None:
    async with fleet_on(database) as fleet:
        evse = await fleet.add("a")
        await fleet.start()
        await fleet.is_echoed(evse)
        fleet.jump(HALF)
        assert fleet.stations.flow(evse) == -7_000
        match cause:
            case "opt-out":
                await fleet.opt_out(evse)
            case "released":
                await fleet.release(evse)
            case "priority":
                fleet.live.update(evse, priority_charging=True)
            case "alarm":
                fleet.live.update(evse, der_alarm={"alarms": {"VoltWatt": {}}})
            case "floor":
                fleet.live.update(evse, soc_pct=31.9, soc_at=HALF)
            case "vehicle":
                needs = {"v2xChargingParameters": {"evMinV2XEnergyRequest": 100.0}}
                known = fleet.live.get(evse).ev_needs or {}
                fleet.live.update(evse, ev_needs={**known, **needs})
            case "quarantine":
                fleet.book.quarantine("scheduled")
                fleet.dispatcher.nudge(evse)
            case _:
                raise AssertionError(cause)
        await fleet.is_released(evse)

        sets = [w for n, _, w in fleet.stations.calls if n == "set"]
        safe, urgency = sets[-1]
        assert fleet.stations.names()[-3:] == ["set", "clear", "held"]
        assert urgency is Urgency.CANCEL
        assert safe.id == sets[-2][0].id
        assert not safe.discharges


async def test_a_control_that_runs_is_not_fought(database: str) -> None:
    async with fleet_on(database) as fleet:
        evse = await fleet.add("a")
        await fleet.start()
        await fleet.is_echoed(evse)
        asked = len(fleet.stations.calls)
        fleet.live.update(evse, der_alarm={"controls": {"c1": {}}})
        fleet.live.update(evse, external_limit={"chargingLimit": {}})
        await fleet.rest()

        assert fleet.state(evse) is IntentState.ECHOED
        assert len(fleet.stations.calls) == asked


async def test_after_unplugging_nothing_is_left(database: str) -> None:
    async with fleet_on(database) as fleet:
        evse = await fleet.add("a")
        await fleet.start()
        await fleet.is_echoed(evse)
        fleet.unplug(evse)
        await fleet.is_released(evse)

        assert fleet.stations.names()[-2:] == ["clear", "held"]


async def test_a_new_transaction_is_given_its_own_profile(database: str) -> None:
    """K01.FR.03: a TxProfile belongs to one transaction."""
    async with fleet_on(database) as fleet:
        evse = await fleet.add("a")
        await fleet.start()
        await fleet.is_echoed(evse)
        fleet.unplug(evse)
        await fleet.is_released(evse)
        fleet.plug(evse, tx="another")
        await fleet.is_echoed(evse)

        [profile] = fleet.stations.events_at(evse)
        assert profile.transaction == "another"


async def test_who_was_not_told_is_not_told_to_discharge(database: str) -> None:
    async with fleet_on(database) as fleet:
        evse = await fleet.add("a", told=False)
        await fleet.start()
        await fleet.rest()

        assert fleet.state(evse) is None
        assert fleet.dispatcher.bar(evse) == "not_notified"


@pytest.mark.parametrize("now", [EARLY, HALF])
async def test_an_event_that_is_called_off_leaves_nothing_behind(
    database: str, now: object
) -> None:
    async with fleet_on(database) as fleet:
        evse = await fleet.add("a")
        await fleet.start()
        await fleet.is_echoed(evse)
        if now == HALF:
            fleet.jump(HALF)
            await fleet.set_stage(Stage.ACTIVE)
        await fleet.set_stage(Stage.CANCELLED)
        fleet.dispatcher.nudge_event(EVENT)
        await fleet.is_released(evse)

        assert fleet.stations.names()[-3:] == ["set", "clear", "held"]


async def test_an_event_called_again_is_not_hidden_by_the_one_called_off(
    database: str,
) -> None:
    async with fleet_on(database) as fleet:
        evse = await fleet.add("a")
        await fleet.call(LATER)
        await fleet.want(evse, -5_000, event=LATER)
        await fleet.set_stage(Stage.CANCELLED)
        await fleet.start()
        await fleet.is_echoed(evse)

        order = fleet.dispatcher.order(evse)
        assert order is not None
        assert order.event == LATER


async def test_a_completed_event_is_over_whatever_the_clock_says(database: str) -> None:
    async with fleet_on(database) as fleet:
        evse = await fleet.add("a")
        await fleet.start()
        await fleet.is_echoed(evse)
        await fleet.set_stage(Stage.COMPLETED)
        await fleet.is_released(evse)


async def test_a_member_that_the_plan_drops_is_released(database: str) -> None:
    async with fleet_on(database) as fleet:
        evse = await fleet.add("a")
        await fleet.start()
        await fleet.is_echoed(evse)
        fleet.jump(HALF)
        await fleet.want(evse, None)
        await fleet.is_released(evse)

        assert "set" in fleet.stations.names()[-3:]


async def test_another_power_replaces_under_the_same_id(database: str) -> None:
    async with fleet_on(database) as fleet:
        evse = await fleet.add("a")
        await fleet.start()
        await fleet.is_echoed(evse)
        await fleet.want(evse, -4_000)
        await fleet.until(
            lambda: fleet.stations.events_at(evse)[0].periods[0].setpoint == -4_000
        )
        await fleet.is_echoed(evse)

        assert len(fleet.stations.events_at(evse)) == 1
        assert fleet.stations.names().count("clear") == 0


async def test_the_next_event_follows_the_one_before(database: str) -> None:
    async with fleet_on(database) as fleet:
        evse = await fleet.add("a")
        window = Interval(WINDOW.end, WINDOW.end + timedelta(hours=1))
        await fleet.call(LATER, window)
        await fleet.want(evse, -3_000, event=LATER)
        await fleet.start()
        await fleet.is_echoed(evse)
        fleet.jump(WINDOW.end)
        fleet.live.update(evse, soc_at=WINDOW.end)
        await fleet.until(
            lambda: any(
                each.start == WINDOW.end for each in fleet.stations.events_at(evse)
            )
        )
        fleet.jump(WINDOW.end + timedelta(minutes=5))
        assert fleet.stations.flow(evse) == -3_000


async def test_no_more_is_asked_than_the_vehicle_says_it_gives(database: str) -> None:
    async with fleet_on(database) as fleet:
        evse = await fleet.add("a")
        needs = {
            "requestedEnergyTransfer": "DC_BPT",
            "v2xChargingParameters": {"maxDischargePower": 5_500.0},
        }
        fleet.live.update(evse, ev_needs=needs)
        await fleet.start()
        await fleet.is_echoed(evse)

        assert fleet.stations.events_at(evse)[0].periods[0].setpoint == -5_500


async def test_less_than_the_least_power_is_not_asked_at_all(database: str) -> None:
    async with fleet_on(database) as fleet:
        evse = await fleet.add("a")
        needs = {
            "requestedEnergyTransfer": "DC_BPT",
            "v2xChargingParameters": {"maxDischargePower": 900.0},
        }
        fleet.live.update(evse, ev_needs=needs)
        await fleet.start()
        await fleet.rest()

        assert fleet.state(evse) is None
        assert fleet.dispatcher.bar(evse) == "too_little"


async def test_the_schedule_stops_above_the_floor_without_us(database: str) -> None:
    """Rule 8: 38 % of 60 kWh is 4.4 kWh above floor and guard, less what is lost."""
    async with fleet_on(database) as fleet:
        evse = await fleet.add("a", soc_pct=38.0)
        await fleet.start()
        await fleet.is_echoed(evse)

        [profile] = fleet.stations.events_at(evse)
        given_ws = profile.periods[1].start_s * 7_000
        assert given_ws / 3.6e6 / 0.92 <= 0.06 * 60
        assert given_ws / 3.6e6 / 0.92 > 0.06 * 60 - 0.01


async def test_a_schedule_given_while_still_charging_is_made_longer(
    database: str,
) -> None:
    async with fleet_on(database) as fleet:
        evse = await fleet.add("a", soc_pct=38.0)
        await fleet.start()
        await fleet.is_echoed(evse)
        fleet.jump(START - timedelta(minutes=5))
        fleet.live.update(evse, soc_pct=80.0, soc_at=fleet.clock.now())
        await fleet.until(
            lambda: fleet.stations.events_at(evse)[0].periods[1].start_s == 3 * 3600
        )


async def test_a_battery_that_drains_fast_gets_a_shorter_schedule(
    database: str,
) -> None:
    async with fleet_on(database) as fleet:
        evse = await fleet.add("a", soc_pct=90.0)
        await fleet.start()
        await fleet.is_echoed(evse)
        fleet.jump(HALF)
        fleet.live.update(evse, soc_pct=36.0, soc_at=HALF)
        await fleet.until(
            lambda: fleet.stations.events_at(evse)[0].periods[1].start_s < 2.5 * 3600
        )
        fleet.live.update(evse, soc_pct=35.0, soc_at=HALF)
        changes = len(fleet.stations.calls)
        await fleet.rest()

        assert len(fleet.stations.calls) <= changes + 1, (
            "not before it has had a chance"
        )


async def test_a_stale_state_of_charge_is_no_base_for_more(database: str) -> None:
    """Rule 21."""
    async with fleet_on(database) as fleet:
        evse = await fleet.add("a")
        fleet.live.update(evse, soc_at=EARLY - timedelta(minutes=21))
        await fleet.start()
        await fleet.rest()
        assert fleet.state(evse) is None
        assert fleet.dispatcher.bar(evse) == "soc_unknown"
        fleet.live.update(evse, soc_at=EARLY)
        await fleet.is_echoed(evse)


# -- the cap of a site ---------------------------------------------------------------


async def test_two_events_together_never_exceed_a_site(database: str) -> None:
    async with fleet_on(database) as fleet:
        one = await fleet.add("a", site="yard", export_cap_kw=10)
        await fleet.call(LATER, WINDOW)
        two = await fleet.add("b", site="yard", export_cap_kw=10, event=LATER)
        await fleet.start()
        await fleet.until(lambda: any(fleet.state(e) for e in (one, two)))
        await fleet.rest()
        barred = one if fleet.state(one) is None else two
        assert fleet.dispatcher.bar(barred) == "site_cap"
        fleet.jump(HALF)

        assert fleet.stations.flow(one) + fleet.stations.flow(two) == -7_000


async def test_who_waits_for_room_goes_when_there_is_some(database: str) -> None:
    async with fleet_on(database) as fleet:
        one = await fleet.add("a", site="yard", export_cap_kw=10)
        await fleet.start()
        await fleet.is_echoed(one)
        two = await fleet.add("b", site="yard", export_cap_kw=10)
        await fleet.rest()
        assert fleet.state(two) is None
        await fleet.opt_out(one)
        await fleet.is_released(one)
        await fleet.is_echoed(two)


async def test_a_shift_of_power_at_a_site_lowers_first(database: str) -> None:
    async with fleet_on(database) as fleet:
        one = await fleet.add("a", site="yard", export_cap_kw=10)
        await fleet.want(one, -6_000)
        two = await fleet.add("b", site="yard", export_cap_kw=10)
        await fleet.want(two, -4_000)
        await fleet.start()
        await fleet.is_echoed(one)
        await fleet.is_echoed(two)
        fleet.jump(HALF)
        least = [0.0]

        async def look(*_: object) -> None:
            flow = fleet.stations.flow(one) + fleet.stations.flow(two)
            least.append(flow)

        fleet.stations.after["set"] = look
        await fleet.want(two, -7_000)
        await fleet.rest()
        assert fleet.stations.flow(two) == -4_000, "no room yet, and what it has stays"
        fleet.live.update(two, soc_at=HALF)
        await fleet.want(one, -3_000)
        await fleet.until(lambda: fleet.stations.flow(two) == -7_000)

        assert min(least) >= -10_000


async def test_nobody_takes_the_room_of_one_that_has_not_let_go(database: str) -> None:
    async with fleet_on(database) as fleet:
        one = await fleet.add("a", site="yard", export_cap_kw=10)
        await fleet.want(one, -6_000)
        two = await fleet.add("b", site="yard", export_cap_kw=10)
        await fleet.want(two, -4_000)
        await fleet.start()
        await fleet.is_echoed(one)
        await fleet.is_echoed(two)
        gate = asyncio.Event()
        fleet.stations.before["set"] = slow(gate, [one.station])
        await fleet.want(one, -3_000)
        await fleet.until(lambda: fleet.state(one) is IntentState.SENT)
        await fleet.want(two, -7_000)
        await fleet.rest()
        fleet.jump(HALF)
        assert fleet.stations.flow(one) + fleet.stations.flow(two) == -10_000
        fleet.jump(EARLY)
        gate.set()
        await fleet.until(
            lambda: fleet.stations.events_at(two)[0].periods[0].setpoint == -7_000
        )
        fleet.jump(HALF)

        assert fleet.stations.flow(one) + fleet.stations.flow(two) == -10_000
        assert fleet.stations.flow(two) == -7_000


async def test_news_on_a_stale_state_of_charge_may_lower_but_not_raise(
    database: str,
) -> None:
    async with fleet_on(database) as fleet:
        evse = await fleet.add("a")
        await fleet.want(evse, -5_000)
        await fleet.start()
        await fleet.is_echoed(evse)
        fleet.jump(HALF)
        await fleet.want(evse, -7_000)
        await fleet.rest()
        assert fleet.stations.flow(evse) == -5_000
        assert fleet.state(evse) is IntentState.ECHOED
        await fleet.want(evse, -4_000)
        await fleet.until(lambda: fleet.stations.flow(evse) == -4_000)


async def test_without_permission_a_site_gives_nothing(database: str) -> None:
    async with fleet_on(database) as fleet:
        evse = await fleet.add("a", export_permission=False)
        await fleet.start()
        await fleet.rest()

        assert fleet.state(evse) is None


# -- the clocks of stations ----------------------------------------------------------


def off_by(fleet: Fleet, seconds: float) -> datetime:
    return fleet.clock.now() - timedelta(seconds=seconds)


async def test_a_clock_that_is_a_little_off_gets_nothing_ahead_of_time(
    database: str,
) -> None:
    async with fleet_on(database) as fleet:
        evse = await fleet.add("a")
        await fleet.start()
        await fleet.is_echoed(evse)
        await fleet.opt_out(evse)
        await fleet.is_released(evse)
        late = await fleet.add("b")
        fleet.live.update(late, power=Power(0), power_at=off_by(fleet, 20))
        for _ in range(5):
            fleet.jump(fleet.clock.now() + timedelta(seconds=1))
            fleet.live.update(late, power=Power(0), power_at=off_by(fleet, 20))
        await fleet.rest()
        assert fleet.dispatcher.bar(late) in ("clock", None)
        fleet.jump(START)
        fleet.live.update(late, soc_at=off_by(fleet, 20))
        await fleet.is_echoed(late)


@pytest.mark.parametrize("seconds", [90.0, -90.0])
async def test_a_clock_that_is_far_off_gets_nothing(
    database: str, seconds: float
) -> None:
    async with fleet_on(database, now=HALF) as fleet:
        evse = await fleet.add("a")
        fleet.disconnect(evse)
        await fleet.start()
        fleet.connect(evse)
        fleet.live.update(evse, power=Power(0), power_at=off_by(fleet, seconds))
        await fleet.until(lambda: fleet.dispatcher.bar(evse) == "clock")
        await fleet.rest()
        assert fleet.state(evse) is None
        fleet.jump(HALF + timedelta(seconds=1))
        fleet.disconnect(evse)
        fleet.connect(evse)
        fleet.live.update(evse, power=Power(0), power_at=off_by(fleet, 0.5))
        await fleet.is_echoed(evse)


async def test_the_mode_of_a_setpoint_is_central(database: str) -> None:
    """Q03.FR.01."""
    async with fleet_on(database) as fleet:
        evse = await fleet.add("a")
        await fleet.start()
        await fleet.is_echoed(evse)

        [profile] = fleet.stations.events_at(evse)
        assert profile.periods[0].mode is OperationMode.CENTRAL_SETPOINT
        assert replace(profile.periods[0], start_s=0).limit is None
