"""The authority of set-ups that have no other: signs for stations and for ourselves."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, TypeVar

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa

from csms.domain.errors import Broken
from csms.domain.signing import CertificateUse
from csms.pki.hierarchy import Authority, Hierarchy
from csms.pki.issuing import make_leaf, make_list, named
from csms.pki.keys import make_key, to_pem, write_secret
from csms.pki.reading import facts_of, missing_names, read_request, to_text
from csms.services.ports.pki import (
    AuthorityShown,
    Signed,
    SigningOrder,
    SigningRefused,
    UnreadableRequest,
)

T = TypeVar("T")

HIERARCHIES: Final = {"ec": "ec", "rsa": "rsa", "v2g": "ec", "v2g20": "ec521"}
"""Every hierarchy, and the kind of its keys: P-256 and RSA-3072 for the talk with us
(A00.FR.318), P-256 and P-521 for that with vehicles (ISO 15118-2 and -20)."""

AUTHORITIES: Final = (CertificateUse.ROOT, CertificateUse.INTERMEDIATE)
LIST_LASTS: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Terms:
    """On what terms the authority signs.

    Attributes:
        organization: The O of every certificate: the operator's name (A00.FR.509).
        server_names: The names that stations reach us by; the first is the CN
            (A00.FR.510), and more than one are listed beside it.
        station_lasts: How long a station's certificate is valid.
        server_lasts: How long ours is: not long, since that is how it is revoked
            (A00.FR.701).
        lists_at: Under which address lists of what was revoked are served, if at all.
    """

    organization: str
    server_names: tuple[str, ...] = ("localhost",)
    station_lasts: timedelta = timedelta(days=365)
    server_lasts: timedelta = timedelta(days=60)
    lists_at: str | None = None


@dataclass(frozen=True, slots=True)
class BuiltIn:
    """Roots, intermediates and their keys in a folder of ours: ``BuiltInAuthority``.

    Nothing is made before it is needed. Keys are files that only their owner reads.

    Attributes:
        folder: Where all of it is kept.
        terms: On what terms it signs.
    """

    folder: Path
    terms: Terms
    _turn: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _seen: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def name(self) -> str:
        """Return its name, for people."""
        return "built-in"

    async def sign(self, order: SigningOrder, now: datetime) -> Signed:
        """Sign a station's request.

        Raises:
            SigningRefused: If the request is not sound, or its key is of a kind that
                its use does not allow.
        """
        return await self._apart(lambda: self._sign(order, now))

    def shown(self) -> Sequence[AuthorityShown]:
        """Return every root and intermediate, expired ones too."""
        return [
            AuthorityShown(name, use, generation, facts_of(each), to_text(each))
            for name in HIERARCHIES
            for use in AUTHORITIES
            for generation, each in enumerate(
                self.hierarchy(name).certificates(use), start=1
            )
        ]

    async def rotate(
        self, hierarchy: str, use: CertificateUse, now: datetime
    ) -> AuthorityShown:
        """Make the next root or intermediate; what the former signed stays valid.

        Raises:
            Broken: If there is no such hierarchy, or it has no such thing.
        """
        if hierarchy not in HIERARCHIES or use not in AUTHORITIES:
            raise Broken(
                f"there is no {use.value} of {hierarchy}",
                field="hierarchy",
                remedy=f"take one of: {', '.join(HIERARCHIES)}",
            )
        made = await self._apart(lambda: self.hierarchy(hierarchy).rotate(use, now))
        certificate = made.issuer.certificate
        return AuthorityShown(
            hierarchy, use, made.generation, facts_of(certificate), to_text(certificate)
        )

    async def server_certificate(self, hierarchy: str, now: datetime) -> Signed:
        """Make our own certificate for the talk with stations, with a new key.

        Both are kept in one file, so that they are never at odds.
        """
        return await self._apart(lambda: self._server(hierarchy, now))

    def server_file(self, hierarchy: str) -> Path:
        """Return where our own certificate is kept, with its key."""
        return self.folder / f"server-{hierarchy}.pem"

    def server_ends(self, hierarchy: str) -> datetime | None:
        """Return until when our own certificate is valid.

        None if there is none that has the names that stations call now.
        """
        path = self.server_file(hierarchy)
        if not path.exists():
            return None
        found = x509.load_pem_x509_certificate(path.read_bytes())
        if missing_names(found, self.terms.server_names):
            return None
        return found.not_valid_after_utc

    async def revocation_lists(
        self, revoked: Sequence[tuple[str, str, datetime]], now: datetime
    ) -> dict[str, bytes]:
        """Return the list of what each authority revoked, DER, by its name."""
        return await self._apart(lambda: self._lists(revoked, now))

    def trusted(self, now: datetime) -> str:
        """Return every root that stations' certificates may lead to, in PEM."""
        return "".join(
            self.hierarchy(name).roots(now)
            for name in HIERARCHIES
            if self.hierarchy(name).exists
        )

    def intermediates(self) -> frozenset[str]:
        """Return the fingerprints of every intermediate; read again when one is new."""
        stamp = tuple(
            path.stat().st_mtime_ns
            for name in HIERARCHIES
            if (path := self.folder / name).exists()
        )
        if self._seen.get("stamp") != stamp:
            found = (
                each.facts.fingerprint
                for each in self.shown()
                if each.use is CertificateUse.INTERMEDIATE
            )
            self._seen.update(stamp=stamp, found=frozenset(found))
        known: frozenset[str] = self._seen["found"]
        return known

    def ensure(self, names: Sequence[str], now: datetime) -> None:
        """Make hierarchies that do not exist yet."""
        with self._turn:
            for name in names:
                self.hierarchy(name).ensure(now)

    def hierarchy(self, name: str) -> Hierarchy:
        """Return one hierarchy."""
        return Hierarchy(
            self.folder / name,
            name,
            HIERARCHIES[name],
            self.terms.organization,
            self.terms.lists_at,
        )

    async def _apart(self, work: Callable[[], T]) -> T:
        """Do what takes long beside the event loop, one thing after the other."""

        def alone() -> T:
            with self._turn:
                return work()

        return await asyncio.to_thread(alone)

    def _sign(self, order: SigningOrder, now: datetime) -> Signed:
        try:
            _, key = read_request(order.csr)
        except UnreadableRequest as error:
            raise SigningRefused(str(error)) from None
        is_rsa = isinstance(key, rsa.RSAPublicKey)
        name = _hierarchy_for(order.use, is_rsa=is_rsa)
        vehicles = order.use in {CertificateUse.V2G, CertificateUse.V2G20}
        if vehicles and is_rsa:
            raise SigningRefused("certificates for vehicles need an elliptic curve")
        hierarchy = self.hierarchy(name)
        signer = hierarchy.signer(now)
        subject = named(
            order.common_name,
            order.organization,
            domain_component="CPO" if name.startswith("v2g") else "",
        )
        leaf = make_leaf(
            signer.issuer,
            subject,
            key,
            now,
            self.terms.station_lasts,
            lists_at=hierarchy.list_address(signer),
        )
        return Signed(to_text(leaf) + to_text(signer.issuer.certificate))

    def _server(self, hierarchy: str, now: datetime) -> Signed:
        kept = self.hierarchy(hierarchy)
        signer = kept.signer(now)
        key = make_key(kept.keys)
        names = self.terms.server_names
        leaf = make_leaf(
            signer.issuer,
            named(names[0], self.terms.organization),
            key.public_key(),
            now,
            self.terms.server_lasts,
            names=names,
            lists_at=kept.list_address(signer),
        )
        chain = to_text(leaf) + kept.above(signer, now)
        write_secret(self.server_file(hierarchy), chain.encode() + to_pem(key))
        return Signed(chain)

    def _lists(
        self, revoked: Sequence[tuple[str, str, datetime]], now: datetime
    ) -> dict[str, bytes]:
        made: dict[str, bytes] = {}
        for name in HIERARCHIES:
            hierarchy = self.hierarchy(name)
            if not hierarchy.exists:
                continue
            for use in AUTHORITIES:
                for each in hierarchy.authorities(use):
                    made[each.name] = _list_of(each, revoked, now)
        return made


def _list_of(
    authority: Authority, revoked: Sequence[tuple[str, str, datetime]], now: datetime
) -> bytes:
    subject = authority.issuer.certificate.subject.rfc4514_string()
    own = [(int(serial, 16), at) for issuer, serial, at in revoked if issuer == subject]
    return make_list(authority.issuer, own, now, LIST_LASTS)


def _hierarchy_for(use: CertificateUse, *, is_rsa: bool) -> str:
    match use:
        case CertificateUse.V2G20:
            return "v2g20"
        case CertificateUse.V2G:
            return "v2g"
        case CertificateUse.COMBINED if not is_rsa:
            return "v2g"
        case _:
            return "rsa" if is_rsa else "ec"
