"""How far clocks are off, from when meters say that they measured (v2x §6.2)."""

from datetime import timedelta

import pytest

from csms.domain.ids import EvseId, StationId
from csms.domain.units import Power
from csms.services.live import LiveFleet
from csms.services.skew import Skew
from tests.fakes.clock import ManualClock

STATION = StationId("S")
EVSE = EvseId(STATION, 1)


class Scene:
    """A station that measures every minute, by a clock of its own."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.live, self.skew = LiveFleet(self.clock), Skew(self.clock)
        self.live.update(EVSE, plugged=True)
        self.live.subscribe(self.skew.changed)

    def report(self, behind_s: float, *, delay_s: float = 0.0) -> None:
        """Arrive so many seconds after it was measured by a clock that is behind."""
        self.clock.jump_to(self.clock.now() + timedelta(minutes=1))
        at = self.clock.now() - timedelta(seconds=behind_s + delay_s)
        self.live.update(EVSE, power=Power(0), power_at=at)

    def estimate(self) -> float | None:
        found = self.skew.of(STATION)
        return None if found is None else found.total_seconds()


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_nothing_heard_is_nothing_known(scene: Scene) -> None:
    assert scene.estimate() is None


@pytest.mark.parametrize("behind", [0.0, 20.0, -45.0, 300.0])
def test_delays_do_not_count_against_a_clock(scene: Scene, behind: float) -> None:
    for delay in (30.0, 4.0, 0.5, 12.0):
        scene.report(behind, delay_s=delay)

    assert scene.estimate() == behind + 0.5


def test_only_the_last_few_count(scene: Scene) -> None:
    for _ in range(3):
        scene.report(-100.0)
    for _ in range(5):
        scene.report(0.0)

    assert scene.estimate() == 0.0


def test_a_station_that_comes_back_begins_anew(scene: Scene) -> None:
    scene.live.set_connected(STATION, True)  # noqa: FBT003, the port's words
    scene.report(500.0)
    scene.live.set_connected(STATION, False)  # noqa: FBT003, the port's words
    assert scene.estimate() == 500.0
    scene.live.set_connected(STATION, True)  # noqa: FBT003, the port's words

    assert scene.estimate() is None


def test_changes_that_measure_nothing_say_nothing(scene: Scene) -> None:
    scene.live.update(EVSE, plugged=False)
    scene.live.update(EVSE, soc_pct=50.0)

    assert scene.estimate() is None


def test_a_state_of_charge_alone_says_it_too(scene: Scene) -> None:
    at = scene.clock.now() - timedelta(seconds=7)
    scene.live.update(EVSE, soc_pct=50.0, soc_at=at)

    assert scene.estimate() == 7.0
