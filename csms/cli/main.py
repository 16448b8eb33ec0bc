"""The commands."""

from typing import Any

import typer
from typing_extensions import override

from csms.cli import (
    access,
    alerts,
    authority,
    charging,
    conformance,
    customers,
    database,
    displays,
    doctor,
    events,
    firmware,
    grid_controls,
    id_tokens,
    incidents,
    local_lists,
    monitors,
    operating,  # noqa: F401 - its commands join those of stations
    programs,
    registry,
    reservations,
    roots,
    serve,
    settings,
    setup,  # noqa: F401 - its commands join those of stations
    station_logs,
    station_security,
    stations,
    tariffs,
    telemetry,
)
from csms.cli.failures import Door

_HERE = "On this machine"
_FLEET = "Through the API: the fleet"
_CHARGING = "Through the API: who may charge, and how"
_UPKEEP = "Through the API: upkeep of stations"
_FLEXIBILITY = "Through the API: demand response"
_SECURITY = "Through the API: security of stations"
_HOUSE = "Through the API: the house"
_PANELS = (_HERE, _FLEET, _CHARGING, _UPKEEP, _FLEXIBILITY, _SECURITY, _HOUSE)
_OF_STATIONS = {
    "Ask it to do something": (
        *("command", "start", "stop", "unlock", "trigger", "availability", "reset"),
        *("clear-cache", "local-list", "requests", "resets"),
    ),
    "How it is set up": (
        *("get", "set", "report", "reports", "drift", "repair", "templates"),
        *("network-profiles", "set-network-profile", "set-network-priority"),
    ),
    "How safely it comes in": (
        *("security", "demand-security", "upgrade-security", "cancel-upgrade"),
        "rotate-password",
    ),
}
"""Panels of the commands about stations; others only look."""


class Commands(Door):
    """The commands, in the order of their panels."""

    @override
    def list_commands(self, ctx: Any) -> list[str]:
        """Return their names as help shows them."""
        names = super().list_commands(ctx)
        return sorted(names, key=lambda name: _PANELS.index(self._panel(name)))

    def _panel(self, name: str) -> str:
        return str(getattr(self.commands[name], "rich_help_panel", _HOUSE))


def _in_panels(group: typer.Typer) -> None:
    """Deal the commands about stations to their panels."""
    panels = {name: panel for panel, names in _OF_STATIONS.items() for name in names}
    for each in group.registered_commands:
        own = each.name or getattr(each.callback, "__name__", "").replace("_", "-")
        each.rich_help_panel = panels.get(own, "Look")
    for inner in group.registered_groups:
        inner.rich_help_panel = panels.get(inner.name or "", "Look")


app = typer.Typer(
    name="csms",
    cls=Commands,
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Charge-point management for bidirectional chargers: demand response "
    "from call to settlement.",
)

app.command(cls=serve.WithSettings, rich_help_panel=_HERE)(serve.serve)
app.command(rich_help_panel=_HERE)(serve.demo)
app.command(rich_help_panel=_HERE)(doctor.doctor)
app.command(rich_help_panel=_HERE)(database.migrate)
app.command(rich_help_panel=_HERE)(settings.settings)
app.command(rich_help_panel=_HERE)(conformance.conformance)

app.command("import", rich_help_panel=_FLEET)(registry.import_registry)
stations.app.add_typer(local_lists.app, name="local-list")
stations.app.command("clear-cache")(local_lists.clear_cache)
stations.app.command("security")(station_security.security)
stations.app.command("rotate-password")(station_security.rotate_password)
stations.app.command("upgrade-security")(station_security.upgrade_security)
stations.app.command("cancel-upgrade")(station_security.cancel_upgrade)
stations.app.command("demand-security")(station_security.demand_security)
_in_panels(stations.app)
app.add_typer(stations.app, name="stations", rich_help_panel=_FLEET)
app.add_typer(registry.sites, name="sites", rich_help_panel=_FLEET)
app.add_typer(registry.participants, name="participants", rich_help_panel=_FLEET)
app.add_typer(registry.vehicles, name="vehicles", rich_help_panel=_FLEET)
app.add_typer(registry.enrollments, name="enrollments", rich_help_panel=_FLEET)

app.add_typer(id_tokens.app, name="id-tokens", rich_help_panel=_CHARGING)
app.add_typer(reservations.app, name="reservations", rich_help_panel=_CHARGING)
app.add_typer(charging.app, name="charging", rich_help_panel=_CHARGING)
app.add_typer(grid_controls.app, name="grid-controls", rich_help_panel=_CHARGING)
app.add_typer(tariffs.app, name="tariffs", rich_help_panel=_CHARGING)
app.add_typer(firmware.app, name="firmware", rich_help_panel=_UPKEEP)
app.add_typer(displays.displays, name="displays", rich_help_panel=_UPKEEP)
app.add_typer(displays.transfers, name="transfers", rich_help_panel=_UPKEEP)
app.add_typer(station_logs.app, name="logs", rich_help_panel=_UPKEEP)
app.add_typer(monitors.app, name="monitors", rich_help_panel=_UPKEEP)
app.add_typer(monitors.streams, name="streams", rich_help_panel=_UPKEEP)
app.add_typer(alerts.app, name="alerts", rich_help_panel=_UPKEEP)
app.add_typer(alerts.rules, name="alert-rules", rich_help_panel=_UPKEEP)

app.add_typer(authority.app, name="certificates", rich_help_panel=_SECURITY)
app.command("security-events", rich_help_panel=_SECURITY)(
    station_security.security_events
)
app.add_typer(roots.app, name="roots", rich_help_panel=_SECURITY)

app.add_typer(events.app, name="events", rich_help_panel=_FLEXIBILITY)
app.add_typer(programs.app, name="programs", rich_help_panel=_FLEXIBILITY)
app.add_typer(telemetry.app, name="telemetry", rich_help_panel=_FLEXIBILITY)

app.command(rich_help_panel=_HOUSE)(incidents.incidents)
app.add_typer(incidents.quarantines, name="quarantines", rich_help_panel=_HOUSE)
app.add_typer(customers.app, name="customers", rich_help_panel=_HOUSE)
app.add_typer(access.tokens, name="tokens", rich_help_panel=_HOUSE)
app.add_typer(access.accounts, name="accounts", rich_help_panel=_HOUSE)
app.command(rich_help_panel=_HOUSE)(access.audit)
