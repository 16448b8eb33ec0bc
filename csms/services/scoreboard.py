"""How an event stands right now: wanted, given, and given so far.

Asked several times a second for thousands of EVSEs, so it looks only at what changes:
power and registers are in memory, the plan is read once per revision, and where each
register stood at the window's start is found once.
"""

import asyncio
from collections import deque
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from csms.clock import Clock
from csms.domain.event import Stage
from csms.domain.ids import EventId, EvseId
from csms.domain.interval import QUARTER, Interval
from csms.domain.plan import Plan, Setpoint
from csms.domain.units import ZERO_ENERGY, ZERO_POWER, Energy, Power
from csms.services.live import LiveFleet
from csms.services.ports.queries import Pulse
from csms.services.ports.views import Queries
from csms.services.ports.work import Begin

MOST_KEPT = 50
"""Events that are remembered; the one not asked about for longest is forgotten."""

MOST_SAMPLES = 1_500
AGAIN_REAL_S = 2.0
"""Real seconds before registers that were not found are looked for again."""

MINUTE = timedelta(minutes=1)
WATCHED = (Stage.NOTIFIED, Stage.ACTIVE, Stage.COMPLETED)


@dataclass(frozen=True, slots=True)
class Sample:
    """What was wanted and given at one instant; both as positive magnitudes."""

    at: datetime
    target: Power
    delivered: Power


@dataclass(frozen=True, slots=True)
class Score:
    """How an event stands. What is given back is a positive magnitude here.

    Attributes:
        at: When.
        pulse: What the database says of it.
        target: What the newest plan asks for at this instant.
        delivered_power: What the members give back at this instant, by their meters.
        delivered: What they have given back so far: by registers while it runs, by the
            accounts once it is settled.
        unseen: Members that should give back now and have no connection.
    """

    at: datetime
    pulse: Pulse
    target: Power
    delivered_power: Power
    delivered: Energy
    unseen: int


@dataclass(frozen=True, slots=True)
class QuarterScore:
    """Mean power wanted and given in a quarter of an hour, as positive magnitudes.

    Attributes:
        start: When the quarter starts.
        target: What the newest plan asks for, on average; what of it lies outside the
            event's window counts as nothing.
        delivered: What was given back, on average; none while it is not known.
        evses: How many EVSEs the figure is known of.
    """

    start: datetime
    target: Power
    delivered: Power | None
    evses: int


@dataclass(slots=True)
class _Sheet:
    """What is remembered of one event."""

    revision: int | None = None
    setpoints: tuple[Setpoint, ...] = ()
    taking_part: frozenset[EvseId] = frozenset()
    targets: dict[datetime, Power] = field(default_factory=dict)
    at_start: dict[EvseId, int] = field(default_factory=dict)
    latest: dict[EvseId, int] = field(default_factory=dict)
    look_at: float = 0.0
    samples: deque[Sample] = field(default_factory=lambda: deque(maxlen=MOST_SAMPLES))


class Scoreboard:
    """Tells how events stand.

    Args:
        clock: Where business time comes from.
        begin: Begins a unit of work.
        live: What every EVSE is doing now.
        queries: What is kept of events.
    """

    def __init__(
        self, clock: Clock, begin: Begin, live: LiveFleet, queries: Queries
    ) -> None:
        self._clock = clock
        self._begin = begin
        self._live = live
        self._queries = queries
        self._sheets: dict[EventId, _Sheet] = {}

    async def score(self, event: EventId) -> Score | None:
        """Return how an event stands, or none if there is no such event."""
        pulse = await self._queries.pulse(event)
        if pulse is None:
            return None
        sheet = self._sheet(event)
        await self._read_plan(event, pulse, sheet)
        now = self._clock.now()
        wanted = [each for each in sheet.setpoints if each.window.covers(now)]
        target = -Power.total(each.power for each in wanted)
        given = self._given(sheet.taking_part)
        if pulse.stage in WATCHED:
            _sample(sheet, Sample(now, target, given))
        return Score(
            at=now,
            pulse=pulse,
            target=target,
            delivered_power=given,
            delivered=await self._delivered(pulse, sheet, now),
            unseen=sum(not self._live.get(each.evse).connected for each in wanted),
        )

    def samples(self, event: EventId) -> Sequence[Sample]:
        """Return what was seen of an event whenever somebody looked, oldest first.

        At most one a business minute, and none from before this process started.
        """
        sheet = self._sheets.get(event)
        return () if sheet is None else tuple(sheet.samples)

    async def quarters(self, event: EventId) -> Sequence[QuarterScore]:
        """Return every quarter of an event's window; none if there is no event."""
        pulse = await self._queries.pulse(event)
        if pulse is None:
            return ()
        sheet = self._sheet(event)
        await self._read_plan(event, pulse, sheet)
        known = {each.start: each for each in await self._queries.curve(event)}
        scores = []
        for quarter in pulse.window.quarters():
            point = known.get(quarter.start)
            met = point is not None and point.evses > 0
            scores.append(
                QuarterScore(
                    quarter.start,
                    _wanted(sheet, quarter),
                    _mean(point.exported) if point is not None and met else None,
                    point.evses if point is not None else 0,
                )
            )
        return scores

    def _sheet(self, event: EventId) -> _Sheet:
        """Return what is remembered of an event, and remember that it was asked for."""
        sheet = self._sheets.pop(event, None) or _Sheet()
        self._sheets[event] = sheet
        while len(self._sheets) > MOST_KEPT:
            del self._sheets[next(iter(self._sheets))]
        return sheet

    async def _read_plan(self, event: EventId, pulse: Pulse, sheet: _Sheet) -> None:
        if pulse.revision == sheet.revision:
            return
        async with self._begin() as work:
            plan = await work.events.newest_plan(event)
        if plan is not None:
            sheet.revision = plan.revision
            sheet.setpoints, sheet.taking_part = _asked(plan)
            sheet.targets.clear()

    def _given(self, evses: Collection[EvseId]) -> Power:
        """Return what EVSEs with a connection give back now, as far as they say."""
        states = (self._live.get(each) for each in evses)
        return -Power.total(
            each.power
            for each in states
            if each.connected and each.power is not None and each.power < ZERO_POWER
        )

    async def _delivered(self, pulse: Pulse, sheet: _Sheet, now: datetime) -> Energy:
        if pulse.delivered is not None:
            return -pulse.delivered
        running = pulse.stage in (Stage.ACTIVE, Stage.COMPLETED)
        if not running or now < pulse.window.start:
            return ZERO_ENERGY
        for evse in sheet.taking_part:
            register = self._live.get(evse).export_ws
            if register is not None:
                sheet.latest[evse] = register
        await self._find_starts(pulse.window.start, sheet)
        return Energy(
            sum(
                max(sheet.latest[evse] - start, 0)
                for evse, start in sheet.at_start.items()
                if evse in sheet.latest
            )
        )

    async def _find_starts(self, start: datetime, sheet: _Sheet) -> None:
        """Find where registers stood at the window's start, once each."""
        missing = sheet.latest.keys() - sheet.at_start.keys()
        now = asyncio.get_running_loop().time()
        if not missing or now < sheet.look_at:
            return
        sheet.look_at = now + AGAIN_REAL_S
        found = await self._queries.export_registers(sorted(missing), start)
        sheet.at_start.update(found)


def _asked(plan: Plan) -> tuple[tuple[Setpoint, ...], frozenset[EvseId]]:
    setpoints = tuple(each.setpoint for each in plan.entries if each.setpoint)
    return setpoints, frozenset(
        each.evse for each in plan.entries if not each.exclusions
    )


def _sample(sheet: _Sheet, sample: Sample) -> None:
    if not sheet.samples or sample.at - sheet.samples[-1].at >= MINUTE:
        sheet.samples.append(sample)


def _wanted(sheet: _Sheet, quarter: Interval) -> Power:
    """Return what a plan asks for in a quarter, on average; summed once a plan."""
    known = sheet.targets.get(quarter.start)
    if known is None:
        asked = Energy.total(each.energy_within(quarter) for each in sheet.setpoints)
        known = sheet.targets[quarter.start] = _mean(-asked)
    return known


def _mean(energy: Energy) -> Power:
    return Power(round(energy.watt_seconds / QUARTER.total_seconds()))
