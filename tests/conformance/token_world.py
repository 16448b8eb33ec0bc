"""What proofs about tokens, lists and reservations have in common.

All modules with these settings share one node. Tokens are seen by every station there:
each test names its own after its station, and lists only those meant for a list.
"""

import contextlib
from collections.abc import AsyncIterator, Mapping
from typing import Any

from csms.ocpp.wire import Edition
from tests.conformance.peer_world import Json, Peer, PeerWorld

MASTER = "MASTER-PASS"
CLUB = "CLUB"
SETTINGS = {
    "unknown_tokens": "refuse",
    "master_pass_group": MASTER,
    "group_tariffs": {CLUB: "club-2026"},
}
LISTS = {
    ("LocalAuthListCtrlr", None, "Enabled", None): ("true", True),
    ("LocalAuthListCtrlr", None, "ItemsPerMessage", None): ("3", False),
    ("LocalAuthListCtrlr", None, "BytesPerMessage", None): ("4000", False),
}
CACHE = {("AuthCacheCtrlr", None, "Enabled", None): ("true", True)}
RESERVATIONS = {
    ("ReservationCtrlr", None, "Enabled", None): ("true", True),
    ("ReservationCtrlr", None, "NonEvseSpecific", None): ("true", False),
    ("Connector", 2, "ConnectorType", None): ("cType1", False),
}


@contextlib.asynccontextmanager
async def equipped(
    world: PeerWorld,
    edition: Edition,
    more: Mapping[Any, tuple[str, bool]],
    evses: int = 1,
) -> AsyncIterator[Peer]:
    """Give an accepted station whose device model has more in it."""
    async with world.station(edition, boot=False, evses=evses) as peer:
        peer.model |= more
        await peer.boot()
        await world.idle()
        peer.record.pass_over()
        yield peer


async def a_token(world: PeerWorld, value: str, **rules: Any) -> Json:  # noqa: ANN401
    """Have a token known; return it as a station says it."""
    kind = rules.pop("type", "ISO14443")
    body = {"type": kind, "value": value, "listed": False, **rules}
    told = await world.post("id-tokens", body)
    assert told.status == 201, told.body
    return {"idToken": value, "type": kind}


async def number_of(world: PeerWorld, token: Json) -> int:
    """Return our number for a token."""
    found = await world.value(
        "SELECT id FROM id_token WHERE value = $1", token["idToken"]
    )
    assert isinstance(found, int)
    return found


def an_event(peer: Peer, world: PeerWorld, seq_no: int, **changes: Any) -> Json:  # noqa: ANN401
    """Return a TransactionEvent of the station's one transaction."""
    return {
        "eventType": "Updated",
        "timestamp": world.now(),
        "triggerReason": "Authorized",
        "seqNo": seq_no,
        "transactionInfo": {"transactionId": f"tx-{peer.name}"},
        "evse": {"id": 1, "connectorId": 1},
        **changes,
    }


def started(peer: Peer, world: PeerWorld, **changes: Any) -> Json:  # noqa: ANN401
    """Return the first event of the station's one transaction."""
    return an_event(peer, world, 0, **{"eventType": "Started", **changes})
