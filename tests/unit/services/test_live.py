from datetime import timedelta

import pytest

from csms.domain.ids import EvseId
from csms.domain.live import LiveEvse
from csms.domain.transaction import EventType, TransactionReport
from csms.domain.units import Power
from csms.services.live import MOST_EVSES, LiveFleet
from tests.fakes.clock import DAWN, ManualClock
from tests.fakes.sessions import EVSE, STATION, TRANSACTION, a_reading, a_report

MINUTE = timedelta(minutes=1)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def live(clock: ManualClock) -> LiveFleet:
    return LiveFleet(clock)


def discharging(seq: int = 1, minutes: float = 0, **said: object) -> TransactionReport:
    return a_report(
        seq,
        at=DAWN + minutes * MINUTE,
        charging_state="Charging",
        readings=(
            a_reading(
                DAWN + minutes * MINUTE,
                **{"import_w": 0, "export_w": 7600, "soc_pct": 60.0, "export_ws": 9}
                | said,
            ),
        ),
    )


class TestHearing:
    """Rule 22: only what is said of now drives control."""

    def test_a_report_of_now_is_taken(self, live: LiveFleet) -> None:
        live.hear(discharging())

        state = live.get(EVSE)
        assert state.transaction == TRANSACTION
        assert (state.plugged, state.plugged_at) == (True, DAWN)
        assert (state.power, state.power_at) == (Power(-7600), DAWN)
        assert (state.soc_pct, state.export_ws, state.import_ws) == (60.0, 9, None)

    @pytest.mark.parametrize("minutes", [-2.1, 2.1])
    def test_a_report_of_another_time_changes_nothing(
        self, live: LiveFleet, minutes: float
    ) -> None:
        live.hear(discharging(minutes=minutes))

        assert live.get(EVSE) == LiveEvse(EVSE)

    def test_business_time_that_runs_fast_is_given_real_seconds(self) -> None:
        fast = LiveFleet(ManualClock(rate=600))

        fast.hear(discharging(minutes=-19))
        assert fast.get(EVSE).plugged

    def test_a_report_from_a_time_without_connection_changes_nothing(
        self, live: LiveFleet
    ) -> None:
        live.hear(a_report(1, offline=True, charging_state="Charging"))

        assert live.all() == []

    def test_no_station_has_more_evses_than_any_station_has(
        self, live: LiveFleet
    ) -> None:
        for number in range(1, MOST_EVSES + 10):
            live.update(EvseId(EVSE.station, number), plugged=True)
            live.hear(a_report(1, evse=number, charging_state="Charging"))

        assert len(live.all()) == MOST_EVSES

    def test_an_older_report_undoes_nothing(self, live: LiveFleet) -> None:
        live.hear(discharging(seq=2, minutes=1))
        live.hear(discharging(seq=1, minutes=0, export_w=100, soc_pct=61.0))

        assert live.get(EVSE).power == Power(-7600)
        assert live.get(EVSE).soc_pct == 60.0

    def test_a_late_repetition_does_not_plug_in_again(self, live: LiveFleet) -> None:
        live.hear(discharging(seq=2))
        live.hear(a_report(3, event_type=EventType.ENDED))
        live.hear(discharging(seq=2))

        assert not live.get(EVSE).plugged
        assert live.get(EVSE).transaction is None

    def test_an_end_counts_even_if_something_later_was_heard(
        self, live: LiveFleet
    ) -> None:
        live.hear(discharging(seq=2, minutes=1))
        live.hear(a_report(3, event_type=EventType.ENDED))

        assert not live.get(EVSE).plugged

    def test_the_end_of_another_transaction_does_not_count(
        self, live: LiveFleet
    ) -> None:
        live.hear(discharging())
        live.hear(a_report(9, transaction="old", event_type=EventType.ENDED))

        assert live.get(EVSE).plugged


class TestDeparture:
    """One signal is enough to stop dispatching."""

    @pytest.mark.parametrize(
        "changes",
        [
            {"event_type": EventType.ENDED},
            {"trigger": "EVDeparted"},
            {"trigger": "EVCommunicationLost"},
            {"charging_state": "Idle"},
        ],
    )
    def test_a_departure_unplugs_at_once_and_keeps_the_state_of_charge(
        self, live: LiveFleet, changes: dict[str, object]
    ) -> None:
        live.hear(discharging())
        live.hear(a_report(2, at=DAWN + MINUTE, **changes))

        state = live.get(EVSE)
        assert (state.plugged, state.plugged_at) == (False, DAWN + MINUTE)
        assert state.soc_pct == 60.0

    def test_an_available_connector_unplugs(self, live: LiveFleet) -> None:
        live.update(EVSE, connector_status="Occupied", connector_status_at=DAWN)
        assert live.get(EVSE).plugged

        live.update(EVSE, connector_status="Available")
        assert not live.get(EVSE).plugged
        live.update(EVSE, connector_status="Faulted")
        assert not live.get(EVSE).plugged

    def test_an_end_forgets_what_was_of_the_transaction(self, live: LiveFleet) -> None:
        live.hear(discharging())
        live.update(EVSE, ev_needs={"x": 1}, priority_charging=True)

        live.hear(a_report(2, event_type=EventType.ENDED))

        state = live.get(EVSE)
        assert (state.ev_needs, state.priority_charging, state.power) == (
            None,
            False,
            None,
        )

    def test_an_end_still_tells_what_it_measured(self, live: LiveFleet) -> None:
        live.hear(discharging())
        last = a_reading(DAWN, import_w=0, export_w=0, export_ws=12)
        live.hear(a_report(2, event_type=EventType.ENDED, readings=(last,)))

        assert live.get(EVSE).power == Power(0)
        assert live.get(EVSE).export_ws == 12


class TestMeasuring:
    """Rules 20 and 21."""

    def test_a_missing_direction_is_unknown(self, live: LiveFleet) -> None:
        live.hear(discharging())
        live.hear(discharging(2, 1, import_w=0, export_w=None))

        assert live.get(EVSE).power is None
        assert live.get(EVSE).power_at == DAWN + MINUTE

    def test_silence_about_power_leaves_it_as_it_was(self, live: LiveFleet) -> None:
        live.hear(discharging())
        live.hear(discharging(2, 1, import_w=None, export_w=None))

        assert live.get(EVSE).power_at == DAWN

    @pytest.mark.parametrize("soc", [0.0, 1.0, 99.0])
    def test_artefacts_do_not_overwrite(self, live: LiveFleet, soc: float) -> None:
        live.hear(discharging())
        live.hear(discharging(2, 1, soc_pct=soc))

        assert (live.get(EVSE).soc_pct, live.get(EVSE).soc_at) == (60.0, DAWN)

    def test_another_vehicle_may_have_any_charge(self, live: LiveFleet) -> None:
        live.hear(discharging())
        live.hear(a_report(2, event_type=EventType.ENDED))
        reading = a_reading(DAWN + MINUTE, soc_pct=95.0, transaction="next")
        live.hear(
            a_report(0, at=DAWN + MINUTE, transaction="next", readings=(reading,))
        )

        assert live.get(EVSE).soc_pct == 95.0

    def test_the_grid_side_is_believed(self, live: LiveFleet) -> None:
        inlet = a_reading(DAWN, location="Inlet", import_w=0, export_w=7000)
        outlet = a_reading(DAWN, location="Outlet", import_w=0, export_w=7600)
        vehicle = a_reading(DAWN, location="EV", import_w=9000)

        live.hear_readings([inlet, vehicle, outlet])

        assert live.get(EVSE).power == Power(-7000)

    def test_readings_of_the_whole_station_are_of_no_evse(
        self, live: LiveFleet
    ) -> None:
        live.hear_readings([a_reading(DAWN, evse=EvseId(STATION, 0), import_w=1)])

        assert live.all() == []


class TestTelling:
    """Whoever subscribed hears of every change."""

    def test_changes_are_told_with_what_was_before(self, live: LiveFleet) -> None:
        told: list[tuple[LiveEvse, LiveEvse]] = []
        live.subscribe(lambda before, after: told.append((before, after)))

        live.hear(discharging())
        live.hear(discharging())

        assert [(one.plugged, other.plugged) for one, other in told] == [(False, True)]

    def test_a_connection_is_known_before_anything_is_heard(
        self, live: LiveFleet
    ) -> None:
        live.set_connected(STATION, connected=True)
        assert live.get(EVSE).connected

        live.hear(discharging())
        live.set_connected(STATION, connected=False)
        assert not live.get(EVSE).connected
        assert live.get(EVSE).plugged


async def test_without_a_store_nothing_is_loaded_or_kept(live: LiveFleet) -> None:
    live.hear(discharging())

    await live.load()
    await live.flush()

    assert [state.evse for state in live.all()] == [EVSE]
