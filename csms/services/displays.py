"""Messages on the displays of stations: wanted, shown, compared, cleared (O)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import structlog

from csms.charging.displays import DisplayAbility, Lack, display_ability, lacks
from csms.domain.display import (
    BY_OPERATOR,
    HELD,
    DisplayRecord,
    Priority,
    ScreenMessage,
    ShowState,
)
from csms.domain.errors import Broken, Conflict
from csms.domain.ids import StationId
from csms.domain.station import EDITION_201, Standing
from csms.services.ports.displays import DisplayQuery, DisplayReport, DisplayWire
from csms.services.ports.wire import NoAnswer, RefusedByStation, Reply
from csms.services.ports.work import Work
from csms.services.reception import UnknownStation
from csms.services.world import World

log = structlog.get_logger()


class CannotShow(Broken):
    """The station lacks something for this message.

    Attributes:
        lacks: Everything that it lacks.
    """

    code = "cannot-show"

    def __init__(self, station: StationId, found: Sequence[Lack]) -> None:
        self.lacks = tuple(found)
        said = "; ".join(f"{e.field}: {e.problem}".lstrip(": ") for e in found)
        super().__init__(
            f"{station}: {said}",
            field=found[0].field or None,
            remedy="see what its DisplayMessageCtrlr supports",
        )


class MessageTaken(Conflict):
    """This number belongs to a message with another purpose."""

    code = "message-taken"


@dataclass(frozen=True, slots=True)
class Displays:
    """Shows messages, and knows which are shown.

    Attributes:
        world: The means of the node.
        wire: Asks stations.
    """

    world: World
    wire: DisplayWire

    async def show(
        self,
        station: StationId,
        message: ScreenMessage,
        by: str,
        *,
        purpose: str = BY_OPERATOR,
        patience_s: float | None = None,
    ) -> DisplayRecord:
        """Show a message; number 0 takes a free one, a known number replaces (O06).

        Raises:
            UnknownStation: If no such station is in the registry.
            CannotShow: If the station lacks something for it.
            MessageTaken: If the number serves another purpose.
        """
        now = self.world.clock.now()
        async with self.world.begin() as work:
            record = await self._want(work, station, message, by, purpose, now)
        try:
            reply = await self.wire.show(
                station, record.wanted or message, patience_s=patience_s
            )
        except NoAnswer as silence:
            return await self._note(record, None, f"no answer: {silence.kind}")
        except RefusedByStation as refused:
            why = f"{refused.code} {refused.description}".strip()
            return await self._note(record, ShowState.REFUSED, why)
        state = ShowState.SHOWN if reply.accepted else ShowState.REFUSED
        words = "" if reply.accepted else reply.status
        info = ": ".join(part for part in (words, reply.info) if part)
        return await self._note(record, state, info)

    async def clear(
        self,
        station: StationId,
        number: int,
        by: str,
        *,
        purpose: str = BY_OPERATOR,
        patience_s: float | None = None,
    ) -> Reply:
        """Clear a message, also one that we know nothing of; return the answer (O05).

        Raises:
            UnknownStation: If no such station is in the registry.
            NoAnswer: If it cannot be asked; whether it still shows it is open.
            RefusedByStation: If it answers by an error.
        """
        self._known(station)
        reply = await self.wire.clear(station, number, patience_s=patience_s)
        now = self.world.clock.now()
        async with self.world.begin() as work:
            record = await work.displays.find(station, number)
            if record is not None and reply.status in ("Accepted", "Unknown"):
                gone = ShowState.CLEARED
                if record.state not in HELD:
                    gone = record.state
                detail = "" if reply.accepted else "the station did not have it"
                await work.displays.save(
                    replace(record, state=gone, detail=detail, updated_at=now)
                )
            if purpose == BY_OPERATOR:
                detail_of = {"message": number, "answer": reply.status}
                await work.access.audit(by, "display.cleared", station, detail_of, now)
        return reply

    async def read(self, station: StationId, query: DisplayQuery) -> DisplayReport:
        """Ask a station what it shows, and keep how that differs (O03, O04).

        Raises:
            UnknownStation: If no such station is in the registry.
            NoAnswer: If it cannot be asked.
            RefusedByStation: If it answers by an error.
        """
        self._known(station)
        report = await self.wire.report(station, query)
        now = self.world.clock.now()
        async with self.world.begin() as work:
            known = {e.id: e for e in await work.displays.of_station(station)}
            for message in report.messages:
                await work.displays.save(
                    _reported(station, message, known.get(message.id), now)
                )
            said = {each.id for each in report.messages}
            if report.complete and query.priority is None and query.state is None:
                await self._miss(work, known, said, query, now)
        return report

    async def listed(self, station: StationId) -> Sequence[DisplayRecord]:
        """Return the messages of a station, as wanted and as reported."""
        now = self.world.clock.now()
        async with self.world.begin() as work:
            await work.displays.expire(now)
            return await work.displays.of_station(station)

    async def ability(self, work: Work, station: StationId) -> DisplayAbility:
        """Return what the display of a station can show."""
        known = self.world.book.station(station)
        edition = (known.edition if known else None) or EDITION_201
        return display_ability(await work.models.variables(station), edition)

    async def _want(
        self,
        work: Work,
        station: StationId,
        message: ScreenMessage,
        by: str,
        purpose: str,
        now: datetime,
    ) -> DisplayRecord:
        self._known(station)
        await work.displays.expire(now)
        number = message.id or await work.displays.free_id(station)
        message = replace(message, id=number)
        before = await work.displays.find(station, number)
        if before is not None and before.purpose != purpose and before.state in HELD:
            raise MessageTaken(
                f"message {number} is there for {before.purpose}",
                field="id",
                remedy="leave the id out",
            )
        held = [
            each
            for each in await work.displays.of_station(station)
            if each.state in HELD and each.id != number
        ]
        ability = await self.ability(work, station)
        found = list(lacks(message, ability, len(held), now))
        if message.transaction is not None:
            running = {str(each.id) for each in await work.telemetry.ongoing(station)}
            if message.transaction not in running:
                found.append(Lack("transaction", "it is not under way there (O02)"))
        if found:
            raise CannotShow(station, found)
        record = DisplayRecord(
            station=station,
            id=number,
            wanted=message,
            purpose=purpose,
            state=ShowState.SENT,
            created_at=before.created_at if before else now,
            created_by=by,
            updated_at=now,
        )
        await work.displays.save(record)
        if purpose == BY_OPERATOR:
            detail = {"message": number, "text": message.texts[0].content}
            await work.access.audit(by, "display.set", station, detail, now)
        return record

    async def _note(
        self, record: DisplayRecord, state: ShowState | None, detail: str
    ) -> DisplayRecord:
        now = self.world.clock.now()
        after = replace(
            record, state=state or record.state, detail=detail, updated_at=now
        )
        async with self.world.begin() as work:
            await work.displays.save(after)
            if state is ShowState.SHOWN and record.wanted is not None:
                await self._replace(work, record, record.wanted, now)
        log.info(
            "display.answered",
            station=record.station,
            message=record.id,
            state=after.state,
            detail=detail,
        )
        return after

    async def _replace(
        self, work: Work, record: DisplayRecord, wanted: ScreenMessage, now: datetime
    ) -> None:
        """Note what a message in front of all others has replaced (O01.FR.16)."""
        if wanted.priority is not Priority.ALWAYS_FRONT:
            return
        for other in await work.displays.of_station(record.station):
            front = other.wanted or other.reported
            if other.id == record.id or other.state not in HELD or front is None:
                continue
            if front.priority is Priority.ALWAYS_FRONT:
                why = f"message {record.id} took its place"
                await work.displays.save(
                    replace(other, state=ShowState.REPLACED, detail=why, updated_at=now)
                )

    async def _miss(
        self,
        work: Work,
        known: Mapping[int, DisplayRecord],
        said: set[int],
        query: DisplayQuery,
        now: datetime,
    ) -> None:
        """Note what a station should show and did not report."""
        for number, record in known.items():
            asked = not query.ids or number in query.ids
            if number in said or not asked or record.state not in HELD:
                continue
            foreign = record.state is ShowState.FOREIGN
            await work.displays.save(
                replace(
                    record,
                    state=ShowState.CLEARED if foreign else ShowState.MISSING,
                    reported=None,
                    reported_at=now,
                    updated_at=now,
                )
            )

    def _known(self, station: StationId) -> None:
        known = self.world.book.station(station)
        if known is None:
            raise UnknownStation(f"there is no station {station}")
        if known.standing is Standing.REJECTED:
            raise CannotShow(station, [Lack("", "it is rejected (B03.FR.03)")])


def _reported(
    station: StationId,
    message: ScreenMessage,
    before: DisplayRecord | None,
    now: datetime,
) -> DisplayRecord:
    if before is None:
        return DisplayRecord(
            station=station,
            id=message.id,
            wanted=None,
            purpose="",
            state=ShowState.FOREIGN,
            created_at=now,
            created_by="",
            updated_at=now,
            reported=message,
            reported_at=now,
        )
    state = ShowState.SHOWN if before.wanted is not None else ShowState.FOREIGN
    return replace(
        before, state=state, reported=message, reported_at=now, updated_at=now
    )
