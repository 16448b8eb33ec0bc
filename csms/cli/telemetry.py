"""`csms telemetry`: what the meters said, quarter hour by quarter hour."""

from pathlib import Path
from typing import Annotated

import typer

from csms.cli.desk import Desk, asks
from csms.cli.moments import instant
from csms.cli.tables import Column, listing, moment, number, text

app = typer.Typer(no_args_is_help=True, help="Meter data.")

StationOption = Annotated[str | None, typer.Option(help="Only this station.")]
EvseOption = Annotated[int | None, typer.Option(help="Only this EVSE of it.", min=1)]
From = Annotated[
    str, typer.Option("--from", metavar="WHEN", help="From this local time on.")
]
To = Annotated[str, typer.Option("--to", metavar="WHEN", help="Up to this local time.")]


@app.command()
@asks
def csv(
    desk: Desk,
    *,
    since: From,
    until: To,
    station: StationOption = None,
    evse: EvseOption = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write to a file.")
    ] = None,
) -> None:
    """Write quarter hours as comma-separated values, as program funders want them."""
    chunks = desk.api.stream(
        "telemetry",
        "quarters",
        station=station,
        evse=evse,
        from_=instant(since, "--from"),
        to=instant(until, "--to"),
        format="csv",
    )
    desk.write(output, chunks)


@app.command()
@asks
def quarters(
    desk: Desk,
    *,
    since: From,
    until: To,
    station: StationOption = None,
    evse: EvseOption = None,
) -> None:
    """Show quarter hours. Power is positive while charging."""
    said = desk.api.get(
        "telemetry",
        "quarters",
        station=station,
        evse=evse,
        from_=instant(since, "--from"),
        to=instant(until, "--to"),
    )
    rows = said["items"]
    desk.show(rows, lambda: [listing("Quarter hours", _QUARTERS, rows, "No data.")])


_QUARTERS = (
    moment("from", "start"),
    Column("EVSE", lambda row: f"{row.get('station')}/{row.get('evse')}"),
    number("import kWh", "import_kwh", 3),
    number("export kWh", "export_kwh", 3),
    number("kW", "power_kw", 2),
    number("SoC %", "soc_pct"),
    text("quality", "quality"),
    text("event", "event"),
)
