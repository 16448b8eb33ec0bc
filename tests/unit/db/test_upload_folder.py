"""Files are there whole, or not at all."""

import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from csms.db.upload_folder import BLOCK, UploadFolder
from csms.services.ports.logs import TooLarge

pytestmark = pytest.mark.sockets  # files are written in threads: real time


async def chunks(*parts: bytes, then: Exception | None = None) -> AsyncIterator[bytes]:
    for part in parts:
        yield part
    if then is not None:
        raise then


async def content(folder: UploadFolder, job: int) -> bytes:
    return b"".join([block async for block in folder.read(job)])


def mode(file: Path) -> int:
    return file.stat().st_mode


def names(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir())


async def test_a_file_is_kept_read_and_deleted(tmp_path: Path) -> None:
    folder = UploadFolder(tmp_path / "new")
    parts = [bytes([n]) * (BLOCK // 2 + 7) for n in range(5)]

    kept = await folder.keep(12, chunks(*parts), 10 * BLOCK)

    whole = b"".join(parts)
    assert (kept.size, kept.sha256) == (len(whole), hashlib.sha256(whole).hexdigest())
    assert await content(folder, 12) == whole
    assert mode(folder.folder / "log-12.bin") & 0o077 == 0
    await folder.delete(12)
    await folder.delete(12)
    with pytest.raises(FileNotFoundError):
        await content(folder, 12)


@pytest.mark.parametrize("most", [10, 10_000])
async def test_what_breaks_off_or_is_too_large_leaves_nothing(
    tmp_path: Path, most: int
) -> None:
    folder = UploadFolder(tmp_path)
    await folder.keep(1, chunks(b"old"), 10)
    error: type[Exception] = TooLarge if most == 10 else ConnectionError

    with pytest.raises(error):
        await folder.keep(1, chunks(b"x" * 500, then=ConnectionError()), most)

    assert names(tmp_path) == ["log-1.bin"]
    assert await content(folder, 1) == b"old"


async def test_what_a_stopped_node_left_is_swept(tmp_path: Path) -> None:
    folder = UploadFolder(tmp_path)
    (tmp_path / "log-3.part").write_bytes(b"half")
    await folder.keep(4, chunks(b"whole"), 10)

    await folder.tidy()

    assert names(tmp_path) == ["log-4.bin"]
