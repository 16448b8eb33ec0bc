"""Block O from our side: messages on the display of a station."""

from dataclasses import dataclass

from csms.blocks.translating import FindLink, translated, words_of
from csms.domain.ids import StationId
from csms.ocpp.link import Link
from csms.ocpp.messages.common import MessageContent, MessageFormat
from csms.ocpp.messages.display import (
    SET_DISPLAY_MESSAGE,
    DisplayMessageStatus,
    MessageInfo,
    MessagePriority,
    SetDisplayMessageRequest,
    SetDisplayMessageResponse,
)
from csms.services.ports.wire import DisplayText, Reply


@dataclass(frozen=True, slots=True)
class StationDisplays:
    """Shows messages: the port ``DisplayWire``.

    Attributes:
        link: Finds the way to a station.
    """

    link: FindLink

    async def show(self, station: StationId, shown: DisplayText) -> Reply:
        """Show a text until it ends (O01, O02)."""
        request = SetDisplayMessageRequest(
            message=MessageInfo(
                id=shown.id,
                priority=MessagePriority.NORMAL_CYCLE,
                message=MessageContent(
                    format=MessageFormat.UTF8,
                    content=shown.text,
                    language=shown.language,
                ),
                start_date_time=shown.start,
                end_date_time=shown.end,
                transaction_id=shown.transaction,
            )
        )

        async def call(link: Link) -> SetDisplayMessageResponse:
            return await link.ask(SET_DISPLAY_MESSAGE, request)

        answer = await translated(self.link(station), call, station)
        return Reply(
            answer.status is DisplayMessageStatus.ACCEPTED,
            answer.status.value,
            words_of(answer.status_info),
        )
