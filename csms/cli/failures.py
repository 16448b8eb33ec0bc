"""What goes wrong at the command line: one sentence, its field, its remedy, its code."""

import sys
from enum import IntEnum
from typing import Any

import typer
from typer.core import TyperGroup
from typing_extensions import override

from csms.domain.errors import Conflict, DomainError, NotAllowed, NotFound


class ExitCode(IntEnum):
    """How a command ends, for scripts."""

    OK = 0
    FAILURE = 1
    USAGE = 2
    NOT_FOUND = 3
    REFUSED = 4
    INTERRUPTED = 130


class Failed(Exception):
    """A command cannot do what was asked.

    Attributes:
        code: How the process ends.
        field: The input at fault, if one is.
        remedy: What the person can do about it.
    """

    def __init__(
        self,
        what: str,
        *,
        code: ExitCode = ExitCode.FAILURE,
        field: str | None = None,
        remedy: str | None = None,
    ) -> None:
        self.code = code
        self.field = field
        self.remedy = remedy
        super().__init__(what)


class Door(TyperGroup):
    """The outermost command: whatever fails below it is told in one manner."""

    @override
    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except Failed as failed:
            tell(failed)
            raise typer.Exit(failed.code) from None
        except DomainError as error:
            failed = Failed(
                str(error), code=_code(error), field=error.field, remedy=error.remedy
            )
            tell(failed)
            raise typer.Exit(failed.code) from None


def tell(failed: Failed) -> None:
    """Print a failure on standard error: what, which field, what to do."""
    from rich.console import Console
    from rich.text import Text

    console = Console(file=sys.stderr, soft_wrap=True, highlight=False)
    console.print(Text("error: ", "bold red") + Text(str(failed)))
    if failed.field:
        console.print(Text("field: ", "bold") + Text(failed.field))
    if failed.remedy:
        console.print(Text("remedy: ", "bold green") + Text(failed.remedy))


def _code(error: DomainError) -> ExitCode:
    match error:
        case NotFound():
            return ExitCode.NOT_FOUND
        case Conflict() | NotAllowed():
            return ExitCode.REFUSED
        case _:
            return ExitCode.FAILURE
