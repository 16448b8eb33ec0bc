"""B01 to B03, B05 to B07: how a station is received, on the wire."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from tests.conformance.peer_world import (
    EDITIONS,
    Edition,
    Json,
    Peer,
    PeerWorld,
    Refused,
)
from tests.fleet.peer_model import Key
from tests.proving import proves

pytestmark = [pytest.mark.postgres, pytest.mark.sockets]
both = pytest.mark.parametrize("edition", EDITIONS)
STATION = "SELECT * FROM station WHERE id = $1"
LIMIT = 4


def a_boot(peer: Peer, reason: str = "PowerUp") -> dict[str, object]:
    return {"chargingStation": peer.make, "reason": reason}


async def status(world: PeerWorld, peer: Peer) -> dict[str, object]:
    return await peer.ask(
        "StatusNotification",
        {
            "timestamp": world.now(),
            "connectorStatus": "Available",
            "evseId": 1,
            "connectorId": 1,
        },
    )


@proves("B01.FR.02", "TC_B_01_CSMS")
@both
async def test_a_station_that_is_known_is_accepted(
    peer_world: PeerWorld, edition: Edition
) -> None:
    async with peer_world.station(edition) as peer:
        pass

    async with peer_world.station(like=peer, edition=edition, boot=False) as again:
        answer = await again.ask("BootNotification", a_boot(again))

    assert answer["status"] == "Accepted"
    assert answer["interval"] == 300
    assert answer["currentTime"].startswith(peer_world.now()[:13])
    (row,) = await peer_world.until(f"{STATION} AND edition IS NOT NULL", peer.name)
    assert (row["vendor"], row["model"], row["serial"], row["firmware"]) == (
        "Example",
        peer.make["model"],
        peer.name,
        "sim-1.0",
    )
    assert (row["standing"], row["edition"]) == ("accepted", edition.value)


@proves("B01.FR.02", "B02.FR.01", "B07.FR.14", "TC_B_02_CSMS", "TC_B_31_CSMS")
@both
async def test_a_new_station_is_pending_until_its_model_is_read(
    peer_world: PeerWorld, edition: Edition
) -> None:
    async with peer_world.station(edition, boot=False) as peer:
        first = await peer.ask("BootNotification", a_boot(peer))
        report = await peer.heard("GetBaseReport")
        trigger = await peer.heard("TriggerMessage")
        second = await peer.ask("BootNotification", a_boot(peer, "Triggered"))

    assert (first["status"], second["status"]) == ("Pending", "Accepted")
    assert first["interval"] > 0
    assert report["reportBase"] == "FullInventory"
    assert trigger == {"requestedMessage": "BootNotification"}
    asked = peer.record.actions()
    assert asked.index("GetBaseReport") < asked.index("SetVariables")
    rows = await peer_world.rows(
        "SELECT value FROM station_variable WHERE station_id = $1 "
        "AND component = 'SmartChargingCtrlr' AND variable = 'RateUnit'",
        peer.name,
    )
    assert [row["value"] for row in rows] == ["W"]


@proves("B01.FR.10", "B02.FR.09", "TC_B_30_CSMS")
@both
async def test_a_pending_station_is_told_to_wait(
    peer_world: PeerWorld, edition: Edition
) -> None:
    async with peer_world.station(edition, boot=False) as peer:
        peer.afters["GetBaseReport"] = _nothing
        answer = await peer.ask("BootNotification", a_boot(peer))
        with pytest.raises(Refused) as refused:
            await peer.ask("Heartbeat")
        token = {"idToken": {"idToken": "DRIVER-1", "type": "ISO14443"}}
        with pytest.raises(Refused) as also:
            await peer.ask("Authorize", token)
        with pytest.raises(Refused) as connector:
            await status(peer_world, peer)
        with pytest.raises(Refused) as event:
            await peer.ask("NotifyEvent", a_change(peer_world))

    assert answer["status"] == "Pending"
    assert (refused.value.code, also.value.code) == ("SecurityError", "SecurityError")
    assert (connector.value.code, event.value.code) == (
        "SecurityError",
        "SecurityError",
    )
    assert not await peer_world.rows(
        "SELECT 1 FROM connector WHERE station_id = $1", peer.name
    )


@proves("B02.FR.09")
@both
async def test_a_pending_station_may_say_what_it_is_asked_for(
    peer_world: PeerWorld, edition: Edition
) -> None:
    async with peer_world.station(edition, boot=False) as peer:
        peer.afters["GetBaseReport"] = _nothing
        await peer.ask("BootNotification", a_boot(peer))
        told = await peer_world.command(
            peer, "TriggerMessage", {"requestedMessage": "StatusNotification"}
        )
        answer = await status(peer_world, peer)
        with pytest.raises(Refused) as refused:
            await peer.ask("Heartbeat")

    assert told.payload == {"status": "Accepted"}
    assert answer == {}
    assert refused.value.code == "SecurityError"
    await peer_world.until(
        "SELECT 1 FROM connector WHERE station_id = $1 AND status = 'Available'",
        peer.name,
    )


def a_change(world: PeerWorld) -> Json:
    return {
        "generatedAt": world.now(),
        "seqNo": 0,
        "eventData": [
            {
                "eventId": 1,
                "timestamp": world.now(),
                "trigger": "Delta",
                "actualValue": "Available",
                "eventNotificationType": "HardWiredNotification",
                "component": {"name": "Connector", "evse": {"id": 1}},
                "variable": {"name": "AvailabilityState"},
            }
        ],
    }


@proves("B02.FR.06")
async def test_a_pending_station_keeps_its_connection(peer_world: PeerWorld) -> None:
    async with peer_world.station(boot=False) as peer:
        peer.afters["GetBaseReport"] = _nothing
        await peer.ask("BootNotification", a_boot(peer))
        await peer.heard("GetBaseReport")
        answer = await peer.ask("BootNotification", a_boot(peer))

        assert answer["status"] == "Pending"
        assert peer.socket.socket.close_code is None
        assert (
            await peer_world.value(
                "SELECT standing FROM station WHERE id = $1", peer.name
            )
            == "pending"
        )


@proves("B02.FR.03", "B02.FR.09")
async def test_transactions_of_a_pending_station_are_kept(
    peer_world: PeerWorld,
) -> None:
    async with peer_world.station(boot=False) as peer:
        peer.afters["GetBaseReport"] = _nothing
        await peer.ask("BootNotification", a_boot(peer))
        with pytest.raises(Refused) as refused:
            await peer.ask(
                "TransactionEvent",
                {
                    "eventType": "Started",
                    "timestamp": peer_world.now(),
                    "triggerReason": "CablePluggedIn",
                    "seqNo": 0,
                    "offline": True,
                    "transactionInfo": {"transactionId": "tx-queued"},
                    "evse": {"id": 1},
                },
            )

    rows = await peer_world.rows(
        "SELECT transaction_id FROM transaction_report WHERE station_id = $1", peer.name
    )
    assert refused.value.code == "SecurityError"
    assert [row["transaction_id"] for row in rows] == ["tx-queued"]


@proves("B03.FR.03", "B03.FR.07")
@both
async def test_a_rejected_station_is_not_served_and_not_asked(
    peer_world: PeerWorld, edition: Edition
) -> None:
    async with peer_world.station(edition) as peer:
        told = await peer_world.put(
            f"stations/{peer.name}/standing", {"standing": "rejected"}
        )
        assert told.status == 200, told.body

    async with peer_world.station(like=peer, edition=edition, boot=False) as again:
        answer = await again.ask("BootNotification", a_boot(again))
        with pytest.raises(Refused) as refused:
            await status(peer_world, again)
        told = await peer_world.command(again, "Reset", {"type": "Immediate"})
        await asyncio.sleep(0.2)

    assert answer["status"] == "Rejected"
    assert answer["interval"] > 0
    assert refused.value.code == "SecurityError"
    assert (told.status, told.body["code"]) == (403, "station-rejected")
    assert again.record.actions() == []


def sizes(peer: Peer, action: str, part: str) -> list[int]:
    return [len(each[part]) for each in peer.record.asked(action)]


async def _nothing(_: object) -> None:
    """Do nothing: the report never comes."""


@proves("B05.FR.11", "B06.FR.05")
@both
async def test_no_more_variables_are_asked_for_at_once_than_a_station_takes(
    peer_world: PeerWorld, edition: Edition
) -> None:
    async with peer_world.station(edition, boot=False) as peer:
        for instance in ("GetVariables", "SetVariables"):
            key = ("DeviceDataCtrlr", None, "ItemsPerMessage", instance)
            peer.model[key] = (str(LIMIT), False)
        await peer.boot()
        await peer_world.idle()

    written = sizes(peer, "SetVariables", "setVariableData")
    read = sizes(peer, "GetVariables", "getVariableData")
    assert sum(written) > LIMIT
    assert sum(read) > LIMIT
    assert max(written) == max(read) == LIMIT


@proves("B05.FR.13")
@both
async def test_no_variable_is_written_twice_in_one_request(
    peer_world: PeerWorld, edition: Edition
) -> None:
    async with peer_world.station(edition) as peer:
        pass

    for asked in peer.record.asked("SetVariables"):
        named = [
            (str(each["component"]), str(each["variable"]), each.get("attributeType"))
            for each in asked["setVariableData"]
        ]
        assert len(set(named)) == len(named) > 0


OFFLINE = ("OCPPCommCtrlr", None, "OfflineThreshold", None)
REMOTE = ("AuthCtrlr", None, "AuthorizeRemoteStart", None)


def named(*keys: Key) -> list[Json]:
    return [
        {"component": {"name": key[0]}, "variable": {"name": key[2]}} for key in keys
    ]


@contextlib.asynccontextmanager
async def with_variables(
    world: PeerWorld, edition: Edition, **values: str
) -> AsyncIterator[Peer]:
    """Give a station that has said that it has both variables."""
    async with world.station(edition, boot=False) as peer:
        peer.model[OFFLINE] = (values.get("offline", "60"), True)
        peer.model[REMOTE] = (values.get("remote", "true"), True)
        await peer.boot()
        await world.idle()
        peer.record.pass_over()
        yield peer


@proves("TC_B_06_CSMS", "TC_B_07_CSMS")
@both
async def test_variables_are_read_when_an_operator_asks(
    peer_world: PeerWorld, edition: Edition
) -> None:
    async with with_variables(peer_world, edition) as peer:
        for keys, values in (
            ((OFFLINE,), ["60"]),
            ((OFFLINE, REMOTE), ["60", "true"]),
        ):
            data = {"getVariableData": named(*keys)}
            told = await peer_world.command(peer, "GetVariables", data)

            assert await peer.heard("GetVariables") == data
            results = told.payload["getVariableResult"]
            assert [each["attributeValue"] for each in results] == values


@proves("TC_B_09_CSMS", "TC_B_10_CSMS")
@both
async def test_variables_are_written_when_an_operator_asks(
    peer_world: PeerWorld, edition: Edition
) -> None:
    one, other = named(OFFLINE, REMOTE)
    one["attributeValue"], other["attributeValue"] = "123", "false"
    async with with_variables(peer_world, edition) as peer:
        for data in ([one], [one, other]):
            wanted = {"setVariableData": data}
            told = await peer_world.command(peer, "SetVariables", wanted)

            assert await peer.heard("SetVariables") == wanted
            results = told.payload["setVariableResult"]
            assert [each["attributeStatus"] for each in results] == ["Accepted"] * len(
                data
            )

    assert (peer.model[OFFLINE][0], peer.model[REMOTE][0]) == ("123", "false")


@proves("TC_B_20_CSMS", "TC_B_22_CSMS", "TC_B_25_CSMS", "TC_B_27_CSMS")
@both
async def test_a_reset_is_asked_for_and_the_station_comes_back(
    peer_world: PeerWorld, edition: Edition
) -> None:
    async with peer_world.station(edition) as peer:
        for kind in ("OnIdle", "Immediate"):
            for wanted in ({"type": kind}, {"type": kind, "evseId": 1}):
                told = await peer_world.command(peer, "Reset", wanted)

                assert await peer.heard("Reset") == wanted
                assert told.payload["status"] == "Accepted"
        answer = await peer.ask("BootNotification", a_boot(peer, "RemoteReset"))

    assert answer["status"] == "Accepted"
    assert await peer_world.until(
        "SELECT 1 FROM station WHERE id = $1 AND boot_reason = 'RemoteReset'", peer.name
    )


async def test_stations_that_boot_at_once_are_all_written_down(
    peer_world: PeerWorld,
) -> None:
    async with (
        peer_world.station() as one,
        peer_world.station() as two,
        peer_world.station() as three,
    ):
        peers = (one, two, three)
        for peer in peers:
            await peer.ask("BootNotification", a_boot(peer, "Watchdog"))
        rows = await peer_world.until(
            "SELECT count(*) FROM station WHERE id = ANY($1) "
            "AND boot_reason = 'Watchdog' HAVING count(*) = 3",
            [peer.name for peer in peers],
        )

    assert rows == [{"count": 3}]
