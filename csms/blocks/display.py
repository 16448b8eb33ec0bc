"""Block O: messages on the displays of stations, and what stations say they show."""

import asyncio
import contextlib
import itertools
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field

from csms.blocks.routing import Route, route
from csms.blocks.translating import FindLink, translated, words_of
from csms.clock import Clock
from csms.domain.display import (
    Priority,
    ScreenMessage,
    ScreenState,
    ScreenText,
    TextFormat,
)
from csms.domain.ids import StationId, TransactionId
from csms.ocpp.link import Link
from csms.ocpp.messages.common import Component, MessageContent, MessageFormat
from csms.ocpp.messages.display import (
    CLEAR_DISPLAY_MESSAGE,
    GET_DISPLAY_MESSAGES,
    NOTIFY_DISPLAY_MESSAGES,
    SET_DISPLAY_MESSAGE,
    ClearDisplayMessageRequest,
    ClearDisplayMessageResponse,
    ClearMessageStatus,
    DisplayMessageStatus,
    GetDisplayMessagesRequest,
    GetDisplayMessagesResponse,
    GetDisplayMessagesStatus,
    MessageInfo,
    MessagePriority,
    MessageState,
    NotifyDisplayMessagesRequest,
    NotifyDisplayMessagesResponse,
    SetDisplayMessageRequest,
    SetDisplayMessageResponse,
)
from csms.services.ports.displays import DisplayQuery, DisplayReport
from csms.services.ports.wire import Deviations, DeviationSeen, Reply

_FIRST_IDS = 1 << 30
"""Request ids begin anywhere below, so that no report of an earlier process fits."""

DISPLAY = "Display"


@dataclass(slots=True)
class _Parts:
    """Messages that a station is reporting, part by part."""

    done: asyncio.Event = field(default_factory=asyncio.Event)
    messages: list[ScreenMessage] = field(default_factory=list)


class DisplayReports:
    """Reports of display messages that are under way (O03, O04)."""

    def __init__(self) -> None:
        self._open: dict[tuple[StationId, int], _Parts] = {}
        self._ids = itertools.count(secrets.randbelow(_FIRST_IDS) + 1)

    @contextlib.contextmanager
    def expect(self, station: StationId) -> Iterator[tuple[int, _Parts]]:
        """Give a request id, and what will have arrived under it."""
        number, parts = next(self._ids), _Parts()
        self._open[station, number] = parts
        try:
            yield number, parts
        finally:
            del self._open[station, number]

    def take(self, station: StationId, request: NotifyDisplayMessagesRequest) -> bool:
        """Add a part to its report; tell whether it was expected (O03.FR.05)."""
        parts = self._open.get((station, request.request_id))
        if parts is None:
            return False
        parts.messages += [message_from(each) for each in request.message_info or ()]
        if not request.tbc:
            parts.done.set()
        return True


@dataclass(frozen=True, slots=True)
class DisplayMessages:
    """Answers stations that report their display messages.

    Attributes:
        reports: Shared with those who ask for reports.
        deviations: Where reports that nobody asked for are counted.
        clock: Where business time comes from.
    """

    reports: DisplayReports
    deviations: Deviations
    clock: Clock

    def routes(self) -> Iterator[Route]:
        """Name every action this block answers."""
        yield route(NOTIFY_DISPLAY_MESSAGES, self.notify)

    async def notify(
        self, station: StationId, request: NotifyDisplayMessagesRequest
    ) -> NotifyDisplayMessagesResponse:
        """Take a part of a report (O03.FR.02, O04.FR.03)."""
        if not self.reports.take(station, request):
            seen = DeviationSeen(
                "report-not-asked-for",
                "NotifyDisplayMessages.requestId",
                f"request {request.request_id} is none of ours",
            )
            self.deviations.count(station, [seen], self.clock.now())
        return NotifyDisplayMessagesResponse()


@dataclass(frozen=True, slots=True)
class StationDisplays:
    """Asks stations about messages: the port ``DisplayWire``.

    Attributes:
        link: Finds the way to a station.
        reports: Shared with the block that hears the parts.
        report_patience: Real seconds to wait for the parts of a report.
    """

    link: FindLink
    reports: DisplayReports
    report_patience: float = 20.0

    async def show(
        self,
        station: StationId,
        message: ScreenMessage,
        *,
        patience_s: float | None = None,
    ) -> Reply:
        """Show a message, or replace that of the same id (O01, O02, O06)."""
        request = SetDisplayMessageRequest(message=info_of(message))

        async def call(link: Link) -> SetDisplayMessageResponse:
            return await link.ask(
                SET_DISPLAY_MESSAGE, request, patience=patience_s, expires=patience_s
            )

        answer = await translated(self.link(station), call, station)
        return Reply(
            answer.status is DisplayMessageStatus.ACCEPTED,
            answer.status.value,
            words_of(answer.status_info),
        )

    async def clear(
        self, station: StationId, message: int, *, patience_s: float | None = None
    ) -> Reply:
        """Clear a message (O05)."""
        request = ClearDisplayMessageRequest(id=message)

        async def call(link: Link) -> ClearDisplayMessageResponse:
            return await link.ask(
                CLEAR_DISPLAY_MESSAGE, request, patience=patience_s, expires=patience_s
            )

        answer = await translated(self.link(station), call, station)
        return Reply(
            answer.status is ClearMessageStatus.ACCEPTED,
            answer.status.value,
            words_of(answer.status_info),
        )

    async def report(self, station: StationId, query: DisplayQuery) -> DisplayReport:
        """Return which messages the station has (O03, O04)."""
        with self.reports.expect(station) as (number, parts):
            request = GetDisplayMessagesRequest(
                request_id=number,
                id=query.ids or None,
                priority=MessagePriority(query.priority) if query.priority else None,
                state=MessageState(query.state) if query.state else None,
            )

            async def call(link: Link) -> GetDisplayMessagesResponse:
                return await link.ask(GET_DISPLAY_MESSAGES, request)

            answer = await translated(self.link(station), call, station)
            if answer.status is not GetDisplayMessagesStatus.ACCEPTED:
                return DisplayReport(answer.status.value)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self.report_patience):
                    await parts.done.wait()
            return DisplayReport(
                answer.status.value, tuple(parts.messages), parts.done.is_set()
            )


def info_of(message: ScreenMessage) -> MessageInfo:
    """Write a message as the wire has it; a message without display is for the main."""
    main, *others = (
        MessageContent(
            format=MessageFormat(each.format),
            content=each.content,
            language=each.language or None,
        )
        for each in message.texts
    )
    display = None
    if message.display is not None:
        display = Component(name=DISPLAY, instance=message.display)
    return MessageInfo(
        id=message.id,
        priority=MessagePriority(message.priority),
        message=main,
        display=display,
        state=MessageState(message.state) if message.state else None,
        start_date_time=message.start,
        end_date_time=message.end,
        transaction_id=message.transaction,
        message_extra=tuple(others) or None,
    )


def message_from(info: MessageInfo) -> ScreenMessage:
    """Read a message as a station reports it."""
    texts = (info.message, *(info.message_extra or ()))
    return ScreenMessage(
        id=info.id,
        texts=tuple(
            ScreenText(each.content, each.language or "", TextFormat(each.format))
            for each in texts
        ),
        priority=Priority(info.priority),
        state=ScreenState(info.state) if info.state else None,
        start=info.start_date_time,
        end=info.end_date_time,
        transaction=TransactionId(info.transaction_id) if info.transaction_id else None,
        display=(info.display.instance or None) if info.display else None,
    )
