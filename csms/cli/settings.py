"""`csms settings`: what an operator may set, and what is set now."""

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from csms.cli.failures import ExitCode, Failed

if TYPE_CHECKING:
    from rich.table import Table

    from csms.settings import Described, Settings


def settings(
    *,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON instead of a table.")
    ] = False,
) -> None:
    """Show every setting: its environment variable, its value, its reason."""
    from csms.cli.tables import show, show_json

    rows = list(_rows(loaded()))
    if as_json:
        show_json(rows)
    else:
        show(_table(rows, "Settings of this environment"))


def loaded(**given: object) -> "Settings":
    """Return the settings; given values that are none leave it to the environment.

    Raises:
        Failed: If a setting makes no sense.
    """
    from csms.settings import BadSetting, load

    chosen = {name: value for name, value in given.items() if value is not None}
    try:
        return load(**chosen)
    except BadSetting as bad:
        raise Failed(
            str(bad), code=ExitCode.USAGE, remedy="csms serve --help lists them all."
        ) from None


def settings_help() -> "Table":
    """Return every setting with its default, for the help of a command."""
    return _table(list(_rows(None)), "Settings, by environment variable")


def _rows(kept: "Settings | None") -> Iterator[dict[str, Any]]:
    from csms.settings import describe

    for each in describe():
        yield {
            "name": each.name,
            "variable": each.env,
            "value": each.default if kept is None else _value(kept, each),
            "default": each.default,
            "is_set": each.env in os.environ,
            "unit": each.unit,
            "meaning": each.sentence,
        }


def _value(kept: "Settings", each: "Described") -> str:
    """Return a value as text; secrets stay hidden by their type."""
    value = getattr(kept, each.name)
    return "" if value is None else str(value)


def _table(rows: list[dict[str, Any]], title: str) -> "Table":
    from rich.table import Table
    from rich.text import Text

    made = Table.grid(padding=(0, 2))
    made.title, made.title_justify, made.title_style = title, "left", "bold"
    made.add_column(no_wrap=True)
    made.add_column(overflow="fold")
    for row in rows:
        style = "bold green" if row["is_set"] else "bold"
        value = " ".join(filter(None, (row["value"], row["unit"]))) or "not set"
        made.add_row(Text(row["variable"], style), Text(value, style))
        made.add_row("", Text(row["meaning"], "dim"))
    return made
