import asyncio
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest

from csms.db import account, binaries, folder
from csms.db.account import Account, NoPostgres, account_for
from csms.db.binaries import Binaries, bundled, find, installed
from csms.db.embedded import EmbeddedPostgres, ServerFailed
from csms.db.engine import connect_raw
from csms.db.folder import InUse, socket_folder
from csms.db.migrating import migrate

pytestmark = pytest.mark.postgres

AS_ROOT = os.geteuid() == 0
ROOT = Path(__file__).parents[2]

OWNER = """
    import asyncio, signal, sys
    from pathlib import Path
    from csms.db.embedded import EmbeddedPostgres

    async def own() -> None:
        server = EmbeddedPostgres(Path(sys.argv[1]))
        await server.start()
        print(server.pid, flush=True)
        await asyncio.sleep(600)

    signal.signal(signal.SIGINT, signal.default_int_handler)
    asyncio.run(own())
"""


@pytest.fixture
def home() -> Iterator[Path]:
    """A new folder that every account may pass through."""
    path = Path(tempfile.mkdtemp(prefix="csms-test-"))
    path.chmod(0o711 if AS_ROOT else 0o700)
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
async def server(home: Path) -> AsyncIterator[EmbeddedPostgres]:
    async with EmbeddedPostgres(home / "db") as running:
        yield running


async def ask(url: str, query: str) -> object:
    connection = await connect_raw(url)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


def owned_elsewhere(path: Path) -> tuple["subprocess.Popen[str]", int]:
    """Start a server in another process; return that process and the server's pid."""
    owner = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(OWNER), str(path)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert owner.stdout is not None
    for line in owner.stdout:
        if line.strip().isdigit():
            return owner, int(line)
    raise AssertionError("the server did not start")


def stranger_of(owner: Account) -> "subprocess.Popen[bytes]":
    """Start a process that only has the account in common with the server."""
    return subprocess.Popen(["sleep", "60"], cwd="/", **owner.for_popen())


async def ended(pid: int, *, within: float = 15) -> bool:
    for _ in range(int(within / 0.05)):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        await asyncio.sleep(0.05)
    return False


@pytest.mark.parametrize("found", list(installed()), ids=lambda found: found.version)
async def test_every_postgres_found_here_serves(home: Path, found: Binaries) -> None:
    async with EmbeddedPostgres(home / "db", binaries=found) as server:
        version = await ask(server.url, "SHOW server_version")
        await migrate(server.url)

    assert str(version).startswith(str(found.major))
    assert not server.is_running


def test_the_wheel_is_among_what_was_found() -> None:
    assert any(found.bundled for found in installed())


async def test_it_is_durable_private_and_off_the_network(
    server: EmbeddedPostgres,
) -> None:
    shown = {
        name: await ask(server.url, f"SHOW {name}")
        for name in ("fsync", "synchronous_commit", "listen_addresses", "jit")
    }

    assert shown == {
        "fsync": "on",
        "synchronous_commit": "on",
        "listen_addresses": "",
        "jit": "off",
    }
    assert stat.S_IMODE((server.folder / "password").stat().st_mode) == 0o600
    assert stat.S_IMODE((server.folder / "data").stat().st_mode) == 0o700
    assert stat.S_IMODE((server.folder / "run").stat().st_mode) == 0o700


async def test_a_wrong_password_does_not_get_in(server: EmbeddedPostgres) -> None:
    password = (server.folder / "password").read_text()

    with pytest.raises(asyncpg.InvalidPasswordError):
        await connect_raw(server.url.replace(password, "guess"))


async def test_what_was_committed_survives_a_kill(server: EmbeddedPostgres) -> None:
    await ask(server.url, "CREATE TABLE kept AS SELECT 42 AS answer")

    await server.kill()
    assert not server.is_running
    await server.start()

    assert await ask(server.url, "SELECT answer FROM kept") == 42


async def test_the_address_stays_the_same_over_a_restart(
    server: EmbeddedPostgres,
) -> None:
    before = server.url

    await server.stop()
    await server.stop()
    await server.start()

    assert server.url == before
    assert await ask(before, "SELECT 1") == 1


async def test_a_stale_pid_file_of_a_stranger_does_not_matter(
    server: EmbeddedPostgres,
) -> None:
    await server.kill()
    stranger = stranger_of(server.account)
    left = server.folder / "data/postmaster.pid"
    left.write_text(f"{stranger.pid}\n/nowhere\n")

    await server.start()
    stranger.kill()
    stranger.wait()

    assert await ask(server.url, "SELECT 1") == 1


@pytest.mark.skipif(sys.platform != "linux", reason="a signal of the Linux kernel")
async def test_the_server_ends_when_its_owner_is_killed(home: Path) -> None:
    owner, pid = owned_elsewhere(home / "db")

    owner.kill()
    owner.communicate()

    assert await ended(pid)
    log = (home / "db/postgres.log").read_text()
    assert "database system is shut down" in log
    async with EmbeddedPostgres(home / "db") as server:
        assert await ask(server.url, "SELECT 1") == 1


async def test_the_server_ends_when_its_owner_exits(home: Path) -> None:
    owner, pid = owned_elsewhere(home / "db")

    owner.send_signal(signal.SIGINT)
    owner.communicate()

    assert await ended(pid)


async def test_a_folder_has_one_owner(server: EmbeddedPostgres, home: Path) -> None:
    with pytest.raises(InUse, match=f"Process {os.getpid()} already"):
        await EmbeddedPostgres(home / "db").start()

    assert await ask(server.url, "SELECT 1") == 1


async def test_nothing_is_left_after_removal(home: Path) -> None:
    server = EmbeddedPostgres(home / "db")
    await server.start()
    with pytest.raises(InUse):
        server.remove()

    await server.stop()
    server.remove()

    assert not server.folder.exists()


async def test_a_long_path_gets_a_short_socket(home: Path) -> None:
    deep = home / ("long" * 20) / ("longer" * 10)
    if AS_ROOT:
        deep.parent.mkdir(mode=0o711)

    async with EmbeddedPostgres(deep) as server:
        assert server.folder == deep
        assert await ask(server.url, "SELECT 1") == 1

    server.remove()
    assert not socket_folder(server.folder, server.account).exists()


async def test_settings_of_the_shell_do_not_matter(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGDATA", "/nowhere")
    monkeypatch.setenv("PGPORT", "1")
    monkeypatch.setenv("PGHOST", "nowhere.invalid")
    monkeypatch.setenv("LC_ALL", "xx_YY.UTF-8")

    async with EmbeddedPostgres(home / "db") as server:
        assert await ask(server.url, "SHOW server_encoding") == "UTF8"


async def test_a_server_that_cannot_start_shows_the_end_of_its_log(
    home: Path,
) -> None:
    server = EmbeddedPostgres(home / "db")
    await server.start()
    await server.stop()
    (server.folder / "data/postgresql.auto.conf").write_text("no_such_setting = 1\n")

    with pytest.raises(ServerFailed, match="no_such_setting") as caught:
        await server.start()

    assert caught.value.remedy
    assert not server.is_running


def test_without_postgres_the_error_names_the_remedy(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(binaries, "installed", lambda: iter(()))

    with pytest.raises(NoPostgres, match="14 or newer") as caught:
        find(account_for(home))

    assert "CSMS_DATABASE_URL" in str(caught.value.remedy)


def test_an_existing_folder_gets_the_version_that_made_it(home: Path) -> None:
    newest = next(bundled())

    assert find(account_for(home), major=newest.major).major == newest.major
    with pytest.raises(NoPostgres, match="PostgreSQL 9 was"):
        find(account_for(home), major=9)


def test_a_folder_that_is_none_is_refused(home: Path) -> None:
    (home / "db").write_text("something else")

    with pytest.raises(NoPostgres, match="cannot use") as caught:
        EmbeddedPostgres(home / "db")

    assert "CSMS_DATA_DIR" in str(caught.value.remedy)


@pytest.mark.skipif(not AS_ROOT, reason="only root lends another account")
class TestAsRoot:
    """PostgreSQL refuses to run as root and may not enter root's folders."""

    @pytest.fixture
    def private(self, home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """A folder that only root may enter, and other places for what cannot be."""
        for module, name in ((folder, "STORES"), (binaries, "CACHES")):
            monkeypatch.setattr(module, name, (home / name.lower(),))
        private = home / "private"
        private.mkdir(mode=0o700)
        return private

    @pytest.fixture
    def hidden(self, private: Path) -> Binaries:
        """The wheel's PostgreSQL, where only root can reach it."""
        found = next(bundled())
        site = found.folder.parents[2]
        unneeded = shutil.ignore_patterns("include", "*.a")
        for part in (found.folder.parent, site / f"{binaries.WHEEL}.libs"):
            place = private / "site" / part.relative_to(site)
            shutil.copytree(part, place, ignore=unneeded)
        return Binaries(
            private / "site" / found.folder.relative_to(site),
            found.version,
            bundled=True,
        )

    async def test_it_serves_although_binaries_and_folder_are_out_of_reach(
        self, private: Path, hidden: Binaries, home: Path
    ) -> None:
        modes = [path.stat().st_mode for path in (private, home, Path("/root"))]

        async with EmbeddedPostgres(private / "db", binaries=hidden) as server:
            assert server.account.uid != 0
            assert server.folder.parent == home / "stores"
            assert await ask(server.url, "SELECT 1") == 1
            owner = (server.folder / "data").stat().st_uid

        assert owner == server.account.uid
        again = EmbeddedPostgres(private / "db", binaries=hidden)
        assert again.folder == server.folder
        assert modes == [p.stat().st_mode for p in (private, home, Path("/root"))]

    async def test_the_copy_is_roots_and_made_once(
        self, private: Path, hidden: Binaries, home: Path
    ) -> None:
        unprivileged = account_for(private)

        first = binaries.within_reach(hidden, unprivileged)
        assert first is not None
        made = first.program("postgres").stat()
        second = binaries.within_reach(hidden, unprivileged)

        assert second == first
        assert first.program("postgres").stat() == made
        [copy] = (home / "caches").iterdir()
        assert all(
            path.stat().st_uid == 0 and not path.stat().st_mode & 0o022
            for path in (copy, *copy.rglob("*"))
        )

    async def test_a_copy_that_others_could_write_is_not_trusted(
        self, private: Path, hidden: Binaries
    ) -> None:
        unprivileged = account_for(private)
        first = binaries.within_reach(hidden, unprivileged)
        assert first is not None
        first.folder.parents[2].chmod(0o777)

        with pytest.raises(NoPostgres, match="not trusted"):
            binaries.within_reach(hidden, unprivileged)

    async def test_data_that_moved_out_of_reach_are_not_replaced(
        self, home: Path
    ) -> None:
        async with EmbeddedPostgres(home / "db" / "inner"):
            pass
        (home / "db").chmod(0o700)

        with pytest.raises(NoPostgres, match="cannot use"):
            EmbeddedPostgres(home / "db" / "inner")

    async def test_nobody_will_do_where_there_is_no_postgres_account(
        self, home: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(account, "ACCOUNTS", ("no-such-user", "nobody"))

        async with EmbeddedPostgres(home / "db") as server:
            assert server.account.name == "nobody"
            assert await ask(server.url, "SELECT 1") == 1

    def test_without_any_account_the_error_names_the_remedy(
        self, home: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(account, "ACCOUNTS", ("no-such-user",))

        with pytest.raises(NoPostgres, match="does not run as root") as caught:
            EmbeddedPostgres(home / "db")

        assert "CSMS_DATABASE_URL" in str(caught.value.remedy)

    async def test_the_owner_of_a_folder_runs_the_server_in_it(
        self, home: Path
    ) -> None:
        nobody = pwd.getpwnam("nobody")
        theirs = home / "db"
        theirs.mkdir(mode=0o700)
        os.chown(theirs, nobody.pw_uid, nobody.pw_gid)

        async with EmbeddedPostgres(theirs) as server:
            assert server.account == Account("nobody", nobody.pw_uid, nobody.pw_gid)
            assert await ask(server.url, "SELECT 1") == 1
