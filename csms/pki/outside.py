"""An outside authority, spoken to by EST (RFC 7030)."""

import base64
import binascii
import hashlib
import ssl
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import httpx
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

from csms.pki.reading import read_request, to_text
from csms.services.ports.pki import (
    AuthorityAway,
    NotYet,
    Signed,
    SigningOrder,
    SigningRefused,
    UnreadableRequest,
)

PATIENCE_S: Final = 20.0
RETRY_S: Final = 60.0
OK, ACCEPTED, CLIENT_ERROR, SERVER_ERROR = 200, 202, 400, 500
TOO_MANY: Final = 429
LONGEST_CHAIN: Final = 5


@dataclass(frozen=True, slots=True)
class EstAuthority:
    """Signs by ``/simpleenroll``; asks again while the answer is 202 (RFC 7030, 4.2).

    Attributes:
        url: Address of the service, ``…/.well-known/est`` with its label if it has one.
        user: Our name there; None if it knows us by something else.
        password: Our password there.
        roots: Roots, PEM, of its server; None for those of this machine.
    """

    url: str
    user: str | None = None
    password: str | None = None
    roots: Path | None = None

    @property
    def name(self) -> str:
        """Return its name, for people."""
        return httpx.URL(self.url).host

    async def sign(self, order: SigningOrder, now: datetime) -> Signed | NotYet:
        """Bring a request to it, or ask whether it has decided.

        Raises:
            SigningRefused: If it will not sign.
            AuthorityAway: If it cannot be reached, or has a fault.
        """
        del now
        try:
            request, _ = read_request(order.csr)
        except UnreadableRequest as error:
            raise SigningRefused(str(error)) from None
        body = base64.encodebytes(request.public_bytes(Encoding.DER))
        try:
            async with self._client() as http:
                answer = await http.post(
                    "/simpleenroll",
                    content=body,
                    headers={
                        "Content-Type": "application/pkcs10",
                        "Content-Transfer-Encoding": "base64",
                    },
                )
                if answer.status_code == ACCEPTED:
                    return NotYet(_reference(order), _retry_s(answer))
                _check(answer)
                above = await http.get("/cacerts")
                _check(above)
        except (httpx.HTTPError, OSError) as error:
            raise AuthorityAway(str(error) or type(error).__name__) from None
        return Signed(_chain(_read(answer), _read(above)))

    def _client(self) -> httpx.AsyncClient:
        trusted = ssl.create_default_context(cafile=self.roots)
        auth = None
        if self.user is not None:
            auth = httpx.BasicAuth(self.user, self.password or "")
        return httpx.AsyncClient(
            base_url=self.url,
            auth=auth,
            verify=trusted,
            timeout=PATIENCE_S,
            trust_env=False,
        )


def _reference(order: SigningOrder) -> str:
    """Return a name for the request: EST knows it by its content alone."""
    return order.reference or hashlib.sha256(order.csr.encode()).hexdigest()[:16]


def _retry_s(answer: httpx.Response) -> float:
    said = answer.headers.get("Retry-After", "")
    return float(said) if said.isdigit() else RETRY_S


def _check(answer: httpx.Response) -> None:
    """Tell a refusal from a fault that may pass."""
    status = answer.status_code
    if status == OK:
        return
    said = f"{status} {answer.text[:200]}".strip()
    if status >= SERVER_ERROR or status == TOO_MANY:
        raise AuthorityAway(said)
    raise SigningRefused(said)


def _read(answer: httpx.Response) -> list[x509.Certificate]:
    """Return the certificates of an answer: PKCS #7, DER in Base64."""
    try:
        return pkcs7.load_der_pkcs7_certificates(base64.b64decode(answer.content))
    except (ValueError, binascii.Error) as error:
        raise SigningRefused(f"its answer cannot be read: {error}") from None


def _chain(said: list[x509.Certificate], above: list[x509.Certificate]) -> str:
    """Return the leaf, then what leads from it up to the root, without the root."""
    if not said:
        raise SigningRefused("its answer holds no certificate")
    by_subject = {each.subject: each for each in (*above, *said[1:])}
    chain, last = [said[0]], said[0]
    while len(chain) < LONGEST_CHAIN:
        issuer = by_subject.get(last.issuer)
        if issuer is None or issuer.issuer == issuer.subject:
            break
        chain.append(issuer)
        last = issuer
    return "".join(to_text(each) for each in chain)
