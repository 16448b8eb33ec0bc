"""Who may come in, and what the others are told."""

import asyncio
import base64

import pytest
from websockets.exceptions import InvalidStatus
from websockets.typing import Subprotocol

from csms.domain.ids import StationId
from csms.gateway.limits import Limits
from csms.ocpp.wire import Edition
from tests.gateway.neighbors import PASSWORD, Street, exchange, opened, until

pytestmark = pytest.mark.sockets


async def _refused(street: Street, station: str, **options: object) -> InvalidStatus:
    with pytest.raises(InvalidStatus) as caught:
        await street.connect(station, **options)  # type: ignore[arg-type]
    return caught.value


def _status(error: InvalidStatus) -> int:
    return error.response.status_code


async def test_a_known_station_with_its_password_comes_in(street: Street) -> None:
    async with street.station("A") as socket:
        assert await exchange(socket, [2, "1", "Echo", {"x": 1}]) == [3, "1", {"x": 1}]
        assert StationId("A") in street.gateway.registry.connected()
        assert street.link("A").station == "A"
    await until(lambda: street.presence.online() == set())
    assert street.gateway.registry.link(StationId("A")) is None


@pytest.mark.parametrize(
    ("offers", "agreed"),
    [
        (("ocpp2.1", "ocpp2.0.1"), "ocpp2.1"),
        (("ocpp2.0.1", "ocpp2.1"), "ocpp2.1"),
        (("ocpp2.0.1",), "ocpp2.0.1"),
        (("ocpp1.6", "ocpp2.0.1"), "ocpp2.0.1"),
    ],
)
async def test_the_newest_common_edition_is_agreed(
    street: Street, offers: tuple[str, ...], agreed: str
) -> None:
    async with street.station("A", offers=offers) as socket:
        assert socket.subprotocol == Subprotocol(agreed)
        assert street.link("A").edition == Edition(agreed)


async def test_a_pinned_station_speaks_its_edition_only(street: Street) -> None:
    street.pins["A"] = Edition.V201

    async with street.station("A") as socket:
        assert socket.subprotocol == "ocpp2.0.1"
    assert _status(await _refused(street, "A", offers=("ocpp2.1",))) == 400


@pytest.mark.parametrize("offers", [(), ("ocpp1.6",), ("chat", "ocpp2.2")])
async def test_without_a_common_subprotocol_it_is_400(
    street: Street, offers: tuple[str, ...]
) -> None:
    error = await _refused(street, "A", offers=offers)

    assert _status(error) == 400
    assert street.rejections.refusals[0][:2] == ("A", 400)
    assert "ocpp2.1 or ocpp2.0.1" in street.rejections.refusals[0][2]


async def test_an_unknown_station_is_404(street: Street) -> None:
    assert _status(await _refused(street, "X1")) == 404
    assert street.rejections.refusals == [("X1", 404, "the station is not known")]


@pytest.mark.parametrize("password", ["wrong", None])
async def test_a_wrong_or_missing_password_is_401(
    street: Street, password: str | None
) -> None:
    error = await _refused(street, "A", password=password)

    assert _status(error) == 401
    assert error.response.headers["WWW-Authenticate"].startswith("Basic ")
    assert street.rejections.refusals[0][:2] == ("A", 401)


@pytest.mark.parametrize(
    "credentials",
    [
        "Bearer abc",
        "Basic ???",
        "Basic " + base64.b64encode(b"no colon").decode(),
        "Basic " + base64.b64encode(b"A:\xff\xfe").decode(),
        "Basic " + base64.b64encode(b"B:" + PASSWORD.encode()).decode(),
    ],
)
async def test_unreadable_or_foreign_credentials_are_401(
    street: Street, credentials: str
) -> None:
    error = await _refused(
        street, "A", password=None, headers={"Authorization": credentials}
    )

    assert _status(error) == 401
    assert not street.doorkeeper.asked


@pytest.mark.parametrize(
    "name", ["a%20b", "a/b", "", "a%00", "n" * 49, "%C3%A9", "a<b"]
)
async def test_a_malformed_id_is_400(street: Street, name: str) -> None:
    error = await _refused(street, "A", url=street.url(name))

    assert _status(error) == 400
    assert street.rejections.refusals[0][1] == 400


async def test_another_path_is_404(street: Street) -> None:
    url = street.url("A").replace("/ocpp/", "/steve/")

    assert _status(await _refused(street, "A", url=url)) == 404


async def test_an_escaped_id_is_read(street: Street) -> None:
    async with street.station("A=1", url=street.url("A%3D1")):
        assert StationId("A=1") in street.gateway.registry.connected()


async def test_what_is_no_websocket_at_all_is_recorded_too(street: Street) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", street.gateway.port)
    token = base64.b64encode(b"A:" + PASSWORD.encode()).decode()
    writer.write(
        b"GET /ocpp/A HTTP/1.1\r\nHost: x\r\nSec-WebSocket-Protocol: ocpp2.1\r\n"
        b"Authorization: Basic " + token.encode() + b"\r\n\r\n"
    )
    answer = await reader.read()
    writer.close()

    assert answer.startswith(b"HTTP/1.1 426")
    assert street.rejections.refusals[0][:2] == ("A", 426)


async def test_without_the_doorkeeper_it_is_503(street: Street) -> None:
    street.doorkeeper.broken = True

    error = await _refused(street, "A")

    assert _status(error) == 503
    assert int(error.response.headers["Retry-After"]) >= 1


async def test_guessing_is_slowed_and_the_station_is_not_locked_out(
    street: Street,
) -> None:
    async with street.station("A"):
        pass
    statuses = [
        _status(await _refused(street, "A", password=f"guess {n}")) for n in range(5)
    ]

    assert statuses[:4] == [401, 401, 401, 401]
    assert statuses[4] == 429
    assert len(street.doorkeeper.asked) == 5
    async with street.station("B"):
        pass
    await asyncio.sleep(1.05)
    async with street.station("A"):
        pass


async def test_a_storm_is_answered_with_503_and_spread_out() -> None:
    limits = Limits(connections_per_second=2, connection_burst=3, close_deadline=0.3)
    async with opened(limits) as street:
        results = await asyncio.gather(
            *(street.connect(f"S{n}") for n in range(12)), return_exceptions=True
        )
        refusals = [error for error in results if isinstance(error, InvalidStatus)]
        hints = {error.response.headers["Retry-After"] for error in refusals}

        assert len(results) - len(refusals) in (3, 4)
        assert {_status(error) for error in refusals} == {503}
        assert len(hints) > 2
        assert len(street.rejections.refusals) == len(refusals)
        for socket in results:
            if not isinstance(socket, BaseException):
                await socket.close()


@pytest.mark.parametrize("compression", ["deflate", None])
async def test_compression_is_spoken_if_the_station_offers_it(
    street: Street, compression: str | None
) -> None:
    long = {"text": "power " * 2000}
    async with street.station("A", compression=compression) as socket:
        assert bool(socket.protocol.extensions) is (compression is not None)
        assert await exchange(socket, [2, "1", "Echo", long]) == [3, "1", long]
        assert await exchange(socket, [2, "2", "Echo", {}]) == [3, "2", {}]


async def test_compression_can_be_switched_off() -> None:
    async with (
        opened(Limits(compression=False)) as street,
        street.station("A", compression="deflate") as socket,
    ):
        assert not socket.protocol.extensions


async def test_no_one_comes_in_while_the_gateway_stops(street: Street) -> None:
    stuck = asyncio.Event()

    async def slow(
        _station: StationId, payload: dict[str, object]
    ) -> dict[str, object]:
        await stuck.wait()
        return payload

    street.handlers.actions["Slow"] = slow
    async with street.station("A") as socket:
        await socket.send('[2,"1","Slow",{}]')
        await until(lambda: bool(street.handlers.answered))
        stopping = asyncio.create_task(street.gateway.stop())
        await asyncio.sleep(0)
        assert _status(await _refused(street, "B")) == 503
        stuck.set()
        assert await socket.recv() == '[3,"1",{}]'
        await stopping
        await socket.wait_closed()
        assert socket.close_code == 1001
    assert street.presence.notes == [("connected", "A"), ("disconnected", "A")]
