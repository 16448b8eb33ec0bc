"""Dispatch to stations that refuse, fall silent, lie or forget."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from csms.domain.profile import Kind, Profile
from csms.services.ports.profiles import IntentState, Verdict
from csms.services.ports.wire import Silence
from tests.dispatch_world import EARLY, START, Fleet, fleet_on
from tests.fakes.profile_store import Hook, broken, rejected, silent, slow

pytestmark = pytest.mark.postgres

HALF = START + timedelta(minutes=90)


def event_sets(fleet: Fleet) -> list[Profile]:
    found = [what[0] for name, _, what in fleet.stations.calls if name == "set"]
    return [each for each in found if each.discharges]


def refuse_events(profile: Profile) -> Verdict | None:
    return rejected("TxNotFound") if profile.discharges else None


# -- refusals ------------------------------------------------------------------------


async def test_a_refused_profile_is_offered_a_few_times_and_then_left(
    database: str,
) -> None:
    async with fleet_on(database) as fleet:
        evse = await fleet.add("a")
        fleet.stations.verdict["set"] = refuse_events
        await fleet.start()
        await fleet.until(lambda: len(event_sets(fleet)) == 3)
        await fleet.rest(0.4)

        assert len(event_sets(fleet)) == 3
        assert fleet.state(evse) is IntentState.REJECTED
        assert fleet.dispatcher.bar(evse) == "refused"
        assert await fleet.words(evse) == ["station_refused"]


async def test_a_refusal_is_forgiven_when_something_changes(database: str) -> None:
    """Rule 19: a profile that came before the needs is sent again after them."""
    async with fleet_on(database) as fleet:
        evse = await fleet.add("a")
        fleet.stations.verdict["set"] = refuse_events
        await fleet.start()
        await fleet.until(lambda: len(event_sets(fleet)) == 3)
        del fleet.stations.verdict["set"]
        await fleet.rest()
        needs = {"requestedEnergyTransfer": "DC_BPT", "departureTime": "later"}
        fleet.live.update(evse, ev_needs=needs)
        await fleet.is_echoed(evse)


async def test_a_refused_replacement_leaves_the_former_and_then_takes_it_back(
    database: str,
) -> None:
    async with fleet_on(database) as fleet:
        evse = await fleet.add("a")
        await fleet.start()
        await fleet.is_echoed(evse)

        def refuse(profile: Profile) -> Verdict | None:
            less = profile.periods[0].setpoint == -4_000
            return rejected("RateLimitExceeded") if less else None

        fleet.stations.verdict["set"] = refuse
        await fleet.want(evse, -4_000)
        await fleet.is_released(evse)

        assert len(event_sets(fleet)) == 4


async def test_a_refused_replacement_does_not_hide_what_is_there_from_an_opt_out(
    database: str,
) -> None:
    async with fleet_on(database) as fleet:
        evse = await fleet.add("a")
        await fleet.start()
        await fleet.is_echoed(evse)
        fleet.jump(HALF)
        fleet.live.update(evse, soc_at=HALF)
        gate = asyncio.Event()

        async def wait(_: object, what: object) -> None:
            assert isinstance(what, tuple)
            if what[0].periods[0].setpoint == -4_000:
                gate.set()

        fleet.stations.before["set"] = wait
        fleet.stations.verdict["set"] = lambda profile: (
            rejected() if profile.periods[0].setpoint == -4_000 else None
        )
        await fleet.want(evse, -4_000)
        await gate.wait()
        await fleet.opt_out(evse)
        await fleet.is_released(evse)


async def test_too_many_updates_are_not_sent_to_a_make_that_wants_few(
    database: str,
) -> None:
    async with fleet_on(database) as fleet:
        evse = await fleet.add("a", "slow")
        await fleet.start()
        await fleet.is_echoed(evse)
        await fleet.want(evse, -4_000)
        await fleet.rest()
        assert len(event_sets(fleet)) == 1
        fleet.jump(EARLY + timedelta(minutes=5))
        await fleet.until(lambda: len(event_sets(fleet)) == 2)


@pytest.mark.parametrize("step", ["set", "clear"])
async def test_an_error_on_the_way_back_does_not_leave_a_discharge(
    database: str, step: str
) -> None:
    async with fleet_on(database) as fleet:
        evse = await fleet.add("a")
        await fleet.start()
        await fleet.is_echoed(evse)
        fleet.jump(HALF)
        fleet.stations.before[step] = broken()
        await fleet.opt_out(evse)
        await fleet.until(lambda: fleet.state(evse) is IntentState.RELEASED)

        assert fleet.stations.flow(evse) == 0


async def test_an_unreadable_answer_is_looked_into(database: str) -> None:
    """It may hold the profile all the same (rule 17)."""
    async with fleet_on(database) as fleet:
        evse = await fleet.add("a")
        event_only = broken(1, "FormatViolation")

        async def odd(station: object, profile: Profile) -> None:
            if profile.discharges:
                await event_only(evse.station, station)

        fleet.stations.after["set"] = odd
        await fleet.start()
        await fleet.is_echoed(evse)

        assert len(event_sets(fleet)) == 1
        assert fleet.stations.names()[:2] == ["set", "held"]


# -- silence -------------------------------------------------------------------------


async def test_an_unanswered_profile_is_unknown_and_then_read_back(
    database: str,
) -> None:
    async with fleet_on(database) as fleet:
        evse = await fleet.add("a")
        once = silent(times=1)

        async def lose(station: object, profile: Profile) -> None:
            if profile.discharges:
                await once(evse.station, station)

        fleet.stations.after["set"] = lose
        fleet.stations.before["held"] = _held_later(fleet)
        await fleet.start()
        await fleet.until(lambda: fleet.state(evse) is IntentState.UNKNOWN)
        kept = await fleet.kept(evse)
        assert kept is not None
        assert kept.state is IntentState.UNKNOWN
        del fleet.stations.before["held"]
        await fleet.is_echoed(evse)

        assert len(event_sets(fleet)) == 1


def _held_later(fleet: Fleet) -> Hook:
    async def hook(station: object, what: object) -> None:
        if isinstance(what, tuple) and len(what) == 1:
            await silent()(next(iter(fleet.stations.stored)), station)

    return hook


async def test_an_unanswered_profile_that_is_not_wanted_any_more_is_taken_back(
    database: str,
) -> None:
    async with fleet_on(database) as fleet:
        evse = await fleet.add("a")
        await fleet.start()
        await fleet.until(lambda: fleet.dispatcher._floors.confirmed(evse.station))  # noqa: SLF001
        fleet.stations.after["set"] = silent(times=1)
        await fleet.until(lambda: fleet.state(evse) is not None)
        await fleet.opt_out(evse)
        await fleet.is_released(evse)


@pytest.mark.parametrize("method", ["set", "clear", "held"])
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("kind", [Silence.UNREACHABLE, Silence.UNANSWERED])
async def test_a_release_is_repeated_until_it_is_proven(
    database: str, method: str, when: str, kind: Silence
) -> None:
    async with fleet_on(database) as fleet:
        evse = await fleet.add("a")
        await fleet.start()
        await fleet.is_echoed(evse)
        fleet.jump(HALF)
        getattr(fleet.stations, when)[method] = silent(kind, times=2)
        await fleet.opt_out(evse)
        await fleet.is_released(evse)


async def test_a_station_that_reports_nothing_is_not_left_alone_with_it(
    database: str,
) -> None:
    """What cannot be confirmed is taken back (rule 15)."""
    async with fleet_on(database) as fleet:
        evse = await fleet.add("a")
        await fleet.start()
        await fleet.until(lambda: fleet.dispatcher._floors.confirmed(evse.station))  # noqa: SLF001

        async def never(_: object, what: object) -> None:
            if isinstance(what, tuple) and len(what) == 1:
                raise TimeoutError

        fleet.stations.before["held"] = never
        await fleet.until(lambda: "clear" in fleet.stations.names())

        assert fleet.stations.flow(evse) == 0
        assert fleet.state(evse) is not IntentState.RELEASED, "nobody has seen it"


async def test_a_slow_station_makes_way_for_an_opt_out(database: str) -> None:
    async with fleet_on(database) as fleet:
        evse = await fleet.add("a")
        await fleet.start()
        await fleet.until(lambda: fleet.dispatcher._floors.confirmed(evse.station))  # noqa: SLF001
        gate = asyncio.Event()

        async def hold(_: object, what: object) -> None:
            if (
                isinstance(what, tuple)
                and len(what) == 1
                and len(event_sets(fleet)) == 1
            ):
                fleet.stations.before.pop("held")
                await gate.wait()

        fleet.stations.before["held"] = hold
        await fleet.until(lambda: fleet.state(evse) is IntentState.ACCEPTED)
        await fleet.opt_out(evse)
        await fleet.is_released(evse)

        assert not gate.is_set()


async def test_a_call_that_waits_is_withdrawn_by_an_opt_out(database: str) -> None:
    async with fleet_on(database) as fleet:
        evse = await fleet.add("a")
        await fleet.start()
        await fleet.until(lambda: fleet.dispatcher._floors.confirmed(evse.station))  # noqa: SLF001
        await fleet.until(lambda: fleet.state(evse) is IntentState.ECHOED)
        gate = asyncio.Event()

        async def hold(_: object, what: object) -> None:
            assert isinstance(what, tuple)
            if what[0].discharges:
                await gate.wait()

        fleet.stations.before["set"] = hold
        await fleet.want(evse, -4_000)
        await fleet.until(lambda: fleet.state(evse) is IntentState.SENT)
        await fleet.opt_out(evse)
        await fleet.is_released(evse)
        gate.set()
        await fleet.rest()

        assert fleet.stations.events_at(evse) == []


async def test_one_bad_station_never_stops_the_others(database: str) -> None:
    async with fleet_on(database) as fleet:
        bad = await fleet.add("bad")
        good = [await fleet.add(f"good{each}") for each in range(4)]
        gate = asyncio.Event()
        fleet.stations.before["held"] = slow(gate, [bad.station])
        fleet.stations.before["set"] = slow(gate, [bad.station])
        await fleet.start()
        for evse in good:
            await fleet.is_echoed(evse)
        await fleet.opt_out(good[0])
        await fleet.is_released(good[0])

        assert fleet.state(bad) is None
        gate.set()


async def test_a_bug_about_one_evse_never_stops_the_others(database: str) -> None:
    async with fleet_on(database) as fleet:
        odd = await fleet.add("odd")
        good = await fleet.add("good")
        fleet.live.update(
            odd,
            ev_needs={
                "requestedEnergyTransfer": "DC_BPT",
                "v2xChargingParameters": "nonsense",
            },
        )
        await fleet.start()
        await fleet.is_echoed(good)

        assert fleet.state(odd) is None


# -- lies and forgetfulness ----------------------------------------------------------


async def test_what_is_accepted_and_not_held_is_a_refusal_in_the_end(
    database: str,
) -> None:
    async with fleet_on(database) as fleet:
        evse = await fleet.add("a")
        fleet.stations.forgets = True
        await fleet.start()
        await fleet.until(lambda: len(event_sets(fleet)) == 3)
        await fleet.rest(0.4)

        assert len(event_sets(fleet)) == 3
        assert fleet.state(evse) is IntentState.REJECTED


@pytest.mark.parametrize(
    "lie",
    [
        pytest.param(lambda p: replace(p, duration=None, valid_to=None), id="endless"),
        pytest.param(lambda p: replace(p, duration=p.duration * 2), id="longer"),
        pytest.param(
            lambda p: replace(
                p, periods=(replace(p.periods[0], setpoint=-70_000.0), *p.periods[1:])
            ),
            id="more",
        ),
        pytest.param(
            lambda p: replace(
                p, periods=(replace(p.periods[0], setpoint=7_000.0), *p.periods[1:])
            ),
            id="other sign",
        ),
        pytest.param(lambda p: replace(p, periods=p.periods[:1]), id="no end"),
        pytest.param(
            lambda p: replace(
                p, periods=(p.periods[0], replace(p.periods[1], start_s=20_000))
            ),
            id="later end",
        ),
        pytest.param(
            lambda p: replace(p, start=p.start + timedelta(hours=1)), id="later start"
        ),
        pytest.param(lambda p: replace(p, kind=Kind.RECURRING), id="every day"),
        pytest.param(lambda p: replace(p, transaction="another"), id="transaction"),
    ],
)
async def test_what_is_echoed_otherwise_is_cleared(database: str, lie: object) -> None:
    async with fleet_on(database) as fleet:
        evse = await fleet.add("a")

        def echo(profile: Profile) -> Profile:
            assert callable(lie)
            said: Profile = lie(profile) if profile.discharges else profile
            return said

        fleet.stations.echo = echo
        await fleet.start()
        await fleet.until(lambda: len(event_sets(fleet)) == 3)
        await fleet.until(lambda: fleet.state(evse) is IntentState.REJECTED)
        await fleet.rest()

        assert fleet.stations.events_at(evse) == []
        assert len(event_sets(fleet)) == 3


async def test_blurred_floats_are_no_lie(database: str) -> None:
    async with fleet_on(database) as fleet:
        evse = await fleet.add("a")

        def echo(profile: Profile) -> Profile:
            if not profile.discharges:
                return profile
            first = replace(profile.periods[0], setpoint=-6_999.6)
            return replace(profile, periods=(first, *profile.periods[1:]))

        fleet.stations.echo = echo
        await fleet.start()
        await fleet.is_echoed(evse)


async def test_a_profile_that_is_not_cleared_is_never_called_released(
    database: str,
) -> None:
    async with fleet_on(database) as fleet:
        evse = await fleet.add("a")
        await fleet.start()
        await fleet.is_echoed(evse)
        fleet.stations.ignores_clear = True
        fleet.stations.verdict["set"] = lambda _: rejected()
        await fleet.opt_out(evse)
        await fleet.rest(0.4)
        assert fleet.state(evse) is IntentState.UNKNOWN
        fleet.stations.ignores_clear = False
        await fleet.is_released(evse)


# -- away ----------------------------------------------------------------------------


async def test_after_a_short_absence_the_profile_is_read_back(database: str) -> None:
    async with fleet_on(database) as fleet:
        evse = await fleet.add("a")
        await fleet.start()
        await fleet.is_echoed(evse)
        fleet.disconnect(evse)
        assert fleet.dispatcher.is_binding(evse)
        fleet.jump(fleet.clock.now() + timedelta(minutes=3))
        fleet.connect(evse)
        assert not fleet.dispatcher.is_binding(evse)
        before = fleet.stations.names().count("held")
        await fleet.until(lambda: fleet.dispatcher.is_binding(evse))

        assert fleet.stations.names().count("held") == before + 1
        assert len(event_sets(fleet)) == 1
        assert fleet.dispatcher.given_at(evse) == fleet.clock.now()


async def test_after_a_long_absence_it_is_given_again(database: str) -> None:
    """Q12: invalidAfterOfflineDuration."""
    async with fleet_on(database) as fleet:
        evse = await fleet.add("a")
        await fleet.start()
        await fleet.is_echoed(evse)
        fleet.disconnect(evse)
        fleet.jump(fleet.clock.now() + timedelta(minutes=9))
        fleet.connect(evse)
        await fleet.until(lambda: len(event_sets(fleet)) == 2)
        await fleet.is_echoed(evse)


async def test_after_a_long_absence_old_news_is_not_enough(database: str) -> None:
    async with fleet_on(database) as fleet:
        evse = await fleet.add("a")
        await fleet.start()
        await fleet.is_echoed(evse)
        fleet.disconnect(evse)
        fleet.jump(HALF)
        fleet.connect(evse)
        await fleet.rest()
        assert len(event_sets(fleet)) == 1
        assert not fleet.dispatcher.is_binding(evse)
        fleet.live.update(evse, soc_at=HALF)
        await fleet.until(lambda: len(event_sets(fleet)) == 2)


async def test_what_a_reboot_has_lost_is_given_again(database: str) -> None:
    async with fleet_on(database) as fleet:
        evse = await fleet.add("a")
        await fleet.start()
        await fleet.is_echoed(evse)
        fleet.disconnect(evse)
        fleet.stations.stored[evse.station].clear()
        fleet.connect(evse)
        await fleet.until(lambda: len(event_sets(fleet)) == 2)
        await fleet.is_echoed(evse)


async def test_an_opt_out_during_an_absence_is_honored_at_the_return(
    database: str,
) -> None:
    async with fleet_on(database) as fleet:
        evse = await fleet.add("a")
        await fleet.start()
        await fleet.is_echoed(evse)
        fleet.jump(HALF)
        fleet.disconnect(evse)
        await fleet.opt_out(evse)
        await fleet.rest()
        assert fleet.state(evse) is IntentState.ECHOED
        fleet.connect(evse)
        await fleet.is_released(evse)
