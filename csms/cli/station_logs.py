"""`csms logs`: logs that stations upload."""

from pathlib import Path
from typing import Annotated

import typer

from csms.cli.confirming import Yes, confirm
from csms.cli.desk import Desk, Limit, StationArgument, asks
from csms.cli.moments import Since, Until, instant
from csms.cli.tables import Column, Row, facts, listing, moment, number, table, text

app = typer.Typer(no_args_is_help=True, help="Logs that stations upload.")

Number = Annotated[int, typer.Argument(metavar="NUMBER", help="Which log.")]
_KINDS = {
    "diagnostics": "DiagnosticsLog",
    "security": "SecurityLog",
    "data-collector": "DataCollectorLog",
}


@app.command()
@asks
def ask(
    desk: Desk,
    station: StationArgument,
    *,
    log: Annotated[
        str, typer.Option(help="diagnostics, security or data-collector (OCPP 2.1).")
    ] = "diagnostics",
    since: Since = None,
    until: Until = None,
    retries: Annotated[int, typer.Option(min=0, help="How often to try again.")] = 0,
    interval: Annotated[int, typer.Option(min=0, help="Seconds between tries.")] = 60,
    location: Annotated[
        str | None, typer.Option(help="Where to send it instead of to the node.")
    ] = None,
) -> None:
    """Ask a station to upload a log."""
    body = {
        "log": _KINDS.get(log, log),
        "oldest": instant(since, "--from"),
        "latest": instant(until, "--to"),
        "retries": retries,
        "retry_interval_s": interval,
        "location": location,
    }
    said = desk.api.ask("POST", "stations", station, "logs", body=body)
    desk.show(said, lambda: [f"log {said['id']} is {said['state']} {said['detail']}"])


@app.command("list")
@asks
def list_logs(
    desk: Desk,
    station: Annotated[str | None, typer.Argument(help="Only of this one.")] = None,
    *,
    limit: Limit = 50,
) -> None:
    """List logs, the youngest first."""
    path = ("stations", station, "logs") if station else ("logs",)
    rows = desk.api.items(*path, most=limit)
    desk.show(rows, lambda: [listing("Logs", _LOGS, rows, "No log was asked for.")])


@app.command()
@asks
def show(desk: Desk, number: Number) -> None:
    """Show how far a log has come, with every status in order."""
    said = desk.api.get("logs", str(number))
    desk.show(
        said,
        lambda: [
            facts(
                f"Log {said['id']}",
                [
                    ("station", said["station"]),
                    ("log", said["log"]),
                    ("state", said["state"]),
                    ("detail", said["detail"]),
                    ("asked by", said["requested_by"]),
                    ("sent to", said["location"] or "the node"),
                    ("file", _file(said)),
                    ("SHA-256", (said["file"] or {}).get("sha256")),
                ],
            ),
            table("What was said of it", _HISTORY, said["history"]),
        ],
    )


@app.command()
@asks
def download(
    desk: Desk,
    number: Number,
    *,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Into this file.")
    ] = None,
) -> None:
    """Write a log that came to a file, or to standard output."""
    desk.write(output, desk.api.stream("logs", str(number), "file"))


@app.command()
@asks
def delete(
    desk: Desk,
    number: Number,
    *,
    yes: Yes = False,
) -> None:
    """Delete the file of a log, and let nobody upload it any more."""
    if not yes:
        confirm("delete the file", str(number), "its number")
    desk.api.ask("DELETE", "logs", str(number))
    desk.show({"deleted": number}, lambda: [f"the file of log {number} is deleted"])


def _file(row: Row) -> str | None:
    file = row.get("file")
    if not file:
        return None
    gone = "" if file["here"] else ", deleted"
    return f"{file['name']} ({file['size_bytes']:,} bytes{gone})"


_LOGS = (
    number("log", "id"),
    text("station", "station"),
    text("kind", "log"),
    text("state", "state"),
    moment("asked", "requested_at"),
    Column("file", _file),
    text("detail", "detail").spared(1),
)
_HISTORY = (
    moment("at", "at", seconds=True),
    text("status", "status"),
    text("words", "info"),
)
