"""Sockets that come twice, hang, flap, flood and fall silent."""

import asyncio
import json
from contextlib import suppress
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from csms.domain.ids import StationId
from csms.gateway.limits import Limits
from csms.ocpp.link import Unreachable
from tests.gateway.neighbors import (
    QUICK,
    Street,
    exchange,
    hear,
    opened,
    say,
    until,
)

pytestmark = pytest.mark.sockets
A = StationId("A")


async def test_the_newest_socket_wins_and_the_old_one_is_told_why(
    street: Street,
) -> None:
    async with street.station("A") as old:
        asked = asyncio.ensure_future(street.link("A").ask_raw("X", {}))
        await hear(old)
        async with street.station("A") as new:
            with pytest.raises(Unreachable, match="superseded"):
                await asked
            await old.wait_closed()
            assert (old.close_code, old.close_reason) == (
                1008,
                "superseded by a newer connection",
            )
            again = asyncio.ensure_future(street.link("A").ask_raw("Y", {}))
            await say(new, [3, (await hear(new))[1], {}])
            assert await again == {}
            assert street.presence.online() == {"A"}
            assert ("disconnected", "A") not in street.presence.notes
    await until(lambda: street.presence.online() == set())
    assert street.presence.notes[-1] == ("disconnected", "A")
    assert street.presence.notes.count(("disconnected", "A")) == 1


async def test_a_half_open_socket_does_not_keep_its_station_out(
    street: Street,
) -> None:
    async with street.station("A") as old:
        old.transport.pause_reading()
        async with street.station("A") as new:
            assert await exchange(new, [2, "1", "Echo", {}]) == [3, "1", {}]
            await asyncio.sleep(QUICK.close_deadline + 0.2)
            assert await exchange(new, [2, "2", "Echo", {}]) == [3, "2", {}]
            assert street.presence.online() == {"A"}
        old.transport.abort()


async def test_what_a_superseded_socket_still_says_is_not_heard(
    street: Street,
) -> None:
    async with street.station("A") as old:
        old.transport.pause_reading()
        async with street.station("A"):
            await say(old, [2, "1", "Echo", {"late": True}])
            await asyncio.sleep(0.05)
            assert not street.handlers.answered
        old.transport.abort()


async def test_a_slow_farewell_never_overtakes_a_return(street: Street) -> None:
    slow = asyncio.Event()

    async def hesitate() -> None:
        await slow.wait()

    street.presence.on_disconnected = hesitate
    async with street.station("A"):
        pass
    await until(lambda: not street.gateway.registry.connected())
    socket = await street.connect("A")
    await until(lambda: A in street.gateway.registry.connected())
    await asyncio.sleep(0.02)
    assert street.presence.notes == [("connected", "A")]
    slow.set()
    await until(lambda: len(street.presence.notes) == 3)
    assert street.presence.online() == {"A"}
    assert await exchange(socket, [2, "1", "Echo", {}]) == [3, "1", {}]
    await socket.close()


async def test_a_hundred_flaps_end_well_and_raise_an_alarm(street: Street) -> None:
    sockets = [await street.connect("A") for _ in range(100)]
    last = sockets[-1]

    assert await exchange(last, [2, "1", "Echo", {}]) == [3, "1", {}]
    await asyncio.gather(*(socket.wait_closed() for socket in sockets[:-1]))
    assert len(street.gateway.registry.connected()) == 1
    assert street.presence.online() == {"A"}
    assert street.gateway.tally.superseded == 99
    assert street.gateway.tally.flap_alarms == 9
    now = asyncio.get_running_loop().time()
    assert street.gateway.flaps.counted(now) == {"A": 99}
    await last.close()
    await until(lambda: street.presence.online() == set())


async def test_two_devices_with_one_identity_are_noticed_and_harm_no_one(
    street: Street,
) -> None:
    async def device(name: str) -> None:
        while True:
            socket = await street.connect("A")
            with suppress(ConnectionClosed):
                await say(socket, [2, name, "Echo", {}])
            await socket.wait_closed()

    async with street.station("B") as other:
        rivals = [asyncio.create_task(device(name)) for name in "xy"]
        await until(lambda: street.gateway.tally.flap_alarms > 0)
        assert await exchange(other, [2, "1", "Echo", {}]) == [3, "1", {}]
        for rival in rivals:
            rival.cancel()
        await asyncio.gather(*rivals, return_exceptions=True)


async def test_a_frame_that_is_too_big_closes_the_socket_with_a_reason() -> None:
    limits = Limits(frame_bytes=2000, close_deadline=0.3)
    async with opened(limits) as street:
        async with street.station("A") as socket:
            await say(socket, [2, "1", "Echo", {"x": "y" * 3000}])
            await socket.wait_closed()
            assert socket.close_code == 1009
            assert socket.close_reason
        async with street.station("A") as socket:
            long = {"x": "y" * 1900}
            assert await exchange(socket, [2, "1", "Echo", long]) == [3, "1", long]


async def test_a_station_that_does_not_read_loses_its_socket() -> None:
    limits = Limits(unsent_bytes=200_000, close_deadline=0.3)
    async with opened(limits) as street, street.station("A") as socket:
        socket.transport.pause_reading()
        long = {"x": "y" * 100_000}

        async def flood() -> None:
            for n in range(1000):
                await say(socket, [2, str(n), "Echo", long])

        flooding = asyncio.create_task(flood())
        await until(lambda: A not in street.gateway.registry.connected(), 10)
        socket.transport.abort()
        flooding.cancel()
        with pytest.raises((asyncio.CancelledError, ConnectionClosed)):
            await flooding


async def test_a_station_that_answers_no_ping_is_let_go() -> None:
    limits = Limits(ping_interval=0.05, ping_deadline=0.05, close_deadline=0.2)
    async with opened(limits) as street, street.station("A") as socket:
        async with street.station("B") as lively:
            socket.transport.pause_reading()
            await until(lambda: A not in street.gateway.registry.connected())
            assert await exchange(lively, [2, "1", "Echo", {}]) == [3, "1", {}]
        socket.transport.abort()


async def test_a_stop_waits_for_the_answers_under_way_but_not_for_ever() -> None:
    async def forever(_s: StationId, _p: dict[str, Any]) -> dict[str, Any]:
        await asyncio.Event().wait()
        return {}

    async with opened(Limits(grace=0.1, close_deadline=0.2)) as street:
        street.handlers.actions["Forever"] = forever
        async with street.station("A") as socket:
            await say(socket, [2, "1", "Forever", {}])
            await until(lambda: bool(street.handlers.answered))
            stopping = asyncio.create_task(street.gateway.stop())
            await say(socket, [2, "2", "Echo", {}])
            await say(socket, [6, "3", "Echo", {}])
            async with asyncio.timeout(2):
                await stopping
                await socket.wait_closed()
            assert socket.close_code == 1001
        assert len(street.handlers.answered) == 1
        assert not street.handlers.heard


async def test_an_answer_under_way_when_the_socket_is_lost_is_finished(
    street: Street,
) -> None:
    finished = asyncio.Event()
    begun = asyncio.Event()

    async def commit(_s: StationId, _p: dict[str, Any]) -> dict[str, Any]:
        begun.set()
        await asyncio.sleep(0.05)
        finished.set()
        return {}

    street.handlers.actions["Commit"] = commit
    async with street.station("A") as socket:
        await say(socket, [2, "1", "Commit", {}])
        await begun.wait()
        socket.transport.abort()
        await until(lambda: street.presence.online() == set())
        await asyncio.wait_for(finished.wait(), 1)


async def test_nasty_frames_harm_no_one_else(street: Street) -> None:
    deep = "[" * 50_000
    nasty: list[str | bytes] = [
        "",
        " ",
        "null",
        "[]",
        "{}",
        '"',
        "[2]",
        "[2,",
        deep,
        '{"a":' * 5000,
        '[2,"1","Echo",' + '{"a":' * 150 + "1" + "}" * 150 + "]",
        '[2,"1","Echo",{"a":1e999}]',
        '[2,"1","Echo",{"a":' + "9" * 5000 + "}]",
        '[2,"1","Echo",{"a":"\\u0000"}]',
        '[2,"' + "i" * 5000 + '","Echo",{}]',
        '[2,"1","' + "E" * 5000 + '",{}]',
        '[3,"1",{}]',
        '[4,"-1","","",{}]',
        '[5,"-1","","",{}]',
        '[6,"1","Echo",{}]',
        "[3,null,{}]",
        '[9,"1","Echo",{}]',
        b"\xff\xfe",
        b"",
        "\u2028\U0001f50c",
        "x" * 500_000,
    ]
    nasty += [json.dumps([kind, kind, "Echo", {}]) for kind in range(-5, 60)]
    nasty += [json.dumps([2, str(n), "Echo", n]) for n in range(110)]
    async with street.station("Good") as good, street.station("Bad") as bad:
        for n, frame in enumerate(nasty):
            await bad.send(frame)
            if n % 20 == 0:
                answer = await exchange(good, [2, str(n), "Echo", {"n": n}])
                assert answer == [3, str(n), {"n": n}]
        await say(bad, [2, "last", "Echo", {"still": "here"}])
        async with asyncio.timeout(10):
            while json.loads(await bad.recv()) != [3, "last", {"still": "here"}]:
                pass
        assert await exchange(good, [2, "end", "Echo", {}]) == [3, "end", {}]
    assert street.gateway.tally.failures == 0


async def test_a_defect_of_ours_costs_one_socket_and_leaves_no_ghost(
    street: Street, caplog: pytest.LogCaptureFixture
) -> None:
    async with street.station("B") as other:
        async with street.station("A") as socket:
            street.frames.broken = True
            await say(socket, [2, "1", "Echo", {}])
            await socket.wait_closed()
            assert socket.close_code == 1011
            await until(lambda: street.presence.online() == {"B"})
        street.frames.broken = False
        assert await exchange(other, [2, "1", "Echo", {}]) == [3, "1", {}]
    assert "connection handler failed" in caplog.text


async def test_text_that_is_not_utf8_closes_the_socket_with_a_reason(
    street: Street,
) -> None:
    async with street.station("A") as socket:
        await socket.send(b"\xff\xfe", text=True)
        await socket.wait_closed()
        assert socket.close_code == 1007


async def test_an_unstarted_gateway_has_no_port_and_stops_at_once() -> None:
    street = Street()
    street.build(QUICK)

    await street.gateway.stop()
    with pytest.raises(RuntimeError):
        _ = street.gateway.port
