"""Ways to connect: what stands in the slots of stations, and their order (B09, B10)."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field, SecretStr
from pydantic.alias_generators import to_camel

from csms.api.bodies import RequestBody
from csms.api.guard import GuardedRoute
from csms.api.stations import known_station
from csms.domain.device_model import NetworkProfile
from csms.web.auth import Admin, NodeOf
from csms.web.paging import Page

ROUTER = APIRouter(tags=["device models"], route_class=GuardedRoute)
Interface = Literal[
    "Wired0",
    "Wired1",
    "Wired2",
    "Wired3",
    "Wireless0",
    "Wireless1",
    "Wireless2",
    "Wireless3",
    "Any",
]


class _Part(RequestBody):
    """A part of a way to connect; its secrets go to the station and nowhere else."""

    def words(self) -> dict[str, Any]:
        """Return it in the words of the wire."""
        return {
            to_camel(name): _plain(value) for name, value in self if value is not None
        }


class ApnBody(_Part):
    """An access point of a cellular network."""

    apn: str = Field(min_length=1, max_length=2000)
    apn_authentication: Literal["PAP", "CHAP", "NONE", "AUTO"]
    apn_user_name: str | None = Field(None, max_length=50)
    apn_password: SecretStr | None = Field(None, max_length=64)
    sim_pin: int | None = Field(None, ge=0)
    preferred_network: str | None = Field(None, max_length=6)
    use_only_preferred_network: bool | None = None


class VpnBody(_Part):
    """A virtual private network."""

    server: str = Field(min_length=1, max_length=2000)
    user: str = Field(max_length=50)
    password: SecretStr = Field(max_length=64)
    key: SecretStr = Field(max_length=255)
    type: Literal["IKEv2", "IPSec", "L2TP", "PPTP"]
    group: str | None = Field(None, max_length=50)


class NetworkProfileBody(_Part):
    """A way to connect."""

    ocpp_csms_url: str = Field(
        pattern="^wss?://",
        max_length=2000,
        description="Where this system is, without the station's identity.",
    )
    ocpp_interface: Interface = "Any"
    ocpp_transport: Literal["JSON"] = "JSON"
    ocpp_version: Literal["OCPP20", "OCPP201", "OCPP21"] | None = Field(
        None, description="Ignored since 2.1, as the handshake decides."
    )
    message_timeout: int = Field(
        30, ge=1, description="Seconds the station waits for an answer."
    )
    security_profile: int = Field(
        ge=1, le=3, description="A station never goes back to a lower one."
    )
    identity: str | None = Field(None, max_length=48, description="2.1 only.")
    basic_auth_password: SecretStr | None = Field(
        None, max_length=64, description="2.1 only; kept nowhere here."
    )
    apn: ApnBody | None = None
    vpn: VpnBody | None = None


class PriorityBody(RequestBody):
    """By which slots a station connects."""

    slots: list[Annotated[int, Field(ge=0)]] = Field(min_length=1, max_length=20)


class KeptProfile(BaseModel):
    """What was put into a slot."""

    document: dict[str, Any] = Field(
        description="In the words of OCPP, every secret replaced."
    )
    status: str
    info: str
    at: datetime
    by: str


class SlotItem(BaseModel):
    """A slot of a station."""

    slot: int
    rank: int | None = Field(description="Its place in the order, from 0.")
    active: bool
    profile: KeptProfile | None


class PriorityItem(BaseModel):
    """What the station said to an order of slots."""

    status: str
    info: str
    reads: str | None
    due: bool = Field(description="It takes effect at the next restart.")


@ROUTER.get(
    "/stations/{station}/network-profiles", summary="List the ways a station connects"
)
async def list_slots(node: NodeOf, station: str) -> Page[SlotItem]:
    """Return the slots of a station, as far as they are known."""
    slots = await node.setup.networks.slots(known_station(node, station))
    items = [
        SlotItem(
            slot=each.number,
            rank=each.rank,
            active=each.active,
            profile=None if each.profile is None else _kept(each.profile),
        )
        for each in slots
    ]
    return Page(items=items, next=None)


@ROUTER.put(
    "/stations/{station}/network-profiles/{slot}", summary="Set a way to connect"
)
async def put_profile(
    node: NodeOf, caller: Admin, station: str, slot: int, body: NetworkProfileBody
) -> KeptProfile:
    """Put a way to connect into a slot of a station (B09).

    It is used once the slot is in the order of priority and the station restarts.
    """
    profile = await node.setup.networks.put(
        known_station(node, station), slot, body.words(), by=caller.name
    )
    return _kept(profile)


@ROUTER.put(
    "/stations/{station}/network-priority", summary="Set the order of ways to connect"
)
async def put_priority(
    node: NodeOf, caller: Admin, station: str, body: PriorityBody
) -> PriorityItem:
    """Set by which slots a station connects, the first first (B10)."""
    written = await node.setup.networks.prioritize(
        known_station(node, station), body.slots, by=caller.name
    )
    return PriorityItem(
        status=written.result.status,
        info=written.result.info,
        reads=written.reads,
        due=written.due,
    )


def _kept(profile: NetworkProfile) -> KeptProfile:
    return KeptProfile(
        document=dict(profile.document),
        status=profile.status,
        info=profile.info,
        at=profile.at,
        by=profile.by,
    )


def _plain(value: object) -> object:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    return value.words() if isinstance(value, _Part) else value
