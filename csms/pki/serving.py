"""Under which roots of the trust store we present ourselves to stations."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from csms.clock import Clock
from csms.domain.certificate import RootUse
from csms.pki.chains import X509Certificates
from csms.services.ports.certificates import ChainBroken
from csms.services.roots import TrustStore


@dataclass(frozen=True, slots=True)
class ServedRoots:
    """Reads our own certificates: the port ``ServingRoots``.

    Attributes:
        clock: Where business time comes from.
        trust: The trust store.
        files: Returns where our own certificates are, in PEM with their chains; none
            if others end TLS.
    """

    clock: Clock
    trust: TrustStore
    files: Callable[[], Sequence[Path] | None]

    def serving(self) -> frozenset[str] | None:
        """Return the fingerprints of the roots that one of our certificates leads to.

        Nothing in it means that no root of the trust store is known to serve; none,
        that nobody here can tell.
        """
        files = self.files()
        if files is None:
            return None
        chains = [text for path in files if (text := _text(path)) is not None]
        return frozenset(
            root.fingerprint
            for root in self.trust.roots
            if root.use is RootUse.CSMS
            and any(self._leads(chain, root.facts.pem) for chain in chains)
        )

    def _leads(self, chain: str, root: str) -> bool:
        helpers = self.trust.pems(RootUse.INTERMEDIATE)
        try:
            X509Certificates().chain(chain, [root], helpers, self.clock.now())
        except ChainBroken:
            return False
        return True


def _text(path: Path) -> str | None:
    try:
        return path.read_text()
    except (OSError, UnicodeDecodeError):
        return None
