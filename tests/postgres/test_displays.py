"""Display messages: wanted, on the wire, reported back, and compared."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio

from csms.domain.display import (
    DisplayRecord,
    Priority,
    ScreenMessage,
    ScreenState,
    ScreenText,
    ShowState,
    TextFormat,
)
from csms.domain.errors import DomainError
from csms.domain.ids import TransactionId
from csms.domain.transaction import EventType, TransactionReport
from csms.ocpp.link import Unanswered
from csms.services.displays import Displays
from csms.services.ports.displays import DisplayQuery
from csms.services.ports.wire import NoAnswer
from tests.fakes.device_model import variable
from tests.proving import exercises, proves
from tests.upkeep_world import STATION, Upkeep

pytestmark = [pytest.mark.postgres, pytest.mark.asyncio(loop_scope="module")]

HELLO = (ScreenText("Grid event at five", "en"),)


def a_message(number: int = 0, **more: Any) -> ScreenMessage:  # noqa: ANN401
    return ScreenMessage(number, **({"texts": HELLO} | more))


@pytest_asyncio.fixture(loop_scope="module")
async def displays(world: Upkeep) -> Displays:
    """A station with a display for five messages."""
    await world.has(
        variable("DisplayMessageCtrlr.Available", "true"),
        variable("DisplayMessageCtrlr.Enabled", "true"),
        variable(
            "DisplayMessageCtrlr.DisplayMessages", "0", characteristics={"maxLimit": 3}
        ),
        variable("DisplayMessageCtrlr.SupportedFormats", "ASCII,UTF8"),
        variable("DisplayMessageCtrlr.SupportedPriorities", "NormalCycle,AlwaysFront"),
        variable("DisplayMessageCtrlr.SupportedStates", "Charging,Idle,Discharging"),
        variable(
            "DisplayMessageCtrlr.Language",
            "en",
            characteristics={"valuesList": "en,es"},
        ),
    )
    return world.stage.node.upkeep.displays


async def kept(world: Upkeep) -> dict[int, DisplayRecord]:
    async with world.stage.node.begin() as work:
        return {e.id: e for e in await work.displays.of_station(STATION)}


class TestShowing:
    @proves("O01.FR.04", "O01.FR.05", "O01.FR.17")
    @proves("TC_O_01_CSMS", "TC_O_13_CSMS", "TC_O_14_CSMS")
    async def test_a_message_goes_over_the_wire_as_it_is_wanted(
        self, world: Upkeep, displays: Displays
    ) -> None:
        start, end = world.now + timedelta(hours=1), world.now + timedelta(hours=2)
        message = a_message(texts=(ScreenText("Hallo", "de-CH"),), start=start, end=end)

        record = await displays.show(STATION, message, "ada")

        (sent,) = world.asked("SetDisplayMessage")
        assert sent == {
            "message": {
                "id": 1,
                "priority": "NormalCycle",
                "message": {"format": "UTF8", "content": "Hallo", "language": "de-CH"},
                "startDateTime": "2026-07-14T00:30:00Z",
                "endDateTime": "2026-07-14T01:30:00Z",
            }
        }
        assert record.state is ShowState.SHOWN
        assert (await kept(world))[1].wanted == record.wanted

    async def test_a_message_ends_by_itself(
        self, world: Upkeep, displays: Displays
    ) -> None:
        """O01.FR.07."""
        end = world.now + timedelta(hours=1)
        await displays.show(STATION, a_message(end=end), "ada")

        world.stage.clock.jump_to(end)

        assert (await displays.listed(STATION))[0].state is ShowState.EXPIRED

    @proves("TC_O_12_CSMS")
    async def test_the_same_number_replaces(
        self, world: Upkeep, displays: Displays
    ) -> None:
        await displays.show(STATION, a_message(), "ada")
        other = a_message(
            1, texts=(ScreenText("Later", "en"),), priority=Priority.ALWAYS_FRONT
        )

        await displays.show(STATION, other, "ada")

        first, second = world.asked("SetDisplayMessage")
        assert first["message"]["id"] == second["message"]["id"] == 1
        assert second["message"]["priority"] == "AlwaysFront"
        (record,) = (await kept(world)).values()
        assert record.wanted is not None
        assert record.wanted.texts[0].content == "Later"

    @proves("TC_O_06_CSMS", "TC_O_25_CSMS", "TC_O_27_CSMS", "TC_O_28_CSMS")
    @proves("O02.FR.12")
    async def test_a_message_may_belong_to_a_transaction(
        self, world: Upkeep, displays: Displays
    ) -> None:
        await begin_transaction(world, "tx-1")
        start, end = world.now + timedelta(minutes=1), world.now + timedelta(hours=1)
        message = a_message(
            transaction=TransactionId("tx-1"),
            start=start,
            end=end,
            state=ScreenState.CHARGING,
        )

        await displays.show(STATION, message, "ada")

        (sent,) = world.asked("SetDisplayMessage")
        said = sent["message"]
        assert said["transactionId"] == "tx-1"
        assert said["state"] == "Charging"
        assert said["message"]["language"] == "en"
        assert said["startDateTime"] == "2026-07-13T23:31:00Z"
        assert said["endDateTime"] == "2026-07-14T00:30:00Z"

        await end_transaction(world, "tx-1")
        assert (await displays.listed(STATION))[0].state is ShowState.EXPIRED

    async def test_one_in_front_of_all_replaces_another(
        self, world: Upkeep, displays: Displays
    ) -> None:
        """O01.FR.16."""
        front = a_message(priority=Priority.ALWAYS_FRONT)
        await displays.show(STATION, front, "ada")
        await displays.show(STATION, front, "ada")

        assert [e.state for e in (await kept(world)).values()] == [
            ShowState.REPLACED, ShowState.SHOWN,
        ]  # fmt: skip

    @proves("TC_O_17_CSMS", "TC_O_18_CSMS", "TC_O_19_CSMS", "TC_O_26_CSMS")
    @pytest.mark.parametrize(
        "word",
        [
            "NotSupportedPriority", "NotSupportedState",
            "NotSupportedMessageFormat", "Rejected", "LanguageNotSupported",
        ],
    )  # fmt: skip
    async def test_a_refusal_is_kept_with_its_word(
        self, world: Upkeep, displays: Displays, word: str
    ) -> None:
        world.link(SetDisplayMessage={"status": word})
        message = a_message(state=ScreenState.IDLE)

        record = await displays.show(STATION, message, "ada")

        (sent,) = world.asked("SetDisplayMessage")
        assert sent["message"]["state"] == "Idle"
        assert sent["message"]["priority"] == "NormalCycle"
        assert (record.state, record.detail) == (ShowState.REFUSED, word)
        assert (await kept(world))[1].state is ShowState.REFUSED

    @proves("TC_O_10_CSMS")
    async def test_a_station_may_not_know_the_transaction_any_more(
        self, world: Upkeep, displays: Displays
    ) -> None:
        await begin_transaction(world, "tx-2")
        world.link(SetDisplayMessage={"status": "UnknownTransaction"})
        message = a_message(transaction=TransactionId("tx-2"))

        record = await displays.show(STATION, message, "ada")

        (sent,) = world.asked("SetDisplayMessage")
        assert sent["message"]["transactionId"] == "tx-2"
        assert (record.state, record.detail) == (
            ShowState.REFUSED, "UnknownTransaction",
        )  # fmt: skip

    async def test_silence_leaves_it_open(
        self, world: Upkeep, displays: Displays
    ) -> None:
        world.link(SetDisplayMessage=Unanswered())

        record = await displays.show(STATION, a_message(), "ada")

        assert (record.state, record.detail) == (
            ShowState.SENT, "no answer: unanswered",
        )  # fmt: skip


class TestWhatAStationLacks:
    @pytest.mark.parametrize(
        ("message", "field", "said"),
        [
            (a_message(priority=Priority.IN_FRONT), "priority", "AlwaysFront, Normal"),
            (a_message(state=ScreenState.FAULTED), "state", "Charging, Discharging"),
            (
                a_message(texts=(ScreenText("x", "en", TextFormat.HTML),)),
                "texts[0].format",
                "ASCII, UTF8",
            ),
            (a_message(texts=()), "texts", "it says nothing"),
            (
                a_message(texts=(ScreenText("é", "en", TextFormat.ASCII),)),
                "texts[0].content",
                "not ASCII",
            ),
            (a_message(texts=(ScreenText("x" * 1025),)), "texts[0].content", "1024"),
            (
                a_message(transaction=TransactionId("tx-nowhere")),
                "transaction",
                "not under way",
            ),
            (a_message(display="left"), "display", "no display left"),
        ],
    )
    async def test_it_is_told_before_anything_is_sent(
        self,
        world: Upkeep,
        displays: Displays,
        message: ScreenMessage,
        field: str,
        said: str,
    ) -> None:
        with pytest.raises(DomainError, match=said) as problem:
            await displays.show(STATION, message, "ada")

        assert (problem.value.code, problem.value.field) == ("cannot-show", field)
        assert world.asked("SetDisplayMessage") == []
        assert await kept(world) == {}

    async def test_dates_must_make_sense(
        self, world: Upkeep, displays: Displays
    ) -> None:
        past = a_message(end=world.now - timedelta(seconds=1))
        with pytest.raises(DomainError, match="it has passed"):
            await displays.show(STATION, past, "ada")
        swapped = a_message(
            start=world.now + timedelta(hours=2), end=world.now + timedelta(hours=1)
        )
        with pytest.raises(DomainError, match="not after the start"):
            await displays.show(STATION, swapped, "ada")

    async def test_a_full_display_takes_no_more(
        self, world: Upkeep, displays: Displays
    ) -> None:
        """O01.FR.11."""
        for _ in range(3):
            await displays.show(STATION, a_message(), "ada")

        with pytest.raises(DomainError, match="it holds 3 messages and takes 3"):
            await displays.show(STATION, a_message(), "ada")

        await displays.show(STATION, a_message(2), "ada")
        assert len(world.asked("SetDisplayMessage")) == 4

    async def test_a_station_without_display(self, world: Upkeep) -> None:
        await world.has(variable("SmartChargingCtrlr.Enabled", "true"))

        with pytest.raises(DomainError, match="no display for messages"):
            await world.stage.node.upkeep.displays.show(STATION, a_message(), "ada")

    async def test_an_events_message_is_not_taken_over(
        self, displays: Displays
    ) -> None:
        await displays.show(STATION, a_message(), "announcer", purpose="event:x")

        with pytest.raises(DomainError) as problem:
            await displays.show(STATION, a_message(1), "ada")

        assert problem.value.code == "message-taken"


class TestAsking:
    @exercises("NotifyDisplayMessages")
    @proves("TC_O_02_CSMS")
    async def test_all_are_reported_in_parts_and_compared(
        self, world: Upkeep, displays: Displays
    ) -> None:
        for _ in range(2):
            await displays.show(STATION, a_message(), "ada")
        report = [info(1, "Grid event at five"), info(7, "Welcome")]

        told = await self.read(world, displays, DisplayQuery(), report)

        (sent,) = world.asked("GetDisplayMessages")
        assert set(sent) == {"requestId"}
        assert told.complete
        records = await kept(world)
        assert {n: e.state for n, e in records.items()} == {
            1: ShowState.SHOWN, 2: ShowState.MISSING, 7: ShowState.FOREIGN,
        }  # fmt: skip
        assert not records[1].differs
        assert records[7].wanted is None

    @proves("TC_O_07_CSMS", "TC_O_08_CSMS", "TC_O_09_CSMS")
    @pytest.mark.parametrize(
        ("query", "said"),
        [
            (DisplayQuery(ids=(1,)), {"id": [1]}),
            (
                DisplayQuery(priority=Priority.ALWAYS_FRONT),
                {"priority": "AlwaysFront"},
            ),
            (DisplayQuery(state=ScreenState.CHARGING), {"state": "Charging"}),
        ],
    )
    async def test_some_are_asked_about(
        self,
        world: Upkeep,
        displays: Displays,
        query: DisplayQuery,
        said: dict[str, Any],
    ) -> None:
        for _ in range(2):
            await displays.show(STATION, a_message(), "ada")

        told = await self.read(world, displays, query, [info(1, "Other")])

        (sent,) = world.asked("GetDisplayMessages")
        sent.pop("requestId")
        assert sent == said
        assert [each.id for each in told.messages] == [1]
        records = await kept(world)
        assert records[1].differs
        assert records[2].state is ShowState.SHOWN

    @proves("TC_O_03_CSMS")
    async def test_there_may_be_none(self, world: Upkeep, displays: Displays) -> None:
        await displays.show(STATION, a_message(), "ada")
        world.link(GetDisplayMessages={"status": "Unknown"})

        told = await displays.read(STATION, DisplayQuery())

        assert told.status == "Unknown"
        assert (await kept(world))[1].state is ShowState.MISSING

    @proves("TC_O_11_CSMS")
    async def test_an_unknown_number_is_asked_about(
        self, world: Upkeep, displays: Displays
    ) -> None:
        await displays.show(STATION, a_message(), "ada")
        world.link(GetDisplayMessages={"status": "Unknown"})

        told = await displays.read(STATION, DisplayQuery(ids=(4711,)))

        (sent,) = world.asked("GetDisplayMessages")
        assert sent["id"] == [4711]
        assert (told.status, told.messages) == ("Unknown", ())
        assert (await kept(world))[1].state is ShowState.SHOWN

    async def test_a_report_that_nobody_asked_for_changes_nothing(
        self, world: Upkeep, displays: Displays
    ) -> None:
        del displays
        said = {"requestId": 99, "messageInfo": [info(3, "Buy")], "tbc": False}

        assert await world.hear("NotifyDisplayMessages", said) == {}

        assert await kept(world) == {}
        (odd,) = await world.deviations()
        assert odd.kind == "report-not-asked-for"

    async def read(
        self,
        world: Upkeep,
        displays: Displays,
        query: DisplayQuery,
        report: list[dict[str, Any]],
    ) -> Any:  # noqa: ANN401
        """Let the station report each message in a part of its own, then answer."""

        def answer(request: dict[str, Any]) -> dict[str, Any]:
            waiting.append(request["requestId"])
            return {"status": "Accepted"}

        waiting: list[int] = []
        world.link(GetDisplayMessages=answer)
        link = world.stage.links[STATION]
        ask = link.ask

        async def tell() -> None:
            for place, each in enumerate(report):
                await asyncio.sleep(0.01)
                part = {"requestId": waiting[0], "messageInfo": [each]}
                if place < len(report) - 1:
                    part["tbc"] = True
                assert await world.hear("NotifyDisplayMessages", part) == {}

        async def ask_and_hear(*args: Any, **more: Any) -> Any:  # noqa: ANN401
            said = await ask(*args, **more)
            telling.append(asyncio.create_task(tell()))
            return said

        telling: list[asyncio.Task[None]] = []
        link.ask = ask_and_hear  # type: ignore[method-assign]
        return await displays.read(STATION, query)


class TestClearing:
    @proves("TC_O_04_CSMS")
    async def test_a_message_is_cleared(
        self, world: Upkeep, displays: Displays
    ) -> None:
        await displays.show(STATION, a_message(), "ada")

        reply = await displays.clear(STATION, 1, "ada")

        assert world.asked("ClearDisplayMessage") == [{"id": 1}]
        assert reply.status == "Accepted"
        assert (await kept(world))[1].state is ShowState.CLEARED

    @proves("TC_O_05_CSMS")
    async def test_a_message_that_is_not_there_is_gone_too(
        self, world: Upkeep, displays: Displays
    ) -> None:
        await displays.show(STATION, a_message(), "ada")
        world.link(ClearDisplayMessage={"status": "Unknown"})

        reply = await displays.clear(STATION, 1, "ada")
        unknown = await displays.clear(STATION, 4711, "ada")

        assert (reply.status, unknown.status) == ("Unknown", "Unknown")
        assert world.asked("ClearDisplayMessage") == [{"id": 1}, {"id": 4711}]
        (record,) = (await kept(world)).values()
        assert (record.state, record.detail) == (
            ShowState.CLEARED, "the station did not have it",
        )  # fmt: skip

    @pytest.mark.parametrize("answer", [{"status": "Rejected"}, Unanswered()])
    async def test_what_may_still_be_shown_counts_as_shown(
        self,
        world: Upkeep,
        displays: Displays,
        answer: Any,  # noqa: ANN401
    ) -> None:
        await displays.show(STATION, a_message(), "ada")
        world.link(ClearDisplayMessage=answer)

        if isinstance(answer, Exception):
            with pytest.raises(NoAnswer):
                await displays.clear(STATION, 1, "ada")
        else:
            await displays.clear(STATION, 1, "ada")

        assert (await kept(world))[1].state is ShowState.SHOWN


def info(number: int, content: str) -> dict[str, Any]:
    return {
        "id": number,
        "priority": "NormalCycle",
        "message": {"format": "UTF8", "content": content, "language": "en"},
    }


def a_report(world: Upkeep, name: str, kind: EventType, seq: int) -> TransactionReport:
    return TransactionReport(
        station=STATION,
        transaction=TransactionId(name),
        seq_no=seq,
        event_type=kind,
        trigger="CablePluggedIn",
        at=world.now,
        offline=False,
        received_at=world.now,
        evse=1,
        charging_state=None,
        operation_mode=None,
        stopped_reason=None,
        id_token=None,
        remote_start_id=None,
        readings=(),
        payload="{}",
        digest=bytes([seq]),
    )


async def begin_transaction(world: Upkeep, name: str) -> None:
    report = a_report(world, name, EventType.STARTED, 0)
    await world.stage.store.write([report], (), at=world.now)


async def end_transaction(world: Upkeep, name: str) -> None:
    report = a_report(world, name, EventType.ENDED, 1)
    await world.stage.store.write([report], (), at=world.now)
