"""Issued certificates and requests for them, in PostgreSQL."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from csms.db import security_tables
from csms.db.station_rows import storable
from csms.domain.ids import StationId
from csms.domain.signing import (
    CertificateState,
    CertificateUse,
    IssuedCertificate,
    SigningRequest,
    SigningState,
)

_ISSUED = security_tables.issued_certificate
_REQUEST = security_tables.signing_request
_OPEN = tuple(each.value for each in SigningState if each.is_open)
_IN_USE = (CertificateState.ACTIVE.value, CertificateState.ACCEPTED.value)


@dataclass(frozen=True, slots=True)
class CertificateRows:
    """The certificates of one unit of work."""

    connection: AsyncConnection

    async def certificates(
        self,
        *,
        station: StationId | None = None,
        use: CertificateUse | None = None,
        state: CertificateState | None = None,
    ) -> Sequence[IssuedCertificate]:
        """Return issued certificates, youngest first."""
        query = select(_ISSUED).order_by(
            _ISSUED.c.issued_at.desc(), _ISSUED.c.fingerprint
        )
        for column, wanted in (
            (_ISSUED.c.station_id, station),
            (_ISSUED.c.use, use),
            (_ISSUED.c.state, state),
        ):
            if wanted is not None:
                query = query.where(column == str(wanted))
        return [_issued(row) for row in await self.connection.execute(query)]

    async def certificate(self, fingerprint: str) -> IssuedCertificate | None:
        """Return one certificate, or None."""
        found = await self.connection.execute(
            select(_ISSUED).where(_ISSUED.c.fingerprint == fingerprint)
        )
        row = found.one_or_none()
        return None if row is None else _issued(row)

    async def keep_certificate(self, issued: IssuedCertificate) -> None:
        """Keep a certificate; one that is kept already stays as it is."""
        row = _row(issued)
        await self.connection.execute(
            insert(_ISSUED).values(row).on_conflict_do_nothing()
        )

    async def turn_certificate(
        self,
        fingerprint: str,
        state: CertificateState,
        *,
        reason: str = "",
        revoked_at: datetime | None = None,
    ) -> None:
        """Keep how far it has come; a revoked one stays revoked."""
        await self.connection.execute(
            update(_ISSUED)
            .where(_ISSUED.c.fingerprint == fingerprint)
            .where(_ISSUED.c.state != CertificateState.REVOKED.value)
            .values(state=state.value, reason=storable(reason), revoked_at=revoked_at)
        )

    async def activate(self, fingerprint: str) -> bool:
        """Make it the active one of its station and use; tell whether it was not yet.

        Those that were active or accepted before are superseded.
        """
        found = await self.certificate(fingerprint)
        idle = (CertificateState.ACTIVE, CertificateState.REVOKED)
        if found is None or found.state in idle:
            return False
        await self.connection.execute(
            update(_ISSUED)
            .where(_ISSUED.c.station_id == found.station)
            .where(_ISSUED.c.use == found.use.value)
            .where(_ISSUED.c.fingerprint != fingerprint)
            .where(_ISSUED.c.issued_at <= found.issued_at)
            .where(_ISSUED.c.state.in_(_IN_USE))
            .values(state=CertificateState.SUPERSEDED.value)
        )
        await self.turn_certificate(fingerprint, CertificateState.ACTIVE)
        return True

    async def requests(
        self,
        station: StationId | None = None,
        *,
        opened: bool = False,
        limit: int | None = None,
    ) -> Sequence[SigningRequest]:
        """Return signing requests, youngest first; only open ones if asked."""
        query = select(_REQUEST).order_by(_REQUEST.c.id.desc()).limit(limit)
        if station is not None:
            query = query.where(_REQUEST.c.station_id == station)
        if opened:
            query = query.where(_REQUEST.c.state.in_(_OPEN))
        return [_request(row) for row in await self.connection.execute(query)]

    async def add_request(self, request: SigningRequest) -> SigningRequest:
        """Keep a new one; return it with its number."""
        row = _row(request)
        del row["id"]
        done = await self.connection.execute(
            insert(_REQUEST).values(row).returning(_REQUEST.c.id)
        )
        return replace(request, id=int(done.scalar_one()))

    async def save_request(self, request: SigningRequest) -> None:
        """Keep how far it has come."""
        row = _row(request)
        await self.connection.execute(
            update(_REQUEST).where(_REQUEST.c.id == row.pop("id")).values(row)
        )


def _row(value: IssuedCertificate | SigningRequest) -> dict[str, Any]:
    row: dict[str, Any] = storable(asdict(value))
    row["station_id"] = row.pop("station")
    row["use"], row["state"] = value.use.value, value.state.value
    return row


def _issued(row: Row[Any]) -> IssuedCertificate:
    return IssuedCertificate(
        fingerprint=row.fingerprint,
        serial=row.serial,
        use=CertificateUse(row.use),
        station=None if row.station_id is None else StationId(row.station_id),
        subject=row.subject,
        issuer=row.issuer,
        not_before=row.not_before,
        not_after=row.not_after,
        chain=row.chain,
        state=CertificateState(row.state),
        issued_at=row.issued_at,
        authority=row.authority,
        revoked_at=row.revoked_at,
        reason=row.reason,
    )


def _request(row: Row[Any]) -> SigningRequest:
    return SigningRequest(
        id=row.id,
        station=StationId(row.station_id),
        use=CertificateUse(row.use),
        csr=row.csr,
        state=SigningState(row.state),
        received_at=row.received_at,
        due_at=row.due_at,
        request_id=row.request_id,
        typed=row.typed,
        attempts=row.attempts,
        reference=row.reference,
        fingerprint=row.fingerprint,
        reason=row.reason,
    )
