"""C18: what a payment terminal asks is answered, though nobody here can settle."""

import pytest

from tests.conformance.peer_world import PeerWorld
from tests.proving import proves

pytestmark = [pytest.mark.postgres, pytest.mark.sockets]


@proves("C18.FR.10")
async def test_a_vat_number_is_answered_for_the_evse_that_asked(
    peer_world: PeerWorld,
) -> None:
    async with peer_world.station() as peer:
        answer = await peer.ask(
            "VatNumberValidation", {"vatNumber": "DE123456789", "evseId": 1}
        )

    assert answer["status"] == "Rejected"
    assert answer["vatNumber"] == "DE123456789"
    assert answer["evseId"] == 1
