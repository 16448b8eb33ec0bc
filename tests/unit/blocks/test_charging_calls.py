"""What is asked about charging: to the letter, and what comes of it."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from csms.blocks.charging_calls import StationCharging
from csms.blocks.charging_profiles import ProfileReports, StationProfiles
from csms.blocks.profile_words import to_wire
from csms.blocks.translating import FindLink
from csms.domain.ids import EvseId
from csms.domain.profile import Composite, Period, Purpose, RateUnit
from csms.ocpp.link import Priority
from csms.ocpp.messages.smart_charging import ReportChargingProfilesRequest
from csms.services.ports.charging import Criteria, Reported
from csms.services.ports.profiles import Urgency, Verdict
from csms.services.ports.wire import Reply
from tests.asking import DONE, NO, NOW, REFUSED, STATION, TX, YES, ZULU, Asked
from tests.fakes.link import FakeLink
from tests.profile_cases import a_default, a_dynamic, a_profile

EVSE, WHOLE = EvseId(STATION, 1), EvseId(STATION, 0)
PUSHED = a_dynamic(periods=(Period(0, setpoint=-500.0),))
COMPOSITE = {
    "evseId": 1,
    "duration": 600,
    "scheduleStart": ZULU,
    "chargingRateUnit": "A",
    "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 16.0}],
}
RESULT = Composite(
    EVSE, NOW, timedelta(minutes=10), RateUnit.AMPERES, (Period(0, limit=16.0),)
)


def charging(find: FindLink, reports: ProfileReports | None = None) -> StationCharging:
    shared = reports or ProfileReports()
    return StationCharging(find, shared, StationProfiles(find, shared), 1.0)


ALL = [
    Asked(
        lambda find: charging(find).set(a_profile(), urgency=Urgency.SAFE_FLOOR),
        "SetChargingProfile",
        {"evseId": 1, "chargingProfile": to_wire(a_profile()).write()},
        NO,
        Verdict(accepted=False, reason="Busy", info="later"),
        Priority.SAFE_FLOOR,
    ),
    Asked(
        lambda find: charging(find).update(PUSHED, expires_s=5),
        "UpdateDynamicSchedule",
        {"chargingProfileId": 100, "scheduleUpdate": {"setpoint": -500.0}},
        NO,
        Verdict(accepted=False, reason="Busy"),
        Priority.SETPOINT,
    ),
    Asked(
        lambda find: charging(find).clear(STATION, 5, urgency=Urgency.CANCEL),
        "ClearChargingProfile",
        {"chargingProfileId": 5},
        {"status": "Unknown"},
        told=False,
        priority=Priority.CANCEL,
    ),
    Asked(
        lambda find: charging(find).clear_all(STATION, Criteria(1, Purpose.TX, 0)),
        "ClearChargingProfile",
        {
            "chargingProfileCriteria": {
                "evseId": 1,
                "chargingProfilePurpose": "TxProfile",
                "stackLevel": 0,
            }
        },
        YES,
        told=True,
        priority=Priority.CANCEL,
    ),
    Asked(
        lambda find: charging(find).clear_all(STATION, Criteria(1)),
        "ClearChargingProfile",
        {"chargingProfileCriteria": {"evseId": 1}},
        {"status": "Unknown"},
        told=False,
        priority=Priority.CANCEL,
    ),
    Asked(
        lambda find: charging(find).composite_in(EVSE, 600, RateUnit.AMPERES),
        "GetCompositeSchedule",
        {"evseId": 1, "duration": 600, "chargingRateUnit": "A"},
        {**YES, "schedule": COMPOSITE},
        RESULT,
    ),
    Asked(
        lambda find: charging(find).composite_in(WHOLE, 60, None),
        "GetCompositeSchedule",
        {"evseId": 0, "duration": 60},
        {**NO, "schedule": COMPOSITE},
        REFUSED,
    ),
    Asked(
        lambda find: charging(find).composite_in(WHOLE, 60, None),
        "GetCompositeSchedule",
        {"evseId": 0, "duration": 60},
        YES,
        Reply(accepted=False, status="Accepted"),
    ),
    *(
        Asked(
            lambda find, on=on: charging(find).use_priority(STATION, TX, activate=on),  # type: ignore[misc]
            "UsePriorityCharging",
            {"transactionId": "tx-1", "activate": on},
            answer,
            told,
        )
        for on, answer, told in (
            (True, YES, DONE),
            (False, {"status": "NoProfile"}, Reply(accepted=False, status="NoProfile")),
        )
    ),
    Asked(
        lambda find: charging(find).allow_transfer(STATION, TX, ["AC_BPT", "DC"]),
        "NotifyAllowedEnergyTransfer",
        {"transactionId": "tx-1", "allowedEnergyTransfer": ["AC_BPT", "DC"]},
        NO,
        REFUSED,
    ),
    Asked(
        lambda find: charging(find).signal(STATION, NOW, -7),
        "AFRRSignal",
        {"timestamp": ZULU, "signal": -7},
        YES,
        DONE,
        Priority.SETPOINT,
    ),
]


@pytest.mark.parametrize("asked", ALL, ids=lambda asked: str(asked.action))
async def test_a_wish_is_one_request_and_its_answer_is_understood(asked: Asked) -> None:
    await asked.assert_understood()


@pytest.mark.parametrize("asked", ALL, ids=lambda asked: str(asked.action))
async def test_nobody_there_is_no_answer(asked: Asked) -> None:
    await asked.assert_nobody_there()


async def test_an_update_is_dropped_when_it_is_stale() -> None:
    link = FakeLink({"UpdateDynamicSchedule": YES})

    assert await charging(lambda _: link).update(PUSHED, expires_s=5) == Verdict(
        accepted=True, reason="Accepted"
    )
    assert link.expiring == [5]


class TestReports:
    """K09."""

    @pytest.mark.parametrize(
        ("criteria", "asked"),
        [
            (Criteria(), {"chargingLimitSource": ["CSO", "EMS", "SO", "Other"]}),
            (Criteria(profile_id=5), {"chargingProfileId": [5]}),
            (
                Criteria(1, Purpose.TX, 0, "EMS"),
                {
                    "chargingProfilePurpose": "TxProfile",
                    "stackLevel": 0,
                    "chargingLimitSource": ["EMS"],
                },
            ),
        ],
        ids=["everything", "one", "some"],
    )
    async def test_a_question_has_a_filter(
        self, criteria: Criteria, asked: dict[str, Any]
    ) -> None:
        """K09.FR.03."""
        link = FakeLink({"GetChargingProfiles": {"status": "NoProfiles"}})

        assert await charging(lambda _: link).report(STATION, criteria) == []

        ((_, said, priority),) = link.asked
        assert said["chargingProfile"] == asked
        assert said.get("evseId") == criteria.evse
        assert priority is Priority.ROUTINE

    async def test_parts_come_until_the_last_each_with_its_source(self) -> None:
        reports, link = ProfileReports(), FakeLink({"GetChargingProfiles": YES})
        mine, theirs = a_default(id=5), a_profile(id=6)
        asking = asyncio.create_task(
            charging(lambda _: link, reports).report(STATION, Criteria(1))
        )
        await asyncio.sleep(0.1)
        number = link.asked[0][1]["requestId"]
        for profile, source, more in ((mine, "CSO", True), (theirs, "EMS", False)):
            reports.take(
                STATION,
                ReportChargingProfilesRequest.read(
                    {
                        "requestId": number,
                        "chargingLimitSource": source,
                        "evseId": 1,
                        "tbc": more,
                        "chargingProfile": [to_wire(profile).write()],
                    }
                ),
            )
            await asyncio.sleep(0.1)

        assert await asking == [Reported(mine, "CSO"), Reported(theirs, "EMS")]

    async def test_a_report_that_does_not_come_is_not_waited_for_any_longer(
        self,
    ) -> None:
        link = FakeLink({"GetChargingProfiles": YES})

        with pytest.raises(TimeoutError):
            await charging(lambda _: link).report(STATION, Criteria())


def test_what_would_discharge_is_seen_before_it_is_sent() -> None:
    profile = a_profile(
        periods=(Period(0, setpoint=-500.0),),
        duration=timedelta(hours=1),
        start=datetime(2026, 7, 14, tzinfo=UTC),
    )
    found = charging(lambda _: None).judge(profile)

    assert found is not None
    assert charging(lambda _: None).judge(a_profile()) is None
