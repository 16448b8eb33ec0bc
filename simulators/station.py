"""One charging station: boots, charges, obeys profiles and reports.

It never touches a socket. Calls it wants to make wait in its outbox; calls made to
it are answered by ``simulators.commands``. Time comes as Unix seconds of the
business clock, and every stretch of power is cut wherever anything changes, so the
energy is exact however late the fleet looks.
"""

import hashlib
import random
from dataclasses import dataclass, field
from typing import Any

from simulators.device_model import DeviceModel, build
from simulators.evse import Evse
from simulators.instants import iso
from simulators.observer import Observer
from simulators.outbox import Message, Outbox
from simulators.population import System
from simulators.smart_charging import Setting, SmartCharging
from simulators.timeline import Act, Timeline
from simulators.transaction import Transaction
from simulators.vehicle import Vehicle

Payload = dict[str, Any]
MINUTE = 60.0
DAY = 86_400
NEVER = float("inf")
HAZARD_W = 500.0
PATIENCE = 600.0


@dataclass(slots=True)
class Station:
    """One simulated station with one EVSE.

    Attributes:
        system: What it is and where it stands.
        vehicle: The vehicle that uses it, plugged in or away.
        timeline: What will happen here.
        observer: Who writes down what physically happened.
        t: Unix seconds up to which it has lived.
        outbox: What it still has to say.
        online: Whether the CSMS can be reached.
        booted: Whether the last boot was accepted.
        powered: Whether it runs at all.
        faults: Names of the faults that trouble it now.
        skew: Seconds by which its own clock is ahead.
        operative: Whether it is available for use (G03).
    """

    system: System
    vehicle: Vehicle
    timeline: Timeline
    observer: Observer
    t: float
    outbox: Outbox = field(default_factory=Outbox)
    online: bool = False
    booted: bool = False
    powered: bool = True
    faults: set[str] = field(default_factory=set)
    skew: float = 0.0
    operative: bool = True
    boot_reason: str = "PowerUp"
    boot_at: float = 0.0
    last_sent: float = 0.0
    tx: Transaction | None = None
    model: DeviceModel = field(init=False)
    smart: SmartCharging = field(init=False)
    evse: Evse = field(init=False)
    setting: Setting = field(default_factory=Setting)
    _version: int = -1
    _booting: bool = False
    _minute_end: float = 0.0
    _minute_ws: float = 0.0
    _sample_at: float = NEVER
    _aligned_at: float = NEVER
    _pull_at: float = NEVER
    _hazard: bool = False
    _begin_at: float = NEVER

    def __post_init__(self) -> None:
        """Switch the station on, with its vehicle at the cable."""
        persona = self.system.persona
        chance = random.Random(f"{self.system.station}/{self.system.seed}")
        self.model = build(persona, self.system.password)
        self.smart = SmartCharging(persona)
        self.evse = Evse(persona, chance)
        self._minute_end = (self.t // MINUTE + 1) * MINUTE
        self.observer.enroll(self.system, self.t)
        self.evse.vehicle = self.vehicle
        self._begin_at = self.t + PATIENCE

    @property
    def id(self) -> str:
        """Return its identity on the wire."""
        return self.system.station

    @property
    def now(self) -> float:
        """Return what its own clock shows, in Unix seconds."""
        return self.t + self.skew

    def advance(self, to: float) -> None:
        """Live until an instant, with every change at its exact place."""
        while self.t < to:
            end = max(min(to, self._boundary()), self.t + 0.001)
            moved = self.evse.flow(self.t, end) if self.powered else 0.0
            self._minute_ws += moved
            self.t = end
            self._due()
        if self.online and self.powered:
            self._keep_in_touch()

    def plug_in(self, trigger: str = "CablePluggedIn") -> None:
        """Connect the vehicle and begin a transaction."""
        self.evse.vehicle = self.vehicle
        self.evse.bidirectional = None
        if self.system.persona.modern:
            self.model.put("ConnectedEV", 1, "Available", "true")
            self.model.put("ConnectedEV", 1, "VehicleId", self.vehicle.id)
            capacity = round(self.vehicle.battery.capacity_ws / 3600)
            self.model.put("ConnectedEV", 1, "BatteryCapacity", str(capacity))
        self._availability("Occupied")
        if self.operative:
            self.start_transaction(trigger)

    def unplug(self) -> None:
        """Take the vehicle away; this ends the transaction."""
        if self.tx:
            self.end_transaction("EVDeparted", "EVDisconnected")
        self.evse.open_contactor()
        self.evse.vehicle = None
        if self.system.persona.modern:
            self.model.put("ConnectedEV", 1, "Available", "false")
            self.model.put("ConnectedEV", 1, "ProtocolAgreed", "")
        self._availability("Available")

    def start_transaction(self, trigger: str, remote: int | None = None) -> Transaction:
        """Begin a transaction for the vehicle at the cable (E02, E03)."""
        digest = hashlib.sha256(f"{self.id}/{self.t:.3f}".encode()).hexdigest()
        name = "-".join((digest[:8], digest[8:12], digest[12:16], digest[16:28]))
        token = {"idToken": self.system.vehicle_id[:36], "type": "Central"}
        modern = self.system.persona.modern
        tx = Transaction(name, self.now, token, modern, remote_start_id=remote)
        self.tx = tx
        if remote is None:
            self.send("Authorize", {"idToken": token})
        self.report("Started", trigger, "Transaction.Begin", "TxStartedMeasurands")
        self._negotiate()
        self._decide()
        self._plan_samples()
        return tx

    def end_transaction(self, trigger: str, reason: str) -> None:
        """Close the transaction (E06 to E09)."""
        if self.tx is None:
            return
        self.tx.state = "EVConnected" if reason != "EVDisconnected" else "Idle"
        measurands = "TxEndedMeasurands"
        self.report("Ended", trigger, "Transaction.End", measurands, reason=reason)
        self.tx = None
        self.smart.end_transaction()
        self.evse.order = None
        self.evse.open_contactor()
        self._sample_at = self._pull_at = NEVER

    def send(self, action: str, payload: Payload, **how: Any) -> None:  # noqa: ANN401
        """Put a call into the outbox; ``how`` is what Message takes."""
        self.outbox.put(Message(action, payload, **how))

    def report(
        self,
        kind: str,
        trigger: str,
        context: str,
        measurands: str,
        **facts: Any,  # noqa: ANN401
    ) -> None:
        """Queue a TransactionEvent with the readings that a variable lists."""
        if self.tx is None:
            return
        component = "AlignedDataCtrlr" if "Clock" in context else "SampledDataCtrlr"
        listed = self.model.measurands(component, measurands)
        if self.tx.mode == "CentralSetpoint" and kind == "Updated":
            v2x = self.model.measurands(
                "V2XChargingCtrlr", "TxUpdatedMeasurands", "CentralSetpoint"
            )
            interval = self._v2x_interval()
            listed = v2x if interval and "Periodic" in context else listed
        payload = self.tx.report(
            kind,
            trigger,
            self.now,
            samples=self.read(listed, context),
            offline=not self.online,
            **facts,
        )
        self.send("TransactionEvent", payload)

    def read(self, measurands: list[str], context: str) -> list[Payload]:
        """Return sampled values of the grid-side meter and the vehicle."""
        return self.evse.meter.sample(
            measurands, self.evse.watts, self.evse.soc, context
        )

    def meter_values(self, measurands: list[str], context: str) -> None:
        """Queue a MeterValues outside a transaction (J01)."""
        samples = self.read(measurands, context)
        if samples:
            value = {"timestamp": iso(self.now), "sampledValue": samples}
            self.send("MeterValues", {"evseId": 1, "meterValue": [value]})

    def status(self) -> None:
        """Queue a StatusNotification of the only connector (G01)."""
        payload = {
            "timestamp": iso(self.now),
            "connectorStatus": self.model.text("EVSE", "AvailabilityState"),
            "evseId": 1,
            "connectorId": 1,
        }
        self.send("StatusNotification", payload)

    def boot(self) -> None:
        """Queue a BootNotification (B01)."""
        persona = self.system.persona
        self._booting = True
        station = {
            "model": persona.model[:20],
            "vendorName": persona.vendor,
            "serialNumber": self.system.station[-25:],
            "firmwareVersion": persona.firmware,
        }
        self.send(
            "BootNotification",
            {"reason": self.boot_reason, "chargingStation": station},
            heard=self._booted,
            before_boot=True,
        )

    def boot_failed(self) -> None:
        """Try to boot again soon: the last attempt found no proper answer."""
        self._booting = False
        self.boot_at = self.t + MINUTE

    def connected(self) -> None:
        """Take note that the CSMS can be reached."""
        self.online = True
        self.last_sent = self.t
        self._booting = False
        self.smart.come_back(self.now)
        if self.system.persona.boots_after_reconnect:
            self.booted = False
        if self.booted:
            self.status()
            if self.tx and self.evse.bidirectional is None:
                self._negotiate()
        else:
            self.boot_at = self.t
        self._decide()

    def disconnected(self) -> None:
        """Take note that the CSMS cannot be reached."""
        if self.online:
            self.online = False
            self.outbox.disconnect()
            self.smart.go_offline(self.now)
            self._decide()

    def power_down(self, reason: str) -> None:
        """Lose power: everything stops until ``power_up``."""
        self.powered = False
        self.booted = False
        self.boot_reason = reason
        self.evse.open_contactor()

    def power_up(self) -> None:
        """Start again and report what was interrupted (B11, B12, E16)."""
        self.powered = True
        self.smart.reboot()
        self.boot_at = self.t
        if self.tx and self.system.persona.resumes_transaction:
            trigger = "TxResumed" if self.system.persona.modern else "ResetCommand"
            self.report("Updated", trigger, "Interruption.End", "TxUpdatedMeasurands")
            self._decide()
        elif self.tx:
            self.end_transaction("AbnormalCondition", "Reboot")
            self._begin_at = self.t + PATIENCE

    def press_priority(self) -> None:
        """Let the driver ask for priority charging at the station (K21)."""
        if self.tx is None:
            return
        self.smart.priority = True
        self.smart.version += 1
        payload = {"transactionId": self.tx.id, "activated": True}
        self.send("NotifyPriorityCharging", payload, heard=self._priority_heard)
        self.observer.opted_out(self.system.participant, self.t, confirmed=False)
        self.observer.incident(self.t, self.id, "priority-charging", "driver pressed")
        self._decide()

    def refresh(self) -> None:
        """Follow what has just been ordered or set."""
        self._decide()
        self._plan_samples()

    def _boundary(self) -> float:
        if not self.powered:
            return min(self._minute_end, self.timeline.next)
        return min(
            self._minute_end,
            self.setting.until - self.skew,
            self.timeline.next,
            self._sample_at,
            self._aligned_at,
            self._pull_at,
            self.evse.boundary(self.t),
        )

    def _due(self) -> None:
        while self.timeline.next <= self.t:
            self._act(self.timeline.pop())
        if self.powered:
            self._measure()
            stale = self.now >= self.setting.until
            order = self.evse.order
            if stale or self._version != self.smart.version or order:
                self._decide()
        if self.t >= self._minute_end:
            self._close_minute()

    def _measure(self) -> None:
        if self.t >= self._aligned_at:
            self._aligned_at = self._next_aligned()
            if self.tx is None:
                listed = self.model.measurands("AlignedDataCtrlr", "Measurands")
                self.meter_values(listed, "Sample.Clock")
            elif self.model.text("AlignedDataCtrlr", "SendDuringIdle") != "true":
                self.report("Updated", "MeterValueClock", "Sample.Clock", "Measurands")
        if self.t >= self._sample_at:
            self._sample_at = self._next_sample()
            self.report(
                "Updated",
                "MeterValuePeriodic",
                "Sample.Periodic",
                "TxUpdatedMeasurands",
            )
        if self.t >= self._pull_at:
            self._pull()

    def _close_minute(self) -> None:
        soc = self.vehicle.battery.soc
        plugged = self.evse.vehicle is not None
        self.observer.minute(self.id, self._minute_ws, soc, plugged=plugged)
        told = self.setting.told
        hazard = told is not None and told < 0 and self.evse.watts > HAZARD_W
        if hazard and not self._hazard:
            detail = f"told {told:.0f} W, takes {self.evse.watts:.0f} W"
            self.observer.incident(self.t, self.id, "wrong-direction", detail)
        elif self._hazard and not hazard:
            self.observer.incident(self.t, self.id, "wrong-direction-over", "")
        self._hazard = hazard
        self._minute_ws = 0.0
        self._minute_end += MINUTE
        if self.t >= self._begin_at and self.powered:
            self._begin()
        if self.tx and self.powered:
            self._show_state()

    def _decide(self) -> None:
        if not self.powered:
            return
        started = self.tx.started if self.tx else None
        self.setting = self.smart.setting(self.now, started)
        self._version = self.smart.version
        running = self.tx is not None and self.operative
        self.evse.obey(self.t, self.setting, running=running)
        if self.tx:
            self._show_state()
            self._plan_pull()

    def _show_state(self) -> None:
        if self.tx is None:
            return
        state = self.evse.state(self.t)
        mode_changed = self.tx.mode != self.setting.mode
        if state == self.tx.state and not mode_changed:
            return
        modern = self.system.persona.modern
        trigger = (
            "OperationModeChanged"
            if mode_changed and modern
            else "ChargingStateChanged"
        )
        silent = state == self.tx.state and not modern
        self.tx.state, self.tx.mode = state, self.setting.mode
        if not silent:
            self.report("Updated", trigger, "Other", "TxUpdatedMeasurands")
        if mode_changed:
            self._plan_samples()

    def _v2x_interval(self) -> int:
        return self.model.seconds(
            "V2XChargingCtrlr", "TxUpdatedInterval", "CentralSetpoint"
        )

    def _plan_samples(self) -> None:
        self._sample_at = self._next_sample()
        self._aligned_at = self._next_aligned()

    def _next_sample(self) -> float:
        if self.tx is None or self.model.text("SampledDataCtrlr", "Enabled") != "true":
            return NEVER
        interval = self.model.seconds("SampledDataCtrlr", "TxUpdatedInterval")
        if self.tx.mode == "CentralSetpoint":
            interval = self._v2x_interval() or interval
        return (self.t // interval + 1) * interval if interval else NEVER

    def _next_aligned(self) -> float:
        if self.model.text("AlignedDataCtrlr", "Enabled") != "true":
            return NEVER
        interval = self.model.seconds("AlignedDataCtrlr", "Interval")
        if not interval:
            return NEVER
        midnight = self.t // DAY * DAY
        return midnight + ((self.t - midnight) // interval + 1) * interval

    def _negotiate(self) -> None:
        persona = self.system.persona
        if not persona.charging_needs:
            self.evse.bidirectional = True
            return
        needs = (
            self.vehicle.charging_needs(persona.max_charge_w, self._offer())
            if persona.modern
            else self.vehicle.charging_needs_201(persona.max_charge_w)
        )
        payload: Payload = {"evseId": 1, "chargingNeeds": needs}
        if persona.modern:
            payload["timestamp"] = iso(self.now)
        self.send("NotifyEVChargingNeeds", payload, heard=self._needs_heard)

    def _offer(self) -> int:
        refused = self.evse.bidirectional is False
        persona = self.system.persona
        return 0 if refused or not persona.v2x else persona.max_discharge_w

    def renegotiate(self, *, bidirectional: bool) -> None:
        """Agree the energy transfer anew with the vehicle (Q02.FR.06)."""
        self.evse.bidirectional = None if bidirectional else False
        self._negotiate()
        self._decide()

    def _needs_heard(self, answer: Payload) -> None:
        if self.tx is None or not self.system.persona.modern:
            return
        if answer.get("status") == "Rejected":
            if self.evse.bidirectional is not False:
                self.renegotiate(bidirectional=False)
            return
        self.evse.bidirectional = bool(self._offer())
        agreed = "urn:iso:std:iso:15118:-20:DC,1,0"
        self.model.put("ConnectedEV", 1, "ProtocolAgreed", agreed)
        self._decide()

    def _priority_heard(self, _answer: Payload) -> None:
        self.observer.confirmed(self.system.participant)

    def _booted(self, answer: Payload) -> None:
        self._booting = False
        self.booted = answer.get("status") == "Accepted"
        interval = max(int(answer.get("interval", 0)), 1)
        if not self.booted:
            self.boot_at = self.t + interval
            return
        self.model.put("OCPPCommCtrlr", None, "HeartbeatInterval", str(interval))
        self.boot_reason = "PowerUp"
        self._begin()
        self.status()
        self.refresh()

    def _begin(self) -> None:
        if self._begin_at != NEVER:
            self._begin_at = NEVER
            if self.evse.vehicle is not None and self.tx is None:
                self.plug_in()

    def _keep_in_touch(self) -> None:
        if not self.booted:
            if not self._booting and self.t >= self.boot_at:
                self.boot()
            return
        interval = self.model.seconds("OCPPCommCtrlr", "HeartbeatInterval")
        if interval and self.t - self.last_sent >= interval and not len(self.outbox):
            self.last_sent = self.t
            self.send("Heartbeat", {})

    def _plan_pull(self) -> None:
        governing = self._dynamic()
        if governing is None:
            self._pull_at = NEVER
        elif self._pull_at == NEVER:
            self._pull_at = self.t + governing

    def _dynamic(self) -> float | None:
        if not self.system.persona.pull_updates:
            return None
        for profile in self.smart.profiles.values():
            if profile.kind == "Dynamic" and profile.raw.get("dynUpdateInterval"):
                return float(profile.raw["dynUpdateInterval"])
        return None

    def _pull(self) -> None:
        self._pull_at = NEVER
        for profile in self.smart.profiles.values():
            if profile.kind == "Dynamic" and profile.raw.get("dynUpdateInterval"):
                self._ask_update(profile.id)
        self._plan_pull()

    def _ask_update(self, profile_id: int) -> None:
        def heard(answer: Payload) -> None:
            if answer.get("status") == "Accepted" and "scheduleUpdate" in answer:
                self.smart.update(profile_id, answer["scheduleUpdate"], self.now)
                self._decide()

        if self.online:
            payload = {"chargingProfileId": profile_id}
            self.send("PullDynamicScheduleUpdate", payload, heard=heard)

    def _availability(self, state: str) -> None:
        if not self.operative:
            state = "Unavailable"
        self.model.put("EVSE", 1, "AvailabilityState", state)
        self.status()

    def _act(self, act: Act) -> None:
        act.perform(self)
