"""Blocks F, G and J by the typed resources, on the wire and in the database."""

from typing import Any

import pytest

from csms.ocpp.wire import Edition
from tests.conformance.peer_world import EDITIONS, Declines, Peer, PeerWorld
from tests.proving import proves

pytestmark = [pytest.mark.postgres, pytest.mark.sockets]


ASKED = (
    "RequestStartTransaction",
    "UnlockConnector",
    "ChangeAvailability",
    "TriggerMessage",
)


def report(world: PeerWorld, kind: str, seq: int, **info: Any) -> dict[str, Any]:  # noqa: ANN401
    return {
        "eventType": kind,
        "timestamp": world.now(),
        "triggerReason": "RemoteStart",
        "seqNo": seq,
        "transactionInfo": {"transactionId": "T-7", **info},
        "evse": {"id": 1, "connectorId": 1},
    }


async def connector(world: PeerWorld, peer: Peer, status: str) -> None:
    said = {
        "timestamp": world.now(),
        "connectorStatus": status,
        "evseId": 1,
        "connectorId": 1,
    }
    await peer.ask("StatusNotification", said)


async def states(world: PeerWorld, peer: Peer) -> list[tuple[str, str]]:
    """Return kind and state of each request, in order."""
    found = await world.rows(
        "SELECT kind, state FROM station_request WHERE station_id = $1 ORDER BY id",
        peer.name,
    )
    return [(each["kind"], each["state"]) for each in found]


@proves("F01.FR.03", "F01.FR.04", "F01.FR.08", "F02.FR.16")
@pytest.mark.parametrize("edition", EDITIONS)
async def test_a_remote_start_is_found_again_by_its_number(
    peer_world: PeerWorld, edition: Edition
) -> None:
    body = {"evse": 1, "id_token": "driver-7", "type": "Central", "max_kw": 6.5}
    async with peer_world.station(edition) as peer:
        first = await peer_world.post(f"stations/{peer.name}/transactions", body)
        second = await peer_world.post(f"stations/{peer.name}/transactions", body)
        sent = peer.record.asked("RequestStartTransaction")
        number = sent[1]["remoteStartId"]
        started = report(peer_world, "Started", 0, remoteStartId=number)
        await peer.ask("TransactionEvent", started)
        shown = await peer_world.get(f"stations/{peer.name}/requests")
        busy = await peer_world.post(f"stations/{peer.name}/transactions", body)

    assert (first.status, first.body["state"]) == (201, "accepted")
    assert sent[0]["remoteStartId"] == first.body["id"] != second.body["id"] == number
    assert sent[0]["idToken"] == {"idToken": "driver-7", "type": "Central"}
    profile = sent[0]["chargingProfile"]
    assert profile["chargingProfilePurpose"] == "TxProfile"
    assert "transactionId" not in profile
    [schedule] = profile["chargingSchedule"]
    assert schedule["chargingSchedulePeriod"] == [{"startPeriod": 0, "limit": 6500}]
    transactions = {e["id"]: e["transaction"] for e in shown.body["items"]}
    assert transactions == {first.body["id"]: None, number: "T-7"}
    assert (busy.status, busy.body["code"]) == (409, "evse-busy")


@proves("F03.FR.01")
async def test_a_transaction_is_stopped_by_its_id(peer_world: PeerWorld) -> None:
    async with peer_world.station() as peer:
        await peer.ask("TransactionEvent", report(peer_world, "Started", 0))
        path = f"stations/{peer.name}/transactions"
        told = await peer_world.post(f"{path}/T-7/stop")
        unknown = await peer_world.post(f"{path}/T-8/stop")
        sent = peer.record.asked("RequestStopTransaction")

    assert (told.status, told.body["transaction"]) == (201, "T-7")
    assert sent == [{"transactionId": "T-7"}]
    assert (unknown.status, unknown.body["field"]) == (404, "transaction")


@pytest.mark.parametrize(
    ("answer", "state", "info"),
    [
        ({"status": "Rejected"}, "refused", ""),
        (Declines("InternalError", "no"), "refused", "InternalError no"),
    ],
)
async def test_a_refusal_is_kept_with_its_reason(
    peer_world: PeerWorld,
    answer: Any,  # noqa: ANN401
    state: str,
    info: str,
) -> None:
    async with peer_world.station() as peer:
        peer.answers["RequestStartTransaction"] = answer
        body = {"evse": 1, "id_token": "driver-7"}
        told = await peer_world.post(f"stations/{peer.name}/transactions", body)

    assert (told.body["state"], told.body["info"]) == (state, info)


async def test_what_was_asked_of_a_station_that_is_away_stays_open(
    peer_world: PeerWorld,
) -> None:
    async with peer_world.station() as peer:
        pass
    body = {"operative": False}
    told = await peer_world.post(f"stations/{peer.name}/availability", body)

    assert (told.body["state"], told.body["status"]) == ("open", None)
    assert "unreachable" in told.body["info"]


@pytest.mark.parametrize("edition", EDITIONS)
async def test_a_change_that_waits_for_a_transaction_is_done_when_it_is_seen(
    peer_world: PeerWorld, edition: Edition
) -> None:
    async with peer_world.station(edition) as peer:
        await connector(peer_world, peer, "Occupied")
        peer.answers["ChangeAvailability"] = {"status": "Scheduled"}
        path = f"stations/{peer.name}/availability"
        await peer_world.post(path, {"operative": False})
        told = await peer_world.post(path, {"operative": False, "evse": 1})
        waiting = await states(peer_world, peer)
        await connector(peer_world, peer, "Unavailable")
        await peer_world.until(
            "SELECT 1 FROM station_request WHERE id = $1 AND state = 'done'",
            told.body["id"],
        )
        seen = await peer_world.get(f"stations/{peer.name}/connectors")
        sent = peer.record.asked("ChangeAvailability")

    assert told.body["state"] == "scheduled"
    assert waiting == [("availability", "scheduled")] * 2
    assert [e["status"] for e in seen.body["items"]] == ["Unavailable"]
    assert sent == [
        {"operationalStatus": "Inoperative"},
        {"operationalStatus": "Inoperative", "evse": {"id": 1}},
    ]


async def test_another_change_supersedes_one_that_waits(peer_world: PeerWorld) -> None:
    async with peer_world.station() as peer:
        path = f"stations/{peer.name}/availability"
        peer.answers["ChangeAvailability"] = {"status": "Scheduled"}
        for place in ({}, {"evse": 1}, {"evse": 1, "connector": 1}):
            await peer_world.post(path, {"operative": False, **place})
        del peer.answers["ChangeAvailability"]
        await peer_world.post(path, {"operative": True, "evse": 1})
        found = await states(peer_world, peer)

    assert [state for _, state in found] == [
        "scheduled",
        "superseded",
        "superseded",
        "accepted",
    ]


async def test_an_older_state_of_a_connector_changes_nothing(
    peer_world: PeerWorld,
) -> None:
    async with peer_world.station() as peer:
        await connector(peer_world, peer, "Occupied")
        late = {
            "timestamp": peer_world.now(minutes=-5),
            "connectorStatus": "Faulted",
            "evseId": 1,
            "connectorId": 1,
        }
        await peer_world.until(
            "SELECT 1 FROM connector WHERE station_id = $1", peer.name
        )
        await peer.ask("StatusNotification", late)
        await peer_world.inside(peer_world.node.reception.journal.flush())
        found = await peer_world.value(
            "SELECT status FROM connector WHERE station_id = $1", peer.name
        )

    assert found == "Occupied"


@proves("F06.FR.01", "F06.FR.02")
async def test_a_message_of_a_connector_is_asked_for(peer_world: PeerWorld) -> None:
    async with peer_world.station() as peer:
        path = f"stations/{peer.name}/trigger"
        await peer_world.post(
            path, {"message": "StatusNotification", "evse": 1, "connector": 1}
        )
        await peer_world.post(path, {"message": "Custom:BatteryReport"})
        nonsense = await peer_world.post(path, {"message": "Nonsense"})
        sent = peer.record.asked("TriggerMessage")[-2:]

    assert sent == [
        {
            "requestedMessage": "StatusNotification",
            "evse": {"id": 1, "connectorId": 1},
        },
        {"requestedMessage": "CustomTrigger", "customTrigger": "BatteryReport"},
    ]
    assert (nonsense.status, nonsense.body["field"]) == (422, "message")


@pytest.mark.parametrize(
    ("status", "state"),
    [("Unlocked", "accepted"), ("UnlockFailed", "refused")],
)
async def test_a_connector_is_unlocked(
    peer_world: PeerWorld, status: str, state: str
) -> None:
    async with peer_world.station() as peer:
        peer.answers["UnlockConnector"] = {"status": status}
        told = await peer_world.post(
            f"stations/{peer.name}/unlock", {"evse": 1, "connector": 1}
        )
        sent = peer.record.asked("UnlockConnector")

    assert sent == [{"evseId": 1, "connectorId": 1}]
    assert (told.body["state"], told.body["status"]) == (state, status)


@pytest.mark.parametrize(
    ("path", "body", "status", "field"),
    [
        ("transactions", {"evse": 9, "id_token": "x"}, 404, "evse"),
        ("transactions", {"evse": 1, "id_token": ""}, 422, "id_token"),
        ("transactions", {"evse": 1, "id_token": "x", "max_kw": -3}, 422, "max_kw"),
        ("unlock", {"evse": 9}, 404, "evse"),
        ("availability", {"operative": False, "evse": 9}, 404, "evse"),
        ("availability", {"operative": False, "connector": 1}, 422, "evse"),
        ("trigger", {"message": "Heartbeat", "evse": 9}, 404, "evse"),
    ],
)
async def test_what_makes_no_sense_is_refused_by_its_field_and_not_sent(
    peer_world: PeerWorld, path: str, body: dict[str, Any], status: int, field: str
) -> None:
    async with peer_world.station() as peer:
        before = [len(peer.record.asked(name)) for name in ASKED]
        told = await peer_world.post(f"stations/{peer.name}/{path}", body)
        after = [len(peer.record.asked(name)) for name in ASKED]
        kept = await states(peer_world, peer)

    assert (told.status, told.body["field"]) == (status, field)
    assert (after, kept) == (before, [])


@proves("J01.FR.18", "J02.FR.19")
@pytest.mark.parametrize("edition", EDITIONS)
async def test_what_a_meter_signed_is_kept_word_for_word(
    peer_world: PeerWorld, edition: Edition
) -> None:
    signed = {
        "signedMeterData": "T0NNRnx7fQ==",
        "signingMethod": "ECDSA-secp256r1-SHA256",
        "encodingMethod": "OCMF",
        "publicKey": "b2lk",
    }
    sampled = {"value": 5, "context": "Transaction.Begin", "signedMeterValue": signed}
    async with peer_world.station(edition) as peer:
        at = peer_world.now()
        values = [{"timestamp": at, "sampledValue": [sampled, {"value": 6}]}]
        said = report(peer_world, "Started", 0) | {"meterValue": values}
        for _ in range(2):
            await peer.ask("TransactionEvent", said)
        await peer.ask("MeterValues", {"evseId": 1, "meterValue": values})
        found = await peer_world.get(f"stations/{peer.name}/signed-values")

    [one] = found.body["items"]
    assert one["data"] == signed["signedMeterData"]
    assert (one["public_key"], one["encoding_method"]) == ("b2lk", "OCMF")
    assert (one["transaction"], one["evse"]) == ("T-7", 1)
    assert (one["context"], one["measurand"]) == (
        "Transaction.Begin",
        "Energy.Active.Import.Register",
    )


async def test_what_the_mission_does_not_need_is_answered_and_recorded(
    peer_world: PeerWorld,
) -> None:
    battery = {"evseId": 1, "serialNumber": "B-1", "soC": 50, "soH": 90}
    async with peer_world.station() as peer:
        vat = await peer.ask("VatNumberValidation", {"vatNumber": "NL1", "evseId": 1})
        paid = await peer.ask(
            "NotifySettlement",
            {
                "pspRef": "R-1",
                "status": "Settled",
                "settlementAmount": 9.5,
                "settlementTime": peer_world.now(),
            },
        )
        swap = await peer.ask(
            "BatterySwap",
            {
                "batteryData": [battery],
                "eventType": "BatteryIn",
                "idToken": {"idToken": "driver-7", "type": "Central"},
                "requestId": 1,
            },
        )
        await peer_world.inside(peer_world.node.reception.journal.flush())
        kept = await peer_world.rows(
            "SELECT kind, body FROM station_notice WHERE station_id = $1 ORDER BY id",
            peer.name,
        )

    assert (vat["status"], vat["vatNumber"], vat["evseId"]) == ("Rejected", "NL1", 1)
    assert (paid, swap) == ({}, {})
    assert [each["kind"] for each in kept] == [
        "VatNumberValidation",
        "NotifySettlement",
        "BatterySwap",
    ]
    assert "B-1" in kept[2]["body"]
