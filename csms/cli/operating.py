"""`csms stations start` and so on: what is asked of a station by hand."""

from typing import Annotated, Any

import typer

from csms.cli.desk import Desk, Limit, StationArgument, asks
from csms.cli.stations import app
from csms.cli.tables import Column, Row, listing, moment, number, text

OPERATOR, CENTRAL = "operator", "Central"
Evse = Annotated[int | None, typer.Option("--evse", min=1, help="Number of an EVSE.")]
Connector = Annotated[
    int | None, typer.Option("--connector", min=1, help="Its number on its EVSE.")
]


@app.command()
@asks
def start(
    desk: Desk,
    station: StationArgument,
    evse: Annotated[int, typer.Argument(min=1, help="Number of an EVSE.")],
    *,
    token: Annotated[str, typer.Option(help="Id token it is for.")] = OPERATOR,
    token_type: Annotated[
        str, typer.Option("--type", help="Type of the token.")
    ] = CENTRAL,
    max_kw: Annotated[
        float | None, typer.Option(help="Most that the vehicle may be charged with.")
    ] = None,
) -> None:
    """Start a transaction."""
    body = {"evse": evse, "id_token": token, "type": token_type, "max_kw": max_kw}
    _post(desk, station, ["transactions"], body)


@app.command()
@asks
def stop(
    desk: Desk,
    station: StationArgument,
    transaction: Annotated[str, typer.Argument(help="Its id.")],
) -> None:
    """Stop a transaction."""
    _post(desk, station, ["transactions", transaction, "stop"], {})


@app.command()
@asks
def unlock(
    desk: Desk,
    station: StationArgument,
    evse: Annotated[int, typer.Argument(min=1, help="Number of an EVSE.")],
    connector: Annotated[
        int, typer.Argument(min=1, help="Its number on its EVSE.")
    ] = 1,
) -> None:
    """Unlock a connector."""
    _post(desk, station, ["unlock"], {"evse": evse, "connector": connector})


@app.command()
@asks
def trigger(
    desk: Desk,
    station: StationArgument,
    message: Annotated[
        str, typer.Argument(help="StatusNotification, or Custom:name of a vendor's.")
    ],
    *,
    evse: Evse = None,
    connector: Connector = None,
) -> None:
    """Ask a station to send a message."""
    body = {"message": message, "evse": evse, "connector": connector}
    _post(desk, station, ["trigger"], body)


@app.command()
@asks
def availability(
    desk: Desk,
    station: StationArgument,
    state: Annotated[str, typer.Argument(help="operative or inoperative.")],
    *,
    evse: Evse = None,
    connector: Connector = None,
) -> None:
    """Put a station, an EVSE or a connector in or out of service."""
    if state not in {"operative", "inoperative"}:
        raise typer.BadParameter("say operative or inoperative")
    body = {"operative": state == "operative", "evse": evse, "connector": connector}
    _post(desk, station, ["availability"], body)


@app.command()
@asks
def requests(desk: Desk, station: StationArgument, *, limit: Limit = 50) -> None:
    """List what was asked of a station by hand, the youngest first."""
    rows = desk.api.items("stations", station, "requests", most=limit)
    title = f"Requests to {station}"
    desk.show(rows, lambda: [listing(title, _REQUESTS, rows, "Nothing was asked.")])


@app.command()
@asks
def connectors(desk: Desk, station: StationArgument) -> None:
    """List the connectors of a station, as they were last reported."""
    rows = desk.api.items("stations", station, "connectors", most=1000)
    title = f"Connectors of {station}"
    desk.show(rows, lambda: [listing(title, _CONNECTORS, rows, "None was reported.")])


def _post(desk: Desk, station: str, path: list[str], body: dict[str, Any]) -> None:
    said = desk.api.ask("POST", "stations", station, *path, body=body)
    desk.show(said, lambda: [listing(f"Asked of {station}", _REQUESTS, [said], "")])


def _detail(row: Row) -> str:
    return ", ".join(f"{name} {value}" for name, value in row["detail"].items())


_REQUESTS = (
    number("number", "id"),
    moment("at", "asked_at"),
    text("asked", "kind"),
    number("EVSE", "evse"),
    number("connector", "connector").spared(1),
    Column("detail", _detail),
    text("state", "state"),
    text("station's word", "status"),
    text("info", "info"),
    text("transaction", "transaction").spared(2),
    text("by", "asked_by").spared(3),
)
_CONNECTORS = (
    number("EVSE", "evse"),
    number("connector", "connector"),
    text("status", "status"),
    moment("since", "at"),
)
