"""Events on the displays of chargers: shown, replaced, cleared, never in the way."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio

from csms.charging.capability import from_document, to_document
from csms.domain.display import DisplayRecord, ShowState
from csms.domain.ids import EventId, ParticipantId, StationId
from csms.domain.station import EDITION_21
from csms.ocpp.link import Priority, Refused, Unanswered
from csms.services.announcing import Announcer, AnnouncingPolicy
from csms.services.resting import Resting
from tests.fakes.device_model import variable
from tests.http.nodes import CAPABLE, HOME_1, MAKE, WINDOW
from tests.upkeep_world import OTHER, STATION, Upkeep

pytestmark = [pytest.mark.postgres, pytest.mark.asyncio(loop_scope="module")]

COMING = (
    "Grid event Tue, Jul 14 5:00 PM to 8:00 PM EDT. Your vehicle may give energy back. "
    "Opt out by the link in your notice."
)
RUNNING = (
    "Grid event until 8:00 PM EDT. Your vehicle may give energy back. "
    "Opt out by the link in your notice."
)


@pytest_asyncio.fixture(loop_scope="module")
async def announcer(world: Upkeep) -> Announcer:
    """Two homes with displays, and whoever shows events on them."""
    await speak(world, "en")
    for station in (STATION, OTHER):
        await with_display(world, station)
    made = world.stage.node.upkeep.announcer
    return replace(made, _resting=Resting(60.0, 3600.0))


async def with_display(world: Upkeep, station: StationId, **more: Any) -> None:  # noqa: ANN401
    await world.has(
        variable("DisplayMessageCtrlr.Available", "true"),
        variable("DisplayMessageCtrlr.SupportedFormats", more.get("formats", "UTF8")),
        variable(
            "DisplayMessageCtrlr.Language",
            "en",
            characteristics={"valuesList": more.get("languages", "en")},
        ),
        station=station,
    )
    document = to_document(replace(CAPABLE, has_display=True))
    assert from_document(document).has_display
    async with world.stage.node.begin() as work:
        await work.stations.save_provisioned(
            station,
            fingerprint=MAKE.fingerprint(EDITION_21),
            capabilities=document,
            shortcomings=[],
            at=world.now,
        )
        kept = await work.stations.find(station)
    assert kept is not None
    world.stage.node.book.put_station(kept)


async def shown(world: Upkeep, station: StationId = STATION) -> DisplayRecord:
    async with world.stage.node.begin() as work:
        (record,) = await work.displays.of_station(station)
    return record


def texts(world: Upkeep, station: StationId = STATION) -> list[str]:
    return [
        each["message"]["message"]["content"]
        for each in world.asked("SetDisplayMessage", station)
    ]


class TestShowing:
    async def test_an_event_is_shown_announced_running_and_gone(
        self, world: Upkeep, announcer: Announcer
    ) -> None:
        event = await world.stage.call()

        await announcer.compare()

        assert texts(world) == texts(world, OTHER) == [COMING]
        first = world.asked("SetDisplayMessage")[0]["message"]
        assert first["endDateTime"] == "2026-07-14T21:00:00Z"
        assert first["priority"] == "NormalCycle"
        assert (await shown(world)).purpose == f"event:{event}"
        assert await announcer.compare() == 0

        await world.stage.until(WINDOW.start + timedelta(minutes=2))
        await announcer.compare()

        assert texts(world) == [COMING, RUNNING]
        second = world.asked("SetDisplayMessage")[1]["message"]
        assert second["id"] == first["id"]
        assert second["endDateTime"] == "2026-07-15T00:00:00Z"
        assert second["priority"] == "InFront"

        await world.stage.until(WINDOW.end)
        await announcer.compare()
        assert (await shown(world)).state is ShowState.EXPIRED
        assert world.asked("ClearDisplayMessage") == []

    async def test_a_cancelled_event_is_cleared(
        self, world: Upkeep, announcer: Announcer
    ) -> None:
        event = await world.stage.call()
        await announcer.compare()

        await world.stage.node.events.cancel(event, "no need", by="test")
        await announcer.compare()

        assert world.asked("ClearDisplayMessage") == [{"id": 1}]
        assert (await shown(world)).state is ShowState.CLEARED

    async def test_an_opt_out_is_cleared_and_taken_back_shown_again(
        self, world: Upkeep, announcer: Announcer
    ) -> None:
        event = await world.stage.call()
        await announcer.compare()

        await opt_out(world, event)
        await announcer.compare()

        assert world.asked("ClearDisplayMessage") == [{"id": 1}]
        assert world.asked("ClearDisplayMessage", OTHER) == []
        async with world.stage.node.begin() as work:
            await work.events.opt_in(event, ParticipantId("home-01"), world.now)
        await announcer.compare()
        assert texts(world) == [COMING, COMING]
        assert (await shown(world)).state is ShowState.SHOWN


class TestWords:
    async def test_the_participants_language_comes_first(
        self, world: Upkeep, announcer: Announcer
    ) -> None:
        await with_display(world, STATION, languages="en,es")
        await speak(world, "es-US")
        await world.stage.call()

        await announcer.compare()

        said = world.asked("SetDisplayMessage")[0]["message"]
        assert said["message"]["language"] == "es"
        assert said["message"]["content"].startswith(
            "Evento de la red mar 14 jul 17:00 a 20:00 EDT."
        )
        assert [each["language"] for each in said["messageExtra"]] == ["en"]
        assert texts(world, OTHER) == [COMING]

    async def test_a_display_that_does_not_know_it_says_it_in_english(
        self, world: Upkeep, announcer: Announcer
    ) -> None:
        """O01.FR.09."""
        await speak(world, "es")
        await world.stage.call()

        await announcer.compare()

        assert texts(world) == [COMING]

    async def test_a_plain_display_gets_plain_letters(
        self, world: Upkeep, announcer: Announcer
    ) -> None:
        await with_display(world, STATION, formats="ASCII", languages="es")
        await speak(world, "es")
        await world.stage.call()

        await announcer.compare()

        said = world.asked("SetDisplayMessage")[0]["message"]["message"]
        assert said["format"] == "ASCII"
        assert said["content"].isascii()


class TestNeverInTheWay:
    async def test_it_goes_last_and_gives_up_quickly(
        self, world: Upkeep, announcer: Announcer
    ) -> None:
        await world.stage.call()
        await announcer.compare()

        link = world.stage.links[STATION]
        (priority,) = {p for name, _, p in link.asked if name == "SetDisplayMessage"}
        assert priority is Priority.ROUTINE
        assert AnnouncingPolicy().patience_s <= 5

    @pytest.mark.parametrize("away", [-30, 30])
    async def test_nothing_is_sent_around_the_start(
        self, world: Upkeep, announcer: Announcer, away: int
    ) -> None:
        await world.stage.call()
        await world.stage.until(WINDOW.start + timedelta(seconds=away))

        await announcer.compare()

        assert texts(world) == []

    async def test_a_failed_display_is_no_notice_and_keeps_nobody(
        self, world: Upkeep, announcer: Announcer
    ) -> None:
        world.link(STATION, SetDisplayMessage=Unanswered())
        world.link(OTHER, SetDisplayMessage=Refused("NotImplemented", ""))
        event = await world.stage.call()

        await announcer.compare()

        async with world.stage.node.begin() as work:
            orders = await work.events.dispatchable(world.now)
            notices = await work.notices.of_event(event)
        assert all(each.notified for each in orders if not each.excluded)
        assert {each.channel.value for each in notices} == {"email", "inbox"}
        assert (await shown(world)).state is ShowState.SENT
        assert (await shown(world, OTHER)).state is ShowState.REFUSED
        # The silent one rests, the refusing one is not asked the same again.
        assert await announcer.compare() == 0
        assert len(texts(world)) == len(texts(world, OTHER)) == 1

    async def test_a_display_never_makes_up_for_a_notice(
        self, world: Upkeep, announcer: Announcer
    ) -> None:
        event = await world.stage.call()
        await announcer.compare()

        async with world.stage.node.begin() as work:
            record = await work.events.find(event)
            assert record is not None
            before = record.notify_by - timedelta(days=30)
            told = await work.notices.told(event, before)
        assert told == frozenset()

    async def test_who_has_no_display_is_not_asked(
        self, world: Upkeep, announcer: Announcer
    ) -> None:
        await world.stage.provide(HOME_1)
        await world.stage.call()

        await announcer.compare()

        assert texts(world) == []
        assert texts(world, OTHER) == [COMING]

    async def test_who_is_away_is_told_when_back(
        self, world: Upkeep, announcer: Announcer
    ) -> None:
        world.stage.node.book.set_online(STATION, online=False)
        await world.stage.call()
        await announcer.compare()
        assert texts(world) == []
        world.stage.node.book.set_online(STATION, online=True)

        await announcer.compare()

        assert texts(world) == [COMING]


async def opt_out(world: Upkeep, event: EventId) -> None:
    await world.stage.node.participation.opt_out_of(
        event, ParticipantId("home-01"), by="test"
    )


async def speak(world: Upkeep, language: str) -> None:
    async with world.stage.node.begin() as work:
        person = await work.fleet.participant(ParticipantId("home-01"))
        assert person is not None
        await work.fleet.save_participant(replace(person, language=language))
