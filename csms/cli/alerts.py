"""`csms alerts` and `csms alert-rules`: events that a person should know of."""

from typing import Annotated

import typer

from csms.cli.desk import Desk, Limit, asks
from csms.cli.monitors import place_of
from csms.cli.tables import Column, Row, listing, moment, number, text

app = typer.Typer(
    no_args_is_help=True, help="Events of stations that a person must know."
)
rules = typer.Typer(no_args_is_help=True, help="Which events become alerts.")

Name = Annotated[str, typer.Argument(metavar="RULE", help="Its name.")]

Incident = Annotated[
    int, typer.Argument(metavar="INCIDENT", help="Its number, see csms incidents.")
]


@app.command("list")
@asks
def list_alerts(
    desk: Desk,
    *,
    station: Annotated[str | None, typer.Option(help="Only of this station.")] = None,
    all_: Annotated[
        bool, typer.Option("--all", help="Those that are over too.")
    ] = False,
    limit: Limit = 50,
) -> None:
    """List alerts, the youngest first."""
    wanted = None if all_ else "true"
    rows = desk.api.items("alerts", most=limit, station=station, open=wanted)
    desk.show(rows, lambda: [listing("Alerts", _ALERTS, rows, "No alert.")])


@app.command()
@asks
def end(
    desk: Desk,
    alert: Annotated[int, typer.Argument(metavar="NUMBER", help="Which.")],
) -> None:
    """End an alert by hand, and resolve its incident."""
    desk.api.ask("POST", "alerts", str(alert), "end")
    desk.show({"ended": alert}, lambda: [f"alert {alert} is over"])


@app.command()
@asks
def acknowledge(desk: Desk, incident: Incident) -> None:
    """Say that you look after an incident; it stays open."""
    desk.api.ask("POST", "incidents", str(incident), "acknowledge")
    told = {"incident": incident, "state": "acknowledged"}
    desk.show(told, lambda: [f"incident {incident} is yours"])


@app.command()
@asks
def resolve(desk: Desk, incident: Incident) -> None:
    """End an incident by hand, and the alert that raised it."""
    desk.api.ask("POST", "incidents", str(incident), "resolve")
    told = {"incident": incident, "state": "resolved"}
    desk.show(told, lambda: [f"incident {incident} is over"])


@app.command()
@asks
def events(
    desk: Desk,
    station: Annotated[str, typer.Argument(metavar="STATION", help="Which.")],
    *,
    severity: Annotated[
        int | None, typer.Option(min=0, max=9, help="This one or graver.")
    ] = None,
    limit: Limit = 50,
) -> None:
    """List what a station notified, the youngest first."""
    rows = desk.api.items("stations", station, "events", most=limit, severity=severity)
    title = f"Events of {station}"
    desk.show(rows, lambda: [listing(title, _EVENTS, rows, "It notified nothing.")])


@rules.command("list")
@asks
def list_rules(desk: Desk) -> None:
    """List the rules that raise alerts."""
    rows = desk.api.get("alert-rules")["items"]
    desk.show(rows, lambda: [listing("Alert rules", _RULES, rows, "No rule.")])


@rules.command()
@asks
def save(
    desk: Desk,
    name: Name,
    *,
    severity: Annotated[
        int, typer.Option(min=0, max=9, help="This one or graver.")
    ] = 9,
    component: Annotated[str, typer.Option(help="Such as EVSE or *.")] = "*",
    variable: Annotated[str, typer.Option(help="Such as Temp*.")] = "*",
    value: Annotated[str | None, typer.Option(help="A pattern; or any value.")] = None,
    station: Annotated[str, typer.Option(help="Such as MA-*.")] = "*",
    trigger: Annotated[
        list[str] | None, typer.Option(help="Alerting, Delta, Periodic.")
    ] = None,
    raises: Annotated[str, typer.Option(help="critical or warning.")] = "warning",
    description: Annotated[str, typer.Option(help="What it is for.")] = "",
    off: Annotated[bool, typer.Option("--off", help="Switch it off.")] = False,
) -> None:
    """Add a rule, or change the one of its name; defaults are changed like that."""
    body = {
        "description": description,
        "severity": severity,
        "component": component,
        "variable": variable,
        "value": value,
        "station": station,
        "raises": raises,
        "enabled": not off,
    }
    if trigger:
        body["triggers"] = trigger
    said = desk.api.ask("PUT", "alert-rules", name, body=body)
    state = "in force" if said["enabled"] else "switched off"
    desk.show(said, lambda: [f"rule {name} is {state}"])


@rules.command()
@asks
def forget(desk: Desk, name: Name) -> None:
    """Forget a rule; a default comes back as it was delivered."""
    desk.api.ask("DELETE", "alert-rules", name)
    desk.show({"forgotten": name}, lambda: [f"rule {name} is forgotten"])


def _variable(row: Row) -> str:
    return place_of(row["variable"])


_ALERTS = (
    number("alert", "id"),
    text("station", "station"),
    text("rule", "rule"),
    Column("variable", _variable),
    text("value", "value"),
    number("severity", "severity"),
    moment("raised", "raised_at"),
    number("times", "count"),
    moment("over", "cleared_at"),
)
_EVENTS = (
    moment("at", "at", seconds=True),
    Column("variable", _variable),
    text("value", "value"),
    number("severity", "severity"),
    text("trigger", "trigger"),
    text("over", "cleared"),
    text("transaction", "transaction").spared(1),
)
_RULES = (
    text("rule", "id"),
    number("severity", "severity"),
    text("component", "component"),
    text("variable", "variable"),
    text("value", "value"),
    text("station", "station"),
    text("raises", "raises"),
    text("in force", "enabled"),
    text("changed by", "changed_by"),
)
