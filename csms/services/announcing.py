"""Show events on the displays of chargers: an addition to notices, never one itself.

What should be shown is compared with what is, so that a lost message is shown the next
time. Nobody waits for it: it goes last, gives up quickly, and keeps away from the
moment at which an event begins. Each message ends by itself, whatever becomes of us.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import structlog

from csms.charging.displays import DisplayAbility
from csms.clock import pause
from csms.domain.display import (
    HELD,
    DisplayRecord,
    Priority,
    ScreenMessage,
    ScreenText,
    ShowState,
    TextFormat,
)
from csms.domain.errors import DomainError
from csms.domain.event import DREvent, Stage
from csms.domain.facts import FactKind
from csms.domain.ids import EvseId, ParticipantId, SiteId, StationId
from csms.domain.participant import Participant
from csms.domain.site import Site
from csms.domain.station import EDITION_21
from csms.services.displays import Displays
from csms.services.ports.displays import ScreenNotice, ScreenWriter
from csms.services.ports.events import Member
from csms.services.ports.wire import NoAnswer, RefusedByStation
from csms.services.ports.work import Work
from csms.services.resting import Resting
from csms.services.world import World

log = structlog.get_logger()

COMING, RUNNING = "coming", "running"
ENGLISH = "en"
BY = "announcer"
NEWS = frozenset(
    {
        FactKind.EVENT_NOTIFIED,
        FactKind.EVENT_ACTIVE,
        FactKind.EVENT_COMPLETED,
        FactKind.EVENT_CANCELLED,
        FactKind.MEMBER_RELEASED,
        FactKind.PARTICIPANT_OPTED_OUT,
        FactKind.PARTICIPANT_OPTED_IN,
    }
)
"""What changes what displays should show."""


@dataclass(frozen=True, slots=True)
class AnnouncingPolicy:
    """How the announcer is paced, in real seconds unless said otherwise.

    Attributes:
        poll_s: How often it looks for news.
        whole_s: How often it compares all, news or not.
        courtesy_s: How long news waits, so that dispatch goes first.
        patience_s: How long a station may take to answer.
        quiet: Around the start of an event, in business time: nothing is sent then.
        quiet_real_s: The same in real time, where business time runs faster.
        at_once: Stations that are asked at the same time.
    """

    poll_s: float = 0.5
    whole_s: float = 30.0
    courtesy_s: float = 1.0
    patience_s: float = 5.0
    quiet: timedelta = timedelta(seconds=60)
    quiet_real_s: float = 0.5
    at_once: int = 20


@dataclass(frozen=True, slots=True)
class Wanted:
    """What one display should say about one event."""

    station: StationId
    event: DREvent
    participant: Participant
    site: Site
    phase: str

    @property
    def purpose(self) -> str:
        """Return the name under which the message is kept."""
        return purpose_of(self.event)


@dataclass(slots=True)
class _Progress:
    last: int = -1
    compared: float = float("-inf")
    unsettled: bool = False


@dataclass(frozen=True, slots=True)
class Announcer:
    """Compares what displays should show with what they show, and mends it.

    Attributes:
        world: The means of the node.
        displays: Shows and clears messages.
        writer: Puts events into words.
        policy: How it is paced.
    """

    world: World
    displays: Displays
    writer: ScreenWriter
    policy: AnnouncingPolicy = AnnouncingPolicy()
    _resting: Resting = field(default_factory=lambda: Resting(60.0, 3600.0))
    _progress: _Progress = field(default_factory=_Progress)

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            try:
                if await self._is_due():
                    await self.compare()
            except Exception:
                log.exception("announcer.failed")
            await pause(self.policy.poll_s)

    async def compare(self) -> int:
        """Mend every difference that may be mended now; return how many there were."""
        now = self.world.clock.now()
        async with self.world.begin() as work:
            await work.displays.expire(now)
            wanted = await self._wanted(work)
            records = await work.displays.for_events(now - timedelta(days=1))
        shown = {(each.station, each.purpose): each for each in records}
        todo = [each for each in wanted if self._lacks(each, shown)]
        stale = self._stale(wanted, records)
        self._progress.unsettled = bool(todo or stale)
        self._progress.compared = asyncio.get_running_loop().time()
        turns = asyncio.Semaphore(self.policy.at_once)
        await asyncio.gather(
            *(self._show(each, shown, turns) for each in todo),
            *(self._clear(each, turns) for each in stale),
        )
        return len(todo) + len(stale)

    async def _is_due(self) -> bool:
        progress = self._progress
        async with self.world.begin() as work:
            if progress.last < 0:
                progress.last = await work.facts.latest()
                return True
            facts = await work.facts.after(progress.last, 500)
        if facts:
            progress.last = facts[-1].id
        news = any(each.kind in NEWS for each in facts)
        if news:
            await pause(self.policy.courtesy_s)
        age = asyncio.get_running_loop().time() - progress.compared
        retry = progress.unsettled and age >= self.policy.courtesy_s
        return news or retry or age >= self.policy.whole_s

    async def _wanted(self, work: Work) -> Sequence[Wanted]:
        """Return what every display should say now, by station."""
        now = self.world.clock.now()
        events = await work.events.listed(stages=(Stage.NOTIFIED, Stage.ACTIVE))
        if not events:
            return ()
        sites = {each.id: each for each in await work.fleet.sites()}
        people = {each.id: each for each in await work.fleet.participants()}
        found: list[Wanted] = []
        for record in events:
            event = record.event
            if now >= event.window.end:
                continue
            phase = RUNNING if now >= event.window.start else COMING
            asked = _asked(await work.events.members(event.id))
            found += [
                Wanted(station, event, people[who], sites[site], phase)
                for station, (who, site) in asked.items()
                if self.world.book.capability(station).has_display
            ]
        return found

    def _lacks(
        self,
        wanted: Wanted,
        shown: Mapping[tuple[StationId, str], DisplayRecord],
    ) -> bool:
        """Tell whether a display must be told now."""
        before = shown.get((wanted.station, wanted.purpose))
        if not self._is_free(wanted.station) or self._is_quiet(wanted.event):
            return False
        if before is None or before.wanted is None:
            return True
        same_phase = before.wanted.end == _end(wanted)
        if before.state is ShowState.REFUSED:
            return not same_phase  # asking again would be refused again
        settled = before.state in (ShowState.SHOWN, ShowState.FOREIGN)
        return not (same_phase and settled)

    def _stale(
        self, wanted: Iterable[Wanted], records: Iterable[DisplayRecord]
    ) -> Sequence[DisplayRecord]:
        """Return what displays should not show any more."""
        kept = {(each.station, each.purpose) for each in wanted}
        return [
            each
            for each in records
            if each.state in HELD
            and (each.station, each.purpose) not in kept
            and self._is_free(each.station)
        ]

    async def _show(
        self,
        wanted: Wanted,
        shown: Mapping[tuple[StationId, str], DisplayRecord],
        turns: asyncio.Semaphore,
    ) -> None:
        before = shown.get((wanted.station, wanted.purpose))
        async with turns, self.world.begin() as work:
            ability = await self.displays.ability(work, wanted.station)
        message = ScreenMessage(
            id=before.id if before else 0,
            texts=self._texts(wanted, ability),
            priority=_priority(wanted.phase, ability),
            end=_end(wanted),
        )
        try:
            async with turns:
                record = await self.displays.show(
                    wanted.station,
                    message,
                    BY,
                    purpose=wanted.purpose,
                    patience_s=self.policy.patience_s,
                )
        except DomainError as error:
            log.info("announcer.cannot", station=wanted.station, why=str(error))
            self._resting.rest(EvseId(wanted.station, 0))
            return
        self._heard(wanted.station, good=record.state is not ShowState.SENT)

    async def _clear(self, record: DisplayRecord, turns: asyncio.Semaphore) -> None:
        try:
            async with turns:
                await self.displays.clear(
                    record.station,
                    record.id,
                    BY,
                    purpose=record.purpose,
                    patience_s=self.policy.patience_s,
                )
        except (NoAnswer, RefusedByStation, DomainError) as problem:
            log.info("announcer.cannot", station=record.station, why=str(problem))
            self._heard(record.station, good=False)
        else:
            self._heard(record.station, good=True)

    def _texts(self, wanted: Wanted, ability: DisplayAbility) -> tuple[ScreenText, ...]:
        """Return the participant's language, and English beside it where that goes.

        A language that the display does not know falls back to English (O01.FR.09).
        """
        main = self._text(wanted, wanted.participant.language or ENGLISH, ability)
        known = {each.split("-")[0].lower() for each in ability.languages}
        english = self._text(wanted, ENGLISH, ability)
        if known and main.language.split("-")[0].lower() not in known:
            main = english
        several = ability.edition == EDITION_21 and len(ability.languages) > 1
        if several and main.language != english.language:
            return main, english
        return (main,)

    def _text(
        self, wanted: Wanted, language: str, ability: DisplayAbility
    ) -> ScreenText:
        zone = ZoneInfo(wanted.site.timezone)
        window = wanted.event.window
        text = self.writer.write(
            ScreenNotice(
                phase=wanted.phase,
                language=language,
                event=wanted.event.name,
                starts_at=window.start.astimezone(zone),
                ends_at=window.end.astimezone(zone),
                test=wanted.event.test,
            )
        )
        if ability.ascii_only:
            plain = text.content.encode("ascii", "replace").decode()
            return replace(text, content=plain, format=TextFormat.ASCII)
        return text

    def _is_free(self, station: StationId) -> bool:
        resting = self._resting.is_resting(EvseId(station, 0))
        return self.world.book.is_online(station) and not resting

    def _is_quiet(self, event: DREvent) -> bool:
        """Tell whether an event is about to begin, or has just begun."""
        real = timedelta(seconds=self.policy.quiet_real_s * self.world.clock.rate)
        away = event.window.start - self.world.clock.now()
        return abs(away) < max(self.policy.quiet, real)

    def _heard(self, station: StationId, *, good: bool) -> None:
        if good:
            self._resting.succeeded(EvseId(station, 0))
        else:
            self._resting.rest(EvseId(station, 0))


def purpose_of(event: DREvent) -> str:
    """Return the name under which an event's messages are kept."""
    return f"event:{event.id}"


def _end(wanted: Wanted) -> datetime:
    window = wanted.event.window
    return window.start if wanted.phase == COMING else window.end


def _priority(phase: str, ability: DisplayAbility) -> Priority:
    wish = Priority.NORMAL_CYCLE if phase == COMING else Priority.IN_FRONT
    known = ability.priorities & set(Priority)
    return wish if wish in known or not known else Priority(max(known))


def _asked(
    members: Iterable[Member],
) -> Mapping[StationId, tuple[ParticipantId, SiteId]]:
    """Return the stations at which somebody still takes part, and who that is."""
    found: dict[StationId, tuple[ParticipantId, SiteId]] = {}
    for each in members:
        gone = each.exclusions or each.opted_out_at or each.released_at
        if not gone:
            found.setdefault(each.evse.station, (each.participant, each.site))
    return found
