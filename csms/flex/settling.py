"""What was delivered, and what it is worth: deterministic and explainable.

The same inputs, in whatever order, give the same bytes. Arithmetic is exact until the
one rounding of each amount that the program prescribes.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from hashlib import sha256
from typing import TYPE_CHECKING

from csms.domain.errors import Broken
from csms.domain.event import DREvent, Reason, Stage
from csms.domain.program import Denominator
from csms.domain.settlement import (
    MILLI,
    EventPerformance,
    EventStatement,
    Money,
    Quality,
    Settlement,
    SettlementLine,
    as_decimal,
)
from csms.domain.units import ZERO_ENERGY
from csms.flex.canonical import canonical
from csms.flex.payments import Performed, money, product, quantity

if TYPE_CHECKING:
    from datetime import date

    from csms.domain.enrollment import Enrollment
    from csms.domain.ids import EventId, EvseId
    from csms.domain.program import Program

COUNTED = (Stage.COMPLETED, Stage.SETTLED)


def settle(
    program: "Program",
    season: str,
    events: Sequence[DREvent],
    performances: Sequence[EventPerformance],
    enrollments: Sequence["Enrollment"],
) -> Settlement:
    """Return what a season is worth to each enrolled EVSE, as far as it has come.

    An event counts if it is over, no test, of this program and in the season. An EVSE
    without a performance in such an event counts zero there.

    Args:
        program: The version of the program's rules to apply.
        season: The season, such as ``2026-summer``.
        events: Events; those that do not count do no harm.
        performances: What each EVSE did, at most one per EVSE and event.
        enrollments: Who takes part; those of other programs do no harm.

    Raises:
        Broken: If an EVSE has two performances in one event.
        Unconfirmed: If the program leaves open what its payment needs.
        UnsupportedPaymentKind: If its kind of payment cannot be settled yet.
    """
    called = sorted(
        (event for event in events if _counts(program, season, event)),
        key=lambda event: (event.window, event.id),
    )
    takers = sorted(
        (each for each in enrollments if each.program == program.id),
        key=lambda each: (each.evse, each.starts_on),
    )
    counted = {event.id for event in called}
    evses = {each.evse for each in takers}
    done = _once_each(
        each for each in performances if each.event in counted and each.evse in evses
    )
    lines = tuple(_line(program, called, done, each) for each in takers)
    total = sum((line.net.amount for line in lines), Decimal(0))
    return Settlement(
        program.id,
        program.version,
        season,
        lines,
        total=money(program, Fraction(total)),
        input_hash=_hash(program, season, called, done, takers),
    )


def render(settlement: Settlement) -> bytes:
    """Return the settlement as canonical JSON; equal settlements give equal bytes."""
    return canonical(settlement)


def _counts(program: "Program", season: str, event: DREvent) -> bool:
    in_season = program.season_of(_day(program, event)) == season
    of_program = event.program == program.id and not event.test
    return in_season and of_program and event.stage in COUNTED


def _once_each(
    performances: Iterable[EventPerformance],
) -> dict[tuple["EvseId", "EventId"], EventPerformance]:
    done: dict[tuple[EvseId, EventId], EventPerformance] = {}
    for each in performances:
        if done.setdefault((each.evse, each.event), each) != each:
            raise Broken(f"two performances of {each.evse} in {each.event}")
    return done


def _line(
    program: "Program",
    called: Sequence[DREvent],
    done: Mapping[tuple["EvseId", "EventId"], EventPerformance],
    enrollment: "Enrollment",
) -> SettlementLine:
    taken = _taken(program, called, done, enrollment)
    amount = quantity(
        program, [Performed(one.mean_kw, _hours(event)) for event, one in taken]
    )
    rate = program.payment.rate or Decimal(0)
    exact = amount.value * Fraction(rate)
    gross = money(program, exact)
    net = money(program, exact * Fraction(enrollment.participant_share))
    attended = sum(1 for _, one in taken if one.participated)
    return SettlementLine(
        enrollment.evse,
        enrollment.participant,
        called=len(taken),
        attended=attended,
        quantity=as_decimal(amount.value, MILLI),
        unit=amount.unit,
        rate=Money(rate, gross.currency),
        gross=gross,
        share=enrollment.participant_share,
        net=net,
        events=tuple(_statement(program, event, one) for event, one in taken),
        text=f"called {len(taken)}, took part in {attended}; {amount.how}: "
        f"{product(program, amount)} = {gross.text}; "
        f"share {enrollment.participant_share} = {net.text}",
    )


def _taken(
    program: "Program",
    called: Sequence[DREvent],
    done: Mapping[tuple["EvseId", "EventId"], EventPerformance],
    enrollment: "Enrollment",
) -> list[tuple[DREvent, EventPerformance]]:
    """Return the events of the average with what was done, zero where nothing was."""
    since = program.season_statistic.denominator is Denominator.EVENTS_ELIGIBLE
    taken = []
    for event in called:
        if enrollment.covers(_day(program, event)):
            one = done.get((enrollment.evse, event.id))
            one = one or _absence(enrollment.evse, event, Reason.UNKNOWN)
            if not _left_out(program, one):
                taken.append((event, one))
        elif not since:
            absence = _absence(enrollment.evse, event, Reason.NOT_ENROLLED)
            taken.append((event, absence))
    return taken


def _left_out(program: "Program", performance: EventPerformance) -> bool:
    """Tell whether the program leaves such an event out, rather than count zero."""
    rules = program.non_participation
    opted_out = performance.reason is Reason.OPT_OUT
    rule = rules.opt_out if opted_out else rules.unavailable
    return not performance.participated and rule == "excluded"


def _absence(evse: "EvseId", event: DREvent, reason: Reason) -> EventPerformance:
    return EventPerformance(
        evse,
        event.id,
        event.window,
        ZERO_ENERGY,
        participated=False,
        reason=reason,
        quality=Quality.MISSING,
    )


def _day(program: "Program", event: DREvent) -> "date":
    return event.window.start.astimezone(program.zone).date()


def _hours(event: DREvent) -> Fraction:
    return Fraction(round(event.window.duration.total_seconds()), 3600)


def _statement(
    program: "Program", event: DREvent, performance: EventPerformance
) -> EventStatement:
    start = event.window.start.astimezone(program.zone)
    end = event.window.end.astimezone(program.zone)
    reason = f" ({performance.reason.value})" if performance.reason else ""
    how = f"{performance.mean_power_kw} kW over {float(_hours(event)):g} h{reason}"
    text = how if performance.participated else f"counts 0 kW{reason}"
    return EventStatement(
        event.id,
        event.name,
        event.window,
        performance.mean_power_kw,
        performance.participated,
        performance.reason,
        performance.quality,
        text=f"{start:%Y-%m-%d %H:%M} to {end:%H:%M %Z}, {event.name}: {text}",
    )


def _hash(
    program: "Program",
    season: str,
    called: Sequence[DREvent],
    done: Mapping[tuple["EvseId", "EventId"], EventPerformance],
    takers: Sequence["Enrollment"],
) -> str:
    inputs = {
        "program": program.model_dump(mode="json"),
        "season": season,
        "events": [
            (event.id, event.program_version, event.name, event.window)
            for event in called
        ],
        "performances": [done[key] for key in sorted(done)],
        "enrollments": takers,
    }
    return sha256(canonical(inputs)).hexdigest()
