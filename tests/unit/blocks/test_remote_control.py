"""Asking stations to act, and what they say to it."""

from typing import Any

import pytest

from csms.blocks.profile_words import to_wire
from csms.blocks.remote_control import StationRemote
from csms.domain.errors import Broken
from csms.domain.ids import EvseId, StationId, TransactionId
from csms.domain.token import IdToken
from csms.ocpp.link import Priority, Unanswered
from csms.services.ports.wire import NoAnswer, Reply, TransactionStatus
from tests.fakes.link import FakeLink
from tests.profile_cases import a_profile

STATION = StationId("MA-TEST-01")
TX = TransactionId("tx-1")


def asking(action: str, answer: dict[str, Any]) -> tuple[StationRemote, FakeLink]:
    link = FakeLink({action: answer})
    return StationRemote(lambda _: link), link


class TestStarting:
    """F01: it is recognized by its remote start id."""

    async def test_a_start_names_evse_and_token(self) -> None:
        remote, link = asking(
            "RequestStartTransaction", {"status": "Accepted", "transactionId": "tx-9"}
        )

        reply = await remote.start(EvseId(STATION, 2), IdToken("abc", "Central"), 7)

        assert reply == Reply(True, "Accepted", transaction=TransactionId("tx-9"))  # noqa: FBT003
        assert link.asked[0][1] == {
            "idToken": {"idToken": "abc", "type": "Central"},
            "remoteStartId": 7,
            "evseId": 2,
        }
        assert link.asked[0][2] is Priority.ROUTINE

    async def test_a_start_may_bring_a_profile(self) -> None:
        """F01.FR.08."""
        remote, link = asking("RequestStartTransaction", {"status": "Accepted"})
        profile = a_profile(transaction=None)

        await remote.start(EvseId(STATION, 1), IdToken("abc", "Central"), 7, profile)

        assert link.asked[0][1]["chargingProfile"] == to_wire(profile).write()

    async def test_a_refusal_keeps_its_reason(self) -> None:
        info = {"reasonCode": "TxInProgress", "additionalInfo": "busy"}
        remote, _ = asking(
            "RequestStartTransaction", {"status": "Rejected", "statusInfo": info}
        )

        reply = await remote.start(EvseId(STATION, 1), IdToken("abc", "Central"), 7)

        assert not reply.accepted
        assert reply.info == "TxInProgress: busy"
        assert reply.transaction is None


class TestAsking:
    async def test_a_stop_names_its_transaction(self) -> None:
        """F03."""
        remote, link = asking("RequestStopTransaction", {"status": "Accepted"})

        assert (await remote.stop(STATION, TX)).accepted
        assert link.asked[0][1] == {"transactionId": "tx-1"}

    @pytest.mark.parametrize(
        ("evse", "payload"),
        [
            (None, {"requestedMessage": "StatusNotification"}),
            (1, {"requestedMessage": "StatusNotification", "evse": {"id": 1}}),
        ],
    )
    async def test_a_message_is_triggered(
        self, evse: int | None, payload: dict[str, Any]
    ) -> None:
        """F06."""
        remote, link = asking("TriggerMessage", {"status": "NotImplemented"})

        reply = await remote.trigger(STATION, "StatusNotification", evse)

        assert not reply.accepted
        assert link.asked[0][1] == payload

    async def test_a_connector_of_an_evse_is_meant(self) -> None:
        """F06.FR.12."""
        remote, link = asking("TriggerMessage", {"status": "Accepted"})

        await remote.trigger(STATION, "StatusNotification", 1, 2)

        assert link.asked[0][1]["evse"] == {"id": 1, "connectorId": 2}

    async def test_a_message_of_a_vendors_own_is_triggered(self) -> None:
        """F06.FR.17."""
        remote, link = asking("TriggerMessage", {"status": "Accepted"})

        await remote.trigger(STATION, "Custom:Weather")

        assert link.asked[0][1] == {
            "requestedMessage": "CustomTrigger",
            "customTrigger": "Weather",
        }

    async def test_a_message_that_there_is_not_is_asked_of_nobody(self) -> None:
        remote, link = asking("TriggerMessage", {"status": "Accepted"})

        with pytest.raises(Broken, match="no station can be asked for Tea") as told:
            await remote.trigger(STATION, "Tea")

        assert told.value.field == "message"
        assert "Heartbeat" in str(told.value.remedy)
        assert link.asked == []

    async def test_a_connector_is_unlocked(self) -> None:
        """F05."""
        remote, link = asking("UnlockConnector", {"status": "Unlocked"})

        assert (await remote.unlock(EvseId(STATION, 2), 3)).accepted
        assert link.asked[0][1] == {"evseId": 2, "connectorId": 3}

    async def test_a_restart_may_have_to_wait(self) -> None:
        """B11, B12: scheduled is a yes."""
        remote, link = asking("Reset", {"status": "Scheduled"})

        assert (await remote.reset(STATION, immediate=False)).accepted
        assert (await remote.reset(STATION, immediate=True)).accepted
        assert [each[1]["type"] for each in link.asked] == ["OnIdle", "Immediate"]

    async def test_an_evse_is_taken_out_of_service(self) -> None:
        """G03, G04."""
        remote, link = asking("ChangeAvailability", {"status": "Accepted"})

        await remote.change_availability(STATION, 1, operative=False)
        await remote.change_availability(STATION, None, operative=True)

        assert [each[1] for each in link.asked] == [
            {"operationalStatus": "Inoperative", "evse": {"id": 1}},
            {"operationalStatus": "Operative"},
        ]

    async def test_a_transaction_can_be_over_with_reports_to_come(self) -> None:
        """E14."""
        remote, link = asking(
            "GetTransactionStatus", {"ongoingIndicator": False, "messagesInQueue": True}
        )

        assert await remote.transaction_status(STATION, TX) == TransactionStatus(
            ongoing=False, messages_in_queue=True
        )
        assert link.asked[0][1] == {"transactionId": "tx-1"}

    async def test_silence_is_no_answer(self) -> None:
        remote = StationRemote(lambda _: FakeLink({"Reset": Unanswered()}))

        with pytest.raises(NoAnswer):
            await remote.reset(STATION, immediate=True)
