"""B13 and E17 (2.1): what a transaction has lost by a restart is given to it again."""

from dataclasses import dataclass, field

import pytest

from tests.conformance.driving import DRIVER, Stay
from tests.conformance.peer_world import Edition, Json, Peer, PeerWorld
from tests.proving import proves

pytestmark = [pytest.mark.postgres, pytest.mark.sockets]
LIMIT: Json = {
    "id": 300,
    "evse": 1,
    "purpose": "TxProfile",
    "stack_level": 2,
    "unit": "W",
    "duration_s": 3600,
    "periods": [{"start_s": 0, "limit": 7000}, {"start_s": 1800, "limit": 3000}],
}

A_START: Json = {
    "idToken": DRIVER,
    "remoteStartId": 4711,
    "evseId": 1,
    "chargingProfile": {
        "id": 412,
        "stackLevel": 0,
        "chargingProfilePurpose": "TxProfile",
        "chargingProfileKind": "Relative",
        "chargingSchedule": [
            {
                "id": 412,
                "chargingRateUnit": "W",
                "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 3500}],
            }
        ],
    },
}


@dataclass
class Memory:
    """What a station holds of profiles, and reports when it is asked (K09).

    Attributes:
        held: Every profile by its id, with the EVSE that it is for.
    """

    peer: Peer
    held: dict[int, Json] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.peer.answers["SetChargingProfile"] = self.take
        self.peer.answers["GetChargingProfiles"] = self.tell
        self.peer.afters["GetChargingProfiles"] = self.report

    def take(self, asked: Json) -> Json:
        self.held[asked["chargingProfile"]["id"]] = asked
        return {"status": "Accepted"}

    def tell(self, asked: Json) -> Json:
        return {"status": "Accepted" if self._meant(asked) else "NoProfiles"}

    async def report(self, asked: Json) -> None:
        meant = self._meant(asked)
        for left, each in reversed(list(enumerate(reversed(meant)))):
            await self.peer.ask(
                "ReportChargingProfiles",
                {
                    "requestId": asked["requestId"],
                    "chargingLimitSource": "CSO",
                    "evseId": each["evseId"],
                    "chargingProfile": [each["chargingProfile"]],
                    "tbc": left > 0,
                },
            )

    def _meant(self, asked: Json) -> list[Json]:
        wanted: list[int] = asked["chargingProfile"].get("chargingProfileId", [])
        return [self.held[each] for each in wanted if each in self.held]


def purposes(peer: Peer, since: int) -> list[str]:
    """Return what profiles were set for after a frame, in order."""
    return [
        each.payload["chargingProfile"]["chargingProfilePurpose"]
        for each in peer.record.frames[since:]
        if each.by == "csms" and each.action == "SetChargingProfile"
    ]


@proves("B13.FR.31")
async def test_a_reset_evse_that_resumes_is_given_its_profiles_again(
    peer_world: PeerWorld,
) -> None:
    async with peer_world.station(Edition.V21, boot=False) as peer:
        memory = Memory(peer)
        await peer.boot()
        await peer_world.idle()
        stay = Stay(peer_world, peer, "tx-resumed")
        await stay.begin()
        await stay.charge()
        told = await peer_world.post(
            f"stations/{peer.name}/charging-profiles",
            LIMIT | {"transaction": stay.id, "start": peer_world.now()},
        )
        assert told.status == 200, told.body
        first = await peer.heard("SetChargingProfile", _is_300)
        memory.held.clear()
        since = len(peer.record.frames)
        await stay.report("Updated", "TxResumed", "Charging")
        again = await peer.heard("SetChargingProfile", _is_300)

    assert again == first
    assert purposes(peer, since) == [
        "ChargingStationMaxProfile",
        "TxDefaultProfile",
        "TxProfile",
    ]


@proves("E17.FR.15")
@pytest.mark.parametrize("typed", [True, False], ids=["typed", "raw"])
async def test_a_start_that_was_limited_is_limited_after_a_power_loss(
    peer_world: PeerWorld,
    typed: bool,  # noqa: FBT001
) -> None:
    async with peer_world.station(Edition.V21, boot=False) as peer:
        Memory(peer)
        await peer.boot()
        await peer_world.idle()
        if typed:
            asked = await peer_world.post(
                f"stations/{peer.name}/transactions",
                {"evse": 1, "id_token": DRIVER["idToken"], "max_kw": 3.5},
            )
            assert asked.status == 201, asked.body
        else:
            raw = await peer_world.command(peer, "RequestStartTransaction", A_START)
            assert raw.payload == {"status": "Accepted"}
        start = await peer.heard("RequestStartTransaction")
        stay = Stay(peer_world, peer, "tx-power-loss")
        number = {"remoteStartId": start["remoteStartId"]}
        await stay.begin("RemoteStart", info=number)
        await stay.charge()
    async with peer_world.station(Edition.V21, like=peer, boot=False) as back:
        Memory(back)
        await back.boot()
        stay.peer = back
        await stay.report("Updated", "TxResumed", "SuspendedEVSE")
        again = await back.heard(
            "SetChargingProfile",
            lambda said: (
                said["chargingProfile"]["chargingProfilePurpose"] == "TxProfile"
            ),
        )

    (schedule,) = again["chargingProfile"]["chargingSchedule"]
    assert again["evseId"] == 1
    assert again["chargingProfile"]["transactionId"] == stay.id
    assert again["chargingProfile"]["id"] == start["chargingProfile"]["id"]
    assert [schedule] == start["chargingProfile"]["chargingSchedule"]


def _is_300(said: Json) -> bool:
    return bool(said["chargingProfile"]["id"] == LIMIT["id"])
