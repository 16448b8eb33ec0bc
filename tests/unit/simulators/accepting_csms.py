"""A central system that accepts everything, provisions a little and dispatches."""

import asyncio
import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from simulators.instants import instant, iso
from tests.unit.simulators.official_schemas import check

Payload = dict[str, Any]
ANSWERS: dict[str, Payload] = {
    "BootNotification": {
        "status": "Accepted",
        "interval": 3600,
        "currentTime": "2026-07-14T20:00:00Z",
    },
    "Authorize": {"idTokenInfo": {"status": "Accepted"}},
    "NotifyEVChargingNeeds": {"status": "Accepted"},
    "Heartbeat": {"currentTime": "2026-07-14T20:00:00Z"},
}
MEASURANDS = "Power.Active.Import,Power.Active.Export,SoC"
START = "2026-07-14T21:00:00Z"


@dataclass
class AcceptingCsms:
    """What a test starts on loopback.

    Attributes:
        seen: Calls by action.
        events: TransactionEvents by station.
        wrong: What did not fit its schema.
        refused: Answers of stations that were not Accepted.
        logins: Authorization headers by station.
        connections: How often each station connected.
    """

    seen: Counter[str] = field(default_factory=Counter)
    events: dict[str, list[Payload]] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    logins: dict[str, str] = field(default_factory=dict)
    connections: Counter[str] = field(default_factory=Counter)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def start(self) -> tuple[Server, str]:
        server = await serve(
            self._station,
            "127.0.0.1",
            0,
            subprotocols=["ocpp2.1", "ocpp2.0.1"],  # type: ignore[list-item]
        )
        port = next(iter(server.sockets)).getsockname()[1]
        return server, f"ws://127.0.0.1:{port}/ocpp"

    async def _station(self, socket: ServerConnection) -> None:
        assert socket.request is not None
        name = socket.request.path.rpartition("/")[2]
        self.logins[name] = socket.request.headers["Authorization"]
        self.connections[name] += 1
        pending: dict[str, asyncio.Future[Payload]] = {}
        try:
            async for text in socket:
                frame = json.loads(text)
                if frame[0] == 2:
                    await self._answer(socket, name, frame, pending)
                elif frame[0] == 3:
                    pending.pop(frame[1]).set_result(frame[2])
                else:
                    self.wrong.append(f"{name}: {frame}")
        except ConnectionClosed:
            pass

    async def _answer(
        self,
        socket: ServerConnection,
        name: str,
        frame: list[Any],
        pending: dict[str, asyncio.Future[Payload]],
    ) -> None:
        _, message_id, action, payload = frame
        self.seen[action] += 1
        self._judge(socket, f"{action}Request", payload)
        await socket.send(json.dumps([3, message_id, ANSWERS.get(action, {})]))
        if action == "TransactionEvent":
            self.events.setdefault(name, []).append(payload)
            if payload["eventType"] == "Started":
                tx = payload["transactionInfo"]["transactionId"]
                task = asyncio.create_task(self._dispatch(socket, tx, pending))
                self._tasks.add(task)

    async def _dispatch(
        self,
        socket: ServerConnection,
        tx: str,
        pending: dict[str, asyncio.Future[Payload]],
    ) -> None:
        modern = socket.subprotocol == "ocpp2.1"
        period: Payload = {"startPeriod": 0}
        period |= (
            {"operationMode": "CentralSetpoint", "setpoint": -5000}
            if modern
            else {"limit": -5000}
        )
        schedule = {
            "id": 1,
            "startSchedule": START,
            "duration": 3600,
            "chargingRateUnit": "W",
            "chargingSchedulePeriod": [period],
        }
        profile = {
            "id": 20,
            "stackLevel": 2,
            "chargingProfilePurpose": "TxProfile",
            "chargingProfileKind": "Absolute",
            "transactionId": tx,
            "chargingSchedule": [schedule],
        }
        calls: list[tuple[str, Payload]] = [
            ("GetBaseReport", {"requestId": 1, "reportBase": "FullInventory"}),
            ("SetVariables", {"setVariableData": list(_variables())}),
            ("SetChargingProfile", {"evseId": 1, "chargingProfile": profile}),
            ("GetCompositeSchedule", {"evseId": 1, "duration": 7200}),
        ]
        for number, (action, request) in enumerate(calls):
            future = asyncio.get_running_loop().create_future()
            pending[f"{tx}-{number}"] = future
            await socket.send(json.dumps([2, f"{tx}-{number}", action, request]))
            answer = await future
            self._judge(socket, f"{action}Response", answer)
            if answer.get("status", "Accepted") != "Accepted":
                self.refused.append(f"{action}: {answer}")

    def _judge(self, socket: ServerConnection, message: str, payload: Payload) -> None:
        try:
            check(str(socket.subprotocol), message, payload)
        except Exception as error:  # noqa: BLE001
            self.wrong.append(f"{message}: {error}")


def _variables() -> list[Payload]:
    wanted = [
        ("SampledDataCtrlr", "TxUpdatedInterval", "60"),
        ("SampledDataCtrlr", "TxUpdatedMeasurands", MEASURANDS),
        ("AlignedDataCtrlr", "Enabled", "true"),
    ]
    return [
        {"component": {"name": c}, "variable": {"name": v}, "attributeValue": value}
        for c, v, value in wanted
    ]


def minute(text: str) -> str:
    """Return the minute in which an instant lies, as the report spells it."""
    return iso(instant(text) // 60 * 60)
