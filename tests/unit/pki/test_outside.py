"""The outside authority by EST, on a real socket with TLS."""

import base64
import http.server
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from cryptography.x509 import load_der_x509_csr
from typing_extensions import override

from csms.domain.signing import CertificateUse
from csms.pki.authority import BuiltIn, Terms
from csms.pki.outside import EstAuthority
from csms.pki.reading import read_chain
from csms.services.ports.pki import (
    AuthorityAway,
    NotYet,
    Signed,
    SigningOrder,
    SigningRefused,
)
from tests.proving import proves
from tests.security_world import CSO, a_csr, real_now

pytestmark = pytest.mark.sockets
NOW = datetime(2026, 11, 22, tzinfo=UTC)
PASSWORD = "a secret of ours"
ORDER = SigningOrder(a_csr("CS-1"), CertificateUse.STATION, "CS-1", CSO)


@dataclass
class Est:
    """A server of RFC 7030 that a test can put into a mood.

    Attributes:
        moods: Statuses that it answers before it signs.
        seen: The requests that came, and with which credentials.
    """

    authority: BuiltIn
    moods: list[int] = field(default_factory=list)
    seen: list[tuple[str, str]] = field(default_factory=list)
    port: int = 0

    def enroll(self, body: bytes) -> bytes:
        request = load_der_x509_csr(base64.b64decode(body))
        text = request.public_bytes(Encoding.PEM).decode()
        order = SigningOrder(text, CertificateUse.STATION, "CS-1", CSO)
        chain = read_chain(self.authority._sign(order, NOW).chain)  # noqa: SLF001 - beside any loop
        return pkcs7.serialize_certificates(chain[:1], Encoding.DER)

    def above(self) -> bytes:
        found = [
            each.issuer.certificate
            for use in (CertificateUse.ROOT, CertificateUse.INTERMEDIATE)
            for each in self.authority.hierarchy("ec").authorities(use)
        ]
        return pkcs7.serialize_certificates(found, Encoding.DER)


def handler_of(est: Est) -> type[http.server.BaseHTTPRequestHandler]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            est.seen.append((self.path, self.headers.get("Authorization", "")))
            if est.moods:
                status = est.moods.pop(0)
                self.send_response(status)
                if status == 202:
                    self.send_header("Retry-After", "120")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            self._say(est.enroll(body))

        def do_GET(self) -> None:
            self._say(est.above())

        def _say(self, der: bytes) -> None:
            content = base64.encodebytes(der)
            self.send_response(200)
            self.send_header("Content-Type", "application/pkcs7-mime")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        @override
        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    return Handler


@pytest.fixture
def est(tmp_path: Path) -> Iterator[Est]:
    authority = BuiltIn(tmp_path / "pki", Terms(CSO))
    authority._server("ec", real_now())  # noqa: SLF001 - beside any loop
    (tmp_path / "roots.pem").write_text(authority.trusted(real_now()))
    found = Est(authority)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler_of(found))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority.server_file("ec"))
    server.socket = context.wrap_socket(server.socket, server_side=True)
    found.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield found
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def outside(est: Est, tmp_path: Path) -> EstAuthority:
    return EstAuthority(
        f"https://localhost:{est.port}/.well-known/est",
        user="csms",
        password=PASSWORD,
        roots=tmp_path / "roots.pem",
    )


@proves("A00.FR.703", "A02.FR.04", "A03.FR.04")
async def test_it_signs_and_the_chain_is_put_together(
    est: Est, outside: EstAuthority
) -> None:
    answer = await outside.sign(ORDER, NOW)

    assert isinstance(answer, Signed)
    leaf, intermediate = read_chain(answer.chain)
    leaf.verify_directly_issued_by(intermediate)
    [(path, login)] = est.seen
    assert path == "/.well-known/est/simpleenroll"
    assert base64.b64decode(login.removeprefix("Basic ")).decode() == (
        f"csms:{PASSWORD}"
    )
    assert PASSWORD not in answer.chain


async def test_it_may_decide_later(est: Est, outside: EstAuthority) -> None:
    est.moods = [202]

    first = await outside.sign(ORDER, NOW)

    assert isinstance(first, NotYet)
    assert first.retry_s == 120
    assert isinstance(await outside.sign(ORDER, NOW), Signed)


@pytest.mark.parametrize("status", [400, 401, 403])
async def test_a_refusal_is_told_from_a_fault(
    est: Est, outside: EstAuthority, status: int
) -> None:
    est.moods = [status]
    with pytest.raises(SigningRefused, match=str(status)):
        await outside.sign(ORDER, NOW)


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_a_fault_may_pass(est: Est, outside: EstAuthority, status: int) -> None:
    est.moods = [status]
    with pytest.raises(AuthorityAway):
        await outside.sign(ORDER, NOW)


async def test_a_server_that_is_not_trusted_is_told_nothing(
    est: Est, tmp_path: Path
) -> None:
    other = BuiltIn(tmp_path / "other", Terms("Somebody"))
    other.ensure(["ec"], real_now())
    (tmp_path / "other.pem").write_text(other.trusted(real_now()))
    impostor = EstAuthority(
        f"https://localhost:{est.port}/est", roots=tmp_path / "other.pem"
    )

    with pytest.raises(AuthorityAway):
        await impostor.sign(ORDER, NOW)
    assert est.seen == []
