"""`csms reservations`: EVSEs kept free for somebody."""

from typing import Annotated

import typer

from csms.cli.desk import Desk, Limit, StationArgument, asks
from csms.cli.id_tokens import token_of
from csms.cli.moments import instant
from csms.cli.tables import listing, moment, text

app = typer.Typer(no_args_is_help=True, help="EVSEs that are kept free for somebody.")

Number = Annotated[int, typer.Argument(metavar="NUMBER", help="Its number.")]


@app.command("list")
@asks
def list_reservations(
    desk: Desk, station: StationArgument, *, limit: Limit = 50
) -> None:
    """List the reservations of a station, the youngest first."""
    rows = desk.api.items("stations", station, "reservations", most=limit)
    desk.show(
        rows,
        lambda: [listing("Reservations", _RESERVATIONS, rows, "No reservation.")],
    )


@app.command()
@asks
def make(
    desk: Desk,
    station: StationArgument,
    token: Annotated[str, typer.Argument(metavar="TYPE:VALUE", help="For whom.")],
    *,
    until: Annotated[str, typer.Option(help="Until when.")],
    evse: Annotated[int | None, typer.Option(min=1, help="Which EVSE.")] = None,
    connector_type: Annotated[
        str | None, typer.Option(help="With which plug, such as cCCS1.")
    ] = None,
    group: Annotated[str | None, typer.Option(help="Who else may use it.")] = None,
) -> None:
    """Keep an EVSE free for somebody."""
    kind, value = token_of(token)
    body = {
        "token": {"type": kind, "value": value},
        "expires_at": instant(until, "--until"),
        "evse": evse,
        "connector_type": connector_type,
        "group": group,
    }
    said = desk.api.ask("POST", "stations", station, "reservations", body=body)
    desk.show(said, lambda: [f"reservation {said['id']} is {said['state']}"])


@app.command()
@asks
def cancel(desk: Desk, station: StationArgument, number: Number) -> None:
    """Take a reservation back."""
    parts = ("stations", station, "reservations", str(number))
    said = desk.api.ask("DELETE", *parts)
    desk.show(said, lambda: [f"reservation {number} is {said['state']}"])


_RESERVATIONS = (
    text("number", "id"),
    text("EVSE", "evse"),
    text("plug", "connector_type").spared(2),
    text("token", "token"),
    text("group", "group").spared(1),
    moment("until", "expires_at"),
    text("state", "state"),
    text("answer", "answer"),
    text("detail", "detail").spared(3),
)
