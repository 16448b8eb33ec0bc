"""Who runs our PostgreSQL, and which folders that account can reach.

PostgreSQL refuses to run as root. Root therefore lends it an unprivileged account,
which in turn may be unable to enter the folder that this program lives in. No mode
of anybody's folder is changed to cure that: what must be reachable goes elsewhere.
"""

import os
import pwd
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from csms.domain.errors import Broken

ACCOUNTS = ("postgres", "nobody")


class NoPostgres(Broken):
    """No usable PostgreSQL server was found."""

    code = "no-postgres"


class AsAnother(TypedDict, total=False):
    """The arguments with which `subprocess` starts a child as another account."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True, slots=True)
class Account:
    """The operating-system account that a server runs as.

    Attributes:
        name: Its name, for messages.
        uid: Its user number.
        gid: Its group number.
    """

    name: str
    uid: int
    gid: int

    @property
    def is_me(self) -> bool:
        """Return whether this process runs as the account already."""
        return self.uid == os.geteuid()

    def for_popen(self) -> AsAnother:
        """Return what `subprocess` needs to start a child as this account."""
        if self.is_me:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def can(self, test: str, *paths: Path) -> bool:
        """Return whether a shell that runs as this account succeeds with the test.

        It is tried rather than worked out from mode bits, so that access lists,
        mounts and namespaces count as well.

        Args:
            test: Shell code in which `$1`, `$2` are the paths.
            paths: The paths.
        """
        try:
            done = subprocess.run(  # noqa: S603 (the paths are arguments, not code)
                ["/bin/sh", "-c", test, "sh", *map(str, paths)],
                check=False,
                capture_output=True,
                cwd="/",
                **self.for_popen(),
            )
        except OSError:
            return False
        return done.returncode == 0


def account_for(folder: Path) -> Account:
    """Return who should run a server whose data lie in the folder.

    A normal user runs it personally. For root it is whoever owns the data, or else
    an unprivileged account of the machine.

    Raises:
        NoPostgres: If root has no other account to lend.
    """
    if os.geteuid() != 0:
        return _account(os.geteuid(), os.getegid())
    for owned in (folder / "data", folder):
        if owned.exists() and (found := owned.stat()).st_uid != 0:
            return _account(found.st_uid, found.st_gid)
    for name in ACCOUNTS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name, entry.pw_uid, entry.pw_gid)
    raise NoPostgres(
        "PostgreSQL does not run as root, and there is no account to run it as.",
        remedy="Add a user called postgres, run csms as a normal user, "
        "or set CSMS_DATABASE_URL.",
    )


def _account(uid: int, gid: int) -> Account:
    try:
        return Account(pwd.getpwuid(uid).pw_name, uid, gid)
    except KeyError:
        raise NoPostgres(
            f"User number {uid} has no name here, and PostgreSQL demands one.",
            remedy="Add it to /etc/passwd, or set CSMS_DATABASE_URL.",
        ) from None


def enterable(folder: Path, account: Account) -> bool:
    """Create the folder if need be; return whether the account can enter it.

    Only whoever calls this may write there; the account gets a folder of its own
    within. A folder that is ours is opened for passing through, its parents never.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        found = folder.lstat()
        if stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid():
            folder.chmod(0o700 if account.is_me else 0o711)
    except OSError:
        return False
    return os.access(folder, os.W_OK | os.X_OK) and account.can('cd "$1"', folder)


def first_enterable(folders: tuple[Path, ...], account: Account) -> Path:
    """Return the first of the folders that is ours and that the account can enter.

    Raises:
        NoPostgres: If it can enter none.
    """
    for folder in folders:
        if enterable(folder, account) and folder.lstat().st_uid == os.geteuid():
            return folder
    raise NoPostgres(
        f"{account.name}, who would run PostgreSQL, can enter none of "
        + ", ".join(map(str, folders)),
        remedy="Set CSMS_DATA_DIR to a folder that it can enter, "
        "or CSMS_DATABASE_URL to a PostgreSQL server.",
    )
