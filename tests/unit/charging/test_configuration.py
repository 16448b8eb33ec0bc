"""How stations should be set up, and what cannot be had of them."""

import pytest

from csms.charging.configuration import (
    MEASURANDS,
    SAMPLING,
    Sampling,
    Wanted,
    by_key,
    essentials,
    make_of,
    missing,
    same,
    to_set,
    wanted,
)
from csms.domain.station import Make, Variable, VariableKey

ALL = ",".join(MEASURANDS)
INTERVAL = VariableKey("AlignedDataCtrlr", "Interval")
LIST = VariableKey("SampledDataCtrlr", "TxUpdatedMeasurands")


def model(*variables: Variable) -> dict[VariableKey, Variable]:
    return by_key(variables)


class TestWanted:
    """v2x rule 20: both directions; quarter hours by the clock."""

    def test_quarters_by_the_clock_are_never_held_back_by_a_transaction(self) -> None:
        values = {each.key.text: each.value for each in wanted({}, Sampling())}

        assert values["AlignedDataCtrlr.Interval"] == "900"
        assert values["AlignedDataCtrlr.SendDuringIdle"] == "false"
        assert values["AlignedDataCtrlr.Measurands"] == ALL
        assert values["SampledDataCtrlr.TxUpdatedInterval"] == "60"

    def test_events_are_sampled_faster_where_the_station_can(self) -> None:
        mode = VariableKey(
            "V2XChargingCtrlr",
            "TxUpdatedInterval",
            variable_instance="CentralSetpoint",
            evse=1,
        )
        switch = VariableKey("V2XChargingCtrlr", "Enabled", evse=1)
        known = model(Variable(mode, value="900"), Variable(switch, value="false"))

        values = {each.key: each.value for each in wanted(known, Sampling(event_s=20))}

        assert values[mode] == "20"
        assert values[switch] == "true"


class TestToSet:
    def test_what_is_right_already_is_left_alone(self) -> None:
        known = model(Variable(INTERVAL, value="900.0", mutability="ReadWrite"))

        assert to_set([Wanted(INTERVAL, "900")], known) == ([], [])

    def test_what_differs_is_set(self) -> None:
        known = model(Variable(INTERVAL, value="60", mutability="ReadWrite"))

        due, short = to_set([Wanted(INTERVAL, "900")], known)

        assert [each.value for each in due] == ["900"]
        assert short == []

    def test_what_is_not_there_is_a_shortcoming_if_it_is_needed(self) -> None:
        settings = [Wanted(INTERVAL, "900"), Wanted(SAMPLING, "60", needed=False)]

        assert to_set(settings, {}) == (
            [],
            ["AlignedDataCtrlr.Interval does not exist"],
        )

    def test_what_cannot_be_written_is_a_shortcoming(self) -> None:
        known = model(Variable(INTERVAL, value="60", mutability="ReadOnly"))

        due, short = to_set([Wanted(INTERVAL, "900")], known)

        assert due == []
        assert short == ["AlignedDataCtrlr.Interval is '60' and cannot be set"]

    def test_a_list_is_cut_to_what_can_be_measured(self) -> None:
        offers = {"valuesList": f"{MEASURANDS[0]},{MEASURANDS[2]},Voltage"}
        known = model(Variable(LIST, value="", characteristics=offers))

        due, short = to_set([Wanted(LIST, ALL)], known)

        assert [each.value for each in due] == [f"{MEASURANDS[0]},{MEASURANDS[2]}"]
        assert len(short) == 3

    def test_a_list_of_which_nothing_can_be_measured_is_not_set(self) -> None:
        known = model(
            Variable(LIST, value="Voltage", characteristics={"valuesList": "Voltage"})
        )

        due, short = to_set([Wanted(LIST, ALL)], known)

        assert due == []
        assert len(short) == len(MEASURANDS)


class TestSame:
    @pytest.mark.parametrize(
        ("value", "setting", "equal"),
        [
            (None, Wanted(INTERVAL, "900"), False),
            ("900", Wanted(INTERVAL, "900"), True),
            (" 900 ", Wanted(INTERVAL, "900"), True),
            ("901", Wanted(INTERVAL, "900"), False),
            ("TRUE", Wanted(INTERVAL, "true"), True),
            ("false", Wanted(INTERVAL, "true"), False),
            ("word", Wanted(INTERVAL, "word"), True),
            ("B, A", Wanted(LIST, "A,B"), True),
            ("A", Wanted(LIST, "A,B"), False),
        ],
    )
    def test_however_it_is_written(
        self, value: str | None, setting: Wanted, *, equal: bool
    ) -> None:
        assert same(value, setting) is equal


def test_every_measurand_that_a_list_lacks_is_named() -> None:
    short = missing(Wanted(LIST, ",".join(MEASURANDS[1:])))

    assert short == [f"{LIST.text} cannot hold {MEASURANDS[0]}"]


def test_v2x_is_asked_for_at_every_evse() -> None:
    asked = [key for key in essentials([1, 2]) if key.component == "V2XChargingCtrlr"]

    assert sorted({key.evse for key in asked}) == [1, 2]
    assert len(asked) == 6


class TestMake:
    """A station that never boots may still say what it is."""

    def test_the_device_model_names_the_make(self) -> None:
        known = model(
            Variable(VariableKey("ChargingStation", "VendorName"), value="Example"),
            Variable(VariableKey("ChargingStation", "Model"), value=" EW "),
            Variable(VariableKey("Controller", "FirmwareVersion"), value="1.0"),
            Variable(VariableKey("ChargingStation", "SerialNumber"), value="S"),
        )

        assert make_of(known) == Make("Example", "EW", "1.0", "S")

    def test_half_a_name_is_none(self) -> None:
        vendor = Variable(VariableKey("ChargingStation", "VendorName"), value="Example")

        assert make_of(model(vendor)) is None
        assert make_of(model(vendor._replace(value=None))) is None
