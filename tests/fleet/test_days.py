"""Two days of 30 systems, one for each trouble, judged by what physically happened."""

from datetime import datetime, timedelta

import pytest

from tests.fleet import cast
from tests.fleet.account import Account
from tests.fleet.cast import DAY_1, DAY_2, Days, at

pytestmark = [pytest.mark.fleet, pytest.mark.timeout(300)]

STILL_W = 300
FULL_W = -20_000
RAMP = timedelta(minutes=2)

STEADY = (
    cast.AT_HOME,
    cast.CALM,
    cast.BOOTS_TWICE,
    cast.SLOW,
    cast.TWICE,
    cast.OUT_OF_ORDER,
    cast.BY_MESSAGE,
    cast.DYNAMIC,
)
"""Whoever has nothing, or only nuisances, to hinder them."""

BACK_AGAIN = (
    cast.REPLUGGED,
    cast.CUT_21,
    cast.CUT_AND_BOOT,
    cast.REBOOT_RESUMING,
    cast.REBOOT_201,
    cast.REBOOT_21,
)
HAZARDS = (cast.FULL_CHARGE, cast.ABSOLUTE, cast.IGNORES)
DISOBEDIENT = (*HAZARDS, cast.CLAMPS, cast.REJECTS)
NEVER = (
    cast.ZERO_DISCHARGES,
    cast.ONLY_DEFAULT,
    cast.BY_VARIABLE,
    cast.CHARGE_ONLY,
)


def discharges(
    account: Account, station: str, since: datetime, until: datetime | None = None
) -> bool:
    return any(m.watts < -STILL_W for m in account.minutes(station, since, until))


def states(account: Account, station: str) -> list[str]:
    return [each["state"] for each in account.member(station)["states"]]


def share(account: Account, station: str) -> float:
    planned: float = account.member(station)["planned_kwh"]
    return account.exported_kwh(station) / planned


class TestOptOut:
    def test_before_the_event_nothing_is_discharged(self, first: Account) -> None:
        driver = first.driver("home-01")

        assert driver["confirmed"]
        assert datetime.fromisoformat(driver["opted_out_at"]) < DAY_1.start
        assert not discharges(first, cast.OUT_BEFORE, DAY_1.start)
        assert first.member(cast.OUT_BEFORE)["outcome"] == "opted_out"

    def test_it_takes_back_what_the_station_held_already(self, first: Account) -> None:
        said = states(first, cast.OUT_BEFORE)

        assert said.index("accepted") < said.index("opted_out")
        assert "taken_back" in said

    def test_during_the_event_it_ends_the_discharge_within_two_real_seconds(
        self, first: Account
    ) -> None:
        out = datetime.fromisoformat(first.driver("home-02")["opted_out_at"])

        assert discharges(first, cast.OUT_DURING, DAY_1.start, out)
        assert not discharges(first, cast.OUT_DURING, out + first.allowance)

    def test_what_was_not_delivered_is_laid_to_it(self, first: Account) -> None:
        member = first.member(cast.OUT_DURING)

        assert member["opted_out_by"] == "link"
        assert member["reasons"]["opt_out"] == pytest.approx(
            member["planned_kwh"] - member["delivered_kwh"], abs=0.5
        )

    def test_the_priority_button_counts_as_one(self, first: Account) -> None:
        pressed = at(45)
        member = first.member(cast.PRIORITY)

        assert discharges(first, cast.PRIORITY, DAY_1.start, pressed)
        assert not discharges(first, cast.PRIORITY, pressed + first.allowance)
        assert member["reasons"]["opt_out"] > 0
        assert "priority_charging" in states(first, cast.PRIORITY)


class TestComingAndGoing:
    def test_who_leaves_is_released_and_excused(self, first: Account) -> None:
        member = first.member(cast.UNPLUGGED)

        assert not discharges(first, cast.UNPLUGGED, at(41))
        assert member["reasons"]["unplugged"] == pytest.approx(
            member["planned_kwh"] - member["delivered_kwh"], abs=0.5
        )

    def test_who_comes_back_takes_part_again(self, first: Account) -> None:
        back = at(60) + first.allowance

        assert not discharges(first, cast.REPLUGGED, at(31), at(60))
        assert discharges(first, cast.REPLUGGED, back, back + timedelta(minutes=5))
        assert first.member(cast.REPLUGGED)["reasons"]["unplugged"] > 0


class TestLostLink:
    def test_a_station_of_2_1_stops_by_itself_after_its_patience(
        self, first: Account
    ) -> None:
        patience = timedelta(minutes=10)

        assert discharges(first, cast.CUT_21, at(31), at(30) + patience)
        assert not discharges(first, cast.CUT_21, at(32) + patience, at(69))

    def test_it_takes_part_again_once_it_is_back(self, first: Account) -> None:
        assert discharges(first, cast.CUT_21, at(70) + first.allowance, at(119))
        assert first.member(cast.CUT_21)["reasons"]["offline"] > 0

    @pytest.mark.parametrize("station", [cast.CUT_201, cast.CUT_AND_BOOT])
    def test_a_finite_schedule_goes_on_without_us(
        self, first: Account, station: str
    ) -> None:
        assert share(first, station) == pytest.approx(1.0, abs=0.03)

    def test_most_come_back_without_a_boot(self, days: Days) -> None:
        boots = {
            station: sum("BootNotification" in text for text in days.said[station])
            for station in (cast.CUT_201, cast.CUT_AND_BOOT)
        }

        assert 0 < boots[cast.CUT_201] < boots[cast.CUT_AND_BOOT]

    def test_it_ends_with_the_window_though_nobody_could_say_so(
        self, first: Account
    ) -> None:
        station = cast.CUT_BEYOND_END

        assert discharges(first, station, at(118), at(120))
        assert not discharges(first, station, DAY_1.end + RAMP, at(140))

    def test_what_it_did_meanwhile_is_settled(self, first: Account) -> None:
        member = first.member(cast.CUT_BEYOND_END)

        assert member["outcome"] == "delivered"
        assert member["delivered_kwh"] == pytest.approx(
            first.exported_kwh(cast.CUT_BEYOND_END), rel=0.01
        )


class TestReboot:
    @pytest.mark.parametrize(
        "station", [cast.REBOOT_RESUMING, cast.REBOOT_201, cast.REBOOT_21]
    )
    def test_a_station_that_reboots_takes_part_again(
        self, first: Account, station: str
    ) -> None:
        interrupted = first.minutes(station, at(35), at(38))

        assert max(m.watts for m in interrupted) > FULL_W / 2
        assert discharges(first, station, at(37) + first.allowance, at(60))
        assert first.member(station)["outcome"] in ("delivered", "partial")

    def test_booting_without_need_changes_nothing(self, first: Account) -> None:
        minutes = first.minutes(cast.BOOTS_TWICE, at(2))

        assert all(m.watts < -STILL_W for m in minutes)


class TestNuisances:
    @pytest.mark.parametrize("station", STEADY)
    def test_they_cost_nothing(self, first: Account, station: str) -> None:
        assert share(first, station) > 0.97
        assert first.member(station)["outcome"] == "delivered"

    @pytest.mark.parametrize("station", STEADY)
    def test_the_table_of_quarters_is_that_of_physics(
        self, first: Account, station: str
    ) -> None:
        table = first.table(station)

        assert len(table) == 8
        for start, said in table.items():
            minutes = first.minutes(station, start, start + timedelta(minutes=15))
            physics = sum(-m.watts for m in minutes) / 60_000
            assert said == pytest.approx(physics, rel=0.01, abs=0.03)

    def test_a_skewed_clock_shifts_no_energy_to_speak_of(self, first: Account) -> None:
        member = first.member(cast.SKEWED)

        assert member["delivered_kwh"] == pytest.approx(
            first.exported_kwh(cast.SKEWED), rel=0.02
        )


class TestHazards:
    @pytest.mark.parametrize("station", DISOBEDIENT)
    def test_nobody_is_paid_for_what_did_not_flow(
        self, first: Account, station: str
    ) -> None:
        member = first.member(station)

        assert first.exported_kwh(station) == 0
        assert member["delivered_kwh"] == 0
        assert member["outcome"] == "not_delivered"

    @pytest.mark.parametrize("station", HAZARDS)
    def test_the_wrong_direction_trips_within_two_real_seconds(
        self, first: Account, station: str
    ) -> None:
        tripped = [
            datetime.fromisoformat(each["at"])
            for each in first.member(station)["states"]
            if each["state"] == "tripped"
        ]

        assert len(tripped) == 1
        assert tripped[0] - DAY_1.start <= first.allowance

    def test_exactly_their_makes_are_in_quarantine(self, first: Account) -> None:
        assert {each["vendor_profile"] for each in first.quarantines} == {
            "example-x201-neg-full",
            "example-x201-neg-abs",
            "example-x201-neg-ignored",
        }

    def test_who_clamps_is_seen_not_to_obey(self, first: Account) -> None:
        assert "not_obeyed" in states(first, cast.CLAMPS)
        assert "tripped" not in states(first, cast.CLAMPS)

    def test_who_rejects_is_seen_to_refuse(self, first: Account) -> None:
        said = states(first, cast.REJECTS)

        assert "station_refused" in said
        assert "accepted" not in said
        assert set(first.member(cast.REJECTS)["reasons"]) == {"station_refused"}

    @pytest.mark.parametrize("station", NEVER)
    def test_makes_without_a_proven_dialect_are_never_dispatched(
        self, first: Account, station: str
    ) -> None:
        assert first.member(station)["exclusions"] == ["charge_only"]
        assert not discharges(first, station, first.witness(station).minutes[0].at)


class TestAccounts:
    def test_every_promise_that_does_not_hang_on_obedience_is_kept(
        self, first: Account
    ) -> None:
        """What was planned cannot be delivered by makes that do something else."""
        broken = {each.name for each in first.promises() if not each.kept}

        assert broken <= {
            "What was planned was delivered",
            "No EVSE charged where it should discharge, beyond the trip",
        }

    def test_only_who_could_not_be_told_charged_beyond_the_trip(
        self, first: Account
    ) -> None:
        promise = next(each for each in first.promises() if "beyond" in each.name)
        stations = {each.split("/")[0] for each in promise.breaches}

        assert stations <= {cast.CUT_21, cast.REJECTS}

    @pytest.mark.parametrize("station", BACK_AGAIN)
    def test_each_undelivered_kwh_has_a_reason(
        self, first: Account, station: str
    ) -> None:
        member = first.member(station)

        reasons = sum(member["reasons"].values())
        assert reasons + member["delivered_kwh"] == pytest.approx(
            member["planned_kwh"], abs=0.3
        )
        assert member["reasons"].get("unknown", 0.0) < 0.1 * member["planned_kwh"]

    def test_the_statement_pays_for_what_flowed(self, first: Account) -> None:
        lines = first.lines("ma-cs-small")

        for station in (cast.OUT_DURING, cast.AT_HOME, cast.PRIORITY):
            mean_kw = first.exported_kwh(station) / DAY_1.hours
            assert float(lines[station]["average_kw"]) == pytest.approx(
                mean_kw, rel=0.01
            )
        assert float(lines[cast.OUT_BEFORE]["average_kw"]) == 0


class TestSecondDay:
    def test_calling_it_off_releases_everybody_within_two_real_seconds(
        self, days: Days, second: Account
    ) -> None:
        off = days.called_off_at
        yard = [cast.CALM, cast.CUT_21, cast.CUT_201, cast.SLOW, cast.BY_MESSAGE]

        for station in (*yard, cast.DYNAMIC):
            assert discharges(second, station, DAY_2.start, off), station
            assert not discharges(second, station, off + second.allowance), station

    @pytest.mark.parametrize("station", [cast.CALM, cast.BY_MESSAGE, cast.DYNAMIC])
    def test_what_flowed_until_then_is_accounted(
        self, second: Account, station: str
    ) -> None:
        member = second.member(station)
        given = second.exported_kwh(station)

        assert member["delivered_kwh"] == pytest.approx(given, rel=0.02)
        assert member["reasons"]["cancelled"] == pytest.approx(
            member["planned_kwh"] - given, abs=0.5
        )

    def test_the_other_event_goes_on(self, second: Account) -> None:
        for station in (cast.AT_HOME, cast.OUT_BEFORE, cast.OUT_DURING):
            assert share(second, station) > 0.97
            assert second.member(station)["outcome"] == "delivered"

    def test_makes_in_quarantine_are_left_out(self, second: Account) -> None:
        for station in HAZARDS:
            assert "vendor_quarantined" in second.member(station)["exclusions"]
            assert not discharges(second, station, DAY_2.start)

    def test_the_season_averages_both_events(
        self, first: Account, second: Account
    ) -> None:
        line = second.lines("ma-cs-small")[cast.OUT_DURING]

        of_both = first.exported_kwh(cast.OUT_DURING) / DAY_1.hours
        of_both += second.exported_kwh(cast.OUT_DURING) / DAY_2.hours
        assert float(line["average_kw"]) == pytest.approx(of_both / 2, rel=0.01)
