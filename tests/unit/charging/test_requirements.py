"""What a station must have for a request: the table, row by row."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csms.charging.device_model import DeviceModel
from csms.charging.requirement import Lack
from csms.charging.requirements import (
    TABLE,
    UNREAD,
    judge,
    looks_at,
    repetition,
)
from csms.domain.station import EDITION_21, Variable
from tests.fakes.device_model import variable

Json = dict[str, Any]


def a_model(*variables: Variable, complete: bool = True) -> DeviceModel:
    return DeviceModel.of(variables, complete=complete, evses=(1, 2))


def lacks(action: str, payload: Json, *variables: Variable) -> tuple[Lack, ...]:
    return judge(action, payload, a_model(*variables), EDITION_21).lacks


def on(controller: str) -> Variable:
    return variable(f"{controller}.Enabled", "true")


def off(controller: str, word: str = "Enabled") -> Variable:
    return variable(f"{controller}.{word}", "false")


CONTROLLERS = {
    "ReserveNow": "ReservationCtrlr",
    "CancelReservation": "ReservationCtrlr",
    "ClearCache": "AuthCacheCtrlr",
    "SendLocalList": "LocalAuthListCtrlr",
    "GetLocalListVersion": "LocalAuthListCtrlr",
    "GetCompositeSchedule": "SmartChargingCtrlr",
    "GetChargingProfiles": "SmartChargingCtrlr",
    "UsePriorityCharging": "SmartChargingCtrlr",
    "SetMonitoringBase": "MonitoringCtrlr",
    "SetMonitoringLevel": "MonitoringCtrlr",
    "GetMonitoringReport": "MonitoringCtrlr",
    "ClearVariableMonitoring": "MonitoringCtrlr",
    "GetDisplayMessages": "DisplayMessageCtrlr",
    "ClearDisplayMessage": "DisplayMessageCtrlr",
    "AFRRSignal": "V2XChargingCtrlr",
    "RequestBatterySwap": "BatterySwapCtrlr",
    "NotifyWebPaymentStarted": "WebPaymentsCtrlr",
}


@pytest.mark.parametrize(("action", "controller"), CONTROLLERS.items())
def test_a_controller_must_be_there_and_switched_on(
    action: str, controller: str
) -> None:
    payload: Json = {"evseId": 1}

    (absent,) = lacks(action, payload)
    (disabled,) = lacks(action, payload, off(controller))
    (unavailable,) = lacks(action, payload, off(controller, "Available"))

    assert absent.problem == f"has no {controller}"
    assert disabled.remedy == f"set {controller}.Enabled to true first"
    assert f"{controller}.Available is false" in unavailable.problem
    assert not lacks(action, payload, on(controller))


def test_every_controller_of_the_table_is_looked_at() -> None:
    for action, controller in CONTROLLERS.items():
        assert controller in looks_at(action, {})


def test_a_model_that_was_never_read_forbids_nothing_and_warns() -> None:
    for action in TABLE:
        verdict = judge(action, {}, DeviceModel(), EDITION_21)
        assert verdict.lacks == ()
        assert verdict.warnings == (UNREAD,)


def test_an_action_without_a_row_needs_nothing() -> None:
    model = a_model()

    assert judge("ClearChargingProfile", {"chargingProfileId": 1}, model, "").lacks == (
        ()
    )
    assert looks_at("Heartbeat", {}) == frozenset()


def test_silence_of_an_incomplete_report_only_warns() -> None:
    model = a_model(complete=False)
    verdict = judge("SendLocalList", {}, model, EDITION_21)

    assert verdict.lacks == ()
    assert verdict.warnings == ("perhaps it has no LocalAuthListCtrlr",)


def test_what_an_incomplete_report_says_still_counts() -> None:
    model = a_model(off("LocalAuthListCtrlr"), complete=False)

    (lack,) = judge("SendLocalList", {}, model, EDITION_21).lacks

    assert lack.said


PLUG = variable("Connector@1.ConnectorType", "cCCS1")


@pytest.mark.parametrize(
    ("action", "payload", "field", "words"),
    [
        ("UnlockConnector", {"evseId": 3, "connectorId": 1}, "evseId", "no EVSE 3"),
        ("Reset", {"type": "OnIdle", "evseId": 9}, "evseId", "no EVSE 9"),
        ("TriggerMessage", {"evse": {"id": 5}}, "evse.id", "no EVSE 5"),
        ("ChangeAvailability", {"evse": {"id": 4}}, "evse.id", "no EVSE 4"),
        ("RequestStartTransaction", {"evseId": 7}, "evseId", "no EVSE 7"),
    ],
)
def test_an_evse_must_exist(action: str, payload: Json, field: str, words: str) -> None:
    (lack,) = lacks(action, payload)

    assert lack.field == field
    assert words in lack.problem
    assert lack.remedy == "its EVSEs are 1, 2"


def test_a_connector_must_exist_where_connectors_are_known() -> None:
    model = DeviceModel.of((), complete=True, evses=(1,), connectors=[(1, 1)])
    wrong = {"evseId": 1, "connectorId": 2}

    (lack,) = judge("UnlockConnector", wrong, model, EDITION_21).lacks

    assert lack.field == "connectorId"
    assert not judge(
        "UnlockConnector", {"evseId": 1, "connectorId": 1}, model, ""
    ).lacks


def test_a_reservation_without_an_evse_needs_a_station_that_takes_them() -> None:
    whole = {"id": 1}
    able = on("ReservationCtrlr")

    (lack,) = lacks("ReserveNow", whole, able)

    assert "NonEvseSpecific" in lack.problem
    assert not lacks(
        "ReserveNow", whole, able, variable("ReservationCtrlr.NonEvseSpecific", "true")
    )


def a_list(count: int) -> Json:
    return {"localAuthorizationList": [{"idToken": {}}] * count}


def test_a_list_is_no_longer_than_the_station_takes() -> None:
    known = [
        on("LocalAuthListCtrlr"),
        variable("LocalAuthListCtrlr.ItemsPerMessage", "3"),
    ]

    (lack,) = lacks("SendLocalList", a_list(4), *known)

    assert lack.field == "localAuthorizationList"
    assert "takes 3 at once" in lack.problem
    assert not lacks("SendLocalList", a_list(3), *known)


def test_a_request_is_no_longer_than_the_station_takes() -> None:
    known = [
        on("LocalAuthListCtrlr"),
        variable("LocalAuthListCtrlr.BytesPerMessage", "60"),
    ]

    (lack,) = lacks("SendLocalList", a_list(4), *known)

    assert "bytes" in lack.problem
    assert not lacks("SendLocalList", a_list(1), *known)


# -- variables -----------------------------------------------------------------------


def setting(name: str, value: str, **more: Any) -> Json:  # noqa: ANN401
    component, _, variable_ = name.partition(".")
    entry = {
        "component": {"name": component},
        "variable": {"name": variable_},
        "attributeValue": value,
    }
    return {"setVariableData": [entry | more]}


def traits(kind: str, **more: Any) -> Json:  # noqa: ANN401
    return {"dataType": kind, "supportsMonitoring": False, **more}


NUMBER = variable("A.N", "5", characteristics=traits("integer", minLimit=1, maxLimit=9))
PARTS = variable("A.D", "0.5", characteristics=traits("decimal", maxLimit=1, unit="A"))
FLAG = variable("A.F", "true", characteristics=traits("boolean"))
OPTION = variable("A.O", "x", characteristics=traits("OptionList", valuesList="x, y"))
MEMBERS = variable("A.M", "x", characteristics=traits("MemberList", valuesList="x,y"))
WORDS = variable("A.S", "x", characteristics=traits("string", maxLimit=3))
INSTANT = variable("A.T", "", characteristics=traits("dateTime"))
FIXED = variable("A.R", "1", mutability="ReadOnly")
CONSTANT = variable("A.C", "1", constant=True)
HIDDEN = variable("A.H", "1", mutability="WriteOnly")
ALL = (NUMBER, PARTS, FLAG, OPTION, MEMBERS, WORDS, INSTANT, FIXED, CONSTANT, HIDDEN)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("A.N", "0", "less than 1"),
        ("A.N", "10", "more than 9"),
        ("A.N", "1.5", "not a whole number"),
        ("A.N", "nan", "not a whole number"),
        ("A.D", "1.1", "more than 1 A"),
        ("A.D", "inf", "not a number"),
        ("A.F", "yes", "neither true nor false"),
        ("A.O", "z", "none of x, y"),
        ("A.M", "x,z", "may only hold x, y"),
        ("A.S", "long", "longer than 3"),
        ("A.T", "2026-07-14T00:00:00", "not an instant"),
        ("A.T", "soon", "not an instant"),
        ("A.R", "1", "does not let A.R be written"),
        ("A.C", "1", "does not let A.C be written"),
        ("A.X", "1", "has no variable A.X"),
        ("B.X", "1", "has no component B"),
    ],
)
def test_a_variable_is_there_can_be_written_and_takes_the_value(
    name: str, value: str, words: str
) -> None:
    (lack,) = lacks("SetVariables", setting(name, value), *ALL)

    assert lack.field.startswith("setVariableData[0].")
    assert words in lack.problem


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("A.N", "1"),
        ("A.N", "9"),
        ("A.D", "-3.5"),
        ("A.F", "False"),
        ("A.O", "y"),
        ("A.M", "y,x"),
        ("A.M", ""),
        ("A.S", "abc"),
        ("A.T", "2026-07-14T00:00:00Z"),
        ("A.H", "secret"),
    ],
)
def test_a_value_that_fits_is_let_through(name: str, value: str) -> None:
    assert not lacks("SetVariables", setting(name, value), *ALL)


def test_a_value_of_another_kind_must_be_there() -> None:
    (lack,) = lacks("SetVariables", setting("A.N", "5", attributeType="Target"), *ALL)

    assert lack.field == "setVariableData[0].attributeType"


def test_what_cannot_be_read_is_not_asked_for() -> None:
    asked = {
        "getVariableData": [{"component": {"name": "A"}, "variable": {"name": "H"}}]
    }

    (lack,) = lacks("GetVariables", asked, *ALL)

    assert "B06.FR.09" in lack.problem


def test_a_variable_that_is_named_twice_is_found() -> None:
    one, other = setting("A.N", "1"), setting("A.N", "2", attributeType="Actual")
    both = {"setVariableData": one["setVariableData"] + other["setVariableData"]}
    target = setting("A.N", "2", attributeType="Target")
    apart = {"setVariableData": one["setVariableData"] + target["setVariableData"]}

    assert repetition("SetVariables", both) == "setVariableData[1]"
    assert repetition("SetVariables", apart) is None


@pytest.mark.parametrize("action", ["SetVariables", "GetVariables"])
def test_no_more_variables_at_once_than_the_station_takes(action: str) -> None:
    name = "setVariableData" if action == "SetVariables" else "getVariableData"
    entries = [
        {"component": {"name": "A"}, "variable": {"name": each}, "attributeValue": "1"}
        for each in ("N", "S")
    ]
    limit = variable(f"DeviceDataCtrlr.ItemsPerMessage[{action}]", "1")

    (lack,) = lacks(action, {name: entries}, *ALL, limit)

    assert lack.field == name
    assert not lacks(action, {name: entries[:1]}, *ALL, limit)


def test_only_what_can_be_monitored_is_monitored() -> None:
    known = on("MonitoringCtrlr")
    entry = {"component": {"name": "A"}, "variable": {"name": "N"}, "type": "Delta"}
    text = {**entry, "variable": {"name": "S"}, "type": "UpperThreshold"}
    watched = variable("A.S", "x", characteristics={"dataType": "string"})

    (one,) = lacks(
        "SetVariableMonitoring", {"setMonitoringData": [entry]}, known, NUMBER
    )
    (two,) = lacks(
        "SetVariableMonitoring", {"setMonitoringData": [text]}, known, watched
    )

    assert "does not monitor A.N" in one.problem
    assert "no number in A.S" in two.problem


def test_a_custom_report_speaks_of_components_that_are_there() -> None:
    asked = {"componentVariable": [{"component": {"name": "Z"}}]}

    (lack,) = lacks("GetReport", asked, *ALL)

    assert lack.field == "componentVariable[0].component"
    assert not lacks("GetReport", {"componentCriteria": ["Problem"]}, *ALL)


# -- profiles ------------------------------------------------------------------------

SMART = (
    on("SmartChargingCtrlr"),
    variable("SmartChargingCtrlr.ProfileStackLevel", "2"),
    variable("SmartChargingCtrlr.RateUnit", "W"),
    variable("SmartChargingCtrlr.PeriodsPerSchedule", "2"),
)
V2X = (
    variable("V2XChargingCtrlr@1.Enabled", "true"),
    variable("V2XChargingCtrlr@1.SupportedOperationModes", "CentralSetpoint"),
)


SCHEDULE = "chargingProfile.chargingSchedule[0]"


def a_profile(
    *,
    level: int = 0,
    unit: str = "W",
    kind: str = "Absolute",
    modes: tuple[Any, ...] = (),
) -> Json:
    periods = [{"startPeriod": 0, "operationMode": each} for each in modes or (None,)]
    schedule = {"chargingRateUnit": unit, "chargingSchedulePeriod": periods}
    profile = {
        "stackLevel": level,
        "chargingProfileKind": kind,
        "chargingSchedule": [schedule],
    }
    return {"evseId": 1, "chargingProfile": profile}


@pytest.mark.parametrize(
    ("payload", "field"),
    [
        (a_profile(level=3), "chargingProfile.stackLevel"),
        (a_profile(unit="A"), "chargingProfile.chargingSchedule[0].chargingRateUnit"),
        (
            a_profile(modes=(None, None, None)),
            "chargingProfile.chargingSchedule[0].chargingSchedulePeriod",
        ),
        (a_profile(kind="Dynamic"), "chargingProfile.chargingProfileKind"),
        (
            a_profile(modes=("LocalFrequency",)),
            f"{SCHEDULE}.chargingSchedulePeriod[0].operationMode",
        ),
    ],
)
def test_a_profile_fits_the_station(payload: Json, field: str) -> None:
    (lack,) = lacks("SetChargingProfile", payload, *SMART, *V2X)

    assert lack.field == field
    assert lack.remedy


def test_a_profile_that_fits_is_let_through() -> None:
    fits = a_profile(level=2, modes=("CentralSetpoint", "ChargingOnly"))

    assert not lacks("SetChargingProfile", fits, *SMART, *V2X)


def test_a_station_without_v2x_is_sent_no_mode_of_it() -> None:
    wrong = a_profile(modes=("CentralSetpoint",))

    (lack,) = lacks("SetChargingProfile", wrong, *SMART)

    assert "no V2XChargingCtrlr" in lack.problem


def test_a_start_with_a_profile_is_held_against_it_too() -> None:
    assert lacks("RequestStartTransaction", a_profile(level=9), *SMART)
    assert not lacks("RequestStartTransaction", {"evseId": 1}, *SMART)


# -- ways to connect, restarts, files, texts, grid controls ----------------------------

SLOTS = variable(
    "OCPPCommCtrlr.NetworkConfigurationPriority",
    "1",
    characteristics=traits("SequenceList", valuesList="1,2"),
)


def a_way(slot: int = 1, profile: int = 2) -> Json:
    return {"configurationSlot": slot, "connectionData": {"securityProfile": profile}}


def at(profile: int, *, downgrade: bool = False) -> tuple[Variable, ...]:
    return (
        SLOTS,
        variable("SecurityCtrlr.SecurityProfile", str(profile)),
        variable("SecurityCtrlr.AllowSecurityProfileDowngrade", str(downgrade).lower()),
    )


@pytest.mark.parametrize(
    ("now", "then", "downgrade", "allowed"),
    [
        (2, 1, False, False),
        (3, 2, False, False),
        (3, 2, True, True),
        (3, 1, True, False),
        (2, 1, True, False),
        (1, 2, False, True),
        (2, 2, False, True),
    ],
    ids=str,
)
def test_a_security_profile_is_not_lowered(
    now: int,
    then: int,
    downgrade: bool,  # noqa: FBT001
    allowed: bool,  # noqa: FBT001
) -> None:
    found = lacks("SetNetworkProfile", a_way(1, then), *at(now, downgrade=downgrade))

    assert (found == ()) is allowed


def test_a_slot_must_exist() -> None:
    (lack,) = lacks("SetNetworkProfile", a_way(7), *at(1))

    assert lack.field == "configurationSlot"
    assert lack.remedy == "its slots are 1, 2"


def test_an_evse_that_is_not_restarted_alone_is_not() -> None:
    never = variable("EVSE@1.AllowReset", "false")

    (lack,) = lacks("Reset", {"type": "Immediate", "evseId": 1}, never)

    assert lack.remedy == "restart the whole station"
    assert not lacks("Reset", {"type": "Immediate", "evseId": 2}, never)
    assert not lacks("Reset", {"type": "Immediate"}, never)


def test_what_is_not_resumed_is_not_asked_to_be() -> None:
    resume = {"type": "ImmediateAndResume"}

    assert lacks("Reset", resume)
    assert lacks("Reset", resume, variable("TxCtrlr.ResumptionTimeout", "0"))
    assert not lacks("Reset", resume, variable("TxCtrlr.ResumptionTimeout", "60"))


@pytest.mark.parametrize(
    ("action", "path"),
    [
        ("GetLog", ("log", "remoteLocation")),
        ("UpdateFirmware", ("firmware", "location")),
        ("PublishFirmware", ("location",)),
    ],
)
def test_a_file_goes_by_a_protocol_that_the_station_speaks(
    action: str, path: tuple[str, ...]
) -> None:
    known = variable("OCPPCommCtrlr.FileTransferProtocols", "HTTPS,SFTP")

    def asked(url: str) -> Json:
        payload: Any = url
        for step in reversed(path):
            payload = {step: payload}
        return dict(payload)

    (lack,) = lacks(action, asked("ftp://files.example/x"), known)

    assert lack.field == ".".join(path)
    assert not lacks(action, asked("https://files.example/x"), known)


def test_a_display_shows_what_it_can() -> None:
    known = (
        on("DisplayMessageCtrlr"),
        variable("DisplayMessageCtrlr.SupportedFormats", "UTF8"),
        variable("DisplayMessageCtrlr.SupportedPriorities", "NormalCycle"),
    )
    shown = {"message": {"priority": "NormalCycle", "message": {"format": "HTML"}}}

    (lack,) = lacks("SetDisplayMessage", shown, *known)

    assert lack.field == "message.message.format"


def test_a_grid_control_needs_a_controller_that_knows_it() -> None:
    known = variable("DCDERCtrlr@1.ModesSupported", "EnterService,VoltWatt")

    assert lacks("GetDERControl", {})
    assert not lacks("GetDERControl", {}, known)
    assert not lacks("SetDERControl", {"controlType": "VoltWatt"}, known)
    (lack,) = lacks("SetDERControl", {"controlType": "FreqDroop"}, known)
    assert lack.field == "controlType"


def test_a_vendor_that_is_switched_off_is_not_spoken_to() -> None:
    known = variable("CustomizationCtrlr.CustomImplementationEnabled[x]", "false")

    assert lacks("DataTransfer", {"vendorId": "x"}, known)
    assert not lacks("DataTransfer", {"vendorId": "y"}, known)


def test_only_who_speaks_iso_15118_needs_its_roots() -> None:
    root = {"certificateType": "V2GRootCertificate"}

    assert lacks("InstallCertificate", root)
    assert not lacks("InstallCertificate", root, on("ISO15118Ctrlr"))
    assert not lacks("InstallCertificate", {"certificateType": "CSMSRootCertificate"})


def test_no_stream_where_none_is_kept() -> None:
    none = variable("MonitoringCtrlr.MaxPeriodicEventStreams", "0")

    assert lacks("AdjustPeriodicEventStream", {}, on("MonitoringCtrlr"), none)
    assert not lacks("AdjustPeriodicEventStream", {}, on("MonitoringCtrlr"))


def test_tariffs_and_costs_are_switched_apart() -> None:
    cost = variable("TariffCostCtrlr.Enabled[Cost]", "false")
    tariff = variable("TariffCostCtrlr.Enabled[Tariff]", "true")

    assert lacks("CostUpdated", {}, cost, tariff)
    assert not lacks("GetTariffs", {"evseId": 0}, cost, tariff)


names = st.sampled_from(["Enabled", "Available", "RateUnit", "ItemsPerMessage", "X"])
values = st.one_of(
    st.none(), st.text(max_size=8), st.integers().map(str), st.sampled_from(["true"])
)


@settings(max_examples=50, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(sorted(set(CONTROLLERS.values()))), names, values)
    ),
    st.sampled_from(sorted(CONTROLLERS)),
    st.booleans(),
)
def test_no_device_model_however_odd_breaks_the_table(
    said: list[tuple[str, str, str | None]],
    action: str,
    complete: bool,  # noqa: FBT001
) -> None:
    found = [variable(f"{one}.{name}", value or "") for one, name, value in said]
    model = DeviceModel.of(found, complete=complete)

    verdict = judge(action, {"evseId": 1}, model, EDITION_21)

    assert all(each.problem and each.remedy for each in verdict.lacks)
    assert complete or all(each.said for each in verdict.lacks)
