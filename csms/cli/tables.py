"""How the command line shows things: tables for people, JSON for programs.

Standard output carries results only; whatever else there is to say goes to standard
error. Texts that come from stations or people lose what could steer a terminal.
"""

import json
import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import typer

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table
    from rich.text import Text

Row = Mapping[str, Any]

NOTHING = "\N{EN DASH}"
_WIDE = 4000
_GAP = 3
_CONTROLS = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]"
)
_BEYOND_JSON = re.compile(r"[\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_STYLES = {
    "yes": "green",
    "ok": "bold green",
    "warn": "bold yellow",
    "fail": "bold red",
    "connected": "green",
    "offline": "red",
    "delivered": "green",
    "active": "bold green",
    "cancelled": "dim",
    "failed": "red",
    "critical": "bold red",
    "quarantined": "red",
}


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table.

    Attributes:
        head: What stands above it, its unit included.
        cell: Returns what stands in it.
        right: Whether it holds numbers.
        spare: How soon it is left out where the terminal is narrow; 0 is never.
    """

    head: str
    cell: Callable[[Row], object]
    right: bool = False
    spare: int = 0

    def spared(self, rank: int = 1) -> "Column":
        """Return the column as one that may be left out, a higher rank sooner."""
        return replace(self, spare=rank)


def text(head: str, key: str) -> Column:
    """Return a column of words."""
    return Column(head, lambda row: found(row, key))


def number(head: str, key: str, digits: int = 0, scale: float = 1.0) -> Column:
    """Return a column of numbers.

    Args:
        head: What stands above it.
        key: Where the number is; dots lead into objects.
        digits: How many decimals are shown.
        scale: What it is multiplied by, such as 0.001 from watts to kilowatts.
    """

    def cell(row: Row) -> str:
        value = found(row, key)
        return NOTHING if value is None else figure(value * scale, digits)

    return Column(head, cell, right=True)


def moment(head: str, key: str, *, seconds: bool = False) -> Column:
    """Return a column of instants, in the zone that the row names, or the machine's."""
    return Column(
        head, lambda row: local(found(row, key), row.get("timezone"), seconds=seconds)
    )


def found(row: Any, key: str) -> Any:  # noqa: ANN401 (whatever the API says)
    """Return what lies at a dotted key, or none."""
    for part in key.split("."):
        row = row.get(part) if isinstance(row, Mapping) else None
    return row


def table(title: str, columns: Sequence[Column], rows: Iterable[Row]) -> "Table":
    """Return rows as a table, numbers to the right.

    Where the terminal is narrow, columns that can be spared are left out, and named
    below the table.
    """
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    cells = [[word(column.cell(row)) for column in columns] for row in rows]
    kept = _fitting(columns, cells, on_stdout().width)
    left_out = [each.head for at, each in enumerate(columns) if at not in kept]
    made = Table(
        title=title,
        title_justify="left",
        title_style="bold",
        box=SIMPLE_HEAD,
        caption=f"wider terminals, or --json: {', '.join(left_out)}"
        if left_out
        else None,
        caption_justify="left",
    )
    for at in kept:
        made.add_column(
            columns[at].head,
            justify="right" if columns[at].right else "left",
            no_wrap=columns[at].right,
            overflow="fold",
        )
    for line in cells:
        made.add_row(*(line[at] for at in kept))
    return made


def listing(
    title: str, columns: Sequence[Column], rows: Sequence[Row], empty: str
) -> "RenderableType":
    """Return a table, or what to do next if there is nothing to show."""
    from rich.text import Text

    return table(f"{title} ({len(rows)})", columns, rows) if rows else Text(empty)


def facts(title: str, pairs: Iterable[tuple[str, object]]) -> "RenderableType":
    """Return names and values below each other; values that are none are left out."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    made = Table.grid(padding=(0, 2))
    made.add_column(style="dim", no_wrap=True)
    made.add_column(overflow="fold")
    for name, value in pairs:
        if value is not None and value != "":
            made.add_row(name, word(value))
    return Group(Text(harmless(title), "bold"), made)


def word(value: object) -> "Text":
    """Return a value as people read it."""
    from rich.text import Text

    if isinstance(value, Text):
        return value
    if value is None or value == "":
        return Text(NOTHING, "dim")
    if isinstance(value, bool):
        value = "yes" if value else "no"
    if isinstance(value, float):
        value = figure(value, 1)
    if isinstance(value, Mapping):
        value = ", ".join(f"{name} {part}" for name, part in value.items()) or NOTHING
    if isinstance(value, list | tuple):
        value = ", ".join(map(str, value)) or NOTHING
    shown = harmless(str(value))
    return Text(shown, _STYLES.get(shown, ""))


def figure(value: float, digits: int = 0) -> str:
    """Return a number with separated thousands and no minus before a zero."""
    shown = f"{value:,.{digits}f}"
    return shown.lstrip("-") if not shown.strip("-0.,") else shown


def local(
    instant: str | None, zone: str | None = None, *, seconds: bool = False
) -> str:
    """Return an instant as local time with its zone.

    Args:
        instant: As the API gives it, in UTC.
        zone: An IANA time zone; none for that of this machine.
        seconds: Whether they matter.
    """
    if not instant:
        return NOTHING
    at = datetime.fromisoformat(instant).astimezone(_zone(zone) if zone else None)
    time = f"{at:%H:%M:%S}" if seconds else f"{at:%H:%M}"
    return f"{at:%a %Y-%m-%d} {time} {at.tzname()}"


def harmless(said: str) -> str:
    """Return a text without what could steer a terminal."""
    return _CONTROLS.sub("\N{REPLACEMENT CHARACTER}", said)


def on_stdout() -> "Console":
    """Return where results go: as wide as the terminal, or as wide as they need."""
    from rich.console import Console

    console = Console(highlight=False)
    if console.is_terminal or "COLUMNS" in os.environ:
        return console
    return Console(highlight=False, width=_WIDE)


def on_stderr() -> "Console":
    """Return where progress, warnings and failures go."""
    from rich.console import Console

    return Console(stderr=True, highlight=False)


def show(*things: "RenderableType") -> None:
    """Print results for people."""
    console = on_stdout()
    if console.is_terminal:
        console.print(*things, sep="\n")
        return
    with console.capture() as captured:
        console.print(*things, sep="\n")
    typer.echo("\n".join(line.rstrip() for line in captured.get().splitlines()))


def show_json(document: object) -> None:
    """Print a result for programs."""
    said = json.dumps(document, indent=2, ensure_ascii=False)
    typer.echo(_BEYOND_JSON.sub(lambda odd: f"\\u{ord(odd[0]):04x}", said))


def note(said: str) -> None:
    """Say something beside the results."""
    on_stderr().print(harmless(said), style="dim", markup=False)


def _fitting(
    columns: Sequence[Column], cells: Sequence[Sequence["Text"]], width: int
) -> list[int]:
    """Return which columns to show so that no line is wider than the terminal."""
    needed = [
        max([len(column.head), *(line[at].cell_len for line in cells)]) + _GAP
        for at, column in enumerate(columns)
    ]
    kept = list(range(len(columns)))
    while sum(needed[at] for at in kept) + _GAP > width:
        spare = max(kept, key=lambda at: (columns[at].spare, at))
        if not columns[spare].spare:
            break
        kept.remove(spare)
    return kept


@cache
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)
