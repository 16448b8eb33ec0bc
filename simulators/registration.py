"""How a station registers with the CSMS and stays in touch (B01 to B03, G02)."""

from typing import TYPE_CHECKING, Any

from simulators.instants import iso
from simulators.timeline import Act, restart
from simulators.upkeep import installed

if TYPE_CHECKING:
    from simulators.station import Station

Payload = dict[str, Any]
RETRY_S = 60.0
LOOP_S = 1800.0
MODEL_LENGTH = 20
SERIAL_LENGTH = 25


def boot(station: "Station") -> None:
    """Queue a BootNotification."""
    persona = station.system.persona
    make = {
        "model": persona.model[:MODEL_LENGTH],
        "vendorName": persona.vendor,
        "serialNumber": station.id[-SERIAL_LENGTH:],
        "firmwareVersion": station.cabinet.firmware or persona.firmware,
    }
    station.booting = True
    station.send(
        "BootNotification",
        {"reason": station.boot_reason, "chargingStation": make},
        heard=lambda answer: _booted(station, answer),
        before_boot=True,
    )


def boot_failed(station: "Station") -> None:
    """Try to boot again soon: the last attempt found no proper answer."""
    station.booting = False
    station.boot_at = station.t + RETRY_S


def keep_in_touch(station: "Station") -> None:
    """Boot if that is due, else show that the station is alive."""
    if not station.booted:
        if not station.booting and station.t >= station.boot_at:
            boot(station)
        return
    interval = station.model.seconds("OCPPCommCtrlr", "HeartbeatInterval")
    silent = station.t - station.last_sent
    if interval and silent >= interval and not len(station.outbox):
        station.last_sent = station.t
        station.send("Heartbeat", {})


def _booted(station: "Station", answer: Payload) -> None:
    interval = max(int(answer["interval"]), 1)
    station.booted = answer["status"] == "Accepted"
    station.booting = False
    if not station.booted:
        station.boot_at = station.t + interval
        return
    station.model.put("OCPPCommCtrlr", None, "HeartbeatInterval", str(interval))
    station.boot_reason = "PowerUp"
    startup = {"type": "StartupOfTheDevice", "timestamp": iso(station.now)}
    station.send("SecurityEventNotification", startup)
    installed(station)
    if "boot_loop" in station.system.persona.quirks:
        again = station.t + LOOP_S
        station.timeline.add(Act(again, lambda s: restart(s, "Watchdog", 30.0)))
    station.begin()
    station.status()
    station.refresh()
