"""A participant's own word: opt out, come back, say what the vehicle is needed for."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from csms.clock import Clock
from csms.domain.errors import Broken, NotAllowed, NotFound
from csms.domain.event import DREvent, Stage
from csms.domain.facts import FactKind
from csms.domain.ids import EventId, EvseId, ParticipantId, VehicleId
from csms.domain.notice import Notice, NoticeContent
from csms.domain.participant import Participant
from csms.domain.vehicle import MobilityNeed
from csms.services.alarm import Alarm
from csms.services.deeds import keep_deed
from csms.services.notices import Notices
from csms.services.ports.events import DispatchNudge, EventRecord, Member
from csms.services.ports.work import Begin, Work
from csms.services.timetable import Task

OPEN = frozenset({Stage.SCHEDULED, Stage.NOTIFIED, Stage.ACTIVE})
"""Stages in which an opt-out changes something."""

FULL_PCT = 100.0

SHOWN = 50
"""How many notices an inbox shows."""


class NoSuchLink(NotFound):
    """This link is unknown or no longer valid."""

    code = "no-such-link"


class TooLate(NotAllowed):
    """The event is over, so there is nothing to opt out of."""

    code = "event-over"


class Started(NotAllowed):
    """The event has started; an opt-out can be taken back only before that."""

    code = "event-started"


class NotAMember(NotFound):
    """This participant has no part in this event."""

    code = "not-a-member"
    usual_remedy = "see csms events members"


class NoSuchVehicle(NotFound):
    """There is no such vehicle."""

    code = "no-such-vehicle"
    usual_remedy = "see csms vehicles list"


@dataclass(frozen=True, slots=True)
class NoticePage:
    """What a signed link shows.

    Attributes:
        event: The event.
        participant: Whose link it is.
        content: What it is about, as the letter said it, with today's plan.
        members: The participant's parts in it that are not excluded.
        opted_out_at: When the participant opted out; none if taking part.
        can_opt_out: Whether an opt-out would change something.
        can_opt_in: Whether an opt-out can be taken back.
    """

    event: DREvent
    participant: Participant
    content: NoticeContent
    members: tuple[Member, ...]
    opted_out_at: datetime | None
    can_opt_out: bool
    can_opt_in: bool


@dataclass(frozen=True, slots=True)
class Inbox:
    """What a participant was told in the app, whatever became of the e-mail.

    Attributes:
        event: The event whose link opened it.
        participant: Whose inbox it is.
        zone: Where the participant lives.
        notices: What was told, newest first.
    """

    event: EventId
    participant: Participant
    zone: ZoneInfo
    notices: tuple[Notice, ...]


@dataclass(frozen=True, slots=True)
class OptOutResult:
    """What an opt-out came to.

    Attributes:
        event: The event.
        participant: Who opted out.
        at: When, the first time.
        evses: What is not dispatched any more.
        repeated: Whether all that was so before.
    """

    event: EventId
    participant: ParticipantId
    at: datetime
    evses: tuple[EvseId, ...]
    repeated: bool


@dataclass(frozen=True, slots=True)
class Participation:
    """Takes participants at their word.

    Attributes:
        clock: Where business time comes from.
        begin: Begins a unit of work.
        notices: Puts together what a participant reads.
        dispatcher: Acts on it at once.
        wake: Wakes the runner, which plans anew.
    """

    clock: Clock
    begin: Begin
    notices: Notices
    dispatcher: DispatchNudge
    wake: Alarm = field(default_factory=Alarm)

    async def by_token(self, token: str) -> NoticePage:
        """Return what the link shows; looking changes nothing.

        Raises:
            NoSuchLink: If the token is unknown, expired or revoked.
        """
        async with self.begin() as work:
            event, participant = await self._who(work, token)
            return await self._page(work, event, participant)

    async def opened(self, token: str) -> NoticePage:
        """Return what the link shows, and keep when it was first opened.

        That is evidence of a notice that was read; nothing else changes.

        Raises:
            NoSuchLink: If the token is unknown, expired or revoked.
        """
        async with self.begin() as work:
            event, participant = await self._who(work, token)
            await work.notices.mark_opened(token_hash(token), self.clock.now())
            return await self._page(work, event, participant)

    async def inbox(self, token: str) -> Inbox:
        """Return what the holder of a link was told, newest first.

        Raises:
            NoSuchLink: If the token is unknown, expired or revoked.
        """
        async with self.begin() as work:
            event, participant = await self._who(work, token)
            person = await work.fleet.participant(participant)
            sites = await work.fleet.sites()
            told = await work.notices.of_participant(participant, SHOWN)
        if person is None:
            raise NoSuchLink
        zone = next((e.timezone for e in sites if e.participant == participant), "UTC")
        return Inbox(event, person, ZoneInfo(zone), tuple(told))

    async def opt_out(self, token: str) -> OptOutResult:
        """Opt the holder of a link out of its event, before or during it.

        Raises:
            NoSuchLink: If the token is unknown, expired or revoked.
            TooLate: If the event is over.
        """
        async with self.begin() as work:
            event, participant = await self._who(work, token)
        return await self.opt_out_of(event, participant, by="link")

    async def opt_out_of(
        self, event: EventId, participant: ParticipantId, by: str
    ) -> OptOutResult:
        """Opt a participant out of an event; again changes nothing.

        The opt-out is kept first, then dispatch is told, then the plan is made anew:
        only the first two are waited for.

        Raises:
            NotAMember: If the participant has no part in the event.
            TooLate: If the event is over.
        """
        now = self.clock.now()
        async with self.begin() as work:
            record, mine = await self._hold(work, event, participant)
            if record.event.stage not in OPEN or now >= record.event.window.end:
                raise TooLate
            gone = await work.events.opt_out(event, participant, now, by)
            if gone:
                await work.events.owe_again(event, Task.REPLAN, now)
                body = {"event": event, "by": by, "evses": [str(e) for e in gone]}
                await keep_deed(
                    work, FactKind.PARTICIPANT_OPTED_OUT, participant, body, now
                )
        for member in mine:
            self.dispatcher.nudge(member.evse)
        self.wake.ring()
        first = min((m.opted_out_at for m in mine if m.opted_out_at), default=now)
        evses = tuple(member.evse for member in mine)
        return OptOutResult(event, participant, first, evses, repeated=not gone)

    async def opt_in_again(self, token: str) -> None:
        """Take an opt-out back; possible until the event starts.

        Raises:
            NoSuchLink: If the token is unknown, expired or revoked.
            Started: If the event has started.
        """
        now = self.clock.now()
        async with self.begin() as work:
            event, participant = await self._who(work, token)
            record, _ = await self._hold(work, event, participant)
            if record.event.stage not in OPEN or now >= record.event.window.start:
                raise Started
            back = await work.events.opt_in(event, participant, now)
            if back:
                await work.events.owe_again(event, Task.REPLAN, now)
                said = {"event": event}
                await keep_deed(
                    work, FactKind.PARTICIPANT_OPTED_IN, participant, said, now
                )
        self.dispatcher.nudge_event(event)
        self.wake.ring()

    async def set_need(self, vehicle: VehicleId, need: MobilityNeed, by: str) -> None:
        """Keep what a driver needs; it counts at once, in running events too.

        Raises:
            NoSuchVehicle: If there is none of this id.
            Broken: If a percentage lies outside 0 to 100.
        """
        _check(need)
        now = self.clock.now()
        async with self.begin() as work:
            if not await work.fleet.save_need(vehicle, need):
                raise NoSuchVehicle(f"there is no vehicle {vehicle}")
            evses = [
                each.id for each in await work.fleet.evses() if each.vehicle == vehicle
            ]
            for evse in evses:
                for event in await work.events.running_with(evse):
                    await work.events.hold(event)
                    await work.events.owe_again(event, Task.REPLAN, now)
            await keep_deed(work, FactKind.NEED_CHANGED, vehicle, {"by": by}, now)
        for evse in evses:
            self.dispatcher.nudge(evse)
        self.wake.ring()

    async def _who(self, work: Work, token: str) -> tuple[EventId, ParticipantId]:
        link = await work.notices.find_link(token_hash(token), self.clock.now())
        if link is None:
            raise NoSuchLink
        return link.event, link.participant

    async def _hold(
        self, work: Work, event: EventId, participant: ParticipantId
    ) -> tuple[EventRecord, Sequence[Member]]:
        record = await work.events.hold(event)
        if record is None:
            raise NotAMember
        mine = [
            member
            for member in await work.events.members(event)
            if member.participant == participant
        ]
        if not mine:
            raise NotAMember
        return record, mine

    async def _page(
        self, work: Work, event: EventId, participant: ParticipantId
    ) -> NoticePage:
        record = await work.events.find(event)
        person = await work.fleet.participant(participant)
        if record is None or person is None:
            raise NoSuchLink
        now = self.clock.now()
        mine = tuple(
            member
            for member in await work.events.members(event)
            if member.participant == participant and not member.exclusions
        )
        outs = [each.opted_out_at for each in mine if each.opted_out_at]
        window = record.event.window
        is_open = record.event.stage in OPEN and now < window.end
        return NoticePage(
            record.event,
            person,
            await self.notices.content_for(work, record, participant, now),
            mine,
            opted_out_at=min(outs, default=None),
            can_opt_out=is_open and len(outs) < len(mine),
            can_opt_in=is_open and bool(outs) and now < window.start,
        )


def token_hash(token: str) -> bytes:
    """Return what is kept of a link's token."""
    return hashlib.sha256(token.encode()).digest()


LINK_LIFE = timedelta(days=30)
"""How long after its event a link still shows it."""


def _check(need: MobilityNeed) -> None:
    wanted = [
        need.min_soc_pct,
        *(each.soc_pct for each in need.departures),
        *(each.soc_pct for each in need.overrides),
    ]
    if any(not 0 <= each <= FULL_PCT for each in wanted):
        raise Broken("a state of charge lies between 0 and 100", field="soc_pct")
