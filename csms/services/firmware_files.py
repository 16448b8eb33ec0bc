"""Firmware files in a folder of ours, named by what is in them."""

import asyncio
import hashlib
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from csms.domain.errors import Broken

MEGABYTE = 1_000_000


class FileTooLarge(Broken):
    """The file is larger than this system takes."""

    code = "file-too-large"


class EmptyFile(Broken):
    """There is nothing in the file."""

    code = "empty-file"


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file as it was stored.

    Attributes:
        md5: Hexadecimal; no secret rests on it, local controllers go by it (L03).
        sha256: Hexadecimal; its name in the folder.
        size: In bytes.
    """

    md5: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class FirmwareFiles:
    """A folder of firmware files.

    Attributes:
        folder: Where they lie; made when the first one comes.
        most_bytes: The largest file that is taken.
    """

    folder: Path
    most_bytes: int = 1024 * MEGABYTE

    async def store(self, chunks: AsyncIterator[bytes]) -> StoredFile:
        """Store a file as it comes; only a whole one gets its name.

        Raises:
            FileTooLarge: If more comes than is taken.
            EmptyFile: If nothing comes.
        """
        await asyncio.to_thread(self.folder.mkdir, parents=True, exist_ok=True)
        partial = self.folder / f".{secrets.token_hex(8)}.part"
        md5 = hashlib.md5(usedforsecurity=False)
        sha256, size = hashlib.sha256(), 0
        try:
            with await asyncio.to_thread(partial.open, "wb") as file:
                async for chunk in chunks:
                    size += len(chunk)
                    if size > self.most_bytes:
                        raise FileTooLarge(
                            f"at most {self.most_bytes // MEGABYTE} MB are taken",
                            remedy="serve it elsewhere and give its location, or raise"
                            " CSMS_FIRMWARE_MAX_MB",
                        )
                    md5.update(chunk)
                    sha256.update(chunk)
                    await asyncio.to_thread(file.write, chunk)
            if not size:
                raise EmptyFile
            name = sha256.hexdigest()
            await asyncio.to_thread(partial.replace, self.folder / name)
        finally:
            await asyncio.to_thread(partial.unlink, missing_ok=True)
        return StoredFile(md5.hexdigest(), name, size)

    def path(self, sha256: str) -> Path:
        """Return where a file of this checksum lies."""
        return self.folder / sha256
