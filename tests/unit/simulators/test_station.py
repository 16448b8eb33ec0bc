import pytest

from simulators.persona import PERSONAS
from simulators.sampling import V2X
from tests.unit.simulators.bench import (
    ACCEPT,
    Bench,
    a_system,
    default_profile,
    tx_profile,
)

DISCHARGE = {"startPeriod": 0, "operationMode": "CentralSetpoint", "setpoint": -8000}
EVERYTHING = (
    "Energy.Active.Import.Register,Energy.Active.Export.Register,"
    "Power.Active.Import,Power.Active.Export,SoC"
)


def bench(persona: str = "x21-scheduled", soc: float = 60.0) -> Bench:
    return Bench(a_system(persona), soc).connect()


def variable(component: str, name: str, value: str) -> dict[str, object]:
    return {
        "component": {"name": component},
        "variable": {"name": name},
        "attributeValue": value,
    }


def set_variables(on: Bench, *wanted: dict[str, object]) -> list[str]:
    response = on.ask("SetVariables", {"setVariableData": list(wanted)})
    return [result["attributeStatus"] for result in response["setVariableResult"]]


@pytest.mark.parametrize("name", sorted(p.stem for p in PERSONAS.glob("*.toml")))
def test_every_make_boots_and_charges(name: str) -> None:
    on = bench(name)

    actions = [action for action, _ in on.sent]
    assert actions[0] == "BootNotification"
    assert {"StatusNotification", "TransactionEvent", "Authorize"} <= set(actions)
    assert on.watts() > 5000


def test_a_pending_station_waits_and_asks_again() -> None:
    on = Bench(a_system("x21-scheduled"))
    on.answers["BootNotification"] = {
        **ACCEPT["BootNotification"],
        "status": "Pending",
        "interval": 60,
    }

    on.connect()
    on.wait(30)
    assert [action for action, _ in on.sent] == ["BootNotification"]
    assert on.watts() == 0

    on.answers["BootNotification"] = ACCEPT["BootNotification"]
    on.wait(40)
    assert [action for action, _ in on.sent].count("BootNotification") == 2
    assert on.station.tx is not None


def test_a_pending_station_answers_what_it_is_asked() -> None:
    on = Bench(a_system("x21-scheduled"))
    on.answers["BootNotification"] = {
        **ACCEPT["BootNotification"],
        "status": "Pending",
    }
    on.connect()

    on.ask("GetBaseReport", {"requestId": 1, "reportBase": "FullInventory"})
    on.ask("TriggerMessage", {"requestedMessage": "StatusNotification"})

    actions = {action for action, _ in on.sent}
    assert actions == {"BootNotification", "NotifyReport", "StatusNotification"}


def test_a_transaction_is_numbered_without_gaps() -> None:
    on = bench()
    on.wait(4000)

    on.station.unplug()
    on.serve()

    events = on.events()
    assert [e["seqNo"] for e in events] == list(range(len(events)))
    assert events[0]["eventType"] == "Started"
    assert "idToken" in events[0]
    assert "evse" in events[0]
    assert all("idToken" not in e for e in events[1:])
    assert events[-1]["transactionInfo"]["stoppedReason"] == "EVDisconnected"
    assert len({e["transactionInfo"]["transactionId"] for e in events}) == 1


def test_the_interval_that_is_set_is_the_interval_that_is_kept() -> None:
    on = bench()
    assert set_variables(
        on,
        variable("SampledDataCtrlr", "TxUpdatedInterval", "60"),
        variable("SampledDataCtrlr", "TxUpdatedMeasurands", EVERYTHING),
    ) == ["Accepted", "Accepted"]
    on.sent.clear()

    on.wait(300)

    periodic = [e for e in on.events() if e["triggerReason"] == "MeterValuePeriodic"]
    assert len(periodic) == 5
    assert [e["timestamp"][-3:] for e in periodic] == ["00Z"] * 5
    measured = {s["measurand"] for s in periodic[0]["meterValue"][0]["sampledValue"]}
    assert measured == set(EVERYTHING.split(","))


def test_readings_are_aligned_to_the_clock_inside_and_outside_transactions() -> None:
    on = bench()
    set_variables(on, variable("AlignedDataCtrlr", "Enabled", "true"))

    on.wait(1800)
    inside = [e for e in on.events() if e["triggerReason"] == "MeterValueClock"]
    on.station.unplug()
    on.wait(1800)
    outside = [p for action, p in on.sent if action == "MeterValues"]

    assert [e["timestamp"][11:] for e in inside] == ["20:15:00Z", "20:30:00Z"]
    assert [p["meterValue"][0]["timestamp"][11:] for p in outside] == [
        "20:45:00Z",
        "21:00:00Z",
    ]


def test_sampling_is_finer_while_discharging() -> None:
    on = bench()
    fine = variable(V2X, "TxUpdatedInterval", "30")
    fine["component"] = {"name": V2X, "evse": {"id": 1}}
    fine["variable"] = {"name": "TxUpdatedInterval", "instance": "CentralSetpoint"}
    assert set_variables(on, fine) == ["Accepted"]
    on.set_profile(tx_profile(on.transaction, DISCHARGE, id=20, duration=600))
    on.sent.clear()

    on.wait(590)

    periodic = [e for e in on.events() if e["triggerReason"] == "MeterValuePeriodic"]
    assert len(periodic) == 19


def test_discharge_waits_until_both_directions_are_agreed() -> None:
    on = Bench(a_system("x21-scheduled"))
    on.answers["NotifyEVChargingNeeds"] = {"status": "Rejected"}
    on.connect()

    on.set_profile(tx_profile(on.transaction, DISCHARGE))

    needs = [p for action, p in on.sent if action == "NotifyEVChargingNeeds"]
    modes = [n["chargingNeeds"]["requestedEnergyTransfer"] for n in needs]
    assert modes == ["DC_BPT", "DC"]
    assert on.watts() == 0


def test_permission_can_be_given_and_taken_while_it_runs() -> None:
    on = bench()
    on.set_profile(tx_profile(on.transaction, DISCHARGE))
    assert on.watts() == pytest.approx(-8000)

    request = {"transactionId": on.transaction, "allowedEnergyTransfer": ["DC"]}
    assert on.ask("NotifyAllowedEnergyTransfer", request)["status"] == "Accepted"
    assert on.watts() == 0

    request["allowedEnergyTransfer"] = ["DC", "DC_BPT"]
    on.ask("NotifyAllowedEnergyTransfer", request)
    assert on.watts() == pytest.approx(-8000)


def test_a_schedule_is_followed_to_the_second() -> None:
    on = bench()
    profile = tx_profile(
        on.transaction,
        DISCHARGE,
        {"startPeriod": 3600, "operationMode": "Idle"},
        duration=7200,
    )
    profile["chargingSchedule"][0]["startSchedule"] = "2026-07-14T21:00:00Z"
    on.set_profile(profile)

    on.wait_until("2026-07-14T23:30:00Z")

    watts = on.station.observer.traces[on.system.station].watts
    assert watts[60:120] == [-8000] * 60
    assert watts[59] >= 0
    assert watts[120:180] == [0] * 60
    assert watts[185] > 0


def test_what_the_meter_counts_is_what_the_battery_gave() -> None:
    on = bench()
    on.set_profile(tx_profile(on.transaction, DISCHARGE))
    meter, battery = on.station.evse.meter, on.station.vehicle.battery
    before, stored = meter.export_ws, battery.stored_ws

    on.wait(3600)

    given_back = meter.export_ws - before
    used = stored - on.station.vehicle.battery.stored_ws
    assert given_back == pytest.approx(8000 * 3600, rel=0.001)
    assert used == pytest.approx(given_back / 0.95)


def test_a_battery_at_its_own_minimum_suspends_the_vehicle() -> None:
    on = bench(soc=6.0)
    on.set_profile(tx_profile(on.transaction, DISCHARGE, duration=86400))

    on.wait(7200)

    assert on.station.vehicle.battery.soc == pytest.approx(5.0)
    assert on.events()[-1]["transactionInfo"]["chargingState"] == "SuspendedEV"


def test_without_any_profile_it_charges_until_full() -> None:
    on = bench(soc=95.0)

    on.wait(4 * 3600)

    assert on.station.vehicle.battery.soc > 99.5
    assert on.station.evse.watts < 500


class TestOutages:
    """B04, E04, E12: what happens while the CSMS is away."""

    def test_events_wait_and_are_marked(self) -> None:
        on = bench()
        on.station.disconnected()
        on.wait(3000)
        on.station.unplug()
        assert on.events("Ended") == []

        on.connect()

        ended = on.events("Ended")
        assert len(ended) == 1
        assert ended[0]["offline"] is True
        assert [e["seqNo"] for e in on.events()] == list(range(len(on.events())))

    def test_a_reconnect_is_not_a_boot(self) -> None:
        on = bench()
        on.station.disconnected()
        on.sent.clear()

        on.connect()

        actions = [action for action, _ in on.sent]
        assert "BootNotification" not in actions
        assert "StatusNotification" in actions

    def test_some_makes_boot_after_every_reconnect(self) -> None:
        on = bench("x21-everest")
        on.station.disconnected()
        on.sent.clear()

        on.connect()

        assert on.sent[0][0] == "BootNotification"

    def test_an_event_goes_on_until_the_offline_duration_is_over(self) -> None:
        on = bench()
        on.set_profile(default_profile(3000.0), evse=0)
        on.set_profile(
            tx_profile(
                on.transaction,
                DISCHARGE,
                maxOfflineDuration=600,
                invalidAfterOfflineDuration=True,
            )
        )

        on.station.disconnected()
        on.wait(590)
        assert on.station.evse.watts == pytest.approx(-8000)
        on.wait(60)
        assert on.watts() == pytest.approx(3000)
        on.connect()
        assert on.watts() == pytest.approx(3000)


class TestReboot:
    """B11, B12, E16: power is lost and comes back."""

    @pytest.mark.parametrize("persona", ["x21-scheduled", "x201-neg-w"])
    def test_an_interrupted_transaction_ends_and_a_new_one_begins(
        self, persona: str
    ) -> None:
        on = bench(persona, soc=40.0)
        first = on.transaction
        on.set_profile(default_profile(3000.0), evse=0)

        on.station.power_down("Watchdog")
        on.station.disconnected()
        on.wait(100)
        assert on.station.evse.watts == 0
        on.station.power_up()
        on.connect()

        boots = [p for action, p in on.sent if action == "BootNotification"]
        assert boots[-1]["reason"] == "Watchdog"
        assert on.transaction != first
        assert on.events("Ended")[0]["transactionInfo"]["transactionId"] == first
        assert on.watts() == pytest.approx(3000)

    def test_a_make_that_resumes_keeps_its_transaction(self) -> None:
        on = bench("x21-everest")
        first = on.transaction

        on.station.power_down("Watchdog")
        on.station.disconnected()
        on.wait(100)
        on.station.power_up()
        on.connect()

        assert on.transaction == first
        assert "TxResumed" in {e["triggerReason"] for e in on.events()}


def test_the_hazard_charges_at_full_power_and_the_witness_says_so() -> None:
    on = bench("tp-20-hazard", soc=50.0)
    on.set_profile(tx_profile(on.transaction, {"startPeriod": 0, "limit": -5000.0}))

    watts = on.watts()
    on.wait(300)

    kinds = [i["kind"] for i in on.station.observer.incidents]
    assert watts > 5000
    assert "wrong-direction" in kinds


def test_a_new_order_does_not_look_like_a_wrong_direction() -> None:
    on = bench()
    on.wait(600)

    on.set_profile(tx_profile(on.transaction, DISCHARGE))
    on.wait(600)

    assert on.station.observer.incidents == []


def test_slowly_ramping_down_is_not_a_wrong_direction() -> None:
    on = Bench(a_system("x201-neg-clamp", ramp_s=20.0), soc=50.0).connect()
    on.wait(599)

    on.set_profile(tx_profile(on.transaction, {"startPeriod": 0, "limit": -5000.0}))
    on.wait(600)

    assert on.station.observer.incidents == []


def test_it_shows_that_it_is_alive_when_it_has_nothing_to_say() -> None:
    on = bench()
    on.station.unplug()
    on.serve()
    on.sent.clear()

    on.station.last_sent = on.station.t
    for _ in range(7):
        on.wait(300)

    assert [action for action, _ in on.sent].count("Heartbeat") == 2
