"""Which actions there are, and what this system does about each."""

import pytest

from csms.ocpp.messages import ALL_ACTIONS, HANDLED, SENT, WAITING
from csms.ocpp.messages.catalog import MODELED
from csms.ocpp.wire import FROM_STATION, TO_STATION, Direction, Edition, Unconfirmed
from tests.conformance.official import (
    ACTIONS,
    action_names,
    file_names,
    messages,
    models,
)

FROM_STATIONS = """
SecurityEventNotification SignCertificate BootNotification NotifyReport Authorize
NotifySettlement VatNumberValidation TransactionEvent StatusNotification Heartbeat
ReservationStatusUpdate MeterValues NotifyEVChargingNeeds NotifyEVChargingSchedule
NotifyChargingLimit ClearedChargingLimit ReportChargingProfiles
PullDynamicScheduleUpdate NotifyPriorityCharging FirmwareStatusNotification
PublishFirmwareStatusNotification Get15118EVCertificate GetCertificateStatus
GetCertificateChainStatus LogStatusNotification NotifyEvent NotifyMonitoringReport
NotifyCustomerInformation OpenPeriodicEventStream ClosePeriodicEventStream
NotifyPeriodicEventStream NotifyDisplayMessages DataTransfer NotifyDERAlarm
NotifyDERStartStop ReportDERControl BatterySwap
"""
TO_STATIONS = """
CertificateSigned SetVariables GetVariables GetBaseReport GetReport SetNetworkProfile
Reset ClearCache NotifyWebPaymentStarted SendLocalList GetLocalListVersion
GetTransactionStatus RequestStartTransaction RequestStopTransaction UnlockConnector
TriggerMessage ChangeAvailability ReserveNow CancelReservation CostUpdated
SetDefaultTariff GetTariffs ClearTariffs ChangeTransactionTariff SetChargingProfile
GetChargingProfiles ClearChargingProfile GetCompositeSchedule UpdateDynamicSchedule
UsePriorityCharging UpdateFirmware PublishFirmware UnpublishFirmware
InstallCertificate DeleteCertificate GetInstalledCertificateIds GetLog
SetMonitoringBase SetMonitoringLevel SetVariableMonitoring ClearVariableMonitoring
GetMonitoringReport CustomerInformation GetPeriodicEventStream
AdjustPeriodicEventStream SetDisplayMessage GetDisplayMessages ClearDisplayMessage
DataTransfer AFRRSignal NotifyAllowedEnergyTransfer SetDERControl GetDERControl
ClearDERControl RequestBatterySwap
"""


@pytest.mark.parametrize("edition", Edition)
def test_every_official_action_is_known_by_name(edition: Edition) -> None:
    assert ALL_ACTIONS[edition] == action_names(edition)


def test_the_editions_have_64_and_91_actions() -> None:
    assert len(ALL_ACTIONS[Edition.V201]) == 64
    assert len(ALL_ACTIONS[Edition.V21]) == 91


def test_what_stations_ask_is_handled() -> None:
    assert {action.name for action in HANDLED} == set(FROM_STATIONS.split()) - WAITING
    assert len({action.name for action in HANDLED}) == len(HANDLED)


def test_what_we_ask_can_be_sent() -> None:
    assert {action.name for action in SENT} == set(TO_STATIONS.split()) - WAITING
    assert len({action.name for action in SENT}) == len(SENT)


@pytest.mark.parametrize("edition", Edition)
def test_every_official_message_has_a_model(edition: Edition) -> None:
    assert messages(edition).keys() == file_names(edition)


def test_no_action_is_modeled_twice() -> None:
    assert len(ACTIONS) == len(MODELED) == 91


def test_what_is_handled_and_sent_is_the_same_as_what_is_modeled() -> None:
    assert all(ACTIONS[action.name] is action for action in (*HANDLED, *SENT))


def test_either_side_asks_what_the_standard_lets_it_ask() -> None:
    asked = {
        side: {name for name, action in ACTIONS.items() if side in action.direction}
        for side in Direction
    }

    assert asked == {
        FROM_STATION: set(FROM_STATIONS.split()),
        TO_STATION: set(TO_STATIONS.split()),
    }


def test_stations_ask_what_is_handled_and_are_asked_what_is_sent() -> None:
    assert all(FROM_STATION in action.direction for action in HANDLED)
    assert all(TO_STATION in action.direction for action in SENT)


def test_only_the_values_of_a_stream_are_owed_no_answer() -> None:
    unconfirmed = {
        name for name, action in ACTIONS.items() if isinstance(action, Unconfirmed)
    }
    without_answer = {
        name
        for name in action_names(Edition.V21)
        if f"{name}Response" not in file_names(Edition.V21)
    }

    assert unconfirmed == without_answer == {"NotifyPeriodicEventStream"}


@pytest.mark.parametrize("name", ACTIONS)
def test_an_action_exists_in_the_editions_that_have_its_schemas(name: str) -> None:
    action = ACTIONS[name]
    with_schemas = {
        edition for edition in Edition if models(action).keys() <= file_names(edition)
    }

    assert action.editions == with_schemas


@pytest.mark.parametrize("name", ACTIONS)
def test_the_messages_of_an_action_bear_its_name(name: str) -> None:
    for expected, model in models(ACTIONS[name]).items():
        assert model.__name__ == expected
