"""Why planned energy was not delivered: one reason for every watt-second.

For each EVSE and quarter hour, what is missing is split over the reasons that held at
the time, so that ``delivered + reasons = planned + surplus`` to the watt-second.
All energies here are magnitudes of export.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from csms.domain.event import UNDELIVERED, Outcome, Reason
from csms.domain.interval import Interval
from csms.domain.units import ZERO_ENERGY, Energy

if TYPE_CHECKING:
    from datetime import datetime

    from csms.domain.plan import Setpoint

FULL_DELIVERY_PCT = 97
"""From this part of the plan on, an outcome counts as delivered."""


@dataclass(frozen=True, slots=True, order=True)
class Spell:
    """A stretch of time in which something kept an EVSE from delivering.

    Attributes:
        window: From when to when; a spell that lasts ends with the event.
        reason: What it was, one of the undelivered reasons.
    """

    window: Interval
    reason: Reason


@dataclass(frozen=True, slots=True)
class Attribution:
    """Where planned energy went.

    Attributes:
        window: The stretch it is about.
        planned: What was planned, a magnitude.
        delivered: What the meter counted, a magnitude.
        missing: Undelivered energy per reason, each above zero, in order of weight.
        surplus: What was delivered beyond the plan.
    """

    window: Interval
    planned: Energy
    delivered: Energy
    missing: Mapping[Reason, Energy]
    surplus: Energy

    @property
    def main_reason(self) -> Reason | None:
        """Return the reason for the largest missing part, if anything is missing."""
        return max(
            self.missing,
            key=lambda reason: (self.missing[reason], -_RANK[reason]),
            default=None,
        )


def attribute(
    window: Interval,
    planned: Sequence["Setpoint"],
    delivered: Energy,
    spells: Iterable[Spell],
) -> Attribution:
    """Split what is missing in one stretch of time over the reasons for it.

    A reason explains at most what was planned while it held; of two at once the
    earlier one in ``UNDELIVERED`` counts. What no spell explains is unknown. If the
    spells explain more than is missing, each explains its share of it.

    Args:
        window: The stretch, usually a quarter hour.
        planned: The setpoints promised for this EVSE; those outside do no harm.
        delivered: Export counted in the stretch; the sign does not matter.
        spells: What happened.
    """
    exported = Energy(abs(delivered.watt_seconds))
    wanted = -Energy.total(each.energy_within(window) for each in planned)
    gap = wanted.watt_seconds - exported.watt_seconds
    weights = _weights(window, planned, spells)
    return Attribution(
        window,
        wanted,
        exported,
        missing=_split(max(gap, 0), weights),
        surplus=Energy(max(-gap, 0)),
    )


def attribute_event(
    window: Interval,
    planned: Sequence["Setpoint"],
    delivered: Mapping["datetime", Energy],
    spells: Sequence[Spell],
) -> tuple[Attribution, ...]:
    """Return one attribution per quarter hour of the event, in order.

    Args:
        window: The event's window.
        planned: The setpoints promised for this EVSE.
        delivered: Export per quarter, by its start in UTC; a missing quarter is none.
        spells: What happened.
    """
    quarters = [
        (quarter.start, shared)
        for quarter in window.quarters()
        if (shared := quarter.overlap(window))
    ]
    return tuple(
        attribute(shared, planned, delivered.get(start, ZERO_ENERGY), spells)
        for start, shared in quarters
    )


def summed(parts: Sequence[Attribution], window: Interval) -> Attribution:
    """Return the parts as one attribution of the whole window.

    A surplus of one part does not make up for what is missing in another.
    """
    missing: dict[Reason, Energy] = defaultdict(lambda: ZERO_ENERGY)
    for part in parts:
        for reason, energy in part.missing.items():
            missing[reason] += energy
    return Attribution(
        window,
        Energy.total(part.planned for part in parts),
        Energy.total(part.delivered for part in parts),
        {reason: missing[reason] for reason in UNDELIVERED if reason in missing},
        Energy.total(part.surplus for part in parts),
    )


def outcome_of(
    attribution: Attribution, *, excluded: bool, opted_out: bool
) -> tuple[Outcome, Reason | None]:
    """Return the one outcome of an EVSE, and the main reason if it fell short.

    An exclusion has its own reasons, which the plan carries. Of an event that was
    cancelled before its window nobody was asked anything.
    """
    if excluded:
        return Outcome.EXCLUDED, None
    useful = attribution.delivered.watt_seconds - attribution.surplus.watt_seconds
    if useful <= 0 and set(attribution.missing) == {Reason.CANCELLED}:
        return Outcome.NOT_ASKED, Reason.CANCELLED
    if opted_out:
        return Outcome.OPTED_OUT, Reason.OPT_OUT
    planned = attribution.planned.watt_seconds
    if planned and useful * 100 >= planned * FULL_DELIVERY_PCT:
        return Outcome.DELIVERED, attribution.main_reason
    if useful > 0:
        return Outcome.PARTIAL, attribution.main_reason
    return Outcome.NOT_DELIVERED, attribution.main_reason


_RANK = {reason: rank for rank, reason in enumerate(UNDELIVERED)}


def _weights(
    window: Interval, planned: Sequence["Setpoint"], spells: Iterable[Spell]
) -> dict[Reason, int]:
    """Return the planned watt-seconds of each reason's time, nothing counted twice."""
    within = [
        Spell(shared, spell.reason)
        for spell in spells
        if (shared := spell.window.overlap(window))
    ]
    edges = sorted({edge for s in within for edge in (s.window.start, s.window.end)})
    weights: dict[Reason, int] = defaultdict(int)
    for start, end in pairwise(edges):
        holding = [s.reason for s in within if s.window.covers(start)]
        if holding:
            reason = min(holding, key=_RANK.__getitem__)
            stretch = Interval(start, end)
            wanted = Energy.total(each.energy_within(stretch) for each in planned)
            weights[reason] -= wanted.watt_seconds
    return weights


def _split(gap_ws: int, weights: Mapping[Reason, int]) -> dict[Reason, Energy]:
    """Split the gap by weight, each at most its weight, the rest unknown."""
    parts: dict[Reason, int] = {}
    left = min(gap_ws, sum(weights.values()))
    unexplained = gap_ws - left
    room = sum(weights.values())
    for reason in sorted(weights, key=_RANK.__getitem__):
        parts[reason] = left * weights[reason] // room if room else 0
        left -= parts[reason]
        room -= weights[reason]
    parts[Reason.UNKNOWN] = parts.get(Reason.UNKNOWN, 0) + unexplained
    return {reason: Energy(ws) for reason, ws in parts.items() if ws}
