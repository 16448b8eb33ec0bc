import re
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).parents[2]
LOCK = (ROOT / "requirements.lock").read_text()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
LOCKED = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>\S+)", re.MULTILINE)


def plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def entries() -> list[str]:
    return re.findall(r"^(?=[A-Za-z0-9])(?:.*\\\n)*.*$", LOCK, re.MULTILINE)


def test_every_locked_package_is_pinned_and_hashed() -> None:
    assert entries()
    for entry in entries():
        assert LOCKED.match(entry), entry
        assert "--hash=sha256:" in entry, entry


def test_the_lock_names_no_address_and_no_local_path() -> None:
    assert not re.search(r"https?://|file:|^-|/\w+/\w+/", LOCK, re.MULTILINE)


def test_the_lock_satisfies_what_the_project_asks_for() -> None:
    locked = {
        plain(found["name"]): Version(found["version"])
        for found in LOCKED.finditer(LOCK)
    }
    asked = PROJECT["project"]["dependencies"] + PROJECT["dependency-groups"]["dev"]

    for requirement in map(Requirement, asked):
        version = locked.get(plain(requirement.name))
        assert version is not None, f"{requirement} is not locked: make lock"
        assert requirement.specifier.contains(version, prereleases=True), requirement
