"""`csms grid-controls`: what a grid asks of stations, and the alarms that it causes."""

from pathlib import Path
from typing import Annotated, Any

import typer

from csms.cli.confirming import Yes, confirm
from csms.cli.desk import Desk, StationArgument, asks
from csms.cli.reading import json_file
from csms.cli.tables import listing, moment, text

app = typer.Typer(no_args_is_help=True, help="DER controls that a utility asks for.")

ControlArgument = Annotated[str, typer.Argument(metavar="CONTROL", help="Its id.")]
Default = Annotated[bool, typer.Option("--default", help="Defaults, not scheduled.")]


@app.command("list")
@asks
def list_controls(
    desk: Desk,
    station: StationArgument,
    *,
    ask: Annotated[bool, typer.Option("--ask", help="Ask the station first.")] = False,
) -> None:
    """List controls: what was meant, and what the station says."""
    parts = ("stations", station, "der-controls")
    said = desk.api.ask("POST", *parts, "refresh") if ask else desk.api.get(*parts)
    known = ", ".join(said["supported"]) or "none"
    none = f"No control. The station follows: {known}."
    desk.show(said, lambda: [listing("Controls", _CONTROLS, said["items"], none)])


@app.command("set")
@asks
def set_control(
    desk: Desk,
    station: StationArgument,
    control: ControlArgument,
    file: Annotated[Path, typer.Argument(help="The control, as JSON; - reads it.")],
) -> None:
    """Set a control on the utility's behalf."""
    parts = ("stations", station, "der-controls", control)
    said = desk.api.ask("PUT", *parts, body=json_file(file))
    desk.show(said, lambda: [_word(said)])


@app.command()
@asks
def clear(
    desk: Desk,
    station: StationArgument,
    control: ControlArgument,
    *,
    default: Default = False,
    yes: Yes = False,
) -> None:
    """Clear one control; what it held back may flow then."""
    if not yes:
        confirm("clear a grid control of", station, "its id")
    parts = ("stations", station, "der-controls", control)
    said = desk.api.ask("DELETE", *parts, wanted={"default": default})
    desk.show(said, lambda: [_word(said)])


@app.command()
@asks
def alarms(desk: Desk, station: StationArgument) -> None:
    """List when the grid made a station deviate from its profiles."""
    said = desk.api.get("stations", station, "der-alarms")
    desk.show(said, lambda: [listing("Alarms", _ALARMS, said["items"], "No alarm.")])


def _word(said: dict[str, Any]) -> str:
    gone = ", ".join(said.get("superseded") or ())
    more = f"; it supersedes {gone}" if gone else ""
    return f"the station answered {said['status']} {said['info']}".rstrip() + more


_CONTROLS = (
    text("id", "id"),
    text("kind", "kind"),
    text("default", "default"),
    text("priority", "priority"),
    text("state", "state"),
    text("superseded", "superseded"),
    text("running", "running"),
    text("by", "by").spared(2),
    moment("reported", "reported_at").spared(1),
)
_ALARMS = (
    moment("from", "began_at"),
    moment("until", "ended_at"),
    text("control", "kind"),
    text("fault", "fault"),
    text("more", "info").spared(1),
)
