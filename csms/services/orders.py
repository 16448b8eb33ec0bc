"""Orders of several events at one EVSE, and what the vehicle itself allows."""

from collections.abc import Iterable
from datetime import datetime

from csms.domain.ids import EvseId
from csms.domain.live import LiveEvse
from csms.services.gate import DISPATCHED
from csms.services.limits import discharge_bound_w
from csms.services.ports.events import MemberOrder

UNBOUNDED_W = 10**9


def foremost(orders: Iterable[MemberOrder], now: datetime) -> dict[EvseId, MemberOrder]:
    """Return one order for each EVSE: that of the event that is on, or comes next.

    What is called off, over, or asks nothing of the EVSE stands behind what does.
    """

    def rank(order: MemberOrder) -> tuple[bool, bool, bool, datetime, str]:
        idle = order.setpoint is None or bool(order.excluded)
        over = order.window.end <= now
        off = order.stage not in DISPATCHED
        return off, over, idle, order.window.start, order.event

    chosen: dict[EvseId, MemberOrder] = {}
    for order in sorted(orders, key=rank):
        chosen.setdefault(order.evse, order)
    return chosen


def vehicle_limit_w(live: LiveEvse) -> int:
    """Return the most that vehicle and others let flow back, in watts (rules 6, 23).

    The vehicle says so in ``v2xChargingParameters.maxDischargePower`` of its charging
    needs; where it does so by phase, the other phases add to the first. Others say so
    in their limits on the station.
    """
    outside = discharge_bound_w(live)
    own = _vehicle_w(live)
    return own if outside is None else min(own, outside)


def _vehicle_w(live: LiveEvse) -> int:
    said = (live.ev_needs or {}).get("v2xChargingParameters") or {}
    if not isinstance(said.get("maxDischargePower"), int | float):
        return UNBOUNDED_W
    powers = [said.get(f"maxDischargePower{phase}") for phase in ("", "_L2", "_L3")]
    return int(sum(each for each in powers if isinstance(each, int | float)))
