"""Requests as they are: checked, judged, and sent with three distinct results."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csms.blocks.commanding import StationCommands
from csms.domain.ids import StationId
from csms.domain.station import EDITION_21, EDITION_201
from csms.ocpp.link import Priority, Refused, Stale, Unanswered, Unreachable
from csms.services.ports.wire import (
    CommandResult,
    Discharge,
    FieldError,
    Means,
    Outcome,
    Silence,
)
from tests.fakes.link import FakeLink

STATION = StationId("MA-TEST-01")
HERE = StationCommands(lambda _: None)


def a_profile(
    *periods: dict[str, Any], duration: int | None = 3600, evse: int = 1
) -> dict[str, Any]:
    schedule: dict[str, Any] = {
        "id": 1,
        "chargingRateUnit": "W",
        "startSchedule": "2026-07-14T21:00:00Z",
        "chargingSchedulePeriod": [{"startPeriod": 0, **each} for each in periods],
    }
    if duration is not None:
        schedule["duration"] = duration
    return {
        "evseId": evse,
        "chargingProfile": {
            "id": 1,
            "stackLevel": 0,
            "chargingProfilePurpose": "TxDefaultProfile",
            "chargingProfileKind": "Absolute",
            "chargingSchedule": [schedule],
        },
    }


class TestActions:
    def test_each_edition_has_its_own(self) -> None:
        old, new = HERE.actions(EDITION_201), HERE.actions(EDITION_21)

        assert "UpdateDynamicSchedule" in set(new) - set(old)
        assert "TriggerMessage" in old
        assert set(old) < set(new)


class TestChecking:
    def test_a_good_request_has_no_errors(self) -> None:
        payload = {"requestedMessage": "BootNotification"}

        assert HERE.check(EDITION_21, "TriggerMessage", payload) == ()

    @pytest.mark.parametrize(
        ("payload", "path"),
        [
            ({}, "requestedMessage"),
            ({"requestedMessage": "Nothing"}, "requestedMessage"),
            ({"requestedMessage": "Heartbeat", "x": 1}, "x"),
            ({"requestedMessage": "Heartbeat", "evse": {"id": -1}}, "evse.id"),
        ],
        ids=["missing", "unknown word", "unknown field", "out of range"],
    )
    def test_each_error_has_its_place(self, payload: dict[str, Any], path: str) -> None:
        errors = HERE.check(EDITION_21, "TriggerMessage", payload)

        assert [each.path for each in errors] == [path]
        assert errors[0].problem

    def test_a_place_in_a_list_is_counted(self) -> None:
        payload = a_profile({"limit": "much"})

        (error,) = HERE.check(EDITION_21, "SetChargingProfile", payload)

        assert error.path == (
            "chargingProfile.chargingSchedule[0].chargingSchedulePeriod[0].limit"
        )

    def test_an_older_edition_does_not_know_everything(self) -> None:
        payload = a_profile({"setpoint": -5000, "operationMode": "CentralSetpoint"})

        errors = HERE.check(EDITION_201, "SetChargingProfile", payload)

        assert len(errors) == 1
        assert isinstance(errors[0], FieldError)
        assert "ocpp2.0.1" in errors[0].problem


class TestJudging:
    """Nothing bypasses v2x rules 1 to 5: what could discharge is seen."""

    @pytest.mark.parametrize(
        ("period", "means"),
        [
            ({"limit": -1}, Means.NEGATIVE_LIMIT),
            ({"limit": 0, "limit_L2": -1}, Means.NEGATIVE_LIMIT),
            ({"setpoint": -0.1}, Means.SETPOINT),
            ({"setpoint": 1, "setpoint_L3": -1}, Means.SETPOINT),
            ({"dischargeLimit": -1}, Means.OTHER),
            ({"operationMode": "LocalFrequency"}, Means.OTHER),
            ({"operationMode": "ExternalSetpoint"}, Means.OTHER),
            ({"v2xBaseline": 0}, Means.OTHER),
            (
                {"v2xFreqWattCurve": [{"frequency": 60, "power": 1}] * 2},
                Means.OTHER,
            ),
        ],
    )
    def test_a_period_that_could_discharge_is_seen(
        self, period: dict[str, Any], means: Means
    ) -> None:
        payload = a_profile({"limit": 1000}, period)

        found = HERE.discharge("SetChargingProfile", payload)

        assert found == Discharge(1, frozenset({means}), finite=True)

    @pytest.mark.parametrize(
        "period",
        [
            {"limit": 0},
            {"setpoint": 0, "operationMode": "CentralSetpoint"},
            {"operationMode": "Idle"},
            {"setpoint": 5000, "dischargeLimit": -1000},
        ],
    )
    def test_a_period_that_only_charges_is_harmless(
        self, period: dict[str, Any]
    ) -> None:
        assert HERE.discharge("SetChargingProfile", a_profile(period)) is None

    def test_a_schedule_without_duration_has_no_end(self) -> None:
        """v2x rule 7."""
        payload = a_profile({"limit": -1}, duration=None)

        found = HERE.discharge("SetChargingProfile", payload)

        assert found is not None
        assert not found.finite

    def test_a_profile_can_come_with_a_start(self) -> None:
        start = {"idToken": {"idToken": "", "type": "NoAuthorization"}}
        profile = a_profile({"limit": -1})["chargingProfile"]

        assert HERE.discharge("RequestStartTransaction", start) is None
        assert HERE.discharge(
            "RequestStartTransaction", {**start, "chargingProfile": profile}
        ) == Discharge(None, frozenset({Means.NEGATIVE_LIMIT}), finite=True)

    def test_an_update_can_turn_the_direction(self) -> None:
        def judged(**update: float) -> Discharge | None:
            return HERE.discharge(
                "UpdateDynamicSchedule",
                {"chargingProfileId": 1, "scheduleUpdate": update},
            )

        assert judged(setpoint=10) is None
        assert judged(setpoint=-10) == Discharge(
            None, frozenset({Means.SETPOINT}), finite=True
        )

    @pytest.mark.parametrize(
        ("data", "finite"),
        [
            ('{"evseId":1,"setpointW":-5000}', True),
            ({"deep": [{"power": "-5.5"}]}, True),
            ("setpoint=-5000", False),
            (-1, True),
            ("-1", True),
        ],
    )
    def test_a_number_below_zero_in_vendor_words_is_seen(
        self, data: object, *, finite: bool
    ) -> None:
        """Only of figures that are named as JSON names them is the end known."""
        found = HERE.discharge("DataTransfer", {"vendorId": "v", "data": data})

        assert found is not None
        assert found.means == {Means.VENDOR_WORDS}
        assert found.finite == finite

    @pytest.mark.parametrize(
        ("message", "data"),
        [
            ("StartDischarge", '{"watts":5000}'),
            (None, "discharge=5000"),
            (None, '{"evseId":1,"exportW":5000}'),
            ("V2G", {"power": "5.5"}),
        ],
    )
    def test_a_vendor_that_counts_discharge_upwards_is_seen(
        self, message: str | None, data: object
    ) -> None:
        payload = {"vendorId": "v", "messageId": message, "data": data}

        found = HERE.discharge("DataTransfer", payload)

        assert found is not None
        assert found.means == {Means.VENDOR_WORDS}
        assert found.finite

    @pytest.mark.parametrize("data", ["stop discharge", '{"discharge":0}', None])
    def test_a_word_without_a_figure_is_harmless(self, data: object) -> None:
        payload = {"vendorId": "v", "messageId": "Discharge", "data": data}

        assert HERE.discharge("DataTransfer", payload) is None

    @pytest.mark.parametrize(
        "data", [None, "2026-07-14", '{"setpointW":0}', True, "a-b", [1, 2]]
    )
    def test_other_vendor_words_are_harmless(self, data: object) -> None:
        assert HERE.discharge("DataTransfer", {"vendorId": "v", "data": data}) is None

    def test_a_variable_below_zero_is_seen(self) -> None:
        def judged(value: str) -> Discharge | None:
            data = {
                "attributeValue": value,
                "component": {"name": "V2XChargingCtrlr"},
                "variable": {"name": "Setpoint"},
            }
            return HERE.discharge("SetVariables", {"setVariableData": [data]})

        assert judged("true") is None
        assert judged("0") is None
        assert judged("900") is not None
        assert judged("-4000") == Discharge(
            None, frozenset({Means.OTHER}), finite=False
        )

    def test_other_actions_do_not_move_energy(self) -> None:
        assert HERE.discharge("Reset", {"type": "OnIdle"}) is None

    @given(
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
            lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        )
    )
    def test_any_json_can_be_judged(self, data: object) -> None:
        HERE.discharge("DataTransfer", {"vendorId": "v", "data": data})


class TestAsking:
    """Three distinct results."""

    async def test_an_answer(self) -> None:
        link = FakeLink({"Reset": {"status": "Whatever"}})

        result = await StationCommands(lambda _: link).ask(
            STATION, "Reset", {"type": "OnIdle"}
        )

        assert result == CommandResult(Outcome.ANSWERED, payload={"status": "Whatever"})
        assert link.asked == [("Reset", {"type": "OnIdle"}, Priority.ROUTINE)]

    async def test_who_listens_hears_what_was_answered_and_no_silence(self) -> None:
        heard: list[tuple[object, ...]] = []

        def ear(*said: object) -> None:
            heard.append(said)

        link = FakeLink({"Reset": {"status": "Scheduled"}, "GetVariables": {}})
        commands = StationCommands(lambda _: link, ears=(ear,))
        await commands.ask(STATION, "Reset", {"type": "OnIdle"})
        await commands.ask(STATION, "GetVariables", {})
        await commands.ask(STATION, "ClearCache", {})

        assert heard == [
            (STATION, "Reset", {"type": "OnIdle"}, "Scheduled"),
            (STATION, "GetVariables", {}, ""),
        ]

    async def test_an_error(self) -> None:
        link = FakeLink({"Reset": Refused("GenericError", "no", {"a": 1})})

        result = await StationCommands(lambda _: link).ask(STATION, "Reset", {})

        assert result == CommandResult(
            Outcome.CALL_ERROR, code="GenericError", description="no", details={"a": 1}
        )

    @pytest.mark.parametrize(
        ("error", "silence"),
        [
            (Unreachable(), Silence.UNREACHABLE),
            (Unanswered(), Silence.UNANSWERED),
            (Stale(), Silence.STALE),
        ],
    )
    async def test_no_answer(self, error: Exception, silence: Silence) -> None:
        link = FakeLink({"Reset": error})

        result = await StationCommands(lambda _: link).ask(STATION, "Reset", {})

        assert result == CommandResult(Outcome.NO_ANSWER, silence=silence)

    async def test_nobody_there(self) -> None:
        result = await HERE.ask(STATION, "Reset", {})

        assert result == CommandResult(Outcome.NO_ANSWER, silence=Silence.UNREACHABLE)

    async def test_what_stops_goes_before_what_moves(self) -> None:
        """v2x rule 17."""
        link = FakeLink({"ClearChargingProfile": {}, "SetChargingProfile": {}})
        commands = StationCommands(lambda _: link)

        await commands.ask(STATION, "ClearChargingProfile", {})
        await commands.ask(STATION, "SetChargingProfile", {})

        assert [each[2] for each in link.asked] == [Priority.CANCEL, Priority.SETPOINT]
