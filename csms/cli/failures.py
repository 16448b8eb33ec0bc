"""How commands fail: one sentence, the field at fault, the remedy, an exit code."""

from collections.abc import Sequence
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
        more: Everything that is wrong, where there may be several things.
    """

    def __init__(
        self,
        what: str,
        *,
        code: ExitCode = ExitCode.FAILURE,
        field: str | None = None,
        remedy: str | None = None,
        more: Sequence[str] = (),
    ) -> None:
        self.code = code
        self.field = field
        self.remedy = remedy
        self.more = tuple(more)
        super().__init__(what)


class Door(TyperGroup):
    """The outermost command: whatever fails below it is told in one manner."""

    @override
    def invoke(self, ctx: Any) -> Any:
        """Run the command; tell its failure and exit by its code."""
        try:
            return super().invoke(ctx)
        except Failed as error:
            failed = error
        except DomainError as error:
            failed = from_domain(error)
        tell(failed)
        raise typer.Exit(failed.code)


def from_domain(error: DomainError) -> Failed:
    """Return what a failure of the domain means at the command line."""
    match error:
        case NotFound():
            code = ExitCode.NOT_FOUND
        case Conflict() | NotAllowed():
            code = ExitCode.REFUSED
        case _:
            code = ExitCode.FAILURE
    return Failed(str(error), code=code, field=error.field, remedy=error.remedy)


def tell(failed: Failed) -> None:
    """Print a failure on standard error: what, which field, what to do."""
    from rich.text import Text

    from csms.cli.tables import harmless, on_stderr

    console = on_stderr()

    def say(label: str, style: str, text: str) -> None:
        console.print(Text(label, style) + Text(harmless(text)), soft_wrap=True)

    say("error: ", "bold red", str(failed))
    for each in failed.more:
        say("  - ", "", each)
    if failed.field:
        say("field: ", "bold", failed.field)
    if failed.remedy:
        say("remedy: ", "bold green", failed.remedy)
