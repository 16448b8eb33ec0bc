"""The fleet: every EVSE, what it does, and how old that news is."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fastapi import APIRouter
from fastapi.responses import Response

from csms.console.home import totals
from csms.console.shell import PageRoute, ShellOf
from csms.domain.ids import SiteId, StationId
from csms.services.ports.queries import EvseRow, StationFilter, StationRow
from csms.web.auth import NodeOf, Viewer

if TYPE_CHECKING:
    from datetime import datetime

    from csms.domain.live import LiveEvse

router = APIRouter(route_class=PageRoute, include_in_schema=False)
PAGE = 200
STATUSES = ("connected", "offline", "accepted", "pending", "rejected")


@dataclass(frozen=True, slots=True)
class FleetRow:
    """One line of the table."""

    station: StationRow
    evse: EvseRow | None
    live: "LiveEvse | None"

    @property
    def key(self) -> str:
        """Return what names the line."""
        return str(self.evse.evse.id) if self.evse else self.station.id

    @property
    def seen(self) -> "datetime | None":
        """Return when it was last heard of."""
        power_at = self.live.power_at if self.live else None
        known = (self.station.last_seen_at, power_at)
        return max((each for each in known if each is not None), default=None)


@router.get("/fleet")
async def fleet(  # noqa: PLR0913, PLR0917 a filter in all its parts
    caller: Viewer,
    node: NodeOf,
    shell: ShellOf,
    q: str = "",
    status: str = "",
    site: str = "",
    after: str = "",
) -> Response:
    """Show EVSEs, filtered and by page."""
    wanted = StationFilter(
        site=SiteId(site) if site else None,
        status=status if status in STATUSES else None,
        text=q.strip(),
    )
    found = await node.queries.stations(
        wanted, after=StationId(after) if after else None, limit=PAGE + 1
    )
    rows = [
        FleetRow(station, evse, node.live.get(evse.evse.id) if evse else None)
        for station in found[:PAGE]
        for evse in station.evses or (None,)
    ]
    return shell.page(
        "fleet.html",
        caller,
        rows=rows,
        more=found[PAGE - 1].id if len(found) > PAGE else None,
        totals=totals(node.live.all()),
        filters={"q": q, "status": status, "site": site},
        statuses=STATUSES,
    )
