"""Events that stations notify: kept, judged by rules, made incidents of (N07, N08)."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import structlog

from csms.clock import Clock
from csms.domain.alert import (
    DEFAULT_RULES,
    LEAST_SEVERE,
    Alert,
    AlertRule,
    SeverityFrom,
    StationEvent,
    clamped,
    judge,
)
from csms.domain.errors import Broken, Conflict, NotFound
from csms.domain.ids import StationId
from csms.services.ports.alerts import EventFilter
from csms.services.ports.wire import Deviations, DeviationSeen
from csms.services.ports.work import Begin, Work

log = structlog.get_logger()

MOST_OPEN = 200
"""Alerts that one station may have open: more tell nobody anything."""

MOST_RULES = 200
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")


class NoSuchRule(NotFound):
    """There is no such alert rule."""

    code = "no-such-alert-rule"
    usual_remedy = "see csms alert-rules list"


class NoSuchAlert(NotFound):
    """There is no such alert."""

    code = "no-such-alert"
    usual_remedy = "see csms alerts list --all"


class AlertIsOver(Conflict):
    """The alert is over already."""

    code = "alert-is-over"


@dataclass(frozen=True, slots=True)
class RuleInForce:
    """A rule, and whether it is as it was delivered.

    Attributes:
        is_default: Whether there is a default of this name.
        changed_by: Who changed or added it; None if nobody did.
    """

    rule: AlertRule
    is_default: bool
    changed_by: str | None


@dataclass(frozen=True, slots=True)
class Alerts:
    """Takes events, and raises and ends alerts.

    Attributes:
        clock: Where business time comes from.
        begin: Begins a unit of work.
        deviations: Where what stations get wrong is counted.
    """

    clock: Clock
    begin: Begin
    deviations: Deviations

    async def take(self, events: Sequence[StationEvent]) -> None:
        """Keep the events of one station, and act on them in their order."""
        if not events:
            return
        station = events[0].station
        async with self.begin() as work:
            known = [await self._weighed(work, each) for each in events]
            await work.alerts.add_events(known)
            await work.alerts.lock(station)
            rules = [each.rule for each in await _in_force(work)]
            for event in known:
                await self._judge(work, event, rules)

    async def events(
        self, wanted: EventFilter, *, before: int | None = None, limit: int = 100
    ) -> Sequence[tuple[int, StationEvent]]:
        """Return events with their number, youngest first, below a number."""
        async with self.begin() as work:
            return await work.alerts.events(wanted, before=before, limit=limit)

    async def alerts(
        self,
        *,
        station: StationId | None = None,
        only_open: bool = False,
        before: int | None = None,
        limit: int = 100,
    ) -> Sequence[Alert]:
        """Return alerts, youngest first, below a number."""
        async with self.begin() as work:
            return await work.alerts.alerts(
                station=station, only_open=only_open, before=before, limit=limit
            )

    async def end(self, alert: int, by: str) -> None:
        """End an alert by hand: not every event tells that it is over.

        Raises:
            NoSuchAlert: If there is none of this number.
            AlertIsOver: If it is over already.
        """
        now = self.clock.now()
        async with self.begin() as work:
            found = await work.alerts.find(alert)
            if found is None:
                raise NoSuchAlert(f"there is no alert {alert}")
            if not found.is_open:
                raise AlertIsOver
            await end_alert(work, found, by, now)
            await work.access.audit(
                by, "alert.ended", found.station, {"alert": alert}, now
            )

    async def rules(self) -> Sequence[RuleInForce]:
        """Return every rule, by name."""
        async with self.begin() as work:
            return await _in_force(work)

    async def save_rule(self, rule: AlertRule, by: str) -> None:
        """Add a rule, or put it in place of the one of its name.

        Raises:
            Broken: If it makes no sense.
        """
        _check(rule)
        now = self.clock.now()
        async with self.begin() as work:
            there = await _in_force(work)
            if len(there) >= MOST_RULES and rule.id not in {e.rule.id for e in there}:
                raise Broken(f"there are {MOST_RULES} rules already", field="id")
            await work.alerts.save_rule(rule, by, now)
            detail = {
                "severity": rule.severity,
                "raises": rule.raises.value,
                "enabled": rule.enabled,
            }
            await work.access.audit(by, "alert_rule.saved", rule.id, detail, now)

    async def forget_rule(self, rule: str, by: str) -> None:
        """Forget a rule; a default comes back as it was delivered.

        Raises:
            NoSuchRule: If nobody changed or added a rule of this name.
        """
        async with self.begin() as work:
            if not await work.alerts.forget_rule(rule):
                raise NoSuchRule(
                    f"nobody has changed or added a rule {rule}",
                    remedy="to switch a default off, save it with enabled: false",
                )
            now = self.clock.now()
            await work.access.audit(by, "alert_rule.forgotten", rule, {}, now)

    async def _weighed(self, work: Work, event: StationEvent) -> StationEvent:
        """Return the event with a severity: its own, or that of its monitor."""
        if event.severity_from is SeverityFrom.EVENT:
            if event.severity > LEAST_SEVERE:
                self._count(event, "severity-out-of-range", str(event.severity))
            return replace(event, severity=clamped(event.severity))
        if event.monitor is None:
            return event
        severity = await work.monitors.severity_of(event.station, event.monitor)
        if severity is None:
            return event
        return replace(
            event, severity=clamped(severity), severity_from=SeverityFrom.MONITOR
        )

    async def _judge(
        self, work: Work, event: StationEvent, rules: Sequence[AlertRule]
    ) -> None:
        known = await work.alerts.known(event.station, event.key)
        if not known and not any(each.covers(event) for each in rules):
            return
        meant = judge(event, rules, known)
        for each in meant.over:
            await work.alerts.end(
                each, by="event", at=event.received_at, over_at=event.at
            )
            await _tell(work, "alert.ended", each, {"by": "event"})
        if meant.repeated is not None:
            await work.alerts.confirm(meant.repeated, event)
        if meant.raised is not None:
            await self._raise(work, event, meant.raised)

    async def _raise(self, work: Work, event: StationEvent, rule: AlertRule) -> None:
        running = await work.alerts.alerts(
            station=event.station, only_open=True, limit=MOST_OPEN
        )
        if len(running) >= MOST_OPEN:
            self._count(event, "too-many-alerts", rule.id)
            return
        detail = _detail(event, rule)
        number = await work.alerts.raise_alert(event, rule, detail)
        body = {**detail, "alert": number, "severity": event.severity}
        await work.facts.add("alert.raised", event.station, body, event.received_at)
        log.warning(
            "alert.raised",
            station=event.station,
            rule=rule.id,
            variable=event.key.text,
            severity=event.severity,
        )

    def _count(self, event: StationEvent, kind: str, detail: str) -> None:
        path = "NotifyEvent.eventData.severity"
        seen = DeviationSeen(kind, path, f"{event.key.text}: {detail}")
        self.deviations.count(event.station, [seen], event.received_at)


async def end_alert(work: Work, alert: Alert, by: str, at: datetime) -> None:
    """Keep that somebody ended an alert, and tell whoever watches."""
    await work.alerts.end(alert, by=by, at=at, over_at=at)
    await _tell(work, "alert.ended", alert, {"by": by})


async def _in_force(work: Work) -> Sequence[RuleInForce]:
    """Return the defaults, and what somebody put in their place or beside them."""
    defaults = {each.id: RuleInForce(each, True, None) for each in DEFAULT_RULES}  # noqa: FBT003
    changed = {
        each.rule.id: RuleInForce(each.rule, each.rule.id in defaults, each.by)
        for each in await work.alerts.changed_rules()
    }
    both = defaults | changed
    return [both[name] for name in sorted(both)]


def _check(rule: AlertRule) -> None:
    if not _NAME.fullmatch(rule.id):
        raise Broken(
            "a rule is named by small letters, digits and dashes, at most 64",
            field="id",
        )
    if not 0 <= rule.severity <= LEAST_SEVERE:
        raise Broken(f"severities go from 0 to {LEAST_SEVERE}", field="severity")
    if not rule.triggers:
        raise Broken("without a trigger it never raises anything", field="triggers")
    for name in ("component", "variable", "station"):
        if not getattr(rule, name):
            raise Broken("a pattern is not empty; * stands for anything", field=name)


def _detail(event: StationEvent, rule: AlertRule) -> dict[str, Any]:
    said: Mapping[str, Any] = {
        "rule": rule.id,
        "variable": event.key.text,
        "value": event.value[:200],
        "severity": event.severity,
        "monitor": event.monitor,
        "transaction": event.transaction,
        "cause": event.cause,
        "tech": event.tech_code,
        "at": event.at.isoformat(),
    }
    return {name: value for name, value in said.items() if value is not None}


async def _tell(work: Work, kind: str, alert: Alert, more: Mapping[str, Any]) -> None:
    body = {"alert": alert.id, "rule": alert.rule, "variable": alert.key.text, **more}
    await work.facts.add(kind, alert.station, body, alert.last_at)
