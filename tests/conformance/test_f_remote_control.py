"""F01 to F06: what an operator has stations do, on the wire."""

import pytest

from tests.conformance.driving import DRIVER, Stay, a_reading
from tests.conformance.peer_world import EDITIONS, Declines, Edition, PeerWorld
from tests.proving import proves

pytestmark = [pytest.mark.postgres, pytest.mark.sockets]
both = pytest.mark.parametrize("edition", EDITIONS)
REQUEST = "SELECT * FROM station_request WHERE station_id = $1 ORDER BY id DESC LIMIT 1"


@proves("F01.FR.03", "F01.FR.04", "F01.FR.06", "TC_F_01_CSMS")
@both
async def test_a_transaction_is_started_where_the_cable_is_in(
    peer_world: PeerWorld, edition: Edition
) -> None:
    body = {"evse": 1, "id_token": "DRIVER-1", "type": "ISO14443"}
    async with peer_world.station(edition) as peer:
        stay = Stay(peer_world, peer, "tx-remote")
        await stay.report("Started", "CablePluggedIn", "EVConnected", evse={"id": 1})
        accepted = {"status": "Accepted", "transactionId": stay.id}
        peer.answers["RequestStartTransaction"] = accepted
        told = await peer_world.post(f"stations/{peer.name}/transactions", body)
        asked = await peer.heard("RequestStartTransaction")
        info = {"remoteStartId": asked["remoteStartId"]}
        answer = await stay.report(
            "Updated", "RemoteStart", "EVConnected", idToken=asked["idToken"], info=info
        )

    assert told.status == 201, told.body
    assert asked["idToken"] == DRIVER
    assert asked["evseId"] == 1
    assert answer["idTokenInfo"]["status"] == "Accepted"
    kept = await stay.kept()
    assert kept["remote_start_id"] == asked["remoteStartId"] == told.body["id"]
    assert kept["id_token"] == "DRIVER-1"


@proves(
    "F02.FR.11",
    "F02.FR.12",
    "F02.FR.14",
    "TC_F_02_CSMS",
    "TC_F_03_CSMS",
    "TC_F_04_CSMS",
)
@pytest.mark.parametrize("trigger", ["CablePluggedIn", "EVConnectTimeout"])
@both
async def test_a_transaction_is_started_before_the_cable_is_in(
    peer_world: PeerWorld, edition: Edition, trigger: str
) -> None:
    body = {"evse": 1, "id_token": "DRIVER-1", "type": "ISO14443"}
    async with peer_world.station(edition) as peer:
        await peer_world.post(f"stations/{peer.name}/transactions", body)
        asked = await peer.heard("RequestStartTransaction")
        permission = await peer.ask("Authorize", {"idToken": asked["idToken"]})
        stay = Stay(peer_world, peer, f"tx-{trigger}")
        info = {"remoteStartId": asked["remoteStartId"]}
        started = await stay.report(
            "Started", "RemoteStart", idToken=asked["idToken"], info=info
        )
        if trigger == "CablePluggedIn":
            await stay.report("Updated", trigger, "EVConnected", evse={"id": 1})
        else:
            await stay.end(trigger, "Timeout")

    assert (asked["idToken"], asked["evseId"]) == (DRIVER, 1)
    assert permission["idTokenInfo"]["status"] == "Accepted"
    assert started["idTokenInfo"]["status"] == "Accepted"
    kept = await stay.kept()
    assert kept["remote_start_id"] == asked["remoteStartId"]
    assert (kept["ended_at"] is None) == (trigger == "CablePluggedIn")


@proves(
    "F01.FR.08",
    "F01.FR.09",
    "F01.FR.11",
    "F02.FR.16",
    "F02.FR.17",
    "F02.FR.19",
    "K05.FR.01",
    "K05.FR.02",
)
@both
async def test_a_start_may_carry_a_profile_of_its_transaction(
    peer_world: PeerWorld, edition: Edition
) -> None:
    body = {"evse": 1, "id_token": "DRIVER-1", "type": "ISO14443", "max_kw": 3.5}
    async with peer_world.station(edition) as peer:
        told = await peer_world.post(f"stations/{peer.name}/transactions", body)
        asked = await peer.heard("RequestStartTransaction")

    assert told.status == 201, told.body
    profile = asked["chargingProfile"]
    assert profile["chargingProfilePurpose"] == "TxProfile"
    assert "transactionId" not in profile
    (schedule,) = profile["chargingSchedule"]
    assert schedule["chargingRateUnit"] == "W"
    assert [each["limit"] for each in schedule["chargingSchedulePeriod"]] == [3500]


@proves("F03.FR.01", "F04.FR.01", "TC_E_21_CSMS")
@both
async def test_a_transaction_is_stopped_by_its_id(
    peer_world: PeerWorld, edition: Edition
) -> None:
    async with peer_world.station(edition) as peer:
        stay = Stay(peer_world, peer, "tx-stopped")
        await stay.begin()
        told = await peer_world.post(
            f"stations/{peer.name}/transactions/{stay.id}/stop"
        )
        asked = await peer.heard("RequestStopTransaction")
        await stay.end("RemoteStop", "Remote")

    assert told.status == 201, told.body
    assert asked == {"transactionId": stay.id}
    kept = await stay.kept()
    assert kept["stopped_reason"] == "Remote"
    assert kept["ended_at"] is not None


@proves("TC_F_06_CSMS")
@both
async def test_a_connector_is_unlocked(peer_world: PeerWorld, edition: Edition) -> None:
    async with peer_world.station(edition) as peer:
        for status, state in (("Unlocked", "accepted"), ("UnlockFailed", "refused")):
            peer.answers["UnlockConnector"] = {"status": status}
            told = await peer_world.post(f"stations/{peer.name}/unlock", {"evse": 1})

            assert await peer.heard("UnlockConnector") == {
                "evseId": 1,
                "connectorId": 1,
            }
            assert told.body["status"] == status
            (row,) = await peer_world.rows(REQUEST, peer.name)
            assert (row["state"], row["status"]) == (state, status)


@proves(
    "F06.FR.01",
    "F06.FR.02",
    "TC_F_11_CSMS",
    "TC_F_12_CSMS",
    "TC_F_13_CSMS",
    "TC_F_14_CSMS",
    "TC_F_15_CSMS",
    "TC_F_18_CSMS",
    "TC_F_20_CSMS",
)
@both
async def test_every_message_may_be_asked_for(
    peer_world: PeerWorld, edition: Edition
) -> None:
    cases: list[tuple[str, int | None]] = [
        ("MeterValues", 1),
        ("MeterValues", None),
        ("TransactionEvent", 1),
        ("TransactionEvent", None),
        ("LogStatusNotification", None),
        ("FirmwareStatusNotification", None),
        ("Heartbeat", None),
        ("SignChargingStationCertificate", None),
    ]
    async with peer_world.station(edition) as peer:
        for message, evse in cases:
            body = {"message": message, "evse": evse}
            told = await peer_world.post(f"stations/{peer.name}/trigger", body)

            place = {} if evse is None else {"evse": {"id": evse}}
            assert told.status == 201, told.body
            assert await peer.heard("TriggerMessage") == {
                "requestedMessage": message,
                **place,
            }


@proves("F06.FR.13", "TC_F_23_CSMS", "TC_F_24_CSMS")
@pytest.mark.parametrize("state", ["Available", "Occupied"])
@both
async def test_the_status_of_a_connector_is_asked_for_and_kept(
    peer_world: PeerWorld, edition: Edition, state: str
) -> None:
    body = {"message": "StatusNotification", "evse": 1, "connector": 1}
    async with peer_world.station(edition) as peer:
        told = await peer_world.post(f"stations/{peer.name}/trigger", body)
        asked = await peer.heard("TriggerMessage")
        await peer.ask(
            "StatusNotification",
            {
                "timestamp": peer_world.now(),
                "connectorStatus": state,
                "evseId": 1,
                "connectorId": 1,
            },
        )
        found = await peer_world.until(
            "SELECT 1 FROM connector WHERE station_id = $1 AND evse = 1 "
            "AND number = 1 AND status = $2",
            peer.name,
            state,
        )

    assert told.status == 201, told.body
    assert asked["evse"] == {"id": 1, "connectorId": 1}
    assert found


@proves("TC_F_27_CSMS")
@both
async def test_a_message_that_a_station_does_not_have_is_told_as_such(
    peer_world: PeerWorld, edition: Edition
) -> None:
    async with peer_world.station(edition) as peer:
        peer.answers["TriggerMessage"] = {"status": "NotImplemented"}
        told = await peer_world.command(
            peer, "TriggerMessage", {"requestedMessage": "LogStatusNotification"}
        )

    assert told.payload == {"status": "NotImplemented"}


@both
async def test_a_station_that_declines_a_request_is_not_asked_again(
    peer_world: PeerWorld, edition: Edition
) -> None:
    async with peer_world.station(edition) as peer:
        peer.answers["UnlockConnector"] = Declines("NotSupported")
        told = await peer_world.command(
            peer, "UnlockConnector", {"evseId": 1, "connectorId": 1}
        )

    assert (told.status, told.body["code"]) == (502, "NotSupported")
    assert len(peer.record.asked("UnlockConnector")) == 1


@both
async def test_readings_that_were_asked_for_are_kept(
    peer_world: PeerWorld, edition: Edition
) -> None:
    async with peer_world.station(edition) as peer:

        async def tell(_: object) -> None:
            value = a_reading(peer_world, 4200, "Trigger")
            await peer.ask("MeterValues", {"evseId": 1, "meterValue": [value]})

        peer.afters["TriggerMessage"] = tell
        await peer_world.command(
            peer,
            "TriggerMessage",
            {"requestedMessage": "MeterValues", "evse": {"id": 1}},
        )
        rows = await peer_world.until(
            "SELECT import_ws, context FROM reading WHERE station_id = $1", peer.name
        )

    assert rows == [{"import_ws": 4200 * 3600, "context": "Trigger"}]


@proves("F06.FR.20")
async def test_a_message_of_a_make_is_asked_for_by_its_own_name(
    peer_world: PeerWorld,
) -> None:
    async with peer_world.station(Edition.V21) as peer:
        told = await peer_world.post(
            f"stations/{peer.name}/trigger", {"message": "Custom:SelfTest"}
        )
        asked = await peer.heard("TriggerMessage")

    assert told.status == 201, told.body
    assert asked == {"requestedMessage": "CustomTrigger", "customTrigger": "SelfTest"}
