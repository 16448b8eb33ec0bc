"""Who is who in data/lab.toml, and what happens to them on the first day."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from simulators.days import Happening
from simulators.framing import Frame
from simulators.station import Station
from simulators.timeline import restart
from tests.fleet.account import Account, Window
from tests.fleet.world import Script, World, playing

OPENS = datetime(2026, 7, 14, 19, tzinfo=UTC)
"""Tuesday 15:00 in Boston."""

DAY_1 = Window(
    datetime(2026, 7, 14, 20, 45, tzinfo=UTC), datetime(2026, 7, 14, 22, 45, tzinfo=UTC)
)

DAY_2 = Window(DAY_1.start + timedelta(days=1), DAY_1.end + timedelta(days=1))
RATE = 400.0

OUT_BEFORE = "L-HOME-01"
OUT_DURING = "L-HOME-02"
AT_HOME = "L-HOME-03"
PRIORITY = "L-HOME-04"

CALM = "L-YARD-01"
UNPLUGGED = "L-YARD-02"
REPLUGGED = "L-YARD-03"
CUT_21 = "L-YARD-04"
CUT_201 = "L-YARD-05"
CUT_AND_BOOT = "L-YARD-06"
CUT_BEYOND_END = "L-YARD-07"
REBOOT_RESUMING = "L-YARD-08"
REBOOT_201 = "L-YARD-09"
REBOOT_21 = "L-YARD-10"
BOOTS_TWICE = "L-YARD-11"
SLOW = "L-YARD-12"
TWICE = "L-YARD-13"
OUT_OF_ORDER = "L-YARD-14"
SKEWED = "L-YARD-15"
BY_MESSAGE = "L-YARD-16"
DYNAMIC = "L-YARD-17"
FULL_CHARGE = "L-YARD-18"
ABSOLUTE = "L-YARD-19"
CLAMPS = "L-YARD-20"
REJECTS = "L-YARD-21"
IGNORES = "L-YARD-22"
ZERO_DISCHARGES = "L-YARD-23"
ONLY_DEFAULT = "L-YARD-24"
BY_VARIABLE = "L-YARD-25"
CHARGE_ONLY = "L-YARD-26"


def at(minutes: float) -> datetime:
    """Return an instant of the first day, by minutes from its event's start."""
    return DAY_1.start + timedelta(minutes=minutes)


def _spell(kind: str, since: float, until: float, seconds: float = 60.0) -> Happening:
    return Happening(kind, 0, _local(since), _local(until), seconds=seconds)


def _local(minutes: float) -> str:
    boston = at(minutes) - timedelta(hours=4)
    return boston.strftime("%H:%M")


HAPPENINGS: Mapping[str, Sequence[Happening]] = {
    OUT_BEFORE: [Happening("opt-out", 0, _local(-15))],
    OUT_DURING: [Happening("opt-out", 0, _local(40))],
    PRIORITY: [Happening("priority", 0, _local(45))],
    CUT_21: [_spell("link-cut", 30, 70)],
    CUT_201: [_spell("link-cut", 30, 70)],
    CUT_AND_BOOT: [_spell("link-cut", 30, 37)],
    CUT_BEYOND_END: [_spell("link-cut", 60, 130)],
    SLOW: [_spell("slow-answers", -30, 125)],
    TWICE: [_spell("duplicates", -60, 130)],
    OUT_OF_ORDER: [_spell("reordering", -60, 130)],
    SKEWED: [_spell("clock-skew", -60, 130, seconds=45.0)],
}

FIRST_DAY = Script("lab", OPENS, rate=RATE, happenings=HAPPENINGS)
SECOND_DAY = Script("lab", OPENS + timedelta(days=1), rate=RATE)
PROGRAMS = ("ma-cs-small", "ma-cs-ci")
LISTENED_TO = (TWICE, OUT_OF_ORDER, CUT_201, CUT_AND_BOOT)
CALLED_OFF_AFTER = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Days:
    """What both sides say about two days.

    Attributes:
        called_off_at: When the yard's event of the second day was called off.
        said: Every call that some stations made on the first day, as sent.
    """

    first: Account
    second: Account
    called_off_at: datetime
    said: Mapping[str, Sequence[str]]


async def play_days(database: str) -> Days:
    """Play both days; between them, everything goes down and comes up again."""
    said: dict[str, list[str]] = {each: [] for each in LISTENED_TO}

    def listen(station: str, direction: str, text: Frame | str) -> None:
        if direction == "call" and station in said:
            said[station].append(str(text))

    async with playing(database, FIRST_DAY, listen) as world:
        disturb(world)
        await world.desk.known()
        events = [await world.desk.call(each, DAY_1) for each in PROGRAMS]
        await world.desk.settled(*events)
        first = await world.account(DAY_1, *events)
    async with playing(database, SECOND_DAY) as world:
        await world.desk.known()
        small, yard = [await world.desk.call(each, DAY_2) for each in PROGRAMS]
        await world.clock.sleep_until(DAY_2.start + CALLED_OFF_AFTER)
        called_off_at = world.clock.now()
        await world.desk.post(f"events/{yard}/cancel", {"reason": "the peak is over"})
        await world.desk.settled(small)
        second = await world.account(DAY_2, small, yard)
    return Days(first, second, called_off_at, said)


def disturb(world: World) -> None:
    """Let happen what no happening can say."""
    world.at(at(40), UNPLUGGED, lambda station: station.unplug())
    world.at(at(30), REPLUGGED, lambda station: station.unplug())
    world.at(at(60), REPLUGGED, lambda station: station.plug_in())
    for name in (REBOOT_RESUMING, REBOOT_201, REBOOT_21):
        world.at(at(35), name, lambda station: restart(station, "Watchdog", 60.0))
    for minutes in (35, 36):
        world.at(at(minutes), BOOTS_TWICE, boot_again)


def boot_again(station: Station) -> None:
    """Let a station boot though nothing was lost."""
    station.booted = False
    station.booting = False
    station.boot_at = station.t
