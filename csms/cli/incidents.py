"""`csms incidents` and `csms quarantines`: what went wrong and what was put aside."""

from typing import Annotated

import typer

from csms.cli.confirming import Yes, confirm
from csms.cli.desk import Desk, Limit, asks
from csms.cli.tables import Column, Row, listing, moment, number, text

quarantines = typer.Typer(
    no_args_is_help=True, help="Vendor profiles that are not dispatched for now."
)


@asks
def incidents(
    desk: Desk,
    *,
    station: Annotated[str | None, typer.Option(help="Only of this station.")] = None,
    event: Annotated[str | None, typer.Option(help="Only of this event.")] = None,
    limit: Limit = 50,
) -> None:
    """List what a person should know of, the youngest first."""
    rows = desk.api.items("incidents", most=limit, station=station, event=event)
    desk.show(rows, lambda: [listing("Incidents", _INCIDENTS, rows, "No incident.")])


@quarantines.command("list")
@asks
def list_quarantines(desk: Desk) -> None:
    """List vendor profiles that were put aside, and why."""
    rows = desk.api.items("quarantines", most=1000)
    desk.show(
        rows,
        lambda: [listing("Quarantines", _QUARANTINES, rows, "No vendor is put aside.")],
    )


@quarantines.command()
@asks
def lift(
    desk: Desk,
    vendor_profile: Annotated[str, typer.Argument(help="Which one.")],
    *,
    yes: Yes = False,
) -> None:
    """Let stations of a vendor profile be dispatched again."""
    if not yes:
        confirm("let it be dispatched again", vendor_profile, "its id")
    desk.api.ask("DELETE", "quarantines", vendor_profile)
    said = {"lifted": vendor_profile}
    desk.show(said, lambda: [f"{vendor_profile} may be dispatched again"])


def _where(row: Row) -> str:
    station, evse = row.get("station"), row.get("evse")
    return f"{station}/{evse}" if station and evse else str(station or "")


_INCIDENTS = (
    number("incident", "id"),
    moment("at", "at"),
    text("severity", "severity"),
    text("kind", "kind"),
    Column("where", _where),
    text("event", "event"),
    text("detail", "detail"),
    moment("resolved", "resolved_at"),
)
_QUARANTINES = (
    text("vendor profile", "vendor_profile"),
    moment("since", "at"),
    text("reason", "reason"),
    text("seen at", "station"),
    text("EVSEs put aside", "evses"),
)
