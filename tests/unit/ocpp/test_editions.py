"""What may not be said to a 2.0.1 station, and what may."""

from typing import Any

import pytest

from csms.ocpp.editions import NotInEdition, check, strip_for
from csms.ocpp.messages.authorization import AUTHORIZE, AuthorizeResponse
from csms.ocpp.messages.bidirectional import (
    NOTIFY_ALLOWED_ENERGY_TRANSFER,
    NotifyAllowedEnergyTransferRequest,
)
from csms.ocpp.messages.common import (
    AuthorizationStatus,
    EnergyTransferMode,
    IdTokenInfo,
)
from csms.ocpp.messages.profiles import ChargingProfile
from csms.ocpp.messages.smart_charging import (
    SET_CHARGING_PROFILE,
    SetChargingProfileRequest,
)
from csms.ocpp.wire import Edition

PERIOD: dict[str, Any] = {"startPeriod": 0, "limit": 7600}
SCHEDULE: dict[str, Any] = {"id": 1, "chargingRateUnit": "W"}
PROFILE: dict[str, Any] = {
    "id": 1,
    "stackLevel": 0,
    "chargingProfilePurpose": "TxProfile",
    "chargingProfileKind": "Absolute",
}


def _request(period: dict[str, Any], **profile: object) -> SetChargingProfileRequest:
    schedule = {**SCHEDULE, "chargingSchedulePeriod": [PERIOD, period]}
    whole = {**PROFILE, "chargingSchedule": [schedule], **profile}
    return SetChargingProfileRequest(
        evse_id=1, charging_profile=ChargingProfile.read(whole)
    )


def test_what_both_editions_know_can_be_said_to_both() -> None:
    for edition in Edition:
        check(edition, SET_CHARGING_PROFILE, _request(PERIOD))


@pytest.mark.parametrize(
    ("request_", "field", "reason"),
    [
        (
            _request({**PERIOD, "setpoint": -7600}),
            "chargingProfile.chargingSchedule[0].chargingSchedulePeriod[1].setpoint",
            "no such field",
        ),
        (
            _request({"startPeriod": 0}),
            "chargingProfile.chargingSchedule[0].chargingSchedulePeriod[1].limit",
            "required",
        ),
        (
            _request(PERIOD, chargingProfileKind="Dynamic"),
            "chargingProfile.chargingProfileKind",
            "no value Dynamic",
        ),
        (
            _request(PERIOD, maxOfflineDuration=60),
            "chargingProfile.maxOfflineDuration",
            "no such field",
        ),
    ],
)
def test_what_only_2_1_knows_is_refused_by_name(
    request_: SetChargingProfileRequest, field: str, reason: str
) -> None:
    check(Edition.V21, SET_CHARGING_PROFILE, request_)

    with pytest.raises(NotInEdition) as refusal:
        check(Edition.V201, SET_CHARGING_PROFILE, request_)

    assert refusal.value.field == field
    assert refusal.value.reason == reason
    assert refusal.value.edition is Edition.V201


def test_an_action_of_2_1_cannot_be_asked_of_2_0_1() -> None:
    request = NotifyAllowedEnergyTransferRequest(
        transaction_id="t", allowed_energy_transfer=(EnergyTransferMode.DC,)
    )

    with pytest.raises(NotInEdition, match="NotifyAllowedEnergyTransfer"):
        check(Edition.V201, NOTIFY_ALLOWED_ENERGY_TRANSFER, request)


def test_an_answer_loses_what_the_station_does_not_know() -> None:
    answer = AuthorizeResponse(
        id_token_info=IdTokenInfo(status=AuthorizationStatus.ACCEPTED),
        allowed_energy_transfer=(EnergyTransferMode.DC_BPT,),
    )

    stripped = strip_for(Edition.V201, answer)

    check(Edition.V201, AUTHORIZE, stripped)
    assert stripped.write() == {"idTokenInfo": {"status": "Accepted"}}


def test_an_answer_that_the_station_knows_stays_as_it_is() -> None:
    answer = AuthorizeResponse(
        id_token_info=IdTokenInfo(status=AuthorizationStatus.ACCEPTED),
        allowed_energy_transfer=(EnergyTransferMode.DC_BPT,),
    )

    assert strip_for(Edition.V21, answer) is answer
