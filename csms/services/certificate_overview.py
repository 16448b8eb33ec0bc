"""The certificates of one station: what it holds, what it should, what differs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from csms.domain.certificate import Installed, RootUse, TrustedRoot
from csms.domain.ids import StationId
from csms.domain.station import Variable
from csms.services.certificate_rules import entries
from csms.services.ports.certificate_store import CertificateIntent, Holding
from csms.services.roots import TrustStore


@dataclass(frozen=True, slots=True)
class HeldCertificate:
    """A certificate that a station says it holds.

    Attributes:
        root: Which root of the trust store it is; none if nobody here knows it.
        wanted: Whether it should be there; none if nobody said so.
    """

    installed: Installed
    root: TrustedRoot | None
    wanted: bool | None


@dataclass(frozen=True, slots=True)
class Drift:
    """A difference between what a station should hold and what it says.

    Attributes:
        kind: ``missing``, ``lingering`` or ``expired``.
    """

    kind: str
    use: str
    fingerprint: str
    subject: str


@dataclass(frozen=True, slots=True)
class CertificateOverview:
    """Everything about the certificates of one station.

    Attributes:
        reported_at: When the station was asked last; none if never.
        entries: How many it says it holds (CertificateEntries); none if unknown.
        most: How many it can hold; none if it does not say.
    """

    station: StationId
    reported_at: datetime | None
    held: tuple[HeldCertificate, ...]
    intents: tuple[CertificateIntent, ...]
    drift: tuple[Drift, ...]
    entries: int | None = None
    most: int | None = None


def overview_of(
    station: StationId,
    holding: Holding,
    intents: Sequence[CertificateIntent],
    variables: Sequence[Variable],
    trust: TrustStore,
    now: datetime,
) -> CertificateOverview:
    """Return what a station holds against what it should hold.

    Without a report of the station there is no difference to speak of.
    """
    held = tuple(
        _held(each, trust.identify(each), intents) for each in holding.certificates
    )
    count, most = entries(variables)
    drift = _drift(held, intents, _subjects(trust), now)
    return CertificateOverview(
        station,
        holding.reported_at,
        held,
        tuple(intents),
        drift if holding.reported_at is not None else (),
        count,
        most,
    )


def _drift(
    held: Sequence[HeldCertificate],
    intents: Sequence[CertificateIntent],
    subject: Callable[[RootUse, str], str],
    now: datetime,
) -> tuple[Drift, ...]:
    roots = [each.root for each in held if each.root is not None]
    there = {(each.use, each.fingerprint) for each in roots}
    found = [
        ("missing" if each.present else "lingering", each.use, each.fingerprint)
        for each in intents
        if each.present is not ((each.use, each.fingerprint) in there)
    ]
    found += [
        ("expired", each.use, each.fingerprint)
        for each in roots
        if each.facts.not_after < now
    ]
    return tuple(
        Drift(kind, use.value, fingerprint, subject(use, fingerprint))
        for kind, use, fingerprint in found
    )


def _subjects(trust: TrustStore) -> Callable[[RootUse, str], str]:
    named = {(each.use, each.fingerprint): each.facts.subject for each in trust.roots}
    return lambda use, fingerprint: named.get((use, fingerprint), "")


def _held(
    installed: Installed,
    root: TrustedRoot | None,
    intents: Sequence[CertificateIntent],
) -> HeldCertificate:
    wanted = None
    for each in intents:
        if root is not None and (each.use, each.fingerprint) == (
            root.use,
            root.fingerprint,
        ):
            wanted = each.present
    return HeldCertificate(installed, root, wanted)
