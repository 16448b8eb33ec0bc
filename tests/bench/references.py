"""What our figures stand beside: servers that do less, on the same libraries.

`python -m tests.bench.references echo` is a bare `websockets` server that sends back
what it gets, and that can also ask every station one thing at once; `... library` is a
bare central system on the `ocpp` library, with its schema validation and no storage.
Both print their port, and obey one word per line on their standard input.
"""

import asyncio
import json
import logging
import sys
import time
from datetime import UTC, datetime
from typing import Any

import uvloop
from ocpp.routing import on
from ocpp.v201 import ChargePoint, call_result
from websockets.asyncio.server import ServerConnection, serve

SUBPROTOCOL: Any = "ocpp2.0.1"
BACKLOG = 1024
PROFILE = {
    "id": 1,
    "stackLevel": 1,
    "chargingProfilePurpose": "TxDefaultProfile",
    "chargingProfileKind": "Absolute",
    "chargingSchedule": [
        {
            "id": 1,
            "startSchedule": "2026-07-14T21:00:00Z",
            "duration": 10_800,
            "chargingRateUnit": "W",
            "chargingSchedulePeriod": [
                {"startPeriod": start, "limit": 7000.0}
                for start in range(0, 10_800, 900)
            ],
        }
    ],
}
"""What is pushed; the node under test compiles the same from a domain value."""


class Echo:
    """Sends back what it gets; asks everybody when told to."""

    def __init__(self) -> None:
        self._asked: dict[ServerConnection, asyncio.Future[Any]] = {}
        self._sockets: set[ServerConnection] = set()

    async def serve(self, socket: ServerConnection) -> None:
        """Serve one station."""
        self._sockets.add(socket)
        try:
            async for message in socket:
                if self._asked and message[:3] == "[3,":
                    self._asked.pop(socket).set_result(json.loads(message))
                else:
                    await socket.send(message)
        finally:
            self._sockets.discard(socket)

    async def push(self) -> tuple[int, float]:
        """Ask every station at once; return how many, and how long all took."""
        sockets = list(self._sockets)
        began = time.perf_counter()
        await asyncio.gather(*map(self._ask, sockets))
        return len(sockets), time.perf_counter() - began

    async def _ask(self, socket: ServerConnection) -> Any:  # noqa: ANN401, JSON
        answer = asyncio.get_running_loop().create_future()
        self._asked[socket] = answer
        payload = {"evseId": 1, "chargingProfile": PROFILE}
        await socket.send(json.dumps([2, "push", "SetChargingProfile", payload]))
        return await answer


class Library(ChargePoint):  # type: ignore[misc] # the library has no types
    """A central system on the `ocpp` library that keeps nothing."""

    @on("TransactionEvent")  # type: ignore[untyped-decorator]
    async def transaction_event(self, **_said: object) -> call_result.TransactionEvent:
        """Answer a report."""
        return call_result.TransactionEvent()

    @on("Heartbeat")  # type: ignore[untyped-decorator]
    async def heartbeat(self) -> call_result.Heartbeat:
        """Tell the time."""
        return call_result.Heartbeat(current_time=datetime.now(UTC).isoformat())


async def library(socket: ServerConnection) -> None:
    """Serve one station with the `ocpp` library."""
    assert socket.request is not None
    await Library(socket.request.path.rsplit("/", 1)[-1], socket).start()


async def main(kind: str) -> None:
    """Listen until the standard input ends."""
    logging.getLogger("ocpp").setLevel(logging.WARNING)
    echo = Echo()
    handler = echo.serve if kind == "echo" else library
    loop = asyncio.get_running_loop()
    async with serve(
        handler, "127.0.0.1", 0, subprotocols=[SUBPROTOCOL], backlog=BACKLOG
    ) as server:
        sys.stdout.write(f"{next(iter(server.sockets)).getsockname()[1]}\n")
        sys.stdout.flush()
        while await loop.run_in_executor(None, sys.stdin.readline):
            stations, seconds = await echo.push()
            sys.stdout.write(json.dumps({"stations": stations, "seconds": seconds}))
            sys.stdout.write("\n")
            sys.stdout.flush()


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1]))
