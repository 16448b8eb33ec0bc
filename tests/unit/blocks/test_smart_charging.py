"""What stations say about limits, needs and priority (blocks K and Q)."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from csms.blocks.charging_profiles import ProfileReports
from csms.blocks.smart_charging import SmartCharging
from csms.domain.ids import EvseId, StationId, TransactionId
from csms.domain.profile import (
    Kind,
    OperationMode,
    Period,
    Profile,
    Purpose,
    RateUnit,
)
from csms.ocpp.wire import Edition
from csms.services.live import LiveFleet
from csms.services.needs import TUPLES
from csms.services.negotiation import Answer, EvSchedule
from csms.services.ports.charging import ExternalLimit, NeedsDecision
from csms.services.ports.wire import DeviationSeen
from tests.conformance.official import ACTIONS, schema, validator
from tests.fakes.clock import DAWN, ManualClock

if TYPE_CHECKING:
    from csms.blocks.routing import Route

STATION = StationId("MA-TEST-01")
ONE, TWO = EvseId(STATION, 1), EvseId(STATION, 2)
ELSEWHERE = EvseId(StationId("OTHER"), 1)
TX = TransactionId("tx-1")
NOW = "2026-07-14T21:00:00Z"
PROFILE = Profile(
    id=111,
    evse=ONE,
    purpose=Purpose.TX,
    kind=Kind.DYNAMIC,
    stack_level=2,
    unit=RateUnit.WATTS,
    periods=(Period(0, setpoint=-5_000.0, mode=OperationMode.CENTRAL_SETPOINT),),
    valid_to=datetime(2026, 7, 15, tzinfo=UTC),
    transaction=TX,
)


class Kept:
    """Limits, kept in the live state alone."""

    def __init__(self, live: LiveFleet) -> None:
        self.live = live
        self.begun: list[ExternalLimit] = []

    async def begin(self, limit: ExternalLimit) -> None:
        self.begun.append(limit)
        for each in self.live.all():
            whole = limit.evse.number == 0 and each.evse.station == STATION
            if whole or each.evse == limit.evse:
                self.live.update(each.evse, external_limit=dict(limit.document))

    async def end(self, evse: EvseId, source: str) -> None:
        assert source == "EMS"
        for each in self.live.all():
            if evse.number == 0 or each.evse == evse:
                self.live.update(each.evse, external_limit=None)


class Scene:
    """A block and what it keeps."""

    def __init__(self) -> None:
        self.live = LiveFleet(ManualClock())
        self.live.update(ONE, plugged=True, transaction=TX)
        self.live.update(TWO, plugged=True)
        self.live.update(ELSEWHERE, plugged=True)
        self.wanted: Profile | None = PROFILE
        self.reports = ProfileReports()
        self.limits = Kept(self.live)
        self.reason = ""
        self.schedules: list[EvSchedule] = []
        self.odd: list[str] = []
        block = SmartCharging(
            self.live,
            self.reports,
            self.pulled,
            self,
            self.limits,
            self,
            ManualClock(),
        )
        self.routes: dict[str, Route] = {r.action.name: r for r in block.routes()}

    def count(
        self, station: StationId, seen: Sequence[DeviationSeen], at: datetime
    ) -> None:
        del station, at
        self.odd += [each.kind for each in seen]

    def needs(self, evse: EvseId, said: dict[str, object]) -> Answer:
        self.live.update(evse, ev_needs=said)
        return Answer(NeedsDecision.PROCESSING, self.reason)

    def schedule(self, said: EvSchedule) -> bool:
        self.schedules.append(said)
        return said.schedule.periods[0].limit != 99_999

    def pulled(self, station: StationId, profile_id: int) -> Profile | None:
        mine = station == STATION and profile_id == PROFILE.id
        return self.wanted if mine else None

    async def say(
        self,
        action: str,
        payload: dict[str, Any],
        *,
        edition: Edition = Edition.V21,
        station: StationId = STATION,
    ) -> dict[str, Any]:
        """Say it as a station would; question and answer must fit the schemas."""
        validator(schema(edition, f"{action}Request")).validate(payload)
        model: Any = ACTIONS[action]
        request = model.request.model_validate(payload)
        answer: dict[str, Any] = (
            await self.routes[action].handler(station, request)
        ).write()
        validator(schema(edition, f"{action}Response")).validate(answer)
        return answer


@pytest.fixture
def scene() -> Scene:
    return Scene()


class TestNeeds:
    NEW: ClassVar[dict[str, Any]] = {
        "evseId": 1,
        "timestamp": NOW,
        "chargingNeeds": {
            "requestedEnergyTransfer": "DC_BPT",
            "v2xChargingParameters": {"maxDischargePower": 9_600},
        },
    }
    OLD: ClassVar[dict[str, Any]] = {
        "evseId": 1,
        "chargingNeeds": {
            "requestedEnergyTransfer": "DC",
            "dcChargingParameters": {"evMaxCurrent": 100, "evMaxVoltage": 500},
        },
    }

    async def test_needs_are_kept_and_a_profile_may_follow(self, scene: Scene) -> None:
        """Q01.FR.07: Processing promises nothing yet."""
        answer = await scene.say("NotifyEVChargingNeeds", self.NEW)

        needs = scene.live.get(ONE).ev_needs
        assert answer["status"] in ("Processing", "Accepted")
        assert needs is not None
        assert needs["requestedEnergyTransfer"] == "DC_BPT"
        assert needs["v2xChargingParameters"]["maxDischargePower"] == 9_600

    async def test_a_station_of_the_old_edition_is_answered_alike(
        self, scene: Scene
    ) -> None:
        answer = await scene.say(
            "NotifyEVChargingNeeds", self.OLD, edition=Edition.V201
        )

        assert answer["status"] == "Processing"

    async def test_how_long_a_plan_may_be_and_why_it_comes_later(
        self, scene: Scene
    ) -> None:
        """K15.FR.07: the vehicle says how many steps it takes."""
        assert "statusInfo" not in await scene.say("NotifyEVChargingNeeds", self.NEW)
        assert TUPLES not in (scene.live.get(ONE).ev_needs or {})

        scene.reason = "NoTransaction"
        few = {**self.NEW, "maxScheduleTuples": 3}
        answer = await scene.say("NotifyEVChargingNeeds", few)

        assert answer["statusInfo"] == {"reasonCode": "NoTransaction"}
        assert (scene.live.get(ONE).ev_needs or {})[TUPLES] == 3

    async def test_needs_of_one_evse_are_not_those_of_another(
        self, scene: Scene
    ) -> None:
        await scene.say("NotifyEVChargingNeeds", self.NEW)

        assert scene.live.get(TWO).ev_needs is None
        assert scene.live.get(ELSEWHERE).ev_needs is None

    async def test_the_vehicles_own_schedule_is_noted(self, scene: Scene) -> None:
        """K15."""
        step: dict[str, Any] = {"startPeriod": 0, "limit": 7_000}
        payload = {
            "timeBase": NOW,
            "evseId": 1,
            "chargingSchedule": {
                "id": 1,
                "chargingRateUnit": "W",
                "chargingSchedulePeriod": [step],
            },
            "selectedChargingScheduleId": 4,
        }

        assert await scene.say("NotifyEVChargingSchedule", payload) == {
            "status": "Accepted"
        }
        (said,) = scene.schedules
        assert (said.evse, said.selected) == (ONE, 4)
        assert said.base == datetime(2026, 7, 14, 21, tzinfo=UTC)
        assert said.document == payload

        step["limit"] = 99_999
        assert await scene.say("NotifyEVChargingSchedule", payload) == {
            "status": "Rejected"
        }


class TestLimits:
    """K12, K13, Q06: limits from outside are kept, and never fought (rule 23)."""

    LIMIT: ClassVar[dict[str, Any]] = {"chargingLimit": {"chargingLimitSource": "EMS"}}

    @pytest.mark.parametrize("edition", list(Edition))
    async def test_a_limit_is_kept_until_it_is_cleared(
        self, scene: Scene, edition: Edition
    ) -> None:
        said = {**self.LIMIT, "evseId": 1}
        assert await scene.say("NotifyChargingLimit", said, edition=edition) == {}
        assert scene.live.get(ONE).external_limit is not None
        assert scene.live.get(TWO).external_limit is None
        assert scene.limits.begun == [
            ExternalLimit(
                evse=ONE,
                source="EMS",
                local_generation=False,
                grid_critical=None,
                document=said,
                since=DAWN,
                updated_at=DAWN,
            )
        ]

        gone = {"chargingLimitSource": "EMS", "evseId": 1}
        assert await scene.say("ClearedChargingLimit", gone, edition=edition) == {}
        assert scene.live.get(ONE).external_limit is None

    async def test_what_is_generated_here_is_a_limit_of_another_kind(
        self, scene: Scene
    ) -> None:
        """Q06."""
        said = {"isLocalGeneration": True, "isGridCritical": False}
        limit = {**self.LIMIT["chargingLimit"], **said}
        await scene.say("NotifyChargingLimit", {"chargingLimit": limit})

        (kept,) = scene.limits.begun
        assert (kept.local_generation, kept.grid_critical) == (True, False)

    @pytest.mark.parametrize("where", [{}, {"evseId": 0}])
    async def test_a_limit_of_the_station_is_one_of_every_evse(
        self, scene: Scene, where: dict[str, int]
    ) -> None:
        await scene.say("NotifyChargingLimit", {**self.LIMIT, **where})

        assert scene.live.get(ONE).external_limit is not None
        assert scene.live.get(TWO).external_limit is not None
        assert scene.live.get(ELSEWHERE).external_limit is None

        await scene.say("ClearedChargingLimit", {"chargingLimitSource": "EMS", **where})
        assert scene.live.get(TWO).external_limit is None


class TestPulling:
    """K28.FR.07 and K28.FR.12."""

    PULL: ClassVar[dict[str, Any]] = {"chargingProfileId": 111}

    async def test_a_wanted_profile_is_given_its_setpoint(self, scene: Scene) -> None:
        answer = await scene.say("PullDynamicScheduleUpdate", self.PULL)

        assert answer == {
            "status": "Accepted",
            "scheduleUpdate": {"setpoint": -5_000.0},
        }

    async def test_after_the_end_a_pull_is_refused(self, scene: Scene) -> None:
        scene.wanted = None

        answer = await scene.say("PullDynamicScheduleUpdate", self.PULL)

        assert answer["status"] == "Rejected"
        assert answer["statusInfo"]["reasonCode"] == "InvalidProfile"
        assert "scheduleUpdate" not in answer

    async def test_an_unknown_profile_is_refused(self, scene: Scene) -> None:
        answer = await scene.say(
            "PullDynamicScheduleUpdate", {"chargingProfileId": 112}
        )

        assert answer["status"] == "Rejected"
        assert scene.odd == ["unknown-profile"]

    async def test_a_profile_of_another_station_is_refused(self, scene: Scene) -> None:
        answer = await scene.say(
            "PullDynamicScheduleUpdate", self.PULL, station=StationId("OTHER")
        )

        assert answer["status"] == "Rejected"


class TestPriority:
    """K21: the driver comes first."""

    async def test_priority_is_of_the_transaction(self, scene: Scene) -> None:
        said = {"transactionId": "tx-1", "activated": True}
        await scene.say("NotifyPriorityCharging", said)

        assert scene.live.get(ONE).priority_charging
        assert not scene.live.get(TWO).priority_charging

        await scene.say("NotifyPriorityCharging", {**said, "activated": False})
        assert not scene.live.get(ONE).priority_charging

    async def test_an_unknown_transaction_does_no_harm(self, scene: Scene) -> None:
        said = {"transactionId": "nobody's", "activated": True}
        await scene.say("NotifyPriorityCharging", said)

        assert not any(each.priority_charging for each in scene.live.all())
        assert scene.odd == ["unknown-transaction"]


async def test_reports_nobody_asked_for_are_answered(scene: Scene) -> None:
    """K09: a station may report on its own."""
    payload = {
        "requestId": 7,
        "chargingLimitSource": "CSO",
        "evseId": 1,
        "chargingProfile": [
            {
                "id": 5,
                "stackLevel": 0,
                "chargingProfilePurpose": "TxDefaultProfile",
                "chargingProfileKind": "Relative",
                "chargingSchedule": [
                    {
                        "id": 1,
                        "chargingRateUnit": "A",
                        "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 16}],
                    }
                ],
            }
        ],
    }

    assert await scene.say("ReportChargingProfiles", payload) == {}
    assert scene.odd == ["unknown-request"]

    with scene.reports.expect(STATION) as (number, report):
        await scene.say("ReportChargingProfiles", {**payload, "requestId": number})
    assert scene.odd == ["unknown-request"]
    assert [each.id for each in report.profiles] == [5]
    assert report.sources == ["CSO"]
