"""What the demonstration found: figures, groups, promises; as tables and as JSON."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from rich.console import Console

from csms.cli.demo_view import (
    exclusions_table,
    groups_table,
    promises_table,
    reasons_table,
)
from csms.cli.judging import (
    Promise,
    delivered_kwh,
    excused_kwh,
    exported_kwh,
    judge,
    planned_kwh,
    share,
)
from csms.cli.witness import Case, departures, witnesses

_GROUPS = {
    "residential": "homes",
    "municipal": "municipal sites",
    "school_district": "school districts",
}


@dataclass(frozen=True, slots=True)
class Findings:
    """Everything that is shown and written.

    Attributes:
        kept: Whether every promise was kept.
        document: The whole report, as JSON knows it.
    """

    kept: bool
    promises: tuple[Promise, ...]
    groups: list[dict[str, Any]]
    excluded: list[tuple[str, str, str]]
    reasons: dict[str, float]
    document: dict[str, Any]


def findings(
    *,
    observed: Mapping[str, Any],
    registry: Mapping[str, Any],
    members: Mapping[str, Mapping[str, Any]],
    events: Sequence[Mapping[str, Any]],
    statements: Sequence[Mapping[str, Any]],
    quarantines: Sequence[Mapping[str, Any]],
    window: tuple[datetime, datetime],
    allowance: timedelta,
    options: Mapping[str, Any],
) -> Findings:
    """Judge the promises and gather the figures."""
    seen = witnesses(observed)
    case = Case(
        start=window[0],
        end=window[1],
        allowance=allowance,
        members=members,
        witnesses=seen,
        drivers={each["participant"]: each for each in observed["drivers"]},
        export_caps={
            each["id"]: each["export_cap_kw"] * 1000 if each["export_permission"] else 0
            for each in registry["sites"]
        },
        departures=departures(observed, registry, seen),
    )
    promises = judge(case)
    groups = _groups(case, registry, statements)
    reasons: dict[str, float] = defaultdict(float)
    for member in members.values():
        for reason, kwh in (member["reasons"] or {}).items():
            reasons[reason] += kwh
    excluded = [
        (
            evse,
            f"{m.get('vendor') or ''} {m.get('model') or ''}".strip(),
            _why(m["exclusions"]),
        )
        for evse, m in sorted(members.items())
        if m["exclusions"]
    ]
    hours = (window[1] - window[0]) / timedelta(hours=1)
    document = {
        "options": dict(options),
        "window": [each.isoformat() for each in window],
        "kept": all(each.kept for each in promises),
        "promises": [asdict(each) | {"kept": each.kept} for each in promises],
        "figures": {
            "systems": len(seen),
            "planned_kwh": round(planned_kwh(case), 2),
            "excused_kwh": round(excused_kwh(case), 2),
            "delivered_kwh": round(delivered_kwh(case), 2),
            "delivered_share": round(share(case), 4),
            "mean_kw": round(delivered_kwh(case) / hours, 1),
            "outcomes": Counter(m["outcome"] for m in members.values()),
            "incidents": len(observed["incidents"]),
            "displayed": observed["displayed"],
        },
        "groups": groups,
        "reasons": dict(reasons),
        "excluded": [list(each) for each in excluded],
        "quarantines": list(quarantines),
        "events": list(events),
        "statements": list(statements),
        "members": {
            evse: dict(member) | {"physics_kwh": round(exported_kwh(case, evse), 3)}
            for evse, member in sorted(members.items())
        },
        "drivers": list(observed["drivers"]),
    }
    kept = all(each.kept for each in promises)
    return Findings(kept, promises, groups, excluded, dict(reasons), document)


def show(result: Findings, console: Console) -> None:
    """Print the tables and one line that says how it went."""
    figures = result.document["figures"]
    console.print(groups_table(result.groups))
    if result.excluded:
        console.print(exclusions_table(result.excluded))
    if result.reasons:
        console.print(reasons_table(result.reasons))
    console.print(promises_table(result.promises))
    verdict = (
        "[bold green]every promise was kept[/]"
        if result.kept
        else "[bold red]promises were broken[/]"
    )
    console.print(
        f"{figures['mean_kw']:,.0f} kW for three hours, "
        f"{figures['delivered_kwh']:,.0f} kWh delivered, "
        f"{figures['delivered_share']:.1%} of what could be expected, "
        f"{figures['displayed']:,} messages shown on displays: {verdict}",
        soft_wrap=True,
    )
    for promise in result.promises:
        for breach in promise.breaches:
            console.print(f"[red]broken:[/] {promise.name}: ", end="")
            console.print(breach, markup=False, highlight=False, soft_wrap=True)


def _why(exclusions: Sequence[str]) -> str:
    """Return the reasons that matter: nobody is told who is excluded anyway."""
    telling = [each for each in exclusions if each != "not_notified"]
    return ", ".join(telling or exclusions).replace("_", " ")


def _groups(
    case: Case, registry: Mapping[str, Any], statements: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    kinds = {each["id"]: each["kind"] for each in registry["participants"]}
    amounts: dict[str, float] = defaultdict(float)
    for statement in statements:
        for line in statement["lines"]:
            amounts[kinds[line["participant"]]] += float(line["amount"])
    hours = (case.end - case.start) / timedelta(hours=1)
    rows = []
    for kind, name in _GROUPS.items():
        mine = {
            evse: each
            for evse, each in case.members.items()
            if kinds[each["participant"]] == kind
        }
        if mine:
            rows.append(_group(name, mine, case, hours, amounts[kind]))
    summed = (
        "systems",
        "excluded",
        "opted_out",
        "planned_kwh",
        "delivered_kwh",
        "mean_kw",
        "amount",
    )
    rows.append({"group": "all"} | {n: sum(r[n] for r in rows) for n in summed})
    return rows


def _group(
    name: str,
    members: Mapping[str, Mapping[str, Any]],
    case: Case,
    hours: float,
    amount: float,
) -> dict[str, Any]:
    delivered = sum(exported_kwh(case, evse) for evse in members)
    return {
        "group": name,
        "systems": len(members),
        "excluded": sum(bool(each["exclusions"]) for each in members.values()),
        "opted_out": sum(bool(each["opted_out_at"]) for each in members.values()),
        "planned_kwh": sum(each["planned_kwh"] or 0.0 for each in members.values()),
        "delivered_kwh": delivered,
        "mean_kw": delivered / hours,
        "amount": amount,
    }
