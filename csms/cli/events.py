"""`csms events`: look beforehand, call, follow, cancel, and read what it came to."""

import secrets
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from csms.cli import event_tables
from csms.cli.confirming import Yes, confirm
from csms.cli.desk import Desk, Limit, asks
from csms.cli.failures import ExitCode, Failed
from csms.cli.moments import span
from csms.cli.tables import figure, on_stderr

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType

app = typer.Typer(no_args_is_help=True, help="Demand-response events.")

EventArgument = Annotated[str, typer.Argument(metavar="EVENT", help="Its id.")]
ProgramArgument = Annotated[
    str, typer.Argument(metavar="PROGRAM", help="Which program calls.")
]
Start = Annotated[
    str,
    typer.Option(
        "--start", metavar="WHEN", help="2026-07-14T17:00, local to the program."
    ),
]
End = Annotated[
    str | None,
    typer.Option("--end", metavar="WHEN", help="20:00, or a time as for --start."),
]
Hours = Annotated[
    float | None, typer.Option(min=0.25, max=24, help="How long, instead of --end.")
]
Target = Annotated[
    float | None,
    typer.Option("--target", metavar="KW", min=0, help="Export wished for; else all."),
]
Name = Annotated[str, typer.Option(help="Its name for people.")]
Test = Annotated[bool, typer.Option("--test", help="A test is never settled.")]


@app.command("list")
@asks
def list_events(
    desk: Desk,
    *,
    program: Annotated[str | None, typer.Option(help="Only of this program.")] = None,
    stage: Annotated[
        list[str] | None, typer.Option(help="Only at this stage; may be repeated.")
    ] = None,
    limit: Limit = 100,
) -> None:
    """List events, the latest first."""
    rows = desk.api.items("events", most=limit, program=program, stage=stage or None)
    desk.show(rows, lambda: [event_tables.listed(_zoned(desk, rows))])


@app.command("show")
@asks
def show_event(desk: Desk, event: EventArgument) -> None:
    """Show one event: how far it has come, and how it stands right now."""
    said = desk.api.get("events", event)
    live = desk.api.get("events", event, "live")
    desk.show(
        {**said, "live": live},
        lambda: [event_tables.summary(_zoned(desk, [said])[0], live)],
    )


@app.command()
@asks
def preview(
    desk: Desk,
    program: ProgramArgument,
    *,
    start: Start,
    end: End = None,
    hours: Hours = None,
    target: Target = None,
    name: Name = "",
    test: Test = False,
) -> None:
    """Show what calling an event would mean; nothing is kept and nobody is told.

    Exits with 4 if a rule of the program forbids the event.
    """
    zone = _zone(desk, program)
    window = span(start, end, hours, zone)
    _preview(desk, _wanted(program, window, target, name, test=test), zone)


@app.command()
@asks
def call(
    desk: Desk,
    program: ProgramArgument,
    *,
    start: Start,
    end: End = None,
    hours: Hours = None,
    target: Target = None,
    name: Name = "",
    test: Test = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only show the preview.")
    ] = False,
    yes: Yes = False,
    key: Annotated[
        str | None,
        typer.Option(help="The same key again calls the event once only."),
    ] = None,
) -> None:
    """Call an event: participants are told at once, vehicles discharge at its start.

    Shows the preview first, and calls the event once its kilowatts, or yes, are typed.
    """
    zone = _zone(desk, program)
    window = span(start, end, hours, zone)
    wanted = _wanted(program, window, target, name, test=test)
    if dry_run:
        _preview(desk, wanted, zone)
        return
    if not yes:
        seen = desk.api.ask("POST", "events", "preview", body=wanted)
        _aside(event_tables.preview_summary(seen, zone))
        _refuse(seen)
        confirm("call it", figure(seen["planned_kw"]), "its kW")
    said = _call(desk, wanted, key or secrets.token_hex(12))
    desk.show(said, lambda: [event_tables.summary({**said, "timezone": zone}, None)])


@app.command()
@asks
def cancel(
    desk: Desk,
    event: EventArgument,
    *,
    reason: Annotated[str, typer.Option(help="Why; participants read it.")],
    yes: Yes = False,
) -> None:
    """Call an event off: everything is released, and whoever was told is told."""
    if not yes:
        seen = desk.api.get("events", event)
        _aside([event_tables.summary(_zoned(desk, [seen])[0], None)])
        confirm("cancel it", event, "its id")
    said = desk.api.ask("POST", "events", event, "cancel", body={"reason": reason})
    desk.show(said, lambda: [event_tables.summary(_zoned(desk, [said])[0], None)])


@app.command()
@asks
def members(
    desk: Desk,
    event: EventArgument,
    *,
    excluded: Annotated[
        bool, typer.Option("--excluded", help="Only who is excluded.")
    ] = False,
    limit: Limit = 5000,
) -> None:
    """List who takes part and how it fares; who is excluded and why."""
    rows = desk.api.items("events", event, "members", most=limit)
    if excluded:
        rows = [row for row in rows if row["exclusions"]]
    desk.show(rows, lambda: [event_tables.members(rows)])


@app.command()
@asks
def notices(desk: Desk, event: EventArgument) -> None:
    """List the notices of an event and the evidence of each."""
    rows = desk.api.items("events", event, "notices", most=10_000)
    desk.show(rows, lambda: [event_tables.notices(_zoned_by(desk, event, rows))])


@app.command()
@asks
def report(
    desk: Desk,
    event: EventArgument,
    *,
    explain: Annotated[
        bool, typer.Option("--explain", help="Say how each figure came about.")
    ] = False,
) -> None:
    """Show what an event came to: delivered, not delivered and why, per EVSE."""
    said = desk.api.get("events", event, "report")
    desk.show(
        said,
        lambda: event_tables.report(
            said, _zoned(desk, [said["event"]])[0], explain=explain
        ),
    )


@app.command("opt-out")
@asks
def opt_out(
    desk: Desk,
    event: EventArgument,
    participant: Annotated[str, typer.Argument(help="Who opts out.")],
) -> None:
    """Opt a participant out at their word, before or during the event."""
    body = {"participant": participant}
    said = desk.api.ask("POST", "events", event, "opt-outs", body=body)
    evses = ", ".join(said["evses"])
    desk.show(said, lambda: [f"{participant} is out of {event}: {evses}"])


def _preview(desk: Desk, wanted: Mapping[str, Any], zone: str) -> None:
    said = desk.api.ask("POST", "events", "preview", body=wanted)
    desk.show(said, lambda: event_tables.preview(said, zone))
    _refuse(said)


def _refuse(said: Mapping[str, Any]) -> None:
    """Stop if a rule forbids the event."""
    if said["callable"]:
        return
    broken = [each["text"] for each in said["violations"] if each["blocking"]]
    raise Failed(
        f"The event may not be called: {'; '.join(broken)}",
        code=ExitCode.REFUSED,
        field="--start",
        remedy="Choose another time, or make it a test (--test).",
    )


def _call(desk: Desk, wanted: Mapping[str, Any], key: str) -> Any:  # noqa: ANN401 (JSON)
    try:
        return desk.api.ask(
            "POST", "events", body=wanted, headers={"Idempotency-Key": key}
        )
    except Failed as failed:
        if failed.code is not ExitCode.FAILURE:
            raise
        raise Failed(
            f"{failed} Whether the event was called is not known.",
            field=failed.field,
            remedy=f"Repeat the command with --key {key}: it is called once only.",
        ) from failed


def _aside(things: "Sequence[RenderableType]") -> None:
    console = on_stderr()
    for each in things:
        console.print(each)


def _wanted(
    program: str,
    window: tuple[str, str],
    target: float | None,
    name: str,
    *,
    test: bool,
) -> dict[str, Any]:
    return {
        "program": program,
        "starts_at": window[0],
        "ends_at": window[1],
        "name": name,
        "target_kw": target or None,
        "test": test,
    }


def _zone(desk: Desk, program: str) -> str:
    return str(desk.api.get("programs", program)["timezone"])


def _zoned_by(
    desk: Desk, event: str, rows: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Return what belongs to an event with the time zone of its program."""
    zone = _zone(desk, desk.api.get("events", event)["program"])
    return [{**row, "timezone": zone} for row in rows]


def _zoned(desk: Desk, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return events with the time zones of their programs, for people to read."""
    programs = desk.api.items("programs", most=1000)
    zones = {each["id"]: each["timezone"] for each in programs}
    return [{**row, "timezone": zones.get(row["program"])} for row in rows]
