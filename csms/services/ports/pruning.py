"""Forgetting what is old: which records there are that are not kept for ever."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Protocol


class Records(StrEnum):
    """Records that are kept for a while.

    The audit trail is none of them, nor is anything that accounts rest on: readings,
    transactions, events, notices, settlements.
    """

    STATION_EVENTS = "station_events"
    """What stations notify, and streams of values that are closed."""
    SECURITY_EVENTS = "security_events"
    TRACES = "traces"
    """What happened in passing and is over: data transfers, steps of firmware updates,
    log uploads, messages that left a display, alerts and incidents that are resolved,
    what stations told of themselves, who was turned away."""


class PruningStore(Protocol):
    """Forgets, in one unit of work."""

    async def prune(
        self, what: Records, before: datetime, most: int
    ) -> Mapping[str, int]:
        """Forget what is from before an instant, and over; return how much of what.

        Args:
            what: What kind of records.
            before: Younger ones stay.
            most: Of each kind, no more go at once, so that nobody has to wait.
        """
        ...
