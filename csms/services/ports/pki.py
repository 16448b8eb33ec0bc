"""What the services need from certificates: is one revoked, and who signs new ones."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Protocol


class Revocation(StrEnum):
    """What is known of a certificate's standing with whoever issued it."""

    GOOD = "good"
    REVOKED = "revoked"
    UNKNOWN = "unknown"


class RevocationCheck(Protocol):
    """Asks those who issued certificates whether they took them back."""

    async def status(self, chain: Sequence[bytes]) -> Revocation:
        """Return the standing of a chain's first certificate.

        Args:
            chain: DER certificates, the one in question first, each followed by its
                issuer, as far as they are known.
        """
        ...
