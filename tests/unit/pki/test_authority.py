from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtensionOID, NameOID

from csms.domain.errors import Broken
from csms.domain.signing import CertificateUse
from csms.pki.authority import BuiltIn, Terms
from csms.pki.reading import X509Reader, read_chain
from csms.services.ports.pki import SigningOrder, SigningRefused, UnreadableRequest
from tests.proving import proves
from tests.security_world import a_csr, a_key

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
LISTS = "https://csms.example.org/pki"


@pytest.fixture
def authority(tmp_path: Path) -> BuiltIn:
    return BuiltIn(tmp_path / "pki", Terms("Example CSO", lists_at=LISTS))


def an_order(
    csr: str, use: CertificateUse = CertificateUse.STATION, name: str = "CS-1"
) -> SigningOrder:
    return SigningOrder(csr, use, name, "Example CSO")


def leads_to_root(authority: BuiltIn, chain: str) -> bool:
    """Follow the signatures from the leaf to a root that is trusted."""
    links = [*read_chain(chain)]
    roots = read_chain(authority.trusted(NOW))
    last = links[0]
    for link in links[1:]:
        last.verify_directly_issued_by(link)
        last = link
    for root in roots:
        if root.subject == last.issuer:
            last.verify_directly_issued_by(root)
            return True
    return False


@proves("A00.FR.501", "A00.FR.502", "A00.FR.503")
@proves("A00.FR.507", "A00.FR.508", "A00.FR.509")
@pytest.mark.parametrize("kind", ["ec", "rsa"])
async def test_it_signs_for_both_kinds_of_keys(authority: BuiltIn, kind: str) -> None:
    signed = await authority.sign(an_order(a_csr("CS-1", key=a_key(kind))), NOW)

    leaf, intermediate = read_chain(signed.chain)
    assert leads_to_root(authority, signed.chain)
    assert leaf.subject.rfc4514_string() == "O=Example CSO,CN=CS-1"
    assert leaf.serial_number > 0
    key, above = leaf.public_key(), intermediate.public_key()
    if kind == "ec":
        assert isinstance(key, ec.EllipticCurvePublicKey)
        assert isinstance(above, ec.EllipticCurvePublicKey)
        assert above.curve.name == "secp256r1"
    else:
        assert isinstance(key, rsa.RSAPublicKey)
        assert isinstance(above, rsa.RSAPublicKey)
        assert above.key_size == 3072


@proves("A00.FR.504", "A00.FR.505", "A00.FR.506", "A00.FR.512", "A00.FR.514")
@pytest.mark.parametrize("kind", ["ec", "rsa"])
async def test_a_stations_certificate_has_the_properties_of_part_2(
    authority: BuiltIn, kind: str
) -> None:
    signed = await authority.sign(an_order(a_csr("CS-1", key=a_key(kind))), NOW)

    leaf = read_chain(signed.chain)[0]
    usage = leaf.extensions.get_extension_for_class(x509.KeyUsage)
    assert usage.critical
    assert usage.value.digital_signature
    assert not usage.value.key_cert_sign
    assert isinstance(leaf.signature_hash_algorithm, hashes.SHA256)
    if kind == "rsa":
        oid = leaf.signature_algorithm_oid.dotted_string
        assert oid == "1.2.840.113549.1.1.10", "RSA-PSS"
    held = {each.oid for each in leaf.extensions}
    assert ExtensionOID.EXTENDED_KEY_USAGE not in held
    assert ExtensionOID.SUBJECT_ALTERNATIVE_NAME not in held


async def test_certificates_are_valid_a_little_before_they_are_made(
    authority: BuiltIn,
) -> None:
    signed = await authority.sign(an_order(a_csr("CS-1")), NOW)

    leaf = read_chain(signed.chain)[0]
    assert leaf.not_valid_before_utc == NOW - timedelta(hours=1)
    assert leaf.not_valid_after_utc == NOW + timedelta(days=365)


@proves("A00.FR.603")
async def test_keys_are_read_by_their_owner_only(authority: BuiltIn) -> None:
    await authority.sign(an_order(a_csr("CS-1")), NOW)
    await authority.server_certificate("ec", NOW)

    kept = [each for each in authority.folder.rglob("*") if each.is_file()]
    assert len(kept) == 5
    assert {each.stat().st_mode & 0o777 for each in kept} == {0o600}


async def test_it_is_made_once(authority: BuiltIn) -> None:
    await authority.sign(an_order(a_csr("CS-1")), NOW)
    before = authority.trusted(NOW)
    again = BuiltIn(authority.folder, authority.terms)

    signed = await again.sign(an_order(a_csr("CS-2"), name="CS-2"), NOW)

    assert again.trusted(NOW) == before
    assert leads_to_root(authority, signed.chain)


@pytest.mark.parametrize(
    ("use", "hierarchy"),
    [
        (CertificateUse.STATION, "ec"),
        (CertificateUse.V2G, "v2g"),
        (CertificateUse.COMBINED, "v2g"),
        (CertificateUse.V2G20, "v2g20"),
    ],
)
async def test_every_use_has_its_hierarchy(
    authority: BuiltIn, use: CertificateUse, hierarchy: str
) -> None:
    signed = await authority.sign(an_order(a_csr("CS-1"), use), NOW)

    issuer = read_chain(signed.chain)[0].issuer.rfc4514_string()
    assert f"Example CSO {hierarchy} Intermediate 1" in issuer
    assert leads_to_root(authority, signed.chain)


async def test_an_rsa_key_is_none_for_vehicles(authority: BuiltIn) -> None:
    order = an_order(a_csr("CS-1", key=a_key("rsa")), CertificateUse.V2G)
    with pytest.raises(SigningRefused, match="elliptic curve"):
        await authority.sign(order, NOW)


async def test_a_new_intermediate_signs_and_the_old_stays_valid(
    authority: BuiltIn,
) -> None:
    old = await authority.sign(an_order(a_csr("CS-1")), NOW)

    made = await authority.rotate("ec", CertificateUse.INTERMEDIATE, NOW)

    new = await authority.sign(an_order(a_csr("CS-1")), NOW)
    assert made.generation == 2
    assert read_chain(new.chain)[0].issuer.rfc4514_string() == made.facts.subject
    assert leads_to_root(authority, old.chain)
    assert leads_to_root(authority, new.chain)


async def test_who_trusts_the_old_root_believes_what_the_new_one_signs(
    authority: BuiltIn,
) -> None:
    await authority.server_certificate("ec", NOW)
    old_root = authority.trusted(NOW)

    await authority.rotate("ec", CertificateUse.ROOT, NOW)
    served = read_chain((await authority.server_certificate("ec", NOW)).chain)

    assert len(served) == 3, "the leaf, its intermediate, the root as the old one sees"
    for lower, upper in pairwise(served):
        lower.verify_directly_issued_by(upper)
    served[-1].verify_directly_issued_by(read_chain(old_root)[0])
    assert len(read_chain(authority.trusted(NOW))) == 2


async def test_an_unknown_hierarchy_cannot_be_rotated(authority: BuiltIn) -> None:
    with pytest.raises(Broken, match="no root of dsa"):
        await authority.rotate("dsa", CertificateUse.ROOT, NOW)


@proves("A00.FR.510")
async def test_our_certificate_bears_the_name_that_stations_call(
    tmp_path: Path,
) -> None:
    authority = BuiltIn(tmp_path, Terms("Example CSO", ("csms.example.org",)))

    leaf = read_chain((await authority.server_certificate("ec", NOW)).chain)[0]

    [name] = leaf.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    assert name.value == "csms.example.org"
    held = {each.oid for each in leaf.extensions}
    assert ExtensionOID.SUBJECT_ALTERNATIVE_NAME not in held


async def test_several_names_are_listed_beside(tmp_path: Path) -> None:
    names = ("csms.example.org", "csms.apn.example.net")
    authority = BuiltIn(tmp_path, Terms("Example CSO", names))

    signed = await authority.server_certificate("rsa", NOW)

    leaf = read_chain(signed.chain)[0]
    listed = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    assert tuple(listed.value.get_values_for_type(x509.DNSName)) == names


@proves("A00.FR.701")
async def test_our_certificate_expires_fast(authority: BuiltIn) -> None:
    leaf = read_chain((await authority.server_certificate("ec", NOW)).chain)[0]
    assert leaf.not_valid_after_utc - NOW <= timedelta(days=90)


@proves("A00.FR.704")
async def test_a_list_names_what_its_issuer_revoked(authority: BuiltIn) -> None:
    signed = await authority.sign(an_order(a_csr("CS-1")), NOW)
    facts = X509Reader().chain(signed.chain)[0]

    lists = await authority.revocation_lists(
        [(facts.issuer, facts.serial, NOW), ("CN=Somebody else", "7", NOW)], NOW
    )

    found = x509.load_der_x509_crl(lists["ec-intermediate-1"])
    assert [each.serial_number for each in found] == [int(facts.serial, 16)]
    intermediate = read_chain(signed.chain)[1]
    public = intermediate.public_key()
    assert isinstance(public, ec.EllipticCurvePublicKey)
    assert found.is_signature_valid(public)
    assert [*x509.load_der_x509_crl(lists["ec-root-1"])] == []
    [place] = (
        read_chain(signed.chain)[0]
        .extensions.get_extension_for_class(x509.CRLDistributionPoints)
        .value
    )
    assert place.full_name is not None
    assert place.full_name[0].value == f"{LISTS}/ec-intermediate-1.crl"


@pytest.mark.parametrize(
    ("csr", "said"),
    [
        ("rubbish", "cannot be read"),
        (a_csr("CS-1", key=rsa.generate_private_key(65537, 1024)), "too short"),  # noqa: S505 - on purpose
        (a_csr("CS-1", key=ec.generate_private_key(ec.SECP192R1())), "too small"),
        (a_csr("CS-1", forged=True), "not made by its key"),
    ],
)
async def test_an_unsound_request_is_refused(
    authority: BuiltIn, csr: str, said: str
) -> None:
    with pytest.raises(UnreadableRequest, match=said):
        X509Reader().request(csr)
    with pytest.raises(SigningRefused, match=said):
        await authority.sign(an_order(csr), NOW)


def test_a_request_may_lack_its_frame_and_its_line_ends() -> None:
    whole = a_csr("CS-1")
    bare = "".join(whole.splitlines()[1:-1])

    reader = X509Reader()
    assert reader.request(bare) == reader.request(whole)
    assert reader.request(whole.replace("\n", "")) == reader.request(whole)


def test_the_store_of_roots_is_empty_before_anything_was_signed(
    authority: BuiltIn,
) -> None:
    assert authority.trusted(NOW) == ""
    assert authority.shown() == []
