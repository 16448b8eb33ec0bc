"""Part 6, block P: what makes add to messages does no harm."""

import json

import pytest

from tests.conformance.driving import Stay
from tests.conformance.peer_world import EDITIONS, Edition, PeerWorld
from tests.proving import proves

pytestmark = [pytest.mark.postgres, pytest.mark.sockets]
CUSTOM = {"vendorId": "org.example", "theirOwn": {"deep": [1, "two"]}}


@proves("TC_P_03_CSMS")
@pytest.mark.parametrize("edition", EDITIONS)
async def test_custom_data_is_taken_and_kept_with_its_report(
    peer_world: PeerWorld, edition: Edition
) -> None:
    async with peer_world.station(edition) as peer:
        status = await peer.ask_raw(
            "StatusNotification",
            {
                "timestamp": peer_world.now(),
                "connectorStatus": "Available",
                "evseId": 1,
                "connectorId": 1,
                "customData": CUSTOM,
            },
        )
        stay = Stay(peer_world, peer, "tx-custom")
        report = {
            "eventType": "Started",
            "timestamp": peer_world.now(),
            "triggerReason": "CablePluggedIn",
            "seqNo": 0,
            "transactionInfo": {"transactionId": stay.id, "customData": CUSTOM},
            "customData": CUSTOM,
        }
        answer = await peer.ask_raw("TransactionEvent", report)
        (kept,) = await stay.reports()

    assert (status, answer) == ({}, {})
    assert json.loads(kept["payload"]) == report
    deviations = await peer_world.rows(
        "SELECT kind FROM deviation WHERE station_id = $1", peer.name
    )
    assert deviations == []
