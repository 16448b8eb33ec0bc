"""What is believed of responders and lists, and what is not."""

from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from hypothesis import given, settings
from hypothesis import strategies as st

from csms.domain.certificate import CertificateHash, Digest
from csms.pki.chains import hash_of
from csms.pki.statuses import (
    LONGEST,
    Known,
    judge_list,
    ocsp_request,
    read_list,
    read_ocsp,
)
from csms.services.ports.certificates import NoStatus, StatusAnswer
from csms.services.ports.pki import Revocation
from tests.authorities import (
    GOOD,
    NOW,
    REVOKED,
    UNKNOWN,
    Party,
    Saying,
    Wish,
    issue,
    leaf,
    ocsp_answer,
    responder_of,
    revocation_list,
)

ROOT = issue("V2G Root")
SUB = issue("CPO Sub 1", ROOT)
STATION = leaf("SECC", SUB)
OTHER = issue("Other Root")
KNOWN = Known([ROOT.certificate, SUB.certificate])


def named(party: Party, digest: Digest = Digest.SHA256) -> CertificateHash:
    return hash_of(party.certificate, party.issuer.certificate, digest)


def heard(
    saying: Saying,
    *,
    about: Party = STATION,
    known: Known = KNOWN,
    digest: Digest = Digest.SHA256,
) -> StatusAnswer:
    return read_ocsp(ocsp_answer(about, saying), named(about, digest), known, NOW)


def disbelieved(saying: Saying, known: Known = KNOWN) -> str:
    with pytest.raises(NoStatus) as none:
        heard(saying, known=known)
    return str(none.value)


class TestQuestions:
    @pytest.mark.parametrize("digest", list(Digest))
    def test_a_question_names_the_certificate_as_the_station_did(
        self, digest: Digest
    ) -> None:
        asked = ocsp.load_der_ocsp_request(ocsp_request(named(STATION, digest)))

        assert asked.serial_number == STATION.serial
        assert asked.issuer_key_hash.hex() == named(STATION, digest).issuer_key
        assert asked.hash_algorithm.name == digest.value.lower()
        assert not list(asked.extensions)

    def test_hashes_of_the_wrong_length_are_not_asked_about(self) -> None:
        wrong = CertificateHash(Digest.SHA512, "ab" * 32, "cd" * 32, "1")

        with pytest.raises(NoStatus):
            ocsp_request(wrong)


class TestOcsp:
    @pytest.mark.parametrize(
        ("status", "expected"),
        [
            (GOOD, Revocation.GOOD),
            (REVOKED, Revocation.REVOKED),
            (UNKNOWN, Revocation.UNKNOWN),
        ],
    )
    @pytest.mark.parametrize("by_key", [True, False])
    def test_the_issuer_is_believed(
        self, status: ocsp.OCSPCertStatus, expected: Revocation, *, by_key: bool
    ) -> None:
        answer = heard(Saying(status, by_key=by_key))

        assert answer.status is expected
        assert answer.verified
        assert answer.next_update == NOW + timedelta(days=1)

    def test_a_delegate_is_believed(self) -> None:
        delegate = responder_of(SUB)

        assert heard(Saying(REVOKED, signer=delegate, carries=[delegate])).verified

    def test_a_delegate_without_the_use_is_not(self) -> None:
        posing = leaf("Posing", SUB)

        assert "made one" in disbelieved(Saying(signer=posing, carries=[posing]))

    def test_a_delegate_of_another_issuer_is_not(self) -> None:
        stranger = responder_of(OTHER)

        assert "made one" in disbelieved(Saying(signer=stranger, carries=[stranger]))

    def test_a_delegate_that_expired_is_not(self) -> None:
        late = responder_of(SUB, until=NOW - timedelta(days=1))

        assert "made one" in disbelieved(Saying(signer=late, carries=[late]))

    def test_a_delegate_that_nobody_shows_is_not(self) -> None:
        assert "nobody knows" in disbelieved(Saying(signer=responder_of(SUB)))

    def test_a_wrong_signature_is_seen(self) -> None:
        forger = issue("CPO Sub 1", wish=Wish(key=OTHER.key))

        assert "signature" in disbelieved(Saying(signer=forger))

    def test_an_intermediate_that_comes_along_leads_to_the_root(self) -> None:
        answer = heard(Saying(carries=[SUB]), known=Known([ROOT.certificate]))

        assert answer.verified

    def test_an_issuer_that_leads_nowhere_leaves_it_unverified(self) -> None:
        """Whoever asked decides what that is worth."""
        answer = heard(Saying(REVOKED), known=Known([OTHER.certificate]))

        assert (answer.status, answer.verified) == (Revocation.REVOKED, False)

    def test_an_issuer_that_expired_is_not_trusted(self) -> None:
        old = issue("old", wish=Wish(until=NOW - timedelta(days=1)))

        answer = heard(Saying(), about=leaf("x", old), known=Known([old.certificate]))

        assert not answer.verified

    @pytest.mark.parametrize(
        "saying",
        [
            Saying(until=NOW - timedelta(hours=1), since=NOW - timedelta(days=9)),
            Saying(since=NOW + timedelta(hours=1), until=NOW + timedelta(days=1)),
            Saying(since=NOW - timedelta(days=8), until=None),
        ],
        ids=["of yesterday", "of tomorrow", "old without an end"],
    )
    def test_an_answer_of_another_day_is_not_believed(self, saying: Saying) -> None:
        disbelieved(saying)

    def test_an_answer_without_an_end_holds_for_now_only(self) -> None:
        assert heard(Saying(until=None)).next_update == NOW

    def test_an_answer_holds_a_week_at_most(self) -> None:
        assert heard(Saying(until=NOW + LONGEST * 5)).next_update == NOW + LONGEST

    def test_an_answer_about_another_certificate_is_none(self) -> None:
        document = ocsp_answer(leaf("Another", SUB))

        with pytest.raises(NoStatus, match="another certificate"):
            read_ocsp(document, named(STATION), KNOWN, NOW)

    def test_a_responder_may_name_it_by_another_algorithm(self) -> None:
        """Only where the issuer is known can that be recognized."""
        saying = Saying(digest=hashes.SHA1())  # noqa: S303 a name only

        assert heard(saying, digest=Digest.SHA384).verified
        assert "another certificate" in disbelieved(saying, Known([]))

    @pytest.mark.parametrize("digest", list(Digest))
    def test_every_algorithm_of_a_station_is_understood(self, digest: Digest) -> None:
        algorithm = {
            Digest.SHA256: hashes.SHA256(),
            Digest.SHA384: hashes.SHA384(),
            Digest.SHA512: hashes.SHA512(),
        }[digest]

        answer = heard(Saying(digest=algorithm), digest=digest, known=Known([]))

        assert answer.status is Revocation.GOOD

    def test_a_responder_that_is_busy_says_nothing(self) -> None:
        busy = ocsp.OCSPResponseBuilder.build_unsuccessful(
            ocsp.OCSPResponseStatus.TRY_LATER
        )

        with pytest.raises(NoStatus, match="TRY_LATER"):
            read_ocsp(
                busy.public_bytes(Encoding.DER),
                named(STATION),
                KNOWN,
                NOW,
            )

    @given(st.binary(max_size=200), st.integers(0, 400))
    @settings(max_examples=50)
    def test_garbage_is_no_answer(self, garbage: bytes, place: int) -> None:
        document = bytearray(ocsp_answer(STATION))
        start = place % len(document)
        document[start : start + len(garbage)] = garbage
        if bytes(document) == ocsp_answer(STATION):
            return
        try:
            answer = read_ocsp(bytes(document), named(STATION), KNOWN, NOW)
        except NoStatus:
            return
        assert answer.status is Revocation.GOOD, "what is signed cannot be changed"


class TestLists:
    def test_what_is_not_on_the_list_is_good(self) -> None:
        """M07.FR.07."""
        found = read_list(revocation_list(SUB, 1, 2, 3))

        answer = judge_list(found, named(STATION), KNOWN, NOW)

        assert (answer.status, answer.verified) == (Revocation.GOOD, True)

    @pytest.mark.parametrize("digest", list(Digest))
    def test_what_is_on_the_list_is_revoked(self, digest: Digest) -> None:
        """M07.FR.06."""
        found = read_list(revocation_list(SUB, STATION.serial))

        answer = judge_list(found, named(STATION, digest), KNOWN, NOW)

        assert answer.status is Revocation.REVOKED

    def test_a_list_may_be_in_pem(self) -> None:
        der = x509.load_der_x509_crl(revocation_list(SUB))
        pem = der.public_bytes(Encoding.PEM)

        assert read_list(pem) == der

    @pytest.mark.parametrize(
        ("document", "why"),
        [
            (revocation_list(OTHER), "another issuer"),
            (revocation_list(SUB, signer=OTHER), "signature"),
            (
                revocation_list(
                    SUB, since=NOW - timedelta(days=9), until=NOW - timedelta(days=1)
                ),
                "expired",
            ),
            (revocation_list(SUB, since=NOW + timedelta(hours=1)), "before"),
            (revocation_list(SUB, extension=x509.DeltaCRLIndicator(1)), "unknown"),
            (
                revocation_list(
                    SUB,
                    extension=x509.IssuingDistributionPoint(
                        full_name=[x509.UniformResourceIdentifier("http://x/y")],
                        relative_name=None,
                        only_contains_user_certs=False,
                        only_contains_ca_certs=True,
                        only_some_reasons=None,
                        indirect_crl=False,
                        only_contains_attribute_certs=False,
                    ),
                ),
                "part",
            ),
        ],
        ids=["other", "forged", "old", "young", "delta", "partial"],
    )
    def test_a_list_that_does_not_say_it_all_is_not_believed(
        self, document: bytes, why: str
    ) -> None:
        with pytest.raises(NoStatus, match=why):
            judge_list(read_list(document), named(STATION), KNOWN, NOW)

    def test_an_issuer_that_may_not_sign_lists_is_not_believed(self) -> None:
        mute = issue("mute", ROOT, Wish(crl_sign=False))

        with pytest.raises(NoStatus, match="may not"):
            judge_list(
                read_list(revocation_list(mute)),
                named(leaf("x", mute)),
                Known([mute.certificate]),
                NOW,
            )

    def test_garbage_is_no_list(self) -> None:
        for garbage in (b"", b"nothing", b"-----BEGIN X509 CRL-----\nx"):
            with pytest.raises(NoStatus):
                read_list(garbage)
