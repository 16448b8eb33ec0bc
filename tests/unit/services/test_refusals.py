from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import cast

from csms.domain.ids import StationId
from csms.domain.station import StationNotice
from csms.domain.token import IdToken, Judgement, Verdict
from csms.services.ports.work import Work
from csms.services.refusals import CONTRACT_REFUSED, QUIET, Refusals
from tests.fakes.clock import ManualClock

STATION = StationId("MA-TEST-01")
NOW = datetime(2026, 7, 14, tzinfo=UTC)
CARD = IdToken("04AA", "ISO14443")
BLOCKED = Judgement(Verdict.BLOCKED)


@dataclass
class Shelf:
    """Keeps notices, and gives them back as a store of stations does."""

    kept: list[StationNotice] = field(default_factory=list)

    @property
    def stations(self) -> "Shelf":
        return self

    def note(self, notice: StationNotice) -> None:
        self.kept.append(notice)

    async def latest_notices(
        self, kinds: Collection[str], limit: int
    ) -> Sequence[StationNotice]:
        return [each for each in reversed(self.kept) if each.kind in kinds][:limit]

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[Work]:
        yield cast("Work", self)


def refusals(clock: ManualClock, shelf: Shelf) -> Refusals:
    return Refusals(clock, shelf.begin, shelf)


async def test_who_is_refused_is_read_back_with_the_reason() -> None:
    shelf = Shelf()
    noting = refusals(ManualClock(NOW), shelf)
    noting.note(STATION, CARD, Judgement(Verdict.ACCEPTED))
    noting.note(STATION, CARD, BLOCKED, 2)

    (found,) = await noting.latest(10)

    assert (found.station, found.evse, found.at) == (STATION, 2, NOW)
    assert (found.type, found.token) == ("ISO14443", "04AA")
    assert found.verdict == "Blocked"


async def test_whoever_tries_again_at_once_is_noted_once() -> None:
    clock, shelf = ManualClock(NOW), Shelf()
    noting = refusals(clock, shelf)
    for _ in range(3):
        noting.note(STATION, CARD, BLOCKED)
    noting.note(STATION, CARD, Judgement(Verdict.EXPIRED))
    noting.note(StationId("MA-TEST-02"), CARD, BLOCKED)
    clock.jump_to(NOW + QUIET - timedelta(seconds=1))
    noting.note(STATION, IdToken("04aa", "ISO14443"), BLOCKED)
    clock.jump_to(NOW + QUIET)
    noting.note(STATION, CARD, BLOCKED)

    assert [each.body["verdict"] for each in shelf.kept] == [
        "Blocked",
        "Expired",
        "Blocked",
        "Blocked",
    ]


async def test_a_key_code_is_not_written_down() -> None:
    shelf = Shelf()
    noting = refusals(ManualClock(NOW), shelf)
    noting.note(STATION, IdToken("4711", "KeyCode"), Judgement(Verdict.INVALID))

    (found,) = await noting.latest(10)

    assert "4711" not in str(shelf.kept)
    assert found.token == "***"


async def test_refused_contracts_are_among_them() -> None:
    shelf = Shelf()
    body = {"status": "CertificateRevoked", "reason": "said the responder"}
    shelf.note(StationNotice(STATION, NOW, NOW, CONTRACT_REFUSED, 4, body))
    shelf.note(StationNotice(STATION, NOW, NOW, "LogStatus", 7, {}))

    (found,) = await refusals(ManualClock(NOW), shelf).latest(10)

    assert (found.verdict, found.detail) == (
        "CertificateRevoked",
        "said the responder",
    )
