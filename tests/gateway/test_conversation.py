"""What is asked and answered on one socket, in both directions."""

import asyncio
from typing import Any

import pytest

from csms.domain.ids import StationId
from csms.gateway.limits import Limits
from csms.ocpp.codes import CallRefused, RpcErrorCode
from csms.ocpp.link import (
    Crowded,
    Link,
    Priority,
    Refused,
    Stale,
    Unanswered,
    Unreachable,
)
from csms.ocpp.messages.provisioning import RESET, SET_VARIABLES, SetVariablesRequest
from csms.ocpp.messages.smart_charging import (
    UPDATE_DYNAMIC_SCHEDULE,
    UpdateDynamicScheduleRequest,
)
from tests.gateway.neighbors import Street, exchange, hear, opened, say, until

pytestmark = pytest.mark.sockets

ACCEPTED = {"status": "Accepted"}
ON_IDLE = RESET.request.read({"type": "OnIdle"})


def _soon(awaitable: Any) -> asyncio.Task[Any]:  # noqa: ANN401, any ask
    return asyncio.ensure_future(awaitable)


class Gate:
    """A handler that answers when it is told to."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.waiting = 0

    async def __call__(
        self, _station: StationId, payload: dict[str, Any]
    ) -> dict[str, Any]:
        self.waiting += 1
        await self.open.wait()
        return payload


class TestAnswering:
    async def test_a_refusal_is_a_callerror(self, street: Street) -> None:
        async def refuse(_s: StationId, _p: dict[str, Any]) -> dict[str, Any]:
            raise CallRefused(
                RpcErrorCode.PROPERTY_CONSTRAINT_VIOLATION, "evseId", {"a": 1}
            )

        street.handlers.actions["Bad"] = refuse
        async with street.station("A") as socket:
            assert await exchange(socket, [2, "1", "Bad", {}]) == [
                4, "1", "PropertyConstraintViolation", "evseId", {"a": 1},
            ]  # fmt: skip

    async def test_the_unforeseen_is_an_internal_error(self, street: Street) -> None:
        async def crash(_s: StationId, _p: dict[str, Any]) -> dict[str, Any]:
            raise KeyError("surprise")

        street.handlers.actions["Crash"] = crash
        async with street.station("A") as socket:
            answer = await exchange(socket, [2, "1", "Crash", {}])
            assert answer[:3] == [4, "1", "InternalError"]
            assert "surprise" not in str(answer)
            assert (await exchange(socket, [2, "2", "Echo", {}]))[0] == 3
        assert street.gateway.tally.failures == 1

    @pytest.mark.parametrize("refusing", [False, True])
    async def test_an_answer_that_cannot_be_said_is_an_error_all_the_same(
        self, street: Street, *, refusing: bool
    ) -> None:
        async def unsayable(_s: StationId, _p: dict[str, Any]) -> dict[str, Any]:
            if refusing:
                raise CallRefused(RpcErrorCode.GENERIC_ERROR, "no", {"a": object()})
            return {"a": object()}

        street.handlers.actions["Odd"] = unsayable
        async with street.station("A") as socket:
            answer = await exchange(socket, [2, "1", "Odd", {}])
        assert answer[:2] == [4, "1"]
        assert answer[4] == {}

    async def test_a_slow_answer_holds_up_no_other(self, street: Street) -> None:
        gate = street.handlers.actions["Slow"] = Gate()
        async with street.station("A") as socket:
            await say(socket, [2, "1", "Slow", {}])
            assert await exchange(socket, [2, "2", "Echo", {}]) == [3, "2", {}]
            gate.open.set()
            assert await hear(socket) == [3, "1", {}]

    async def test_beyond_the_bound_the_socket_is_not_read(self) -> None:
        async with opened(Limits(answers=3)) as street, street.station("A") as socket:
            gate = street.handlers.actions["Slow"] = Gate()
            for n in range(10):
                await say(socket, [2, str(n), "Slow", {}])
            await asyncio.sleep(0.05)
            assert gate.waiting == 3
            gate.open.set()
            heard = {(await hear(socket))[1] for _ in range(10)}
            assert heard == {str(n) for n in range(10)}

    async def test_a_repeated_call_is_answered_alike_and_worked_once(
        self, street: Street
    ) -> None:
        gate = street.handlers.actions["Slow"] = Gate()
        async with street.station("A") as socket:
            await say(socket, [2, "1", "Slow", {"x": 1}])
            await say(socket, [2, "1", "Slow", {"x": 1}])
            await until(lambda: street.gateway.tally.duplicates == 1)
            gate.open.set()
            await say(socket, [2, "1", "Slow", {"x": 1}])
            answers = [await hear(socket) for _ in range(3)]
        assert answers == [[3, "1", {"x": 1}]] * 3
        assert gate.waiting == 1

    async def test_a_message_without_answer_is_told(self, street: Street) -> None:
        async with street.station("A") as socket:
            await say(socket, [6, "1", "NotifyPeriodicEventStream", {"id": 7}])
            assert await exchange(socket, [2, "2", "Echo", {}]) == [3, "2", {}]
        assert street.handlers.heard == [("A", "NotifyPeriodicEventStream", {"id": 7})]

    async def test_a_message_that_fails_fails_alone(self, street: Street) -> None:
        errors = [CallRefused(RpcErrorCode.NOT_SUPPORTED), KeyError("surprise")]
        street.handlers.complaints.extend(errors)
        async with street.station("A") as socket:
            await say(socket, [6, "1", "X", {}])
            await say(socket, [6, "2", "X", {}])
            assert await exchange(socket, [2, "3", "Echo", {}]) == [3, "3", {}]
        assert street.gateway.tally.failures == 1

    async def test_a_binary_frame_is_read_as_text(self, street: Street) -> None:
        async with street.station("A") as socket:
            await socket.send(b'[2,"1","Echo",{}]')
            assert await hear(socket) == [3, "1", {}]

    async def test_what_cannot_be_read_is_refused(self, street: Street) -> None:
        async with street.station("A") as socket:
            await socket.send("hello")
            assert (await hear(socket))[:3] == [4, "-1", "RpcFrameworkError"]


class TestAsking:
    async def test_a_typed_question_gets_a_typed_answer(self, street: Street) -> None:
        async with street.station("A") as socket:
            asked = _soon(street.link("A").ask(RESET, ON_IDLE))
            call = await hear(socket)
            assert call[0] == 2
            assert call[2:] == ["Reset", {"type": "OnIdle"}]
            assert len(call[1]) <= 36
            await say(socket, [3, call[1], {"status": "Scheduled"}])
            assert (await asked).status == "Scheduled"

    async def test_a_raw_question_gets_the_answer_as_it_came(
        self, street: Street
    ) -> None:
        async with street.station("A") as socket:
            asked = _soon(street.link("A").ask_raw("Strange", {"a": 1}))
            call = await hear(socket)
            await say(socket, [3, call[1], {"b": None}])
            assert await asked == {"b": None}

    async def test_a_callerror_is_a_refusal(self, street: Street) -> None:
        async with street.station("A") as socket:
            asked = _soon(street.link("A").ask(RESET, ON_IDLE))
            call = await hear(socket)
            await say(socket, [4, call[1], "NotSupported", "", {"a": 1}])
            with pytest.raises(Refused) as caught:
                await asked
        assert (caught.value.code, caught.value.details) == ("NotSupported", {"a": 1})

    async def test_an_answer_that_breaks_its_schema_is_a_refusal(
        self, street: Street
    ) -> None:
        async with street.station("A") as socket:
            asked = _soon(street.link("A").ask(RESET, ON_IDLE))
            call = await hear(socket)
            await say(socket, [3, call[1], {"statusInfo": {"reasonCode": "?"}}])
            with pytest.raises(Refused, match="OccurrenceConstraintViolation"):
                await asked

    async def test_what_the_edition_cannot_say_is_not_sent(
        self, street: Street
    ) -> None:
        request = UpdateDynamicScheduleRequest.read(
            {"chargingProfileId": 1, "scheduleUpdate": {"setpoint": -1000}}
        )
        async with street.station("A", offers=("ocpp2.0.1",)):
            with pytest.raises(Refused, match="NotSupported"):
                await street.link("A").ask(UPDATE_DYNAMIC_SCHEDULE, request)
        assert street.gateway.tally.frames_out == 0

    async def test_what_json_cannot_say_fails_alone(self, street: Street) -> None:
        async with street.station("A") as socket:
            with pytest.raises(ValueError, match="serialize"):
                await street.link("A").ask_raw("X", {"a": object()})
            asked = _soon(street.link("A").ask_raw("Y", {}))
            await say(socket, [3, (await hear(socket))[1], {}])
            assert await asked == {}

    async def test_one_call_at_a_time_and_the_most_urgent_next(
        self, street: Street
    ) -> None:
        link = None
        async with street.station("A") as socket:
            link = street.link("A")
            order = [
                ("first", Priority.ROUTINE),
                ("routine", Priority.ROUTINE),
                ("setpoint", Priority.SETPOINT),
                ("floor", Priority.SAFE_FLOOR),
                ("setpoint 2", Priority.SETPOINT),
                ("cancel", Priority.CANCEL),
            ]
            asks = [_soon(link.ask_raw(name, {}, priority=p)) for name, p in order]
            seen = []
            for _ in order:
                call = await hear(socket)
                seen.append(call[2])
                with pytest.raises(TimeoutError):
                    await hear(socket, 0.01)
                await say(socket, [3, call[1], {}])
            await asyncio.gather(*asks)
        assert seen == [
            "first", "cancel", "floor", "setpoint", "setpoint 2", "routine",
        ]  # fmt: skip

    async def test_what_expired_in_line_is_never_sent(self, street: Street) -> None:
        async with street.station("A") as socket:
            link = street.link("A")
            first = _soon(link.ask_raw("First", {}))
            stale = _soon(link.ask(RESET, ON_IDLE, expires=0.01))
            fresh = _soon(link.ask(RESET, ON_IDLE, expires=5))
            call = await hear(socket)
            await asyncio.sleep(0.03)
            await say(socket, [3, call[1], {}])
            with pytest.raises(Stale):
                await stale
            await say(socket, [3, (await hear(socket))[1], ACCEPTED])
            assert (await fresh).status == "Accepted"
            await first
        assert street.gateway.tally.frames_out == 2

    async def test_the_least_urgent_leaves_a_line_that_is_too_long(self) -> None:
        async with opened(Limits(queue=2)) as street, street.station("A") as socket:
            link = street.link("A")
            names = ["first", "second", "third", "fourth"]
            asks = {name: _soon(link.ask_raw(name, {})) for name in names}
            asks["cancel"] = _soon(link.ask_raw("cancel", {}, priority=Priority.CANCEL))
            for name in ("fourth", "third"):
                with pytest.raises(Crowded):
                    await asks[name]
            seen = []
            for _ in range(3):
                call = await hear(socket)
                seen.append(call[2])
                await say(socket, [3, call[1], {}])
            assert seen == ["first", "cancel", "second"]
            await asyncio.gather(asks["first"], asks["second"], asks["cancel"])

    async def test_who_gave_up_in_line_is_passed_over(self, street: Street) -> None:
        async with street.station("A") as socket:
            link = street.link("A")
            first, given_up, last = (
                _soon(link.ask_raw(name, {})) for name in ("first", "second", "third")
            )
            call = await hear(socket)
            given_up.cancel()
            first.cancel()
            await say(socket, [3, call[1], {}])
            call = await hear(socket)
            assert call[2] == "third"
            await say(socket, [3, call[1], {"n": 3}])
            assert await last == {"n": 3}

    async def test_a_handler_may_ask_the_station_that_asks_it(
        self, street: Street
    ) -> None:
        async def ask_back(station: StationId, _p: dict[str, Any]) -> dict[str, Any]:
            return await street.link(station).ask_raw("Why", {})

        street.handlers.actions["Deep"] = ask_back
        async with street.station("A") as socket:
            call = await exchange(socket, [2, "1", "Deep", {}])
            assert call[2] == "Why"
            assert await exchange(socket, [3, call[1], {"because": 1}]) == [
                3, "1", {"because": 1},
            ]  # fmt: skip

    async def test_calls_are_served_while_ours_is_pending(self, street: Street) -> None:
        async with street.station("A") as socket:
            asked = _soon(street.link("A").ask_raw("RequestStartTransaction", {}))
            call = await hear(socket)
            assert await exchange(socket, [2, "1", "Echo", {}]) == [3, "1", {}]
            await say(socket, [3, call[1], ACCEPTED])
            assert await asked == ACCEPTED


class TestSilence:
    async def test_an_answer_after_patience_is_late_and_matches_nothing_else(
        self, street: Street
    ) -> None:
        async with street.station("A") as socket:
            link = street.link("A")
            with pytest.raises(Unanswered):
                await link.ask_raw("Slow", {}, patience=0.02)
            slow = await hear(socket)
            asked = _soon(link.ask_raw("Next", {}))
            following = await hear(socket)
            await say(socket, [3, slow[1], {"n": "slow"}])
            await say(socket, [3, following[1], {"n": "next"}])
            assert await asked == {"n": "next"}
        assert street.gateway.tally.late == 1
        assert street.gateway.tally.unanswered == 1

    async def test_a_late_answer_is_counted_when_nothing_follows_either(
        self, street: Street
    ) -> None:
        async with street.station("A") as socket:
            with pytest.raises(Unanswered):
                await street.link("A").ask_raw("Slow", {}, patience=0.02)
            await say(socket, [3, (await hear(socket))[1], {}])
            await until(lambda: street.gateway.tally.late == 1)

    async def test_an_error_under_no_id_does_not_wedge_the_line(
        self, street: Street
    ) -> None:
        async with street.station("A") as socket:
            link = street.link("A")
            lost = _soon(link.ask_raw("Unknown", {}, patience=0.05))
            queued = _soon(link.ask_raw("Known", {}))
            await hear(socket)
            await say(socket, [4, "-1", "NotImplemented", "", {}])
            with pytest.raises(Unanswered):
                await lost
            await say(socket, [3, (await hear(socket))[1], {}])
            assert await queued == {}

    async def test_a_station_that_talks_but_does_not_hear_is_reconnected_once(
        self, street: Street
    ) -> None:
        async def leave_unanswered(times: int) -> Any:  # noqa: ANN401
            socket = await street.connect("A")
            await until(lambda: StationId("A") in street.gateway.registry.connected())
            for n in range(times):
                asked = _soon(street.link("A").ask_raw("Anyone", {}, patience=0.03))
                await hear(socket)
                await exchange(socket, [2, str(n), "Echo", {}])
                with pytest.raises(Unanswered):
                    await asked
            return socket

        first = await leave_unanswered(2)
        await first.wait_closed()
        assert first.close_code == 1012
        await until(lambda: not street.gateway.registry.connected())

        second = await leave_unanswered(3)
        assert await exchange(second, [2, "x", "Echo", {}]) == [3, "x", {}]
        assert street.gateway.tally.forced == 1

        asked = _soon(street.link("A").ask_raw("Better", {}))
        await say(second, [3, (await hear(second))[1], {}])
        assert await asked == {}
        await second.close()
        await until(lambda: not street.gateway.registry.connected())
        await leave_unanswered(2)
        await until(lambda: street.gateway.tally.forced == 2)

    async def test_whoever_waits_learns_at_once_that_the_station_is_gone(
        self, street: Street
    ) -> None:
        async with street.station("A") as socket:
            link = street.link("A")
            asks = [_soon(link.ask_raw("X", {})) for _ in range(3)]
            await hear(socket)
            await socket.close()
            for asked in asks:
                with pytest.raises(Unreachable):
                    await asked
        with pytest.raises(Unreachable):
            await link.ask_raw("X", {})


class TestGreeting:
    async def test_the_greeting_may_ask_the_station(self, street: Street) -> None:
        answers = []

        async def ask(link: Link) -> None:
            answers.append(await link.ask_raw("GetBaseReport", {}))

        street.presence.on_connected = ask
        socket = await street.connect("A")
        await say(socket, [2, "1", "Echo", {}])
        call = await hear(socket)
        assert call[2] == "GetBaseReport"
        await until(lambda: street.gateway.tally.frames_in == 1)
        await asyncio.sleep(0.01)
        assert not street.handlers.answered
        assert await exchange(socket, [3, call[1], ACCEPTED]) == [3, "1", {}]
        assert answers == [ACCEPTED]
        await socket.close()

    async def test_a_greeting_that_fails_shuts_nobody_out(self, street: Street) -> None:
        async def fail(_link: Link) -> None:
            raise OSError("the database is gone")

        street.presence.on_connected = fail
        socket = await street.connect("A")
        assert await exchange(socket, [2, "1", "Echo", {}]) == [3, "1", {}]
        await socket.close()

    async def test_a_farewell_that_fails_does_no_harm(self, street: Street) -> None:
        async def fail() -> None:
            raise OSError("the database is gone")

        street.presence.on_disconnected = fail
        async with street.station("A"):
            pass
        await until(lambda: not street.gateway.registry.connected())
        async with street.station("A") as socket:
            assert await exchange(socket, [2, "1", "Echo", {}]) == [3, "1", {}]

    async def test_one_may_wait_for_a_station(self, street: Street) -> None:
        registry = street.gateway.registry
        waiting = [_soon(registry.wait_connected(StationId("A"))) for _ in range(2)]
        await asyncio.sleep(0)
        async with street.station("A"):
            links = await asyncio.gather(*waiting)
            assert links == [street.link("A")] * 2
            assert await registry.wait_connected(StationId("A")) is links[0]


async def test_every_frame_is_kept_and_no_password(street: Street) -> None:
    secret = "a new password of 20"
    request = SetVariablesRequest.read(
        {
            "setVariableData": [
                {
                    "component": {"name": "SecurityCtrlr"},
                    "variable": {"name": "BasicAuthPassword"},
                    "attributeValue": secret,
                }
            ]
        }
    )
    async with street.station("A") as socket:
        asked = _soon(street.link("A").ask_raw("SetVariables", request.write()))
        call = await hear(socket)
        assert call[3]["setVariableData"][0]["attributeValue"] == secret
        await say(socket, [3, call[1], {"setVariableResult": []}])
        await asked
    assert [(station, way) for station, way, _ in street.frames.frames] == [
        ("A", "out"),
        ("A", "in"),
    ]
    kept = " ".join(text for _, _, text in street.frames.frames)
    assert "BasicAuthPassword" in kept
    assert secret not in kept
    assert SET_VARIABLES.name in kept
