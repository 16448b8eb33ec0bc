"""What a vehicle may do is told by itself when it changes (Q01, Q02)."""

import asyncio
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from csms.charging.authority import Authority
from csms.domain.event import Stage as EventStage
from csms.domain.ids import EventId, ParticipantId, ProgramId
from csms.domain.token import IdToken, TokenRecord
from csms.ocpp.link import Unanswered
from csms.services.ports.events import MemberOrder
from csms.services.transfer_watch import TransferWatch
from tests.http.bay import ABLE, TX, Bay, bay_on
from tests.http.nodes import WINDOW, Stage

pytestmark = pytest.mark.postgres
WIDE, NARROW = ["DC", "DC_BPT"], ["DC"]
ORDER = MemberOrder(
    event=EventId("event"),
    stage=EventStage.ACTIVE,
    window=WINDOW,
    evse=None,  # type: ignore[arg-type]
    participant=ParticipantId("home-01"),
    setpoint=None,
    floor_soc_pct=30,
    excluded=(),
    opted_out_at=None,
    released_at=None,
    release_reason=None,
    notified=True,
)


class Watched:
    """A bay, what events want of it, and who tells its vehicle."""

    def __init__(self, bay: Bay) -> None:
        self.bay = bay
        self.orders: dict[Any, MemberOrder] = {}
        inside = bay.stage.inside
        self.watch = TransferWatch(
            inside.world, inside.smart.transfers, self, inside.authorizing.tokens
        )

    def order(self, evse: Any) -> MemberOrder | None:  # noqa: ANN401
        return self.orders.get(evse)

    def wants(self, **change: Any) -> None:  # noqa: ANN401
        self.orders[self.bay.evse] = replace(ORDER, evse=self.bay.evse, **change)

    async def told(self) -> list[list[str]]:
        """Look twice, and return what the vehicle was told from the beginning."""
        await self.watch.look()
        await self.watch.look()
        sent = self.bay.sent("NotifyAllowedEnergyTransfer")
        assert all(each["transactionId"] == TX for each in sent)
        return [each["allowedEnergyTransfer"] for each in sent]

    async def site(self, **change: Any) -> None:  # noqa: ANN401
        world = self.bay.stage.inside.world
        premise = world.premises.find(self.bay.evse)
        assert premise is not None
        async with world.begin() as work:
            await work.fleet.save_site(replace(premise.site, **change))
        await world.premises.refresh()

    def agrees(self, transfer: str) -> None:
        needs = {"requestedEnergyTransfer": transfer}
        self.bay.stage.node.live.update(self.bay.evse, ev_needs=needs)


@pytest.fixture
async def there(peopled: Stage) -> Watched:
    bay = bay_on(peopled)
    bay.can(replace(ABLE, authority=Authority(iso15118=True)))
    bay.stage.node.live.update(bay.evse, connected=True)
    found = Watched(bay)
    found.agrees("DC_BPT")
    assert await found.told() == []
    return found


async def test_it_narrows_with_the_sites_permission_and_does_not_widen_with_it(
    there: Watched,
) -> None:
    await there.site(export_permission=False)
    assert await there.told() == [NARROW]
    await there.site(export_permission=True)
    assert await there.told() == [NARROW]


async def test_it_narrows_with_an_opt_out_and_widens_when_the_next_event_has_leave(
    there: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    there.wants()
    assert await there.told() == []  # the vehicle feeds back already
    there.wants(opted_out_at=WINDOW.start)
    assert await there.told() == [NARROW]
    there.agrees("DC")
    there.wants(event=EventId("next"))
    assert await there.told() == [NARROW]  # the gate knows of no consent
    there.bay.agree(monkeypatch)
    there.watch._told.clear()  # noqa: SLF001 - a rest is over
    assert await there.told() == [NARROW, WIDE]


async def test_a_vehicle_that_was_offered_charging_only_is_let_in_by_an_event(
    there: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    there.agrees("DC")
    assert await there.told() == []
    there.bay.agree(monkeypatch)
    there.wants()
    assert await there.told() == [WIDE]
    there.wants(released_at=WINDOW.start)
    assert await there.told() == [WIDE]


@pytest.mark.parametrize(
    "change",
    [
        {"notified": False},
        {"excluded": ("no_notice",)},
        {"released_at": WINDOW.start},
        {"stage": EventStage.CANCELLED},
    ],
)
async def test_nothing_widens_without_consent(
    there: Watched, monkeypatch: pytest.MonkeyPatch, change: dict[str, Any]
) -> None:
    there.bay.agree(monkeypatch)
    there.agrees("DC")
    there.wants(**change)

    assert await there.told() == []


async def test_it_narrows_with_a_quarantine(there: Watched) -> None:
    book = there.bay.stage.node.book
    book.quarantine(book.vendor_profile(there.bay.evse.station).id)

    assert await there.told() == [NARROW]


async def test_it_narrows_with_the_end_of_an_enrollment(there: Watched) -> None:
    world = there.bay.stage.inside.world
    async with world.begin() as work:
        (enrolled,) = [
            each
            for each in await work.fleet.enrollments(ProgramId("ma-cs-small"))
            if each.evse == there.bay.evse
        ]
        await work.fleet.save_enrollment(replace(enrolled, ends_on=date(2026, 6, 2)))
    there.watch._enrolled_until = 0.0  # noqa: SLF001 - what is known is old

    assert await there.told() == [NARROW]


async def test_a_station_that_refuses_is_told_again(there: Watched) -> None:
    there.bay.link.answers["NotifyAllowedEnergyTransfer"] = {"status": "Rejected"}
    await there.site(export_permission=False)
    assert await there.told() == [NARROW]  # the second look is too soon
    there.bay.link.answers["NotifyAllowedEnergyTransfer"] = {"status": "Accepted"}
    (told,) = there.watch._told.values()  # noqa: SLF001
    told.not_before = 0.0

    assert await there.told() == [NARROW, NARROW]


async def test_a_token_that_may_not_feed_back_is_not_let_in(
    there: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    there.agrees("DC")
    there.bay.agree(monkeypatch)
    there.wants()
    token = TokenRecord(IdToken("driver-1", "ISO14443"), discharge=False)
    await there.bay.stage.inside.authorizing.tokens.add(token, "test")
    ingest = there.bay.stage.inside.ingest
    writing = asyncio.create_task(ingest.run())
    await there.bay.say(
        "TransactionEvent",
        {
            "eventType": "Started",
            "timestamp": there.bay.stage.node.clock.now().isoformat(),
            "triggerReason": "Authorized",
            "seqNo": 0,
            "transactionInfo": {"transactionId": TX},
            "evse": {"id": 1},
            "idToken": {"idToken": "DRIVER-1", "type": "ISO14443"},
        },
    )
    await ingest.stop()
    await writing

    assert await there.told() == []


async def test_what_was_narrowed_while_it_was_away_is_told_when_it_is_back(
    there: Watched,
) -> None:
    live = there.bay.stage.node.live
    live.update(there.bay.evse, connected=False)
    there.wants(opted_out_at=WINDOW.start)
    assert await there.told() == []
    live.update(there.bay.evse, connected=True)

    assert await there.told() == [NARROW]


async def test_what_may_have_been_widened_is_narrowed_at_once(
    there: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A station that did not answer may have heard all the same."""
    there.wants(opted_out_at=WINDOW.start)
    assert await there.told() == [NARROW]
    there.agrees("DC")
    there.bay.agree(monkeypatch)
    there.wants()
    there.bay.link.answers["NotifyAllowedEnergyTransfer"] = Unanswered("late")
    assert await there.told() == [NARROW, WIDE]
    there.bay.link.answers["NotifyAllowedEnergyTransfer"] = {"status": "Accepted"}
    there.wants(opted_out_at=WINDOW.start)

    assert await there.told() == [NARROW, WIDE, NARROW]
