"""The folder of an embedded database: where it is, who holds it, and its password."""

import asyncio
import contextlib
import fcntl
import hashlib
import os
import secrets
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import structlog

from csms.clock import pause
from csms.db.account import (
    Account,
    NoPostgres,
    account_for,
    enterable,
    first_enterable,
)
from csms.domain.errors import Conflict

STORES = (Path("/var/lib/csms"), Path("/var/tmp/csms-data"))  # noqa: S108 (owner is checked)
PORT = 5432
"""Only a part of the socket's name: nothing listens on the network."""

LONGEST_SOCKET = 100
"""Characters; the operating system allows 104 or 108, with the end counted in."""

POLL_S = 0.02

log = structlog.get_logger(__name__)


class InUse(Conflict):
    """Another process already runs a database on this folder."""

    code = "database-in-use"


def settle(wished: Path) -> tuple[Account, Path]:
    """Return who runs the server and where its folder is, which then exists.

    Raises:
        NoPostgres: If no account or no folder will do.
    """
    account = account_for(wished)
    is_new = not wished.exists()
    if enterable(wished, account):
        return account, wished
    if account.is_me or not (is_new or _is_empty(wished)):
        raise NoPostgres(
            f"{account.name} cannot use {wished} as a data folder.",
            remedy="Set CSMS_DATA_DIR to a folder that it can enter and write.",
        )
    if is_new:
        with contextlib.suppress(OSError):
            wished.rmdir()
    name = f"{wished.name}-{_short_hash(wished)}"
    folder = first_enterable(STORES, account) / name
    account = account_for(folder)
    if not enterable(folder, account):
        raise NoPostgres(
            f"{account.name} cannot use {folder} as a data folder.",
            remedy="Set CSMS_DATABASE_URL to a PostgreSQL server.",
        )
    log.warning(
        "database.folder_moved",
        wished=str(wished),
        folder=str(folder),
        reason=f"{account.name}, who runs PostgreSQL, may not enter the one wished for",
    )
    return account, folder


def socket_folder(folder: Path, account: Account) -> Path:
    """Return where the server's socket goes; its whole path must be short."""
    within = folder / "run"
    if len(os.fsencode(within / f".s.PGSQL.{PORT}")) <= LONGEST_SOCKET:
        return within
    return Path("/tmp", f"csms-{account.uid}-{_short_hash(folder)}")  # noqa: S108 (owner is checked)


def make_private(folder: Path, account: Account) -> None:
    """Make a folder that only the account may enter, or make sure it is that."""
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700)
        os.chown(folder, account.uid, account.gid)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != account.uid:
        raise NoPostgres(
            f"{folder} is not a folder of {account.name}.", remedy="Remove it."
        )
    folder.chmod(0o700)


@contextlib.contextmanager
def new_data(folder: Path, account: Account) -> Iterator[tuple[Path, Path]]:
    """Yield an empty data folder and a file with the password, both the account's.

    The data folder gets its name only if all went well in between, so a data folder
    is complete or not there at all.
    """
    making = Path(tempfile.mkdtemp(prefix="data.new-", dir=folder))
    handle, word = tempfile.mkstemp(prefix="password.", dir=folder)
    try:
        with open(handle, "w") as file:  # noqa: PTH123 (it is open already)
            file.write(password_in(folder))
        for path in (making, Path(word)):
            os.chown(path, account.uid, account.gid)
        yield making, Path(word)
        making.rename(folder / "data")
    finally:
        Path(word).unlink()
        shutil.rmtree(making, ignore_errors=True)


def password_in(folder: Path) -> str:
    """Return the database's password, made on first use and readable by us alone."""
    path = folder / "password"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    with contextlib.suppress(FileExistsError):
        handle = os.open(path, flags, 0o600)
        os.write(handle, secrets.token_urlsafe(24).encode())
        os.close(handle)
    return path.read_text()


async def take_lock(folder: Path, *, patience: float) -> int:
    """Return the folder's lock as an open file, to be handed to the server too.

    The lock is held until everybody who has the file is gone. If the owner named in
    it is gone, a server is on its way out and is waited for.

    Args:
        folder: The folder.
        patience: How many seconds to wait for such a server.

    Raises:
        InUse: If another process has the folder.
    """
    now = asyncio.get_running_loop().time
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    lock = os.open(folder / "lock", flags, 0o600)
    deadline = now() + patience
    while not _locked(lock):
        owner = int(os.pread(lock, 32, 0) or 0)
        if _alive(owner) or now() > deadline:
            os.close(lock)
            raise InUse(
                f"Process {owner} already runs a database in {folder}.",
                remedy="Stop that process, or set CSMS_DATA_DIR to another folder.",
            )
        await pause(POLL_S)
    os.ftruncate(lock, 0)
    os.pwrite(lock, str(os.getpid()).encode(), 0)
    return lock


def release_lock(lock: int) -> None:
    """Give the lock back; servers that still have it keep it until they end."""
    os.ftruncate(lock, 0)
    os.close(lock)


def _locked(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _alive(process: int) -> bool:
    if process <= 0:
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _is_empty(folder: Path) -> bool:
    return folder.is_dir() and not any(folder.iterdir())


def _short_hash(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:12]
