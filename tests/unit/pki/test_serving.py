"""Under which roots we present ourselves."""

from pathlib import Path
from typing import Any, cast

from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from csms.domain.certificate import RootUse, TrustedRoot
from csms.pki.chains import X509Certificates
from csms.pki.serving import ServedRoots
from tests.authorities import NOW, Party, issue, leaf
from tests.fakes.clock import ManualClock

ROOT, NEXT, V2G = issue("CSMS Root 1"), issue("CSMS Root 2"), issue("V2G Root")
SUB = issue("CSMS Sub", NEXT)
SERVER = leaf("csms.example.org", SUB)


class Trust:
    def __init__(self, *roots: tuple[RootUse, Party]) -> None:
        read = X509Certificates().read
        self.roots = [
            TrustedRoot(use, read(party.pem), "test", NOW) for use, party in roots
        ]

    def pems(self, *uses: RootUse) -> tuple[str, ...]:
        return tuple(each.facts.pem for each in self.roots if each.use in uses)


TRUST = Trust(
    (RootUse.CSMS, ROOT), (RootUse.CSMS, NEXT), (RootUse.V2G, NEXT), (RootUse.V2G, V2G)
)


def served(*files: Path) -> frozenset[str] | None:
    roots = ServedRoots(ManualClock(NOW), cast("Any", TRUST), lambda: files)
    return roots.serving()


def test_the_root_of_our_own_chain_serves(tmp_path: Path) -> None:
    """The key may stand in the same file."""
    key = SERVER.key.private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    ).decode()
    file = tmp_path / "server.pem"
    file.write_text(SERVER.pem + SUB.pem + key)

    assert served(file) == frozenset({NEXT.fingerprint})


def test_what_leads_nowhere_or_cannot_be_read_serves_nothing(tmp_path: Path) -> None:
    gap, garbage = tmp_path / "gap.pem", tmp_path / "garbage.pem"
    gap.write_text(SERVER.pem)
    garbage.write_bytes(b"\xff\xfe garbage")

    assert served(gap, garbage, tmp_path / "missing.pem") == frozenset()


def test_where_others_end_tls_nobody_can_tell() -> None:
    roots = ServedRoots(ManualClock(NOW), cast("Any", TRUST), lambda: None)

    assert roots.serving() is None
