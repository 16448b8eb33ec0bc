"""How stations come in: `csms stations security`, `rotate-password` and the like."""

import time
from typing import TYPE_CHECKING, Annotated

import typer

from csms.cli.confirming import Yes, confirm
from csms.cli.desk import Desk, Limit, StationArgument, asks
from csms.cli.failures import ExitCode, Failed
from csms.cli.tables import facts, listing, moment, note, text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType

    from csms.cli.tables import Row

_ENDED = frozenset({"done", "fell_back", "refused", "cancelled"})
_LOOK_S = 1.0


@asks
def security(desk: Desk, station: StationArgument) -> None:
    """Show how a station comes in: profile, password changes, upgrades."""
    said = desk.api.get("stations", station, "security")
    desk.show(said, lambda: _door(said))


@asks
def rotate_password(
    desk: Desk,
    station: StationArgument,
    *,
    yes: Yes = False,
) -> None:
    """Give a station a new random password; nobody gets to see it.

    Until the station has come in with it, the old one opens the door as well.
    """
    if not yes:
        confirm("give it a new password", station, "its id")
    said = desk.api.ask("POST", "stations", station, "password")
    desk.show(said, lambda: [f"{station}: {said['state']} {said['reason']}".rstrip()])
    if said["state"] == "refused":
        raise typer.Exit(ExitCode.FAILURE)


@asks
def upgrade_security(
    desk: Desk,
    station: StationArgument,
    *,
    profile: Annotated[
        int, typer.Option(min=2, max=3, help="2 is TLS, 3 is a certificate.")
    ],
    interface: Annotated[
        str, typer.Option(help="Through which of its interfaces it connects.")
    ] = "Wired0",
    wait: Annotated[bool, typer.Option(help="Wait until it has ended.")] = False,
) -> None:
    """Bring a station to a higher security profile; it falls back if it must."""
    body = {"profile": profile, "interface": interface}
    said = desk.api.ask("POST", "stations", station, "upgrade", body=body)
    while wait and said["state"] not in _ENDED:
        time.sleep(_LOOK_S)
        said = desk.api.get("stations", station, "security")["upgrades"][0]
    desk.show(said, lambda: [f"{station}: {said['state']} {said['reason']}".rstrip()])
    if wait and said["state"] != "done":
        raise typer.Exit(ExitCode.FAILURE)


@asks
def cancel_upgrade(desk: Desk, station: StationArgument) -> None:
    """End a security upgrade; the station is told its former ways to connect."""
    said = desk.api.ask("DELETE", "stations", station, "upgrade")
    desk.show(said, lambda: [f"{station}: {said['state']}"])


@asks
def demand_security(
    desk: Desk,
    station: StationArgument,
    *,
    least: Annotated[
        int | None, typer.Option(min=1, max=3, help="Refuse it with less than this.")
    ] = None,
    expired: Annotated[
        bool | None,
        typer.Option(
            "--accept-expired/--refuse-expired",
            help="Whether it may come in with an expired certificate.",
        ),
    ] = None,
) -> None:
    """Demand a least security profile of a station from its next connection on."""
    if least is None and expired is None:
        raise Failed(
            "There is nothing to demand.",
            code=ExitCode.USAGE,
            remedy="Give --least, --accept-expired or --refuse-expired.",
        )
    body = {"least_profile": least, "accepts_expired": expired}
    said = desk.api.ask("PUT", "stations", station, "security", body=body)
    if not desk.as_json:
        note("it holds from the station's next connection on")
    desk.show(said, lambda: _door(said))


@asks
def security_events(
    desk: Desk,
    *,
    station: Annotated[str | None, typer.Option(help="Only of this station.")] = None,
    critical: Annotated[
        bool | None,
        typer.Option(
            "--critical/--other", help="Only those that are critical, or only others."
        ),
    ] = None,
    limit: Limit = 50,
) -> None:
    """List security events of stations, the youngest first."""
    rows = desk.api.items(
        "security-events", most=limit, station=station, critical=critical
    )
    desk.show(
        rows,
        lambda: [listing("Security events", _EVENTS, rows, "No security event.")],
    )


def _door(said: "Row") -> "Sequence[RenderableType]":
    shown = {
        "least profile": said["least_profile"],
        "came in by": said["last_profile"] or "1 or never",
        "since": said["last_at"] or "",
        "expired certificate": "accepted" if said["accepts_expired"] else "refused",
        "password changed": said["password_changed_at"] or "never",
        "certificate": said["certificate"] or "",
    }
    return [
        facts(said["station"], list(shown.items())),
        listing("Changes of the password", _CHANGES, said["rotations"], "None."),
        listing("Upgrades", _UPGRADES, said["upgrades"], "None."),
    ]


_CHANGES = (
    moment("began", "started_at"),
    text("state", "state"),
    text("by", "by"),
    text("reason", "reason"),
)
_UPGRADES = (
    moment("began", "started_at"),
    text("to profile", "target"),
    text("state", "state"),
    text("by", "by"),
    text("reason", "reason"),
)
_EVENTS = (
    moment("at", "at"),
    text("station", "station"),
    text("type", "type"),
    text("critical", "critical"),
    text("severity", "severity"),
    text("detail", "tech_info"),
)
