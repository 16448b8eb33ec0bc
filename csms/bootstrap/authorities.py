"""Which authorities there are, what they made for us, and where stations reach us."""

from collections.abc import Callable, Sequence
from datetime import timedelta

from csms.domain.security import SecurityProfile
from csms.domain.signing import CertificateUse
from csms.pki.authority import BuiltIn, Terms
from csms.pki.outside import EstAuthority
from csms.pki.tls import ServerFiles
from csms.services.certifying import SERVER_KINDS
from csms.services.ports.pki import AuthorityShown, SigningAuthority
from csms.settings import Settings

LISTS = "/pki"
"""Where lists of what was revoked are served, on the HTTP port."""


def given_files(settings: Settings) -> Sequence[ServerFiles]:
    """Return the server certificates that an operator brought."""
    pairs = (
        (settings.ocpp_tls_cert, settings.ocpp_tls_key),
        (settings.ocpp_tls_rsa_cert, settings.ocpp_tls_rsa_key),
    )
    return [ServerFiles(cert, key) for cert, key in pairs if cert is not None]


def built_in_of(settings: Settings) -> BuiltIn:
    """Return the built-in authority; nothing of it is made yet."""
    return BuiltIn(
        settings.data_dir / "pki",
        Terms(
            settings.cso_name,
            settings.server_names,
            timedelta(days=settings.station_certificate_days),
            timedelta(days=settings.server_certificate_days),
            f"{settings.link_base}{LISTS}",
        ),
    )


def outside_of(settings: Settings) -> SigningAuthority | None:
    """Return the outside authority, if one is set."""
    if settings.ca_url is None:
        return None
    password = settings.ca_password
    return EstAuthority(
        settings.ca_url,
        user=settings.ca_user,
        password=password.get_secret_value() if password else None,
        roots=settings.ca_roots,
    )


def presented_roots(settings: Settings) -> Callable[[], Sequence[AuthorityShown]]:
    """Return what tells which roots of ours the certificates for stations lead to."""
    built_in = built_in_of(settings)
    own = settings.uses_tls and not given_files(settings)

    def made() -> Sequence[AuthorityShown]:
        if not own:
            return ()
        return tuple(
            each
            for each in built_in.shown()
            if each.hierarchy in SERVER_KINDS and each.use is CertificateUse.ROOT
        )

    return made


def place_of(settings: Settings, profile: SecurityProfile) -> str | None:
    """Return what stations of a profile call; None if there is no port for it."""
    name = settings.server_names[0]
    match profile:
        case SecurityProfile.TLS:
            port, url = settings.ocpp_tls_port, settings.ocpp_tls_url
        case SecurityProfile.MUTUAL:
            port, url = settings.ocpp_mtls_port, settings.ocpp_mtls_url
        case _:
            return None
    return url or (None if port is None else f"wss://{name}:{port}/ocpp")
