"""What every command that asks the API has in common: where, as whom, and how shown."""

import functools
import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from csms.cli.client import DEFAULT_URL, Api, connect
from csms.cli.failures import ExitCode, Failed
from csms.cli.tables import note, show, show_json

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rich.console import RenderableType

_CONNECTION = "Connection and output"

Url = Annotated[
    str,
    typer.Option(
        "--url",
        envvar="CSMS_URL",
        metavar="URL",
        help="Address of the node.",
        rich_help_panel=_CONNECTION,
    ),
]
Token = Annotated[
    str | None,
    typer.Option(
        "--token",
        envvar="CSMS_TOKEN",
        metavar="TOKEN",
        show_default=False,
        help="API token.",
        rich_help_panel=_CONNECTION,
    ),
]
AsJson = Annotated[
    bool,
    typer.Option(
        "--json",
        help="Print JSON instead of tables.",
        rich_help_panel=_CONNECTION,
    ),
]
StationArgument = Annotated[str, typer.Argument(metavar="STATION", help="Its id.")]
Limit = Annotated[int, typer.Option("--limit", "-n", min=1, help="How many at most.")]


@dataclass(frozen=True, slots=True)
class Desk:
    """Where a command asks and answers.

    Attributes:
        api: The node.
        as_json: Whether a program reads along.
    """

    api: Api
    as_json: bool

    def show(
        self, document: object, draw: Callable[[], "Sequence[RenderableType]"]
    ) -> None:
        """Print a result: as it is for programs, drawn for people."""
        if self.as_json:
            show_json(document)
        else:
            show(*draw())

    def write(self, output: "Path | None", chunks: "Iterator[bytes]") -> None:
        """Write a long answer to a file or to standard output, as it comes.

        Raises:
            Failed: If the file cannot be written.
        """
        if output is None:
            for chunk in chunks:
                typer.echo(chunk, nl=False)
            return
        first = next(chunks, b"")
        try:
            with output.open("wb") as file:
                size = file.write(first) + sum(file.write(chunk) for chunk in chunks)
        except OSError as error:
            raise Failed(
                f"{output} cannot be written: {error.strerror}",
                code=ExitCode.USAGE,
                field="--output",
                remedy="Name a file that this user can write.",
            ) from error
        note(f"{output}: {size:,} bytes")


def asks(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of an API client.

    Args:
        command: Takes a desk first, which stands for those options, then its own.
    """

    @functools.wraps(command)
    def run(
        *, api_url: str, api_token: str | None, as_json: bool, **given: object
    ) -> None:
        with connect(api_url, api_token) as api:
            command(Desk(api, as_json), **given)

    own = list(inspect.signature(command).parameters.values())[1:]
    common = [
        _option("api_url", Url, default=DEFAULT_URL),
        _option("api_token", Token, default=None),
        _option("as_json", AsJson, default=False),
    ]
    named = [each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in own]
    run.__signature__ = inspect.Signature([*named, *common])  # type: ignore[attr-defined]
    run.__annotations__ = {each.name: each.annotation for each in (*named, *common)}
    return run


def _option(name: str, annotation: object, *, default: object) -> inspect.Parameter:
    return inspect.Parameter(
        name,
        inspect.Parameter.KEYWORD_ONLY,
        default=default,
        annotation=annotation,
    )
