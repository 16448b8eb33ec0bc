"""Every certificate that matters to this system, where it is, and how long it lasts."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from csms.domain.certificate import TrustedRoot
from csms.domain.ids import StationId
from csms.domain.signing import (
    CertificateState,
    CertificateUse,
    IssuedCertificate,
    SigningRequest,
)
from csms.services.certificates import CertificateServices
from csms.services.certifying import SERVER_KINDS
from csms.services.ports.certificate_store import Rotation
from csms.services.ports.pki import AuthorityShown
from csms.services.ports.work import Begin
from csms.services.renewal import TRIGGERS
from csms.services.security import SecurityDesk

CLOSED_SHOWN: Final = 50
"""Signing requests that are looked at for how the latest of them ended."""


class Owner(StrEnum):
    """Whose a certificate is."""

    STATIONS = "stations"
    OURS = "ours"
    TRUSTED = "trusted"
    """Somebody else's root that we trust."""


@dataclass(frozen=True, slots=True)
class Shelved:
    """One certificate, wherever it is.

    Attributes:
        owner: Whose it is.
        use: What for: a word of ``CertificateUse`` or of ``RootUse``.
        subject: Its subject, as RFC 4514 writes it.
        fingerprint: SHA-256 of the whole.
        not_before: From when on it is valid.
        not_after: Until when.
        station: Which station's it is; None for others.
        state: How far one that was issued has come; None for others.
        holders: Which stations say that they hold it.
        replaced: Whether another has taken its place already.
    """

    owner: Owner
    use: str
    subject: str
    fingerprint: str
    not_before: datetime
    not_after: datetime
    station: StationId | None = None
    state: CertificateState | None = None
    holders: tuple[StationId, ...] = ()
    replaced: bool = False

    @property
    def renewable(self) -> bool:
        """Tell whether its station can be asked to renew it."""
        renewed = {each.value for each in TRIGGERS}
        return self.station is not None and self.use in renewed

    def left(self, now: datetime) -> timedelta:
        """Return how long it still lasts; below zero once it has expired."""
        return self.not_after - now

    def share_left(self, now: datetime) -> float:
        """Return which share of its life is left, from 0 to 1."""
        life = (self.not_after - self.not_before).total_seconds()
        return (
            min(1.0, max(0.0, self.left(now).total_seconds() / life))
            if life > 0
            else 0.0
        )


@dataclass(frozen=True, slots=True)
class Shelf:
    """All of them, and what is changing.

    Attributes:
        certificates: What is in use, what ends first comes first.
        waiting: Signing requests of stations that are under way.
        ended: Signing requests that came to nothing lately.
        revoked: What was revoked, the latest first.
        rotations: Changes of roots, the latest first.
        strangers: How many certificates stations hold that nobody here knows.
    """

    certificates: Sequence[Shelved]
    waiting: Sequence[SigningRequest]
    ended: Sequence[SigningRequest]
    revoked: Sequence[IssuedCertificate]
    rotations: Sequence[Rotation]
    strangers: Mapping[StationId, int]


async def shelf(
    begin: Begin, desk: SecurityDesk, services: CertificateServices
) -> Shelf:
    """Return every certificate that matters, and what is changing."""
    async with begin() as work:
        issued = [
            each
            for state in _IN_USE
            for each in await work.security.certificates(state=state)
        ]
        revoked = await work.security.certificates(state=CertificateState.REVOKED)
        waiting = await work.security.requests(opened=True)
        latest = await work.security.requests(limit=CLOSED_SHOWN)
        held = await work.certificates.holdings()
    holders: dict[str, list[StationId]] = defaultdict(list)
    strangers: dict[StationId, int] = defaultdict(int)
    for station, installed in held:
        root = services.trust.identify(installed)
        if root is not None:
            holders[root.fingerprint].append(station)
        elif not installed.children:
            strangers[station] += 1
    authority = desk.certificates.built_in
    ends = {authority.server_ends(kind) for kind in SERVER_KINDS}
    found = [
        *(_issued(each) for each in issued if _matters(each, ends)),
        *_authorities(desk.certificates.authorities()),
        *(_trusted(each, holders[each.fingerprint]) for each in services.trust.roots),
    ]
    return Shelf(
        sorted(found, key=lambda each: (each.not_after, each.fingerprint)),
        waiting,
        [each for each in latest if each.reason and not each.state.is_open],
        sorted(revoked, key=_revoked_at, reverse=True),
        await services.rotations.list(),
        dict(strangers),
    )


_IN_USE = (
    CertificateState.ACTIVE,
    CertificateState.ACCEPTED,
    CertificateState.ISSUED,
)


def _matters(issued: IssuedCertificate, ends: set[datetime | None]) -> bool:
    """Tell whether it is in use: of our own, only the one that is served is."""
    return issued.use is not CertificateUse.SERVER or issued.not_after in ends


def _revoked_at(issued: IssuedCertificate) -> datetime:
    return issued.revoked_at or issued.issued_at


def _issued(issued: IssuedCertificate) -> Shelved:
    return Shelved(
        Owner.OURS if issued.station is None else Owner.STATIONS,
        issued.use.value,
        issued.subject,
        issued.fingerprint,
        issued.not_before,
        issued.not_after,
        issued.station,
        issued.state,
    )


def _authorities(shown: Sequence[AuthorityShown]) -> Sequence[Shelved]:
    newest: dict[tuple[str, CertificateUse], int] = defaultdict(int)
    for each in shown:
        place = each.hierarchy, each.use
        newest[place] = max(newest[place], each.generation)
    return [
        Shelved(
            Owner.OURS,
            each.use.value,
            each.facts.subject,
            each.facts.fingerprint,
            each.facts.not_before,
            each.facts.not_after,
            replaced=each.generation < newest[each.hierarchy, each.use],
        )
        for each in shown
    ]


def _trusted(root: TrustedRoot, holders: Sequence[StationId]) -> Shelved:
    return Shelved(
        Owner.TRUSTED,
        root.use.value,
        root.facts.subject,
        root.fingerprint,
        root.facts.not_before,
        root.facts.not_after,
        holders=tuple(dict.fromkeys(holders)),
        replaced=root.replaced_by is not None,
    )
