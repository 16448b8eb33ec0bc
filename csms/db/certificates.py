"""Roots, and what stations hold and should hold, in PostgreSQL."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from csms.db import certificate_tables as own
from csms.db import tables
from csms.domain.certificate import (
    CertificateFacts,
    CertificateHash,
    Digest,
    Installed,
    RootUse,
    TrustedRoot,
)
from csms.domain.ids import StationId
from csms.services.ports.certificate_store import (
    CertificateIntent,
    Holding,
    IntentStage,
)
from csms.services.ports.profiles import Incident

_ROOT = own.trusted_root
_INSTALLED = own.installed_certificate
_REPORT = own.installed_report
_INTENT = own.certificate_intent
_INCIDENT = tables.incident


@dataclass(frozen=True, slots=True)
class PostgresCertificateStore:
    """The certificates of one unit of work."""

    connection: AsyncConnection

    # -- roots -------------------------------------------------------------------

    async def roots(self, use: RootUse | None = None) -> Sequence[TrustedRoot]:
        """Return the trust store, or what is trusted for one use, by age."""
        query = select(_ROOT).order_by(
            _ROOT.c.added_at, _ROOT.c.use, _ROOT.c.fingerprint
        )
        if use is not None:
            query = query.where(_ROOT.c.use == use.value)
        return [_root(row) for row in await self.connection.execute(query)]

    async def root(self, use: RootUse, fingerprint: str) -> TrustedRoot | None:
        """Return one root, or none."""
        rows = await self.connection.execute(
            select(_ROOT)
            .where(_ROOT.c.use == use.value)
            .where(_ROOT.c.fingerprint == fingerprint)
        )
        row = rows.one_or_none()
        return None if row is None else _root(row)

    async def add_root(self, root: TrustedRoot) -> bool:
        """Trust a root; tell whether that is new."""
        done = await self.connection.execute(
            insert(_ROOT)
            .values(
                use=root.use.value,
                added_by=root.added_by,
                added_at=root.added_at,
                replaced_by=root.replaced_by,
                **asdict(root.facts),
            )
            .on_conflict_do_nothing()
            .returning(_ROOT.c.fingerprint)
        )
        return done.one_or_none() is not None

    async def remove_root(self, use: RootUse, fingerprint: str) -> bool:
        """Trust a root no more; tell whether it was trusted."""
        done = await self.connection.execute(
            delete(_ROOT)
            .where(_ROOT.c.use == use.value)
            .where(_ROOT.c.fingerprint == fingerprint)
        )
        return done.rowcount > 0

    async def replace_root(self, use: RootUse, old: str, new: str) -> None:
        """Note that a root took the place of another."""
        await self.connection.execute(
            update(_ROOT)
            .where(_ROOT.c.use == use.value)
            .where(_ROOT.c.fingerprint == old)
            .values(replaced_by=new)
        )

    # -- stations ----------------------------------------------------------------

    async def holding(self, station: StationId) -> Holding:
        """Return what a station said it holds."""
        at = await self.connection.scalar(
            select(_REPORT.c.reported_at).where(_REPORT.c.station_id == station)
        )
        rows = await self.connection.execute(
            select(_INSTALLED)
            .where(_INSTALLED.c.station_id == station)
            .order_by(_INSTALLED.c.use, _INSTALLED.c.place)
        )
        return Holding(at, tuple(_installed(row) for row in rows))

    async def holdings(self) -> Sequence[tuple[StationId, Installed]]:
        """Return what every station said it holds, by station."""
        rows = await self.connection.execute(
            select(_INSTALLED).order_by(
                _INSTALLED.c.station_id, _INSTALLED.c.use, _INSTALLED.c.place
            )
        )
        return [(StationId(row.station_id), _installed(row)) for row in rows]

    async def save_holding(
        self,
        station: StationId,
        uses: Sequence[str],
        certificates: Sequence[Installed],
        at: datetime,
    ) -> None:
        """Keep a report in place of what was kept of these uses, or of all."""
        said = insert(_REPORT).values(station_id=station, reported_at=at)
        await self.connection.execute(
            said.on_conflict_do_update(
                index_elements=["station_id"], set_={"reported_at": at}
            )
        )
        forget = delete(_INSTALLED).where(_INSTALLED.c.station_id == station)
        if uses:
            forget = forget.where(_INSTALLED.c.use.in_(uses))
        await self.connection.execute(forget)
        rows = [
            {
                "station_id": station,
                "place": place,
                "use": each.use,
                "digest": each.hash.digest.value,
                "issuer_name": each.hash.issuer_name,
                "issuer_key": each.hash.issuer_key,
                "serial": each.hash.serial,
                "children": [asdict(child) for child in each.children],
            }
            for place, each in enumerate(certificates)
        ]
        if rows:
            await self.connection.execute(insert(_INSTALLED), rows)

    async def intents(
        self, station: StationId | None = None
    ) -> Sequence[CertificateIntent]:
        """Return what stations should hold, or one of them."""
        query = select(_INTENT).order_by(
            _INTENT.c.station_id, _INTENT.c.use, _INTENT.c.fingerprint
        )
        if station is not None:
            query = query.where(_INTENT.c.station_id == station)
        return [_intent(row) for row in await self.connection.execute(query)]

    async def intents_of(self, use: RootUse, fingerprint: str) -> Sequence[StationId]:
        """Return which stations should hold a root."""
        rows = await self.connection.execute(
            select(_INTENT.c.station_id)
            .where(_INTENT.c.use == use.value)
            .where(_INTENT.c.fingerprint == fingerprint)
            .where(_INTENT.c.present)
            .order_by(_INTENT.c.station_id)
        )
        return [StationId(row.station_id) for row in rows]

    async def save_intent(self, intent: CertificateIntent) -> None:
        """Keep an intent in place of the former one."""
        row = {
            "station_id": intent.station,
            "use": intent.use.value,
            "fingerprint": intent.fingerprint,
            "present": intent.present,
            "stage": intent.stage.value,
            "detail": intent.detail,
            "by": intent.by,
            "updated_at": intent.updated_at,
        }
        await self.connection.execute(
            insert(_INTENT)
            .values(row)
            .on_conflict_do_update(
                index_elements=["station_id", "use", "fingerprint"], set_=row
            )
        )

    # -- incidents ---------------------------------------------------------------

    async def raise_incident(self, incident: Incident) -> bool:
        """Keep an incident unless the same one is open; tell whether it is new."""
        same = await self.connection.scalar(
            select(func.count())
            .select_from(_INCIDENT)
            .where(_INCIDENT.c.kind == incident.kind)
            .where(_INCIDENT.c.station_id.is_not_distinct_from(incident.station))
            .where(_named(str(incident.detail["certificate"])))
            .where(_INCIDENT.c.resolved_at.is_(None))
        )
        if same:
            return False
        await self.connection.execute(
            _INCIDENT.insert().values(
                at=incident.at,
                severity=incident.severity,
                kind=incident.kind,
                station_id=incident.station,
                detail=dict(incident.detail),
            )
        )
        return True

    async def open_incidents(
        self, kind: str
    ) -> Sequence[tuple[int, StationId | None, str]]:
        """Return the open incidents of a kind: number, station, certificate."""
        rows = await self.connection.execute(
            select(
                _INCIDENT.c.id,
                _INCIDENT.c.station_id,
                _INCIDENT.c.detail["certificate"].astext.label("named"),
            )
            .where(_INCIDENT.c.kind == kind)
            .where(_INCIDENT.c.resolved_at.is_(None))
            .order_by(_INCIDENT.c.id)
        )
        return [
            (row.id, StationId(row.station_id) if row.station_id else None, row.named)
            for row in rows
        ]

    async def resolve_incident(self, number: int, at: datetime) -> None:
        """Close an incident."""
        await self.connection.execute(
            update(_INCIDENT).where(_INCIDENT.c.id == number).values(resolved_at=at)
        )


def _named(certificate: str) -> ColumnElement[bool]:
    kept: ColumnElement[str] = _INCIDENT.c.detail["certificate"].astext
    return kept.is_not_distinct_from(certificate)


def _root(row: Row[Any]) -> TrustedRoot:
    said = row._mapping  # noqa: SLF001 the public way to a row as a mapping
    names = CertificateFacts.__dataclass_fields__
    facts = CertificateFacts(**{name: said[name] for name in names})
    return TrustedRoot(
        RootUse(row.use), facts, row.added_by, row.added_at, row.replaced_by
    )


def _installed(row: Row[Any]) -> Installed:
    return Installed(
        row.use,
        CertificateHash(
            Digest(row.digest), row.issuer_name, row.issuer_key, row.serial
        ),
        tuple(_hash(each) for each in row.children),
    )


def _hash(said: Mapping[str, str]) -> CertificateHash:
    return CertificateHash(
        Digest(said["digest"]), said["issuer_name"], said["issuer_key"], said["serial"]
    )


def _intent(row: Row[Any]) -> CertificateIntent:
    return CertificateIntent(
        StationId(row.station_id),
        RootUse(row.use),
        row.fingerprint,
        row.present,
        IntentStage(row.stage),
        row.detail,
        row.by,
        row.updated_at,
    )
