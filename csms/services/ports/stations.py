"""What is kept of stations."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from csms.domain.ids import SiteId, StationId
from csms.domain.station import (
    Boot,
    DeviationCount,
    Make,
    Presence,
    RejectedHandshake,
    Standing,
    Station,
    StationNotice,
)


class StationStore(Protocol):
    """The stations of one unit of work."""

    async def find(self, station: StationId) -> Station | None:
        """Return one station, or None."""
        ...

    async def all(self) -> Sequence[Station]:
        """Return every station, by id."""
        ...

    async def password_hashes(self) -> Mapping[StationId, str]:
        """Return the argon2 hash of every station's password."""
        ...

    async def enlist(
        self, station: StationId, site: SiteId, password_hash: str
    ) -> None:
        """Add a station, pending; or give a known one its site and password."""
        ...

    async def save_boots(self, boots: Sequence[Boot]) -> None:
        """Keep what stations said at their start."""
        ...

    async def save_make(self, station: StationId, make: Make) -> None:
        """Keep whose product it is."""
        ...

    async def set_standing(self, station: StationId, standing: Standing) -> None:
        """Keep what we think of it."""
        ...

    async def pin_edition(self, station: StationId, edition: str | None) -> None:
        """Offer it only this edition from now on; None offers both."""
        ...

    async def save_presence(self, presence: Sequence[Presence]) -> None:
        """Keep which stations came and went, in this order."""
        ...

    async def disconnect_all(self, at: datetime) -> None:
        """Keep that no station has a socket: a node has just started."""
        ...

    async def seen(self, at: Mapping[StationId, datetime]) -> None:
        """Keep when each was last heard of; an earlier instant changes nothing."""
        ...

    async def save_provisioned(
        self,
        station: StationId,
        *,
        fingerprint: str,
        capabilities: Mapping[str, Any],
        shortcomings: Sequence[str],
        at: datetime,
    ) -> None:
        """Keep what reading and configuring its device model brought.

        Accepts the station unless it is rejected.
        """
        ...

    async def add_deviations(self, counts: Sequence[DeviationCount]) -> None:
        """Add to the counts of its harmless departures from the standard."""
        ...

    async def deviations(self, station: StationId) -> Sequence[DeviationCount]:
        """Return the counts, the most frequent first."""
        ...

    async def add_notices(self, notices: Sequence[StationNotice]) -> None:
        """Keep what stations told us of themselves."""
        ...

    async def notices(
        self, station: StationId, before: int | None = None, limit: int = 100
    ) -> Sequence[tuple[int, StationNotice]]:
        """Return them with their number, the latest first, from below ``before``."""
        ...

    async def latest_notices(
        self, kinds: Collection[str], limit: int
    ) -> Sequence[StationNotice]:
        """Return the latest of some kinds from all stations, the youngest first.

        Only so many notices are looked at: what lies further back is not found.
        """
        ...

    async def add_rejections(self, rejections: Sequence[RejectedHandshake]) -> None:
        """Keep refused handshakes."""
        ...

    async def rejections(
        self, before: int | None = None, limit: int = 100
    ) -> Sequence[tuple[int, RejectedHandshake]]:
        """Return them with their number, the latest first, from below ``before``."""
        ...

    async def forget_rejections(self, before: datetime, most: int) -> None:
        """Forget those older than an instant, and all but the latest ``most``."""
        ...
