"""How one station is set up: drift, repairs, reports, restarts, ways to connect."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Form
from fastapi.responses import Response

from csms.console.shell import PageRoute, to
from csms.console.wording import RESTARTS
from csms.domain.device_model import Drift, ModelRecord, ReportRecord, ResetRecord
from csms.domain.errors import Broken
from csms.domain.ids import StationId
from csms.domain.station import EDITION_21
from csms.services.network_profiles import Slot
from csms.services.ports.wire import Inventory
from csms.web.auth import NodeOf, Operator

if TYPE_CHECKING:
    from csms.services.node import Node

router = APIRouter(route_class=PageRoute, include_in_schema=False)
LISTED = 5


@dataclass(frozen=True, slots=True)
class SetupView:
    """How a station is set up, as its page shows it.

    Attributes:
        drifts: What it does not read as it should.
        record: When its device model was last read in full; None for never.
        reports: The latest reports.
        resets: The latest restarts.
        slots: The ways by which it connects.
        kinds: The restarts that it knows, and when each happens.
    """

    drifts: Sequence[Drift]
    record: ModelRecord | None
    reports: Sequence[ReportRecord]
    resets: Sequence[ResetRecord]
    slots: Sequence[Slot]
    kinds: Mapping[str, str]


async def setup_view(node: "Node", station: StationId) -> SetupView:
    """Return how a station is set up."""
    async with node.begin() as work:
        drifts = await work.models.drifts(station)
        record = await work.models.record(station)
        reports = await work.models.reports(station, limit=LISTED)
        resets = await work.models.resets(station, limit=LISTED)
    slots = await node.setup.networks.slots(station)
    known = node.book.station(station)
    speaks_21 = known is not None and known.edition == EDITION_21
    kinds = {
        kind: word
        for kind, word in RESTARTS.items()
        if speaks_21 or kind != "ImmediateAndResume"
    }
    return SetupView(drifts, record, reports, resets, slots, kinds)


@router.post("/stations/{station}/drift/repair")
async def repair(station: StationId, caller: Operator, node: NodeOf) -> Response:
    """Set what is not as it should be."""
    await node.setup.drifts.repair(station, None, caller.name)
    return _back(station)


@router.post("/stations/{station}/reports")
async def report(station: StationId, caller: Operator, node: NodeOf) -> Response:
    """Read the device model in full."""
    await node.setup.reporting.base(station, Inventory.FULL, caller.name)
    return _back(station)


@router.post("/stations/{station}/resets")
async def reset(
    station: StationId,
    caller: Operator,
    node: NodeOf,
    kind: Annotated[str, Form()] = "OnIdle",
    evse: Annotated[int, Form(ge=0)] = 0,
) -> Response:
    """Restart the station or one EVSE."""
    if kind not in RESTARTS:
        raise Broken(f"there is no restart {kind}", field="kind")
    await node.setup.resets.ask(station, kind, evse or None, caller.name)
    return _back(station)


def _back(station: StationId) -> Response:
    return to(f"/stations/{station}#setup")
