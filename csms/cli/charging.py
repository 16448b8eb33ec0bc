"""`csms charging`: profiles, composite schedules, limits from outside, vehicles."""

from pathlib import Path
from typing import Annotated, Any

import typer

from csms.cli.confirming import Yes, confirm
from csms.cli.desk import Desk, StationArgument, asks
from csms.cli.reading import json_file
from csms.cli.tables import Column, Row, found, listing, moment, text

app = typer.Typer(
    no_args_is_help=True, help="What stations hold of charging profiles, and why."
)

Evse = Annotated[int, typer.Argument(metavar="EVSE", help="Its number.", min=1)]


@app.command("profiles")
@asks
def list_profiles(
    desk: Desk,
    station: StationArgument,
    *,
    ask: Annotated[bool, typer.Option("--ask", help="Ask the station first.")] = False,
) -> None:
    """List what a station was told to hold, against what it says."""
    parts = ("stations", station, "charging-profiles")
    said = desk.api.ask("POST", *parts, "refresh") if ask else desk.api.get(*parts)
    rows = said["items"]
    desk.show(said, lambda: [listing("Profiles", _PROFILES, rows, "No profile.")])


@app.command("set")
@asks
def set_profile(
    desk: Desk,
    station: StationArgument,
    file: Annotated[Path, typer.Argument(help="The profile, as JSON; - reads it.")],
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check it and send nothing.")
    ] = False,
) -> None:
    """Set a charging profile, held against the standard and the station first."""
    parts = ("stations", station, "charging-profiles")
    wanted = {"dry_run": True} if dry_run else None
    said = desk.api.ask("POST", *parts, wanted=wanted, body=json_file(file))
    desk.show(said, lambda: [_verdict(said)])


@app.command()
@asks
def clear(
    desk: Desk,
    station: StationArgument,
    profile: Annotated[int, typer.Argument(metavar="PROFILE", help="Its id.")],
    *,
    yes: Yes = False,
) -> None:
    """Clear one charging profile; what it held back may flow then."""
    if not yes:
        confirm("clear a profile of", station, "its id")
    parts = ("stations", station, "charging-profiles", str(profile))
    said = desk.api.ask("DELETE", *parts)
    word = "cleared" if said["cleared"] else "the station had no such profile"
    desk.show(said, lambda: [word])


@app.command()
@asks
def composite(
    desk: Desk,
    station: StationArgument,
    *,
    evse: Annotated[int, typer.Option(min=0, help="0 is the whole station.")] = 0,
    hours: Annotated[int, typer.Option(min=1, max=744, help="How far ahead.")] = 24,
) -> None:
    """Show our composite schedule, the station's, and where they differ."""
    parts = ("stations", station, "composite-schedule")
    said = desk.api.get(*parts, evse=evse, duration_s=hours * 3600)
    theirs = said["theirs"] or {"periods": []}
    none = said["refusal"] or "The station told nothing."
    desk.show(
        said,
        lambda: [
            listing("Ours", _PERIODS, said["ours"]["periods"], "Nothing."),
            listing("The station's", _PERIODS, theirs["periods"], none),
            listing("Differences", _DIFFERENCES, said["differences"], "None."),
        ],
    )


@app.command()
@asks
def limits(desk: Desk, station: StationArgument) -> None:
    """List limits that others have put on a station."""
    said = desk.api.get("stations", station, "charging-limits")
    desk.show(said, lambda: [listing("Limits", _LIMITS, said["items"], "No limit.")])


@app.command()
@asks
def needs(desk: Desk, station: StationArgument, evse: Evse) -> None:
    """List what vehicles at an EVSE asked for, were given, and made of it."""
    said = desk.api.get("stations", station, "evses", str(evse), "negotiations")
    desk.show(said, lambda: [listing("Needs", _NEEDS, said["items"], "No needs.")])


@app.command()
@asks
def priority(
    desk: Desk,
    station: StationArgument,
    evse: Evse,
    *,
    off: Annotated[bool, typer.Option("--off", help="No longer.")] = False,
) -> None:
    """Put charging first in the running transaction, or no longer."""
    parts = ("stations", station, "evses", str(evse), "priority-charging")
    said = desk.api.ask("PUT", *parts, body={"active": not off})
    desk.show(said, lambda: [_reply(said)])


@app.command()
@asks
def transfer(
    desk: Desk,
    station: StationArgument,
    evse: Evse,
    *,
    both: Annotated[
        bool | None,
        typer.Option("--both/--charging-only", help="Allow both directions, or not."),
    ] = None,
) -> None:
    """Show which ways of moving energy are allowed, or change that."""
    parts = ("stations", station, "evses", str(evse), "energy-transfer")
    if both is None:
        said = desk.api.get(*parts)
        words = ", ".join(said["allowed"]) or "nothing is told"
        desk.show(said, lambda: [f"allowed: {words}"])
        return
    told = desk.api.ask("PUT", *parts, body={"bidirectional": both})
    desk.show(told, lambda: [_reply(told)])


@app.command()
@asks
def signal(
    desk: Desk,
    station: StationArgument,
    value: Annotated[int, typer.Argument(metavar="SIGNAL", help="Its value.")],
) -> None:
    """Hand on a signal of the grid's operator, as of now."""
    parts = ("stations", station, "afrr-signal")
    said = desk.api.ask("POST", *parts, body={"signal": value})
    desk.show(said, lambda: [_reply(said)])


def _verdict(said: dict[str, Any]) -> str:
    if said.get("checked"):
        return "it would be set; nothing was sent"
    if said["accepted"]:
        return "the station took it"
    return f"the station refused it: {said['reason']} {said['info']}".rstrip()


def _reply(said: dict[str, Any]) -> str:
    return f"the station answered {said['status']} {said['info']}".rstrip()


def _offset(row: Row) -> str:
    seconds = int(row.get("start_s") or 0)
    return f"+{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def _needs_transfer(row: Row) -> object:
    return found(row, "needs.requestedEnergyTransfer")


_PROFILES = (
    text("id", "id"),
    text("standing", "standing"),
    text("purpose", "purpose"),
    text("EVSE", "evse"),
    text("whose", "source"),
    text("by", "by").spared(2),
    moment("meant", "intended_at").spared(1),
    moment("reported", "reported_at"),
)
_PERIODS = (
    Column("from", _offset),
    text("limit", "limit"),
    text("setpoint", "setpoint"),
    text("discharge limit", "discharge_limit"),
    text("mode", "mode"),
    text("phases", "phases").spared(1),
)
_DIFFERENCES = (
    moment("from", "start"),
    moment("until", "end"),
    text("of", "name"),
    text("ours", "ours"),
    text("theirs", "theirs"),
)
_LIMITS = (
    text("EVSE", "evse"),
    text("source", "source"),
    text("local generation", "local_generation"),
    text("grid critical", "grid_critical"),
    moment("since", "since"),
    moment("last heard", "updated_at"),
)
_NEEDS = (
    moment("at", "at"),
    Column("asks for", _needs_transfer),
    text("answer", "decision"),
    text("why", "reason"),
    text("plan", "sent_result"),
    text("its schedule", "verdict"),
    text("where not", "verdict_detail").spared(1),
)
