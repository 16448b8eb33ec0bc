"""The trust store: whose certificates are believed, and what for.

A snapshot lies in memory, because judging an answer must not wait for the database.
"""

from collections.abc import Mapping, Sequence

import structlog

from csms.clock import Clock
from csms.domain.certificate import (
    CertificateFacts,
    CertificateHash,
    Flaw,
    Installed,
    RootUse,
    TrustedRoot,
    flaw_of,
)
from csms.domain.errors import Broken, Conflict, NotFound
from csms.services.ports.certificates import Certificates
from csms.services.ports.work import Begin

log = structlog.get_logger()

_REMEDIES: Mapping[Flaw, str] = {
    Flaw.EXPIRED: "get the one that followed it",
    Flaw.NOT_YET_VALID: "add it once it is valid",
    Flaw.NO_AUTHORITY: "a leaf is no root: give the root that it leads to",
    Flaw.NOT_SELF_SIGNED: "add it as IntermediateCertificate, and its root as the root",
    Flaw.WEAK: "ask its owner for one with at least RSA 2048 or EC 224 (A00.FR.502)",
}


class UnknownRoot(NotFound):
    """The trust store has no such root."""

    code = "unknown-root"
    usual_remedy = "see csms roots list"


class UnfitRoot(Broken):
    """The certificate cannot serve as such a root.

    Attributes:
        flaw: Why not.
    """

    code = "unfit-root"

    def __init__(self, facts: CertificateFacts, use: RootUse, flaw: Flaw) -> None:
        self.flaw = flaw
        why = _why(facts, flaw)
        super().__init__(
            f"{facts.subject} cannot be a {use}: {why}",
            field="pem",
            remedy=_REMEDIES[flaw],
        )


class AlreadyTrusted(Conflict):
    """The trust store has this root already."""

    code = "already-trusted"


class RootInUse(Conflict):
    """Stations are to hold this root, or it is being changed."""

    code = "root-in-use"


class TrustStore:
    """Roots by use, kept in the database and in memory.

    Args:
        clock: Where business time comes from.
        begin: Begins a unit of work.
        certificates: Reads certificates.
    """

    def __init__(self, clock: Clock, begin: Begin, certificates: Certificates) -> None:
        self._clock = clock
        self._begin = begin
        self._certificates = certificates
        self._roots: Sequence[TrustedRoot] = ()
        self._named: Mapping[tuple[str, CertificateHash], TrustedRoot] = {}

    @property
    def roots(self) -> Sequence[TrustedRoot]:
        """Return every root, as last read."""
        return self._roots

    async def load(self) -> None:
        """Read the store into memory."""
        async with self._begin() as work:
            self._put(await work.certificates.roots())

    def pems(self, *uses: RootUse) -> tuple[str, ...]:
        """Return what is trusted for these uses."""
        return tuple(each.facts.pem for each in self._roots if each.use in uses)

    def find(self, use: RootUse, fingerprint: str) -> TrustedRoot:
        """Return one root.

        Raises:
            UnknownRoot: If it is not in the store.
        """
        for each in self._roots:
            if (each.use, each.fingerprint) == (use, fingerprint.lower()):
                return each
        raise UnknownRoot(
            f"{fingerprint} is no {use} of the trust store",
            field="fingerprint",
            remedy="add it first (csms roots add), or see csms roots list",
        )

    def identify(self, installed: Installed) -> TrustedRoot | None:
        """Return which root of the store a station names by hashes, if any."""
        return self._named.get((installed.use, installed.hash.plain))

    def hashes(self, root: TrustedRoot) -> Sequence[CertificateHash]:
        """Return a root by its hashes, in every algorithm; nothing if nobody can.

        The issuer of one that is not signed by itself must be in the store.
        """
        issuers = [each.facts.pem for each in self._roots]
        return self._certificates.hashes(root.facts.pem, issuers)

    async def add(self, use: RootUse, pem: str, by: str) -> TrustedRoot:
        """Trust a root.

        Raises:
            UnreadableCertificate: If it is not one certificate in PEM.
            UnfitRoot: If it cannot serve as a root of this use.
            AlreadyTrusted: If it is there.
        """
        facts, now = self._certificates.read(pem), self._clock.now()
        if (flaw := flaw_of(facts, use, now)) is not None:
            raise UnfitRoot(facts, use, flaw)
        root = TrustedRoot(use, facts, by, now)
        async with self._begin() as work:
            if not await work.certificates.add_root(root):
                raise AlreadyTrusted(f"{facts.subject} is a {use} already", field="pem")
            await work.access.audit(by, "root.added", facts.fingerprint, _of(root), now)
            await work.facts.add("root.added", facts.fingerprint, _of(root), now)
            self._put(await work.certificates.roots())
        log.info("root.added", use=use.value, fingerprint=facts.fingerprint, by=by)
        return root

    async def remove(self, use: RootUse, fingerprint: str, by: str) -> None:
        """Trust a root no more.

        Raises:
            UnknownRoot: If it is not there.
            RootInUse: If stations are to hold it, or it is being changed.
        """
        root, now = self.find(use, fingerprint), self._clock.now()
        async with self._begin() as work:
            holders = await work.certificates.intents_of(use, root.fingerprint)
            if holders:
                raise RootInUse(
                    f"{len(holders)} stations are to hold it, such as {holders[0]}",
                    remedy="change it for another first (csms roots rotate)",
                )
            for each in await work.root_rotations.rotations(open_only=True):
                if root.fingerprint in (each.old, each.new) and each.use is use:
                    raise RootInUse(
                        f"change {each.id} of roots is on its way",
                        remedy=f"wait, or end it: csms roots cancel {each.id}",
                    )
            await work.certificates.remove_root(use, root.fingerprint)
            await work.access.audit(
                by, "root.removed", root.fingerprint, _of(root), now
            )
            await work.facts.add("root.removed", root.fingerprint, _of(root), now)
            self._put(await work.certificates.roots())
        log.info("root.removed", use=use.value, fingerprint=root.fingerprint, by=by)

    def _put(self, roots: Sequence[TrustedRoot]) -> None:
        self._roots = tuple(roots)
        named: dict[tuple[str, CertificateHash], TrustedRoot] = {}
        for root in roots:
            for each in self.hashes(root):
                named[root.use.value, each.plain] = root
        self._named = named


def _why(facts: CertificateFacts, flaw: Flaw) -> str:
    match flaw:
        case Flaw.EXPIRED:
            return f"it expired on {facts.not_after:%Y-%m-%d}"
        case Flaw.NOT_YET_VALID:
            return f"it is not valid before {facts.not_before:%Y-%m-%d}"
        case Flaw.NO_AUTHORITY:
            return "it may not sign certificates"
        case Flaw.NOT_SELF_SIGNED:
            return f"it is signed by {facts.issuer}, not by itself"
        case Flaw.WEAK:
            return f"it is too weak: {facts.weakness}"


def _of(root: TrustedRoot) -> dict[str, str]:
    return {
        "use": root.use.value,
        "subject": root.facts.subject,
        "not_after": root.facts.not_after.isoformat(),
    }
