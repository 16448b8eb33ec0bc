"""From sampled values to power and energy: gaps, resets, signs.

Every function depends on the set of readings only, never on their order, so the same
readings give the same quarter hours however they arrived.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from csms.charging.registers import REACH, Point, Register, integral
from csms.domain.ids import EvseId, TransactionId
from csms.domain.interval import QUARTER, Interval
from csms.domain.reading import (
    METER_POINTS,
    TRANSACTION_BEGIN,
    TRANSACTION_END,
    Metered,
    Quality,
    Quarter,
    Reading,
)
from csms.domain.transaction import DISCONNECTED, LEFT, PLUGGED_IN, EventType
from csms.domain.units import WS_PER_WH

SURE_GAP = timedelta(seconds=120)
"""Longest silence across which a register is interpolated without doubt."""

DEADBAND_W = 100
"""Power in watts up to which an EVSE neither charges nor discharges."""

ARTEFACT_PCT = 1.0
"""A state of charge up to here is what broken sensors say (rule 21)."""

JUMP_PCT = 5.0
"""Percent points that a state of charge may differ at once ..."""

SWING_PCT_PER_S = 5.0 / 60
"""... and per second that passed: three times the battery's capacity in an hour."""

TOLERANCE = 0.02
TOLERANCE_WS = 50 * WS_PER_WH
"""How far registers and the integral of power may be apart."""

NOTHING = Metered(None, None, Quality.MISSING)
_TRUST = (Quality.OK, Quality.ESTIMATED, Quality.BAD, Quality.MISSING)


@dataclass(frozen=True, slots=True)
class Turn:
    """A report that may show a vehicle come or gone.

    Attributes:
        transaction: The transaction it belongs to.
        at: When it happened.
        event_type: Started, updated or ended.
        trigger: Why it was sent, in OCPP's words.
        stopped_reason: Why the transaction ended, if it did.
    """

    transaction: TransactionId
    at: datetime
    event_type: EventType
    trigger: str
    stopped_reason: str | None = None


def believable_soc(
    soc_pct: float, at: datetime, before: tuple[float, datetime] | None
) -> bool:
    """Tell whether a state of charge can be what the battery holds (rule 21).

    Args:
        soc_pct: What was said.
        at: When.
        before: The last believed one of the same stay and when it was said.
    """
    if before is not None:
        passed = abs((at - before[1]).total_seconds())
        return abs(soc_pct - before[0]) <= JUMP_PCT + SWING_PCT_PER_S * passed and (
            soc_pct > ARTEFACT_PCT or before[0] <= ARTEFACT_PCT + JUMP_PCT
        )
    return ARTEFACT_PCT < soc_pct <= 100  # noqa: PLR2004 percent


class Timeline:
    """Everything the meter of one EVSE said, ready to be asked about any stretch.

    Args:
        readings: In any order; those within reach of the stretches asked about.
        gap: Longest silence across which a register is interpolated without doubt.
    """

    def __init__(self, readings: Iterable[Reading], gap: timedelta = SURE_GAP) -> None:
        self._gap = gap.total_seconds()
        self._readings = sorted(readings, key=_order)
        self._meters = {
            place: _Meter([said for said in self._readings if said.location == place])
            for place in METER_POINTS
            if any(said.location == place for said in self._readings)
        }

    def metered(self, interval: Interval) -> Metered:
        """Return the energy over an interval, from the best place that knows it."""
        start, end = interval.start.timestamp(), interval.end.timestamp()
        answers = [meter.over(start, end, self._gap) for meter in self._meters.values()]
        return min(answers, key=_distrust, default=NOTHING)

    def quarter(
        self, evse: EvseId, start: datetime, turns: Sequence[Turn] = ()
    ) -> Quarter | None:
        """Return a quarter of an hour, or none if nothing is known of it.

        Args:
            evse: Whose readings these are.
            start: When the quarter starts.
            turns: What plugging is known from transactions, in any order.
        """
        interval = Interval(start, start + QUARTER)
        metered = self.metered(interval)
        said = [one for one in self._readings if interval.covers(one.at)]
        soc = _last_soc(said)
        plug_in, plug_out = _plugging(turns, interval)
        if metered == NOTHING and not soc and plug_in is None and plug_out is None:
            return None
        phases = self._phases(interval)
        return Quarter(
            evse=evse,
            start=start,
            import_ws=metered.import_ws,
            export_ws=metered.export_ws,
            mean_w=self._mean(metered, interval),
            soc_pct=soc[0] if soc else None,
            soc_at=soc[1] if soc else None,
            quality=metered.quality,
            transaction=_last_transaction(said),
            plug_in_at=plug_in,
            plug_out_at=plug_out,
            charge_start_at=phases.first(1),
            charge_stop_at=phases.last(1),
            discharge_start_at=phases.first(-1),
            discharge_stop_at=phases.last(-1),
        )

    def _mean(self, metered: Metered, interval: Interval) -> int | None:
        if metered.net_ws is not None:
            return round(metered.net_ws / interval.duration.total_seconds())
        start, end = interval.start.timestamp(), interval.end.timestamp()
        for meter in self._meters.values():
            if whole := integral(meter.power, start, end):
                return round(whole.ws / whole.covered)
        return None

    def _phases(self, interval: Interval) -> "_Phases":
        answers = (_Phases(meter.power, interval) for meter in self._meters.values())
        return next((one for one in answers if one.sampled), _Phases((), interval))


class _Meter:
    """One place in the way of the current."""

    __slots__ = ("exported", "flow_in", "flow_out", "imported", "power")

    def __init__(self, readings: Sequence[Reading]) -> None:
        self.imported = Register(_points(readings, "import_ws"))
        self.exported = Register(_points(readings, "export_ws"))
        self.flow_in = _samples(readings, "import_w")
        self.flow_out = _samples(readings, "export_w")
        signed = {one.at.timestamp(): one.power.watts for one in readings if one.power}
        self.power = sorted(signed.items())

    def over(self, start: float, end: float, gap: float) -> Metered:
        inward, sure_in = _energy(self.imported, self.flow_in, start, end, gap)
        outward, sure_out = _energy(self.exported, self.flow_out, start, end, gap)
        if inward is None and outward is None:
            return NOTHING
        if not self._agrees(inward, self.flow_in, start, end, gap) or not (
            self._agrees(outward, self.flow_out, start, end, gap)
        ):
            return Metered(inward, outward, Quality.BAD)
        sure = sure_in and sure_out
        return Metered(inward, outward, Quality.OK if sure else Quality.ESTIMATED)

    @staticmethod
    def _agrees(
        energy: int | None,
        samples: Sequence[tuple[float, int]],
        start: float,
        end: float,
        gap: float,
    ) -> bool:
        whole = integral(samples, start, end)
        if energy is None or whole is None or whole.widest > gap:
            return True
        if whole.covered < end - start:
            return True
        allowed = max(TOLERANCE * abs(energy), TOLERANCE_WS) + whole.slack
        return abs(energy - whole.ws) <= allowed


def _energy(
    register: Register,
    samples: Sequence[tuple[float, int]],
    start: float,
    end: float,
    gap: float,
) -> tuple[int | None, bool]:
    known = register.over(start, end, gap)
    if known is not None:
        return known
    whole = integral(samples, start, end)
    return (round(whole.ws), False) if whole else (None, False)


class _Phases:
    """When power crossed the dead band within an interval."""

    __slots__ = ("_turns", "sampled")

    def __init__(self, power: Sequence[tuple[float, int]], interval: Interval) -> None:
        start, end = interval.start.timestamp(), interval.end.timestamp()
        first = bisect_left(power, (start,))
        known = first > 0 and power[first - 1][0] >= start - REACH
        before = _direction(power[first - 1][1]) if known else 0
        within = power[first : bisect_left(power, (end,))]
        self.sampled = bool(within)
        self._turns: list[tuple[float, int, int]] = []
        for at, watts in within:
            state = _direction(watts)
            if state != before:
                self._turns.append((at, before, state))
            before = state

    def first(self, direction: int) -> datetime | None:
        """Return when flow in the direction first began."""
        began = [at for at, _, state in self._turns if state == direction]
        return _instant(began[0]) if began else None

    def last(self, direction: int) -> datetime | None:
        """Return when flow in the direction last stopped."""
        stopped = [at for at, before, _ in self._turns if before == direction]
        return _instant(stopped[-1]) if stopped else None


def _direction(watts: int) -> int:
    return (watts > DEADBAND_W) - (watts < -DEADBAND_W)


def _plugging(
    turns: Sequence[Turn], interval: Interval
) -> tuple[datetime | None, datetime | None]:
    explicit = {turn.transaction for turn in turns if turn.trigger in PLUGGED_IN}
    came = [
        turn.at
        for turn in turns
        if interval.covers(turn.at)
        and (
            turn.trigger in PLUGGED_IN
            or (
                turn.event_type == EventType.STARTED
                and turn.transaction not in explicit
            )
        )
    ]
    left = [
        turn.at
        for turn in turns
        if interval.covers(turn.at)
        and (
            turn.trigger in LEFT
            or (
                turn.event_type == EventType.ENDED
                and turn.stopped_reason in (DISCONNECTED, None)
            )
        )
    ]
    return min(came, default=None), max(left, default=None)


def _last_soc(readings: Sequence[Reading]) -> tuple[float, datetime] | None:
    last: tuple[float, datetime] | None = None
    stay: TransactionId | None = None
    for said in readings:
        if said.soc_pct is None:
            continue
        known = last if said.transaction == stay else None
        if believable_soc(said.soc_pct, said.at, known):
            last, stay = (said.soc_pct, said.at), said.transaction
    return last


def _last_transaction(readings: Sequence[Reading]) -> TransactionId | None:
    return next(
        (said.transaction for said in reversed(readings) if said.transaction), None
    )


def _points(
    readings: Sequence[Reading], register: Literal["import_ws", "export_ws"]
) -> list[Point]:
    return [
        Point(
            said.at.timestamp(),
            shown,
            begins=said.context == TRANSACTION_BEGIN,
            ends=said.context == TRANSACTION_END,
        )
        for said in readings
        if (shown := getattr(said, register)) is not None
    ]


def _samples(
    readings: Sequence[Reading], power: Literal["import_w", "export_w"]
) -> list[tuple[float, int]]:
    samples = {
        said.at.timestamp(): watts
        for said in readings
        if (watts := getattr(said, power)) is not None
    }
    return sorted(samples.items())


def _order(said: Reading) -> tuple[datetime, str, str]:
    return said.at, said.location, said.context


def _distrust(metered: Metered) -> int:
    return _TRUST.index(metered.quality)


def _instant(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
