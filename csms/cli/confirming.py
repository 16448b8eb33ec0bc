"""Nothing far-reaching is done before somebody types what shows that they looked."""

import sys
from typing import Annotated

import typer

from csms.cli.failures import Failed

Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


def confirm(deed: str, token: str, meaning: str) -> None:
    """Go on only if the token, or yes, is typed.

    The question goes to standard error, so that standard output stays for results.

    Args:
        deed: What would be done, such as "call it".
        token: What is to be typed; thousands may be separated or not.
        meaning: What the token is, such as "its kW".

    Raises:
        Failed: If something else is typed, or nobody is there to type.
    """
    typer.echo(f"Type {token} ({meaning}) or yes to {deed}: ", nl=False, err=True)
    said = sys.stdin.readline().strip()
    if not sys.stdin.isatty():
        typer.echo(err=True)
    if said.lower() != "yes" and _plain(said) != _plain(token):
        raise Failed(
            "Not confirmed; nothing was done.",
            remedy="Type what is asked for, or say --yes in a script.",
        )


def _plain(said: str) -> str:
    return said.replace(",", "").removesuffix("kW").strip()
