"""Variables by name, as messages carry them."""

from csms.ocpp.device_model import PROFILE_ENTRIES, V2X_UPDATED_INTERVAL, VariableName
from csms.ocpp.messages.common import EVSE, Component, Variable


def test_a_variable_on_the_station_names_no_evse() -> None:
    assert PROFILE_ENTRIES.at() == (
        Component(name="SmartChargingCtrlr"),
        Variable(name="Entries", instance="ChargingProfiles"),
    )


def test_a_variable_on_an_evse_names_it() -> None:
    component, _ = V2X_UPDATED_INTERVAL.on("CentralSetpoint").at(2)

    assert component == Component(name="V2XChargingCtrlr", evse=EVSE(id=2))


def test_a_name_is_found_again_in_a_message() -> None:
    for name in (PROFILE_ENTRIES, V2X_UPDATED_INTERVAL):
        assert VariableName.of(*name.at(1)) == name


def test_a_name_is_written_as_people_write_it() -> None:
    assert PROFILE_ENTRIES.path == "SmartChargingCtrlr.Entries[ChargingProfiles]"
    assert V2X_UPDATED_INTERVAL.path == "V2XChargingCtrlr.TxUpdatedInterval"
