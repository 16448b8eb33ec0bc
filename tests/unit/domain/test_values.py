from dataclasses import FrozenInstanceError, replace
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csms.domain.errors import Conflict, DomainError
from csms.domain.event import UNDELIVERED, Reason
from csms.domain.ids import EvseId, ParticipantId, StationId
from csms.domain.interval import Interval, quarter_of
from csms.domain.participant import Participant, ParticipantKind
from csms.domain.plan import Setpoint, limited_by_exclusion
from csms.domain.units import Energy, Power
from tests.unit.flex.fleets import END, START, WINDOW, enrollment, evse


class TestEvseId:
    @pytest.mark.parametrize("station", ["A", "MA-HOME-01", "a/b"])
    def test_what_is_written_is_read_again(self, station: str) -> None:
        evse_id = EvseId(StationId(station), 2)

        assert EvseId.parse(str(evse_id)) == evse_id

    @pytest.mark.parametrize("text", ["", "A", "/1", "A/x", "A/"])
    def test_anything_else_is_refused(self, text: str) -> None:
        with pytest.raises(ValueError, match=r"EVSE|invalid literal"):
            EvseId.parse(text)


class TestUnits:
    @given(watts=st.integers(), first=st.integers(0, 9999), more=st.integers(0, 9999))
    def test_splitting_a_stretch_changes_no_energy(
        self, watts: int, first: int, more: int
    ) -> None:
        power = Power(watts)
        one, two = timedelta(seconds=first), timedelta(seconds=more)

        assert power.over(one) + power.over(two) == power.over(one + two)

    def test_sums_and_signs(self) -> None:
        assert Power.total([Power(1), Power(2)]) - Power(4) == -Power(1)
        assert Energy.total([Energy(1), Energy(2)]) - Energy(4) == -Energy(1)
        assert Power(1) + Power(1) == Power(2)

    def test_kilo_is_a_thousand(self) -> None:
        assert Power.kw(7.6).as_kw == 7.6
        assert Energy.kwh(1) == Power.kw(1).over(timedelta(hours=1))
        assert Energy.kwh(1).as_kwh == 1


class TestInterval:
    def test_the_start_belongs_and_the_end_does_not(self) -> None:
        assert WINDOW.covers(START)
        assert not WINDOW.covers(END)
        assert (WINDOW.hours, WINDOW.duration) == (3, timedelta(hours=3))

    def test_neighbors_do_not_overlap(self) -> None:
        assert WINDOW.overlap(Interval(END, END + timedelta(1))) is None
        assert WINDOW.overlap(Interval(START, END)) == WINDOW

    @pytest.mark.parametrize(
        ("start", "end"),
        [
            (END, START),
            (START.replace(tzinfo=None), END),
            (START, END.replace(tzinfo=None)),
        ],
    )
    def test_nonsense_is_refused(self, start: datetime, end: datetime) -> None:
        with pytest.raises(ValueError, match="interval"):
            Interval(start, end)

    def test_quarters_are_aligned_to_the_clock(self) -> None:
        odd = Interval(START + timedelta(minutes=5), START + timedelta(minutes=31))

        assert [quarter.start.minute for quarter in odd.quarters()] == [0, 15, 30]
        assert list(Interval(START, START).quarters()) == []

    def test_a_quarter_is_told_in_utc(self) -> None:
        kathmandu = timezone(timedelta(hours=5, minutes=45))
        local = datetime(2026, 7, 14, 12, 50, 9, 7, tzinfo=kathmandu)

        assert quarter_of(local) == datetime(2026, 7, 14, 7, tzinfo=UTC)


class TestErrors:
    def test_a_failure_says_what_its_class_says(self) -> None:
        error = Conflict(field="stage", remedy="wait")

        assert str(error) == "It contradicts what is already so."
        assert (error.code, error.field, error.remedy) == ("conflict", "stage", "wait")

    def test_a_failure_without_a_docstring_is_still_one(self) -> None:
        class Nameless(DomainError):
            pass

        assert str(Nameless("said so")) == "said so"


class TestSetpoint:
    SETPOINT = Setpoint(evse(1), WINDOW, Power.kw(-10), "program:x")

    def test_its_energy_is_that_of_the_shared_time(self) -> None:
        early = Interval(START - timedelta(hours=1), START + timedelta(minutes=15))

        assert self.SETPOINT.energy_within(early) == Energy.kwh(-2.5)

    def test_outside_its_window_it_moves_nothing(self) -> None:
        later = Interval(END, END + timedelta(hours=1))

        assert self.SETPOINT.energy_within(later) == Energy(0)


@pytest.mark.parametrize(
    ("day", "held"),
    [
        (date(2026, 5, 31), False),
        (date(2026, 6, 1), True),
        (date(2099, 1, 1), True),
    ],
)
def test_an_enrollment_without_an_end_lasts(day: date, held: bool) -> None:  # noqa: FBT001 - a column of the table
    assert enrollment().covers(day) is held


def test_an_enrollment_holds_on_its_last_day() -> None:
    last = date(2026, 7, 14)
    ending = replace(enrollment(), ends_on=last)

    assert ending.covers(last)
    assert not ending.covers(last + timedelta(days=1))


def test_the_reasons_for_undelivered_energy_are_these() -> None:
    assert {reason.value for reason in UNDELIVERED} == {
        "cancelled",
        "opt_out",
        "unplugged",
        "soc_floor",
        "ev_refused",
        "station_refused",
        "offline",
        "limit",
        "unknown",
    }
    assert limited_by_exclusion(Reason.ISLAND_ONLY) == "excluded:island_only"


def test_a_value_does_not_change() -> None:
    with pytest.raises(FrozenInstanceError):
        Power(1).watts = 2  # type: ignore[misc]


def test_a_participant_kind_is_written_as_the_registry_writes_it() -> None:
    district = Participant(
        ParticipantId("d"), "D", "d@example.org", "en", ParticipantKind.SCHOOL_DISTRICT
    )

    assert district.kind == "school_district"
    assert {"residential", "municipal", "school_district"} == set(ParticipantKind)
