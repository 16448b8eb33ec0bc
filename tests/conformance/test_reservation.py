"""Block H on the wire: EVSEs kept free, used, given up, taken back."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.conformance.peer_world import (
    EDITIONS,
    Declines,
    Edition,
    Peer,
    PeerWorld,
    Told,
)
from tests.conformance.token_world import (
    MASTER,
    RESERVATIONS,
    SETTINGS,
    a_token,
    an_event,
    equipped,
    started,
)
from tests.proving import proves

__all__ = ["SETTINGS"]
pytestmark = [pytest.mark.postgres, pytest.mark.sockets]
Json = dict[str, Any]


@pytest.fixture(params=EDITIONS)
def edition(request: pytest.FixtureRequest) -> Edition:
    found: Edition = request.param
    return found


@pytest.fixture
async def peer(peer_world: PeerWorld, edition: Edition) -> AsyncIterator[Peer]:
    async with equipped(peer_world, edition, RESERVATIONS, evses=2) as peer:
        yield peer


async def reserve(world: PeerWorld, peer: Peer, **wish: Any) -> Told:  # noqa: ANN401
    token = wish.pop("token", None) or await a_token(world, f"{peer.name}-t")
    body = {
        "token": {"type": token["type"], "value": token["idToken"]},
        "expires_at": world.now(hours=1),
        **wish,
    }
    return await world.post(f"stations/{peer.name}/reservations", body)


async def kept(world: PeerWorld, peer: Peer) -> list[Json]:
    return await world.rows(
        "SELECT id, state, answer, transaction_id FROM reservation"
        " WHERE station_id = $1 ORDER BY id",
        peer.name,
    )


@proves("TC_H_01_CSMS", "TC_H_17_CSMS")
async def test_a_certain_evse_is_reserved_and_given_back(
    peer_world: PeerWorld, peer: Peer
) -> None:
    token = await a_token(peer_world, f"{peer.name}-1")
    until = peer_world.now(hours=1)
    made = await reserve(peer_world, peer, token=token, evse=2, expires_at=until)
    number = made.body["id"]
    back = await peer_world.delete(f"stations/{peer.name}/reservations/{number}")
    again = await peer_world.delete(f"stations/{peer.name}/reservations/{number}")

    (asked,) = peer.record.asked("ReserveNow")
    assert asked.pop("expiryDateTime")[:19] == until[:19]
    assert asked == {"id": number, "idToken": token, "evseId": 2}
    assert peer.record.asked("CancelReservation") == [{"reservationId": number}]
    assert (made.status, made.body["state"]) == (201, "held")
    assert (back.status, back.body["state"]) == (200, "cancelled")
    assert (again.status, again.body["code"]) == (409, "reservation-over")
    assert [each["state"] for each in await kept(peer_world, peer)] == ["cancelled"]


@proves("TC_H_08_CSMS", "TC_H_14_CSMS")
async def test_any_evse_is_reserved_as_often_as_there_are_evses(
    peer_world: PeerWorld, peer: Peer
) -> None:
    token = await a_token(peer_world, f"{peer.name}-1")
    made = [
        await reserve(peer_world, peer, token=token, evse=evse) for evse in (None, 0)
    ]
    third = await reserve(peer_world, peer, token=token)

    asked = peer.record.asked("ReserveNow")
    assert [sorted(each) for each in asked] == [["expiryDateTime", "id", "idToken"]] * 2
    assert [each.status for each in made] == [201, 201]
    assert (third.status, third.body["code"]) == (409, "reservation-overlaps")
    for each in made:
        assert str(each.body["id"]) in third.body["detail"]


@proves("TC_H_15_CSMS")
async def test_a_kind_of_plug_is_reserved(peer_world: PeerWorld, peer: Peer) -> None:
    made = await reserve(peer_world, peer, connector_type="cType1")
    second = await reserve(
        peer_world,
        peer,
        token={"idToken": f"{peer.name}-t", "type": "ISO14443"},
        connector_type="cType1",
    )

    (asked,) = peer.record.asked("ReserveNow")
    assert asked["connectorType"] == "cType1"
    assert "evseId" not in asked
    assert (made.status, second.status) == (201, 409)
    assert second.body["code"] == "reservation-overlaps"


@proves("TC_H_19_CSMS")
async def test_a_group_may_use_it_and_its_use_is_seen(
    peer_world: PeerWorld, peer: Peer
) -> None:
    group = f"family-{peer.name}"
    one = await a_token(peer_world, f"{peer.name}-1", group=group)
    other = await a_token(peer_world, f"{peer.name}-2", group=group)
    stranger = await a_token(peer_world, f"{peer.name}-3")
    await reserve(peer_world, peer, token=one, evse=1, group=group)

    await peer.ask("TransactionEvent", started(peer, peer_world, idToken=stranger))
    before = await kept(peer_world, peer)
    await peer.ask("TransactionEvent", an_event(peer, peer_world, 1, idToken=other))
    after = await kept(peer_world, peer)

    (asked,) = peer.record.asked("ReserveNow")
    assert asked["groupIdToken"] == {"idToken": group, "type": "Central"}
    assert before[0]["state"] == "held"
    assert after[0]["state"] == "used"
    assert after[0]["transaction_id"] == f"tx-{peer.name}"


async def test_the_reservation_that_a_station_names_is_used(
    peer_world: PeerWorld, peer: Peer
) -> None:
    """H01.FR.15, also when the station says it again and again."""
    token = await a_token(peer_world, f"{peer.name}-1")
    one = await reserve(peer_world, peer, token=token, evse=1)
    two = await reserve(peer_world, peer, token=token, evse=2)

    for seq in range(3):
        await peer.ask(
            "TransactionEvent",
            an_event(
                peer,
                peer_world,
                seq,
                eventType="Started" if seq == 0 else "Updated",
                idToken=token,
                evse={"id": 2},
                reservationId=two.body["id"],
            ),
        )

    states = {each["id"]: each["state"] for each in await kept(peer_world, peer)}
    assert states == {one.body["id"]: "held", two.body["id"]: "used"}


@proves("TC_H_07_CSMS", "TC_H_20_CSMS")
@pytest.mark.parametrize(
    ("word", "state"), [("Expired", "expired"), ("Removed", "removed")]
)
async def test_the_station_ends_it(
    peer_world: PeerWorld, peer: Peer, word: str, state: str
) -> None:
    made = await reserve(peer_world, peer, evse=1)
    status = {
        "timestamp": peer_world.now(),
        "connectorStatus": "Reserved",
        "evseId": 1,
        "connectorId": 1,
    }
    await peer.ask("StatusNotification", status)
    number = made.body["id"]
    update = {"reservationId": number, "reservationUpdateStatus": word}

    answers = [await peer.ask("ReservationStatusUpdate", update) for _ in range(2)]

    assert answers == [{}, {}]
    assert [each["state"] for each in await kept(peer_world, peer)] == [state]
    room = await reserve(
        peer_world,
        peer,
        token={"idToken": f"{peer.name}-t", "type": "ISO14443"},
        evse=1,
    )
    assert room.status == 201


@proves("TC_H_22_CSMS")
@pytest.mark.parametrize("word", ["Occupied", "Faulted", "Rejected", "Unavailable"])
async def test_a_station_that_says_no_keeps_nothing_free(
    peer_world: PeerWorld, peer: Peer, word: str
) -> None:
    peer.answers["ReserveNow"] = {"status": word}

    told = await reserve(peer_world, peer, evse=1)

    assert (told.status, told.body["code"]) == (409, "station-refused")
    assert word in told.body["detail"]
    assert told.body["remedy"]
    (row,) = await kept(peer_world, peer)
    assert (row["state"], row["answer"]) == ("refused", word)


async def test_what_makes_no_sense_is_refused_before_anything_is_sent(
    peer_world: PeerWorld, peer: Peer
) -> None:
    token = await a_token(peer_world, f"{peer.name}-1")
    blocked = await a_token(peer_world, f"{peer.name}-2", blocked=True)
    master = await a_token(peer_world, f"{peer.name}-3", group=MASTER)
    await reserve(peer_world, peer, token=token, evse=1)
    wrong: list[tuple[Json, int, str]] = [
        ({"evse": 1}, 409, "reservation-overlaps"),
        ({"evse": 3}, 409, "reservation-overlaps"),
        ({"connector_type": "sType2"}, 409, "reservation-overlaps"),
        ({"evse": 2, "connector_type": "cType1"}, 422, "malformed-reservation"),
        ({"evse": 2, "expires_at": peer_world.now()}, 422, "malformed-reservation"),
        (
            {"evse": 2, "expires_at": peer_world.now(days=8)},
            422,
            "malformed-reservation",
        ),
        ({"evse": 2, "token": blocked}, 403, "id-token-refused"),
        ({"evse": 2, "token": master}, 403, "id-token-refused"),
        (
            {"evse": 2, "token": {"idToken": "x", "type": "NoAuthorization"}},
            422,
            "malformed-reservation",
        ),
    ]

    told = [
        await reserve(peer_world, peer, **{"token": token, **wish})
        for wish, _, _ in wrong
    ]

    assert [(each.status, each.body["code"]) for each in told] == [
        (status, code) for _, status, code in wrong
    ]
    assert len(peer.record.asked("ReserveNow")) == 1
    assert len(await kept(peer_world, peer)) == 1


async def test_a_station_is_asked_only_for_what_it_offers(
    peer_world: PeerWorld, edition: Edition
) -> None:
    some = {("ReservationCtrlr", None, "Enabled", None): ("true", True)}
    async with peer_world.station(edition) as none:
        lacking = await reserve(peer_world, none, evse=1)
    async with equipped(peer_world, edition, some) as certain:
        unspecific = await reserve(peer_world, certain)
        token = await a_token(peer_world, f"{certain.name}-v", type="VIN")
        foreign = await reserve(peer_world, certain, token=token, evse=1)

        expected = [] if edition is Edition.V201 else ["ReserveNow"]
        assert certain.record.actions().count("ReserveNow") == len(expected)
    for told, variable in (
        (lacking, "ReservationCtrlr.Enabled"),
        (unspecific, "ReservationCtrlr.NonEvseSpecific"),
    ):
        assert (told.status, told.body["code"]) == (409, "station-lacks")
        assert variable in told.body["detail"]
    assert foreign.status == (422 if edition is Edition.V201 else 201)


async def test_words_about_somebody_elses_reservation_change_nothing(
    peer_world: PeerWorld, peer: Peer
) -> None:
    async with equipped(peer_world, Edition.V21, RESERVATIONS) as other:
        made = await reserve(peer_world, other, evse=1)
        number = made.body["id"]

        answer = await peer.ask(
            "ReservationStatusUpdate",
            {"reservationId": number, "reservationUpdateStatus": "Removed"},
        )
        await peer.ask(
            "TransactionEvent",
            started(peer, peer_world, reservationId=number),
        )

        assert [each["state"] for each in await kept(peer_world, other)] == ["held"]
    assert answer == {}
    seen = await peer_world.until(
        "SELECT count FROM deviation"
        " WHERE station_id = $1 AND kind = 'unknown-reservation' AND count = 2",
        peer.name,
    )
    assert seen


async def test_what_may_have_been_reserved_is_taken_back(
    peer_world: PeerWorld,
) -> None:
    """A station that is cut off while it is asked may hold what we do not know of."""
    async with equipped(peer_world, Edition.V21, RESERVATIONS) as peer:
        token = await a_token(peer_world, f"{peer.name}-1")

        async def hang_up() -> None:
            await peer.socket.socket.close()

        def answer(_: Json) -> Json:
            peer.socket.socket.transport.abort()
            return {"status": "Accepted"}

        peer.answers["ReserveNow"] = answer
        cut = await reserve(peer_world, peer, token=token, evse=1)
        (doubtful,) = await kept(peer_world, peer)

    async with peer_world.station(like=peer) as again:
        await again.heard("CancelReservation", patience=12)
        await peer_world.until(
            "SELECT 1 FROM reservation WHERE station_id = $1 AND state = 'cancelled'",
            peer.name,
        )

    assert (cut.status, cut.body["code"]) == (504, "station-silent")
    assert doubtful["state"] == "asked"


async def test_one_in_the_words_of_the_wire_is_kept_like_any_other(
    peer_world: PeerWorld, peer: Peer
) -> None:
    """H01, H02 by ``commands``: there is one book of reservations."""
    token = await a_token(peer_world, f"{peer.name}-1")
    number = 70_000 + int(peer.name[2:])
    wish = {
        "id": number,
        "idToken": token,
        "evseId": 2,
        "expiryDateTime": peer_world.now(hours=1),
    }

    made = await peer_world.command(peer, "ReserveNow", wish)
    held = await kept(peer_world, peer)
    twice = await peer_world.command(peer, "ReserveNow", wish | {"evseId": 1})
    taken = await peer_world.command(peer, "ReserveNow", wish | {"id": number + 100})
    late = {"id": number + 100, "evseId": 1, "expiryDateTime": peer_world.now()}
    over = await peer_world.command(peer, "ReserveNow", wish | late)
    typed = await reserve(peer_world, peer, token=token, evse=2)
    back = await peer_world.command(
        peer, "CancelReservation", {"reservationId": number}
    )
    again = await reserve(peer_world, peer, token=token, evse=2)

    assert made.payload == back.payload == {"status": "Accepted"}
    assert [(each["id"], each["state"]) for each in held] == [(number, "held")]
    assert [(each.status, each.body["code"], each.body["field"]) for each in (
        twice, taken, over, typed
    )] == [
        (409, "reservation-known", "id"),
        (409, "reservation-overlaps", "evseId"),
        (422, "malformed-reservation", "expiryDateTime"),
        (409, "reservation-overlaps", "evse"),
    ]  # fmt: skip
    assert [each["id"] for each in peer.record.asked("ReserveNow")] == [
        number,
        again.body["id"],
    ]
    assert {each["id"]: each["state"] for each in await kept(peer_world, peer)} == {
        number: "cancelled",
        again.body["id"]: "held",
    }


@pytest.mark.parametrize(
    ("answer", "state"),
    [({"status": "Occupied"}, "refused"), (Declines("InternalError"), "refused")],
)
async def test_a_refusal_in_the_words_of_the_wire_is_kept(
    peer_world: PeerWorld,
    peer: Peer,
    answer: Any,  # noqa: ANN401
    state: str,
) -> None:
    peer.answers["ReserveNow"] = answer
    token = await a_token(peer_world, f"{peer.name}-1")
    told = await peer_world.command(
        peer,
        "ReserveNow",
        {
            "id": 80_000 + int(peer.name[2:]),
            "idToken": token,
            "expiryDateTime": peer_world.now(hours=1),
        },
    )

    assert told.body["outcome"] in {"answered", "call_error"}
    assert [each["state"] for each in await kept(peer_world, peer)] == [state]
    assert len(peer.record.asked("ReserveNow")) == 1
