"""Charging: profiles, composite schedules, limits from outside, vehicles' needs."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from csms.api.bodies import RequestBody
from csms.api.charging_items import (
    HIGHEST,
    ComparisonItem,
    LimitItem,
    NegotiationItem,
    ProfileBody,
    ProfileItem,
    ReplyItem,
    ValuesBody,
    VerdictItem,
    comparison_item,
    negotiation_item,
    profile_item,
)
from csms.api.guard import GuardedRoute
from csms.api.stations import known_station
from csms.domain.ids import EvseId
from csms.domain.profile import Period, Purpose, RateUnit
from csms.services.asking import StationSilent
from csms.services.node import Node
from csms.services.ports.charging import Criteria
from csms.services.ports.profiles import Verdict
from csms.services.ports.wire import Reply
from csms.services.reception import UnknownEvse
from csms.web.auth import NodeOf, Operator

ROUTER = APIRouter(tags=["charging"], route_class=GuardedRoute)
DAY_S = 86_400
_Evse = Annotated[int | None, Query(ge=0, le=HIGHEST, description="0 is the station.")]
_Level = Annotated[int | None, Query(ge=0, le=HIGHEST)]


class ProfileList(BaseModel):
    """The profiles of a station, by id."""

    items: list[ProfileItem]


class LimitList(BaseModel):
    """The limits from outside that are in force."""

    items: list[LimitItem]


class NegotiationList(BaseModel):
    """The latest negotiations of an EVSE, youngest first."""

    items: list[NegotiationItem]


class Cleared(BaseModel):
    """Whether there was anything to clear."""

    cleared: bool


class Checked(BaseModel):
    """The profile would be set; nothing was sent."""

    checked: bool = True


class ActiveBody(RequestBody):
    """Whether charging is put first."""

    active: bool


class TransferBody(RequestBody):
    """Whether both directions are allowed."""

    bidirectional: bool


class SignalBody(RequestBody):
    """A signal of the grid's operator."""

    signal: int = Field(ge=-HIGHEST, le=HIGHEST)


class TransferItem(BaseModel):
    """Which ways of moving energy there are, and which are allowed."""

    offered: list[str]
    allowed: list[str]


@ROUTER.get("/stations/{station}/charging-profiles", summary="List charging profiles")
async def list_profiles(node: NodeOf, station: str) -> ProfileList:
    """Return what the station was told to hold, against what it says it holds."""
    rows = node.charging.profiles(known_station(node, station))
    return ProfileList(items=[profile_item(each) for each in rows])


@ROUTER.post(
    "/stations/{station}/charging-profiles/refresh", summary="Ask what a station holds"
)
async def refresh_profiles(  # noqa: PLR0913, PLR0917 path, caller and five filters
    node: NodeOf,
    _caller: Operator,
    station: str,
    evse: _Evse = None,
    purpose: Purpose | None = None,
    stack_level: _Level = None,
    source: Annotated[str | None, Query(max_length=20)] = None,
    profile: Annotated[int | None, Query(ge=-HIGHEST, le=HIGHEST)] = None,
) -> ProfileList:
    """Ask the station for its profiles (K09), and return what is known then."""
    name = known_station(node, station)
    try:
        criteria = Criteria(evse, purpose, stack_level, source, profile)
        rows = await node.charging.refresh(name, criteria)
    except TimeoutError:
        raise StationSilent(f"{name} did not send the report it promised") from None
    return ProfileList(items=[profile_item(each) for each in rows])


@ROUTER.post("/stations/{station}/charging-profiles", summary="Set a charging profile")
async def set_profile(
    node: NodeOf,
    caller: Operator,
    station: str,
    wanted: ProfileBody,
    dry_run: bool = False,  # noqa: FBT001, FBT002 a flag of the query
) -> VerdictItem | Checked:
    """Hold the profile against the standard and the station, then set it (K01).

    What could discharge is refused unless plan, notice and consent stand behind it.
    """
    profile = wanted.profile(known_station(node, station))
    if dry_run:
        await node.charging.check(profile)
        return Checked()
    return _verdict(await node.charging.install(profile, caller.name))


@ROUTER.put(
    "/stations/{station}/charging-profiles/{profile}/values",
    summary="Give a Dynamic profile new values",
)
async def update_profile(
    node: NodeOf, caller: Operator, station: str, profile: int, values: ValuesBody
) -> VerdictItem:
    """Push values (K28); they hold for as long as the profile's watchdog says."""
    name = known_station(node, station)
    period = Period(0, **values.model_dump())
    pushed = node.charging.update(name, profile, period, caller.name)
    return _verdict(await pushed)


@ROUTER.delete(
    "/stations/{station}/charging-profiles/{profile}", summary="Clear a profile"
)
async def clear_profile(
    node: NodeOf, caller: Operator, station: str, profile: int
) -> Cleared:
    """Clear one profile by its id (K10)."""
    name = known_station(node, station)
    gone = await node.charging.clear(name, profile, caller.name)
    return Cleared(cleared=gone)


@ROUTER.delete("/stations/{station}/charging-profiles", summary="Clear profiles")
async def clear_profiles(
    node: NodeOf,
    caller: Operator,
    station: str,
    evse: _Evse = None,
    purpose: Purpose | None = None,
    stack_level: _Level = None,
) -> Cleared:
    """Clear every profile that matches (K10)."""
    name = known_station(node, station)
    criteria = Criteria(evse, purpose, stack_level)
    gone = await node.charging.clear_all(name, criteria, caller.name)
    return Cleared(cleared=gone)


@ROUTER.get(
    "/stations/{station}/composite-schedule", summary="Compare composite schedules"
)
async def show_composite(
    node: NodeOf,
    station: str,
    evse: Annotated[int, Query(ge=0, le=HIGHEST)] = 0,
    duration_s: Annotated[int, Query(ge=1, le=31 * DAY_S)] = DAY_S,
    unit: RateUnit | None = None,
) -> ComparisonItem:
    """Return our composite schedule, the station's, and where they differ (K08)."""
    name = known_station(node, station)
    span = timedelta(seconds=duration_s)
    found = await node.composites.compare(EvseId(name, evse), span, unit)
    return comparison_item(found)


@ROUTER.get("/stations/{station}/charging-limits", summary="List limits from outside")
async def list_limits(node: NodeOf, station: str) -> LimitList:
    """Return what others limit the station by (K12, Q06)."""
    name = known_station(node, station)
    async with node.begin() as work:
        found = await work.charging.limits(name)
    return LimitList(
        items=[
            LimitItem(
                evse=each.evse.number,
                source=each.source,
                local_generation=each.local_generation,
                grid_critical=each.grid_critical,
                since=each.since,
                updated_at=each.updated_at,
                said=dict(each.document),
            )
            for each in found
        ]
    )


@ROUTER.get(
    "/stations/{station}/evses/{evse}/negotiations",
    summary="List what vehicles asked for",
)
async def list_negotiations(node: NodeOf, station: str, evse: int) -> NegotiationList:
    """Return what vehicles at an EVSE needed, were given, and made of it (K15)."""
    place = _evse(node, station, evse)
    async with node.begin() as work:
        found = await work.charging.negotiations(place)
    return NegotiationList(items=[negotiation_item(each) for each in found])


@ROUTER.put(
    "/stations/{station}/evses/{evse}/priority-charging", summary="Put charging first"
)
async def use_priority(
    node: NodeOf, caller: Operator, station: str, evse: int, wanted: ActiveBody
) -> ReplyItem:
    """Put charging first in the running transaction, or no longer (K21)."""
    place = _evse(node, station, evse)
    used = node.charging.use_priority(place, caller.name, activate=wanted.active)
    return _reply(await used)


@ROUTER.get(
    "/stations/{station}/evses/{evse}/energy-transfer", summary="Show what is allowed"
)
async def show_transfer(node: NodeOf, station: str, evse: int) -> TransferItem:
    """Return which ways of moving energy there are, and which are allowed (Q01)."""
    place = _evse(node, station, evse)
    return TransferItem(
        offered=list(node.transfers.offered(place)),
        allowed=list(node.transfers.allowed(place)),
    )


@ROUTER.put(
    "/stations/{station}/evses/{evse}/energy-transfer", summary="Allow both directions"
)
async def allow_transfer(
    node: NodeOf, caller: Operator, station: str, evse: int, wanted: TransferBody
) -> ReplyItem:
    """Tell the station what is allowed from now on (Q02); it asks the vehicle anew."""
    told = node.transfers.tell(
        _evse(node, station, evse), caller.name, both_directions=wanted.bidirectional
    )
    return _reply(await told)


@ROUTER.post("/stations/{station}/afrr-signal", summary="Hand on a signal of the grid")
async def send_signal(
    node: NodeOf, caller: Operator, station: str, wanted: SignalBody
) -> ReplyItem:
    """Hand on a signal as of now (Q08); refused unless power may be left to others."""
    name = known_station(node, station)
    sent = node.charging.signal(name, wanted.signal, caller.name)
    return _reply(await sent)


def _evse(node: Node, station: str, number: int) -> EvseId:
    found = EvseId(known_station(node, station), number)
    if node.book.evse(found) is None:
        raise UnknownEvse(f"there is no EVSE {found}", field="evse")
    return found


def _verdict(verdict: Verdict) -> VerdictItem:
    return VerdictItem(
        accepted=verdict.accepted, reason=verdict.reason, info=verdict.info
    )


def _reply(reply: Reply) -> ReplyItem:
    return ReplyItem(accepted=reply.accepted, status=reply.status, info=reply.info)
