"""`csms tariffs`: what charging costs, and where which tariff holds."""

from typing import Annotated

import typer

from csms.cli.desk import Desk, StationArgument, asks
from csms.cli.reading import json_from
from csms.cli.tables import listing, moment, number, text

app = typer.Typer(no_args_is_help=True, help="What energy costs where (OCPP 2.1).")
TariffArgument = Annotated[str, typer.Argument(metavar="TARIFF", help="Its id.")]
Evse = Annotated[int, typer.Option("--evse", min=0, help="Which; 0: the station.")]


@app.command("list")
@asks
def list_tariffs(desk: Desk) -> None:
    """List tariffs."""
    rows = desk.api.items("tariffs", most=1000)
    desk.show(rows, lambda: [listing("Tariffs", _TARIFFS, rows, "No tariff.")])


@app.command()
@asks
def save(
    desk: Desk,
    document: Annotated[
        str,
        typer.Argument(help="A TariffType of OCPP 2.1: JSON, @FILE, or - for stdin."),
    ],
) -> None:
    """Keep a tariff, in place of one of the same id."""
    said = desk.api.ask("PUT", "tariffs", body=json_from(document))
    desk.show(said, lambda: [f"{said['id']} is kept"])


@app.command()
@asks
def remove(desk: Desk, tariff: TariffArgument) -> None:
    """Forget a tariff that holds nowhere."""
    desk.api.ask("DELETE", "tariffs", tariff)
    desk.show({"removed": tariff}, lambda: [f"{tariff} is forgotten"])


@app.command()
@asks
def assign(
    desk: Desk, station: StationArgument, tariff: TariffArgument, *, evse: Evse = 0
) -> None:
    """Let a tariff hold for everybody at a station or EVSE."""
    body = {"tariff": tariff, "evse": evse}
    said = desk.api.ask("PUT", "stations", station, "tariffs", body=body)
    desk.show(said, lambda: [listing(f"Tariffs of {station}", _HELD, [said], "")])


@app.command()
@asks
def held(desk: Desk, station: StationArgument) -> None:
    """List which tariffs hold at a station."""
    rows = desk.api.items("stations", station, "tariffs", most=1000)
    title = f"Tariffs of {station}"
    desk.show(rows, lambda: [listing(title, _HELD, rows, "No tariff holds there.")])


@app.command()
@asks
def clear(desk: Desk, station: StationArgument, *, evse: Evse = 0) -> None:
    """Let no tariff hold there any more."""
    said = desk.api.ask("DELETE", "stations", station, "tariffs", str(evse))
    desk.show(said, lambda: [f"no tariff holds at {station} {evse} any more"])


_TARIFFS = (text("tariff", "id"), text("currency", "currency"))
_HELD = (
    number("EVSE", "evse"),
    text("tariff", "tariff"),
    text("reckoned by", "state"),
    moment("since", "assigned_at"),
    text("by", "assigned_by"),
)
