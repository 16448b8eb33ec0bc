"""A00, Part 6: who is let in by HTTP Basic authentication, and who is not."""

import base64

import pytest
import websockets
from websockets.exceptions import InvalidStatus
from websockets.typing import Subprotocol

from tests.conformance.peer_world import PASSWORD, PeerWorld
from tests.proving import proves

pytestmark = [pytest.mark.postgres, pytest.mark.sockets]


async def knock(world: PeerWorld, name: str, user: str, password: str) -> int:
    """Try to connect; return the status of the refusal."""
    login = base64.b64encode(f"{user}:{password}".encode()).decode()
    with pytest.raises(InvalidStatus) as refused:
        await websockets.connect(
            f"{world.served.ocpp}/{name}",
            subprotocols=[Subprotocol("ocpp2.0.1")],
            additional_headers={"Authorization": f"Basic {login}"},
            proxy=None,
        )
    status: int = refused.value.response.status_code
    return status


@proves("TC_A_02_CSMS", "TC_A_03_CSMS")
async def test_nobody_is_let_in_by_another_name_or_password(
    peer_world: PeerWorld,
) -> None:
    async with peer_world.station() as peer:
        pass

    assert await knock(peer_world, peer.name, f"not-{peer.name}", PASSWORD) == 401
    assert await knock(peer_world, peer.name, peer.name, "x" * 20) == 401
    refused = await peer_world.until(
        "SELECT reason FROM rejected_handshake WHERE station = $1 "
        "AND status = 401 OFFSET 1",
        peer.name,
    )
    assert refused
