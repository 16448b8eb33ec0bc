"""What services want of stations, and what it is on the wire: for tables of wishes."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from csms.blocks.translating import FindLink
from csms.domain.ids import StationId, TransactionId
from csms.ocpp.link import Priority
from csms.ocpp.wire import Edition
from csms.services.ports.wire import NoAnswer, Reply, Silence
from tests.conformance.official import schema, validator
from tests.fakes.link import FakeLink

Json = dict[str, Any]

STATION = StationId("MA-TEST-01")
TX = TransactionId("tx-1")
NOW = datetime(2026, 7, 14, tzinfo=UTC)
ZULU, LATER = "2026-07-14T00:00:00Z", "2026-07-14T01:00:00Z"
HOUR = timedelta(hours=1)
INFO = {"reasonCode": "Busy", "additionalInfo": "later"}
YES, NO = {"status": "Accepted"}, {"status": "Rejected", "statusInfo": INFO}
DONE = Reply(accepted=True, status="Accepted")
REFUSED = Reply(accepted=False, status="Rejected", info="Busy: later")


@dataclass(frozen=True)
class Asked:
    """A wish, and what it is on the wire."""

    wish: Callable[[FindLink], Awaitable[object]]
    action: str
    request: Json
    answer: Json
    told: object
    priority: Priority = Priority.ROUTINE

    async def assert_understood(self) -> None:
        """Have it asked; both sides must fit the schemas, and the answer be told."""
        request, answer = f"{self.action}Request", f"{self.action}Response"
        validator(schema(Edition.V21, request)).validate(self.request)
        validator(schema(Edition.V21, answer)).validate(self.answer)
        link = FakeLink({self.action: self.answer})

        told = await self.wish(lambda _: link)

        assert told == self.told
        assert link.asked == [(self.action, self.request, self.priority)]

    async def assert_nobody_there(self) -> None:
        """Have it asked of a station that is not connected."""
        with pytest.raises(NoAnswer) as told:
            await self.wish(lambda _: None)

        assert (told.value.station, told.value.kind) == (STATION, Silence.UNREACHABLE)
