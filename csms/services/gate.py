"""The last gate before a discharge command: every rule that can forbid it, in order.

Safety before money: limits and permission, then the participant's word, then the
vehicle, then the program. Pure: what is asked is what is known now.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from csms.charging.capability import Capability
from csms.domain.event import Stage
from csms.domain.live import LiveEvse
from csms.domain.profile import OperationMode
from csms.domain.vendor_profile import Dialect
from csms.services.ports.events import MemberOrder
from csms.services.stations import EvseFacts

_BIDIRECTIONAL = "BPT"


class Bar(StrEnum):
    """Why an EVSE is not told to discharge now."""

    NO_ORDER = "no_order"
    CANCELLED = "cancelled"
    STATION = "station"
    MODE_UNSUPPORTED = "mode_unsupported"
    EXCLUDED = "excluded"
    NOT_NOTIFIED = "not_notified"
    OPTED_OUT = "opted_out"
    RELEASED = "released"
    PRIORITY_CHARGING = "priority_charging"
    UNPLUGGED = "unplugged"
    NOT_BIDIRECTIONAL = "not_bidirectional"
    GRID_ALARM = "grid_alarm"
    SOC_UNKNOWN = "soc_unknown"
    SOC_FLOOR = "soc_floor"
    CLOCK = "clock"
    TOO_EARLY = "too_early"
    OVER = "over"
    NO_FLOOR = "no_floor"
    SITE_CAP = "site_cap"
    REFUSED = "refused"
    TOO_LITTLE = "too_little"


@dataclass(frozen=True, slots=True)
class Question:
    """Everything that decides whether one EVSE may be told to discharge.

    Attributes:
        order: What the plan wants of it, if anything.
        live: What is known of it right now.
        capability: What its station says it can do.
        facts: Whether it may be dispatched at all: read, verified, grid-parallel, not
            quarantined (rules 1, 2, 5, 16).
        now: The present instant.
        lead: How long before the window a profile may be put in place.
        stale: Age beyond which a state of charge is no base for a new discharge.
        guard_pct: Distance from the floor at which discharge stops, in percent.
        skew: How far the station's clock is off, if that is known.
        skew_tolerated: Beyond this, nothing is put in place ahead of time.
        skew_refused: Beyond this, nothing is.
    """

    order: MemberOrder | None
    live: LiveEvse
    capability: Capability
    facts: EvseFacts
    now: datetime
    lead: timedelta
    stale: timedelta
    guard_pct: float
    skew: timedelta | None = None
    skew_tolerated: timedelta = timedelta(seconds=5)
    skew_refused: timedelta = timedelta(seconds=60)


def barred(question: Question) -> Bar | None:
    """Return the first rule that forbids a discharge command, or none if it may go."""
    order = question.order
    if order is None or order.setpoint is None:
        return Bar.NO_ORDER
    for bar, applies in _RULES:
        if applies(question, order):
            return bar
    return None


def _mode_unsupported(question: Question, order: MemberOrder) -> bool:
    dialect = question.facts.dialect
    if dialect.edition is not None and dialect.edition != question.capability.edition:
        return True
    if dialect.is_dynamic and not question.capability.dynamic_profiles:
        return True
    central = dialect is Dialect.SETPOINT_SCHEDULED or dialect.is_dynamic
    return central and not question.capability.supports(
        order.evse.number, OperationMode.CENTRAL_SETPOINT
    )


def _not_bidirectional(question: Question, _: MemberOrder) -> bool:
    """Tell whether no bidirectional service was agreed (rule 4).

    Only editions and dialects that can report an agreement are held to it.
    """
    if question.facts.dialect.edition != question.capability.edition:
        return False
    if question.facts.dialect is Dialect.NEGATIVE_LIMIT_TX:
        return False
    needs = question.live.ev_needs
    return needs is None or _BIDIRECTIONAL not in str(
        needs.get("requestedEnergyTransfer", "")
    )


def _soc_unknown(question: Question, _: MemberOrder) -> bool:
    live = question.live
    if live.soc_pct is None or live.soc_at is None:
        return True
    return question.now - live.soc_at > question.stale


def _soc_floor(question: Question, order: MemberOrder) -> bool:
    """Tell whether the vehicle is at its driver's floor, or says it is at its own.

    A least V2X energy request above zero means: below my V2X window (v2x §2.1).
    """
    soc = question.live.soc_pct
    if soc is not None and soc <= order.floor_soc_pct + question.guard_pct:
        return True
    needs = question.live.ev_needs or {}
    least = (needs.get("v2xChargingParameters") or {}).get("evMinV2XEnergyRequest")
    return isinstance(least, int | float) and least > 0


def _grid_alarm(question: Question, _: MemberOrder) -> bool:
    """Tell whether the station deviates for the grid's sake (R05).

    A control that runs is no alarm: it may shape a discharge, and is never fought.
    """
    return bool((question.live.der_alarm or {}).get("alarms"))


def _clock(question: Question, order: MemberOrder) -> bool:
    """Tell whether the station's clock is too far off for absolute schedules."""
    if question.skew is None or order.setpoint is None:
        return False
    off = abs(question.skew)
    early = question.now < order.setpoint.window.start
    return off > question.skew_refused or (early and off > question.skew_tolerated)


def _too_early(question: Question, order: MemberOrder) -> bool:
    if order.setpoint is None:
        return True
    dynamic = question.facts.dialect.is_dynamic
    lead = timedelta(0) if dynamic else question.lead
    return question.now < order.setpoint.window.start - lead


def _over(question: Question, order: MemberOrder) -> bool:
    if order.stage in (Stage.COMPLETED, Stage.SETTLED) or order.setpoint is None:
        return True
    return question.now >= order.setpoint.window.end


DISPATCHED = frozenset({Stage.NOTIFIED, Stage.ACTIVE})
"""Stages of an event in which its members may be told to discharge."""

_RULES: tuple[tuple[Bar, Callable[[Question, MemberOrder], bool]], ...] = (
    (Bar.OVER, _over),
    (Bar.STATION, lambda q, _: not q.facts.dispatchable or not q.capability.read),
    (Bar.MODE_UNSUPPORTED, _mode_unsupported),
    (Bar.CANCELLED, lambda _, order: order.stage not in DISPATCHED),
    (Bar.EXCLUDED, lambda _, order: bool(order.excluded)),
    (Bar.NOT_NOTIFIED, lambda _, order: not order.notified),
    (Bar.OPTED_OUT, lambda _, order: order.opted_out_at is not None),
    (Bar.RELEASED, lambda _, order: order.released_at is not None),
    (Bar.PRIORITY_CHARGING, lambda q, _: q.live.priority_charging),
    (Bar.UNPLUGGED, lambda q, _: not q.live.plugged or q.live.transaction is None),
    (Bar.GRID_ALARM, _grid_alarm),
    (Bar.TOO_EARLY, _too_early),
    (Bar.NOT_BIDIRECTIONAL, _not_bidirectional),
    (Bar.SOC_FLOOR, _soc_floor),
)
"""In the order of authority; what matches none may go."""

_FRESH: tuple[tuple[Bar, Callable[[Question, MemberOrder], bool]], ...] = (
    (Bar.CLOCK, _clock),
    (Bar.SOC_UNKNOWN, _soc_unknown),
)
"""Held against a new or extended discharge only (rule 21)."""


def barred_anew(question: Question) -> Bar | None:
    """Return the first rule that forbids a new or extended discharge."""
    bar = barred(question)
    if bar is not None or question.order is None:
        return bar
    for fresh, applies in _FRESH:
        if applies(question, question.order):
            return fresh
    return None
