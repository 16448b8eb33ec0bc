"""How a station secures its line: its ways to connect, whom it believes, who it is.

It has slots with ways to connect (B09), tries them in their order and falls back to the
next (A05); it believes servers by the roots it was given (M05), and wears a certificate
that it asked for itself (A02).
"""

import base64
import ssl
import tempfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    from simulators.station import Station

ROOT = "CSMSRootCertificate"
BASIC, TLS, MUTUAL = 1, 2, 3
ATTEMPTS = 3
"""How often a way is tried before the next one is (B10)."""

FIRST_SLOT = 0
"""The way that it came with."""


@dataclass(frozen=True, slots=True)
class Way:
    """A way to connect.

    Attributes:
        slot: Its configuration slot.
        url: Where the central system is, without the station's identity.
        profile: The security profile, 1 to 3.
    """

    slot: int
    url: str
    profile: int


def way_of(station: "Station", url: str, failures: int) -> Way:
    """Return by which way it connects now.

    Args:
        station: Which.
        url: Where its first slot leads.
        failures: How often it has tried in vain since it was last connected.
    """
    first = Way(FIRST_SLOT, url, TLS if url.startswith("wss:") else BASIC)
    ways = []
    for text in station.model.measurands(
        "OCPPCommCtrlr", "NetworkConfigurationPriority"
    ):
        data = station.cabinet.networks.get(int(text))
        if int(text) == FIRST_SLOT:
            ways.append(first)
        elif data is not None:
            ways.append(Way(int(text), data["ocppCsmsUrl"], data["securityProfile"]))
    ways = ways or [first]
    return ways[failures // ATTEMPTS % len(ways)]


def headers_of(station: "Station", way: Way) -> dict[str, str]:
    """Return its password, where it needs one (A00.FR.202, A00.FR.301)."""
    if way.profile == MUTUAL:
        return {}
    password = station.model.text("SecurityCtrlr", "BasicAuthPassword")
    login = base64.b64encode(f"{station.id}:{password}".encode()).decode()
    return {"Authorization": f"Basic {login}"}


def context_of(station: "Station", way: Way) -> ssl.SSLContext | None:
    """Return how it speaks TLS; None without it."""
    if not way.url.startswith("wss:"):
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    roots = [pem for (use, _), pem in station.cabinet.roots.items() if use == ROOT]
    if roots:
        context.load_verify_locations(cadata="".join(roots))
    if way.profile == MUTUAL and station.cabinet.worn:
        with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
            file.write(station.cabinet.worn)
            file.flush()
            context.load_cert_chain(file.name)
    return context


def came_in(station: "Station", way: Way) -> None:
    """Show by which way it is connected; a profile is never lowered (A05.FR.07)."""
    station.model.put("OCPPCommCtrlr", None, "ActiveNetworkProfile", str(way.slot))
    present = int(station.model.text("SecurityCtrlr", "SecurityProfile") or BASIC)
    profile = str(max(way.profile, present))
    station.model.put("SecurityCtrlr", None, "SecurityProfile", profile)


def ask_for_certificate(station: "Station") -> None:
    """Make a new key, and ask for a certificate for it (A02.FR.02)."""
    key = ec.generate_private_key(ec.SECP256R1())
    owner = station.model.text("SecurityCtrlr", "OrganizationName")
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, station.id),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, owner),
        ]
    )
    request = x509.CertificateSigningRequestBuilder().subject_name(subject)
    signed = request.sign(key, hashes.SHA256())
    station.cabinet.new_key = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()
    csr = signed.public_bytes(serialization.Encoding.PEM).decode()
    kind = "ChargingStationCertificate"
    station.send("SignCertificate", {"csr": csr, "certificateType": kind})


def wear(station: "Station", chain: str) -> bool:
    """Take a certificate; tell whether it is one, for the key that it asked for.

    One that was never asked for is looked at, and not worn.

    Raises:
        ValueError: If it is none.
    """
    leaf = x509.load_pem_x509_certificates(chain.encode())[0]
    text, station.cabinet.new_key = station.cabinet.new_key, ""
    if not text:
        return True
    key = serialization.load_pem_private_key(text.encode(), None)
    if leaf.public_key() != key.public_key():
        return False
    station.cabinet.worn = chain + text
    return True
