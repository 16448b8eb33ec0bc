"""What a station shows on its display: messages set, asked about and cleared (O)."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from simulators.cabinet import Payload
from simulators.device_model import MOST_MESSAGES
from simulators.instants import instant

if TYPE_CHECKING:
    from simulators.station import Station

Command = Callable[["Station", Payload], Payload]
COMPONENT = "DisplayMessageCtrlr"
FORMATS = ("ASCII", "UTF8")
PRIORITIES = ("AlwaysFront", "InFront", "NormalCycle")
STATES = ("Charging", "Faulted", "Idle", "Unavailable")
PART = 2
"""Messages that go into one report."""


def _set(station: "Station", request: Payload) -> Payload:
    message = request["message"]
    if not station.system.persona.display:
        return {"status": "Rejected"}
    screen = _current(station)
    if refusal := _refusal(station, message):
        return {"status": refusal}
    if message["id"] not in screen and len(screen) >= MOST_MESSAGES:
        return {"status": "Rejected"}
    if message["priority"] == "AlwaysFront":
        others = [n for n, m in screen.items() if m["priority"] == "AlwaysFront"]
        for number in others:
            del screen[number]
    screen[message["id"]] = message
    station.observer.displayed += 1
    _count(station)
    return {"status": "Accepted"}


def _refusal(station: "Station", message: Payload) -> str | None:
    """Return the word by which a message is refused (O01.FR.01 to O01.FR.03)."""
    running = station.tx.id if station.tx else None
    checks = (
        ("NotSupportedMessageFormat", message["message"]["format"] not in FORMATS),
        ("NotSupportedPriority", message["priority"] not in PRIORITIES),
        ("NotSupportedState", message.get("state", STATES[0]) not in STATES),
        ("UnknownTransaction", message.get("transactionId", running) != running),
    )
    return next((word for word, holds in checks if holds), None)


def _get(station: "Station", request: Payload) -> Payload:
    ids, priority = request.get("id"), request.get("priority")
    state = request.get("state")
    found = [
        message
        for number, message in sorted(_current(station).items())
        if (ids is None or number in ids)
        and (priority is None or message["priority"] == priority)
        and (state is None or message.get("state") == state)
    ]
    if not found:
        return {"status": "Unknown"}
    parts = [found[i : i + PART] for i in range(0, len(found), PART)]
    for part in parts:
        said: Payload = {"requestId": request["requestId"], "messageInfo": part}
        if part is not parts[-1]:
            said["tbc"] = True
        station.send("NotifyDisplayMessages", said)
    return {"status": "Accepted"}


def _clear(station: "Station", request: Payload) -> Payload:
    gone = _current(station).pop(request["id"], None)
    _count(station)
    return {"status": "Unknown" if gone is None else "Accepted"}


def _current(station: "Station") -> dict[int, Payload]:
    """Return what is shown, without what has ended (O01.FR.07, O02.FR.02)."""
    screen, running = station.cabinet.screen, station.tx.id if station.tx else None
    for number, message in list(screen.items()):
        ends = message.get("endDateTime")
        over = ends is not None and instant(ends) <= station.now
        if over or message.get("transactionId", running) != running:
            del screen[number]
    return screen


def _count(station: "Station") -> None:
    if station.system.persona.display:
        shown = str(len(station.cabinet.screen))
        station.model.put(COMPONENT, None, "DisplayMessages", shown)


SCREEN: dict[str, Command] = {
    "SetDisplayMessage": _set,
    "GetDisplayMessages": _get,
    "ClearDisplayMessage": _clear,
}
