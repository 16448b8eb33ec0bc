"""`csms import`, and what was imported: sites, participants, vehicles, enrollments."""

from typing import TYPE_CHECKING, Annotated

import typer

from csms.cli.desk import Desk, Limit, asks
from csms.cli.reading import document_from
from csms.cli.tables import (
    Column,
    Row,
    facts,
    figure,
    found,
    listing,
    number,
    text,
)

if TYPE_CHECKING:
    from rich.console import RenderableType

sites = typer.Typer(no_args_is_help=True, help="Sites: where stations stand.")
participants = typer.Typer(no_args_is_help=True, help="Who lends vehicles.")
vehicles = typer.Typer(no_args_is_help=True, help="Vehicles and what they need.")
enrollments = typer.Typer(
    no_args_is_help=True, help="What takes part in which program."
)

IdArgument = Annotated[str, typer.Argument(metavar="ID", help="Its id.")]

_WRITE = "See the example: python -m simulators registry --fleet tiny"
_EMPTY = "None. Import a registry: csms import FILE"
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@asks
def import_registry(
    desk: Desk,
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="The document; - for stdin.")
    ],
) -> None:
    """Import a registry document: sites, participants, vehicles, stations.

    All of it is taken, or nothing. Importing it again changes nothing.
    """
    said = desk.api.ask("POST", "registry", body=document_from(file, _WRITE))
    desk.show(said, lambda: [facts("Imported", said.items())])


@sites.command("list")
@asks
def list_sites(desk: Desk, *, limit: Limit = 1000) -> None:
    """List sites and what may flow through them."""
    rows = desk.api.items("sites", most=limit)
    desk.show(rows, lambda: [listing("Sites", _SITES, rows, _EMPTY)])


@sites.command("show")
@asks
def show_site(desk: Desk, site: IdArgument) -> None:
    """Show one site."""
    said = desk.api.get("sites", site)
    desk.show(said, lambda: [_pairs(said)])


@participants.command("list")
@asks
def list_participants(desk: Desk, *, limit: Limit = 1000) -> None:
    """List participants."""
    rows = desk.api.items("participants", most=limit)
    desk.show(rows, lambda: [listing("Participants", _PARTICIPANTS, rows, _EMPTY)])


@participants.command("show")
@asks
def show_participant(desk: Desk, participant: IdArgument) -> None:
    """Show one participant."""
    said = desk.api.get("participants", participant)
    desk.show(said, lambda: [_pairs(said)])


@vehicles.command("list")
@asks
def list_vehicles(
    desk: Desk,
    *,
    participant: Annotated[
        str | None, typer.Option(help="Only of this participant.")
    ] = None,
    limit: Limit = 1000,
) -> None:
    """List vehicles with their batteries and mobility needs."""
    rows = desk.api.items("vehicles", most=limit, participant=participant)
    desk.show(rows, lambda: [listing("Vehicles", _VEHICLES, rows, _EMPTY)])


@vehicles.command("show")
@asks
def show_vehicle(desk: Desk, vehicle: IdArgument) -> None:
    """Show one vehicle."""
    said = desk.api.get("vehicles", vehicle)
    desk.show(said, lambda: [_vehicle(said)])


@enrollments.command("list")
@asks
def list_enrollments(
    desk: Desk,
    *,
    program: Annotated[str | None, typer.Option(help="Only in this program.")] = None,
    participant: Annotated[
        str | None, typer.Option(help="Only of this participant.")
    ] = None,
    limit: Limit = 1000,
) -> None:
    """List which EVSE takes part in which program."""
    rows = desk.api.items(
        "enrollments", most=limit, program=program, participant=participant
    )
    desk.show(rows, lambda: [listing("Enrollments", _ENROLLMENTS, rows, _EMPTY)])


def _evse(row: Row) -> str:
    station, evse = row.get("station"), row.get("evse")
    return f"{station}/{evse}" if station else ""


def _departures(row: Row) -> str:
    return ", ".join(
        f"{_WEEKDAYS[each['weekday']]} {each['time'][:5]} {figure(each['soc_pct'])} %"
        for each in found(row, "need.departures") or ()
    )


def _pairs(said: Row) -> "RenderableType":
    """Return everything there is to say of one thing."""
    pairs = ((name.replace("_", " "), value) for name, value in said.items())
    return facts(str(said.get("name") or said["id"]), pairs)


def _vehicle(said: Row) -> "RenderableType":
    overrides = ", ".join(
        f"{each['date']} {(each['time'] or 'stays')[:5]} {figure(each['soc_pct'])} %"
        for each in found(said, "need.overrides") or ()
    )
    kept = {name: value for name, value in said.items() if name != "need"}
    return _pairs(
        {
            **kept,
            "floor_pct": found(said, "need.min_soc_pct"),
            "departures": _departures(said),
            "overrides": overrides,
        }
    )


_SITES = (
    text("site", "id"),
    text("name", "name"),
    text("participant", "participant").spared(2),
    text("utility", "utility"),
    text("class", "customer_class").spared(3),
    number("import cap kW", "import_cap_kw", 1).spared(2),
    number("export cap kW", "export_cap_kw", 1),
    text("may export", "export_permission"),
    number("stations", "stations").spared(1),
    number("EVSEs", "evses").spared(1),
    text("time zone", "timezone").spared(4),
)
_PARTICIPANTS = (
    text("participant", "id"),
    text("name", "name"),
    text("kind", "kind").spared(2),
    text("e-mail", "email").spared(3),
    number("sites", "sites").spared(1),
    number("vehicles", "vehicles").spared(1),
    number("EVSEs", "evses"),
    text("programs", "programs"),
)
_VEHICLES = (
    text("vehicle", "id"),
    text("name", "name"),
    text("participant", "participant").spared(3),
    Column("EVSE", _evse).spared(2),
    number("SoC %", "soc_pct"),
    number("battery kWh", "battery_kwh", 1),
    number("charge kW", "max_charge_kw", 1).spared(1),
    number("discharge kW", "max_discharge_kw", 1).spared(1),
    number("floor %", "need.min_soc_pct"),
    Column("departures", _departures).spared(4),
)
_ENROLLMENTS = (
    text("program", "program"),
    Column("EVSE", _evse),
    text("participant", "participant"),
    text("site", "site").spared(1),
    text("from", "starts_on"),
    text("until", "ends_on"),
    number("share %", "participant_share", 0, 100),
)
