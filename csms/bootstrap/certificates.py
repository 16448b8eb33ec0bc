"""Block M from settings: trust store, revocation, roots of stations, contracts."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from csms.blocks.certificates import (
    CertificateAnswers,
    CertificateGuard,
    StationCertificateWire,
)
from csms.blocks.translating import FindLink
from csms.bootstrap.authorities import (
    built_in_of,
    given_files,
    presented_roots,
)
from csms.domain.certificate import RootUse
from csms.pki.chains import X509Certificates
from csms.pki.fetching import Fetcher
from csms.pki.pool import ContractPool
from csms.pki.revocation import RevocationPolicy, Revocations, Trusted
from csms.pki.serving import ServedRoots
from csms.services.alarm import Alarm
from csms.services.certificate_drift import DriftWatch
from csms.services.certificate_rules import CertificateRules
from csms.services.certificates import CertificateServices
from csms.services.certifying import SERVER_KINDS
from csms.services.contract_check import ContractJudge
from csms.services.journal import Journal
from csms.services.own_roots import OwnRoots
from csms.services.root_expiry import RootExpiry
from csms.services.root_rotating import RotationRunner
from csms.services.root_rotation import RootRotations
from csms.services.roots import TrustStore
from csms.services.station_certificates import StationCertificates
from csms.services.vehicle_certificates import CertificateStatuses, VehicleContracts
from csms.services.world import World
from csms.settings import Settings


@dataclass(frozen=True, slots=True)
class CertificateParts:
    """Everything of block M.

    Attributes:
        trust: The trust store.
        revocations: Asks whether certificates are revoked (``RevocationCheck``).
        contracts: Judges contract certificates (``ContractCheck``).
        stations: Certificates of stations.
        rotations: Changes of roots, for operators.
        runner: Works them off.
        own: Brings our own roots to stations.
        expiry: Watches how long roots last.
        drift: Watches whether stations hold what they should.
        answers: The block that answers stations.
        guard: Holds raw commands against the rules.
    """

    trust: TrustStore
    revocations: Revocations
    contracts: ContractJudge
    stations: StationCertificates
    rotations: RootRotations
    runner: RotationRunner
    own: OwnRoots
    expiry: RootExpiry
    drift: DriftWatch
    answers: CertificateAnswers
    guard: CertificateGuard

    @property
    def services(self) -> CertificateServices:
        """Return what the HTTP edges may use."""
        return CertificateServices(self.trust, self.stations, self.rotations)

    def workers(self) -> Mapping[str, Callable[[], Awaitable[None]]]:
        """Return what runs for as long as the node does."""
        return {
            "rotations": self.runner.run,
            "own-roots": self.own.run,
            "root-expiry": self.expiry.run,
            "certificate-drift": self.drift.run,
        }


def certificate_parts(
    settings: Settings,
    world: World,
    journal: Journal,
    link: FindLink,
) -> CertificateParts:
    """Return block M, wired; nothing runs yet, and the trust store is not loaded."""
    clock, begin = world.clock, world.begin
    certificates = X509Certificates()
    trust = TrustStore(clock, begin, certificates)
    revocations = Revocations(
        clock,
        Fetcher(private=settings.revocation_private_hosts),
        lambda: _trusted(trust),
        RevocationPolicy(
            settings.revocation_timeout_s,
            timedelta(seconds=settings.revocation_cache_s),
        ),
    )
    serving = ServedRoots(clock, trust, lambda: served_files(settings))
    rules = CertificateRules(clock, begin, trust, certificates, serving)
    stations = StationCertificates(
        clock, begin, world.book, rules, StationCertificateWire(link)
    )
    wake, strict = Alarm(), settings.revocation_strict
    rotations = RootRotations(clock, begin, stations, wake)
    made = presented_roots(settings)
    return CertificateParts(
        trust=trust,
        revocations=revocations,
        contracts=ContractJudge(
            clock, trust, certificates, revocations, journal, strict
        ),
        stations=stations,
        rotations=rotations,
        runner=RotationRunner(clock, begin, stations, wake),
        own=OwnRoots(clock, begin, stations, rotations, made, Alarm()),
        expiry=RootExpiry(
            clock, begin, trust, timedelta(days=settings.root_warning_days), Alarm()
        ),
        drift=DriftWatch(clock, begin, stations, Alarm()),
        answers=CertificateAnswers(
            VehicleContracts(clock, world.book, journal, _pool(settings)),
            CertificateStatuses(clock, world.book, revocations, journal, strict),
        ),
        guard=CertificateGuard(stations),
    )


def served_files(settings: Settings) -> Sequence[Path] | None:
    """Return where our own certificates are; none if we do not end TLS ourselves."""
    if not settings.uses_tls:
        return None
    if given := given_files(settings):
        return [each.certificate for each in given]
    built_in = built_in_of(settings)
    return [built_in.server_file(each) for each in SERVER_KINDS]


def _trusted(trust: TrustStore) -> Trusted:
    roots = [each for each in RootUse if each is not RootUse.INTERMEDIATE]
    return Trusted(trust.pems(*roots), trust.pems(RootUse.INTERMEDIATE))


def _pool(settings: Settings) -> ContractPool | None:
    if settings.contract_pool_url is None:
        return None
    token = settings.contract_pool_token
    return ContractPool(
        settings.contract_pool_url,
        token.get_secret_value() if token else None,
        settings.contract_pool_timeout_s,
    )
