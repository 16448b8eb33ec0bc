"""Firmware images: registered, checked, served by a link that expires, retired."""

import asyncio
import base64
import binascii
import hashlib
import re
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import quote, urlsplit

from csms.clock import Clock
from csms.domain.errors import Broken, Conflict, NotFound
from csms.domain.firmware import FirmwareImage
from csms.domain.ids import StationId
from csms.services.firmware_files import FirmwareFiles
from csms.services.ports.firmware import BadCertificate, SigningCheck
from csms.services.ports.work import Begin, Work

SCHEMES = frozenset({"http", "https", "ftp", "ftps", "sftp"})
"""What a file may be fetched by (FileTransferProtocols)."""

PATH = "/firmware-files"
"""Where the files of ours are fetched."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_MD5 = re.compile(r"[0-9a-f]{32}")
_LONGEST_LOCATION, _LONGEST_SIGNATURE, _LONGEST_CERTIFICATE = 2000, 800, 5500


class NoSuchImage(NotFound):
    """There is no firmware image of this name."""

    code = "no-such-image"
    usual_remedy = "see csms firmware images list"


class ImageExists(Conflict):
    """There is a firmware image of this name already."""

    code = "image-exists"


class ImageInUse(Conflict):
    """The image is what stations were told it is; it cannot become another."""

    code = "image-in-use"


class BadImage(Broken):
    """The image does not make sense."""

    code = "bad-image"


class BadSignature(Broken):
    """The signature is not that of the file, or its certificate is of no use."""

    code = "bad-signature"


class NoSuchFile(NotFound):
    """This link is unknown or no longer valid."""

    code = "no-such-file"


@dataclass(frozen=True, slots=True)
class ImageDraft:
    """A firmware image as an operator registers it; see ``FirmwareImage``."""

    id: str
    vendor: str
    model: str
    version: str
    location: str | None = None
    md5: str | None = None
    signing_certificate: str | None = None
    signature: str | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Images:
    """Keeps firmware images and their files.

    Attributes:
        clock: Where business time comes from.
        begin: Begins a unit of work.
        files: Where files of ours lie.
        signing: Reads certificates and checks signatures.
        base_url: What a link to this node begins with.
        link_life: How long such a link works.
    """

    clock: Clock
    begin: Begin
    files: FirmwareFiles
    signing: SigningCheck
    base_url: str
    link_life: timedelta = timedelta(days=7)

    async def register(self, draft: ImageDraft, by: str) -> FirmwareImage:
        """Register an image; one without a location waits for its file.

        Raises:
            BadImage: If it does not make sense.
            BadSignature: If its certificate cannot be read or has ended.
            ImageExists: If the name is taken.
        """
        now = self.clock.now()
        _check(draft)
        image = FirmwareImage(
            id=draft.id,
            vendor=draft.vendor.strip(),
            model=draft.model.strip() or "*",
            version=draft.version.strip(),
            location=draft.location,
            md5=draft.md5,
            signing_certificate=draft.signing_certificate,
            signature=draft.signature,
            valid_until=self._valid_until(draft, now),
            note=draft.note,
            created_at=now,
            created_by=by,
        )
        async with self.begin() as work:
            if not await work.firmware.add_image(image):
                raise ImageExists(f"there is an image {image.id} already", field="id")
            detail = {
                "vendor": image.vendor,
                "model": image.model,
                "version": image.version,
                "signed": image.is_signed,
            }
            await work.access.audit(by, "firmware.registered", image.id, detail, now)
        return image

    async def attach(
        self, name: str, filename: str, chunks: AsyncIterator[bytes], by: str
    ) -> FirmwareImage:
        """Store the file of an image, and check its signature if it has one.

        Raises:
            NoSuchImage: If there is no such image.
            BadImage: If it lies elsewhere, or its checksum is another.
            BadSignature: If the signature is not that of the file.
            ImageInUse: If it has another file already.
        """
        image = await self.image(name)
        if image.location is not None:
            raise BadImage("this image lies elsewhere", remedy="register another")
        stored = await self.files.store(chunks)
        if image.sha256 not in (None, stored.sha256):
            raise ImageInUse(f"{name} has another file", remedy="register another")
        if image.md5 not in (None, stored.md5):
            raise BadImage(f"the file's MD5 is {stored.md5}", field="md5")
        await self._verify(image, self.files.path(stored.sha256))
        now = self.clock.now()
        image = replace(
            image,
            filename=_plain(filename) or f"{image.id}.bin",
            size=stored.size,
            md5=stored.md5,
            sha256=stored.sha256,
        )
        async with self.begin() as work:
            await work.firmware.save_image(image)
            detail = {"sha256": stored.sha256, "bytes": stored.size}
            await work.access.audit(by, "firmware.file_stored", name, detail, now)
        return image

    async def retire(self, name: str, by: str) -> None:
        """Give an image to nobody any more; what is under way goes on.

        Raises:
            NoSuchImage: If there is no such image.
        """
        image, now = await self.image(name), self.clock.now()
        async with self.begin() as work:
            after = replace(image, retired_at=image.retired_at or now)
            await work.firmware.save_image(after)
            await work.access.audit(by, "firmware.retired", name, {}, now)

    async def image(self, name: str) -> FirmwareImage:
        """Return one image.

        Raises:
            NoSuchImage: If there is no such image.
        """
        async with self.begin() as work:
            found = await work.firmware.image(name)
        if found is None:
            raise NoSuchImage(f"there is no firmware image {name}")
        return found

    async def location(
        self,
        work: Work,
        image: FirmwareImage,
        station: StationId,
        update: int | None = None,
    ) -> str:
        """Return where a station fetches an image.

        A file of ours gets a link for this station alone; only its hash is kept.

        Raises:
            BadImage: If the image has neither a location nor a file.
        """
        if image.location is not None:
            return image.location
        if image.filename is None:
            raise BadImage(
                f"{image.id} has no file yet",
                field="image",
                remedy="upload it, or register an image with a location",
            )
        token = secrets.token_urlsafe(32)
        until = self.clock.now() + self.link_life
        await work.firmware.add_link(_hashed(token), image.id, station, update, until)
        return f"{self.base_url}{PATH}/{token}/{quote(image.filename)}"

    async def fetch(self, token: str) -> tuple[FirmwareImage, Path]:
        """Return the image behind a link, and where its file lies.

        Raises:
            NoSuchFile: If the link is unknown or expired, or the file is gone.
        """
        async with self.begin() as work:
            name = await work.firmware.follow_link(_hashed(token), self.clock.now())
            image = await work.firmware.image(name) if name else None
        if image is None or image.sha256 is None:
            raise NoSuchFile
        path = self.files.path(image.sha256)
        if not await asyncio.to_thread(path.is_file):
            raise NoSuchFile
        return image, path

    def _valid_until(self, draft: ImageDraft, now: datetime) -> datetime | None:
        if draft.signing_certificate is None:
            return None
        try:
            said = self.signing.read(draft.signing_certificate)
        except BadCertificate as error:
            raise BadSignature(str(error), field="signing_certificate") from error
        if said.ends <= now:
            raise BadSignature(
                f"the certificate ended on {said.ends:%Y-%m-%d}",
                field="signing_certificate",
                remedy="ask the manufacturer for a signature with a valid certificate",
            )
        return said.ends

    async def _verify(self, image: FirmwareImage, path: Path) -> None:
        if image.signing_certificate is None or image.signature is None:
            return
        try:
            holds = await asyncio.to_thread(
                self.signing.holds, image.signing_certificate, image.signature, path
            )
        except BadCertificate as error:
            raise BadSignature(str(error), field="signing_certificate") from error
        if not holds:
            raise BadSignature(
                "the signature is not that of this file",
                field="signature",
                remedy="no station would install it: get file and signature anew",
            )


def _check(draft: ImageDraft) -> None:
    if not _NAME.fullmatch(draft.id):
        raise BadImage("a name has 1 to 64 letters, digits, dots, dashes", field="id")
    for name in ("vendor", "version"):
        if not getattr(draft, name).strip():
            raise BadImage("it is empty", field=name)
    _check_location(draft.location)
    if draft.md5 is not None and not _MD5.fullmatch(draft.md5):
        raise BadImage("an MD5 has 32 hexadecimal digits", field="md5")
    _check_signature(draft)


def _check_location(location: str | None) -> None:
    if location is None:
        return
    parts = urlsplit(location)
    if parts.scheme.lower() not in SCHEMES or not parts.hostname:
        raise BadImage(
            "a location is an address that begins with "
            + ", ".join(f"{each}://" for each in sorted(SCHEMES)),
            field="location",
        )
    if len(location) > _LONGEST_LOCATION:
        raise BadImage(f"at most {_LONGEST_LOCATION} characters", field="location")


def _check_signature(draft: ImageDraft) -> None:
    certificate, signature = draft.signing_certificate, draft.signature
    if (certificate is None) != (signature is None):
        raise BadImage(
            "certificate and signature belong together (L01.FR.11)",
            field="signature" if signature is None else "signing_certificate",
        )
    if certificate is None or signature is None:
        return
    if len(certificate) > _LONGEST_CERTIFICATE:
        raise BadImage(
            f"at most {_LONGEST_CERTIFICATE} characters", field="signing_certificate"
        )
    try:
        base64.b64decode(signature, validate=True)
    except (binascii.Error, ValueError):
        raise BadImage("a signature is written in base64", field="signature") from None
    if len(signature) > _LONGEST_SIGNATURE:
        raise BadImage(f"at most {_LONGEST_SIGNATURE} characters", field="signature")


def _plain(filename: str) -> str:
    """Return a file name that steers no shell, no header and no folder."""
    last = filename.replace("\\", "/").rpartition("/")[2]
    return re.sub(r"[^A-Za-z0-9._+-]", "_", last).lstrip(".")[:100]


def _hashed(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
