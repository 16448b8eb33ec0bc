import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from csms.clock import ScaledClock
from simulators.link import Link
from tests.unit.simulators.accepting_csms import ANSWERS
from tests.unit.simulators.bench import Bench, a_system

pytestmark = pytest.mark.sockets

Refuse = Callable[[list[Any]], str | None]


@dataclass
class Peer:
    """A central system for one station, spoken through by hand.

    Attributes:
        refuse: Returns another answer than the accepting one, as text.
        calls: What the station called.
        answers: What else it sent, by message id.
    """

    refuse: Refuse = lambda _call: None
    calls: list[list[Any]] = field(default_factory=list)
    answers: dict[str, list[Any]] = field(default_factory=dict)
    socket: ServerConnection | None = None

    async def serve(self, socket: ServerConnection) -> None:
        self.socket = socket
        with contextlib.suppress(ConnectionClosed):
            async for text in socket:
                frame = json.loads(text)
                if frame[0] != 2:
                    self.answers[frame[1]] = frame
                    continue
                self.calls.append(frame)
                accept = json.dumps([3, frame[1], ANSWERS.get(frame[2], {})])
                await socket.send(self.refuse(frame) or accept)

    async def say(self, text: str) -> None:
        assert self.socket is not None
        await self.socket.send(text)

    def events(self) -> list[dict[str, Any]]:
        return [call[3] for call in self.calls if call[2] == "TransactionEvent"]


async def _live(link: Link) -> None:
    """Keep the link alive, and the station's time moving, as a fleet does."""
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(link.run())
        while True:
            link.station.advance(link.clock.now().timestamp())
            link.look()
            await asyncio.sleep(0.01)


async def until(what: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not what():
            await asyncio.sleep(0.01)


Talk = Callable[[Peer], Awaitable[Link]]


@pytest.fixture
async def talk() -> AsyncIterator[Talk]:
    async with contextlib.AsyncExitStack() as stack:

        async def start(peer: Peer) -> Link:
            server = await stack.enter_async_context(
                serve(peer.serve, "127.0.0.1", 0, subprotocols=["ocpp2.1"])  # type: ignore[list-item]
            )
            port = next(iter(server.sockets)).getsockname()[1]
            station = Bench(a_system("x21-scheduled")).station
            began = datetime.fromtimestamp(station.t, UTC)
            clock = ScaledClock(datetime.now(UTC), began, 60)
            link = Link(station, clock, f"ws://127.0.0.1:{port}/ocpp")
            task = asyncio.create_task(_live(link))
            stack.push_async_callback(asyncio.wait, [task])
            stack.callback(task.cancel)
            await until(lambda: bool(peer.events()))
            return link

        yield start


@pytest.mark.parametrize(
    ("text", "message_id", "code"),
    [
        ("no json", "-1", "FormatViolation"),
        ('[2,"q","Reset"]', "q", "FormatViolation"),
        ('[2,"q","Dance",{}]', "q", "NotImplemented"),
        ('[2,"q","Reset",{}]', "q", "FormatViolation"),
        ('[2,"q","SetChargingProfile",{"evseId":1}]', "q", "FormatViolation"),
        ('[2,"q","GetVariables",{"getVariableData":7}]', "q", "FormatViolation"),
    ],
)
async def test_what_cannot_be_done_is_answered_by_an_error(
    talk: Talk, text: str, message_id: str, code: str
) -> None:
    peer = Peer()
    await talk(peer)

    await peer.say(text)

    await until(lambda: message_id in peer.answers)
    assert peer.answers[message_id][0] == 4
    assert peer.answers[message_id][2] == code


@pytest.mark.parametrize(
    "text",
    [
        '[3,"unknown",{}]',
        '[4,"unknown","InternalError","",{}]',
        '[5,"unknown","FormatViolation","",{}]',
        '[6,"x","NotifyPeriodicEventStream",{}]',
    ],
)
async def test_what_needs_no_answer_gets_none(talk: Talk, text: str) -> None:
    peer = Peer()
    await talk(peer)

    await peer.say(text)
    await peer.say('[2,"after","TriggerMessage",{"requestedMessage":"Heartbeat"}]')

    await until(lambda: "after" in peer.answers)
    assert list(peer.answers) == ["after"]


async def test_a_call_is_answered_while_another_waits_for_its_answer(
    talk: Talk,
) -> None:
    peer = Peer()
    link = await talk(peer)
    await until(lambda: not len(link.station.outbox))
    peer.refuse = lambda call: "[]" if call[2] == "Heartbeat" else None

    await peer.say('[2,"1","TriggerMessage",{"requestedMessage":"Heartbeat"}]')
    await until(lambda: peer.calls[-1][2] == "Heartbeat")
    await peer.say('[2,"2","GetTransactionStatus",{}]')

    await until(lambda: "2" in peer.answers)
    assert peer.answers["2"][2] == {"messagesInQueue": False}


async def test_a_refused_report_is_sent_again_with_its_number_and_then_given_up(
    talk: Talk,
) -> None:
    def refuse(call: list[Any]) -> str | None:
        if call[2] != "TransactionEvent" or call[3]["seqNo"] != 0:
            return None
        return json.dumps([4, call[1], "InternalError", "", {}])

    peer = Peer(refuse)
    link = await talk(peer)

    await until(lambda: any(event["seqNo"] > 0 for event in peer.events()))

    first = [event for event in peer.events() if event["seqNo"] == 0]
    assert len(first) == 5
    assert all(event == first[0] for event in first)
    kinds = {incident["kind"] for incident in link.station.observer.incidents}
    assert kinds == {"call-refused"}


async def test_an_answer_that_makes_no_sense_is_written_down_and_asked_again(
    talk: Talk,
) -> None:
    def refuse(call: list[Any]) -> str | None:
        if call[2] != "BootNotification" or len(peer.calls) > 1:
            return None
        answer = {**ANSWERS["BootNotification"], "interval": "often"}
        return json.dumps([3, call[1], answer])

    peer = Peer(refuse)
    link = await talk(peer)

    boots = [call for call in peer.calls if call[2] == "BootNotification"]
    kinds = {incident["kind"] for incident in link.station.observer.incidents}
    assert len(boots) == 2
    assert kinds == {"odd-answer"}


async def test_a_lost_socket_is_replaced_and_the_report_in_flight_sent_again(
    talk: Talk,
) -> None:
    peer = Peer()
    link = await talk(peer)
    await until(lambda: not len(link.station.outbox))
    first = peer.socket

    assert first is not None
    first.transport.abort()
    await until(lambda: peer.socket is not first)
    await until(lambda: link.station.online)

    await peer.say('[2,"1","GetTransactionStatus",{}]')
    await until(lambda: "1" in peer.answers)
