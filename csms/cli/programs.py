"""`csms programs`: what is bought, when, under which rules, and what it came to."""

from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from csms.cli.desk import Desk, asks
from csms.cli.tables import (
    Column,
    Row,
    facts,
    found,
    listing,
    note,
    number,
    show,
    table,
    text,
)

if TYPE_CHECKING:
    from rich.console import RenderableType

app = typer.Typer(no_args_is_help=True, help="Programs and their season statements.")

ProgramArgument = Annotated[str, typer.Argument(metavar="PROGRAM", help="Its id.")]


@app.command("list")
@asks
def list_programs(desk: Desk) -> None:
    """List programs."""
    rows = desk.api.items("programs", most=1000)
    desk.show(rows, lambda: [listing("Programs", _PROGRAMS, rows, "No program.")])


@app.command("show")
@asks
def show_program(desk: Desk, program: ProgramArgument) -> None:
    """Show one program: seasons, windows, rules, payment."""
    said = desk.api.get("programs", program)
    desk.show(said, lambda: [facts(str(said.get("name")), _rules(said))])


@app.command()
@asks
def statement(
    desk: Desk,
    program: ProgramArgument,
    *,
    season: Annotated[
        str, typer.Option(help="Such as 2026-summer, or a year.", metavar="SEASON")
    ],
    as_csv: Annotated[
        bool, typer.Option("--csv", help="Write comma-separated values.")
    ] = False,
    explain: Annotated[
        bool, typer.Option("--explain", help="Say how each figure came about.")
    ] = False,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write the CSV to a file.")
    ] = None,
) -> None:
    """Show what each EVSE earned in a season, and why."""
    if as_csv or output is not None:
        parts = ("programs", program, "statement")
        desk.write(output, desk.api.stream(*parts, season=season, format="csv"))
        return
    said = desk.api.get("programs", program, "statement", season=season)
    desk.show(said, lambda: [_statement(said)])
    if explain and not desk.as_json:
        pairs = [
            (f"{each['station']}/{each['evse']}", each["explanation"])
            for each in said["lines"]
        ]
        show(facts("How each figure came about", pairs))


def _statement(said: Row) -> "RenderableType":
    title = f"{said['program']} {said['version']}, season {said['season']}"
    made = table(title, _LINES, said["lines"])
    made.show_footer = True
    made.columns[0].footer = "total"
    made.columns[-1].footer = f"{_money(said['total'])} {said['currency']}"
    note(f"inputs {said['input_hash']}")
    return made


def _money(said: str) -> str:
    """Return an amount to its last digit, with separated thousands."""
    return f"{Decimal(said):,}"


def _rules(said: Row) -> list[tuple[str, object]]:
    keys = (
        "id version sponsor administrator status mode timezone utilities "
        "customer_class max_hours payment.kind payment.rate payment.currency "
        "payment.per notice.default events.min events.typical events.max"
    )
    pairs: list[tuple[str, object]] = [
        (key.replace("_", " ").replace(".", " "), found(said, key))
        for key in keys.split()
    ]
    for window in said.get("windows") or ():
        days = f"{window['start'][:5]} to {window['end'][:5]}"
        pairs.append((f"window {window.get('season', '')}".strip(), days))
    for season in said.get("seasons") or ():
        start = season.get("from", season.get("from_"))
        pairs.append((f"season {season['id']}", f"{start} to {season['to']}"))
    return pairs


_PROGRAMS = (
    text("program", "id"),
    text("version", "version"),
    text("name", "name").spared(1),
    text("status", "status").spared(2),
    text("mode", "mode").spared(2),
    text("seasons", "seasons"),
    text("rate", "rate"),
    text("currency", "currency"),
    text("from", "effective_from"),
    text("to", "effective_to"),
    text("time zone", "timezone").spared(3),
)
_LINES = (
    text("participant", "participant"),
    Column("EVSE", lambda row: f"{row['station']}/{row['evse']}"),
    number("events", "events_called").spared(1),
    number("attended", "events_attended").spared(1),
    number("average", "average_kw", 2),
    text("unit", "unit"),
    Column("rate", lambda row: _money(row["rate"]), right=True),
    Column("gross", lambda row: _money(row["gross"]), right=True).spared(1),
    Column("amount", lambda row: _money(row["amount"]), right=True),
)
