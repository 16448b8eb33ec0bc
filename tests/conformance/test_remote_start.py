"""C and F: nobody is started from afar who could not start at the station."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.conformance.peer_world import EDITIONS, Edition, Json, Peer, PeerWorld, Told
from tests.conformance.token_world import (
    MASTER,
    RESERVATIONS,
    SETTINGS,
    a_token,
    equipped,
)
from tests.proving import proves

__all__ = ["SETTINGS"]
pytestmark = [pytest.mark.postgres, pytest.mark.sockets]


@pytest.fixture(params=EDITIONS)
async def peer(
    peer_world: PeerWorld, request: pytest.FixtureRequest
) -> AsyncIterator[Peer]:
    edition: Edition = request.param
    async with equipped(peer_world, edition, RESERVATIONS, evses=2) as peer:
        yield peer


async def start(world: PeerWorld, peer: Peer, token: Json, evse: int) -> list[Told]:
    """Ask for a start by the typed resource, and in the words of the wire."""
    typed = {"evse": evse, "id_token": token["idToken"], "type": token["type"]}
    raw = {"idToken": token, "remoteStartId": 9, "evseId": evse}
    return [
        await world.post(f"stations/{peer.name}/transactions", typed),
        await world.command(peer, "RequestStartTransaction", raw),
    ]


def refusals(told: list[Told]) -> list[tuple[int, Any, Any]]:
    assert all(each.body["remedy"] for each in told)
    return [(each.status, each.body["code"], each.body["field"]) for each in told]


@proves("C12.FR.09", "C16.FR.03")
async def test_a_token_that_may_not_start_is_refused_before_anything_is_sent(
    peer_world: PeerWorld, peer: Peer
) -> None:
    here = [{"station": peer.name, "evses": [2]}]
    refused = [
        {"idToken": f"{peer.name}-nobody", "type": "ISO14443"},
        await a_token(peer_world, f"{peer.name}-blocked", blocked=True),
        await a_token(
            peer_world, f"{peer.name}-expired", valid_until="2026-01-01T00:00:00Z"
        ),
        await a_token(peer_world, f"{peer.name}-elsewhere", places=here),
        await a_token(peer_world, f"{peer.name}-master", group=MASTER),
    ]
    words = ("Unknown", "Blocked", "Expired", "NotAtThisLocation", "Invalid")

    for token, word in zip(refused, words, strict=True):
        told = await start(peer_world, peer, token, 1)
        assert refusals(told) == [
            (403, "id-token-refused", "id_token"),
            (403, "id-token-refused", "idToken"),
        ]
        assert all(word in each.body["detail"] for each in told)
    assert peer.record.asked("RequestStartTransaction") == []
    assert not await peer_world.rows(
        "SELECT 1 FROM station_request WHERE station_id = $1", peer.name
    )

    told = await start(peer_world, peer, refused[3], 2)
    assert [each.status for each in told] == [201, 200]
    assert len(peer.record.asked("RequestStartTransaction")) == 2


async def test_an_evse_that_is_kept_for_somebody_else_is_not_started_at(
    peer_world: PeerWorld, peer: Peer
) -> None:
    """H03: only whom it is kept for."""
    mine = await a_token(peer_world, f"{peer.name}-mine")
    other = await a_token(peer_world, f"{peer.name}-other")
    made = await peer_world.post(
        f"stations/{peer.name}/reservations",
        {
            "token": {"type": mine["type"], "value": mine["idToken"]},
            "expires_at": peer_world.now(hours=1),
            "evse": 2,
        },
    )
    assert made.status == 201, made.body

    told = await start(peer_world, peer, other, 2)
    assert refusals(told) == [
        (409, "evse-reserved", "evse"),
        (409, "evse-reserved", "evseId"),
    ]
    assert str(made.body["id"]) in told[0].body["detail"]
    assert peer.record.asked("RequestStartTransaction") == []
    assert [each.status for each in await start(peer_world, peer, mine, 2)] == [
        201,
        200,
    ]


async def test_the_words_of_the_wire_are_no_way_around(
    peer_world: PeerWorld, peer: Peer
) -> None:
    """A group that is claimed opens nothing; a place that is left out is asked for."""
    here = [{"station": peer.name, "evses": [2]}]
    token = await a_token(peer_world, f"{peer.name}-here", places=here)
    wish = {"idToken": token, "remoteStartId": 9}
    claimed = await peer_world.command(
        peer,
        "RequestStartTransaction",
        wish | {"evseId": 2, "groupIdToken": {"idToken": "Family", "type": "Central"}},
    )
    anywhere = await peer_world.command(peer, "RequestStartTransaction", wish)
    dry = await peer_world.post(
        f"stations/{peer.name}/commands/RequestStartTransaction?dry_run=true", wish
    )

    assert refusals([claimed, anywhere, dry]) == [
        (403, "id-token-refused", "groupIdToken"),
        (403, "id-token-refused", "evseId"),
        (403, "id-token-refused", "evseId"),
    ]
    assert peer.record.asked("RequestStartTransaction") == []
