"""`csms stations local-list` and `clear-cache`: what stations decide by themselves."""

from typing import Annotated, Any

import typer

from csms.cli.confirming import Yes, confirm
from csms.cli.desk import Desk, StationArgument, asks
from csms.cli.tables import facts, listing, moment, text

app = typer.Typer(
    no_args_is_help=True, help="The list by which a station decides who may charge."
)


@app.command("show")
@asks
def show_list(desk: Desk, station: StationArgument) -> None:
    """Show the list, as it should be and as it is."""
    _show(desk, desk.api.get("stations", station, "local-list"))


@app.command()
@asks
def manage(desk: Desk, station: StationArgument) -> None:
    """Keep the list in step with the id tokens from now on."""
    _show(desk, desk.api.ask("PUT", "stations", station, "local-list"))


@app.command()
@asks
def sync(
    desk: Desk,
    station: StationArgument,
    *,
    full: Annotated[bool, typer.Option("--full", help="Send all of it.")] = False,
) -> None:
    """Bring the list to the station, now."""
    parts = ("stations", station, "local-list", "sync")
    _show(desk, desk.api.ask("POST", *parts, body={"full": full}))


@app.command()
@asks
def empty(
    desk: Desk,
    station: StationArgument,
    *,
    yes: Yes = False,
) -> None:
    """Empty the list, and let it be."""
    if not yes:
        confirm("empty its local list", station, "its id")
    _show(desk, desk.api.ask("DELETE", "stations", station, "local-list"))


@asks
def clear_cache(desk: Desk, station: StationArgument) -> None:
    """Let a station forget the tokens it has seen."""
    said = desk.api.ask("DELETE", "stations", station, "authorization-cache")
    desk.show(said, lambda: [f"{station} answered {said['status']}"])


def _show(desk: Desk, said: dict[str, Any]) -> None:
    shown = {name: value for name, value in said.items() if name != "entries"}
    title = f"Local list of {said['station']}"
    desk.show(
        said,
        lambda: [
            facts(title, list(shown.items())),
            listing("Entries", _ENTRIES, said["entries"], "It holds no token of ours."),
        ],
    )


_ENTRIES = (
    text("type", "type"),
    text("value", "value"),
    text("status", "status"),
    text("group", "group").spared(1),
    moment("until", "until"),
    text("EVSEs", "evses").spared(2),
)
