"""Files that stations upload, in a folder: whole or not at all."""

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from csms.services.ports.logs import Kept, TooLarge

BLOCK = 1_048_576
"""How much is written or read at a time."""


@dataclass(frozen=True, slots=True)
class UploadFolder:
    """Keeps each file under the number of its job: the port ``LogFiles``.

    No name that a station gives becomes part of a path.

    Attributes:
        folder: Where; made when the first file comes.
    """

    folder: Path

    async def keep(self, job: int, chunks: AsyncIterator[bytes], most: int) -> Kept:
        """Write a file down, in place of another of the same job once it is whole.

        Raises:
            TooLarge: If more than ``most`` bytes come; nothing is kept then.
            OSError: If it cannot be written.
        """
        part = self._path(job).with_suffix(".part")
        digest, size, waiting = hashlib.sha256(), 0, bytearray()
        file = await asyncio.to_thread(_open, part)
        try:
            async for chunk in chunks:
                size += len(chunk)
                _bound(size, most)
                waiting += chunk
                if len(waiting) >= BLOCK:
                    await asyncio.to_thread(_write, file, digest, bytes(waiting))
                    waiting.clear()
            await asyncio.to_thread(_write, file, digest, bytes(waiting))
            await asyncio.to_thread(_settle, file, part, self._path(job))
        except BaseException:
            file.close()
            with suppress(FileNotFoundError):
                part.unlink()
            raise
        return Kept(size, digest.hexdigest())

    async def read(self, job: int) -> AsyncIterator[bytes]:
        """Yield the content of a file.

        Raises:
            FileNotFoundError: If it is not there.
        """
        place = 0
        while block := await asyncio.to_thread(_block, self._path(job), place):
            yield block
            place += len(block)

    async def delete(self, job: int) -> None:
        """Delete a file, if it is there."""
        await asyncio.to_thread(self._path(job).unlink, missing_ok=True)

    async def tidy(self) -> None:
        """Delete what was left unfinished by a node that stopped."""
        await asyncio.to_thread(self._delete_parts)

    def _delete_parts(self) -> None:
        for part in self.folder.glob("*.part"):
            part.unlink(missing_ok=True)

    def _path(self, job: int) -> Path:
        return self.folder / f"log-{int(job)}.bin"


def _block(path: Path, place: int) -> bytes:
    """Read a block; no file stays open while nobody takes what was read."""
    with path.open("rb") as file:
        file.seek(place)
        return file.read(BLOCK)


def _bound(size: int, most: int) -> None:
    if size > most:
        raise TooLarge


def _open(part: Path) -> BinaryIO:
    part.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    number = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    return os.fdopen(number, "wb")


def _write(file: BinaryIO, digest: "hashlib._Hash", data: bytes) -> None:
    digest.update(data)
    file.write(data)


def _settle(file: BinaryIO, part: Path, whole: Path) -> None:
    """Let the file appear under its name, once it cannot be lost any more."""
    file.flush()
    os.fsync(file.fileno())
    file.close()
    part.replace(whole)
