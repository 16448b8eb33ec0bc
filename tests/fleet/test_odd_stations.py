"""Stations that depart from the specification, each in a way of its own.

They are accepted, what they say is repaired, counted and shown, and the energy that the
system makes of it is that which flowed.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from simulators.station import CLOCK_AHEAD_S
from simulators.tables import HERE
from tests.fleet.account import Json, Window
from tests.fleet.world import Script, fresh_database, in_real_time, playing

pytestmark = [pytest.mark.fleet, pytest.mark.timeout(120)]

OPENS = datetime(2026, 7, 14, 19, 0, tzinfo=UTC)
LOOKED_AT = OPENS + timedelta(hours=4)
MEASURED = Window(OPENS + timedelta(minutes=45), OPENS + timedelta(hours=3))
KINDS = {
    "odd-zoneless": {"no-zone"},
    "odd-placeless": set(),
    "odd-16": {"shape-of-1.6"},
    "odd-texts": {"number-as-text", "extra-property"},
    "odd-words": {"unknown-word"},
    "odd-empty": {"empty-list"},
    "odd-kwh": set(),
    "odd-counter": {"reused-seq-no"},
    "odd-sockets": set(),
    "odd-ids": set(),
    "odd-slow": set(),
    "odd-boots": set(),
    "odd-clock": {"clock-ahead"},
}
"""What is counted of each make; nothing where the system is not troubled at all."""


@dataclass(frozen=True, slots=True)
class Day:
    """What both sides say of an afternoon.

    Attributes:
        stations: What the API shows of each, by model.
        said: kWh in the table of quarters, by model.
        flowed: kWh that physically flowed, by model.
    """

    stations: dict[str, Json]
    said: dict[str, float]
    flowed: dict[str, float]


@pytest.fixture(scope="module")
def day(postgres_url: str, migrated_template: str) -> Iterator[Day]:
    with fresh_database(postgres_url, migrated_template) as database:
        yield in_real_time(_play(database))


async def _play(database: str) -> Day:
    script = Script("odd", OPENS, rate=600.0, folder=HERE / "fleets")
    async with playing(database, script) as world:
        await world.clock.sleep_until(LOOKED_AT)
        await asyncio.sleep(1.0)
        account = await world.account(MEASURED)
        names = [each["id"] for each in await world.desk.items("stations")]
        shown = [await world.desk.get(f"stations/{name}") for name in names]
    models = {each["id"]: each["model"] for each in shown}
    said = dict.fromkeys(models.values(), 0.0)
    for row in account.quarters:
        start = datetime.fromisoformat(row["start"])
        if MEASURED.start <= start < MEASURED.end and row["import_kwh"] is not None:
            said[models[row["station"]]] += row["import_kwh"]
    flowed = {
        model: sum(
            max(float(minute.watts), 0.0) / 60_000
            for minute in account.minutes(name, *_lived(model))
        )
        for name, model in models.items()
    }
    return Day({each["model"]: each for each in shown}, said, flowed)


def _lived(model: str) -> tuple[datetime, datetime]:
    """Return when it was what a station's clock calls the window.

    Instants are not set right, since a late report looks the same: they are counted.
    """
    ahead = timedelta(seconds=CLOCK_AHEAD_S if model == "odd-clock" else 0)
    return MEASURED.start - ahead, MEASURED.end - ahead


@pytest.mark.parametrize("model", KINDS)
def test_it_is_served_and_what_it_does_is_counted(day: Day, model: str) -> None:
    shown = day.stations[model]
    counted = {each["kind"] for each in shown["deviations"]}

    assert shown["provisioned"]
    assert counted >= KINDS[model]
    assert not {each for each in counted if each.startswith("refused:")}


@pytest.mark.parametrize("model", KINDS)
def test_the_energy_is_that_which_flowed(day: Day, model: str) -> None:
    assert day.flowed[model] > 5
    assert day.said[model] == pytest.approx(day.flowed[model], rel=0.03)
