"""`csms stations drift`, `get`, `set`, `report`, `reset`: how stations are set up."""

from typing import Annotated, Any

import typer

from csms.cli.confirming import Yes, confirm
from csms.cli.desk import Desk, Limit, StationArgument, asks
from csms.cli.naming import assigned, named
from csms.cli.reading import document_from
from csms.cli.stations import app
from csms.cli.tables import Column, Row, listing, moment, note, number, text

BASES = ("FullInventory", "ConfigurationInventory", "SummaryInventory")
Names = Annotated[
    list[str], typer.Argument(metavar="VARIABLE...", help="Component.Variable")
]


@app.command("get")
@asks
def get_variables(desk: Desk, station: StationArgument, names: Names) -> None:
    """Read variables of a station now."""
    body = {"variables": [named(each) for each in names]}
    said = desk.api.ask("POST", "stations", station, "variables", "read", body=body)
    rows = said["items"]
    desk.show(said, lambda: [listing(f"Variables of {station}", _RESULTS, rows, "")])


@app.command("set")
@asks
def set_variables(
    desk: Desk,
    station: StationArgument,
    settings: Annotated[
        list[str],
        typer.Argument(
            metavar="VARIABLE=VALUE...",
            help="Such as OCPPCommCtrlr.HeartbeatInterval=60.",
        ),
    ],
) -> None:
    """Set variables of a station, and read them back."""
    body = {"variables": [assigned(each) for each in settings]}
    said = desk.api.ask("PATCH", "stations", station, "variables", body=body)
    rows = said["items"]
    desk.show(said, lambda: [listing(f"Variables of {station}", _RESULTS, rows, "")])


@app.command()
@asks
def report(
    desk: Desk,
    station: StationArgument,
    base: Annotated[
        str | None, typer.Argument(metavar="BASE", help=f"{', '.join(BASES)}.")
    ] = None,
    *,
    criterion: Annotated[
        list[str] | None,
        typer.Option(help="Components that are Active, Available, Enabled or Problem."),
    ] = None,
    variable: Annotated[
        list[str] | None, typer.Option(help="A component, or one variable of it.")
    ] = None,
) -> None:
    """Have a station report its device model, in full or in part."""
    chosen = bool(criterion or variable)
    body: dict[str, Any] = {
        "base": base or (None if chosen else BASES[0]),
        "criteria": criterion or [],
        "variables": [named(each, whole=False) for each in variable or ()],
    }
    said = desk.api.ask("POST", "stations", station, "reports", body=body)
    title = f"Report of {station}"
    desk.show(
        said,
        lambda: [
            listing(title, _REPORTS, [said["report"]], ""),
            listing("Variables", _REPORTED, said["variables"], "It brought nothing."),
        ],
    )


@app.command()
@asks
def reports(desk: Desk, station: StationArgument, *, limit: Limit = 20) -> None:
    """List the reports of a station's device model, the youngest first."""
    rows = desk.api.items("stations", station, "reports", most=limit)
    desk.show(rows, lambda: [listing("Reports", _REPORTS, rows, "None was made.")])


@app.command()
@asks
def drift(
    desk: Desk,
    station: Annotated[
        str | None, typer.Argument(metavar="STATION", help="Only of this one.")
    ] = None,
    *,
    limit: Limit = 100,
) -> None:
    """List where stations differ from the templates of their makes."""
    if station is not None:
        items = desk.api.get("stations", station, "drift")["items"]
        found = [{"station": station, "items": items}]
    else:
        found = desk.api.items("drift", most=limit)
    rows = [
        {"station": each["station"], **item} for each in found for item in each["items"]
    ]
    empty = "All is as it should be."
    desk.show(rows, lambda: [listing("Drift", _DRIFT, rows, empty)])


@app.command()
@asks
def repair(
    desk: Desk,
    station: StationArgument,
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[VARIABLE...]", help="Only these; all without."),
    ] = None,
    *,
    yes: Yes = False,
) -> None:
    """Bring a station back to the template of its make."""
    if not yes:
        confirm("set what templates want", station, "its id")
    body = {"variables": [named(each) for each in names] if names else None}
    said = desk.api.ask("POST", "stations", station, "drift", "repair", body=body)
    rows = said["items"]
    empty = "All was as it should be."
    desk.show(said, lambda: [listing(f"Repair of {station}", _REPAIRS, rows, empty)])


@app.command()
@asks
def templates(desk: Desk) -> None:
    """List how stations of each make should be set up, and why."""
    found = desk.api.get("templates")["items"]
    rows = [
        {"template": each["id"], **wish} for each in found for wish in each["variables"]
    ]
    desk.show(found, lambda: [listing("Templates", _WISHES, rows, "None.")])


@app.command()
@asks
def reset(
    desk: Desk,
    station: StationArgument,
    *,
    evse: Annotated[
        int | None, typer.Option("--evse", min=1, help="Only this EVSE.")
    ] = None,
    immediate: Annotated[
        bool, typer.Option("--immediate", help="Do not wait for transactions.")
    ] = False,
    resume: Annotated[
        bool,
        typer.Option("--resume", help="At once, and resume transactions after (2.1)."),
    ] = False,
    yes: Yes = False,
) -> None:
    """Restart a station or one EVSE, once no transaction goes on."""
    kind = "ImmediateAndResume" if resume else "Immediate" if immediate else "OnIdle"
    if (immediate or resume) and not yes:
        confirm("restart it at once", station, "its id")
    body = {"type": kind, "evse": evse}
    said = desk.api.ask("POST", "stations", station, "resets", body=body)
    desk.show(said, lambda: [listing(f"Restart of {station}", _RESETS, [said], "")])


@app.command()
@asks
def resets(desk: Desk, station: StationArgument) -> None:
    """List the restarts that were asked of a station, the youngest first."""
    rows = desk.api.get("stations", station, "resets")["items"]
    desk.show(rows, lambda: [listing("Restarts", _RESETS, rows, "None was asked for.")])


@app.command("network-profiles")
@asks
def network_profiles(desk: Desk, station: StationArgument) -> None:
    """List the ways by which a station connects, as far as they are known."""
    rows = desk.api.get("stations", station, "network-profiles")["items"]
    desk.show(rows, lambda: [listing("Ways to connect", _SLOTS, rows, "None known.")])


@app.command("set-network-profile")
@asks
def set_network_profile(
    desk: Desk,
    station: StationArgument,
    slot: Annotated[int, typer.Argument(help="The slot.")],
    profile: Annotated[
        str, typer.Argument(metavar="FILE", help="JSON of the way to connect, or -.")
    ],
    *,
    yes: Yes = False,
) -> None:
    """Put a way to connect into a slot of a station."""
    body = document_from(
        profile, "Write an object with the fields of PUT network-profiles."
    )
    if not yes:
        confirm("change how it connects", station, "its id")
    path = ("stations", station, "network-profiles", str(slot))
    said = desk.api.ask("PUT", *path, body=body)
    row = {"slot": slot, "rank": None, "active": False, "profile": said}
    desk.show(said, lambda: [listing(f"Slot {slot} of {station}", _SLOTS, [row], "")])


@app.command("set-network-priority")
@asks
def set_network_priority(
    desk: Desk,
    station: StationArgument,
    slots: Annotated[list[int], typer.Argument(help="The slots, the first first.")],
    *,
    yes: Yes = False,
) -> None:
    """Set by which slots a station connects."""
    if not yes:
        confirm("change how it connects", station, "its id")
    path = ("stations", station, "network-priority")
    said = desk.api.ask("PUT", *path, body={"slots": slots})
    words = f"{station} said {said['status']} and reads {said['reads']}"
    desk.show(said, lambda: [words])
    if said["due"]:
        note("It takes effect at the next restart.")


def _name(row: Row) -> str:
    evse, plug = row.get("evse"), row.get("connector")
    place = f"@{evse}" if evse else ""
    place += f":{plug}" if plug else ""
    return (
        f"{row['component']}{_inner(row, 'component_instance')}{place}"
        f".{row['variable']}{_inner(row, 'variable_instance')}"
    )


def _inner(row: Row, key: str) -> str:
    return f"[{row[key]}]" if row.get(key) else ""


def _way(row: Row) -> str:
    return str(
        ((row.get("profile") or {}).get("document") or {}).get("ocppCsmsUrl", "")
    )


def _security(row: Row) -> str:
    document = (row.get("profile") or {}).get("document") or {}
    return str(document.get("securityProfile", ""))


_RESULTS = (
    Column("variable", _name),
    text("attribute", "attribute").spared(1),
    text("status", "status"),
    text("reads", "value"),
    text("at restart", "due").spared(1),
    text("info", "info"),
)
_REPORTED = (
    Column("variable", _name),
    text("attribute", "attribute"),
    text("value", "value"),
    text("mutability", "mutability").spared(1),
)
_REPORTS = (
    number("report", "id"),
    moment("asked", "asked_at"),
    text("kind", "kind"),
    text("status", "status"),
    number("parts", "parts"),
    number("missing", "missing"),
    number("repeated", "repeated").spared(1),
    number("variables", "variables"),
    text("complete", "complete"),
    text("by", "by").spared(2),
)
_DRIFT = (
    text("station", "station"),
    text("variable", "name"),
    text("wanted", "wanted"),
    text("reads", "actual"),
    text("why", "kind"),
    text("required", "required").spared(2),
    text("template", "template").spared(1),
    moment("since", "since"),
)
_REPAIRS = (
    text("variable", "name"),
    text("wanted", "wanted"),
    text("outcome", "outcome"),
    text("detail", "detail"),
)
_WISHES = (
    text("template", "template"),
    Column("variable", lambda row: f"{row['component']}.{row['variable']}"),
    text("instance", "instance"),
    text("value", "value"),
    text("fit", "fit"),
    text("required", "required"),
    text("why", "why").spared(1),
)
_RESETS = (
    moment("asked", "asked_at"),
    number("EVSE", "evse"),
    text("type", "type"),
    text("status", "status"),
    text("info", "info"),
    moment("done", "done_at"),
    text("boot reason", "boot_reason").spared(1),
    text("by", "by").spared(2),
)
_SLOTS = (
    number("slot", "slot"),
    number("rank", "rank"),
    text("active", "active"),
    Column("address", _way),
    Column("security profile", _security),
    moment("set", "profile.at").spared(1),
    text("by", "profile.by").spared(2),
)
