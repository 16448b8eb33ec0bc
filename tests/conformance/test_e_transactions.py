"""E01 to E15: what stations report of transactions, and what they are told."""

import json

import pytest

from tests.conformance.driving import DRIVER, Stay, a_reading
from tests.conformance.peer_world import EDITIONS, Edition, PeerWorld
from tests.proving import proves

pytestmark = [pytest.mark.postgres, pytest.mark.sockets]
both = pytest.mark.parametrize("edition", EDITIONS)
BLOCKED = {"idToken": "BLOCKED-1", "type": "ISO14443"}

STARTS = {
    "CablePluggedIn": "EVConnected",
    "Authorized": None,
    "SignedDataReceived": "EVConnected",
    "EVDetected": None,
    "ChargingStateChanged": "Charging",
}
STOPS = (
    ("StopAuthorized", "Local", None),
    ("ChargingStateChanged", "Local", "EVConnected"),
    ("EVCommunicationLost", "EVDisconnected", "Idle"),
    ("EVConnectTimeout", "Timeout", None),
    ("ChargingStateChanged", "StoppedByEV", "SuspendedEV"),
    ("EVDeparted", "Local", None),
    ("Deauthorized", "DeAuthorized", None),
    ("RemoteStop", "Remote", None),
)


@proves(
    "TC_E_01_CSMS",
    "TC_E_02_CSMS",
    "TC_E_09_CSMS",
    "TC_E_10_CSMS",
    "TC_E_11_CSMS",
    "TC_E_12_CSMS",
)
@both
async def test_a_transaction_may_start_at_every_point(
    peer_world: PeerWorld, edition: Edition
) -> None:
    async with peer_world.station(edition) as peer:
        for trigger, state in STARTS.items():
            permission = await peer.ask("Authorize", {"idToken": DRIVER})
            stay = Stay(peer_world, peer, f"tx-{trigger}")
            started = await stay.begin(trigger, state=state)

            assert permission["idTokenInfo"]["status"] == "Accepted"
            assert started["idTokenInfo"]["status"] == "Accepted"
            kept = await stay.kept()
            assert (kept["evse"], kept["id_token"]) == (1, "DRIVER-1")
            assert kept["charging_state"] == state
            (report,) = await stay.reports()
            assert report["event_type"] == "Started"
            assert report["trigger_reason"] == trigger
            assert json.loads(report["payload"]) == stay.said[0]


@proves("E01.FR.11", "E01.FR.12", "E02.FR.02", "E02.FR.04", "TC_E_03_CSMS")
@both
async def test_a_token_is_judged_when_it_comes_after_the_cable(
    peer_world: PeerWorld, edition: Edition
) -> None:
    async with peer_world.station(edition) as peer:
        stay = Stay(peer_world, peer, "tx-cable-first")
        plugged = await stay.report(
            "Started", "CablePluggedIn", "EVConnected", evse={"id": 1, "connectorId": 1}
        )
        authorized = await stay.report(
            "Updated", "Authorized", "EVConnected", idToken=DRIVER
        )
        await stay.charge()

    assert "idTokenInfo" not in plugged
    assert authorized["idTokenInfo"]["status"] == "Accepted"
    kept = await stay.kept()
    assert (kept["id_token"], kept["charging_state"]) == ("DRIVER-1", "Charging")
    assert kept["ended_at"] is None


@proves("E03.FR.02", "TC_E_04_CSMS")
@both
async def test_a_token_is_judged_when_it_comes_before_the_cable(
    peer_world: PeerWorld, edition: Edition
) -> None:
    async with peer_world.station(edition) as peer:
        stay = Stay(peer_world, peer, "tx-token-first")
        first = await stay.report("Started", "Authorized", idToken=DRIVER)
        await stay.report(
            "Updated",
            "CablePluggedIn",
            "EVConnected",
            evse={"id": 1, "connectorId": 1},
        )
        await stay.charge()

    assert first["idTokenInfo"]["status"] == "Accepted"
    kept = await stay.kept()
    assert (kept["evse"], kept["charging_state"]) == (1, "Charging")


@proves("E01.FR.11", "E05.FR.01")
@both
async def test_a_token_that_is_blocked_is_refused_and_the_report_is_kept(
    peer_world: PeerWorld, edition: Edition
) -> None:
    known = await peer_world.post(
        "id-tokens", {"value": "BLOCKED-1", "type": "ISO14443", "blocked": True}
    )
    assert known.status in (201, 409), known.body
    async with peer_world.station(edition) as peer:
        stay = Stay(peer_world, peer, "tx-blocked")
        started = await stay.begin(idToken=BLOCKED)
        reports = await stay.reports()
        await stay.end("Deauthorized", "DeAuthorized")

    assert started["idTokenInfo"]["status"] == "Blocked"
    assert len(reports) == 1
    assert (await stay.kept())["stopped_reason"] == "DeAuthorized"


@proves("E01.FR.12")
@both
async def test_the_group_of_a_token_is_told_with_it(
    peer_world: PeerWorld, edition: Edition
) -> None:
    token = {"value": "GROUPED-1", "type": "ISO14443", "group": "FLEET-7"}
    known = await peer_world.post("id-tokens", token)
    assert known.status in (201, 409), known.body
    async with peer_world.station(edition) as peer:
        stay = Stay(peer_world, peer, "tx-group")
        started = await stay.begin(idToken={"idToken": "GROUPED-1", "type": "ISO14443"})

    assert started["idTokenInfo"]["groupIdToken"] == {
        "idToken": "FLEET-7",
        "type": "Central",
    }


@proves(
    "TC_E_07_CSMS",
    "TC_E_08_CSMS",
    "TC_E_14_CSMS",
    "TC_E_15_CSMS",
    "TC_E_17_CSMS",
    "TC_E_19_CSMS",
    "TC_E_20_CSMS",
    "TC_E_22_CSMS",
    "TC_E_39_CSMS",
)
@both
async def test_a_transaction_may_stop_for_every_reason(
    peer_world: PeerWorld, edition: Edition
) -> None:
    async with peer_world.station(edition) as peer:
        for number, (trigger, reason, state) in enumerate(STOPS):
            stay = Stay(peer_world, peer, f"tx-{number}")
            await stay.begin()
            await stay.charge()
            await stay.end(trigger, reason, state=state)

            kept = await stay.kept()
            assert kept["ended_at"] is not None
            assert (kept["stopped_reason"], kept["last_seq"]) == (reason, 2)
            assert [each["event_type"] for each in await stay.reports()] == [
                "Started",
                "Updated",
                "Ended",
            ]


@proves("TC_E_26_CSMS", "TC_E_38_CSMS")
@both
async def test_a_vehicle_that_is_unplugged_may_only_suspend(
    peer_world: PeerWorld, edition: Edition
) -> None:
    async with peer_world.station(edition) as peer:
        stay = Stay(peer_world, peer, "tx-suspended")
        await stay.begin()
        await stay.report("Updated", "ChargingStateChanged", "SuspendedEV")
        suspended = await stay.kept()
        await stay.report("Updated", "EVCommunicationLost", "Idle")
        idle = await stay.kept()
        await stay.report("Updated", "CablePluggedIn", "EVConnected")
        await stay.charge()

    assert suspended["charging_state"] == "SuspendedEV"
    assert idle["charging_state"] == "Idle"
    assert idle["ended_at"] is None
    assert (await stay.kept())["charging_state"] == "Charging"


@proves("TC_E_53_CSMS")
@both
async def test_numbers_start_at_zero_in_every_transaction(
    peer_world: PeerWorld, edition: Edition
) -> None:
    async with peer_world.station(edition) as peer:
        for name in ("tx-one", "tx-two"):
            stay = Stay(peer_world, peer, name)
            await stay.begin()
            await stay.end()
            assert [each["seq_no"] for each in await stay.reports()] == [0, 1]


@both
async def test_what_happened_offline_is_kept_in_the_order_of_its_numbers(
    peer_world: PeerWorld, edition: Edition
) -> None:
    async with peer_world.station(edition) as peer:
        stay = Stay(peer_world, peer, "tx-offline")
        await stay.begin(offline=True)
        await stay.charge(offline=True, meterValue=[a_reading(peer_world, 1200)])
        await stay.end(offline=True)
        for payload in (stay.said[1], stay.said[1]):  # sent again
            await peer.ask("TransactionEvent", payload)

    reports = await stay.reports()
    assert [(each["seq_no"], each["offline"]) for each in reports] == [
        (0, True),
        (1, True),
        (2, True),
    ]
    assert (await stay.kept())["ended_at"] is not None


@proves("TC_E_29_CSMS", "TC_E_30_CSMS", "TC_E_31_CSMS", "TC_E_33_CSMS", "TC_E_34_CSMS")
@both
async def test_a_station_is_asked_whether_a_transaction_goes_on(
    peer_world: PeerWorld, edition: Edition
) -> None:
    one = {"transactionId": "tx-asked"}
    cases: list[tuple[dict[str, str], dict[str, bool]]] = [
        (one, {"ongoingIndicator": True, "messagesInQueue": True}),
        (one, {"ongoingIndicator": True, "messagesInQueue": False}),
        (one, {"ongoingIndicator": False, "messagesInQueue": True}),
        ({}, {"messagesInQueue": True}),
        ({}, {"messagesInQueue": False}),
    ]
    async with peer_world.station(edition) as peer:
        await Stay(peer_world, peer, "tx-asked").begin()
        for wanted, answer in cases:
            peer.answers["GetTransactionStatus"] = answer
            told = await peer_world.command(peer, "GetTransactionStatus", wanted)

            assert peer.record.asked("GetTransactionStatus")[-1] == wanted
            assert told.payload == answer


@proves("J02.FR.19")
@both
async def test_every_report_is_answered_once_it_is_kept(
    peer_world: PeerWorld, edition: Edition
) -> None:
    async with peer_world.station(edition) as peer:
        stay = Stay(peer_world, peer, "tx-answered")
        for kind in ("Started", "Updated", "Ended"):
            await stay.report(kind, "MeterValuePeriodic", evse={"id": 1})

            assert (await stay.reports())[-1]["event_type"] == kind

    assert len(peer.record.answered("TransactionEvent")) == len(stay.said)
