"""A conversation about a device model: with good stations and with odd ones."""

import pytest

from csms.charging.configuration import MEASURANDS, SAMPLING, Sampling, by_key
from csms.domain.station import VariableKey
from csms.services.configuring import INCOMPLETE, UNREADABLE, Configurator
from csms.services.ports.wire import Inventory, NoAnswer, VariableSetting
from tests.fakes.device_model import STATION, FakeModel, variable

LISTS = (
    "AlignedDataCtrlr.Measurands",
    "AlignedDataCtrlr.TxEndedMeasurands",
    "SampledDataCtrlr.TxStartedMeasurands",
    "SampledDataCtrlr.TxUpdatedMeasurands",
    "SampledDataCtrlr.TxEndedMeasurands",
)
FLAGS = (
    "AlignedDataCtrlr.Enabled",
    "AlignedDataCtrlr.SendDuringIdle",
    "SampledDataCtrlr.Enabled",
    "SampledDataCtrlr.RegisterValuesWithoutPhases",
)
NUMBERS = (
    "AlignedDataCtrlr.Interval",
    "AlignedDataCtrlr.TxEndedInterval",
    "SampledDataCtrlr.TxUpdatedInterval",
    "OCPPCommCtrlr.HeartbeatInterval",
)
UPDATED = VariableKey("SampledDataCtrlr", "TxUpdatedMeasurands")
ALL = ",".join(MEASURANDS)


def whole_model() -> FakeModel:
    return FakeModel(
        variable("SmartChargingCtrlr.Enabled", "true", mutability="ReadOnly"),
        *(variable(name, MEASURANDS[0]) for name in LISTS),
        *(variable(name, "false") for name in FLAGS),
        *(variable(name, "0") for name in NUMBERS),
    )


def talking_to(model: FakeModel) -> Configurator:
    return Configurator(model, Sampling(), report_s=1.0)


async def configured(model: FakeModel) -> tuple[str, ...]:
    talk = talking_to(model)
    learned = await talk.learn(STATION, [1])
    done = await talk.configure(
        STATION, learned.variables, items_per_set=5, items_per_get=4
    )
    return (*learned.shortcomings, *done.shortcomings)


class TestLearning:
    """B07."""

    async def test_a_full_inventory_is_all_there_is(self) -> None:
        model = whole_model()

        learned = await talking_to(model).learn(STATION, [1])

        assert by_key(learned.variables) == model.known
        assert learned.shortcomings == ()
        assert model.calls == ["FullInventory"]

    async def test_gaps_are_filled_variable_by_variable(self) -> None:
        model = whole_model()
        model.reports = {Inventory.FULL: False}

        learned = await talking_to(model).learn(STATION, [1])

        assert set(by_key(learned.variables)) == set(model.known)
        assert learned.shortcomings == (INCOMPLETE,)

    @pytest.mark.parametrize("how", ["unsupported", "refused", "unanswered"])
    async def test_without_any_report_the_essentials_are_asked_for(
        self, how: str
    ) -> None:
        model = whole_model()
        model.reports = {}
        model.errors = {"report"} if how == "refused" else set()
        model.silent = {"report"} if how == "unanswered" else set()

        learned = await talking_to(model).learn(STATION, [1])

        assert VariableKey("SmartChargingCtrlr", "Enabled") in by_key(learned.variables)
        assert learned.shortcomings == ()
        assert max(model.batches) <= 5

    async def test_a_configuration_inventory_is_better_than_none(self) -> None:
        model = whole_model()
        model.reports = {Inventory.CONFIGURATION: True}

        learned = await talking_to(model).learn(STATION, [1])

        assert set(by_key(learned.variables)) == set(model.known)
        assert learned.shortcomings == ()

    async def test_a_station_that_tells_nothing_is_unreadable(self) -> None:
        model = FakeModel()
        model.silent = {"report", "get"}

        learned = await talking_to(model).learn(STATION, [1])

        assert learned.variables == ()
        assert learned.shortcomings == (UNREADABLE,)

    async def test_a_station_that_has_left_ends_the_conversation(self) -> None:
        model = whole_model()
        model.gone = True

        with pytest.raises(NoAnswer):
            await talking_to(model).learn(STATION, [1])


class TestConfiguring:
    """B05, B06."""

    async def test_a_good_station_has_no_shortcomings(self) -> None:
        model = whole_model()

        assert await configured(model) == ()
        assert model.known[UPDATED].value == ALL
        assert model.known[SAMPLING].value == "60"

    async def test_twice_is_once(self) -> None:
        model = whole_model()
        await configured(model)
        model.calls.clear()

        await configured(model)

        assert "SetVariables" not in model.calls

    async def test_no_call_has_more_variables_than_the_station_takes(self) -> None:
        """B05.FR.11, B06.FR.05."""
        model = whole_model()

        await configured(model)

        assert max(model.batches) <= 5

    async def test_a_list_refused_for_one_measurand_is_set_without_it(self) -> None:
        model = whole_model()
        model.refused[UPDATED] = {"SoC"}

        short = await configured(model)

        assert model.known[UPDATED].value == ",".join(MEASURANDS[:-1])
        assert short == (f"{UPDATED.text} cannot hold SoC",)

    async def test_a_value_that_is_refused_is_a_shortcoming(self) -> None:
        model = whole_model()
        model.refused[SAMPLING] = {"60"}

        short = await configured(model)

        assert short == (f"{SAMPLING.text} was not set: Rejected no",)

    async def test_accepted_is_not_done_until_it_is_read_back(self) -> None:
        model = whole_model()
        model.stubborn = {SAMPLING}

        short = await configured(model)

        assert short == (f"{SAMPLING.text} was set to '60' but reads '0'",)

    async def test_a_restart_that_is_needed_is_remembered(self) -> None:
        model = whole_model()
        model.reboot = {SAMPLING}

        assert await configured(model) == (f"{SAMPLING.text} needs a restart",)

    async def test_a_station_that_never_sets_anything_is_served_all_the_same(
        self,
    ) -> None:
        model = whole_model()
        model.silent = {"set"}

        short = await configured(model)

        assert f"{SAMPLING.text} was not set: unanswered" in short

    async def test_values_that_cannot_be_read_back_are_shortcomings(self) -> None:
        model = whole_model()
        model.errors = {"get"}

        short = await configured(model)

        assert f"{SAMPLING.text} was set to '60' but reads NotImplemented" in short


class TestRefreshing:
    async def test_what_a_restart_forgot_is_seen(self) -> None:
        model = whole_model()
        await configured(model)
        kept = list(model.known.values())
        await model.set_variables(STATION, [VariableSetting(SAMPLING, "3")])

        fresh = await talking_to(model).refresh(STATION, kept, at_once=7)

        assert by_key(fresh.variables)[SAMPLING].value == "3"
        assert len(fresh.variables) == len(kept)
