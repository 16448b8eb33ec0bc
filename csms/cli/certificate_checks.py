"""What `csms doctor` finds out about certificates and keys, without changing any."""

import stat
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from csms.cli.examining import Finding, Verdict, is_local

if TYPE_CHECKING:
    from csms.pki.authority import BuiltIn
    from csms.settings import Settings

SOON = timedelta(days=20)
_HERE = frozenset({"localhost", "127.0.0.1", "::1"})
OTHERS = stat.S_IRWXG | stat.S_IRWXO


def certificates(settings: "Settings", now: datetime) -> list[Finding]:
    """Tell whether TLS can be served as it is set, and for how long."""
    findings = [*_given(settings, now), *_built_in(settings, now)]
    if settings.station_ca is not None:
        findings += _bundle("station roots", settings.station_ca, now)
    if not settings.uses_tls and settings.http_tls_cert is None:
        findings.append(
            Finding("certificates", Verdict.OK, "no port is served over TLS by us")
        )
    return findings


def _given(settings: "Settings", now: datetime) -> Iterator[Finding]:
    pairs = (
        ("ocpp certificate", settings.ocpp_tls_cert, settings.ocpp_tls_key),
        ("ocpp RSA certificate", settings.ocpp_tls_rsa_cert, settings.ocpp_tls_rsa_key),
        ("http certificate", settings.http_tls_cert, settings.http_tls_key),
    )
    for name, certificate, key in pairs:
        if certificate is not None:
            yield from _pair(name, certificate, key, now)
            if name.startswith("ocpp"):
                yield from _called(name, certificate, settings)
    own = settings.ocpp_tls_cert is None and settings.ocpp_tls_rsa_cert is None
    both = settings.ocpp_tls_cert is not None and settings.ocpp_tls_rsa_cert is not None
    if settings.uses_tls and not own and not both:
        yield Finding(
            "ocpp certificates",
            Verdict.WARN,
            "one kind of key only, and stations may know the other (A00.FR.318)",
            "Set both CSMS_OCPP_TLS_CERT and CSMS_OCPP_TLS_RSA_CERT.",
        )


def _built_in(settings: "Settings", now: datetime) -> Iterator[Finding]:
    from csms.bootstrap.authorities import built_in_of

    built_in = built_in_of(settings)
    yield from _reachable(settings)
    if not built_in.folder.exists():
        return
    if settings.uses_tls:
        yield from _made_for_us(built_in, now)
    for each in built_in.shown():
        name = f"authority {each.hierarchy} {each.use.value} {each.generation}"
        finding = _until(name, each.facts.not_after, now)
        if finding.verdict is not Verdict.OK:
            yield finding
    for path in sorted(built_in.folder.rglob("*")):
        if path.is_file():
            yield from _open_to_others(path)
    yield Finding("authority", Verdict.OK, f"built in, in {built_in.folder}")


def _reachable(settings: "Settings") -> Iterator[Finding]:
    """Tell whether stations on the network can call what our certificate says."""
    local = set(settings.server_names) <= _HERE
    if settings.uses_tls and local and not is_local(settings.ocpp_tls_host):
        yield Finding(
            "ocpp names",
            Verdict.WARN,
            f"stations on the network would have to call {settings.server_names[0]}",
            "Set CSMS_OCPP_TLS_NAMES to the name or the address that they call.",
        )


def _made_for_us(built_in: "BuiltIn", now: datetime) -> Iterator[Finding]:
    from csms.services.certifying import SERVER_KINDS

    for kind in SERVER_KINDS:
        path = built_in.server_file(kind)
        if path.exists():
            yield from _bundle(f"our {kind} certificate", path, now, leaf_only=True)


def _pair(
    name: str, certificate: Path, key: Path | None, now: datetime
) -> Iterator[Finding]:
    from csms.pki.tls import BadTlsFiles, ServerFiles, web_context

    try:
        web_context(ServerFiles(certificate, key))
    except BadTlsFiles as error:
        yield Finding(
            name,
            Verdict.FAIL,
            f"cannot be used: {error}",
            "Give a chain in PEM, the leaf first, and the key that belongs to it.",
        )
        return
    yield from _bundle(name, certificate, now, leaf_only=True)
    yield from _open_to_others(key or certificate)


def _bundle(
    name: str, path: Path, now: datetime, *, leaf_only: bool = False
) -> Iterator[Finding]:
    from csms.pki.reading import X509Reader

    try:
        found = X509Reader().chain(path.read_text())
    except (OSError, ValueError) as error:
        yield Finding(
            name, Verdict.FAIL, f"{path}: {error}", "Give certificates in PEM."
        )
        return
    ends = found[0].not_after if leaf_only else min(each.not_after for each in found)
    yield _until(name, ends, now)


def _called(name: str, path: Path, settings: "Settings") -> Iterator[Finding]:
    """Tell whether stations can believe a certificate: its names, and its chain."""
    from csms.pki.chains import signed_by
    from csms.pki.reading import missing_names, read_chain

    try:
        found = read_chain(path.read_text())
    except (OSError, ValueError):
        return  # said already
    if missing := missing_names(found[0], settings.server_names):
        yield Finding(
            f"{name} names",
            Verdict.FAIL,
            f"{path} is not for {', '.join(missing)}",
            "Set CSMS_OCPP_TLS_NAMES to the names that stations call, and give a "
            "certificate for these.",
        )
    for each, above in pairwise(found):
        if not signed_by(each, above):
            yield Finding(
                f"{name} chain",
                Verdict.FAIL,
                f"{each.subject.rfc4514_string()} is not signed by the one after it, "
                f"{above.subject.rfc4514_string()}",
                "Put the leaf first, then who signed it, up to the last below the "
                "root.",
            )


def _until(name: str, ends: datetime, now: datetime) -> Finding:
    said = f"valid until {ends:%Y-%m-%d}"
    if ends < now:
        return Finding(name, Verdict.FAIL, f"expired on {ends:%Y-%m-%d}", "Renew it.")
    if ends - now < SOON:
        return Finding(name, Verdict.WARN, said, "Renew it soon.")
    return Finding(name, Verdict.OK, said)


def _open_to_others(path: Path) -> Iterator[Finding]:
    if path.stat().st_mode & OTHERS:
        yield Finding(
            "private key",
            Verdict.WARN,
            f"others on this machine may read {path}",
            f"chmod 600 {path}",
        )
