"""`csms monitors` and `csms streams`: what stations are to raise events about."""

from typing import Annotated

import typer

from csms.cli.confirming import Yes, confirm
from csms.cli.desk import Desk, Limit, StationArgument, asks
from csms.cli.tables import (
    Column,
    Row,
    facts,
    listing,
    moment,
    number,
    table,
    text,
)

app = typer.Typer(
    no_args_is_help=True, help="Monitors: what stations are to raise events about."
)
streams = typer.Typer(
    no_args_is_help=True, help="Values of monitors in a steady stream (OCPP 2.1)."
)

Stream = Annotated[int, typer.Argument(metavar="STREAM", help="Its number.")]


@app.command()
@asks
def show(desk: Desk, station: StationArgument) -> None:
    """Show the monitors that are wanted on a station, and those it reports."""
    said = desk.api.get("stations", station, "monitors")
    desk.show(
        said,
        lambda: [
            facts(
                f"Monitoring of {station}",
                [
                    ("started afresh with", said["base"]),
                    ("reports severities up to", said["level"]),
                ],
            ),
            table("Wanted", _WANTED, said["wanted"]),
            table("Reported", _REPORTED, said["reported"]),
        ],
    )


@app.command("set")
@asks
def set_monitor(
    desk: Desk,
    station: StationArgument,
    variable: Annotated[
        str, typer.Argument(metavar="COMPONENT.VARIABLE", help="Such as EVSE.Power.")
    ],
    kind: Annotated[
        str, typer.Argument(help="UpperThreshold, LowerThreshold, Delta, Periodic, …")
    ],
    value: Annotated[float, typer.Argument(help="Threshold, difference or seconds.")],
    *,
    severity: Annotated[int, typer.Option(min=0, max=9, help="0 is the gravest.")],
    evse: Annotated[int, typer.Option(min=0, help="Which EVSE.")] = 0,
    connector: Annotated[int, typer.Option(min=0, help="Which connector.")] = 0,
    in_transactions: Annotated[
        bool, typer.Option("--in-transactions", help="During transactions only.")
    ] = False,
    stream_values: Annotated[
        int | None, typer.Option(min=1, help="In a stream, so many values at once.")
    ] = None,
    stream_interval: Annotated[
        int | None, typer.Option(min=1, help="In a stream, every so many seconds.")
    ] = None,
) -> None:
    """Set a monitor, or replace the one of the same variable, kind and severity."""
    component, _, name = variable.partition(".")
    stream = {"values": stream_values, "interval_s": stream_interval}
    monitor = {
        "component": component,
        "variable": name,
        "evse": evse,
        "connector": connector,
        "kind": kind,
        "value": value,
        "severity": severity,
        "transaction_only": in_transactions,
        "stream": stream if any(stream.values()) else None,
    }
    body = {"monitors": [monitor]}
    rows = desk.api.ask("PUT", "stations", station, "monitors", body=body)["items"]
    desk.show(rows, lambda: [listing("What became of it", _WANTED, rows, "Nothing.")])


@app.command()
@asks
def clear(
    desk: Desk,
    station: StationArgument,
    ids: Annotated[list[int], typer.Argument(metavar="ID...", help="Their numbers.")],
    *,
    yes: Yes = False,
) -> None:
    """Clear monitors by the station's numbers."""
    if not yes:
        confirm("clear them", station, "its id")
    body = {"ids": ids}
    path = ("stations", station, "monitors", "clear")
    rows = desk.api.ask("POST", *path, body=body)["items"]
    desk.show(rows, lambda: [listing("Monitors", _CLEARED, rows, "None.")])


@app.command()
@asks
def base(
    desk: Desk,
    station: StationArgument,
    to: Annotated[str, typer.Argument(help="All, FactoryDefault or HardWiredOnly.")],
    *,
    yes: Yes = False,
) -> None:
    """Have a station start monitoring afresh; the last two drop what was set."""
    if not yes:
        confirm("start monitoring afresh", station, "its id")
    said = desk.api.ask(
        "PUT", "stations", station, "monitoring-base", body={"base": to}
    )
    desk.show(said, lambda: [f"{station}: {said['status']} {said['info']}".rstrip()])


@app.command()
@asks
def level(
    desk: Desk,
    station: StationArgument,
    severity: Annotated[int, typer.Argument(min=0, max=9, help="9 is everything.")],
) -> None:
    """Have a station report events of this severity and graver ones only."""
    body = {"severity": severity}
    said = desk.api.ask("PUT", "stations", station, "monitoring-level", body=body)
    desk.show(said, lambda: [f"{station}: {said['status']} {said['info']}".rstrip()])


@app.command()
@asks
def report(
    desk: Desk,
    station: StationArgument,
    *,
    criterion: Annotated[
        list[str] | None,
        typer.Option(help="ThresholdMonitoring, DeltaMonitoring, PeriodicMonitoring."),
    ] = None,
) -> None:
    """Ask a station which monitors it has; `show` tells once they have come."""
    body = {"criteria": criterion or []}
    said = desk.api.ask("POST", "stations", station, "monitoring-reports", body=body)
    desk.show(said, lambda: [f"report {said['id']}: {said['status']}"])


@streams.command("list")
@asks
def list_streams(
    desk: Desk,
    station: StationArgument,
    *,
    ask: Annotated[
        bool, typer.Option("--ask", help="Ask the station which are open.")
    ] = False,
) -> None:
    """List the event streams of a station."""
    path = ("stations", station, "event-streams")
    said = desk.api.ask("POST", *path, "ask") if ask else desk.api.get(*path)
    rows = said["items"]
    desk.show(rows, lambda: [listing("Streams", _STREAMS, rows, "No stream.")])


@streams.command()
@asks
def values(
    desk: Desk, station: StationArgument, stream: Stream, *, limit: Limit = 50
) -> None:
    """Show the latest values of a stream, the youngest first."""
    path = ("stations", station, "event-streams", str(stream))
    rows = desk.api.get(*path, limit=limit)["items"]
    desk.show(rows, lambda: [listing("Values", _VALUES, rows, "No value yet.")])


@streams.command()
@asks
def adjust(
    desk: Desk,
    station: StationArgument,
    stream: Stream,
    *,
    count: Annotated[
        int | None, typer.Option("--values", min=1, help="So many values at once.")
    ] = None,
    interval: Annotated[
        int | None, typer.Option(min=1, help="Every so many seconds.")
    ] = None,
) -> None:
    """Change how often a stream is sent."""
    path = ("stations", station, "event-streams", str(stream))
    body = {"values": count, "interval_s": interval}
    said = desk.api.ask("PATCH", *path, body=body)
    desk.show(said, lambda: [f"stream {stream}: {said['status']}"])


def place_of(name: Row) -> str:
    """Return the name of a variable as people write it."""
    where = "/".join(str(name[k]) for k in ("evse", "connector") if name.get(k))
    inner = name.get("variable_instance")
    spot = f"@{where}" if where else ""
    return f"{name['component']}{spot}.{name['variable']}" + (
        f"[{inner}]" if inner else ""
    )


def _variable(row: Row) -> str:
    return place_of(row["variable"])


_WANTED = (
    number("id", "id"),
    Column("variable", _variable),
    text("kind", "kind"),
    number("value", "value", 1),
    number("severity", "severity"),
    text("status", "status"),
    text("words", "info").spared(1),
)
_REPORTED = (
    number("id", "id"),
    Column("variable", _variable),
    text("kind", "kind"),
    number("value", "value", 1),
    number("severity", "severity"),
    text("set by", "origin"),
)
_CLEARED = (number("id", "id"), text("status", "status"), text("words", "info"))
_STREAMS = (
    number("stream", "id"),
    number("monitor", "monitor"),
    text("open", "open"),
    number("values at once", "params.values"),
    number("every s", "params.interval_s"),
    number("received", "received"),
    number("dropped", "dropped"),
    number("pending", "pending"),
    moment("latest", "last_at"),
)
_VALUES = (moment("at", "at", seconds=True), text("value", "value"))
