"""Alerts: what is wrong and not over, who looks after it, and what raises alerts."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Form, Query
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict

from csms.console.forms import BLANK, FAULTS, Filled, fault_of, whole
from csms.console.menu import may
from csms.console.shell import PageRoute, ShellOf, to
from csms.domain.alert import AlertRule, Raises, Trigger
from csms.domain.errors import Broken
from csms.services.incidents import NoOpenIncident
from csms.services.ports.incidents import (
    ACKNOWLEDGED_AT,
    ACKNOWLEDGED_BY,
    OpenIncident,
)
from csms.web.auth import Admin, NodeOf, Operator, Viewer

if TYPE_CHECKING:
    from csms.console.shell import Shell
    from csms.services.access import Caller
    from csms.services.node import Node

router = APIRouter(route_class=PageRoute, include_in_schema=False)
HERE = "/alerts"
PAGE = 50
SEVERITIES = (
    "0 danger",
    "1 hardware failure",
    "2 system failure",
    "3 critical",
    "4 error",
    "5 alert",
    "6 warning",
    "7 notice",
    "8 information",
    "9 debugging",
)
"""In the order of OCPP (N04): the lower, the graver."""

TRIGGERS: Mapping[str, str] = {
    "Alerting Delta": "monitors that trip, and changes",
    "Alerting": "monitors that trip",
    "Delta": "changes",
    "Alerting Delta Periodic": "all, periodic values too",
}
ELSEWHERE = frozenset({ACKNOWLEDGED_AT, ACKNOWLEDGED_BY, "at", "severity"})
"""What the page says in other words than those of the incident's detail."""

RAISES: Mapping[str, str] = {"warning": "a warning", "critical": "a critical alert"}


class RuleForm(BaseModel):
    """A rule as it is typed."""

    model_config = ConfigDict(frozen=True)

    id: str = ""
    description: str = ""
    severity: str = ""
    component: str = ""
    variable: str = ""
    value: str = ""
    station: str = ""
    triggers: str = ""
    raises: str = ""

    def rule(self) -> AlertRule:
        """Return the rule.

        Raises:
            Broken: If a field makes no sense; it says which.
        """
        if self.triggers not in TRIGGERS:
            raise Broken("choose one", field="triggers")
        if self.raises not in RAISES:
            raise Broken("choose one", field="raises")
        return AlertRule(
            id=self.id.strip(),
            description=self.description.strip(),
            severity=whole(self.severity, "severity", len(SEVERITIES) - 1),
            component=self.component.strip() or "*",
            variable=self.variable.strip() or "*",
            value=self.value.strip() or None,
            station=self.station.strip() or "*",
            triggers=tuple(Trigger(each) for each in self.triggers.split()),
            raises=Raises(self.raises),
        )


@dataclass(frozen=True, slots=True)
class AlertView:
    """What is wrong, as the page shows it.

    Attributes:
        what: What happened, in words.
        meaning: What that means and what to do next.
        level: The severity in words.
        tone: The tone of it.
        details: What else is known, by name.
    """

    open: OpenIncident
    what: str
    meaning: str
    level: str
    tone: str
    details: Mapping[str, Any]


@router.get(HERE)
async def show(
    caller: Viewer,
    node: NodeOf,
    shell: ShellOf,
    before: Annotated[int | None, Query(ge=1)] = None,
) -> Response:
    """Show what is not over, the rules, and who monitors what."""
    return await _page(node, shell, caller, before=before)


@router.post(HERE + "/rules")
async def save_rule(
    caller: Admin, node: NodeOf, shell: ShellOf, asked: Annotated[RuleForm, Form()]
) -> Response:
    """Add a rule, or put it in place of the one of its name."""
    try:
        await node.diagnostics.alerts.save_rule(asked.rule(), caller.name)
    except FAULTS as error:
        filled = Filled("rule", asked.model_dump(), fault_of(error))
        return await _page(node, shell, caller, filled)
    return to(f"{HERE}#rules")


@router.post(HERE + "/rules/{rule}/forget")
async def forget_rule(rule: str, caller: Admin, node: NodeOf) -> Response:
    """Forget what was changed or added under a name."""
    await node.diagnostics.alerts.forget_rule(rule, caller.name)
    return to(f"{HERE}#rules")


@router.post(HERE + "/{number}/{verb}")
async def act(number: str, verb: str, caller: Operator, node: NodeOf) -> Response:
    """Acknowledge or resolve what is wrong."""
    deeds = {
        "acknowledge": node.incidents.acknowledge,
        "resolve": node.incidents.resolve,
    }
    if verb not in deeds:
        raise Broken(f"nobody can {verb} an alert")
    if not number.isascii() or not number.isdigit():
        raise NoOpenIncident(f"there is no open incident {number}")
    await deeds[verb](int(number), caller.name)
    return to(HERE)


async def _page(
    node: "Node",
    shell: "Shell",
    caller: "Caller",
    filled: Filled = BLANK,
    *,
    before: int | None = None,
) -> Response:
    found = await node.incidents.open(before=before, limit=PAGE + 1)
    rules = await node.diagnostics.alerts.rules()
    meant = {each.rule.id: each.rule.description for each in rules}
    attention = await node.queries.attention(node.clock.now())
    async with node.begin() as work:
        tallies = await work.monitors.tallies()
    return shell.page(
        "alerts.html",
        caller,
        filled.status,
        filled=filled,
        rows=[view_of(each, meant) for each in found[:PAGE]],
        more=found[PAGE - 1].incident.id if len(found) > PAGE else None,
        total=attention.incidents,
        rules=rules,
        may_rule=may(caller.role, "POST", HERE + "/rules"),
        severities={str(at): word for at, word in enumerate(SEVERITIES)},
        triggers=TRIGGERS,
        raises=RAISES,
        tallies=tallies,
    )


def view_of(found: OpenIncident, rules: Mapping[str, str]) -> AlertView:
    """Return what is wrong as the page shows it.

    Args:
        found: What is wrong.
        rules: What each alert rule is for, by its name.
    """
    incident, alert = found.incident, found.alert
    tone = "bad" if incident.severity == "critical" else "warn"
    meaning, level = meaning_of(incident.kind), incident.severity
    if alert is None:
        what = incident.kind.replace("_", " ").replace(".", ": ")
        tone = "" if level == "info" else tone
    else:
        what = f"{alert.key.text} is {alert.value}" if alert.value else alert.key.text
        meaning = f"{rules.get(alert.rule, '')} {meaning}".strip()
        level = SEVERITIES[alert.severity]
    details = {
        name: value
        for name, value in incident.detail.items()
        if value is not None and name not in ELSEWHERE
    }
    return AlertView(found, what, meaning, level, tone, details)


def meaning_of(kind: str) -> str:
    """Return what a kind of incident means, as far as that is told."""
    known = _meanings()
    places = [at for at, letter in enumerate(kind) if letter in "._"]
    names = [kind, *(kind[:at] for at in reversed(places))]
    return next((known[each] for each in names if each in known), "")


@cache
def _meanings() -> Mapping[str, str]:
    return tomllib.loads((files("csms.console") / "incidents.toml").read_text("utf-8"))
