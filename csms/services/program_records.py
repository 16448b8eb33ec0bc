"""Read the program records that come with this system, or from a folder."""

from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

import yaml

from csms.domain.errors import NotFound
from csms.domain.program import MalformedProgram, Program, parse_program

if TYPE_CHECKING:
    from datetime import date
    from importlib.resources.abc import Traversable

    from csms.domain.ids import ProgramId


class NoSuchProgram(NotFound):
    """No version of this program is in force then."""

    code = "no-such-program"
    usual_remedy = "see csms programs list"


def load_programs(folder: "Traversable | None" = None) -> tuple[Program, ...]:
    """Return every program record of a folder, ordered by id and first day.

    Files whose name starts with an underscore are blueprints and left out.

    Args:
        folder: Where to look; without one, the records of this package.

    Raises:
        MalformedProgram: If a file cannot be read, or two say the same version.
    """
    return _shipped() if folder is None else _read_all(folder)


@cache
def _shipped() -> tuple[Program, ...]:
    return _read_all(files("csms") / "programs")


def _read_all(folder: "Traversable") -> tuple[Program, ...]:
    names = sorted(
        each.name
        for each in folder.iterdir()
        if each.name.endswith(".yaml") and not each.name.startswith("_")
    )
    programs = [_read(folder / name) for name in names]
    seen: set[tuple[str, str]] = set()
    for program in programs:
        if (program.id, program.version) in seen:
            raise MalformedProgram(f"two records of {program.id} {program.version}")
        seen.add((program.id, program.version))
    return tuple(sorted(programs, key=lambda each: (each.id, each.effective_from)))


def program_in_force(
    programs: Iterable[Program], program: "ProgramId", day: "date"
) -> Program:
    """Return the version of a program that applies on a day, the newest of several.

    Raises:
        NoSuchProgram: If there is none.
    """
    versions = [each for each in programs if each.id == program and each.in_force(day)]
    if not versions:
        raise NoSuchProgram(f"no version of program {program} is in force on {day}")
    return max(versions, key=lambda each: (each.effective_from, each.version))


def _read(file: "Traversable") -> Program:
    try:
        document = yaml.safe_load(file.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise MalformedProgram(f"{file.name}: {error}") from error
    if not isinstance(document, dict):
        raise MalformedProgram(f"{file.name}: a program record is one mapping")
    try:
        return parse_program(document)
    except MalformedProgram as error:
        raise MalformedProgram(f"{file.name}: {error}", field=error.field) from error
