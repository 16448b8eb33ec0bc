"""`csms stations`: who is connected, what they say, and what they are told."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from csms.cli.desk import Desk, Limit, StationArgument, asks
from csms.cli.failures import ExitCode, Failed
from csms.cli.moments import Since, Until, instant
from csms.cli.reading import json_from
from csms.cli.tables import (
    NOTHING,
    Column,
    Row,
    facts,
    figure,
    found,
    listing,
    local,
    moment,
    note,
    number,
    table,
    text,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType

app = typer.Typer(no_args_is_help=True, help="Charging stations.")

_NO_ANSWER = frozenset({502, 504})

_KINDS = {2: "call", 3: "result", 4: "error", 5: "result error", 6: "send"}


@app.command("list")
@asks
def list_stations(
    desk: Desk,
    *,
    site: Annotated[str | None, typer.Option(help="Only at this site.")] = None,
    status: Annotated[
        str | None, typer.Option(help="connected, offline or a standing.")
    ] = None,
    query: Annotated[
        str | None, typer.Option("--query", "-q", help="Occurs in id, make or owner.")
    ] = None,
    limit: Limit = 1000,
) -> None:
    """List stations with the power and the state of charge of their EVSEs."""
    rows = desk.api.items("stations", most=limit, site=site, status=status, q=query)
    columns = (
        text("station", "id"),
        text("site", "site").spared(3),
        Column("make", _make),
        text("edition", "edition").spared(4),
        Column("link", lambda row: "connected" if row.get("connected") else "offline"),
        text("standing", "standing").spared(1),
        text("ready", "provisioned").spared(1),
        Column("kW", lambda row: _each(row, _kw), right=True),
        Column("SoC %", lambda row: _each(row, _soc), right=True),
        moment("last seen", "last_seen_at").spared(2),
    )
    empty = "No station. Import a registry: csms import FILE"
    desk.show(rows, lambda: [listing("Stations", columns, rows, empty)])


@app.command("show")
@asks
def show_station(desk: Desk, station: StationArgument) -> None:
    """Show one station: what it is, what it can do, what it holds."""
    said = desk.api.get("stations", station)
    desk.show(said, lambda: _station(said))


@app.command()
@asks
def messages(
    desk: Desk,
    station: StationArgument,
    *,
    direction: Annotated[
        str | None, typer.Option(help="in (from the station) or out.")
    ] = None,
    action: Annotated[str | None, typer.Option(help="Only this action.")] = None,
    message_id: Annotated[str | None, typer.Option(help="Only this exchange.")] = None,
    query: Annotated[
        str | None, typer.Option("--query", "-q", help="Occurs in the frame.")
    ] = None,
    since: Since = None,
    until: Until = None,
    limit: Limit = 50,
) -> None:
    """Show the OCPP messages of a station, the youngest first."""
    wanted = {
        "direction": direction,
        "action": action,
        "message_id": message_id,
        "q": query,
        "from_": instant(since, "--from"),
        "to": instant(until, "--to"),
    }
    rows = desk.api.items("stations", station, "messages", most=limit, **wanted)
    empty = "No message. They are kept for CSMS_MESSAGE_LOG_DAYS."
    title = f"Messages of {station}"
    desk.show(
        rows, lambda: [listing(title, _MESSAGES, _local(desk, station, rows), empty)]
    )


@app.command()
@asks
def variables(
    desk: Desk,
    station: StationArgument,
    *,
    query: Annotated[
        str | None, typer.Option("--query", "-q", help="Occurs in a name.")
    ] = None,
) -> None:
    """Show the device model of a station, as it last told it."""
    rows = desk.api.get("stations", station, "variables", q=query)["items"]
    empty = "Nothing known yet. It is read when the station boots."
    title = f"Variables of {station}"
    desk.show(rows, lambda: [listing(title, _VARIABLES, rows, empty)])


@app.command()
@asks
def rejected(desk: Desk, *, limit: Limit = 50) -> None:
    """List opening handshakes that were refused, and why."""
    rows = desk.api.items("handshakes", "rejected", most=limit)
    desk.show(
        rows,
        lambda: [listing("Rejected handshakes", _REJECTED, rows, "None was refused.")],
    )


@app.command()
@asks
def command(
    desk: Desk,
    station: StationArgument,
    action: Annotated[
        str | None,
        typer.Argument(help="OCPP action, such as TriggerMessage; none lists them."),
    ] = None,
    payload: Annotated[
        str, typer.Argument(help="Its request as JSON, @FILE, or - for stdin.")
    ] = "{}",
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only check whether it would be sent.")
    ] = False,
) -> None:
    """Send an OCPP request to a station and show its answer.

    Exits with 0 if the station answered, and with 1 if it answered by a CALLERROR or
    not at all. What would discharge a vehicle is refused unless the rules allow it.
    """
    if action is None:
        said = desk.api.get("stations", station, "commands")
        desk.show(said, lambda: ["\n".join(said["actions"])])
        return
    said = desk.api.ask(
        "POST",
        "stations",
        station,
        "commands",
        action,
        wanted={"dry_run": "true" if dry_run else None},
        body=json_from(payload),
        also=_NO_ANSWER,
    )
    if "outcome" not in said:
        raise Failed(said.get("detail") or "The node could not ask the station.")
    desk.show(said, lambda: [_result(station, action, said)])
    if said["outcome"] not in {"answered", "checked"}:
        raise typer.Exit(ExitCode.FAILURE)


def _local(desk: Desk, station: str, rows: list[dict[str, Any]]) -> list[Row]:
    """Return rows with the time zone of the station's site, for people to read."""
    zone = desk.api.get("stations", station)["timezone"]
    return [{**row, "timezone": zone} for row in rows]


def _result(station: str, action: str, said: Row) -> "RenderableType":
    from rich.json import JSON

    match said["outcome"]:
        case "answered":
            note(f"{station} answered {action}")
            return JSON.from_data(said.get("payload", {}))
        case "checked":
            for warning in said.get("warnings") or ():
                note(f"warning: {warning}")
            return f"{action} would be sent to {station}"
        case "call_error":
            note(f"{station} refused {action} by a CALLERROR")
        case _:
            note(f"{station} did not answer {action}")
    return JSON.from_data(said)


def _station(said: Row) -> "Sequence[RenderableType]":
    zone = said.get("timezone")
    evidence = found(said, "vendor_profile.evidence") or {}
    shown: list[RenderableType] = [
        facts(
            said["id"],
            [
                ("site", _known_as(said, "site")),
                ("participant", _known_as(said, "participant")),
                ("make", _make(said)),
                ("firmware", said.get("firmware")),
                ("serial", said.get("serial")),
                ("edition", said.get("edition")),
                ("connected", bool(said.get("connected"))),
                ("standing", said.get("standing")),
                ("provisioned", bool(said.get("provisioned"))),
                ("last seen", local(said.get("last_seen_at"), zone)),
                ("vendor profile", found(said, "vendor_profile.id")),
                ("dialect", found(said, "vendor_profile.dialect")),
                ("evidence", " ".join(str(v) for v in evidence.values() if v)),
                ("cannot", ", ".join(said.get("shortcomings") or ())),
            ],
        ),
        table("EVSEs", _EVSES, _with_facts(said)),
    ]
    for title, columns, key in (
        ("Profiles it holds or should hold", _INTENTS, "intents"),
        ("Open transactions", _TRANSACTIONS, "transactions"),
        ("Departures from the standard", _DEVIATIONS, "deviations"),
    ):
        if rows := said.get(key):
            named = [{**row, "timezone": zone} for row in rows]
            shown.append(table(title, columns, named))
    return shown


def _with_facts(said: Row) -> list[Row]:
    """Return the EVSEs, each with whether and why not it may be dispatched."""
    known = {each["number"]: each for each in said.get("facts") or ()}
    return [
        {**each, "dispatch": known.get(each["number"], {})}
        for each in said.get("evses") or ()
    ]


def _dispatchable(evse: Row) -> str:
    said = evse["dispatch"]
    obstacle = str(said.get("obstacle") or "no").replace("_", " ")
    return "yes" if said.get("dispatchable") else obstacle


def _known_as(said: Row, key: str) -> str:
    name = said.get(f"{key}_name")
    return f"{said.get(key)} ({name})" if name else str(said.get(key))


def _make(row: Row) -> str:
    return " ".join(filter(None, (row.get("vendor"), row.get("model"))))


def _each(row: Row, cell: Any) -> str:  # noqa: ANN401 (a function of an EVSE)
    return "  ".join(cell(evse) for evse in row.get("evses") or ())


def _kw(evse: Row) -> str:
    watts = evse.get("power_w")
    return NOTHING if watts is None else figure(watts / 1000, 1)


def _soc(evse: Row) -> str:
    pct = evse.get("soc_pct")
    return NOTHING if pct is None else figure(pct)


def _named(row: Row, key: str) -> str:
    instance = row.get(f"{key}_instance")
    return f"{row[key]}[{instance}]" if instance else str(row[key])


def _place(row: Row, key: str) -> str:
    evse, connector = row.get("evse"), row.get("connector")
    place = "".join(f"/{each}" for each in (evse, connector) if each)
    return _named(row, key) + place


_EVSES = (
    number("EVSE", "number"),
    number("kW", "power_w", 1, 0.001),
    number("SoC %", "soc_pct"),
    text("plugged", "plugged"),
    text("charging", "charging_state"),
    text("mode", "operation_mode").spared(1),
    text("vehicle", "vehicle_name").spared(2),
    number("charge kW", "max_charge_kw", 1).spared(3),
    number("discharge kW", "max_discharge_kw", 1).spared(3),
    Column("dispatchable", _dispatchable),
)
_INTENTS = (
    number("EVSE", "evse"),
    text("role", "role"),
    number("profile", "profile_id"),
    text("state", "state"),
    text("event", "event"),
    moment("since", "updated_at"),
    text("detail", "detail"),
)
_TRANSACTIONS = (
    text("transaction", "id"),
    number("EVSE", "evse"),
    moment("started", "started_at"),
    moment("last report", "last_at"),
    text("charging", "charging_state"),
    number("missing reports", "missing_reports"),
)
_DEVIATIONS = (
    text("kind", "kind"),
    text("where", "path"),
    number("times", "count"),
    moment("last", "last_at"),
    text("detail", "detail"),
)
_MESSAGES = (
    moment("at", "at", seconds=True),
    text("way", "direction"),
    Column("kind", lambda row: _KINDS.get(row["kind"], row["kind"])),
    text("action", "action").spared(1),
    text("frame", "text"),
)
_VARIABLES = (
    Column("component", lambda row: _place(row, "component")),
    Column("variable", lambda row: _named(row, "variable")),
    text("attribute", "attribute"),
    text("value", "value"),
    text("mutability", "mutability"),
)
_REJECTED = (
    moment("at", "at"),
    text("station", "station"),
    text("from", "remote"),
    number("status", "status"),
    text("reason", "reason"),
)
