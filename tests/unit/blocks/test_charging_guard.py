"""Commands about charging as they are: held against the rules, and taken note of."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

import pytest

from csms.blocks.charging_guard import ChargingGuard, CommandEar, wire_path
from csms.blocks.profile_words import to_wire
from csms.domain.ids import StationId
from csms.domain.profile import Period, Profile, Purpose, RateUnit
from csms.services.charging import ProfileBroken
from csms.services.ports.charging import Criteria
from tests.profile_cases import (
    HERE,
    STATION,
    TX,
    a_default,
    a_dynamic,
    a_profile,
)

Json = dict[str, Any]
WATTS = replace(HERE, capability=replace(HERE.capability, units={RateUnit.WATTS}))  # type: ignore[arg-type]


class Situations:
    """Knows one station; it takes watts only.

    Attributes:
        clearing: What was asked for leave to clear.
    """

    def __init__(self) -> None:
        self.clearing: list[Criteria] = []

    async def permit_clearing(self, station: StationId, criteria: Criteria) -> None:
        assert station == STATION
        self.clearing.append(criteria)

    def situation(self, station: StationId) -> object:
        assert station == STATION
        return WATTS


GUARD = ChargingGuard(cast("Any", Situations()))


async def rules_broken(action: str, payload: Json) -> Sequence[tuple[str, str]]:
    """Return where a command is wrong, and by which rule."""
    try:
        await GUARD.permit(STATION, action, payload)
    except ProfileBroken as broken:
        return [
            (each.path, each.problem.rpartition("(")[2].rstrip(")").partition(")")[0])
            for each in broken.errors
        ]
    return []


def with_profile(profile: Profile, evse: int = 1) -> Json:
    return {"evseId": evse, "chargingProfile": to_wire(profile).write()}


BY = {"chargingProfilePurpose": "LocalGeneration"}
FREE = a_profile(transaction=None)
TRIGGERED: list[tuple[str, Json, list[tuple[str, str]]]] = [
    ("SetChargingProfile", with_profile(a_profile()), []),
    (
        "SetChargingProfile",
        with_profile(a_profile(stack_level=4)),
        [("chargingProfile.stackLevel", "K01.FR.17")],
    ),
    (
        "SetChargingProfile",
        with_profile(a_profile(periods=(Period(0, limit=-1),))),
        [("chargingProfile.chargingSchedule[0].chargingSchedulePeriod[0].limit",
          "Q03.FR.01")],
    ),
    ("RequestStartTransaction", {"idToken": {}}, []),
    ("RequestStartTransaction", with_profile(FREE), []),
    ("RequestStartTransaction", with_profile(FREE, 0), []),
    (
        "RequestStartTransaction",
        with_profile(a_profile()),
        [("chargingProfile.transactionId", "K05.FR.01")],
    ),
    (
        "RequestStartTransaction",
        with_profile(a_default()),
        [("chargingProfile.chargingProfilePurpose", "K05.FR.02")],
    ),
    (
        "RequestStartTransaction",
        with_profile(replace(FREE, stack_level=4)),
        [("chargingProfile.stackLevel", "K01.FR.17")],
    ),
    ("ClearChargingProfile", {"chargingProfileId": 5}, []),
    ("ClearChargingProfile", {"chargingProfileCriteria": {"stackLevel": 0}}, []),
    ("ClearChargingProfile", {}, [("", "K10.FR.02")]),
    *(
        (
            "ClearChargingProfile",
            {"chargingProfileCriteria": {"chargingProfilePurpose": purpose}},
            [("chargingProfileCriteria.chargingProfilePurpose", "K10.FR.06")]
            if foreign
            else [],
        )
        for purpose, foreign in (
            ("ChargingStationExternalConstraints", True),
            ("LocalGeneration", True),
            ("TxDefaultProfile", False),
        )
    ),
    ("GetChargingProfiles", {"chargingProfile": {"chargingProfileId": [1]}}, []),
    ("GetChargingProfiles", {"chargingProfile": {"stackLevel": 0}}, []),
    (
        "GetChargingProfiles",
        {"chargingProfile": {}},
        [("chargingProfile", "K09.FR.03")],
    ),
    ("GetCompositeSchedule", {"evseId": 0, "duration": 60}, []),
    ("GetCompositeSchedule", {"evseId": 2, "chargingRateUnit": "W"}, []),
    ("GetCompositeSchedule", {"evseId": 9}, [("evseId", "K08.FR.05")]),
    (
        "GetCompositeSchedule",
        {"evseId": 2, "chargingRateUnit": "A"},
        [("chargingRateUnit", "K08.FR.07")],
    ),
    ("UsePriorityCharging", {"transactionId": TX}, []),
    ("UsePriorityCharging", {"transactionId": "x"}, [("transactionId", "K21.FR.02")]),
    (
        "NotifyAllowedEnergyTransfer",
        {"transactionId": "x"},
        [("transactionId", "Q02.FR.05")],
    ),
    ("RequestStopTransaction", {"transactionId": "x"}, []),
]  # fmt: skip


@pytest.mark.parametrize(("action", "payload", "found"), TRIGGERED)
async def test_a_command_must_keep_the_rules(
    action: str, payload: Json, found: list[tuple[str, str]]
) -> None:
    assert await rules_broken(action, payload) == found


async def test_a_clearing_needs_leave_and_nothing_else_does() -> None:
    """What lies above a discharge may hold it back."""
    known = Situations()
    guard = ChargingGuard(cast("Any", known))
    criteria = {"evseId": 1, "chargingProfilePurpose": "TxProfile", "stackLevel": 0}

    await guard.permit(STATION, "SetChargingProfile", with_profile(a_profile()))
    await guard.permit(STATION, "ClearChargingProfile", {"chargingProfileId": 5})
    await guard.permit(
        STATION, "ClearChargingProfile", {"chargingProfileCriteria": criteria}
    )

    assert known.clearing == [Criteria(profile_id=5), Criteria(1, Purpose.TX, 0)]


@pytest.mark.parametrize(
    ("field", "path"),
    [
        ("", ""),
        ("evse", "evseId"),
        ("purpose", "chargingProfile.chargingProfilePurpose"),
        ("duration_s", "chargingProfile.chargingSchedule[0].duration"),
        (
            "alternatives[1].periods[2].limit_l2",
            "chargingProfile.chargingSchedule[2].chargingSchedulePeriod[2].limit_L2",
        ),
    ],
)
def test_what_is_wrong_is_named_as_on_the_wire(field: str, path: str) -> None:
    assert wire_path(field) == path


@dataclass
class Notes:
    """A ledger that remembers what it is told."""

    held: Profile | None = None
    told: list[tuple[Any, ...]] = field(default_factory=list)

    @dataclass
    class Row:
        profile: Profile | None

    def find(self, station: StationId, profile_id: int) -> "Notes.Row | None":
        assert (station, profile_id) == (STATION, 100)
        return None if self.held is None else Notes.Row(self.held)

    def accepted(self, profile: Profile, by: str) -> None:
        self.told.append(("accepted", profile, by))

    def starting(self, station: StationId, number: int, profile: Profile) -> None:
        self.told.append(("starting", station, number, profile))

    def updated(self, profile: Profile) -> None:
        self.told.append(("updated", profile))

    def cleared(self, station: StationId, profile_id: int) -> None:
        self.told.append(("cleared", station, profile_id))

    def cleared_all(self, station: StationId, criteria: Criteria) -> None:
        self.told.append(("cleared all", station, criteria))


UPDATE = {"chargingProfileId": 100, "scheduleUpdate": {"setpoint": -500.0}}


def heard(
    action: str,
    payload: Json,
    status: str = "Accepted",
    held: Profile | None = None,
) -> list[tuple[Any, ...]]:
    notes = Notes(held)
    CommandEar(cast("Any", notes)).heard(STATION, action, payload, status)
    return notes.told


class TestEar:
    def test_a_profile_that_was_taken_is_held(self) -> None:
        profile = a_profile()

        assert heard("SetChargingProfile", with_profile(profile)) == [
            ("accepted", profile, "command")
        ]
        assert heard("SetChargingProfile", with_profile(profile), "Rejected") == []

    def test_a_profile_of_a_start_waits_for_its_transaction(self) -> None:
        payload = with_profile(FREE) | {"remoteStartId": 7}

        assert heard("RequestStartTransaction", payload) == [
            ("starting", STATION, 7, FREE)
        ]
        assert heard("RequestStartTransaction", payload, "Rejected") == []

    def test_an_update_changes_what_it_says_and_nothing_else(self) -> None:
        known = a_dynamic(periods=(Period(0, limit=11_000.0, setpoint=5.0),))
        fresh = Period(0, limit=11_000.0, setpoint=-500.0)

        assert heard("UpdateDynamicSchedule", UPDATE, held=known) == [
            ("updated", replace(known, periods=(fresh,)))
        ]
        assert heard("UpdateDynamicSchedule", UPDATE) == []

    def test_a_profile_that_is_cleared_is_gone(self) -> None:
        assert heard("ClearChargingProfile", {"chargingProfileId": 100}) == [
            ("cleared", STATION, 100)
        ]

    def test_profiles_are_cleared_by_what_they_are(self) -> None:
        said = {"evseId": 1, "chargingProfilePurpose": "TxProfile", "stackLevel": 0}

        assert heard("ClearChargingProfile", {"chargingProfileCriteria": said}) == [
            ("cleared all", STATION, Criteria(1, Purpose.TX, 0))
        ]
        assert heard(
            "ClearChargingProfile", {"chargingProfileCriteria": {"evseId": 1}}
        ) == [("cleared all", STATION, Criteria(1))]

    def test_other_commands_change_no_profile(self) -> None:
        assert heard("Reset", {"type": "Immediate"}) == []
