"""Q02 on the wire: what a vehicle may do is told when it changes."""

import asyncio

import pytest

from csms.services.transfer_watch import LOOK_REAL_S
from tests.conformance.driving import Stay
from tests.conformance.peer_world import Edition, Json, PeerWorld, a_registry
from tests.conformance.token_world import equipped
from tests.proving import proves

pytestmark = [pytest.mark.postgres, pytest.mark.sockets]
SPEAKS = {("ISO15118Ctrlr", None, "Enabled", None): ("true", True)}
NEEDS: Json = {
    "evseId": 1,
    "chargingNeeds": {
        "requestedEnergyTransfer": "DC_BPT",
        "availableEnergyTransfer": ["DC", "DC_BPT"],
        "controlMode": "ScheduledControl",
        "v2xChargingParameters": {"maxChargePower": 11_000, "minChargePower": 0},
    },
}


@proves("Q02.FR.05")
async def test_a_site_that_may_not_export_any_more_ends_it_for_who_is_plugged_in(
    peer_world: PeerWorld,
) -> None:
    async with equipped(peer_world, Edition.V21, SPEAKS) as peer:
        stay = Stay(peer_world, peer, "tx-both-ways")
        await stay.begin()
        await stay.charge()
        await peer.ask("NotifyEVChargingNeeds", NEEDS)
        await asyncio.sleep(LOOK_REAL_S * 2)
        before = peer.record.asked("NotifyAllowedEnergyTransfer")
        registry = a_registry(peer.name)
        registry["sites"][0]["export_permission"] = False
        assert (await peer_world.post("registry", registry)).status == 200
        told = await peer.heard("NotifyAllowedEnergyTransfer")
        registry["sites"][0]["export_permission"] = True
        assert (await peer_world.post("registry", registry)).status == 200
        await asyncio.sleep(LOOK_REAL_S * 2)
        after = peer.record.asked("NotifyAllowedEnergyTransfer")

    assert before == []
    assert told == {"transactionId": stay.id, "allowedEnergyTransfer": ["DC"]}
    assert after == [told]
