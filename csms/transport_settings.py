"""What an operator may set about TLS, certificates and station passwords."""

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

PREFIX = "CSMS_"
TURN_ON_TLS = (
    "Turn on TLS: set CSMS_OCPP_TLS_PORT=9443, CSMS_OCPP_TLS_HOST to the address, "
    "CSMS_OCPP_TLS_NAMES to the name that stations call, and CSMS_OCPP_PLAIN=false; "
    "without certificates of yours, the built-in authority makes them (README, "
    "Turn on TLS)."
)
Port = Annotated[int, Field(ge=0, le=65535)]
Seconds = Annotated[int, Field(gt=0)]


def https_or_http(url: str) -> str:
    """Return an address of the web without a slash at its end."""
    if not url.startswith(("http://", "https://")):
        raise ValueError("it must begin with http:// or https://")
    return url.rstrip("/")


def _wss(url: str) -> str:
    if not url.startswith("wss://"):
        raise ValueError("it must begin with wss://")
    return url.rstrip("/")


def _https(url: str) -> str:
    if not url.startswith("https://"):
        raise ValueError("it must begin with https://")
    return url.rstrip("/")


WssUrl = Annotated[str, AfterValidator(_wss)]


class TransportSettings(BaseSettings):
    """Security of the lines to stations and people: Part 2, block A."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, frozen=True, extra="ignore", hide_input_in_errors=True
    )

    # Ports with TLS.
    ocpp_plain: bool = Field(
        default=True,
        description="Accept stations without TLS (security profile 1) on "
        "CSMS_OCPP_PORT.",
    )
    ocpp_tls_host: str = Field(
        "127.0.0.1", description="Address on which stations are accepted over TLS."
    )
    ocpp_tls_port: Port | None = Field(
        None,
        description="Port for stations with TLS and a password (security profile 2).",
    )
    ocpp_mtls_port: Port | None = Field(
        None,
        description="Port for stations with a certificate of their own (security "
        "profile 3).",
    )
    ocpp_tls_names: str = Field(
        "localhost",
        description="Names that stations call, separated by commas; the first is the "
        "common name of the certificates that this system makes for itself.",
    )
    ocpp_tls_url: WssUrl | None = Field(
        None,
        description="What stations of profile 2 call, without their id; by default "
        "made from name and port.",
    )
    ocpp_mtls_url: WssUrl | None = Field(
        None, description="What stations of profile 3 call, likewise."
    )

    # Our certificates.
    ocpp_tls_cert: Path | None = Field(
        None,
        description="Server certificate for stations with its chain, PEM, with an "
        "elliptic-curve key; without any, the built-in authority makes two.",
    )
    ocpp_tls_key: Path | None = Field(
        None, description="Its key, PEM; not needed if it is in the same file."
    )
    ocpp_tls_rsa_cert: Path | None = Field(
        None,
        description="The same with an RSA key: Part 2 asks for both (A00.FR.318).",
    )
    ocpp_tls_rsa_key: Path | None = Field(
        None, description="Its key, PEM; not needed if it is in the same file."
    )
    http_tls_cert: Path | None = Field(
        None,
        description="Certificate of the API and the console, PEM: they are served over "
        "HTTPS then.",
    )
    http_tls_key: Path | None = Field(
        None, description="Its key, PEM; not needed if it is in the same file."
    )
    server_certificate_days: int = Field(
        60,
        gt=1,
        le=825,
        description="How long certificates are valid that this system makes for "
        "itself: not long, since that is how they are revoked (A00.FR.701).",
    )

    # Certificates of stations.
    cso_name: str = Field(
        "csms",
        min_length=1,
        max_length=64,
        description="Name of the charging station operator: the organization in every "
        "certificate, and in SecurityCtrlr.OrganizationName of stations.",
    )
    trusted_organizations: str = Field(
        "",
        description="Organizations, separated by commas, whose station certificates "
        "are taken beside our own: makers, until a station has renewed its own.",
    )
    station_ca: Path | None = Field(
        None,
        description="Roots, PEM, that certificates of stations may lead to, beside "
        "those of the built-in authority.",
    )
    station_certificate_days: int = Field(
        365, gt=1, le=3650, description="How long certificates of stations are valid."
    )
    certificate_renewal_days: int = Field(
        30,
        gt=0,
        description="How long before its end a station's certificate is renewed.",
    )
    refuse_unknown_revocation: bool = Field(
        default=False,
        description="Refuse a station if nobody can tell whether its certificate was "
        "revoked: safe, and offline whenever the issuer is.",
    )

    # An outside authority.
    ca_url: Annotated[str, AfterValidator(_https)] | None = Field(
        None,
        description="An outside authority that signs for stations, spoken to by EST "
        "(RFC 7030), such as https://ca.example.org/.well-known/est.",
    )
    ca_user: str | None = Field(None, description="User at the outside authority.")
    ca_password: SecretStr | None = Field(
        None, description="Password at the outside authority."
    )
    ca_roots: Path | None = Field(
        None,
        description="Roots, PEM, that the certificate of the outside authority's "
        "server leads to; by default those of this machine.",
    )

    # Standing of certificates, and contracts of vehicles.
    revocation_timeout_s: Seconds = Field(
        5, description="How long the search for the status of a certificate may take."
    )
    revocation_strict: bool = Field(
        default=True,
        description="Refuse contract certificates whose status nobody tells credibly; "
        "otherwise they count as good.",
    )
    revocation_private_hosts: bool = Field(
        default=False,
        description="Ask responders at addresses that are not public: stations name "
        "them, and could make this system knock inside its own network.",
    )
    revocation_cache_s: Seconds = Field(
        3600, description="How long the status of a certificate is remembered."
    )
    root_warning_days: int = Field(
        60, gt=0, description="How long before its end a root causes an incident."
    )
    contract_pool_url: Annotated[str, AfterValidator(https_or_http)] | None = Field(
        None,
        description="Who provides contract certificates of ISO 15118; without it "
        "vehicles are told that there is none.",
    )
    contract_pool_token: SecretStr | None = Field(
        None, description="Bearer token for the pool of contract certificates."
    )
    contract_pool_timeout_s: Seconds = Field(
        4, description="How long the pool may take; a vehicle waits for five seconds."
    )

    # Passwords of stations.
    password_days: int = Field(
        0,
        ge=0,
        description="After how long a station is given a new password; 0 for never.",
    )
    password_strict: bool = Field(
        default=False,
        description="End the old password as soon as a station says that it has taken "
        "the new one (A01.FR.03), and not when it comes in with it: to the letter, and "
        "a station that loses power just then is locked out.",
    )

    @property
    def uses_tls(self) -> bool:
        """Return whether any port is served over TLS to stations."""
        return self.ocpp_tls_port is not None or self.ocpp_mtls_port is not None

    @property
    def server_names(self) -> tuple[str, ...]:
        """Return the names that stations call."""
        return _listed(self.ocpp_tls_names) or ("localhost",)

    @property
    def organizations(self) -> frozenset[str]:
        """Return whose certificates are taken."""
        return frozenset({self.cso_name, *_listed(self.trusted_organizations)})

    def check_transport(self) -> None:
        """Make sure that the settings of this module make sense together.

        Raises:
            ValueError: With the remedy, if they do not.
        """
        if not self.ocpp_plain and not self.uses_tls:
            raise ValueError(
                "CSMS_OCPP_PLAIN=false leaves no port for stations. Set "
                "CSMS_OCPP_TLS_PORT or CSMS_OCPP_MTLS_PORT."
            )
        for name in ("ocpp_tls", "ocpp_tls_rsa", "http_tls"):
            if getattr(self, f"{name}_key") and not getattr(self, f"{name}_cert"):
                raise ValueError(
                    f"CSMS_{name.upper()}_KEY needs CSMS_{name.upper()}_CERT."
                )


def _listed(text: str) -> tuple[str, ...]:
    return tuple(each.strip() for each in text.split(",") if each.strip())
