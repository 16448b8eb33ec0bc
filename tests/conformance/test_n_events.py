"""Block N on the wire: events that stations notify, and alerts (N07, N08)."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.conformance.peer_world import EDITIONS, Edition, Peer, PeerWorld
from tests.proving import proves

pytestmark = [pytest.mark.postgres, pytest.mark.sockets]
Json = dict[str, Any]


@pytest.fixture
def edition() -> Edition:
    """The later edition, in tests that do not ask for both."""
    return Edition.V21


@pytest.fixture
async def peer(peer_world: PeerWorld, edition: Edition) -> AsyncIterator[Peer]:
    async with peer_world.station(edition) as peer:
        yield peer


async def notify(world: PeerWorld, peer: Peer, *events: Json) -> Json:
    data = [
        {
            "eventId": number,
            "timestamp": world.now(),
            "trigger": "Alerting",
            "actualValue": "1",
            "eventNotificationType": "CustomMonitor",
            "component": {"name": "EVSE", "evse": {"id": 1}},
            "variable": {"name": "Power"},
            **event,
        }
        for number, event in enumerate(events, start=1)
    ]
    said = {"generatedAt": world.now(), "seqNo": 0, "eventData": data}
    return await peer.ask("NotifyEvent", said)


async def alerts(world: PeerWorld, peer: Peer, **query: str) -> list[Json]:
    wanted = "&".join(f"{k}={v}" for k, v in {"station": peer.name, **query}.items())
    found: list[Json] = (await world.get(f"alerts?{wanted}")).body["items"]
    return found


async def incidents(world: PeerWorld, peer: Peer) -> list[Json]:
    return await world.rows(
        "SELECT severity, resolved_at, detail FROM incident"
        " WHERE station_id = $1 AND kind = 'station_alert' ORDER BY id",
        peer.name,
    )


@proves("N07.FR.03", "TC_N_48_CSMS")
@pytest.mark.parametrize("edition", EDITIONS)
async def test_an_event_is_answered_and_kept(
    peer_world: PeerWorld, peer: Peer, edition: Edition
) -> None:
    event = {
        "actualValue": "",
        "cause": 4,
        "transactionId": "tx-1",
        "techCode": "E12",
        "variableMonitoringId": 77,
        "trigger": "Delta",
    }
    said = {"severity": 5} if edition is Edition.V21 else {}
    answer = await notify(peer_world, peer, event | said)

    assert answer == {}
    (kept,) = (await peer_world.get(f"stations/{peer.name}/events")).body["items"]
    assert (kept["value"], kept["cause"], kept["transaction"]) == ("", 4, "tx-1")
    assert (kept["tech_code"], kept["monitor"]) == ("E12", 77)
    assert (kept["severity"], kept["severity_from"]) == (
        (5, "event") if edition is Edition.V21 else (6, "nobody")
    )
    assert await alerts(peer_world, peer) == []


@proves("N08.FR.02", "TC_N_24_CSMS", "TC_N_50_CSMS")
@pytest.mark.parametrize("edition", EDITIONS)
@pytest.mark.usefixtures("edition")
async def test_periodic_values_are_answered_and_are_nobodys_concern(
    peer_world: PeerWorld, peer: Peer
) -> None:
    answers = [
        await notify(
            peer_world, peer, {"trigger": "Periodic", "actualValue": str(each)}
        )
        for each in range(3)
    ]

    assert answers == [{}, {}, {}]
    kept = (await peer_world.get(f"stations/{peer.name}/events")).body["items"]
    assert [each["value"] for each in kept] == ["2", "1", "0"]
    assert {each["trigger"] for each in kept} == {"Periodic"}
    assert (
        await peer_world.rows(
            "SELECT 1 FROM station_notice WHERE station_id = $1", peer.name
        )
        == []
    )


@proves("TC_N_49_CSMS")
async def test_a_grave_event_is_one_incident_until_it_is_over(
    peer_world: PeerWorld, peer: Peer
) -> None:
    grave = {"severity": 1, "variableMonitoringId": 5}
    for _ in range(3):
        await notify(peer_world, peer, grave)
    (raised,) = await alerts(peer_world, peer, open="true")
    answer = await notify(peer_world, peer, grave | {"cleared": True})
    again = await notify(peer_world, peer, grave | {"cleared": True})
    await notify(peer_world, peer, grave)

    assert answer == again == {}
    assert (raised["rule"], raised["count"], raised["severity"]) == ("danger", 3, 1)
    assert [each["cleared_by"] for each in await alerts(peer_world, peer)] == [
        None,
        "event",
    ]
    first, second = await incidents(peer_world, peer)
    assert first["severity"] == "critical"
    assert first["resolved_at"] is not None
    assert second["resolved_at"] is None


async def test_the_monitor_says_how_grave_it_is_where_the_event_does_not(
    peer_world: PeerWorld,
) -> None:
    async with peer_world.station(Edition.V201) as peer:
        await peer_world.rows(
            "INSERT INTO reported_monitor (station_id, monitor_id, component,"
            " component_instance, evse, connector, variable, variable_instance, kind,"
            " severity, value, transaction_only, report_id, reported_at) VALUES ($1, 9,"
            " 'EVSE', '', 1, 0, 'Power', '', 'UpperThreshold', 2, 1, false, 1, now())",
            peer.name,
        )
        await notify(peer_world, peer, {"variableMonitoringId": 9})

        (raised,) = await alerts(peer_world, peer)
        assert (raised["rule"], raised["severity"]) == ("failure", 2)


async def test_a_problem_is_over_when_the_variable_says_so(
    peer_world: PeerWorld, peer: Peer
) -> None:
    problem = {"variable": {"name": "Problem"}, "severity": 8, "trigger": "Delta"}
    await notify(peer_world, peer, problem | {"actualValue": "True"})
    (raised,) = await alerts(peer_world, peer, open="true")
    await notify(peer_world, peer, problem | {"actualValue": "false"})

    assert raised["rule"] == "problem"
    assert await alerts(peer_world, peer, open="true") == []


async def test_what_is_delivered_late_does_not_raise_what_is_over(
    peer_world: PeerWorld, peer: Peer
) -> None:
    early, late = peer_world.now(minutes=-10), peer_world.now(minutes=-5)
    grave = {"severity": 0, "timestamp": early}
    await notify(
        peer_world, peer, grave, grave | {"timestamp": late, "cleared": True}, grave
    )

    (one,) = await alerts(peer_world, peer)
    assert one["cleared_at"] is not None


async def test_rules_are_changed_switched_off_and_given_back(
    peer_world: PeerWorld, peer: Peer
) -> None:
    mine = {"component": "Fan*", "variable": "*", "severity": 9, "raises": "critical"}
    name = f"fans-{peer.name.lower()}"
    made = await peer_world.put(f"alert-rules/{name}", mine | {"station": peer.name})
    await notify(peer_world, peer, {"component": {"name": "FanLeft"}, "severity": 9})
    bad = [
        (await peer_world.put("alert-rules/A B", {})).body["field"],
        (await peer_world.put("alert-rules/x", {"severity": 10})).body["field"],
        (await peer_world.put("alert-rules/x", {"triggers": []})).body["field"],
    ]
    gone = await peer_world.delete(f"alert-rules/{name}")
    never = await peer_world.delete("alert-rules/danger")
    listed = (await peer_world.get("alert-rules")).body["items"]

    assert (made.status, made.body["is_default"]) == (200, False)
    assert [each["rule"] for each in await alerts(peer_world, peer)] == [name]
    assert bad == ["id", "severity", "triggers"]
    assert (gone.status, never.status) == (204, 404)
    assert {"danger", "failure", "problem"} <= {each["id"] for each in listed}
    assert name not in {each["id"] for each in listed}


async def test_an_alert_is_ended_by_hand(peer_world: PeerWorld, peer: Peer) -> None:
    await notify(peer_world, peer, {"severity": 1, "trigger": "Delta"})
    (raised,) = await alerts(peer_world, peer)
    ended = await peer_world.post(f"alerts/{raised['id']}/end")
    again = await peer_world.post(f"alerts/{raised['id']}/end")

    assert (ended.status, again.status, again.body["code"]) == (
        204,
        409,
        "alert-is-over",
    )
    (row,) = await incidents(peer_world, peer)
    assert row["resolved_at"] is not None
    trail = await peer_world.rows(
        "SELECT action FROM audit WHERE subject = $1", peer.name
    )
    assert {"action": "alert.ended"} in trail


async def test_what_cannot_be_is_counted_and_never_an_error(
    peer_world: PeerWorld, peer: Peer
) -> None:
    """Semantically impossible: a record is on the station, the event is kept."""
    nowhere = {"component": {"name": "EVSE", "evse": {"id": 7}}, "severity": 5}
    answer = await notify(peer_world, peer, nowhere, {"severity": 12})

    assert answer == {}
    await peer_world.until(
        "SELECT 1 FROM deviation WHERE station_id = $1 AND kind = 'unknown-evse'",
        peer.name,
    )
    await peer_world.until(
        "SELECT 1 FROM deviation WHERE station_id = $1"
        " AND kind = 'severity-out-of-range'",
        peer.name,
    )
    kept = (await peer_world.get(f"stations/{peer.name}/events")).body["items"]
    assert [each["severity"] for each in kept] == [9, 5]
    assert await alerts(peer_world, peer) == []


async def test_a_connector_is_known_by_its_event(
    peer_world: PeerWorld, peer: Peer
) -> None:
    """2.1 tells states of connectors like this (G01); they are no events to keep."""
    connector = {
        "component": {"name": "Connector", "evse": {"id": 1, "connectorId": 1}},
        "variable": {"name": "AvailabilityState"},
        "actualValue": "Occupied",
        "trigger": "Delta",
        "severity": 1,
    }
    await notify(peer_world, peer, connector)

    shown = (await peer_world.get(f"stations/{peer.name}")).body
    assert shown["evses"][0]["connector_status"] == "Occupied"
    assert (await peer_world.get(f"stations/{peer.name}/events")).body["items"] == []
