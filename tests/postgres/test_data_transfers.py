"""Vendors' messages in both directions: answered as agreed, and all of them kept."""

from typing import Any

import pytest

from csms.domain.data_transfer import (
    Transfer,
    TransferAnswer,
    TransferRule,
    TransferStatus,
)
from csms.domain.errors import DomainError
from csms.domain.ids import StationId
from csms.ocpp.link import Refused, Unanswered
from csms.services.data_transfers import DataTransfers
from tests.proving import proves
from tests.upkeep_world import STATION, Upkeep

pytestmark = [pytest.mark.postgres, pytest.mark.asyncio(loop_scope="module")]

VENDOR = "org.example.meter"


def transfers(world: Upkeep) -> DataTransfers:
    return world.stage.node.upkeep.transfers


async def agree(
    world: Upkeep,
    message: str = "",
    status: TransferStatus = TransferStatus.ACCEPTED,
    data: Any = None,  # noqa: ANN401
    vendor: str = VENDOR,
) -> None:
    answer = TransferAnswer(status, data)
    await transfers(world).agree(
        TransferRule(vendor, message, answer, world.now, "ada")
    )


async def kept(world: Upkeep) -> list[Transfer]:
    async with world.stage.node.begin() as work:
        return [each for _, each in await work.data_transfers.transfers(STATION)]


def said(message: str | None = None, **more: Any) -> dict[str, Any]:  # noqa: ANN401
    named = {} if message is None else {"messageId": message}
    return {"vendorId": VENDOR} | named | more


class TestFromStations:
    @proves("P02.FR.06", "TC_P_02_CSMS")
    async def test_an_unknown_vendor_is_told_so_and_kept(self, world: Upkeep) -> None:
        answer = await world.hear("DataTransfer", said("Hello", data={"a": [1, "x"]}))

        assert answer == {"status": "UnknownVendorId"}
        (transfer,) = await kept(world)
        assert transfer.data == {"a": [1, "x"]}
        assert (transfer.heading, transfer.status) == ("in", "UnknownVendorId")

    @proves("P02.FR.07")
    @pytest.mark.parametrize("message", ["Bye", None])
    async def test_a_known_vendors_unknown_message(
        self, world: Upkeep, message: str | None
    ) -> None:
        await agree(world, "Hello")

        answer = await world.hear("DataTransfer", said(message))

        assert answer == {"status": "UnknownMessageId"}

    @proves("P02.FR.08")
    @pytest.mark.parametrize("status", ["Accepted", "Rejected", "UnknownMessageId"])
    async def test_what_was_agreed_is_answered(
        self, world: Upkeep, status: str
    ) -> None:
        await agree(world, "Hello", TransferStatus(status), {"interval": 60})

        answer = await world.hear("DataTransfer", said("Hello", data=1))

        assert answer == {"status": status, "data": {"interval": 60}}
        (transfer,) = await kept(world)
        assert transfer.answer == {"interval": 60}
        assert transfer.detail == "the rule for Hello"

    async def test_a_rule_of_its_own_comes_before_that_for_all(
        self, world: Upkeep
    ) -> None:
        await agree(world)
        await agree(world, "Bye", TransferStatus.REJECTED)

        answers = [
            (await world.hear("DataTransfer", said(each)))["status"]
            for each in ("Bye", "Other", None)
        ]
        upper = await world.hear("DataTransfer", {"vendorId": VENDOR.upper()})

        assert answers == ["Rejected", "Accepted", "Accepted"]
        assert upper["status"] == "Accepted"

    async def test_a_revoked_rule_answers_no_more(self, world: Upkeep) -> None:
        await agree(world, "Hello")
        await transfers(world).revoke(VENDOR, "Hello", "ada")

        answer = await world.hear("DataTransfer", said("Hello"))

        assert answer == {"status": "UnknownVendorId"}
        with pytest.raises(DomainError) as problem:
            await transfers(world).revoke(VENDOR, "Hello", "ada")
        assert problem.value.code == "no-such-rule"

    async def test_a_handler_answers_by_code_and_may_fail(self, world: Upkeep) -> None:
        async def count(station: StationId, data: Any) -> TransferAnswer:  # noqa: ANN401
            return TransferAnswer(TransferStatus.ACCEPTED, [station, len(data)])

        handlers = transfers(world).handlers
        assert isinstance(handlers, dict)
        handlers[VENDOR, "Count"] = count
        try:
            good = await world.hear("DataTransfer", said("Count", data=[1, 2]))
            bad = await world.hear("DataTransfer", said("Count", data=5))
            other = await world.hear("DataTransfer", said("Other"))
        finally:
            handlers.clear()

        assert good == {"status": "Accepted", "data": [STATION, 2]}
        assert bad == {"status": "Rejected"}
        assert other == {"status": "UnknownMessageId"}

    @pytest.mark.parametrize(
        "data", ["\x00", {"\x00": "\ud83d"}, 10**400, [[[[]]]], None, False, ""]
    )
    async def test_whatever_comes_is_kept(self, world: Upkeep, data: Any) -> None:  # noqa: ANN401
        answer = await world.hear("DataTransfer", said("\x00", data=data))

        assert answer == {"status": "UnknownVendorId"}
        (transfer,) = await kept(world)
        assert transfer.data == data


class TestToStations:
    @proves("P01.FR.02", "P01.FR.03", "P01.FR.04", "P01.FR.07")
    async def test_a_message_is_sent_and_kept_with_its_answer(
        self, world: Upkeep
    ) -> None:
        world.link(DataTransfer={"status": "Accepted", "data": {"seen": True}})
        data = {"text": "x" * 5000}

        result = await transfers(world).send(STATION, VENDOR, "Hello", data, "ada")

        assert world.asked("DataTransfer") == [
            {"vendorId": VENDOR, "messageId": "Hello", "data": data}
        ]
        assert result.payload == {"status": "Accepted", "data": {"seen": True}}
        (transfer,) = await kept(world)
        assert (transfer.heading, transfer.asked_by) == ("out", "ada")
        assert (transfer.data, transfer.answer) == (data, {"seen": True})

    @pytest.mark.parametrize(
        ("answer", "status"),
        [
            ({"status": "UnknownVendorId"}, "UnknownVendorId"),
            ({"status": "UnknownMessageId"}, "UnknownMessageId"),
            (Refused("InternalError", "boom"), "InternalError"),
            (Unanswered(), "unanswered"),
        ],
    )
    async def test_a_refusal_is_kept_as_well(
        self,
        world: Upkeep,
        answer: Any,  # noqa: ANN401
        status: str,
    ) -> None:
        world.link(DataTransfer=answer)

        await transfers(world).send(STATION, VENDOR, None, None, "ada")

        assert world.asked("DataTransfer") == [{"vendorId": VENDOR}]
        assert [each.status for each in await kept(world)] == [status]

    @pytest.mark.parametrize(
        "data", [{"setpointW": -5000}, '{"power": -3}', "discharge 5000"]
    )
    async def test_what_could_discharge_is_not_sent(
        self,
        world: Upkeep,
        data: Any,  # noqa: ANN401
    ) -> None:
        with pytest.raises(DomainError) as problem:
            await transfers(world).send(STATION, VENDOR, "Set", data, "ada")

        assert problem.value.code == "discharge-forbidden"
        assert world.asked("DataTransfer") == []
        assert await kept(world) == []


class TestRules:
    async def test_no_answer_may_discharge_either(self, world: Upkeep) -> None:
        with pytest.raises(DomainError) as problem:
            await agree(world, "Ask", data={"setpointW": -5000})

        assert problem.value.code == "discharge-forbidden"
        assert await transfers(world).rules() == []

    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"vendor": ""}, "vendor_id"),
            ({"vendor": "x" * 256}, "vendor_id"),
            ({"message": "x" * 51}, "message_id"),
            ({"status": TransferStatus.UNKNOWN_VENDOR_ID}, "status"),
        ],
    )
    async def test_a_rule_must_make_sense(
        self, world: Upkeep, changes: dict[str, Any], field: str
    ) -> None:
        with pytest.raises(DomainError) as problem:
            await agree(world, **changes)

        assert (problem.value.code, problem.value.field) == ("bad-rule", field)
