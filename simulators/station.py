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

from simulators.cabinet import Cabinet
from simulators.device_model import DeviceModel, build
from simulators.evse import Evse
from simulators.instants import iso
from simulators.minutes import Minutes
from simulators.observer import Observer
from simulators.outbox import Message, Outbox
from simulators.population import System
from simulators.registration import keep_in_touch
from simulators.sampling import Sampling
from simulators.smart_charging import Setting, SmartCharging
from simulators.timeline import Timeline, restart
from simulators.transaction import Transaction
from simulators.vehicle import Vehicle
from simulators.vehicle_talk import forget, introduce, negotiate, pull, pull_interval

Payload = dict[str, Any]
NEVER = float("inf")
PATIENCE = 600.0
RESTART_S = 90.0
CLOCK_AHEAD_S = 2400.0


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
        cabinet: Its books: lists, reservations, certificates, jobs.
        online: Whether the CSMS can be reached.
        booted: Whether the last boot was accepted.
        booting: Whether a boot waits for its answer.
        powered: Whether it runs at all.
        faults: Names of the faults that trouble it now.
        skew: Seconds by which its own clock is ahead.
        operative: Whether it is available for use (G03).
        redials: Whether it is about to connect anew, with a new password (A01).
        reset_on_idle: Whether to start again when the transaction is over (B12).
        boot_reason: What the next BootNotification gives as its reason.
        boot_at: Unix seconds at which it may boot next.
        last_sent: Unix seconds at which it last said something.
        tx: The transaction that runs.
        model: Its variables.
        smart: Its charging profiles.
        evse: Its power electronics, meter and cable.
        sampling: When it reads its meter.
        minutes: Its book of minutes.
        setting: What the profiles say now.
    """

    system: System
    vehicle: Vehicle
    timeline: Timeline
    observer: Observer
    t: float
    outbox: Outbox = field(default_factory=Outbox)
    cabinet: Cabinet = field(default_factory=Cabinet)
    online: bool = False
    booted: bool = False
    booting: bool = False
    powered: bool = True
    faults: set[str] = field(default_factory=set)
    skew: float = 0.0
    operative: bool = True
    redials: bool = False
    reset_on_idle: bool = False
    boot_reason: str = "PowerUp"
    boot_at: float = 0.0
    last_sent: float = 0.0
    tx: Transaction | None = None
    model: DeviceModel = field(init=False)
    smart: SmartCharging = field(init=False)
    evse: Evse = field(init=False)
    sampling: Sampling = field(init=False)
    minutes: Minutes = field(init=False)
    setting: Setting = field(default_factory=Setting)
    _version: int = -1
    _pull_at: float = NEVER
    _begin_at: float = NEVER

    def __post_init__(self) -> None:
        """Switch the station on, with its vehicle at the cable."""
        persona = self.system.persona
        chance = random.Random(f"{self.system.station}/{self.system.seed}")
        self.model = build(persona, self.system.password)
        self.sampling = Sampling(self.model)
        self.smart = SmartCharging(persona)
        self.evse = Evse(persona, chance)
        self.minutes = Minutes(self.id, self.observer, self.t)
        self.observer.enroll(self.system, self.t)
        self.evse.vehicle = self.vehicle
        self._begin_at = self.t + PATIENCE
        if "clock_ahead" in persona.quirks:
            self.skew = CLOCK_AHEAD_S

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
            self.minutes.count(moved)
            self.t = end
            self._due()
        if self.online and self.powered:
            keep_in_touch(self)

    def plug_in(self, trigger: str = "CablePluggedIn") -> None:
        """Connect the vehicle and begin a transaction."""
        self.evse.vehicle = self.vehicle
        self.evse.bidirectional = None
        introduce(self)
        self.occupy()
        if self.operative:
            self.start_transaction(trigger)

    def unplug(self) -> None:
        """Take the vehicle away; this ends the transaction."""
        if self.tx:
            self.end_transaction("EVDeparted", "EVDisconnected")
        self.evse.open_contactor()
        self.evse.vehicle = None
        forget(self)
        self.occupy()

    def occupy(self) -> None:
        """Report whether the EVSE is free, taken or out of service (G01, G03, H01)."""
        free = "Reserved" if self.cabinet.reservations else "Available"
        state = free if self.evse.vehicle is None else "Occupied"
        state = state if self.operative else "Unavailable"
        self.model.put("EVSE", 1, "AvailabilityState", state)
        self.status()

    def start_transaction(self, trigger: str, remote: int | None = None) -> Transaction:
        """Begin a transaction for the vehicle at the cable (E02, E03)."""
        digest = hashlib.sha256(f"{self.id}/{self.t:.3f}".encode()).hexdigest()
        name = "-".join((digest[:8], digest[8:12], digest[12:16], digest[16:28]))
        token = {"idToken": self.system.vehicle_id[:36], "type": "Central"}
        modern = self.system.persona.modern
        tx = Transaction(name, self.now, token, modern, remote_start_id=remote)
        self.tx = tx
        self.cabinet.reservations.clear()
        if remote is None:
            self.send("Authorize", {"idToken": token})
        self.report("Started", trigger, "Transaction.Begin", "TxStartedMeasurands")
        negotiate(self)
        self._decide()
        self.sampling.plan(self.t, self.tx)
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
        self._pull_at = NEVER
        if self.reset_on_idle:
            self.reset_on_idle = False
            restart(self, "RemoteReset", RESTART_S)
        self.sampling.plan(self.t, self.tx)

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
        listed = self.sampling.measurands(measurands, context, self.tx)
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

    def connected(self) -> None:
        """Take note that the CSMS can be reached."""
        self.online = True
        self.last_sent = self.t
        self.booting = False
        self.smart.come_back(self.now)
        if self.system.persona.boots_after_reconnect:
            self.booted = False
        if self.booted:
            self.status()
            if self.tx and self.evse.bidirectional is None:
                negotiate(self)
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
        self.reset_on_idle = False
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

    def begin(self) -> None:
        """Begin the transaction that waited for the station to be up."""
        if self._begin_at != NEVER:
            self._begin_at = NEVER
            if self.evse.vehicle is not None and self.tx is None:
                self.plug_in()

    def refresh(self) -> None:
        """Follow what has just been ordered or set."""
        self._decide()
        self.sampling.plan(self.t, self.tx)

    def _boundary(self) -> float:
        if not self.powered:
            return min(self.minutes.end, self.timeline.next)
        return min(
            self.minutes.end,
            self.setting.until - self.skew,
            self.timeline.next,
            self.sampling.sample_at,
            self.sampling.aligned_at,
            self._pull_at,
            self.evse.boundary(self.t),
        )

    def _due(self) -> None:
        while self.timeline.next <= self.t:
            self.timeline.pop().perform(self)
        if self.powered:
            self._measure()
            stale = self.now >= self.setting.until
            order = self.evse.order
            if stale or self._version != self.smart.version or order:
                self._decide()
        if self.t >= self.minutes.end:
            self._close_minute()

    def _measure(self) -> None:
        aligned = self.t >= self.sampling.aligned_at
        sampled = self.t >= self.sampling.sample_at
        if not (aligned or sampled or self.t >= self._pull_at):
            return
        self.sampling.plan(self.t, self.tx)
        if aligned:
            self._report_aligned()
        if sampled:
            listed = "TxUpdatedMeasurands"
            self.report("Updated", "MeterValuePeriodic", "Sample.Periodic", listed)
        if self.t >= self._pull_at:
            self._pull_at = self.t + pull_interval(self)
            pull(self)

    def _report_aligned(self) -> None:
        if self.tx is None:
            listed = self.model.measurands("AlignedDataCtrlr", "Measurands")
            self.meter_values(listed, "Sample.Clock")
        elif self.model.text("AlignedDataCtrlr", "SendDuringIdle") != "true":
            self.report("Updated", "MeterValueClock", "Sample.Clock", "Measurands")

    def _close_minute(self) -> None:
        self.minutes.close(self.evse, self.vehicle, self.setting.told)
        if self.t >= self._begin_at and self.powered:
            self.begin()
        if self.tx and self.powered:
            self._show_state()

    def _decide(self) -> None:
        if not self.powered:
            return
        started = self.tx.started if self.tx else None
        self.setting = self.smart.setting(self.now, started)
        self._version = self.smart.version
        running = self.tx is not None
        self.evse.obey(self.t, self.setting, running=running)
        if self.tx:
            self._show_state()
            interval = pull_interval(self)
            if NEVER in (interval, self._pull_at):
                self._pull_at = self.t + interval

    def _show_state(self) -> None:
        if self.tx is None:
            return
        state = self.evse.state(self.t)
        mode_changed = self.tx.mode != self.setting.mode
        if state == self.tx.state and not mode_changed:
            return
        modern = self.system.persona.modern
        what = "OperationMode" if mode_changed and modern else "ChargingState"
        silent = state == self.tx.state and not modern
        self.tx.state, self.tx.mode = state, self.setting.mode
        if not silent:
            self.report("Updated", f"{what}Changed", "Other", "TxUpdatedMeasurands")
        if mode_changed:
            self.sampling.plan(self.t, self.tx)
