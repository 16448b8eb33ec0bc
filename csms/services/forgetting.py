"""Customers who are to be forgotten, and the local lists that still name them (N10)."""

from dataclasses import dataclass, replace

import structlog

from csms.domain.errors import DomainError
from csms.domain.ids import StationId
from csms.domain.token import IdToken
from csms.services.local_lists import LocalLists
from csms.services.tokens import Tokens

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class ListedCustomers:
    """Takes tokens off local lists.

    Stations keep their list when they clear what they know of a customer: versions
    would differ otherwise, so only we change it (N10.FR.02).

    Attributes:
        tokens: Says which tokens may be on lists.
        lists: Keeps the lists of stations in step.
    """

    tokens: Tokens
    lists: LocalLists

    async def forget(self, station: StationId, token: IdToken, by: str) -> bool:
        """Take a token off the lists; tell whether it may have been on one.

        The list of this station is brought up to date at once, or by itself later if
        the station does not answer now; so are the lists of all others.
        """
        record = self.tokens.known(token)
        if record is None or not record.listed:
            return False
        await self.tokens.change(replace(record, listed=False), by)
        try:
            if (await self.lists.show(station)).managed:
                await self.lists.synchronize(station, by)
        except DomainError as error:
            log.info("customer.list_later", station=station, reason=error.code)
        return True
