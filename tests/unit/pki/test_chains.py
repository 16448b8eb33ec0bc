"""Certificates read, named by hashes, and chains checked."""

import hashlib
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from csms.domain.certificate import CertificateHash, Digest, Flaw, RootUse, flaw_of
from csms.pki.chains import MOST_TRIES, X509Certificates, build, hash_of, read_pem
from csms.services.ports.certificates import (
    ChainBroken,
    ChainFault,
    UnreadableCertificate,
)
from tests.authorities import (
    NOW,
    Key,
    Party,
    Wish,
    issue,
    leaf,
    small_key,
    weak_key,
)

READER = X509Certificates()
ROOT = issue("MO Root")
SUB1 = issue("MO Sub 1", ROOT, Wish(responder="http://ocsp.example/1"))
SUB2 = issue("MO Sub 2", SUB1, Wish(crl="http://crl.example/2"))
CONTRACT = leaf("DE8AA1A2B3C4D5", SUB2, responder="http://ocsp.example/leaf")
OTHER = issue("Other Root")


def chain(*parties: Party, roots: tuple[Party, ...] = (ROOT,)) -> list[str]:
    """Return the serials of the way that was found, or raise."""
    links = READER.chain(
        "".join(each.pem for each in parties), [each.pem for each in roots], [], NOW
    )
    return [each.hash.serial for each in links]


def fault(*parties: Party, roots: tuple[Party, ...] = (ROOT,)) -> ChainFault:
    with pytest.raises(ChainBroken) as broken:
        chain(*parties, roots=roots)
    return broken.value.fault


class TestHashes:
    """2.6 CertificateHashDataType: counted here by hand, from the definition."""

    @pytest.mark.parametrize("digest", list(Digest))
    def test_the_hashes_are_those_of_the_definition(self, digest: Digest) -> None:
        made = hash_of(CONTRACT.certificate, SUB2.certificate, digest)

        own = getattr(hashlib, digest.value.lower())
        point = SUB2.key.public_key().public_bytes(
            Encoding.X962, PublicFormat.UncompressedPoint
        )
        name = CONTRACT.certificate.issuer.public_bytes()
        assert made.issuer_name == own(name).hexdigest()
        assert made.issuer_key == own(point).hexdigest()
        assert made.digest is digest

    def test_a_serial_has_no_leading_zeroes(self) -> None:
        small = leaf("small", ROOT, serial=0x0A)

        assert hash_of(small.certificate, ROOT.certificate, Digest.SHA256).serial == "a"

    def test_a_root_is_named_by_its_own_key(self) -> None:
        found = READER.hashes(ROOT.pem, [])

        assert [each.digest for each in found] == list(Digest)

    def test_a_root_that_is_signed_by_another_is_named_by_it(self) -> None:
        crossed = issue("New Root", ROOT)

        assert READER.hashes(crossed.pem, []) == []
        assert READER.hashes(crossed.pem, [OTHER.pem, ROOT.pem])[0] == hash_of(
            crossed.certificate, ROOT.certificate, Digest.SHA256
        )

    @given(st.integers(1, 2**159), st.integers(0, 4))
    @settings(max_examples=50)
    def test_letters_and_zeroes_make_no_difference(self, serial: int, pad: int) -> None:
        plain = CertificateHash(Digest.SHA256, "ab" * 32, "cd" * 32, f"{serial:x}")
        said = CertificateHash(
            Digest.SHA256, "AB" * 32, "Cd" * 32, "0" * pad + f"{serial:X}"
        )

        assert said.plain == plain
        assert plain.plain == plain

    @pytest.mark.parametrize(
        ("name", "key", "serial", "good"),
        [
            ("ab" * 32, "cd" * 32, "1", True),
            ("ab" * 48, "cd" * 48, "1", False),
            ("zz" * 32, "cd" * 32, "1", False),
            ("ab" * 32, "cd" * 32, "", False),
            ("ab" * 32, "cd" * 32, "0x1", False),
        ],
    )
    def test_hashes_of_another_length_are_none(
        self, name: str, key: str, serial: str, *, good: bool
    ) -> None:
        said = CertificateHash(Digest.SHA256, name, key, serial)

        assert said.well_formed is good


class TestReading:
    def test_a_root_says_what_it_is(self) -> None:
        facts = READER.read(ROOT.pem)

        assert facts.fingerprint == ROOT.fingerprint
        assert facts.subject == "CN=MO Root,O=Example"
        assert (facts.authority, facts.self_signed) == (True, True)
        assert facts.key == "EC 256"
        assert facts.weakness is None
        assert facts.valid_at(NOW)

    @pytest.mark.parametrize(
        "pem",
        [
            "",
            "no certificate",
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----",
            "-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----",
            ROOT.pem + OTHER.pem,
            ROOT.pem[:200],
            "A" * 64_001,
        ],
        ids=["nothing", "prose", "empty", "garbage", "two", "cut", "huge"],
    )
    def test_what_is_not_one_certificate_is_refused(self, pem: str) -> None:
        with pytest.raises(UnreadableCertificate) as refused:
            READER.read(pem)

        assert refused.value.field == "pem"

    @given(st.binary(max_size=300))
    @settings(max_examples=50)
    def test_garbage_raises_nothing_else(self, garbage: bytes) -> None:
        with pytest.raises(UnreadableCertificate):
            READER.read(garbage.decode("latin-1"))


class TestRoots:
    """What can serve as a root (A00.FR.501 to A00.FR.504)."""

    @pytest.mark.parametrize(
        ("key", "bits"), [(weak_key(), "1024"), (small_key(), "192")]
    )
    def test_a_weak_key_is_no_root(self, key: Key, bits: str) -> None:
        facts = READER.read(issue("weak", wish=Wish(key=key)).pem)

        assert flaw_of(facts, RootUse.V2G, NOW) is Flaw.WEAK
        assert bits in (facts.weakness or "")

    @pytest.mark.parametrize(
        ("party", "use", "flaw"),
        [
            (ROOT, RootUse.MO, None),
            (SUB1, RootUse.MO, Flaw.NOT_SELF_SIGNED),
            (SUB1, RootUse.CSMS, None),
            (SUB1, RootUse.INTERMEDIATE, None),
            (CONTRACT, RootUse.CSMS, Flaw.NO_AUTHORITY),
            (
                issue("old", wish=Wish(until=NOW - timedelta(days=1))),
                RootUse.MO,
                Flaw.EXPIRED,
            ),
            (
                issue("young", wish=Wish(since=NOW + timedelta(days=1))),
                RootUse.MO,
                Flaw.NOT_YET_VALID,
            ),
        ],
    )
    def test_only_what_can_sign_today_is_a_root(
        self, party: Party, use: RootUse, flaw: Flaw | None
    ) -> None:
        assert flaw_of(READER.read(party.pem), use, NOW) is flaw


class TestChains:
    def test_a_way_leads_from_the_contract_to_its_root(self) -> None:
        links = READER.chain(
            CONTRACT.pem + SUB2.pem + SUB1.pem, [OTHER.pem, ROOT.pem], [], NOW
        )

        assert [each.responders for each in links] == [
            ("http://ocsp.example/leaf",),
            (),
            ("http://ocsp.example/1",),
        ]
        assert links[1].lists == ("http://crl.example/2",)
        assert links[0].hash == hash_of(
            CONTRACT.certificate, SUB2.certificate, Digest.SHA256
        )

    def test_the_order_between_does_not_matter(self) -> None:
        assert chain(CONTRACT, SUB1, SUB2) == chain(CONTRACT, SUB2, SUB1)

    def test_stored_intermediates_close_a_gap(self) -> None:
        links = READER.chain(CONTRACT.pem, [ROOT.pem], [SUB1.pem, SUB2.pem], NOW)

        assert len(links) == 3

    def test_an_unknown_root_is_not_trusted(self) -> None:
        assert fault(CONTRACT, SUB2, SUB1, roots=(OTHER,)) is ChainFault.UNTRUSTED

    def test_a_gap_is_not_trusted(self) -> None:
        assert fault(CONTRACT, SUB1) is ChainFault.UNTRUSTED

    def test_a_self_signed_contract_is_not_trusted(self) -> None:
        alone = issue("alone", wish=Wish(authority=False))

        assert fault(alone) is ChainFault.UNTRUSTED

    def test_a_root_is_no_contract(self) -> None:
        assert fault(ROOT) is ChainFault.UNTRUSTED

    def test_a_forged_signature_is_seen(self) -> None:
        thief = Party(SUB2.certificate, OTHER.key, SUB1)
        forged = leaf("DE8AA1A2B3C4D5", thief)

        assert fault(forged, SUB2, SUB1) is ChainFault.SIGNATURE

    def test_a_forged_root_of_the_same_name_is_not_trusted(self) -> None:
        false = issue("MO Root", wish=Wish(key=OTHER.key))

        assert fault(leaf("x", false), false) is ChainFault.SIGNATURE

    @pytest.mark.parametrize(
        ("wish", "expected"),
        [
            ({"until": NOW - timedelta(seconds=1)}, ChainFault.EXPIRED),
            ({"since": NOW + timedelta(days=1)}, ChainFault.NOT_YET_VALID),
            ({"key": weak_key()}, ChainFault.WEAK),
            (
                {"critical": x509.NameConstraints([x509.DNSName("example.org")], None)},
                ChainFault.CRITICAL,
            ),
        ],
    )
    def test_a_bad_leaf_is_refused(
        self, wish: dict[str, object], expected: ChainFault
    ) -> None:
        assert fault(leaf("x", SUB2, **wish), SUB2, SUB1) is expected

    def test_an_expired_intermediate_is_refused(self) -> None:
        old = issue("old sub", ROOT, Wish(until=NOW - timedelta(days=1)))

        assert fault(leaf("x", old), old) is ChainFault.EXPIRED

    def test_a_leaf_cannot_issue(self) -> None:
        stolen = leaf("x", CONTRACT)

        assert fault(stolen, CONTRACT, SUB2, SUB1) is ChainFault.NO_AUTHORITY

    def test_too_many_below_is_refused(self) -> None:
        short = issue("short", ROOT, Wish(path_length=0))
        below = issue("below", short)

        assert fault(leaf("x", below), below, short) is ChainFault.TOO_LONG
        assert chain(leaf("y", short), short)

    def test_a_maze_of_names_is_left_in_time(self) -> None:
        crowd = [issue("same", ROOT, Wish(key=ROOT.key)) for _ in range(12)]
        looped = [issue("same", each) for each in crowd]

        with pytest.raises(ChainBroken):
            build(
                leaf("x", looped[0]).certificate,
                [each.certificate for each in looped],
                [OTHER.certificate],
            )
        assert MOST_TRIES < 100

    def test_garbage_is_unreadable(self) -> None:
        with pytest.raises(ChainBroken) as broken:
            READER.chain("garbage", [ROOT.pem], [], NOW)

        assert broken.value.fault is ChainFault.UNREADABLE


def test_who_issued_is_known_by_signature() -> None:
    assert READER.issued_by(SUB1.pem, ROOT.pem)
    assert not READER.issued_by(SUB1.pem, OTHER.pem)
    assert not READER.issued_by(ROOT.pem, OTHER.pem)
    assert len(read_pem(ROOT.pem + SUB1.pem)) == 2
