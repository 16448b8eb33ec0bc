"""E05: a token that nobody knows, where only known ones may charge."""

import pytest

from tests.conformance.driving import Stay
from tests.conformance.peer_world import EDITIONS, Edition, PeerWorld
from tests.conformance.token_world import SETTINGS
from tests.proving import proves

pytestmark = [pytest.mark.postgres, pytest.mark.sockets]
__all__ = ["SETTINGS"]


@proves("E01.FR.11", "E05.FR.01", "TC_E_16_CSMS")
@pytest.mark.parametrize("edition", EDITIONS)
async def test_a_transaction_of_an_unknown_token_is_refused_and_its_end_is_kept(
    peer_world: PeerWorld, edition: Edition
) -> None:
    nobody = {"idToken": "NOBODY-1", "type": "ISO14443"}
    async with peer_world.station(edition) as peer:
        stay = Stay(peer_world, peer, "tx-unknown")
        started = await stay.begin(idToken=nobody)
        await stay.end("Deauthorized", "DeAuthorized")

    assert started["idTokenInfo"]["status"] == "Unknown"
    kept = await stay.kept()
    assert (kept["id_token"], kept["stopped_reason"]) == ("NOBODY-1", "DeAuthorized")
    assert kept["ended_at"] is not None
