"""Blocks C and D from our side: the lists and caches by which stations decide."""

from collections.abc import Iterator
from dataclasses import dataclass

from pydantic_core import to_json

from csms.blocks.translating import FindLink, info_of, token_of, translated, words_of
from csms.domain.ids import StationId
from csms.domain.local_list import ListUpdate
from csms.ocpp.link import Link, Priority
from csms.ocpp.messages.authorization import CLEAR_CACHE, ClearCacheRequest
from csms.ocpp.messages.local_list import (
    GET_LOCAL_LIST_VERSION,
    SEND_LOCAL_LIST,
    AuthorizationData,
    GetLocalListVersionRequest,
    SendLocalListRequest,
    Update,
)
from csms.ocpp.wire import A, Action, Q
from csms.services.ports.wire import Reply

_FRAME_BYTES = 64
"""What stands around a payload: the frame's brackets, its id and the action's name."""

_ACCEPTED = "Accepted"


@dataclass(frozen=True, slots=True)
class StationLists:
    """Asks stations about their lists and caches: the port ``LocalListWire``.

    Attributes:
        link: Finds the way to a station.
    """

    link: FindLink

    async def version(self, station: StationId) -> int:
        """Return the version of its list; 0 if it has none (D02)."""
        answer = await self._ask(
            station, GET_LOCAL_LIST_VERSION, GetLocalListVersionRequest()
        )
        return answer.version_number

    async def send(self, station: StationId, version: int, update: ListUpdate) -> Reply:
        """Change its list (D01)."""
        answer = await self._ask(station, SEND_LOCAL_LIST, _request(version, update))
        status = answer.status.value
        return Reply(status == _ACCEPTED, status, words_of(answer.status_info))

    def size(self, version: int, update: ListUpdate) -> int:
        """Return the bytes of the message that changes a list so."""
        return len(to_json(_request(version, update).write())) + _FRAME_BYTES

    async def clear_cache(self, station: StationId) -> Reply:
        """Clear its authorization cache (C11)."""
        answer = await self._ask(station, CLEAR_CACHE, ClearCacheRequest())
        status = answer.status.value
        return Reply(status == _ACCEPTED, status, words_of(answer.status_info))

    async def _ask(self, station: StationId, action: Action[Q, A], request: Q) -> A:
        async def call(link: Link) -> A:
            return await link.ask(action, request, priority=Priority.ROUTINE)

        return await translated(self.link(station), call, station)


def _request(version: int, update: ListUpdate) -> SendLocalListRequest:
    return SendLocalListRequest(
        version_number=version,
        update_type=Update.FULL if update.full else Update.DIFFERENTIAL,
        local_authorization_list=tuple(_entries(update)) or None,
    )


def _entries(update: ListUpdate) -> Iterator[AuthorizationData]:
    """Without what is known of it, a token is taken off the list (D01.FR.17)."""
    for token in update.gone:
        yield AuthorizationData(id_token=token_of(token))
    for entry in update.entries:
        yield AuthorizationData(
            id_token=token_of(entry.token), id_token_info=info_of(entry.told)
        )
