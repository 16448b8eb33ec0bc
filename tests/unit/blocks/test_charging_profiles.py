"""Profiles on the wire: valid under the official schemas, and back again unchanged."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from csms.blocks.charging_profiles import (
    ProfileReports,
    StationProfiles,
)
from csms.blocks.profile_words import from_wire, to_wire, update_of
from csms.charging.compiling import (
    Order,
    Terms,
    clear_command,
    event_profile,
    floor,
    safe_replacement,
    station_max,
)
from csms.domain.ids import EvseId, StationId, TransactionId
from csms.domain.interval import Interval
from csms.domain.profile import (
    Kind,
    OperationMode,
    Period,
    Profile,
    RateUnit,
    Recurrency,
    VendorCommand,
)
from csms.domain.units import Energy, Power
from csms.domain.vendor_profile import (
    Dialect,
    Dynamic,
    NegativeLimit,
    VendorProfile,
    VendorWords,
)
from csms.ocpp.link import Priority, Refused, Stale, Unanswered
from csms.ocpp.messages.profiles import ChargingProfile
from csms.ocpp.messages.smart_charging import ReportChargingProfilesRequest
from csms.ocpp.wire import Edition
from csms.services.ports.profiles import Urgency
from csms.services.ports.wire import NoAnswer, RefusedByStation, Silence
from tests.conformance.official import schema, validator
from tests.fakes.link import FakeLink
from tests.profile_cases import GOOD, a_profile

STATION = StationId("MA-TEST-01")
EVSE = EvseId(STATION, 1)
START = datetime(2026, 7, 14, 21, tzinfo=UTC)
WINDOW = Interval(START, START + timedelta(hours=3))
ORDER = Order(EVSE, TransactionId("tx-1"), WINDOW, Power(-10_000), Power(11_000))
PLENTY = Energy.kwh(500)
OLD, NEW = Edition.V201, Edition.V21


def make(dialect: Dialect, **more: Any) -> VendorProfile:  # noqa: ANN401
    return VendorProfile(id=dialect.value, dialect=dialect, **more)


SCHEDULED = make(Dialect.SETPOINT_SCHEDULED)
PUSH = make(Dialect.SETPOINT_DYNAMIC_PUSH)
PULL = make(
    Dialect.SETPOINT_DYNAMIC_PULL,
    dynamic=Dynamic(timedelta(minutes=10), timedelta(minutes=2)),
)
NEGATIVE = make(Dialect.NEGATIVE_LIMIT_TX, negative_limit=NegativeLimit.DISCHARGE)
AMPERES = make(
    Dialect.NEGATIVE_LIMIT_TX,
    negative_limit=NegativeLimit.DISCHARGE,
    unit=RateUnit.AMPERES,
    phases=1,
)
WORDS = make(Dialect.DATATRANSFER, words=VendorWords("org.example", "Set", "Clear"))
DIALECTS = [
    pytest.param(NEW, SCHEDULED, id="scheduled"),
    pytest.param(NEW, PUSH, id="push"),
    pytest.param(NEW, PULL, id="pull"),
    pytest.param(OLD, NEGATIVE, id="negative watts"),
    pytest.param(OLD, AMPERES, id="negative amperes"),
]


def terms(vendor: VendorProfile, edition: Edition, *, idle: bool = True) -> Terms:
    modern = edition is NEW
    return Terms(
        vendor,
        max_stack_level=3,
        max_periods=24,
        idle=modern and idle,
        max_offline=modern,
    )


def an_event(vendor: VendorProfile, edition: Edition, *, idle: bool = True) -> Profile:
    known = terms(vendor, edition, idle=idle)
    content = event_profile(ORDER, known, PLENTY, now=START)
    assert isinstance(content, Profile)
    return content


def assert_valid(edition: Edition, message: str, payload: dict[str, Any]) -> None:
    validator(schema(edition, message)).validate(payload)


def asking(
    edition: Edition = NEW,
    **answers: Any,  # noqa: ANN401
) -> tuple[StationProfiles, FakeLink]:
    link = FakeLink(answers, edition=edition)
    reports = ProfileReports()
    return StationProfiles(lambda _: link, reports, report_patience=1.0), link


ACCEPTED = {"status": "Accepted"}
STEP = Period(
    0,
    limit=1.0,
    limit_l2=2.0,
    limit_l3=3.0,
    setpoint=4.0,
    setpoint_l2=5.0,
    setpoint_l3=6.0,
    discharge_limit=-7.0,
    discharge_limit_l2=-8.0,
    discharge_limit_l3=-9.0,
    reactive=10.0,
    reactive_l2=11.0,
    reactive_l3=12.0,
    mode=OperationMode.LOCAL_FREQUENCY,
    phases=1,
    phase_to_use=2,
    preconditioning=True,
    sleep=False,
    baseline=13.0,
    freq_curve=((59.9, -1000.0), (60.1, 1000.0)),
    signal_curve=((-1, -500.0), (1, 500.0)),
)
EVERYTHING = a_profile(
    kind=Kind.RECURRING,
    recurrency=Recurrency.WEEKLY,
    periods=(STEP,),
    duration=timedelta(hours=1),
    valid_from=START,
    valid_to=START + timedelta(days=9),
    max_offline=timedelta(minutes=5),
    invalid_after_offline=True,
    pull_interval=timedelta(minutes=2),
    updated_at=START,
    min_rate=6.0,
    above_soc=(80, 7.0),
    local_time=True,
    random_delay=timedelta(seconds=30),
    schedule_id=9,
)
"""No station is ever sent this, but each part of it may be."""


class TestOnTheWire:
    """What we send is valid under the schemas of the station's edition."""

    @pytest.mark.parametrize(("edition", "vendor"), DIALECTS)
    @pytest.mark.parametrize("idle", [True, False])
    async def test_an_event_profile_is_valid(
        self,
        edition: Edition,
        vendor: VendorProfile,
        idle: bool,  # noqa: FBT001
    ) -> None:
        wire, link = asking(edition, SetChargingProfile=ACCEPTED)

        verdict = await wire.set(
            an_event(vendor, edition, idle=idle), urgency=Urgency.SETPOINT
        )

        action, payload, priority = link.asked[0]
        assert verdict.accepted
        assert (action, priority) == ("SetChargingProfile", Priority.SETPOINT)
        assert_valid(edition, "SetChargingProfileRequest", payload)
        assert payload["evseId"] == 1
        assert payload["chargingProfile"]["transactionId"] == "tx-1"

    @pytest.mark.parametrize(("edition", "vendor"), DIALECTS)
    async def test_floors_and_cancels_are_valid_and_give_nothing_back(
        self, edition: Edition, vendor: VendorProfile
    ) -> None:
        wire, link = asking(edition, SetChargingProfile=ACCEPTED)
        known = terms(vendor, edition)
        safe = safe_replacement(an_event(vendor, edition), Power(7_000), known)

        for profile in (
            station_max(STATION, Power(48_000), known),
            floor(STATION, Power(48_000), known),
            safe,
        ):
            await wire.set(profile, urgency=Urgency.SAFE_FLOOR)

        for _, payload, _ in link.asked:
            assert_valid(edition, "SetChargingProfileRequest", payload)
            [schedule] = payload["chargingProfile"]["chargingSchedule"]
            for period in schedule["chargingSchedulePeriod"]:
                assert period["limit"] > 0
                assert "setpoint" not in period
        assert link.asked[0][1]["evseId"] == 0

    async def test_nothing_of_the_new_edition_is_said_in_the_old(self) -> None:
        wire, link = asking(OLD, SetChargingProfile=ACCEPTED)

        await wire.set(an_event(NEGATIVE, OLD), urgency=Urgency.SETPOINT)

        text = str(link.asked[0][1])
        assert "operationMode" not in text
        assert "maxOffline" not in text

    def test_a_schedule_is_absolute_in_utc(self) -> None:
        """Rule 13."""
        payload = to_wire(an_event(SCHEDULED, NEW)).write()

        [schedule] = payload["chargingSchedule"]
        assert payload["chargingProfileKind"] == "Absolute"
        assert schedule["startSchedule"].endswith("Z")
        assert "useLocalTime" not in schedule
        assert "randomizedDelay" not in schedule
        assert payload["invalidAfterOfflineDuration"] is True
        assert payload["maxOfflineDuration"] == 600

    def test_a_profile_that_is_pulled_says_how_often(self) -> None:
        """K28: dynUpdateInterval."""
        pulled = to_wire(an_event(PULL, NEW)).write()
        pushed = to_wire(an_event(PUSH, NEW)).write()

        assert pulled["dynUpdateInterval"] == 120
        assert "dynUpdateInterval" not in pushed

    def test_a_dynamic_profile_has_one_period_at_zero(self) -> None:
        """K28.FR.01 and K28.FR.02."""
        payload = to_wire(an_event(PUSH, NEW)).write()

        [schedule] = payload["chargingSchedule"]
        [period] = schedule["chargingSchedulePeriod"]
        assert payload["chargingProfileKind"] == "Dynamic"
        assert "startSchedule" not in schedule
        assert schedule["duration"] == 600
        assert period["startPeriod"] == 0

    @pytest.mark.parametrize(("edition", "vendor"), DIALECTS)
    def test_what_goes_out_comes_back_the_same(
        self, edition: Edition, vendor: VendorProfile
    ) -> None:
        profile = an_event(vendor, edition)

        assert from_wire(EVSE, to_wire(profile)) == profile

    @pytest.mark.parametrize("profile", [*GOOD.values(), EVERYTHING])
    def test_nothing_is_lost_on_the_way(self, profile: Profile) -> None:
        said = ChargingProfile.read(to_wire(profile).write())

        assert from_wire(profile.evse, said) == profile

    def test_every_value_may_be_updated(self) -> None:
        """K28.FR.01."""
        assert update_of(EVERYTHING).write() == {
            "limit": 1.0,
            "limit_L2": 2.0,
            "limit_L3": 3.0,
            "setpoint": 4.0,
            "setpoint_L2": 5.0,
            "setpoint_L3": 6.0,
            "dischargeLimit": -7.0,
            "dischargeLimit_L2": -8.0,
            "dischargeLimit_L3": -9.0,
            "setpointReactive": 10.0,
            "setpointReactive_L2": 11.0,
            "setpointReactive_L3": 12.0,
        }

    async def test_an_update_carries_the_setpoint_only(self) -> None:
        wire, link = asking(UpdateDynamicSchedule=ACCEPTED)

        verdict = await wire.update(an_event(PUSH, NEW), expires_s=5)

        payload = link.asked[0][1]
        assert verdict.accepted
        assert_valid(NEW, "UpdateDynamicScheduleRequest", payload)
        assert payload["scheduleUpdate"] == {"setpoint": -10_000.0}
        assert link.asked[0][2] is Priority.SETPOINT
        assert link.expiring == [5]
        assert update_of(an_event(PUSH, NEW)).limit is None

    @pytest.mark.parametrize("edition", [OLD, NEW])
    async def test_a_vendors_words_are_a_data_transfer(self, edition: Edition) -> None:
        wire, link = asking(edition, DataTransfer=ACCEPTED)
        command = event_profile(ORDER, terms(WORDS, edition), PLENTY, now=START)
        assert isinstance(command, VendorCommand)
        assert WORDS.words is not None

        said = await wire.command(command, urgency=Urgency.SETPOINT)
        await wire.command(clear_command(EVSE, WORDS.words), urgency=Urgency.CANCEL)

        assert said.accepted
        for _, payload, _ in link.asked:
            assert_valid(edition, "DataTransferRequest", payload)
        assert link.asked[1][2] is Priority.CANCEL
        assert link.asked[0][1] == {
            "vendorId": "org.example",
            "messageId": "Set",
            "data": command.data,
        }

    @pytest.mark.parametrize("edition", [OLD, NEW])
    async def test_clearing_is_by_id_and_first_of_all(self, edition: Edition) -> None:
        wire, link = asking(edition, ClearChargingProfile=ACCEPTED)

        assert await wire.clear(STATION, 111, urgency=Urgency.CANCEL)

        _, payload, priority = link.asked[0]
        assert_valid(edition, "ClearChargingProfileRequest", payload)
        assert payload == {"chargingProfileId": 111}
        assert priority is Priority.CANCEL


class TestAnswers:
    async def test_a_refusal_keeps_its_reason(self) -> None:
        info = {"reasonCode": "RateLimitExceeded", "additionalInfo": "30 seconds"}
        wire, _ = asking(SetChargingProfile={"status": "Rejected", "statusInfo": info})

        verdict = await wire.set(an_event(SCHEDULED, NEW), urgency=Urgency.SETPOINT)

        assert not verdict.accepted
        assert (verdict.reason, verdict.info) == ("RateLimitExceeded", "30 seconds")

    async def test_what_was_not_there_could_not_be_cleared(self) -> None:
        wire, _ = asking(ClearChargingProfile={"status": "Unknown"})

        assert not await wire.clear(STATION, 111, urgency=Urgency.CANCEL)

    @pytest.mark.parametrize("status", ["Rejected", "UnknownVendorId"])
    async def test_unknown_words_are_refused(self, status: str) -> None:
        wire, _ = asking(DataTransfer={"status": status})
        command = VendorCommand(EVSE, "v", "m", "{}")

        verdict = await wire.command(command, urgency=Urgency.SETPOINT)

        assert (verdict.accepted, verdict.reason) == (False, status)

    @pytest.mark.parametrize(
        ("problem", "kind"),
        [(Unanswered(), Silence.UNANSWERED), (Stale(), Silence.STALE)],
    )
    async def test_silence_is_no_answer(
        self, problem: Exception, kind: Silence
    ) -> None:
        wire, _ = asking(UpdateDynamicSchedule=problem)

        with pytest.raises(NoAnswer) as caught:
            await wire.update(an_event(PUSH, NEW), expires_s=1)

        assert caught.value.kind is kind

    async def test_nobody_there_is_no_answer(self) -> None:
        wire = StationProfiles(lambda _: None, ProfileReports())

        with pytest.raises(NoAnswer):
            await wire.clear(STATION, 1, urgency=Urgency.CANCEL)

    async def test_an_error_is_a_refusal(self) -> None:
        wire, _ = asking(SetChargingProfile=Refused("InternalError", "no"))

        with pytest.raises(RefusedByStation, match="InternalError"):
            await wire.set(an_event(SCHEDULED, NEW), urgency=Urgency.SETPOINT)


class TestReports:
    """K09: installed profiles come in parts, in any order, or not at all."""

    def reporting(
        self, parts: list[dict[str, Any]]
    ) -> tuple[StationProfiles, FakeLink, Callable[[], None]]:
        wire, link = asking()

        def answer(payload: dict[str, Any]) -> dict[str, Any]:
            assert_valid(NEW, "GetChargingProfilesRequest", payload)
            for part in parts:
                said = {
                    "requestId": payload["requestId"],
                    "chargingLimitSource": "CSO",
                    "evseId": 1,
                    **part,
                }
                request = ReportChargingProfilesRequest.model_validate(said)
                wire.reports.take(STATION, request)
            return {"status": "Accepted"}

        link.answers["GetChargingProfiles"] = answer
        return wire, link, lambda: None

    def part(self, profile: Profile, **more: Any) -> dict[str, Any]:  # noqa: ANN401
        return {"chargingProfile": [to_wire(profile).write()], **more}

    async def test_parts_are_put_together(self) -> None:
        event, cap = (
            an_event(SCHEDULED, NEW),
            floor(STATION, Power(7_000), terms(SCHEDULED, NEW)),
        )
        wire, link, _ = self.reporting(
            [self.part(event, tbc=True), self.part(cap, evseId=0)]
        )

        held = await wire.held(STATION, (event.id, cap.id))

        assert list(held) == [event, cap]
        criterion = link.asked[0][1]["chargingProfile"]
        assert criterion == {"chargingProfileId": [event.id, cap.id]}

    async def test_no_profiles_is_an_answer(self) -> None:
        wire, _ = asking(GetChargingProfiles={"status": "NoProfiles"})

        assert await wire.held(STATION, (1,)) == ()

    async def test_a_report_that_never_ends_is_given_up(self) -> None:
        wire, _, _ = self.reporting([self.part(an_event(SCHEDULED, NEW), tbc=True)])

        with pytest.raises(TimeoutError):
            await wire.held(STATION, (1,))

    async def test_parts_of_another_request_are_nobodys(self) -> None:
        wire, link = asking()

        def answer(payload: dict[str, Any]) -> dict[str, Any]:
            said = {
                "requestId": payload["requestId"] + 1,
                "chargingLimitSource": "CSO",
                "evseId": 1,
                **self.part(an_event(SCHEDULED, NEW)),
            }
            wire.reports.take(
                STATION, ReportChargingProfilesRequest.model_validate(said)
            )
            return {"status": "Accepted"}

        link.answers["GetChargingProfiles"] = answer

        with pytest.raises(TimeoutError):
            await wire.held(STATION, (1,))

    async def test_two_questions_at_once_are_told_apart(self) -> None:
        reports = ProfileReports()
        with (
            reports.expect(STATION) as (one, first),
            reports.expect(STATION) as (two, second),
        ):
            said = {
                "requestId": two,
                "chargingLimitSource": "CSO",
                "evseId": 1,
                **self.part(an_event(SCHEDULED, NEW)),
            }
            reports.take(STATION, ReportChargingProfilesRequest.model_validate(said))

            assert one != two
            assert not first.done.is_set()
            assert second.done.is_set()

    async def test_another_process_does_not_count_from_the_same(self) -> None:
        numbers = set()
        for _ in range(8):
            with ProfileReports().expect(STATION) as (number, _):
                numbers.add(number)
                await asyncio.sleep(0)

        assert len(numbers) > 1


class TestComposite:
    """K08."""

    async def test_a_composite_is_read(self) -> None:
        wire, link = asking(
            GetCompositeSchedule={
                "status": "Accepted",
                "schedule": {
                    "evseId": 1,
                    "duration": 3600,
                    "scheduleStart": "2026-07-14T21:00:00Z",
                    "chargingRateUnit": "W",
                    "chargingSchedulePeriod": [
                        {
                            "startPeriod": 0,
                            "setpoint": -5000,
                            "operationMode": "CentralSetpoint",
                        },
                        {"startPeriod": 1800, "operationMode": "Idle"},
                    ],
                },
            }
        )

        found = await wire.composite(EVSE, 3600)

        assert found is not None
        assert (found.evse, found.unit) == (EVSE, RateUnit.WATTS)
        assert (found.start, found.duration) == (START, timedelta(hours=1))
        assert link.asked[0][1] == {"evseId": 1, "duration": 3600}
        assert_valid(NEW, "GetCompositeScheduleRequest", link.asked[0][1])
        first = found.at(START)
        last = found.at(START + timedelta(minutes=45))
        assert first is not None
        assert last is not None
        assert first.setpoint == -5000
        assert last.mode is OperationMode.IDLE
        assert found.at(START + timedelta(hours=2)) is None

    async def test_none_is_none(self) -> None:
        wire, _ = asking(GetCompositeSchedule={"status": "Rejected"})

        assert await wire.composite(EVSE, 60) is None


def test_kinds_agree() -> None:
    assert an_event(PUSH, NEW).kind is Kind.DYNAMIC
