"""Were the promises kept? What the system says, held against what physically happened.

The witness is the fleet's observer: it knows nothing of this system, only what flowed,
what every battery held, and when each driver read a notice. All of it is pure.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from csms.cli.witness import MINUTE, Case, Minute, Witness, instant

STILL_W = 300
"""Below this, in watts, an EVSE stands still: noise, fans and rounding."""

SOC_MARGIN_PCT = 0.5
METERING_PCT = 1.0
METERING_KWH = 0.3
LEAST_SHARE = 0.97


@dataclass(frozen=True, slots=True)
class Promise:
    """One promise, and every breach of it.

    Attributes:
        name: A sentence that is true when it is kept.
        breaches: What broke it; none when it was kept.
        figure: What was seen, for people.
    """

    name: str
    breaches: tuple[str, ...]
    figure: str = ""

    @property
    def kept(self) -> bool:
        """Tell whether nothing broke it."""
        return not self.breaches


def judge(case: Case) -> tuple[Promise, ...]:
    """Return every promise with what broke it."""
    return tuple(
        Promise(name, tuple(breaches(case)), figure(case))
        for name, breaches, figure in _PROMISES
    )


# -- what physics delivered ----------------------------------------------------------


def exported_kwh(case: Case, evse: str) -> float:
    """Return what flowed out of an EVSE within the window, in kWh."""
    witness = case.witnesses.get(evse)
    if witness is None:
        return 0.0
    return sum(each.given_watts for each in _within(case, witness)) / 60_000


def delivered_kwh(case: Case) -> float:
    """Return what the members delivered by the meters of physics, in kWh."""
    return sum(
        exported_kwh(case, evse)
        for evse, member in case.members.items()
        if not member["exclusions"]
    )


def planned_kwh(case: Case) -> float:
    """Return what was planned, in kWh."""
    return sum(member["planned_kwh"] or 0.0 for member in case.members.values())


def excused_kwh(case: Case) -> float:
    """Return what opt-outs, absences and injected faults explain, in kWh."""
    total = 0.0
    for evse, member in case.members.items():
        witness = case.witnesses.get(evse)
        faulty = bool(witness and witness.faults)
        for reason, kwh in (member["reasons"] or {}).items():
            if reason in ("opt_out", "unplugged") or faulty:
                total += kwh
    return total


def share(case: Case) -> float:
    """Return delivered over what could be expected, 0 to about 1."""
    expected = planned_kwh(case) - excused_kwh(case)
    return delivered_kwh(case) / expected if expected > 0 else 0.0


# -- the promises --------------------------------------------------------------------


def _below_floor(case: Case) -> Iterator[str]:
    for evse, witness in case.witnesses.items():
        for each in witness.minutes:
            low = each.soc_pct < witness.min_soc_pct - SOC_MARGIN_PCT
            if each.watts < -STILL_W and low:
                yield (
                    f"{evse}: {each.soc_pct:.1f} % at {_clock(each.at)}, "
                    f"floor {witness.min_soc_pct:.0f} %"
                )
                break


def _discharged_untold(case: Case) -> Iterator[str]:
    for evse, witness in case.witnesses.items():
        told = case.drivers.get(witness.participant, {}).get("told_at")
        first = next((m for m in witness.minutes if m.watts < -STILL_W), None)
        if first is not None and (told is None or instant(told) > first.at):
            yield f"{evse}: discharged at {_clock(first.at)}, told {told or 'never'}"


def _discharged_after_opt_out(case: Case) -> Iterator[str]:
    for evse, witness in case.witnesses.items():
        out = case.drivers.get(witness.participant, {}).get("opted_out_at")
        if out is None:
            continue
        limit = instant(out) + case.allowance
        late = [m for m in witness.minutes if m.at > limit and m.watts < -STILL_W]
        if late:
            said, still = _clock(instant(out)), _clock(late[-1].at)
            yield f"{evse}: opted out {said}, still at {still}"


def _discharged_excluded(case: Case) -> Iterator[str]:
    for evse, witness in case.witnesses.items():
        member = case.members.get(evse)
        barred = member is None or member["exclusions"]
        if barred and any(m.watts < -STILL_W for m in witness.minutes):
            why = ", ".join(member["exclusions"]) if member else "not enrolled"
            yield f"{evse}: discharged though excluded ({why})"


def _over_export_cap(case: Case) -> Iterator[str]:
    flows: dict[tuple[str, datetime], float] = defaultdict(float)
    for witness in case.witnesses.values():
        for each in witness.minutes:
            flows[witness.site, each.at] += each.watts
    worst: dict[str, tuple[float, datetime]] = {}
    for (site, at), watts in flows.items():
        cap = case.export_caps.get(site, 0.0)
        if -watts > cap * 1.01 + STILL_W and watts < worst.get(site, (0.0, at))[0]:
            worst[site] = (watts, at)
    for site, (watts, at) in sorted(worst.items()):
        cap = case.export_caps.get(site, 0.0)
        flow, limit = -watts / 1000, cap / 1000
        yield f"{site}: {flow:.1f} kW out at {_clock(at)}, cap {limit:.1f}"


def _imported(case: Case) -> Iterator[str]:
    """Find imports at EVSEs that should discharge, longer than a trip may take."""
    for evse, member in case.members.items():
        witness = case.witnesses.get(evse)
        if witness is None or not member["planned_kwh"]:
            continue
        until = _freed_at(case, member)
        away = _out_of_reach(case, member)
        rising = [
            m
            for m in _within(case, witness)
            if m.at < until
            and m.watts > STILL_W * 2
            and not any(gone <= m.at < back for gone, back in away)
        ]
        if len(rising) * MINUTE > case.allowance:
            yield f"{evse}: charged for {len(rising)} min from {_clock(rising[0].at)}"


def _still_discharging(case: Case) -> Iterator[str]:
    limit = case.end + case.allowance
    for evse, witness in case.witnesses.items():
        late = [m for m in witness.minutes if m.at > limit and m.watts < -STILL_W]
        if late:
            yield f"{evse}: still discharging at {_clock(late[-1].at)}"


def _misaccounted(case: Case) -> Iterator[str]:
    for evse, member in case.members.items():
        physics, said = exported_kwh(case, evse), member["delivered_kwh"] or 0.0
        margin = max(METERING_KWH, physics * METERING_PCT / 100)
        if not member["exclusions"] and abs(physics - said) > margin:
            yield f"{evse}: settled {said:.2f} kWh, physics {physics:.2f} kWh"


def _unexplained(case: Case) -> Iterator[str]:
    for evse, member in case.members.items():
        if not member["outcome"]:
            yield f"{evse}: no outcome"
            continue
        planned = member["planned_kwh"] or 0.0
        delivered = member["delivered_kwh"] or 0.0
        reasons = sum((member["reasons"] or {}).values())
        surplus = max(delivered - planned, 0.0)
        if abs(delivered - surplus + reasons - planned) > 0.01:  # noqa: PLR2004
            yield (
                f"{evse}: planned {planned:.2f} kWh, delivered {delivered:.2f}, "
                f"explained {reasons:.2f}"
            )


def _under_delivered(case: Case) -> Iterator[str]:
    reached = share(case)
    if reached < LEAST_SHARE:
        yield f"only {reached:.1%} of {LEAST_SHARE:.0%} delivered"


def _cannot_leave(case: Case) -> Iterator[str]:
    for departure in case.departures:
        if departure.soc_pct < departure.needed_pct - SOC_MARGIN_PCT * 2:
            yield (
                f"{departure.vehicle}: {departure.soc_pct:.0f} % at "
                f"{_clock(departure.at)}, needs {departure.needed_pct:.0f} %"
            )


# -- small things --------------------------------------------------------------------


def _within(case: Case, witness: Witness) -> Iterable[Minute]:
    return (m for m in witness.minutes if case.start <= m.at < case.end)


def _freed_at(case: Case, member: Mapping[str, Any]) -> datetime:
    """Return from when on nobody asked the EVSE to discharge any more."""
    instants = [
        instant(member[name])
        for name in ("opted_out_at", "released_at")
        if member.get(name)
    ]
    return min([*instants, case.end])


def _out_of_reach(
    case: Case, member: Mapping[str, Any]
) -> list[tuple[datetime, datetime]]:
    """Return when nobody could tell the EVSE anything, and a release's time after.

    A station that has lost us falls back to its floor, which may charge: that is the
    safe state, and it is told anew once it is back.
    """
    spells = []
    since = None
    for state in member["states"]:
        if state["state"] == "offline":
            since = since or instant(state["at"]) - MINUTE
        elif state["state"] == "online" and since is not None:
            spells.append((since, instant(state["at"]) + case.allowance))
            since = None
    return spells if since is None else [*spells, (since, case.end)]


def _clock(instant: datetime) -> str:
    return instant.strftime("%a %H:%MZ")


def _leaving(case: Case) -> str:
    return f"{len(case.departures)} departures"


def _sites(case: Case) -> str:
    return f"{len(case.export_caps)} sites"


def _systems(case: Case) -> str:
    return f"{len(case.witnesses)} systems"


def _trip(case: Case) -> str:
    return f"within {case.allowance / MINUTE:.0f} min of this clock"


def _reasons(case: Case) -> str:
    missing = sum(sum((m["reasons"] or {}).values()) for m in case.members.values())
    return f"{missing:,.0f} kWh explained"


def _lowest(case: Case) -> str:
    margins = [
        m.soc_pct - w.min_soc_pct
        for w in case.witnesses.values()
        for m in w.minutes
        if m.watts < -STILL_W
    ]
    return f"closest {min(margins):.1f} % above" if margins else ""


def _told(case: Case) -> str:
    return f"{sum(bool(d.get('told_at')) for d in case.drivers.values())} told"


def _opted(case: Case) -> str:
    return f"{sum(bool(d.get('opted_out_at')) for d in case.drivers.values())} opt-outs"


def _excluded(case: Case) -> str:
    return f"{sum(bool(m['exclusions']) for m in case.members.values())} excluded"


def _delivered(case: Case) -> str:
    hours = (case.end - case.start) / timedelta(hours=1)
    return (
        f"{share(case):.1%}, {delivered_kwh(case):,.0f} kWh, "
        f"{delivered_kwh(case) / hours:,.0f} kW on average"
    )


def _error(case: Case) -> str:
    physics = delivered_kwh(case)
    said = sum(m["delivered_kwh"] or 0.0 for m in case.members.values())
    return f"{(said - physics) / physics:+.2%} overall" if physics else ""


_PROMISES: Sequence[
    tuple[str, Callable[[Case], Iterable[str]], Callable[[Case], str]]
] = (
    ("No vehicle was discharged below its floor", _below_floor, _lowest),
    ("Every vehicle can leave with what its driver needs", _cannot_leave, _leaving),
    ("Nobody was discharged who had not been told", _discharged_untold, _told),
    ("Every opt-out was honored at once", _discharged_after_opt_out, _opted),
    ("No excluded system was ever discharged", _discharged_excluded, _excluded),
    ("No site exported more than it may", _over_export_cap, _sites),
    ("No EVSE charged where it should discharge, beyond the trip", _imported, _trip),
    ("Every station went back to its floor", _still_discharging, _systems),
    ("Settled energy agrees with physics", _misaccounted, _error),
    ("Every undelivered kWh has a reason", _unexplained, _reasons),
    ("What was planned was delivered", _under_delivered, _delivered),
)
