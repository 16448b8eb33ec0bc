"""A station that keeps certificates, and servers that tell what was revoked."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

from cryptography import x509

from csms.domain.certificate import CertificateHash, Digest
from csms.pki.chains import hash_of, read_pem, signed_by
from tests.authorities import Party, key_of
from tests.fakes.link import FakeLink

Json = dict[str, Any]
Reply = bytes | None | Callable[[bytes], bytes]


def wire_hash(said: CertificateHash) -> Json:
    return {
        "hashAlgorithm": said.digest.value,
        "issuerNameHash": said.issuer_name,
        "issuerKeyHash": said.issuer_key,
        "serialNumber": said.serial,
    }


def hash_data(party: Party, digest: Digest = Digest.SHA256) -> Json:
    return wire_hash(hash_of(party.certificate, party.issuer.certificate, digest))


@dataclass
class CertificateKeeper:
    """The certificates of a station, kept as a station would.

    Attributes:
        held: Use and certificate, with whoever issued it.
        digest: By which algorithm it names what it holds.
        refuses: What it answers to an action instead of doing it.
        keeps: Whether it says yes to deletions and keeps the certificate.
        deaf: Whether it says yes to installations and forgets them.
        chains: Further entries of its report, as they are.
    """

    held: list[tuple[str, Party]] = field(default_factory=list)
    digest: Digest = Digest.SHA256
    refuses: dict[str, Json | Exception] = field(default_factory=dict)
    keeps: bool = False
    deaf: bool = False
    chains: list[Json] = field(default_factory=list)
    known: list[Party] = field(default_factory=list)

    def link(self, station: str) -> FakeLink:
        """Return the way to this station."""
        return FakeLink(
            {
                "InstallCertificate": self._install,
                "DeleteCertificate": self._delete,
                "GetInstalledCertificateIds": self._report,
            },
            station=station,
        )

    def _install(self, said: Json) -> Json | Exception:
        if (refusal := self.refuses.get("InstallCertificate")) is not None:
            return refusal
        certificate = read_pem(said["certificate"])[0]
        if not self.deaf:
            self.held.append((said["certificateType"], self._party(certificate)))
        return {"status": "Accepted"}

    def _delete(self, said: Json) -> Json | Exception:
        if (refusal := self.refuses.get("DeleteCertificate")) is not None:
            return refusal
        named = said["certificateHashData"]
        for each in self.held:
            if hash_data(each[1], self.digest) == named:
                if not self.keeps:
                    self.held.remove(each)
                return {"status": "Accepted"}
        return {"status": "NotFound"}

    def _report(self, said: Json) -> Json | Exception:
        if (refusal := self.refuses.get("GetInstalledCertificateIds")) is not None:
            return refusal
        wanted = said.get("certificateType")
        found = [
            {
                "certificateType": use,
                "certificateHashData": hash_data(party, self.digest),
            }
            for use, party in self.held
        ] + self.chains
        shown = [each for each in found if wanted is None or _is(each, wanted)]
        if not shown:
            return {"status": "NotFound"}
        return {"status": "Accepted", "certificateHashDataChain": shown}

    def _party(self, certificate: x509.Certificate) -> Party:
        for each in self.known:
            if each.certificate == certificate:
                return each
            if signed_by(certificate, each.certificate):
                return Party(certificate, each.key, each)
        return Party(certificate, key_of("nobody"))


def _is(entry: Json, wanted: list[str]) -> bool:
    return entry["certificateType"] in wanted


@dataclass
class Oracle:
    """An HTTP server on loopback that answers OCSP and serves lists, as told.

    Attributes:
        replies: What is answered at a path; none is silence.
        asked: What came, by path.
    """

    port: int = 0
    replies: dict[str, Reply] = field(default_factory=dict)
    asked: list[tuple[str, bytes]] = field(default_factory=list)
    status: int = 200

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}/{path}"

    async def serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            path = head.split(" ", 2)[1].strip("/")
            length = next(
                (
                    int(line.split(":", 1)[1])
                    for line in head.splitlines()
                    if line.lower().startswith("content-length:")
                ),
                0,
            )
            body = await reader.readexactly(length)
            self.asked.append((path, body))
            reply = self.replies.get(path, b"")
            if reply is None:
                await reader.read()
            else:
                said = reply(body) if callable(reply) else reply
                writer.write(
                    f"HTTP/1.1 {self.status} Said\r\nContent-Length: {len(said)}\r\n"
                    "Connection: close\r\n\r\n".encode()
                    + said
                )
                await writer.drain()
        writer.close()


@contextlib.asynccontextmanager
async def an_oracle() -> AsyncIterator[Oracle]:
    """Give a server that answers nothing yet."""
    oracle = Oracle()
    server = await asyncio.start_server(oracle.serve, "127.0.0.1", 0)
    oracle.port = server.sockets[0].getsockname()[1]
    try:
        yield oracle
    finally:
        server.close()
