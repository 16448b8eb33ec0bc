"""A node over HTTPS: the console's address, its certificate, and a new one."""

import asyncio
import ssl
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from csms.bootstrap.node import node
from csms.domain.errors import Broken
from csms.pki.authority import BuiltIn, Terms
from csms.pki.reading import read_chain
from csms.settings import Settings
from tests.fleet.world import free_port
from tests.security_world import CSO, real_now

pytestmark = [pytest.mark.postgres, pytest.mark.sockets]
TOKEN = "a-token-of-this-test"


async def test_people_and_programs_come_over_https(
    database: str, tmp_path: Path
) -> None:
    authority = BuiltIn(tmp_path / "pki", Terms(CSO))
    first = await authority.server_certificate("ec", real_now())
    files = authority.server_file("ec")
    roots = ssl.create_default_context(cadata=authority.trusted(real_now()))
    http_port = free_port()
    settings = Settings(
        database_url=SecretStr(database),
        data_dir=tmp_path / "data",
        ocpp_port=free_port(),
        http_port=http_port,
        http_tls_cert=files,
        admin_token=SecretStr(TOKEN),
    )
    async with node(settings) as face:
        assert face.secure
        login = {"Authorization": f"Bearer {TOKEN}"}
        base = f"https://localhost:{http_port}"
        async with httpx.AsyncClient(
            base_url=base, verify=roots, headers=login
        ) as client:
            assert (await client.get("/api/v1/me")).json()["role"] == "admin"
            assert await asyncio.to_thread(served, http_port) == leaf(first.chain)

            second = await authority.server_certificate("ec", real_now())
            assert (await client.post("/api/v1/authority/reload")).status_code == 204
            assert await asyncio.to_thread(served, http_port) == leaf(second.chain)

            files.write_text("rubbish")
            assert (await client.post("/api/v1/authority/reload")).status_code == 422
            assert await asyncio.to_thread(served, http_port) == leaf(second.chain)
        with pytest.raises(httpx.HTTPError):
            async with httpx.AsyncClient() as plain:
                await plain.get(f"http://localhost:{http_port}/healthz")


async def test_a_node_does_not_start_with_a_certificate_that_is_none(
    database: str, tmp_path: Path
) -> None:
    bad = tmp_path / "bad.pem"
    bad.write_text("rubbish")
    settings = Settings(
        database_url=SecretStr(database),
        data_dir=tmp_path / "data",
        ocpp_port=free_port(),
        http_port=free_port(),
        http_tls_cert=bad,
    )
    with pytest.raises(Broken, match="cannot be served"):
        async with node(settings):
            pass


def served(port: int) -> int:
    """Return the serial number of the certificate that is served now."""
    text = ssl.get_server_certificate(("localhost", port))
    return read_chain(text)[0].serial_number


def leaf(chain: str) -> int:
    return read_chain(chain)[0].serial_number
