"""What the exchange with vendors needs from the world."""

from collections.abc import Sequence
from typing import Protocol

from csms.domain.data_transfer import Transfer, TransferRule
from csms.domain.ids import StationId


class DataTransferStore(Protocol):
    """Vendors' messages and the rules that answer them, of one unit of work."""

    async def keep(self, transfer: Transfer) -> None:
        """Keep a message and its answer."""
        ...

    async def transfers(
        self,
        station: StationId | None = None,
        *,
        vendor_id: str | None = None,
        before: int | None = None,
        limit: int = 100,
    ) -> Sequence[tuple[int, Transfer]]:
        """Return messages with their number, the latest first."""
        ...

    async def rules(self) -> Sequence[TransferRule]:
        """Return every rule, by vendor and message."""
        ...

    async def rules_of(self, vendor_id: str) -> Sequence[TransferRule]:
        """Return the rules of one vendor; upper and lower case are alike."""
        ...

    async def save_rule(self, rule: TransferRule) -> None:
        """Keep a rule in place of the former one of its vendor and message."""
        ...

    async def drop_rule(self, vendor_id: str, message_id: str) -> bool:
        """Forget a rule; tell whether there was one."""
        ...
