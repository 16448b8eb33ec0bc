"""Controls that the grid asks of stations, and the alarms that they cause (R)."""

from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel, Field, ValidationError

from csms.api.bodies import RequestBody
from csms.api.guard import GuardedRoute
from csms.api.stations import known_station
from csms.domain.der import Control, Kind
from csms.domain.errors import Broken
from csms.services.asking import StationSilent
from csms.services.der_documents import body_from, control_document
from csms.services.ports.der import HeldControl
from csms.services.ports.wire import Reply
from csms.web.auth import NodeOf, Operator

ROUTER = APIRouter(tags=["grid controls"], route_class=GuardedRoute)
HIGHEST = 2**31 - 1


class ControlBody(RequestBody):
    """A control to be set. Positive figures are into the vehicle."""

    kind: Kind
    default: bool = False
    priority: Annotated[int, Field(ge=0, le=HIGHEST)] = Field(
        description="The lower number rules."
    )
    body: dict[str, Any] = Field(
        description="What it asks, as its kind has it: `points` and `unit` of a curve, "
        "`percent` of LimitMaxDischarge and FixedVar, and so on."
    )
    start: AwareDatetime | None = None
    duration_s: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None

    def control(self, name: str) -> Control:
        """Return it in the words of the domain.

        Raises:
            Broken: If the body is none of its kind.
        """
        try:
            body = body_from(self.kind, self.body)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            where = ".".join(map(str, ("body", *first["loc"])))
            raise Broken(
                f"{where}: {first['msg']}",
                field=where,
                remedy=f"give what {self.kind} is made of",
            ) from None
        seconds = self.duration_s
        return Control(
            id=name,
            kind=self.kind,
            default=self.default,
            priority=self.priority,
            body=body,
            start=self.start,
            duration=None if seconds is None else timedelta(seconds=seconds),
        )


class ControlItem(BaseModel):
    """A control on a station: what was meant, and what the station says."""

    id: str
    kind: str
    default: bool
    priority: int
    state: str = Field(
        description="`sent`, `accepted`, `rejected`, `not_supported`, `unknown`, "
        "`reported`, `missing`, `cleared` or `expired`."
    )
    superseded: bool = Field(description="Whether another one rules instead.")
    running: bool
    ours: bool
    by: str | None
    sent_at: datetime | None
    control: dict[str, Any]
    reported: dict[str, Any] | None
    reported_at: datetime | None
    started_at: datetime | None
    stopped_at: datetime | None
    detail: str | None


class ControlList(BaseModel):
    """The controls of a station, by kind and priority."""

    supported: list[str]
    items: list[ControlItem]


class SetItem(BaseModel):
    """What a station said to a control, and which ones rule no more."""

    accepted: bool
    status: str
    info: str
    superseded: list[str]


class ClearedItem(BaseModel):
    """What a station said when controls were cleared."""

    accepted: bool
    status: str
    info: str


class AlarmItem(BaseModel):
    """A time in which the grid made the station deviate; it excuses what is missing."""

    kind: str
    fault: str | None
    began_at: datetime
    ended_at: datetime | None
    info: str


class AlarmList(BaseModel):
    """The latest alarms, youngest first."""

    items: list[AlarmItem]


@ROUTER.get("/stations/{station}/der-controls", summary="List grid controls")
async def list_controls(node: NodeOf, station: str) -> ControlList:
    """Return what the grid asks of the station: intent against report."""
    name = known_station(node, station)
    found = await node.der.controls(name)
    kinds = node.book.capability(name).der_kinds
    return ControlList(supported=sorted(kinds), items=[_item(each) for each in found])


@ROUTER.post("/stations/{station}/der-controls/refresh", summary="Ask for controls")
async def refresh_controls(
    node: NodeOf, _caller: Operator, station: str
) -> ControlList:
    """Ask the station which controls it holds, and return what is known then."""
    name = known_station(node, station)
    try:
        found = await node.der.refresh(name)
    except TimeoutError:
        raise StationSilent(f"{name} did not send the report it promised") from None
    kinds = node.book.capability(name).der_kinds
    return ControlList(supported=sorted(kinds), items=[_item(each) for each in found])


@ROUTER.put("/stations/{station}/der-controls/{control}", summary="Set a grid control")
async def set_control(
    node: NodeOf, caller: Operator, station: str, control: str, wanted: ControlBody
) -> SetItem:
    """Set a control on the utility's behalf.

    What could discharge passes the same gate as every discharge.
    """
    name = known_station(node, station)
    said = await node.der.set(name, wanted.control(control), caller.name)
    return SetItem(
        accepted=said.reply.accepted,
        status=said.reply.status,
        info=said.reply.info,
        superseded=list(said.superseded),
    )


@ROUTER.delete(
    "/stations/{station}/der-controls/{control}", summary="Clear a grid control"
)
async def clear_control(
    node: NodeOf,
    caller: Operator,
    station: str,
    control: str,
    default: Annotated[bool, Query(description="Whether it is a default.")] = False,  # noqa: FBT002
) -> ClearedItem:
    """Clear one control by its id."""
    name = known_station(node, station)
    cleared = node.der.clear(name, caller.name, default=default, control=control)
    return _cleared(await cleared)


@ROUTER.delete("/stations/{station}/der-controls", summary="Clear grid controls")
async def clear_controls(
    node: NodeOf,
    caller: Operator,
    station: str,
    default: Annotated[bool, Query(description="Defaults, or scheduled ones.")],
    kind: Kind | None = None,
) -> ClearedItem:
    """Clear all defaults or all scheduled controls, or those of one kind."""
    name = known_station(node, station)
    cleared = node.der.clear(name, caller.name, default=default, kind=kind)
    return _cleared(await cleared)


@ROUTER.get("/stations/{station}/der-alarms", summary="List grid alarms")
async def list_alarms(node: NodeOf, station: str) -> AlarmList:
    """Return when the grid made the station deviate from its profiles (R05)."""
    found = await node.der.alarms(known_station(node, station))
    return AlarmList(
        items=[
            AlarmItem(
                kind=each.kind,
                fault=each.fault,
                began_at=each.began_at,
                ended_at=each.ended_at,
                info=each.info,
            )
            for each in found
        ]
    )


def _item(held: HeldControl) -> ControlItem:
    control, reported = held.control, held.reported
    return ControlItem(
        id=control.id,
        kind=control.kind.value,
        default=control.default,
        priority=control.priority,
        state=held.state.value,
        superseded=held.superseded,
        running=held.running,
        ours=held.ours,
        by=held.by,
        sent_at=held.sent_at,
        control=control_document(control),
        reported=None if reported is None else control_document(reported),
        reported_at=held.reported_at,
        started_at=held.started_at,
        stopped_at=held.stopped_at,
        detail=held.detail,
    )


def _cleared(reply: Reply) -> ClearedItem:
    return ClearedItem(accepted=reply.accepted, status=reply.status, info=reply.info)
