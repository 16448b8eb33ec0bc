"""G01 to G05: what stations say of connectors, and who is put out of service."""

import asyncio
from datetime import datetime

import pytest

from tests.conformance.driving import Stay
from tests.conformance.peer_world import EDITIONS, Edition, Json, Peer, PeerWorld
from tests.proving import proves

pytestmark = [pytest.mark.postgres, pytest.mark.sockets]
both = pytest.mark.parametrize("edition", EDITIONS)
CONNECTOR = (
    "SELECT status FROM connector WHERE station_id = $1 AND evse = 1 AND number = 1"
)
PLACES: dict[str, tuple[Json, Json]] = {
    "station": ({}, {}),
    "evse": ({"evse": 1}, {"evse": {"id": 1}}),
    "connector": (
        {"evse": 1, "connector": 1},
        {"evse": {"id": 1, "connectorId": 1}},
    ),
}


async def say(world: PeerWorld, peer: Peer, status: str) -> Json:
    return await peer.ask(
        "StatusNotification",
        {
            "timestamp": world.now(),
            "connectorStatus": status,
            "evseId": 1,
            "connectorId": 1,
        },
    )


@both
async def test_every_status_of_a_connector_is_kept(
    peer_world: PeerWorld, edition: Edition
) -> None:
    async with peer_world.station(edition) as peer:
        for status in ("Occupied", "Reserved", "Unavailable", "Faulted", "Available"):
            assert await say(peer_world, peer, status) == {}
            assert await peer_world.until(
                f"{CONNECTOR} AND status = $2", peer.name, status
            )


@proves("G02.FR.03", "G02.FR.04")
@both
async def test_a_heartbeat_is_answered_with_our_time_and_noted(
    peer_world: PeerWorld, edition: Edition
) -> None:
    async with peer_world.station(edition) as peer:
        await asyncio.sleep(0.05)
        before = peer_world.now()
        answer = await peer.ask("Heartbeat")
        after = peer_world.now()
        seen = await peer_world.until(
            "SELECT connected FROM station WHERE id = $1 AND last_seen_at >= $2",
            peer.name,
            datetime.fromisoformat(before),
        )

    assert before[:23] <= answer["currentTime"].rstrip("Z")[:23] <= after[:23]
    assert seen == [{"connected": True}]


@proves("G05.FR.03", "TC_G_20_CSMS")
@both
async def test_a_lock_that_fails_is_noted(
    peer_world: PeerWorld, edition: Edition
) -> None:
    event = {
        "eventId": 1,
        "timestamp": peer_world.now(),
        "trigger": "Delta",
        "actualValue": "true",
        "eventNotificationType": "HardWiredNotification",
        "component": {
            "name": "ConnectorPlugRetentionLock",
            "evse": {"id": 1, "connectorId": 1},
        },
        "variable": {"name": "Problem"},
    }
    async with peer_world.station(edition) as peer:
        answer = await peer.ask(
            "NotifyEvent",
            {
                "generatedAt": peer_world.now(),
                "seqNo": 0,
                "eventData": [event],
            },
        )
        found = await peer_world.until(
            "SELECT body::text AS body FROM station_notice WHERE station_id = $1",
            peer.name,
        )

    assert answer == {}
    assert any("ConnectorPlugRetentionLock" in each["body"] for each in found)


@proves(
    "TC_G_03_CSMS",
    "TC_G_04_CSMS",
    "TC_G_05_CSMS",
    "TC_G_06_CSMS",
    "TC_G_07_CSMS",
    "TC_G_08_CSMS",
)
@pytest.mark.parametrize("place", PLACES)
@both
async def test_whoever_is_put_out_of_service_is_named_and_put_in_again(
    peer_world: PeerWorld, edition: Edition, place: str
) -> None:
    ours, wire = PLACES[place]
    async with peer_world.station(edition) as peer:
        for operative, word in ((False, "Inoperative"), (True, "Operative")):
            told = await peer_world.post(
                f"stations/{peer.name}/availability", {"operative": operative, **ours}
            )

            assert told.status == 201, told.body
            assert await peer.heard("ChangeAvailability") == {
                "operationalStatus": word,
                **wire,
            }
            assert told.body["status"] == "Accepted"
            status = "Available" if operative else "Unavailable"
            await say(peer_world, peer, status)
            assert await peer_world.until(
                f"{CONNECTOR} AND status = $2", peer.name, status
            )


@proves("TC_G_11_CSMS", "TC_G_14_CSMS", "TC_G_17_CSMS")
@pytest.mark.parametrize("place", PLACES)
@both
async def test_a_change_waits_for_the_end_of_a_transaction(
    peer_world: PeerWorld, edition: Edition, place: str
) -> None:
    ours, wire = PLACES[place]
    state = (
        "SELECT state, status FROM station_request WHERE station_id = $1 "
        "AND kind = 'availability'"
    )
    async with peer_world.station(edition) as peer:
        stay = Stay(peer_world, peer, f"tx-{place}")
        await stay.begin()
        peer.answers["ChangeAvailability"] = {"status": "Scheduled"}
        told = await peer_world.post(
            f"stations/{peer.name}/availability", {"operative": False, **ours}
        )
        waiting = await peer_world.rows(state, peer.name)
        await stay.end()
        answer = await say(peer_world, peer, "Unavailable")
        done = await peer_world.until(f"{state} AND state = 'done'", peer.name)

    assert await peer.heard("ChangeAvailability") == {
        "operationalStatus": "Inoperative",
        **wire,
    }
    assert told.body["status"] == "Scheduled"
    assert [each["state"] for each in waiting] == ["scheduled"]
    assert answer == {}
    assert len(done) == 1
