"""What a device model says, and what its silence means."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csms.charging.authority import Authority
from csms.charging.capability import (
    UNREAD,
    Capability,
    as_flag,
    as_members,
    capability,
    from_document,
    to_document,
)
from csms.domain.profile import OperationMode, RateUnit
from csms.domain.station import EDITION_21, EDITION_201, Variable, VariableKey


def said(
    name: str,
    value: str | None,
    *,
    evse: int = 0,
    connector: int = 0,
    characteristics: Mapping[str, Any] | None = None,
) -> Variable:
    component, _, rest = name.partition(".")
    variable, _, instance = rest.partition("[")
    key = VariableKey(
        component,
        variable,
        variable_instance=instance.rstrip("]"),
        evse=evse,
        connector=connector,
    )
    return Variable(key, value=value, characteristics=characteristics)


FULL = [
    said("SmartChargingCtrlr.Enabled", "true"),
    said("SmartChargingCtrlr.Available", "true"),
    said("SmartChargingCtrlr.RateUnit", "W, A"),
    said("SmartChargingCtrlr.PeriodsPerSchedule", "24"),
    said("SmartChargingCtrlr.ProfileStackLevel", "8"),
    said(
        "SmartChargingCtrlr.Entries[ChargingProfiles]",
        "3",
        characteristics={"maxLimit": 12.0},
    ),
    said("SmartChargingCtrlr.SupportsDynamicProfiles", "true"),
    said("SmartChargingCtrlr.SupportsMaxOfflineDuration", "TRUE"),
    said("SmartChargingCtrlr.SupportsLimitAtSoC", "1"),
    said("SmartChargingCtrlr.SupportsEvseSleep", "false"),
    said("SmartChargingCtrlr.SetpointPriority", "CSMS"),
    said("SmartChargingCtrlr.MaxExternalConstraintsId", "50"),
    said("SmartChargingCtrlr.ChargingProfilePersistence[TxProfile]", "true"),
    said("SmartChargingCtrlr.ChargingProfilePersistence[LocalGeneration]", "false"),
    said("V2XChargingCtrlr.Enabled", "true", evse=1),
    said(
        "V2XChargingCtrlr.SupportedOperationModes", "CentralSetpoint,Idle,New", evse=1
    ),
    said("V2XChargingCtrlr.SupportedEnergyTransferModes", "DC,DC_BPT", evse=1),
    said("V2XChargingCtrlr.TxUpdatedInterval[CentralSetpoint]", "30", evse=1),
    said("AlignedDataCtrlr.Measurands", "Energy.Active.Import.Register"),
    said(
        "SampledDataCtrlr.TxUpdatedMeasurands",
        "SoC",
        characteristics={"valuesList": "Energy.Active.Export.Register,SoC"},
    ),
    said("Connector.AvailabilityState", "Available", evse=1, connector=1),
    said("Connector.ConnectorType", "cCCS2", evse=1, connector=1),
    said("DisplayMessageCtrlr.Available", "true"),
    said("DeviceDataCtrlr.ItemsPerMessage[GetVariables]", "20"),
    said("DeviceDataCtrlr.ItemsPerMessage[SetVariables]", "5"),
    said("TxCtrlr.TxStartPoint", "EVConnected,Authorized"),
    said("TxCtrlr.TxStopPoint", "EVConnected"),
]


class TestSilence:
    def test_an_empty_model_promises_nothing(self) -> None:
        found = capability([], EDITION_201)

        assert not found.read
        assert not found.smart_charging
        assert found.units == {RateUnit.AMPERES}
        assert found.periods_per_schedule == 1
        assert found.max_stack_level == 0
        assert found.max_profiles == 2
        assert not found.dynamic_profiles
        assert found.v2x == ()
        assert found.meters_export is None

    def test_nonsense_is_silence(self) -> None:
        found = capability(
            [
                said("SmartChargingCtrlr.RateUnit", "VA"),
                said("SmartChargingCtrlr.PeriodsPerSchedule", "many"),
                said("SmartChargingCtrlr.ProfileStackLevel", "-1"),
                said("SmartChargingCtrlr.Entries[ChargingProfiles]", "3"),
                said("SmartChargingCtrlr.MaxExternalConstraintsId", "inf"),
            ],
            EDITION_21,
        )

        assert found.units == {RateUnit.AMPERES}
        assert found.periods_per_schedule == 1
        assert found.max_stack_level == 0
        assert found.max_profiles == 2
        assert found.max_external_id == 0

    def test_one_no_outweighs_a_yes(self) -> None:
        found = capability(
            [
                said("SmartChargingCtrlr.Enabled", "false"),
                said("SmartChargingCtrlr.Available", "true"),
            ],
            EDITION_21,
        )

        assert not found.smart_charging

    def test_v2x_that_is_switched_off_supports_no_mode(self) -> None:
        found = capability(
            [
                said("V2XChargingCtrlr.Enabled", "false", evse=1),
                said(
                    "V2XChargingCtrlr.SupportedOperationModes",
                    "CentralSetpoint",
                    evse=1,
                ),
            ],
            EDITION_21,
        )

        assert not found.supports(1, OperationMode.CENTRAL_SETPOINT)

    def test_target_values_do_not_count(self) -> None:
        key = VariableKey("SmartChargingCtrlr", "Enabled")

        assert not capability([Variable(key, "Target", "true")], EDITION_21).read


class TestSaid:
    def test_everything_said_is_found(self) -> None:
        found = capability(FULL, EDITION_21)

        assert found == Capability(
            edition=EDITION_21,
            read=True,
            smart_charging=True,
            units=frozenset(RateUnit),
            periods_per_schedule=24,
            max_stack_level=8,
            max_profiles=12,
            dynamic_profiles=True,
            max_offline_duration=True,
            limit_at_soc=True,
            evse_sleep=False,
            setpoint_priority="CSMS",
            authority=Authority(plugs=((1, "cCCS2"),)),
            max_external_id=50,
            persistent=frozenset(
                {
                    "ChargingStationMaxProfile",
                    "TxDefaultProfile",
                    "PriorityCharging",
                    "TxProfile",
                }
            ),
            v2x=found.v2x,
            connectors=((1, 1),),
            measurands=frozenset(
                {
                    "Energy.Active.Import.Register",
                    "Energy.Active.Export.Register",
                    "SoC",
                }
            ),
            has_display=True,
            event_sampling=True,
            items_per_get=20,
            items_per_set=5,
            tx_start_points=frozenset({"EVConnected", "Authorized"}),
            tx_stop_points=frozenset({"EVConnected"}),
        )
        assert found.supports(1, OperationMode.CENTRAL_SETPOINT)
        assert not found.supports(1, OperationMode.LOCAL_FREQUENCY)
        assert not found.supports(2, OperationMode.CENTRAL_SETPOINT)
        assert found.meters_export
        assert found.idle_keeps_transaction

    def test_a_controller_of_the_station_speaks_for_every_evse(self) -> None:
        found = capability(
            [said("V2XChargingCtrlr.SupportedOperationModes", "CentralSetpoint")],
            EDITION_21,
        )

        assert found.supports(7, OperationMode.CENTRAL_SETPOINT)

    def test_every_profile_of_2_0_1_outlives_a_reboot(self) -> None:
        """K01.FR.27."""
        assert "TxProfile" in capability(FULL, EDITION_201).persistent

    def test_zero_power_ends_a_transaction_where_energy_bounds_it(self) -> None:
        found = capability([said("TxCtrlr.TxStopPoint", "EnergyTransfer")], EDITION_21)

        assert not found.idle_keeps_transaction


class TestDocuments:
    def test_what_is_written_is_read(self) -> None:
        found = capability(FULL, EDITION_21)

        assert from_document(to_document(found)) == found

    def test_nothing_written_is_unread(self) -> None:
        assert from_document({}) is UNREAD

    def test_what_a_newer_release_wrote_is_ignored(self) -> None:
        assert from_document({"edition": EDITION_21, "levitates": True}) == Capability(
            edition=EDITION_21
        )


@pytest.mark.parametrize(
    ("text", "flag"),
    [("true", True), ("True", True), ("1", True), ("false", False), ("0", False)],
)
def test_flags_are_read_as_stations_write_them(text: str, *, flag: bool) -> None:
    assert as_flag(text) is flag
    assert as_flag("") is None


@given(st.lists(st.text("abcXYZ.", min_size=1), unique=True))
def test_members_survive_blanks_and_empty_members(members: list[str]) -> None:
    text = " , ".join(["", *members, ""])

    assert as_members(text) == frozenset(members)
