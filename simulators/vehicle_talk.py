"""What a station settles with vehicle, driver and CSMS (Q01, Q02, K21, K28)."""

from typing import TYPE_CHECKING, Any

from simulators.instants import iso
from simulators.profiles import Profile

if TYPE_CHECKING:
    from simulators.station import Station

Payload = dict[str, Any]
NEVER = float("inf")
PULL_S = 120.0
"""How often a make that pulls does so where the profile does not say."""
AGREED = "urn:iso:std:iso:15118:-20:DC,1,0"


def negotiate(station: "Station") -> None:
    """Tell the CSMS what the vehicle needs; without needs all is agreed at once."""
    persona = station.system.persona
    if not persona.charging_needs:
        station.evse.bidirectional = True
        return
    most = persona.max_charge_w
    payload: Payload = {"evseId": 1}
    if persona.modern:
        needs = station.vehicle.charging_needs(most, _offer(station))
        payload["timestamp"] = iso(station.now)
    else:
        needs = station.vehicle.charging_needs_201(most)
    payload["chargingNeeds"] = needs

    def heard(answer: Payload) -> None:
        _needs_heard(station, answer)

    station.send("NotifyEVChargingNeeds", payload, heard=heard)


def renegotiate(station: "Station", *, bidirectional: bool) -> None:
    """Agree the energy transfer anew with the vehicle (Q02.FR.06)."""
    station.evse.bidirectional = None if bidirectional else False
    negotiate(station)
    station.refresh()


def _offer(station: "Station") -> int:
    persona = station.system.persona
    refused = station.evse.bidirectional is False
    return 0 if refused or not persona.v2x else persona.max_discharge_w


def _needs_heard(station: "Station", answer: Payload) -> None:
    if station.tx is None or not station.system.persona.modern:
        return
    if answer.get("status") == "Rejected":
        if station.evse.bidirectional is not False:
            renegotiate(station, bidirectional=False)
        return
    station.evse.bidirectional = bool(_offer(station))
    station.model.put("ConnectedEV", 1, "ProtocolAgreed", AGREED)
    station.refresh()


def pull_interval(station: "Station") -> float:
    """Return after how many seconds to pull a dynamic schedule, or never (K28)."""
    intervals = (
        float(profile.raw.get("dynUpdateInterval") or PULL_S)
        for profile in _pulled(station)
    )
    return min(intervals, default=NEVER)


def pull(station: "Station") -> None:
    """Ask for news of every dynamic schedule (K28.FR.07)."""
    for profile in _pulled(station):
        _ask_update(station, profile.id)


def _pulled(station: "Station") -> list[Profile]:
    if not station.system.persona.pull_updates:
        return []
    return [p for p in station.smart.profiles.values() if p.kind == "Dynamic"]


def _ask_update(station: "Station", profile_id: int) -> None:
    def heard(answer: Payload) -> None:
        if answer.get("status") == "Accepted" and "scheduleUpdate" in answer:
            station.smart.update(profile_id, answer["scheduleUpdate"], station.now)
            station.refresh()

    if station.online:
        payload = {"chargingProfileId": profile_id}
        station.send("PullDynamicScheduleUpdate", payload, heard=heard)


def introduce(station: "Station") -> None:
    """Fill in the ConnectedEV variables for the vehicle at the cable (Q01.FR.36)."""
    if station.system.persona.modern:
        capacity = round(station.vehicle.battery.capacity_ws / 3600)
        station.model.put("ConnectedEV", 1, "Available", "true")
        station.model.put("ConnectedEV", 1, "VehicleId", station.vehicle.id)
        station.model.put("ConnectedEV", 1, "BatteryCapacity", str(capacity))


def forget(station: "Station") -> None:
    """Empty the ConnectedEV variables."""
    if station.system.persona.modern:
        station.model.put("ConnectedEV", 1, "Available", "false")
        for name in ("ProtocolAgreed", "VehicleId", "BatteryCapacity"):
            station.model.put("ConnectedEV", 1, name, "")


def press_priority(station: "Station") -> None:
    """Let the driver ask for priority charging at the station (K21)."""
    if station.tx is None:
        return
    who, observer = station.system.participant, station.observer

    def heard(_answer: Payload) -> None:
        observer.confirmed(who)

    station.smart.priority = True
    station.smart.version += 1
    payload = {"transactionId": station.tx.id, "activated": True}
    station.send("NotifyPriorityCharging", payload, heard=heard)
    observer.opted_out(who, station.t, confirmed=False)
    observer.incident(station.t, station.id, "priority-charging", "driver pressed")
    station.refresh()
