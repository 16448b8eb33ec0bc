"""One hierarchy on disk: its roots, its intermediates, each with its successors."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count, takewhile
from pathlib import Path
from typing import Final

from cryptography import x509

from csms.domain.signing import CertificateUse
from csms.pki.issuing import Issuer, make_authority, make_root, named
from csms.pki.keys import make_key, read_key, to_pem, write_secret
from csms.pki.reading import is_valid_at, to_text

ROOT_LASTS: Final = timedelta(days=20 * 365)
INTERMEDIATE_LASTS: Final = timedelta(days=5 * 365)


@dataclass(frozen=True, slots=True)
class Authority:
    """A root or an intermediate.

    Attributes:
        hierarchy: Which hierarchy it belongs to.
        use: Root or intermediate.
        generation: Its number.
        issuer: Its certificate and its key.
    """

    hierarchy: str
    use: CertificateUse
    generation: int
    issuer: Issuer

    @property
    def name(self) -> str:
        """Return the name of its files: ``ec-intermediate-2``."""
        return f"{self.hierarchy}-{self.use.value}-{self.generation}"


@dataclass(frozen=True, slots=True)
class Hierarchy:
    """A root, an intermediate below it, and what came before them.

    Attributes:
        folder: Where it is kept.
        name: Its name.
        keys: The kind of its keys.
        organization: The O of its certificates.
        lists_at: Under which address lists of what was revoked are served, if at all.
    """

    folder: Path
    name: str
    keys: str
    organization: str
    lists_at: str | None = None

    @property
    def exists(self) -> bool:
        """Tell whether it was made already."""
        return self._path(CertificateUse.INTERMEDIATE, 1).exists()

    def ensure(self, now: datetime) -> None:
        """Make the first root and the first intermediate, if there are none."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not self._path(CertificateUse.ROOT, 1).exists():
            self._make_root(now)
        if not self.exists:
            self._make_intermediate(now)

    def rotate(self, use: CertificateUse, now: datetime) -> Authority:
        """Make the next root or intermediate; a new root has a new intermediate.

        The former root vouches for the new one, so that whoever trusts only the former
        believes what the new one signs, for as long as the former is valid.
        """
        self.ensure(now)
        if use is CertificateUse.ROOT:
            made = self._make_root(now)
            self._make_intermediate(now)
            return made
        return self._make_intermediate(now)

    def signer(self, now: datetime) -> Authority:
        """Return the newest intermediate, making all of it if there is none."""
        self.ensure(now)
        return self._newest(CertificateUse.INTERMEDIATE)

    def certificates(self, use: CertificateUse) -> list[x509.Certificate]:
        """Return every root, or every intermediate, the newest last.

        Reading keys takes a hundred times as long, and only who signs needs them.
        """
        return [
            x509.load_pem_x509_certificate(path.read_bytes())
            for path in self._paths(use)
        ]

    def authorities(self, use: CertificateUse) -> list[Authority]:
        """Return the same with their keys, to sign with any of them."""
        return [self._read(use, each + 1) for each in range(len(self._paths(use)))]

    def above(self, signer: Authority, now: datetime) -> str:
        """Return what follows a leaf: its signer, and roots that others vouch for.

        A root that is trusted by itself is not sent.
        """
        texts = [to_text(signer.issuer.certificate)]
        issuer = signer.issuer.certificate.issuer
        for crossed in self._crossed():
            if crossed.subject == issuer and is_valid_at(crossed, now):
                texts.append(to_text(crossed))
                issuer = crossed.issuer
        return "".join(texts)

    def roots(self, now: datetime) -> str:
        """Return every valid root, in PEM."""
        return "".join(
            to_text(each)
            for each in self.certificates(CertificateUse.ROOT)
            if is_valid_at(each, now)
        )

    def list_address(self, authority: Authority) -> str | None:
        """Return where the list of what an authority revoked is found."""
        return (
            None if self.lists_at is None else f"{self.lists_at}/{authority.name}.crl"
        )

    def _make_root(self, now: datetime) -> Authority:
        generation = len(self._paths(CertificateUse.ROOT)) + 1
        key = make_key(self.keys)
        name = self._subject("Root", generation)
        root = make_root(name, key, now, ROOT_LASTS)
        if generation > 1:
            former = self._newest(CertificateUse.ROOT).issuer
            crossed = make_authority(
                former, name, key.public_key(), now, ROOT_LASTS, depth=None
            )
            path = self.folder / f"crossed-{generation}.pem"
            write_secret(path, to_text(crossed).encode())
        return self._keep(CertificateUse.ROOT, generation, Issuer(root, key))

    def _make_intermediate(self, now: datetime) -> Authority:
        root = self._newest(CertificateUse.ROOT)
        generation = len(self._paths(CertificateUse.INTERMEDIATE)) + 1
        key = make_key(self.keys)
        certificate = make_authority(
            root.issuer,
            self._subject("Intermediate", generation),
            key.public_key(),
            now,
            INTERMEDIATE_LASTS,
            depth=0,
            lists_at=self.list_address(root),
        )
        issuer = Issuer(certificate, key)
        return self._keep(CertificateUse.INTERMEDIATE, generation, issuer)

    def _subject(self, what: str, generation: int) -> x509.Name:
        return named(
            f"{self.organization} {self.name} {what} {generation}", self.organization
        )

    def _keep(self, use: CertificateUse, generation: int, issuer: Issuer) -> Authority:
        """Write the key first: a certificate without its key would be in the way."""
        path = self._path(use, generation)
        write_secret(path.with_suffix(".key"), to_pem(issuer.key))
        write_secret(path, to_text(issuer.certificate).encode())
        return Authority(self.name, use, generation, issuer)

    def _newest(self, use: CertificateUse) -> Authority:
        return self._read(use, len(self._paths(use)))

    def _read(self, use: CertificateUse, generation: int) -> Authority:
        path = self._path(use, generation)
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
        issuer = Issuer(certificate, read_key(path.with_suffix(".key")))
        return Authority(self.name, use, generation, issuer)

    def _paths(self, use: CertificateUse) -> list[Path]:
        generations = takewhile(
            lambda each: self._path(use, each).exists(), count(start=1)
        )
        return [self._path(use, each) for each in generations]

    def _crossed(self) -> Iterator[x509.Certificate]:
        """Yield roots that others vouch for, the newest first."""
        last = len(self._paths(CertificateUse.ROOT))
        for generation in range(last, 1, -1):
            path = self.folder / f"crossed-{generation}.pem"
            yield x509.load_pem_x509_certificate(path.read_bytes())

    def _path(self, use: CertificateUse, generation: int) -> Path:
        return self.folder / f"{use.value}-{generation}.pem"
