"""Block N on the wire: what stations know of customers (N09, N10)."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.conformance.peer_world import EDITIONS, Edition, Peer, PeerWorld, Told
from tests.conformance.token_world import LISTS, a_token, equipped
from tests.proving import proves

pytestmark = [pytest.mark.postgres, pytest.mark.sockets]
Json = dict[str, Any]
TOKEN = {"id_token": "SECRET-TOKEN-1", "type": "ISO14443"}
HASHES = {
    "hash_algorithm": "SHA384",
    "issuer_name_hash": "aa11",
    "issuer_key_hash": "bb22",
    "serial_number": "0c33",
}


@pytest.fixture
def edition() -> Edition:
    """The later edition, in tests that do not ask for both."""
    return Edition.V21


@pytest.fixture
async def peer(peer_world: PeerWorld, edition: Edition) -> AsyncIterator[Peer]:
    async with peer_world.station(edition) as peer:
        peer.answers["CustomerInformation"] = {"status": "Accepted"}
        yield peer


async def wish(world: PeerWorld, peer: Peer, **body: object) -> Told:
    return await world.post(f"stations/{peer.name}/customer-information", body)


async def tell(
    peer: Peer, request: int, number: int, data: str, *, more: bool = False
) -> None:
    said = {
        "requestId": request,
        "seqNo": number,
        "data": data,
        "generatedAt": "2026-07-14T00:00:00Z",
        "tbc": more,
    }
    assert await peer.ask("NotifyCustomerInformation", said) == {}


async def found(world: PeerWorld, request: int) -> Json:
    return (await world.get(f"customer-information/{request}")).body


@proves("TC_N_27_CSMS", "N09.FR.01", "N09.FR.04")
@pytest.mark.parametrize("edition", EDITIONS)
@pytest.mark.usefixtures("edition")
async def test_what_is_known_of_a_customer_is_told(
    peer_world: PeerWorld, peer: Peer
) -> None:
    made = await wish(peer_world, peer, report=True, id_token=TOKEN)
    number = made.body["id"]
    await tell(peer, number, 1, "and charges at night")
    half = await found(peer_world, number)
    await tell(peer, number, 0, "is called Ann, ", more=True)

    assert peer.record.asked("CustomerInformation") == [
        {
            "requestId": number,
            "report": True,
            "clear": False,
            "idToken": {"idToken": "SECRET-TOKEN-1", "type": "ISO14443"},
        }
    ]
    assert (made.status, made.body["status"]) == (202, "Accepted")
    whole = await found(peer_world, number)
    assert (half["complete"], whole["complete"]) == (False, True)
    said = "".join(each["data"] for each in whole["parts"])
    assert said == "is called Ann, and charges at night"


@proves("TC_N_28_CSMS", "TC_N_31_CSMS")
async def test_nothing_known_is_told_too(peer_world: PeerWorld, peer: Peer) -> None:
    for clear in (False, True):
        made = await wish(peer_world, peer, report=True, clear=clear, id_token=TOKEN)
        await tell(peer, made.body["id"], 0, "no data")
        shown = await found(peer_world, made.body["id"])
        assert shown["complete"]
        assert [each["data"] for each in shown["parts"]] == ["no data"]

    flags = [
        (each["report"], each["clear"])
        for each in peer.record.asked("CustomerInformation")
    ]
    assert flags == [(True, False), (True, True)]


@proves("TC_N_29_CSMS")
async def test_a_station_may_say_no(peer_world: PeerWorld, peer: Peer) -> None:
    peer.answers["CustomerInformation"] = {"status": "Rejected"}
    made = await wish(peer_world, peer, report=True, id_token=TOKEN)

    assert (made.body["status"], made.body["complete"]) == ("Rejected", False)
    assert (
        await peer_world.value(
            "SELECT status FROM customer_request WHERE station_id = $1", peer.name
        )
        == "Rejected"
    )


@proves("TC_N_30_CSMS", "TC_N_32_CSMS", "N10.FR.08")
@pytest.mark.parametrize("edition", EDITIONS)
@pytest.mark.usefixtures("edition")
async def test_a_customer_is_forgotten(peer_world: PeerWorld, peer: Peer) -> None:
    for report in (True, False):
        made = await wish(peer_world, peer, report=report, clear=True, id_token=TOKEN)
        await tell(peer, made.body["id"], 0, "gone")
        assert (await found(peer_world, made.body["id"]))["complete"]

    asked = peer.record.asked("CustomerInformation")
    assert [(e["report"], e["clear"]) for e in asked] == [(True, True), (False, True)]
    trail = await peer_world.rows(
        "SELECT detail FROM audit WHERE subject = $1"
        " AND action = 'customer_information.requested' ORDER BY id",
        peer.name,
    )
    assert len(trail) == 2
    assert '"clear": true' in trail[0]["detail"]


@proves("TC_N_62_CSMS", "TC_N_63_CSMS")
async def test_a_customer_is_meant_by_a_name_or_a_certificate(
    peer_world: PeerWorld, peer: Peer
) -> None:
    await wish(
        peer_world, peer, report=True, clear=True, customer_identifier="OpenCharge"
    )
    await wish(peer_world, peer, report=True, clear=True, customer_certificate=HASHES)

    first, second = peer.record.asked("CustomerInformation")
    assert first["customerIdentifier"] == "OpenCharge"
    assert second["customerCertificate"] == {
        "hashAlgorithm": "SHA384",
        "issuerNameHash": "aa11",
        "issuerKeyHash": "bb22",
        "serialNumber": "0c33",
    }
    for each in (first, second):
        named = {"idToken", "customerCertificate", "customerIdentifier"} & set(each)
        assert len(named) == 1


@proves("N09.FR.08", "N10.FR.09")
@pytest.mark.parametrize("edition", EDITIONS)
@pytest.mark.usefixtures("edition")
async def test_a_certificate_is_named_by_the_hashes_it_was_installed_by(
    peer_world: PeerWorld, peer: Peer
) -> None:
    peer.answers["GetInstalledCertificateIds"] = {
        "status": "Accepted",
        "certificateHashDataChain": [
            {
                "certificateType": "V2GCertificateChain",
                "certificateHashData": {
                    "hashAlgorithm": "SHA256",
                    "issuerNameHash": "aa11" * 16,
                    "issuerKeyHash": "bb22" * 16,
                    "serialNumber": "0C33",
                },
            }
        ],
    }
    asked = await peer_world.post(f"stations/{peer.name}/certificates/read")
    assert asked.status < 300, asked.body
    wrong = await wish(peer_world, peer, report=True, customer_certificate=HASHES)
    right = await wish(
        peer_world,
        peer,
        report=True,
        customer_certificate=HASHES | {"hash_algorithm": "SHA256"},
    )

    assert (wrong.status, wrong.body["field"]) == (
        422,
        "customer_certificate.hash_algorithm",
    )
    assert "SHA256" in wrong.body["remedy"]
    assert right.status == 202
    (sent,) = peer.record.asked("CustomerInformation")
    assert sent["customerCertificate"]["hashAlgorithm"] == "SHA256"


@proves("TC_N_46_CSMS", "N10.FR.02")
@pytest.mark.parametrize("edition", EDITIONS)
async def test_who_is_forgotten_is_taken_off_the_local_list(
    peer_world: PeerWorld, edition: Edition
) -> None:
    async with equipped(peer_world, edition, LISTS) as peer:
        peer.answers["CustomerInformation"] = {"status": "Accepted"}
        peer.answers["GetLocalListVersion"] = lambda _: {
            "versionNumber": max(
                (e["versionNumber"] for e in peer.record.asked("SendLocalList")),
                default=0,
            )
        }
        token = await a_token(peer_world, f"{peer.name}-x", listed=True)
        managed = await peer_world.put(f"stations/{peer.name}/local-list")
        assert managed.status < 300, managed.body
        await peer_world.post(f"stations/{peer.name}/local-list/sync", {})
        before = peer.record.asked("SendLocalList")[-1]
        named = {"id_token": token["idToken"], "type": token["type"]}
        await wish(peer_world, peer, report=True, clear=True, id_token=named)

        after = peer.record.asked("SendLocalList")[-1]
        assert token in [e["idToken"] for e in before["localAuthorizationList"]]
        assert after["updateType"] == "Differential"
        assert after["versionNumber"] > before["versionNumber"]
        assert {"idToken": token} in after["localAuthorizationList"]


SENSELESS: list[tuple[Json, str]] = [
    ({"report": True}, "customer_identifier"),
    (
        {"report": True, "id_token": TOKEN, "customer_identifier": "x"},
        "customer_identifier",
    ),
    ({"customer_identifier": "x"}, "report"),
    ({"report": True, "customer_identifier": "x" * 65}, "customer_identifier"),
    (
        {"report": True, "customer_certificate": HASHES | {"hash_algorithm": "MD5"}},
        "customer_certificate.hash_algorithm",
    ),
]


async def test_a_wish_that_makes_no_sense_is_not_sent(
    peer_world: PeerWorld, peer: Peer
) -> None:
    for body, at in SENSELESS:
        told = await wish(peer_world, peer, **body)
        assert (told.status, told.body["field"]) == (422, at), body

    assert peer.record.asked("CustomerInformation") == []


async def test_what_nobody_asked_for_is_counted_and_not_kept(
    peer_world: PeerWorld, peer: Peer
) -> None:
    """Semantically impossible: nothing changes, a record is on the station."""
    made = await wish(peer_world, peer, report=True, id_token=TOKEN)
    number = made.body["id"]
    async with peer_world.station() as other:
        await tell(other, number, 0, "a stranger's words")
    await tell(peer, 3, 0, "nobody asked")
    await tell(peer, number, 0, "all")
    await tell(peer, number, 1, "one more")

    await peer_world.until(
        "SELECT 1 FROM deviation WHERE station_id = $1"
        " AND kind = 'after-the-last-part'",
        peer.name,
    )
    await peer_world.until(
        "SELECT 1 FROM deviation WHERE station_id = $1 AND kind = 'unknown-request'",
        peer.name,
    )
    assert [e["data"] for e in (await found(peer_world, number))["parts"]] == ["all"]
    kept = await peer_world.rows(
        "SELECT 1 FROM customer_part"
        " WHERE data LIKE '%stranger%' OR data LIKE 'nobody%'"
    )
    assert kept == []


async def test_no_word_of_it_is_in_any_record_and_it_is_deletable(
    peer_world: PeerWorld, peer: Peer
) -> None:
    number = (await wish(peer_world, peer, report=True, id_token=TOKEN)).body["id"]
    await tell(peer, number, 0, "lives at Elm Street")
    await found(peer_world, number)
    raw = {
        "requestId": 1,
        "report": False,
        "clear": True,
        "idToken": {"idToken": "SECRET-TOKEN-1", "type": "ISO14443"},
    }
    await peer_world.command(peer, "CustomerInformation", raw)
    deleted = await peer_world.delete(f"customer-information/{number}")
    gone = await peer_world.get(f"customer-information/{number}")

    await peer_world.until(
        "SELECT 1 FROM message_log WHERE station = $1"
        " AND action = 'CustomerInformation' AND direction = 'out' AND kind = 2"
        " AND text LIKE '%\"requestId\":1,%'",
        peer.name,
    )
    logged = await peer_world.rows(
        "SELECT text FROM message_log WHERE station = $1", peer.name
    )
    trail = await peer_world.rows(
        "SELECT action, detail::text AS text FROM audit WHERE subject = $1 ORDER BY id",
        peer.name,
    )
    said = "".join(each["text"] for each in (*logged, *trail))
    assert "Elm Street" not in said
    assert "SECRET-TOKEN-1" not in said
    assert (deleted.status, gone.status) == (204, 404)
    for table in ("customer_request", "customer_part"):
        column = "id" if table == "customer_request" else "request_id"
        left = await peer_world.value(
            f"SELECT count(*) FROM {table} WHERE {column} = $1",  # noqa: S608 ours
            number,
        )
        assert left == 0
    assert [each["action"] for each in trail] == [
        "customer_information.requested",
        "customer_information.answered",
        "customer_information.read",
        "command.CustomerInformation",
        "customer_information.deleted",
    ]


async def test_it_is_forgotten_after_a_while(peer_world: PeerWorld, peer: Peer) -> None:
    number = (await wish(peer_world, peer, report=True, id_token=TOKEN)).body["id"]
    await peer_world.rows(
        "UPDATE customer_request SET requested_at = requested_at - interval '31 days'"
        " WHERE id = $1",
        number,
    )
    await peer_world.inside(peer_world.node.diagnostics.customers.sweep())

    assert (await peer_world.get(f"customer-information/{number}")).status == 404
