"""The judgment of a handshake, without a socket."""

import asyncio

import pytest
from websockets.datastructures import Headers
from websockets.headers import build_authorization_basic
from websockets.http11 import Request

from csms.domain.ids import StationId
from csms.gateway.door import Admitted, Door, TurnedAway
from csms.gateway.throttle import Pace
from csms.ocpp.wire import Edition
from tests.gateway.neighbors import PASSWORD, FakeDoorkeeper

HOME = "192.0.2.1"


def _request(
    password: str | None = PASSWORD, offers: str = "ocpp2.1", path: str = "/ocpp/A"
) -> Request:
    headers = Headers({"Sec-WebSocket-Protocol": offers})
    if password is not None:
        headers["Authorization"] = build_authorization_basic("A", password)
    return Request(path, headers)


@pytest.fixture
def door() -> Door:
    return Door(FakeDoorkeeper(), Pace(1000, 1000))


async def _judge(door: Door, request: Request, remote: str = HOME) -> Admitted:
    return await door.judge(request, remote, asyncio.get_running_loop().time())


async def test_whoever_proves_who_they_are_comes_in(door: Door) -> None:
    assert await _judge(door, _request()) == Admitted(StationId("A"), Edition.V21)
    assert await _judge(door, _request(path="/ocpp/A?x=1")) == Admitted(
        StationId("A"), Edition.V21
    )


@pytest.mark.parametrize("offers", ["ocpp2.1,,@", "(", "ocpp 2.1"])
async def test_unreadable_subprotocols_are_400(door: Door, offers: str) -> None:
    with pytest.raises(TurnedAway) as caught:
        await _judge(door, _request(offers=offers))

    assert caught.value.status == 400


async def test_credentials_given_twice_are_401(door: Door) -> None:
    request = _request()
    request.headers["Authorization"] = "Basic QTpi"

    with pytest.raises(TurnedAway) as caught:
        await _judge(door, request)

    assert caught.value.status == 401


async def test_guesses_from_everywhere_drag_strangers_but_not_the_station(
    door: Door,
) -> None:
    loop = asyncio.get_running_loop()
    await _judge(door, _request())
    for n in range(20):
        with pytest.raises(TurnedAway):
            await _judge(door, _request(f"guess {n}"), f"203.0.113.{n}")

    before = loop.time()
    await _judge(door, _request())
    at_home = loop.time() - before
    await _judge(door, _request(), "198.51.100.7")
    away = loop.time() - before - at_home

    assert at_home < 0.1
    assert 1.9 < away < 2.1
