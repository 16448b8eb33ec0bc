"""How events stand: what is looked at, how often, and what is remembered."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, cast

import pytest

from csms.domain.event import Reason, Stage
from csms.domain.ids import EventId, EvseId, StationId
from csms.domain.interval import Interval
from csms.domain.plan import Plan, PlanEntry, Setpoint
from csms.domain.units import ZERO_ENERGY, Energy, Power
from csms.services.live import LiveFleet
from csms.services.ports.queries import CurvePoint, Pulse
from csms.services.ports.work import Begin, Work
from csms.services.scoreboard import MOST_KEPT, Scoreboard
from tests.fakes.clock import DAWN, ManualClock

if TYPE_CHECKING:
    from csms.services.ports.views import Queries

EVENT = EventId("event")
ONE, TWO, OUT = (EvseId(StationId(name), 1) for name in ("S1", "S2", "S3"))
WINDOW = Interval(DAWN, DAWN + timedelta(hours=1))
PULSE = Pulse(
    stage=Stage.ACTIVE,
    window=WINDOW,
    revision=1,
    members=3,
    excluded=1,
    opted_out=0,
    planned=Energy.kwh(-9),
    delivered=None,
    released={},
    states={},
    outcomes={},
)


def a_plan(revision: int, *kilowatts: float) -> Plan:
    evses = (ONE, TWO)
    entries = [
        PlanEntry(
            evse,
            Setpoint(evse, WINDOW, Power.kw(-kw), "test"),
            Energy.kwh(-kw),
            "EVSE",
        )
        for evse, kw in zip(evses, kilowatts, strict=True)
    ]
    excluded = PlanEntry(
        OUT, None, ZERO_ENERGY, "excluded", exclusions=(Reason.CHARGE_ONLY,)
    )
    return Plan(EVENT, revision, DAWN, (*entries, excluded))


@dataclass
class Kept:
    """What the database has, and how often it was asked."""

    pulse: Pulse | None = PULSE
    plan: Plan | None = field(default_factory=lambda: a_plan(1, 5, 4))
    registers: dict[EvseId, int] = field(default_factory=dict)
    points: list[CurvePoint] = field(default_factory=list)
    plans_read: int = 0
    asked_for: list[list[EvseId]] = field(default_factory=list)

    @property
    def events(self) -> "Kept":
        return self

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[Work]:
        yield cast("Work", self)

    async def newest_plan(self, _event: EventId) -> Plan | None:
        self.plans_read += 1
        return self.plan

    async def find_pulse(self, _event: EventId) -> Pulse | None:
        return self.pulse

    async def curve(self, _event: EventId) -> Sequence[CurvePoint]:
        return self.points

    async def export_registers(
        self, evses: Sequence[EvseId], _at: datetime
    ) -> Mapping[EvseId, int]:
        self.asked_for.append(list(evses))
        return {evse: ws for evse, ws in self.registers.items() if evse in evses}


class Asked:
    """The read models that a scoreboard asks."""

    def __init__(self, kept: Kept) -> None:
        self.pulse = kept.find_pulse
        self.curve = kept.curve
        self.export_registers = kept.export_registers


@dataclass
class Field:
    """A scoreboard and what it looks at."""

    clock: ManualClock = field(default_factory=ManualClock)
    kept: Kept = field(default_factory=Kept)

    def __post_init__(self) -> None:
        self.live = LiveFleet(self.clock)
        begin = cast("Begin", self.kept.begin)
        queries = cast("Queries", Asked(self.kept))
        self.board = Scoreboard(self.clock, begin, self.live, queries)
        for evse in (ONE, TWO, OUT):
            self.live.set_connected(evse.station, connected=True)


@pytest.fixture
def ground() -> Field:
    return Field()


async def test_given_and_wanted_are_positive_and_only_of_who_takes_part(
    ground: Field,
) -> None:
    ground.live.update(ONE, power=Power(-5000))
    ground.live.update(TWO, power=Power(3000))
    ground.live.update(OUT, power=Power(-7000))

    score = await ground.board.score(EVENT)

    assert score is not None
    assert score.target == Power(9000)
    assert score.delivered_power == Power(5000), "who charges takes nothing away"
    assert score.unseen == 0


async def test_what_cannot_be_seen_is_counted_not_guessed(ground: Field) -> None:
    ground.live.update(ONE, power=Power(-5000))
    ground.live.set_connected(ONE.station, connected=False)

    score = await ground.board.score(EVENT)

    assert score is not None
    assert score.delivered_power == Power(0)
    assert score.unseen == 1


async def test_energy_so_far_is_the_register_less_what_it_was_at_the_start(
    ground: Field,
) -> None:
    ground.kept.registers = {ONE: 1_000, TWO: 5_000}
    ground.live.update(ONE, export_ws=4_000)
    ground.live.update(TWO, export_ws=4_000)

    score = await ground.board.score(EVENT)

    assert score is not None
    assert score.delivered == Energy(3_000), "a register that went back gives nothing"
    ground.live.update(ONE, export_ws=None)
    again = await ground.board.score(EVENT)
    assert again is not None
    assert again.delivered == Energy(3_000), "a register that is not said stays"


async def test_a_plan_is_read_once_and_a_start_found_once(ground: Field) -> None:
    ground.kept.registers = {ONE: 1_000}
    ground.live.update(ONE, export_ws=4_000)
    for _ in range(5):
        await ground.board.score(EVENT)

    assert ground.kept.plans_read == 1
    assert ground.kept.asked_for == [[ONE]]
    ground.kept.pulse, ground.kept.plan = replace(PULSE, revision=2), a_plan(2, 1, 1)
    score = await ground.board.score(EVENT)
    assert score is not None
    assert score.target == Power(2000)
    assert ground.kept.plans_read == 2


async def test_a_start_that_is_not_known_yet_is_looked_for_again_but_not_at_once(
    ground: Field, monkeypatch: pytest.MonkeyPatch
) -> None:
    ground.live.update(ONE, export_ws=4_000)
    await ground.board.score(EVENT)
    await ground.board.score(EVENT)
    assert len(ground.kept.asked_for) == 1

    monkeypatch.setattr("csms.services.scoreboard.AGAIN_REAL_S", -1.0)
    ground.board._sheets[EVENT].look_at = 0.0  # noqa: SLF001 time passes
    ground.kept.registers = {ONE: 1_000}
    score = await ground.board.score(EVENT)

    assert score is not None
    assert score.delivered == Energy(3_000)


@pytest.mark.parametrize("stage", [Stage.SCHEDULED, Stage.NOTIFIED, Stage.CANCELLED])
async def test_nothing_is_given_outside_the_window(ground: Field, stage: Stage) -> None:
    ground.kept.pulse = replace(PULSE, stage=stage)
    ground.kept.registers = {ONE: 0}
    ground.live.update(ONE, export_ws=4_000)

    score = await ground.board.score(EVENT)

    assert score is not None
    assert score.delivered == ZERO_ENERGY
    assert ground.kept.asked_for == []


async def test_once_settled_the_accounts_speak(ground: Field) -> None:
    ground.kept.pulse = replace(PULSE, stage=Stage.SETTLED, delivered=Energy.kwh(-8))
    await ground.clock.advance(timedelta(hours=2))

    score = await ground.board.score(EVENT)

    assert score is not None
    assert score.delivered == Energy.kwh(8)
    assert score.target == Power(0)


async def test_samples_are_a_minute_apart(ground: Field) -> None:
    for _ in range(6):
        await ground.board.score(EVENT)
        await ground.clock.advance(timedelta(seconds=20))

    assert [each.at for each in ground.board.samples(EVENT)] == [
        DAWN,
        DAWN + timedelta(minutes=1),
    ]


async def test_quarters_say_nothing_where_nothing_is_known(ground: Field) -> None:
    ground.kept.points = [
        CurvePoint(DAWN, Energy.kwh(1.5), ZERO_ENERGY, 2),
        CurvePoint(DAWN + timedelta(minutes=15), ZERO_ENERGY, ZERO_ENERGY, 0),
    ]

    quarters = await ground.board.quarters(EVENT)

    assert [each.delivered for each in quarters] == [Power(6000), None, None, None]
    assert {each.target for each in quarters} == {Power(9000)}


async def test_an_event_that_does_not_exist_has_no_score(ground: Field) -> None:
    ground.kept.pulse = None

    assert await ground.board.score(EVENT) is None
    assert await ground.board.quarters(EVENT) == ()
    assert ground.board.samples(EVENT) == ()


async def test_only_so_many_events_are_remembered(ground: Field) -> None:
    for number in range(MOST_KEPT + 5):
        await ground.board.score(EventId(f"e{number}"))
        await ground.board.score(EVENT)

    assert ground.board.samples(EVENT)
    assert not ground.board.samples(EventId("e0"))
