"""A station on a bench: no socket, time by hand, every frame held to its schema."""

from dataclasses import dataclass, field, replace
from typing import Any

from simulators.commands import answer
from simulators.days import Day, place, timeline
from simulators.instants import instant, iso
from simulators.observer import Observer
from simulators.persona import load_persona
from simulators.population import System, load_fleet
from simulators.station import Station
from simulators.vehicle import new_vehicle
from tests.unit.simulators.official_schemas import check

START = instant("2026-07-14T20:00:00Z")
Payload = dict[str, Any]
ACCEPT: dict[str, Payload] = {
    "BootNotification": {
        "status": "Accepted",
        "interval": 900,
        "currentTime": "2026-07-14T20:00:00Z",
    },
    "Authorize": {"idTokenInfo": {"status": "Accepted"}},
    "NotifyEVChargingNeeds": {"status": "Accepted"},
    "Heartbeat": {"currentTime": "2026-07-14T20:00:00Z"},
}


def a_system(persona: str, **changes: Any) -> System:  # noqa: ANN401
    system = load_fleet("tiny", 1).systems[0]
    make = replace(load_persona(persona), meter_error=0.0, reaction_s=0.0, ramp_s=0.0)
    make = replace(make, **changes)
    return replace(system, persona=make, persona_name=persona, trips=(), overrides=())


@dataclass
class Bench:
    """A station and a patient partner who accepts everything.

    Attributes:
        system: What is on the bench.
        soc: State of charge of its vehicle.
        day: What the day brings.
        answers: What the partner answers, by action.
        sent: Every call the station made.
    """

    system: System
    soc: float = 60.0
    day: Day = field(default_factory=lambda: Day("bench", (60,), ()))
    answers: dict[str, Payload] = field(default_factory=lambda: dict(ACCEPT))
    sent: list[tuple[str, Payload]] = field(default_factory=list)
    station: Station = field(init=False)

    def __post_init__(self) -> None:
        fleet = replace(load_fleet("tiny", 1), systems=(self.system,))
        placed = place(self.day, fleet)
        vehicle = new_vehicle(self.system.vehicle_id, self.system.vehicle, self.soc)
        acts = timeline(self.system, placed, START)
        observer = Observer(fleet, START)
        self.station = Station(self.system, vehicle, acts, observer, START)

    def connect(self) -> "Bench":
        self.station.connected()
        self.wait(1)
        return self

    def wait(self, seconds: float) -> None:
        self.station.advance(self.station.t + seconds)
        self.serve()

    def wait_until(self, text: str) -> None:
        while self.station.t < instant(text):
            self.station.advance(min(self.station.t + 30, instant(text)))
            self.serve()

    def serve(self) -> None:
        while self.station.online:
            message = self.station.outbox.take(booted=self.station.booted)
            if message is None:
                return
            self.sent.append((message.action, message.payload))
            check(self.protocol, f"{message.action}Request", message.payload)
            if message.heard:
                message.heard(self.answers.get(message.action, {}))

    def ask(self, action: str, request: Payload) -> Payload:
        check(self.protocol, f"{action}Request", request)
        response = answer(self.station, action, request)
        check(self.protocol, f"{action}Response", response)
        self.serve()
        return response

    @property
    def protocol(self) -> str:
        return self.system.persona.protocol

    @property
    def transaction(self) -> str:
        assert self.station.tx is not None
        return self.station.tx.id

    def watts(self) -> float:
        """Return the power that flows after everything has settled."""
        self.wait(10)
        self.wait(1)
        return self.station.evse.watts

    def events(self, kind: str | None = None) -> list[Payload]:
        found = [p for action, p in self.sent if action == "TransactionEvent"]
        return [p for p in found if kind is None or p["eventType"] == kind]

    def set_profile(self, profile: Payload, evse: int = 1) -> Payload:
        return self.ask(
            "SetChargingProfile", {"evseId": evse, "chargingProfile": profile}
        )


def tx_profile(
    transaction: str,
    *periods: Payload,
    duration: int | None = 10800,
    **more: Any,  # noqa: ANN401
) -> Payload:
    """Return an Absolute TxProfile that starts on the bench's first instant."""
    schedule: Payload = {
        "id": 1,
        "startSchedule": iso(START),
        "chargingRateUnit": "W",
        "chargingSchedulePeriod": list(periods),
    }
    if duration is not None:
        schedule["duration"] = duration
    return {
        "id": 20,
        "stackLevel": 2,
        "chargingProfilePurpose": "TxProfile",
        "chargingProfileKind": "Absolute",
        "transactionId": transaction,
        "chargingSchedule": [schedule],
        **more,
    }


def default_profile(limit: float, **more: Any) -> Payload:  # noqa: ANN401
    """Return a TxDefaultProfile with one limit and no end."""
    return {
        "id": 10,
        "stackLevel": 0,
        "chargingProfilePurpose": "TxDefaultProfile",
        "chargingProfileKind": "Absolute",
        "chargingSchedule": [
            {
                "id": 1,
                "startSchedule": "2026-07-01T00:00:00Z",
                "chargingRateUnit": "W",
                "chargingSchedulePeriod": [{"startPeriod": 0, "limit": limit}],
            }
        ],
        **more,
    }
