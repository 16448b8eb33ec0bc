"""A PostgreSQL of our own, for when nobody gave us one.

One folder holds everything: its lock, its password, its log and its data. The server
listens on a unix socket only, asks for the password, and ends when its owner ends,
however that happens: a signal of the kernel on Linux, an exit hook elsewhere.
"""

import asyncio
import atexit
import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import asyncpg
import structlog
from sqlalchemy import URL

from csms.clock import pause
from csms.db.account import NoPostgres
from csms.db.binaries import Binaries, find, within_reach
from csms.db.folder import (
    POLL_S,
    PORT,
    InUse,
    make_private,
    new_data,
    password_in,
    release_lock,
    settle,
    socket_folder,
    take_lock,
)
from csms.db.leash import ended_with_us
from csms.domain.errors import Broken

USER = "csms"
DATABASE = "csms"
BUILTIN_LOCALE_MAJOR = 17
START_S = 120.0
STOP_S = 30.0
_SETTINGS = {
    "listen_addresses": "",
    "port": str(PORT),
    "unix_socket_permissions": "0700",
    "max_connections": "60",
    "shared_buffers": "128MB",
    "max_wal_size": "1GB",
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "password_encryption": "scram-sha-256",
    "jit": "off",
    "max_parallel_workers_per_gather": "0",
    "logging_collector": "off",
    "log_destination": "stderr",
    "log_min_messages": "warning",
    "log_timezone": "UTC",
    "timezone": "UTC",
}

log = structlog.get_logger(__name__)


class ServerFailed(Broken):
    """The embedded PostgreSQL did not start."""

    code = "database-failed"


class EmbeddedPostgres:
    """Starts, guards and stops one PostgreSQL server.

    Call `start` from the main thread: the kernel ends the server when the thread
    that started it ends.

    Attributes:
        account: The operating-system account that the server runs as.
        folder: Where everything really lies. For root it differs from the folder
            asked for if the server's account cannot enter that one.
    """

    def __init__(self, data_dir: Path, *, binaries: Binaries | None = None) -> None:
        """Choose account and folder, and create the folder.

        Args:
            data_dir: Where the database shall lie. It is ours alone.
            binaries: The PostgreSQL to use; found on this machine if none is given.

        Raises:
            NoPostgres: If no account or folder will do.
        """
        wished = data_dir.expanduser().absolute()
        self.account, self.folder = settle(wished)
        self._binaries = binaries
        self._process: subprocess.Popen[bytes] | None = None
        self._lock: int | None = None
        self._owner = os.getpid()
        self._sockets = socket_folder(self.folder, self.account)

    @property
    def url(self) -> str:
        """Return the address of the database, its password included."""
        return URL.create(
            "postgresql+asyncpg",
            username=USER,
            password=password_in(self.folder),
            database=DATABASE,
            query={"host": str(self._sockets), "port": str(PORT)},
        ).render_as_string(hide_password=False)

    @property
    def pid(self) -> int | None:
        """Return the server's process number while it runs."""
        return self._process.pid if self._process and self.is_running else None

    @property
    def is_running(self) -> bool:
        """Return whether the server process lives."""
        return self._process is not None and self._process.poll() is None

    async def __aenter__(self) -> Self:
        """Start the server."""
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop the server."""
        await self.stop()

    async def start(self) -> None:
        """Start the server; return once the database can be used.

        A folder that is new is initialized first. One that was left by a crash
        recovers by itself.

        Raises:
            InUse: If another process has the folder.
            NoPostgres: If there is no PostgreSQL to run.
            ServerFailed: If PostgreSQL cannot start, with the end of its log.
        """
        if self.is_running:
            return
        self._lock = await take_lock(self.folder, patience=STOP_S)
        try:
            binaries = self._choose_binaries()
            if not self._data.exists():
                await self._initialize(binaries)
            self._clear_leftovers()
            self._launch(binaries)
            await self._until_ready()
        except BaseException:
            await self.stop()
            raise
        log.info(
            "database.started",
            folder=str(self.folder),
            version=binaries.version,
            account=self.account.name,
        )

    async def stop(self) -> None:
        """Stop the server cleanly, ending its connections; harmless if it is down."""
        for patience, how in (
            (STOP_S, signal.SIGINT),
            (STOP_S / 3, signal.SIGQUIT),
            (STOP_S / 3, signal.SIGKILL),
        ):
            if await self._ends_after(how, patience):
                break
        self._let_go()

    async def kill(self) -> None:
        """Kill the server as a power cut would; `start` then recovers."""
        await self._ends_after(signal.SIGKILL, STOP_S)
        self._let_go()

    def remove(self) -> None:
        """Delete the folder and all that is in it. The server must be down."""
        if self.is_running:
            raise InUse("The server still runs.", remedy="Stop it first.")
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.rmtree(self._sockets, ignore_errors=True)

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    @property
    def _log(self) -> Path:
        return self.folder / "postgres.log"

    def _choose_binaries(self) -> Binaries:
        marker = self._data / "PG_VERSION"
        major = int(marker.read_text()) if marker.exists() else None
        if self._binaries is None:
            return find(self.account, major=major)
        chosen = within_reach(self._binaries, self.account)
        if chosen is None:
            raise NoPostgres(
                f"{self.account.name} cannot run {self._binaries.folder}.",
                remedy="Choose another PostgreSQL, or set CSMS_DATABASE_URL.",
            )
        return chosen

    async def _initialize(self, binaries: Binaries) -> None:
        with new_data(self.folder, self.account) as (making, password_file):
            await self._run(
                [
                    str(binaries.program("initdb")),
                    f"--pgdata={making}",
                    f"--username={USER}",
                    f"--pwfile={password_file}",
                    "--auth=scram-sha-256",
                    "--encoding=UTF8",
                    "--no-instructions",
                    *_locale(binaries),
                ]
            )

    async def _run(self, command: Sequence[str]) -> None:
        process = self._spawn(command)
        try:
            while process.poll() is None:
                await pause(POLL_S)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
        if process.returncode:
            raise self._failure(f"{Path(command[0]).name} failed")

    def _clear_leftovers(self) -> None:
        """Remove what a crashed server left, which could pass for a living one.

        We hold the lock that every server of this folder holds, so a process with
        the number in the file is a stranger that got the number later.
        """
        make_private(self._sockets, self.account)
        for leftover in self._sockets.glob(".s.PGSQL.*"):
            leftover.unlink()
        left = self._data / "postmaster.pid"
        if left.exists():
            stranger = left.read_text().partition("\n")[0]
            if Path(f"/proc/{stranger}/cwd").resolve() == self._data:
                raise InUse(
                    f"Process {stranger} runs this database without our lock.",
                    remedy="Stop it, or set CSMS_DATA_DIR to another folder.",
                )
            left.unlink()

    def _launch(self, binaries: Binaries) -> None:
        settings = _SETTINGS | {"unix_socket_directories": str(self._sockets)}
        self._process = self._spawn(
            [
                str(binaries.program("postgres")),
                "-D",
                str(self._data),
                *(part for pair in settings.items() for part in ("-c", "=".join(pair))),
            ],
            dies_with_us=True,
        )
        atexit.register(self._interrupt)

    def _spawn(
        self, command: Sequence[str], *, dies_with_us: bool = False
    ) -> subprocess.Popen[bytes]:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW
        output = os.open(self._log, flags, 0o600)
        try:
            return subprocess.Popen(  # noqa: S603 (a PostgreSQL found on this machine)
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=self.folder,
                env=_environment(),
                start_new_session=True,
                pass_fds=[] if self._lock is None else [self._lock],
                preexec_fn=ended_with_us(signal.SIGINT) if dies_with_us else None,  # noqa: PLW1509 (one system call, no lock)
                **self.account.for_popen(),
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise ServerFailed(
                f"{command[0]} could not be run as {self.account.name}: {error}",
                remedy="Run csms as a normal user, or set CSMS_DATABASE_URL.",
            ) from error
        finally:
            os.close(output)

    async def _until_ready(self) -> None:
        deadline = asyncio.get_running_loop().time() + START_S
        while not await self._has_database():
            if not self.is_running:
                raise self._failure("PostgreSQL ended at once")
            if asyncio.get_running_loop().time() > deadline:
                raise self._failure(f"PostgreSQL was not ready after {START_S:.0f} s")
            await pause(POLL_S)

    async def _has_database(self) -> bool:
        try:
            connection = await asyncpg.connect(
                host=str(self._sockets),
                port=PORT,
                user=USER,
                password=password_in(self.folder),
                database="postgres",
            )
        except (OSError, asyncpg.CannotConnectNowError):
            return False
        try:
            with contextlib.suppress(asyncpg.DuplicateDatabaseError):
                await connection.execute(f"CREATE DATABASE {DATABASE}")
        finally:
            await connection.close()
        return True

    async def _ends_after(self, how: signal.Signals, patience: float) -> bool:
        """Return whether the server ends within so many seconds of the signal."""
        if self._process is None:
            return True
        deadline = asyncio.get_running_loop().time() + patience
        self._process.send_signal(how)
        while self._process.poll() is None:
            if asyncio.get_running_loop().time() > deadline:
                return False
            await pause(POLL_S)
        return True

    def _let_go(self) -> None:
        atexit.unregister(self._interrupt)
        self._process = None
        if self._lock is not None:
            release_lock(self._lock)
            self._lock = None

    def _interrupt(self) -> None:
        if self._process is not None and self._owner == os.getpid():
            self._process.send_signal(signal.SIGINT)

    def _failure(self, what: str) -> ServerFailed:
        tail = "\n".join(self._log.read_text(errors="replace").splitlines()[-8:])
        return ServerFailed(
            f"{what} in {self.folder}. The end of its log:\n{tail}",
            remedy="Mend what the log names, or set CSMS_DATABASE_URL.",
        )


def _locale(binaries: Binaries) -> list[str]:
    """Return how to order text by code point, the same on every machine."""
    if binaries.major >= BUILTIN_LOCALE_MAJOR:
        return [
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--locale=C",
        ]
    return ["--locale=C.UTF-8" if sys.platform == "linux" else "--locale=C"]


def _environment() -> dict[str, str]:
    """Return an environment in which no setting of the caller's shell counts."""
    kept = ("PATH", "LD_LIBRARY_PATH")
    return {name: os.environ[name] for name in kept if name in os.environ} | {
        "LC_ALL": "C"
    }
