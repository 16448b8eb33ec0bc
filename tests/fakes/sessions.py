"""Recorded sessions as reports, and a registry small enough to hold them."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeAlias

from csms.domain.ids import EvseId, StationId, TransactionId
from csms.domain.reading import Reading
from csms.domain.transaction import EventType, TransactionReport
from tests.fakes.clock import DAWN

if TYPE_CHECKING:
    import asyncpg

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

STATION = StationId("MA-TEST-01")
EVSE = EvseId(STATION, 1)
TRANSACTION = TransactionId("tx-1")
NOWHERE = EvseId(STATION, 0)


def a_report(seq_no: int = 0, **changes: Any) -> TransactionReport:  # noqa: ANN401
    """Return an update at DAWN, with changes."""
    report = TransactionReport(
        station=STATION,
        transaction=TRANSACTION,
        seq_no=seq_no,
        event_type=EventType.UPDATED,
        trigger="MeterValuePeriodic",
        at=DAWN,
        offline=False,
        received_at=DAWN,
        evse=1,
        charging_state=None,
        operation_mode=None,
        stopped_reason=None,
        id_token=None,
        remote_start_id=None,
        readings=(),
        payload="{}",
        digest=b"",
    )
    return digested(replace(report, **changes))


def digested(report: TransactionReport) -> TransactionReport:
    """Return the report with the digest of what it says."""
    said = repr(replace(report, received_at=DAWN, offline=False, digest=b""))
    return replace(
        report, digest=hashlib.blake2b(said.encode(), digest_size=16).digest()
    )


def a_reading(at: datetime, **changes: Any) -> Reading:  # noqa: ANN401
    """Return a reading of the test EVSE, with changes."""
    return replace(Reading(EVSE, at, transaction=TRANSACTION), **changes)


def a_session(
    *, start: datetime = DAWN, minutes: int = 60, watts: int = -7_600, soc: float = 80.0
) -> Sequence[TransactionReport]:
    """Return a session with a reading every two minutes; the EVSE is said only once.

    It idles for ten minutes, then holds the power to the end.
    """
    reports: list[TransactionReport] = []
    export = 1_000_000_000
    bringing = 500_000_000
    for seq, minute in enumerate(range(0, minutes + 1, 2)):
        at = start + timedelta(minutes=minute)
        power = watts if minute > 10 else 0
        if minute:
            export += max(-power, 0) * 120
            bringing += max(power, 0) * 120
            soc += power * 120 / 3600 / 40_000 * 100
        first, last = minute == 0, minute + 2 > minutes
        context = "Sample.Periodic"
        if first or last:
            context = "Transaction.Begin" if first else "Transaction.End"
        reading = Reading(
            evse=EVSE if first else NOWHERE,
            at=at,
            context=context,
            transaction=TRANSACTION,
            import_ws=bringing,
            export_ws=export,
            import_w=max(power, 0),
            export_w=max(-power, 0),
            soc_pct=round(soc, 1),
        )
        reports.append(
            a_report(
                seq,
                at=at,
                received_at=at,
                event_type=EventType.STARTED
                if first
                else EventType.ENDED
                if last
                else EventType.UPDATED,
                trigger="CablePluggedIn" if first else "MeterValuePeriodic",
                evse=1 if first else None,
                id_token="driver-1" if first else None,
                charging_state="Charging" if power else "EVConnected",
                stopped_reason="EVDisconnected" if last else None,
                readings=(reading,),
                payload=f'{{"seqNo":{seq}}}',
            )
        )
    return reports


async def enlist(connection: Connection, *stations: StationId, evses: int = 2) -> None:
    """Register stations with a site of their own."""
    await connection.execute(
        """
        INSERT INTO participant VALUES ('p', 'P', 'p@example.org', 'en', 'residential')
        ON CONFLICT DO NOTHING
        """
    )
    await connection.execute(
        """
        INSERT INTO site VALUES ('s', 'p', 'S', 'eversource-ma', 'America/New_York',
            'residential', 48000, 12000, true) ON CONFLICT DO NOTHING
        """
    )
    for station in stations:
        await connection.execute(
            """
            INSERT INTO station (id, site_id, password_hash, standing, capabilities,
                shortcomings, connected)
            VALUES ($1, 's', '', 'accepted', '{}', '[]', false)
            """,
            station,
        )
        for number in range(1, evses + 1):
            await connection.execute(
                "INSERT INTO evse VALUES ($1, $2, NULL, 15200, 7600, 1000, true)",
                station,
                number,
            )
