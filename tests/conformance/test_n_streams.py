"""Block N on the wire: periodic event streams (2.1 N11 to N15)."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.conformance.peer_world import Edition, Peer, PeerWorld
from tests.conformance.wire import SEND
from tests.proving import exercises, proves

pytestmark = [pytest.mark.postgres, pytest.mark.sockets]
Json = dict[str, Any]
MONITOR = 101


@pytest.fixture
async def peer(peer_world: PeerWorld) -> AsyncIterator[Peer]:
    """A station on which a periodic monitor with a stream was set."""
    async with peer_world.station(boot=False) as peer:
        peer.model["EVSE", 1, "Power", None] = ("7000", False)
        await peer.boot()
        await peer_world.idle()
        peer.record.pass_over()
        peer.answers["SetVariableMonitoring"] = taken
        body = {
            "monitors": [
                {
                    "component": "EVSE",
                    "evse": 1,
                    "variable": "Power",
                    "kind": "Periodic",
                    "value": 1,
                    "severity": 8,
                    "stream": {"values": 3, "interval_s": 60},
                }
            ]
        }
        told = await peer_world.put(f"stations/{peer.name}/monitors", body)
        assert told.body["items"][0]["id"] == MONITOR
        yield peer


def taken(asked: Json) -> Json:
    (one,) = asked["setMonitoringData"]
    said = {n: one[n] for n in ("type", "component", "variable", "severity")}
    return {"setMonitoringResult": [{"status": "Accepted", "id": MONITOR, **said}]}


async def begin(peer: Peer, stream: int = 7, monitor: int = MONITOR) -> Json:
    data = {
        "id": stream,
        "params": {"values": 3, "interval": 60},
        "variableMonitoringId": monitor,
    }
    return await peer.ask("OpenPeriodicEventStream", {"constantStreamData": data})


async def send(
    world: PeerWorld, peer: Peer, *values: str, stream: int = 7, pending: int = 0
) -> None:
    said = {
        "id": stream,
        "pending": pending,
        "basetime": world.now(),
        "data": [{"t": place, "v": value} for place, value in enumerate(values)],
    }
    await peer.tell("NotifyPeriodicEventStream", said)


async def kept(world: PeerWorld, peer: Peer, stream: int = 7) -> Json:
    return (await world.get(f"stations/{peer.name}/event-streams/{stream}")).body


async def counted(world: PeerWorld, peer: Peer, kind: str) -> None:
    await world.until(
        "SELECT 1 FROM deviation WHERE station_id = $1 AND kind = $2", peer.name, kind
    )


@proves("N11.FR.04", "N11.FR.06", "N11.FR.08", "N15.FR.02", "N15.FR.03")
async def test_a_stream_is_opened_and_its_values_are_kept(
    peer_world: PeerWorld, peer: Peer
) -> None:
    answer = await begin(peer)
    await send(peer_world, peer, "1", "2", "3")
    await send(peer_world, peer, "4")
    await peer.ask("Heartbeat")

    assert answer == {"status": "Accepted"}
    shown = await kept(peer_world, peer)
    assert [each["value"] for each in shown["items"]] == ["4", "3", "2", "1"]
    assert shown["stream"]["monitor"] == MONITOR
    assert shown["stream"]["received"] == 4
    told = [f for f in peer.record.frames if f.action == "NotifyPeriodicEventStream"]
    assert [(each.by, each.kind) for each in told] == [("station", SEND)] * 2
    (row,) = await peer_world.rows(
        "SELECT m.component, m.variable, m.severity, s.stream_id FROM event_stream s"
        " JOIN monitor_intent m USING (station_id, monitor_id) WHERE station_id = $1",
        peer.name,
    )
    assert row == {
        "component": "EVSE",
        "variable": "Power",
        "severity": 8,
        "stream_id": 7,
    }


@proves("N11.FR.05")
async def test_a_stream_of_a_monitor_that_nobody_knows_is_refused(
    peer_world: PeerWorld, peer: Peer
) -> None:
    answer = await begin(peer, 8, 999)
    data = {"id": 9, "params": {}, "variableMonitoringId": MONITOR}
    never = await peer.ask("OpenPeriodicEventStream", {"constantStreamData": data})
    await send(peer_world, peer, "1", stream=8)

    assert (answer["status"], answer["statusInfo"]) == (
        "Rejected",
        {"reasonCode": "NotFound"},
    )
    assert (never["status"], never["statusInfo"]["reasonCode"]) == (
        "Rejected",
        "InvalidValue",
    )
    for kind in ("unknown-monitor", "stream-without-rate", "unknown-stream"):
        await counted(peer_world, peer, kind)
    listed = (await peer_world.get(f"stations/{peer.name}/event-streams")).body
    assert listed["items"] == []


@proves("N13.FR.02")
async def test_a_stream_that_is_closed_is_not_used_any_more(
    peer_world: PeerWorld, peer: Peer
) -> None:
    await begin(peer)
    await send(peer_world, peer, "1")
    answer = await peer.ask("ClosePeriodicEventStream", {"id": 7})
    await send(peer_world, peer, "2")
    twice = await peer.ask("ClosePeriodicEventStream", {"id": 7})

    assert answer == twice == {}
    await counted(peer_world, peer, "unknown-stream")
    shown = await kept(peer_world, peer)
    assert [each["value"] for each in shown["items"]] == ["1"]
    assert not shown["stream"]["open"]


async def test_nothing_that_is_said_of_a_stream_is_an_error(
    peer_world: PeerWorld, peer: Peer
) -> None:
    """Semantically impossible content: counted, never a crash, nothing kept."""
    await begin(peer)
    await send(peer_world, peer, "x", stream=12345)
    far: Json = {
        "id": 7,
        "pending": 0,
        "basetime": "2026-07-14T00:00:00Z",
        "data": [{"t": 1e300, "v": "x"}, {"t": -1e12, "v": "y"}],
    }
    await peer.tell("NotifyPeriodicEventStream", far)
    call = await peer.ask_raw(
        "NotifyPeriodicEventStream", {**far, "data": [far["data"][0]]}
    )
    await send(peer_world, peer, "z")

    assert call == {}
    for kind in ("unknown-stream", "stream-time", "call-for-send"):
        await counted(peer_world, peer, kind)
    shown = await kept(peer_world, peer)
    assert [each["value"] for each in shown["items"]] == ["z"]
    assert (shown["stream"]["received"], shown["stream"]["dropped"]) == (4, 3)


@proves("N15.FR.05")
async def test_a_stream_that_falls_behind_is_noticed(
    peer_world: PeerWorld, peer: Peer
) -> None:
    await begin(peer)
    for pending in (0, 5, 10, 20):
        await send(peer_world, peer, "1", pending=pending)
    await counted(peer_world, peer, "stream-falls-behind")

    assert (await kept(peer_world, peer))["stream"]["suggested"] == {
        "values": 23,
        "interval_s": 60,
    }


@proves("N14.FR.01")
async def test_a_stream_is_adjusted(peer_world: PeerWorld, peer: Peer) -> None:
    await begin(peer)
    path = f"stations/{peer.name}/event-streams"
    peer.answers["AdjustPeriodicEventStream"] = {"status": "Accepted"}
    yes = await adjust(peer_world, f"{path}/7", {"values": 30})
    peer.answers["AdjustPeriodicEventStream"] = {"status": "Rejected"}
    no = await adjust(peer_world, f"{path}/7", {"values": 1})
    unknown = await adjust(peer_world, f"{path}/8", {"values": 1})
    never = await adjust(peer_world, f"{path}/7", {})

    assert peer.record.asked("AdjustPeriodicEventStream") == [
        {"id": 7, "params": {"values": 30}},
        {"id": 7, "params": {"values": 1}},
    ]
    assert (yes[1]["accepted"], no[1]["accepted"]) == (True, False)
    assert (unknown[0], never[0]) == (404, 422)
    assert (await kept(peer_world, peer))["stream"]["params"] == {
        "values": 30,
        "interval_s": None,
    }


async def adjust(world: PeerWorld, path: str, body: Json) -> tuple[int, Json]:
    told = await world._request("PATCH", path, body)  # noqa: SLF001 no other asks so
    return told.status, told.body


@exercises("GetPeriodicEventStream")
async def test_open_streams_are_asked_for(peer_world: PeerWorld, peer: Peer) -> None:
    await begin(peer, 7)
    await begin(peer, 8)
    data = [
        {"id": 8, "params": {"values": 9}, "variableMonitoringId": MONITOR},
        {"id": 9, "params": {"values": 1}, "variableMonitoringId": MONITOR},
        {"id": 10, "params": {"values": 1}, "variableMonitoringId": 5},
    ]
    peer.answers["GetPeriodicEventStream"] = {"constantStreamData": data}
    told = await peer_world.post(f"stations/{peer.name}/event-streams/ask")

    assert peer.record.asked("GetPeriodicEventStream") == [{}]
    seen = {
        each["id"]: (each["open"], each["params"]["values"])
        for each in told.body["items"]
    }
    assert seen == {7: (False, 3), 8: (True, 9), 9: (True, 1)}
    await counted(peer_world, peer, "unknown-monitor")


async def test_a_stream_that_opens_before_its_monitor_is_written_down_waits(
    peer_world: PeerWorld, peer: Peer
) -> None:
    opened: list[Json] = []

    async def at_once(asked: Json) -> None:
        del asked
        opened.append(await begin(peer, 20, 202))

    def slowly(asked: Json) -> Json:
        found = taken(asked)
        found["setMonitoringResult"][0]["id"] = 202
        return found

    peer.answers["SetVariableMonitoring"] = slowly
    peer.afters["SetVariableMonitoring"] = at_once
    monitor = {
        "component": "EVSE",
        "evse": 1,
        "variable": "Power",
        "kind": "Periodic",
        "value": 2,
        "severity": 7,
        "stream": {"values": 3},
    }
    await peer_world.put(f"stations/{peer.name}/monitors", {"monitors": [monitor]})
    async with asyncio.timeout(5):
        while not opened:
            await asyncio.sleep(0.01)

    assert opened == [{"status": "Accepted"}]


async def test_a_station_of_the_earlier_edition_has_no_streams(
    peer_world: PeerWorld,
) -> None:
    async with peer_world.station(Edition.V201) as peer:
        told = await peer_world.post(f"stations/{peer.name}/event-streams/ask")

        assert (told.status, told.body["code"]) == (409, "station-lacks")
        assert peer.record.asked("GetPeriodicEventStream") == []
