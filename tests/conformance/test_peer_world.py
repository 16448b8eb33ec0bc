"""The harness itself: what it captures, and what it does not let pass."""

import pytest

from csms.ocpp.wire import Edition
from tests.conformance.peer_world import EDITIONS, Declines, PeerWorld, Refused
from tests.conformance.wire import BrokenFrame, Record

pytestmark = [pytest.mark.postgres, pytest.mark.sockets]


@pytest.mark.parametrize("edition", EDITIONS)
async def test_a_station_boots_is_commanded_and_seen_in_the_database(
    peer_world: PeerWorld, edition: Edition
) -> None:
    async with peer_world.station(edition) as peer:
        told = await peer_world.command(
            peer, "TriggerMessage", {"requestedMessage": "Heartbeat"}
        )

        assert told.payload == {"status": "Accepted"}
        assert (await peer.heard("TriggerMessage"))["requestedMessage"] == "Heartbeat"
        assert await peer_world.until(
            "SELECT 1 FROM station WHERE id = $1 AND standing = 'accepted'", peer.name
        )


async def test_a_station_that_comes_back_is_the_same(peer_world: PeerWorld) -> None:
    async with peer_world.station() as peer:
        pass

    async with peer_world.station(like=peer) as again:
        statuses = [
            each.payload["status"] for each in again.record.answered("BootNotification")
        ]

    assert again.name == peer.name
    assert statuses == ["Accepted"]


async def test_names_that_the_library_mangles_go_out_as_they_are(
    peer_world: PeerWorld,
) -> None:
    needs = {
        "requestedEnergyTransfer": "DC_BPT",
        "controlMode": "ScheduledControl",
        "dcChargingParameters": {
            "evMaxCurrent": 50,
            "evMaxVoltage": 400,
            "stateOfCharge": 60,
        },
        "v2xChargingParameters": {"maxChargePower_L2": 3000, "maxChargePower": 11000},
    }
    said = {"evseId": 1, "timestamp": peer_world.now(), "chargingNeeds": needs}
    async with peer_world.station() as peer:
        await peer.ask("NotifyEVChargingNeeds", said)

    assert peer.record.asked("NotifyEVChargingNeeds", by="station") == [said]


async def test_a_refusal_of_either_side_is_seen(peer_world: PeerWorld) -> None:
    async with peer_world.station() as peer:
        peer.answers["Reset"] = Declines("NotSupported", "not I")
        told = await peer_world.command(peer, "Reset", {"type": "Immediate"})
        with pytest.raises(Refused) as refused:
            await peer.ask_raw("Heartbeat", "no object")

    assert (told.status, told.body["code"]) == (502, "NotSupported")
    assert refused.value.code == "FormatViolation"


async def test_a_frame_of_the_systems_that_breaks_its_schema_is_not_let_pass() -> None:
    record = Record(Edition.V201)
    await record.note("station", '[2,"1","Heartbeat",{}]')

    with pytest.raises(BrokenFrame, match="currentTime"):
        await record.note("csms", '[3,"1",{}]')
