"""Certificates as operators handle them, in one place."""

from dataclasses import dataclass

from csms.services.root_rotation import RootRotations
from csms.services.roots import TrustStore
from csms.services.station_certificates import StationCertificates


@dataclass(frozen=True, slots=True)
class CertificateServices:
    """What the edges may use of certificates.

    Attributes:
        trust: The trust store.
        stations: Certificates of stations.
        rotations: Changes of roots.
    """

    trust: TrustStore
    stations: StationCertificates
    rotations: RootRotations
