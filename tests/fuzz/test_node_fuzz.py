"""Whatever a station sends to a whole node: an answer or a close, and life goes on."""

import asyncio
import copy
import json
from collections.abc import Iterator
from contextlib import AsyncExitStack
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.headers import build_authorization_basic
from websockets.typing import Subprotocol

from csms.ocpp.codes import RpcErrorCode
from csms.ocpp.wire import Edition
from tests.bench.stations import station_id
from tests.conformance.instances import fullest
from tests.conformance.official import schema
from tests.faults.processes import NodeProcess, a_node
from tests.faults.reporting import PASSWORD, register

pytestmark = [pytest.mark.sockets, pytest.mark.postgres]

ANSWER_S = 10.0
FRAME_BYTES = 65_536
REFUSING = {1002, 1003, 1007, 1008, 1009}
"""Close codes with which a server may answer what it does not take (RFC 6455, 7.4)."""

_numbers = count(1)


class Talk:
    """A conversation with the node that survives whatever is said in it."""

    def __init__(self, runner: asyncio.Runner, node: NodeProcess) -> None:
        self._runner = runner
        self.node = node
        self._socket: ClientConnection | None = None

    def say(self, message: str | bytes) -> list[list[Any]]:
        """Send something, then a heartbeat; return what came before its answer.

        An empty list with a closed socket is an answer as well, if the close says why.
        """
        return self._runner.run(self._say(message))

    async def _say(self, message: str | bytes) -> list[list[Any]]:
        socket = self._socket or await self._connected()
        self._socket = socket
        beat, word = f"beat-{next(_numbers)}", None
        heard: list[list[Any]] = []
        try:
            async with asyncio.timeout(ANSWER_S):
                await socket.send(message)
                await socket.send(json.dumps([2, beat, "Heartbeat", {}]))
                while True:
                    frame = json.loads(await socket.recv())
                    if frame[1] == beat:
                        return heard
                    heard.append(frame)
        except ConnectionClosed as closed:
            self._socket, word = None, closed.rcvd
        assert word is not None, "closed without a word"
        assert word.code in REFUSING, word
        return heard

    async def _connected(self) -> ClientConnection:
        name = station_id(0)
        return await connect(
            f"ws://127.0.0.1:{self.node.ocpp_port}/ocpp/{name}",
            subprotocols=[Subprotocol("ocpp2.0.1")],
            additional_headers={
                "Authorization": build_authorization_basic(name, PASSWORD)
            },
            proxy=None,
        )


@pytest.fixture
def talk(database: str, tmp_path: Path) -> Iterator[Talk]:
    """A real node, and a station that it knows."""
    environment = {
        "CSMS_DATABASE_URL": database,
        "CSMS_MAX_FRAME_BYTES": str(FRAME_BYTES),
    }
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        runner.run(register(database, 1))
        stack = AsyncExitStack()
        entering = stack.enter_async_context(a_node(tmp_path, environment))
        yield Talk(runner, runner.run(entering))
        runner.run(stack.aclose())


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=30)
    | st.sampled_from([10**400, 2**31, -1, 1e308, "x" * 3000, "\0", "Updated"]),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner)
    ),
    max_leaves=20,
)
ANSWERED = ("TransactionEvent", "MeterValues", "StatusNotification", "NotifyReport")


@st.composite
def spoiled_calls(draw: st.DrawFn) -> str:
    """Draw a call that was whole until parts of it were replaced by anything."""
    action = draw(st.sampled_from(ANSWERED))
    payload = copy.deepcopy(fullest(schema(Edition.V201, f"{action}Request")))
    for _ in range(draw(st.integers(0, 3))):
        part: Any = payload
        while isinstance(part, dict | list) and part:
            keys = list(part) if isinstance(part, dict) else list(range(len(part)))
            key = draw(st.sampled_from(keys))
            if isinstance(part[key], dict | list) and draw(st.booleans()):
                part = part[key]
                continue
            part[key] = draw(JSON)
            break
    return json.dumps([2, f"call-{next(_numbers)}", action, payload])


ODD_TEXTS = st.sampled_from(
    [
        "",
        "null",
        "[]",
        "{}",
        "[2]",
        "[2,1,2,3]",
        '[2,"a","Heartbeat"]',
        '[2,"a","Heartbeat",[]]',
        '[2,"a","NoSuchAction",{}]',
        '[2,"a","Reset",{}]',
        '[3,"nobody-asked",{}]',
        '[4,"nobody-asked","GenericError","",{}]',
        '[7,"a",{}]',
        '[2,"a","TransactionEvent",' + "[" * 400 + "]" * 400 + "]",
        "[" * 30_000,
        "x" * (FRAME_BYTES + 1),
        '[2,"\\ud800","Heartbeat",{}]',
        '[2,"a","Heartbeat",{"a":NaN}]',
    ]
)
MESSAGES = (
    spoiled_calls()
    | ODD_TEXTS
    | st.text(max_size=200)
    | JSON.map(lambda value: json.dumps([2, "a", "TransactionEvent", value]))
    | st.lists(JSON, max_size=5).map(json.dumps)
    | st.binary(max_size=100)
)


@pytest.mark.timeout(120)
@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(message=MESSAGES)
def test_a_node_answers_or_closes_with_a_reason_and_goes_on(
    talk: Talk, message: str | bytes
) -> None:
    heard = talk.say(message)

    assert talk.node.is_alive
    for frame in heard:
        assert frame[0] in (2, 3, 4)
        if frame[0] == 4:
            assert frame[2] in set(RpcErrorCode) - {RpcErrorCode.INTERNAL_ERROR}, frame
