"""Stations that a node finds in its database: known, accepted and provisioned."""

import socket
from datetime import UTC, datetime

from csms.db.engine import connect_raw
from csms.domain.station import EDITION_201, Make
from tests.bench.stations import station_id

MAKE = Make("Bench", "Bench")


async def enlist(url: str, stations: int, password_hash: str) -> None:
    """Register stations with one EVSE each, as if they were provisioned before."""
    ids = [station_id(number) for number in range(stations)]
    connection = await connect_raw(url)
    try:
        await connection.execute(
            "INSERT INTO participant VALUES"
            " ('bench', 'Bench', 'bench@example.org', 'en', 'residential')"
        )
        await connection.execute(
            "INSERT INTO site VALUES ('bench', 'bench', 'Bench', 'eversource-ma',"
            " 'America/New_York', 'residential', 48000, 12000, true)"
        )
        await connection.execute(
            """
            INSERT INTO station (id, site_id, password_hash, standing, capabilities,
                shortcomings, connected, vendor, model, serial, firmware, edition,
                provisioned_at, provisioned_for)
            SELECT id, 'bench', $2, 'accepted', '{}', '[]', false, $3, $4, '', '', $5,
                $6, $7
            FROM unnest($1::text[]) AS bench (id)
            """,
            ids,
            password_hash,
            MAKE.vendor,
            MAKE.model,
            EDITION_201,
            datetime.now(UTC),
            MAKE.fingerprint(EDITION_201),
        )
        await connection.execute(
            "INSERT INTO evse SELECT id, 1, NULL, 15200, 7600, 1000, true"
            " FROM unnest($1::text[]) AS bench (id)",
            ids,
        )
    finally:
        await connection.close()


def free_port() -> int:
    """Return a port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
