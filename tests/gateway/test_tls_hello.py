"""What is answered to the first words of TLS, byte by byte: what no library says."""

import asyncio
import struct
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from tests.gateway.tls_street import TlsStreet, tls_street
from tests.proving import proves

pytestmark = pytest.mark.sockets
FALLBACK_SCSV = 0x5600
ECDSA_128, ECDSA_256, RSA_128, RSA_256 = 0xC02B, 0xC02C, 0x009C, 0x009D
ENDED, HANDSHAKE = 0, 22
NOTHING, DEFLATE = 0, 1
TLS_1_0, TLS_1_1, TLS_1_2 = 0x0301, 0x0302, 0x0303


@pytest.fixture
async def street(tmp_path: Path) -> AsyncIterator[TlsStreet]:
    async with tls_street(tmp_path) as opened:
        yield opened


def counted(body: bytes, size: int = 2) -> bytes:
    return len(body).to_bytes(size) + body


def extension(number: int, body: bytes) -> bytes:
    return struct.pack(">H", number) + counted(body)


def hello(
    suites: Sequence[int],
    *,
    version: int = TLS_1_2,
    compressions: Sequence[int] = (NOTHING,),
) -> bytes:
    """Return the ClientHello of somebody whose newest version is that (RFC 5246)."""
    groups = extension(10, counted(struct.pack(">HH", 0x0017, 0x001D)))
    points = extension(11, counted(b"\0", 1))
    signatures = extension(13, counted(struct.pack(">HHH", 0x0403, 0x0804, 0x0401)))
    body = (
        struct.pack(">H", version)
        + bytes(32)
        + counted(b"", 1)
        + counted(b"".join(struct.pack(">H", each) for each in suites))
        + counted(bytes(compressions), 1)
        + counted(groups + points + signatures)
    )
    handshake = b"\1" + counted(body, 3)
    return struct.pack(">BH", HANDSHAKE, TLS_1_0) + counted(handshake)


async def answer(street: TlsStreet, profile: int, said: bytes) -> tuple[int, bytes]:
    """Return the kind and the body of the first record that comes back.

    The kind is ``ENDED`` if none comes before the connection does.
    """
    reader, writer = await asyncio.open_connection("127.0.0.1", street.ports[profile])
    try:
        writer.write(said)
        async with asyncio.timeout(5):
            kind, _, length = struct.unpack(">BHH", await reader.readexactly(5))
            return kind, await reader.readexactly(length)
    except (asyncio.IncompleteReadError, ConnectionError):
        return ENDED, b""
    finally:
        writer.close()


def chosen(server_hello: bytes) -> tuple[int, int]:
    """Return the suite and the compression that were chosen."""
    after_session = 4 + 2 + 32 + 1 + server_hello[38]
    suite, compression = struct.unpack_from(">HB", server_hello, after_session)
    return suite, compression


@pytest.mark.parametrize("profile", [2, 3])
async def test_who_was_talked_down_to_an_older_version_is_not_served(
    street: TlsStreet, profile: int
) -> None:
    """TLS_FALLBACK_SCSV (RFC 7507): we speak TLS 1.3, so that 1.2 was no need."""
    said = hello([ECDSA_128, FALLBACK_SCSV])

    kind, _ = await answer(street, profile, said)

    assert kind == ENDED
    assert "talked down" in await street.refusal()
    kind, _ = await answer(street, profile, hello([ECDSA_128]))
    assert kind == HANDSHAKE, "without the warning it is a station that is older"


@proves("A00.FR.321", "A00.FR.424")
@pytest.mark.parametrize("profile", [2, 3])
async def test_compression_that_is_offered_is_not_taken(
    street: TlsStreet, profile: int
) -> None:
    offered = hello([ECDSA_256], compressions=(DEFLATE, NOTHING))

    kind, body = await answer(street, profile, offered)

    assert kind == HANDSHAKE
    assert chosen(body) == (ECDSA_256, NOTHING)


@pytest.mark.parametrize("profile", [2, 3])
async def test_the_suite_that_keeps_the_past_secret_is_preferred(
    street: TlsStreet, profile: int
) -> None:
    suites = [RSA_256, RSA_128, ECDSA_256, ECDSA_128]

    _, body = await answer(street, profile, hello(suites))

    assert chosen(body)[0] == ECDSA_128


@proves("A00.FR.315", "A00.FR.418")
@pytest.mark.parametrize("profile", [2, 3])
@pytest.mark.parametrize("version", [TLS_1_0, TLS_1_1])
async def test_an_older_version_ends_the_connection(
    street: TlsStreet, profile: int, version: int
) -> None:
    kind, _ = await answer(street, profile, hello([ECDSA_128], version=version))

    assert kind == ENDED
    assert "no TLS 1.2" in await street.refusal()
