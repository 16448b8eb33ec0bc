"""A station that others wrote: the `ocpp` library's charge point, of either edition.

The library encodes, decodes and validates. Where its encoder is known to mangle a name
the exact payload is put in at the socket; every frame is validated there once more.
"""

import asyncio
import base64
import contextlib
import json
import logging
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from itertools import count
from types import ModuleType
from typing import Any

import websockets
from ocpp import v21, v201
from ocpp.charge_point import (
    camel_to_snake_case,
    remove_nones,
    serialize_as_dict,
    snake_to_camel_case,
)
from ocpp.exceptions import OCPPError
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from csms.ocpp.wire import TO_STATION, Edition
from tests.conformance.instances import smallest
from tests.conformance.official import ACTIONS, resolved, schema
from tests.conformance.wire import SEND, Json, Record, Tapped
from tests.fleet.peer_model import Key, a_model, reported

LIBRARY: dict[Edition, ModuleType] = {Edition.V201: v201, Edition.V21: v21}
EDITIONS = tuple(Edition)
CALL_S = float(os.environ.get("CSMS_PEER_PATIENCE_S", "10"))
"""Real seconds to wait for an answer or a call; mutants are waited for less."""

Answer = Json | Callable[[Json], Json] | BaseException
After = Callable[[Json], Awaitable[None]]


class Refused(Exception):
    """The system answered by a CALLERROR.

    Attributes:
        code: Its code.
        details: Its details.
    """

    def __init__(self, code: str, description: str, details: Json) -> None:
        super().__init__(f"{code}: {description}")
        self.code, self.details = code, details


class Declines(OCPPError):  # type: ignore[misc] # the library is untyped
    """Raised by an answer: a CALLERROR of the station's."""

    def __init__(self, code: str, description: str = "", **details: Any) -> None:  # noqa: ANN401
        super().__init__(description, details)
        self.code = code


@dataclass(slots=True)
class Peer:
    """A charging station on the independent library.

    Attributes:
        name: Its identity.
        edition: What it speaks.
        make: What it says it is, in words of the wire.
        record: Every frame, both ways.
        model: Its device model: values, and whether they may be written.
        traits: What it says besides of a variable: its characteristics, such as
            ``{"dataType": "integer", "maxLimit": 20, "supportsMonitoring": False}``.
        answers: What it answers, by action: a payload, a function of the request, or
            an exception (``Declines``). What is not here is answered "Accepted".
        afters: What it does after it has answered an action.
    """

    name: str
    edition: Edition
    make: Json
    socket: Tapped
    record: Record
    model: dict[Key, tuple[str, bool]]
    answers: dict[str, Answer] = field(default_factory=dict)
    afters: dict[str, After] = field(default_factory=dict)
    traits: dict[Key, Json] = field(default_factory=dict)
    point: Any = None
    triggered: asyncio.Event = field(default_factory=asyncio.Event)
    _ids: "count[int]" = field(default_factory=lambda: count(1))

    def __post_init__(self) -> None:
        """Build the library's charge point, with a route for every action."""
        library = LIBRARY[self.edition]
        self.point = library.ChargePoint(self.name, self.socket, CALL_S)
        self.point.route_map = {
            action.name: self._route(action.name)
            for action in ACTIONS.values()
            if TO_STATION in action.direction and self.edition in action.editions
        }
        self.answers |= {
            "GetVariables": self._get_variables,
            "SetVariables": self._set_variables,
        }
        self.afters |= {
            "GetBaseReport": self.report_model,
            "TriggerMessage": self._triggered,
        }

    # -- speaking -------------------------------------------------------------------

    async def ask(self, action: str, payload: Json | None = None) -> Json:
        """Call the system, and return the payload of its answer as it came.

        Args:
            action: The action.
            payload: The request, in words of the wire.

        Raises:
            Refused: If it answered by a CALLERROR.
        """
        said = payload or {}
        message = f"{self.name}-{next(self._ids)}"
        request = getattr(LIBRARY[self.edition].call, action)(
            **camel_to_snake_case(said)
        )
        mangled = _encoded(request) != said
        if mangled:
            self.socket.exact[message] = said
        with contextlib.suppress(OCPPError):
            await self.point.call(
                request,
                suppress=False,
                unique_id=message,
                skip_schema_validation=mangled,
            )
        frame = self.record.answer_to(message)
        if frame.code:
            raise Refused(frame.code, frame.description, frame.payload)
        return frame.payload

    async def ask_raw(self, action: str, payload: object) -> Json:
        """Call with whatever JSON, past the library's checks (a broken station).

        Raises:
            Refused: If the system answered by a CALLERROR.
        """
        message = f"{self.name}-{next(self._ids)}"
        strict, self.record.strict = self.record.strict, False
        try:
            await self.socket.send(json.dumps([2, message, action, payload]))
            async with asyncio.timeout(CALL_S):
                while True:
                    with contextlib.suppress(AssertionError):
                        frame = self.record.answer_to(message)
                        break
                    await asyncio.sleep(0.005)
        finally:
            self.record.strict = strict
        if frame.code:
            raise Refused(frame.code, frame.description, frame.payload)
        return frame.payload

    async def tell(self, action: str, payload: Json) -> None:
        """Send what is owed no answer (SEND, 2.1), which the library cannot."""
        message = f"{self.name}-{next(self._ids)}"
        await self.socket.send(json.dumps([SEND, message, action, payload]))

    # -- its usual life -------------------------------------------------------------

    async def boot(self, reason: str = "PowerUp") -> Json:
        """Boot until accepted, as B01 to B03 say; return the last answer."""
        while True:
            self.triggered.clear()
            answer = await self.ask(
                "BootNotification", {"chargingStation": self.make, "reason": reason}
            )
            if answer["status"] == "Accepted":
                return answer
            async with asyncio.timeout(max(answer["interval"], CALL_S)):
                await self.triggered.wait()

    async def heard(
        self,
        action: str,
        where: Callable[[Json], bool] = lambda _: True,
        patience: float = CALL_S,
    ) -> Json:
        """Wait for the system to ask an action; each call is returned once."""
        return await self.record.heard(action, where, patience)

    async def report_model(self, asked: Json) -> None:
        """Report the device model in two parts (B07)."""
        entries = [
            _reported(key, held) | self._traits(key) for key, held in self.model.items()
        ]
        half = len(entries) // 2
        for number, part in enumerate((entries[:half], entries[half:])):
            await self.ask(
                "NotifyReport",
                {
                    "requestId": asked["requestId"],
                    "generatedAt": "2026-07-14T20:00:00Z",
                    "seqNo": number,
                    "tbc": number == 0,
                    "reportData": part,
                },
            )

    def _traits(self, key: Key) -> Json:
        traits = self.traits.get(key)
        return {} if traits is None else {"variableCharacteristics": traits}

    async def _triggered(self, asked: Json) -> None:
        if asked["requestedMessage"] == "BootNotification":
            self.triggered.set()

    # -- answering ------------------------------------------------------------------

    def _route(self, action: str) -> dict[str, Any]:
        async def answer(call_unique_id: str, **_: Any) -> Any:  # noqa: ANN401
            said = self._answer(action, self._asked(call_unique_id))
            kind = getattr(LIBRARY[self.edition].call_result, action)
            response = kind(**camel_to_snake_case(said))
            mangled = _encoded(response) != said
            if mangled:
                self.socket.exact[call_unique_id] = said
            route["_skip_schema_validation"] = mangled
            return response

        async def after(call_unique_id: str, **_: Any) -> None:  # noqa: ANN401
            route["_skip_schema_validation"] = False
            if (follow := self.afters.get(action)) is not None:
                with contextlib.suppress(ConnectionClosed):
                    await follow(self._asked(call_unique_id))

        route: dict[str, Any] = {
            "_on_action": answer,
            "_after_action": after,
            "_skip_schema_validation": False,
        }
        return route

    def _asked(self, message: str) -> Json:
        """Return a request of the system's as it came over the wire."""
        for frame in reversed(self.record.frames):
            if frame.id == message and frame.by == "csms":
                return frame.payload
        raise LookupError(message)

    def _answer(self, action: str, asked: Json) -> Json:
        answer = self.answers.get(action)
        if isinstance(answer, BaseException):
            raise answer
        if answer is None:
            return usual_answer(self.edition, action)
        return answer(asked) if callable(answer) else answer

    def _get_variables(self, asked: Json) -> Json:
        return {
            "getVariableResult": [self._got(each) for each in asked["getVariableData"]]
        }

    def _got(self, asked: Json) -> Json:
        answer = {"component": asked["component"], "variable": asked["variable"]}
        held = self.model.get(_key_of(asked))
        if held is None:
            return {**answer, "attributeStatus": "UnknownVariable"}
        return {**answer, "attributeStatus": "Accepted", "attributeValue": held[0]}

    def _set_variables(self, asked: Json) -> Json:
        return {
            "setVariableResult": [self._set(each) for each in asked["setVariableData"]]
        }

    def _set(self, asked: Json) -> Json:
        answer = {"component": asked["component"], "variable": asked["variable"]}
        key, status = _key_of(asked), "UnknownVariable"
        if key in self.model:
            value, writable = self.model[key]
            status = "Accepted" if writable else "Rejected"
            self.model[key] = (asked["attributeValue"] if writable else value, writable)
        return {**answer, "attributeStatus": status}


@contextlib.asynccontextmanager
async def connected(
    url: str, name: str, password: str, edition: Edition, make: Json
) -> AsyncIterator[Peer]:
    """Give a connected station that has not said anything yet.

    Raises:
        AssertionError: At the end, if the system sent what its schema forbids.
    """
    logging.getLogger("ocpp").setLevel(logging.CRITICAL)
    login = base64.b64encode(f"{name}:{password}".encode()).decode()
    async with websockets.connect(
        f"{url}/{name}",
        subprotocols=[Subprotocol(edition.value)],
        additional_headers={"Authorization": f"Basic {login}"},
        compression=None,
        proxy=None,
        close_timeout=1,
    ) as socket:
        record = Record(edition)
        tapped = Tapped(socket, record)
        model = a_model(camel_to_snake_case(make), modern=edition is Edition.V21)
        peer = Peer(name, edition, make, tapped, record, model)
        task = asyncio.create_task(_living(peer))
        try:
            yield peer
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        assert not tapped.broken, tapped.broken


async def _living(peer: Peer) -> None:
    with contextlib.suppress(ConnectionClosed):
        await peer.point.start()


def usual_answer(edition: Edition, action: str) -> Json:
    """Return the smallest answer that the schema allows, in the affirmative."""
    root = schema(edition, f"{action}Response")
    answer: Json = smallest(root)
    for name in answer:
        words = resolved(root, root["properties"][name]).get("enum", ())
        if "Accepted" in words:
            answer[name] = "Accepted"
        elif words:
            answer[name] = words[0]
    return answer


def _encoded(message: object) -> Json:
    """Return what the library's encoder makes of a message."""
    said: Json = snake_to_camel_case(remove_nones(serialize_as_dict(message)))
    return said


def _reported(key: Key, held: tuple[str, bool]) -> Json:
    entry: Json = snake_to_camel_case(reported(key, held))
    if key[3] is not None:
        entry["variable"]["instance"] = key[3]
    return entry


def _key_of(asked: Json) -> Key:
    component, variable = asked["component"], asked["variable"]
    evse = component.get("evse", {}).get("id")
    return component["name"], evse, variable["name"], variable.get("instance")
