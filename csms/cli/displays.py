"""`csms displays` and `csms transfers`: what stations show, what vendors exchange."""

import json
from typing import Annotated, Any

import typer

from csms.cli.desk import Desk, Limit, StationArgument, asks
from csms.cli.failures import ExitCode, Failed
from csms.cli.moments import instant
from csms.cli.tables import Column, Row, found, listing, moment, text

displays = typer.Typer(no_args_is_help=True, help="Messages on displays of stations.")
transfers = typer.Typer(no_args_is_help=True, help="Vendors' messages (DataTransfer).")

Vendor = Annotated[str, typer.Argument(metavar="VENDOR", help="Its id.")]


@displays.command("list")
@asks
def list_messages(
    desk: Desk,
    station: StationArgument,
    *,
    read: Annotated[
        bool, typer.Option("--read", help="Ask the station first.")
    ] = False,
) -> None:
    """List what a station should show, and what it says that it shows."""
    if read:
        desk.api.ask("POST", "stations", station, "displays", "read", body={})
    rows = desk.api.items("stations", station, "displays", most=1000)
    desk.show(rows, lambda: [listing("Messages", _MESSAGES, rows, "No message.")])


@displays.command()
@asks
def show(
    desk: Desk,
    station: StationArgument,
    content: Annotated[str, typer.Argument(metavar="TEXT", help="What it says.")],
    *,
    language: Annotated[str, typer.Option(help="Of the text, such as en-US.")] = "en",
    number: Annotated[int | None, typer.Option(min=1, help="Replace this one.")] = None,
    priority: Annotated[
        str, typer.Option(help="NormalCycle, InFront or AlwaysFront.")
    ] = "NormalCycle",
    state: Annotated[str | None, typer.Option(help="Only in this state.")] = None,
    start: Annotated[str | None, typer.Option(help="From when on.")] = None,
    end: Annotated[str | None, typer.Option(help="Until when.")] = None,
    transaction: Annotated[str | None, typer.Option(help="Only during it.")] = None,
) -> None:
    """Show a message on a display."""
    body = {
        "id": number,
        "texts": [{"content": content, "language": language}],
        "priority": priority,
        "state": state,
        "start": instant(start, "--start") if start else None,
        "end": instant(end, "--end") if end else None,
        "transaction": transaction,
    }
    said = desk.api.ask("POST", "stations", station, "displays", body=body)
    desk.show(said, lambda: [f"message {said['id']} is {said['state']}"])


@displays.command()
@asks
def clear(
    desk: Desk,
    station: StationArgument,
    number: Annotated[int, typer.Argument(metavar="NUMBER", help="Which message.")],
) -> None:
    """Clear a message."""
    said = desk.api.ask("DELETE", "stations", station, "displays", str(number))
    desk.show(said, lambda: [f"message {number}: {said['status']}"])


@transfers.command("list")
@asks
def list_transfers(
    desk: Desk,
    *,
    station: Annotated[str | None, typer.Option(help="Only of this station.")] = None,
    vendor: Annotated[str | None, typer.Option(help="Only of this vendor.")] = None,
    limit: Limit = 50,
) -> None:
    """List vendors' messages in both directions, the latest first."""
    rows = desk.api.items(
        "data-transfers", most=limit, station=station, vendor_id=vendor
    )
    desk.show(rows, lambda: [listing("Messages", _TRANSFERS, rows, "No message.")])


@transfers.command()
@asks
def send(
    desk: Desk,
    station: StationArgument,
    vendor: Vendor,
    *,
    message: Annotated[str | None, typer.Option(help="Which message.")] = None,
    data: Annotated[str | None, typer.Option(help="Its data, as JSON.")] = None,
) -> None:
    """Send a vendor's message; nothing that could discharge passes."""
    body = {"vendor_id": vendor, "message_id": message, "data": _json(data)}
    said = desk.api.ask("POST", "stations", station, "data-transfers", body=body)
    desk.show(said, lambda: [f"{said['outcome']}: {found(said, 'payload.status')}"])


@transfers.command()
@asks
def rules(desk: Desk) -> None:
    """List how vendors' messages are answered."""
    rows = desk.api.items("data-transfer-rules", most=1000)
    desk.show(rows, lambda: [listing("Rules", _RULES, rows, "No rule.")])


@transfers.command()
@asks
def agree(
    desk: Desk,
    vendor: Vendor,
    status: Annotated[
        str, typer.Argument(help="Accepted, Rejected or UnknownMessageId.")
    ],
    *,
    message: Annotated[str, typer.Option(help="Which; all others without.")] = "",
    data: Annotated[str | None, typer.Option(help="The answer, as JSON.")] = None,
    note: Annotated[str, typer.Option(help="What was agreed.")] = "",
) -> None:
    """Agree how a vendor's message from stations is answered."""
    body = {
        "vendor_id": vendor,
        "message_id": message,
        "status": status,
        "data": _json(data),
        "note": note,
    }
    said = desk.api.ask("PUT", "data-transfer-rules", body=body)
    desk.show(said, lambda: [f"{vendor} {message or '*'} is answered {status}"])


@transfers.command()
@asks
def revoke(
    desk: Desk,
    vendor: Vendor,
    *,
    message: Annotated[str, typer.Option(help="Which; all others without.")] = "",
) -> None:
    """Forget how a vendor's message is answered."""
    wanted = {"vendor_id": vendor, "message_id": message}
    desk.api.ask("DELETE", "data-transfer-rules", wanted=wanted)
    said = {"revoked": vendor, "message": message}
    desk.show(said, lambda: [f"{vendor} {message or '*'} has no answer any more"])


def _json(said: str | None) -> Any:  # noqa: ANN401 any JSON
    if said is None:
        return None
    try:
        return json.loads(said)
    except ValueError as error:
        raise Failed(
            f"this is no JSON: {error}",
            code=ExitCode.USAGE,
            field="--data",
            remedy="Write JSON, such as '{\"interval\": 60}' or '\"a text\"'.",
        ) from error


def _content(row: Row) -> str:
    said = row.get("wanted") or row.get("reported") or {}
    return "; ".join(each["content"] for each in said.get("texts", ()))


_MESSAGES = (
    text("number", "id"),
    text("state", "state"),
    Column("text", _content),
    text("differs", "differs"),
    text("for", "purpose"),
    moment("since", "updated_at").spared(1),
    text("detail", "detail").spared(2),
)
_TRANSFERS = (
    moment("at", "at"),
    text("station", "station"),
    text("way", "direction"),
    text("vendor", "vendor_id"),
    text("message", "message_id"),
    text("status", "status"),
    text("data", "data").spared(1),
    text("answer", "answer").spared(2),
)
_RULES = (
    text("vendor", "vendor_id"),
    text("message", "message_id"),
    text("status", "status"),
    text("answer", "data"),
    text("note", "note").spared(1),
    text("by", "created_by").spared(2),
)
