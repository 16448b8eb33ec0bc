"""Orders of several events at one EVSE, and what the vehicle itself allows."""

from collections.abc import Iterable
from datetime import datetime

from csms.domain.ids import EvseId
from csms.services.live import LiveEvse
from csms.services.ports.events import MemberOrder

UNBOUNDED_W = 10**9


def foremost(orders: Iterable[MemberOrder], now: datetime) -> dict[EvseId, MemberOrder]:
    """Return one order for each EVSE: that of the event that is on, or comes next."""

    def rank(order: MemberOrder) -> tuple[bool, datetime, str]:
        return order.window.end <= now, order.window.start, order.event

    chosen: dict[EvseId, MemberOrder] = {}
    for order in sorted(orders, key=rank):
        chosen.setdefault(order.evse, order)
    return chosen


def vehicle_limit_w(live: LiveEvse) -> int:
    """Return the most the vehicle gives, in watts, as far as it says (rule 6).

    It says so in ``v2xChargingParameters.maxDischargePower`` of its charging needs.
    """
    needs = live.ev_needs or {}
    said = (needs.get("v2xChargingParameters") or {}).get("maxDischargePower")
    return int(said) if isinstance(said, int | float) else UNBOUNDED_W
