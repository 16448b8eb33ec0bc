"""A station's own idea of its schedule, written apart from the system under test.

Within a purpose the highest stack level that speaks wins; a TxProfile that speaks
overrules TxDefaultProfiles, a PriorityCharging profile overrules both while it is
activated; across purposes the lowest limit applies. Where nothing speaks there is
no limit: the station charges as fast as it can (K01, K08, Q11).
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from simulators.persona import Persona
from simulators.profile_rules import Proposal, Refusal, refuse, refuse_parsed
from simulators.profiles import FOREVER, Payload, Profile, parse

SURVIVES_REBOOT = ("ChargingStationMaxProfile", "TxDefaultProfile", "PriorityCharging")


@dataclass(frozen=True, slots=True)
class Setting:
    """What the station is to do now.

    Attributes:
        limit: Greatest import in watts; infinite where nothing limits it.
        setpoint: Signed power to follow, negative to the grid, or none.
        mode: The operation mode (2.1 words, used for both editions).
        until: Unix seconds until which this holds.
        told: What the deciding period said, in watts, for stations that echo.
    """

    limit: float = FOREVER
    setpoint: float | None = None
    mode: str = "ChargingOnly"
    until: float = FOREVER
    told: float | None = None


@dataclass(slots=True)
class SmartCharging:
    """The profiles of one station with one EVSE.

    Attributes:
        persona: The make.
        profiles: What is installed, by profile id.
        version: Counts changes, so that a cached setting can be thrown away.
        offline_since: When the connection was lost, as the station noticed.
        priority: Whether the driver or the CSMS activated priority charging.
    """

    persona: Persona
    profiles: dict[int, Profile] = field(default_factory=dict)
    version: int = 0
    offline_since: float | None = None
    priority: bool = False

    def install(
        self, evse: int, raw: Payload, transaction: str | None, now: float
    ) -> Refusal | None:
        """Take a profile, or return why not; the same id replaces (K01.FR.05)."""
        held = self.profiles.values()
        proposal = Proposal(evse, raw, self.persona, transaction, held)
        if refusal := refuse(proposal):
            return refusal
        profile = parse(evse, raw, now)
        if refusal := refuse_parsed(profile, held, self.persona.max_profiles):
            return refusal
        self.profiles[profile.id] = profile
        self.version += 1
        return None

    def update(self, profile_id: int, change: Payload, now: float) -> Refusal | None:
        """Take an UpdateDynamicSchedule; the watchdog starts again (K28)."""
        profile = self.profiles.get(profile_id)
        if profile is None or profile.kind != "Dynamic":
            return Refusal("InvalidProfile", "no such dynamic profile (K28.FR.12)")
        profile.update(now, change)
        self.version += 1
        return None

    def clear(self, matches: Callable[[Profile], bool]) -> int:
        """Remove the profiles that match and return how many there were (K10)."""
        gone = [profile.id for profile in self.profiles.values() if matches(profile)]
        for profile_id in gone:
            del self.profiles[profile_id]
        self.version += bool(gone)
        return len(gone)

    def end_transaction(self) -> None:
        """Forget what died with the transaction (K01)."""
        self.priority = False
        self.clear(lambda profile: profile.purpose == "TxProfile")

    def reboot(self) -> None:
        """Forget what does not survive a reboot (K01.FR.27; 2.1: .56 to .59)."""
        if self.persona.modern and not self.persona.keeps_profiles_over_reboot:
            self.clear(lambda profile: profile.purpose not in SURVIVES_REBOOT)

    def go_offline(self, now: float) -> None:
        """Remember since when the CSMS cannot be reached (Q11)."""
        self.offline_since = now
        self.version += 1

    def come_back(self, now: float) -> None:
        """Reactivate what was suspended, except what must be sent again (Q12)."""
        if self.offline_since is None:
            return
        for profile in self.profiles.values():
            over = now - self.offline_since >= profile.max_offline
            if over and profile.raw.get("invalidAfterOfflineDuration"):
                profile.dead = True
        self.offline_since = None
        self.version += 1

    def setting(self, t: float, tx_start: float | None) -> Setting:
        """Return what holds at an instant, and until when."""
        until = min(
            (
                self._boundary(profile, t, tx_start)
                for profile in self.profiles.values()
            ),
            default=FOREVER,
        )
        governing = self._governing(t, tx_start)
        setting = (
            Setting()
            if governing is None
            else self._read(governing, self._period(governing, t, tx_start))
        )
        station = self._winner(t, tx_start, ("ChargingStationMaxProfile",))
        if station is not None:
            cap = self._read(station, self._period(station, t, tx_start)).limit
            setting = _capped(setting, cap)
        return replace(setting, until=until)

    def composite(
        self, t: float, seconds: float, tx_start: float | None
    ) -> list[tuple[float, Setting]]:
        """Return the settings of a stretch of time, each with its start (K08)."""
        plan: list[tuple[float, Setting]] = []
        at, end = t, t + seconds
        while at < end and len(plan) < 1000:  # noqa: PLR2004
            setting = self.setting(at, tx_start)
            same = plan and replace(plan[-1][1], until=0) == replace(setting, until=0)
            if not same:
                plan.append((at, setting))
            at = setting.until
        return plan

    def _governing(self, t: float, tx_start: float | None) -> Profile | None:
        if self.priority:
            return self._winner(t, tx_start, ("PriorityCharging",))
        return self._winner(t, tx_start, ("TxProfile",)) or self._winner(
            t, tx_start, ("TxDefaultProfile",)
        )

    def _winner(
        self, t: float, tx_start: float | None, purposes: Iterable[str]
    ) -> Profile | None:
        speaking = (
            profile
            for profile in self.profiles.values()
            if profile.purpose in purposes
            and self._period(profile, t, tx_start) is not None
            and not self._deaf(profile, t, tx_start)
        )
        return max(speaking, key=lambda p: (p.stack, p.evse), default=None)

    def _period(
        self, profile: Profile, t: float, tx_start: float | None
    ) -> Payload | None:
        if self._suspended(profile, t):
            return None
        return profile.speaks(t, tx_start)

    def _suspended(self, profile: Profile, t: float) -> bool:
        return (
            self.offline_since is not None
            and t >= self.offline_since + profile.max_offline
        )

    def _boundary(self, profile: Profile, t: float, tx_start: float | None) -> float:
        boundary = profile.boundary(t, tx_start)
        if self.offline_since is not None:
            lost = self.offline_since + profile.max_offline
            if lost > t:
                boundary = min(boundary, lost)
        return boundary

    def _deaf(self, profile: Profile, t: float, tx_start: float | None) -> bool:
        if self.persona.negative_limit != "ignore":
            return False
        period = self._period(profile, t, tx_start)
        return period is not None and period.get("limit", 0) < 0

    def _watts(self, profile: Profile, value: float, period: Payload) -> float:
        if profile.unit == "W":
            return value
        phases = float(period.get("numberPhases", 3))
        return value * self.persona.volts * phases

    def _read(self, profile: Profile, period: Payload | None) -> Setting:
        if period is None:
            return Setting()
        mode = period.get("operationMode", "ChargingOnly")
        if mode == "Idle":
            return Setting(limit=0.0, setpoint=0.0, mode=mode, told=0.0)
        if mode.startswith("Central"):
            watts = self._watts(profile, period["setpoint"], period)
            return Setting(setpoint=watts, mode=mode, told=watts)
        if "limit" not in period:
            return Setting()
        told = self._watts(profile, period["limit"], period)
        return replace(self._limit(profile, told), told=told)

    def _limit(self, profile: Profile, watts: float) -> Setting:
        if watts == 0.0 and self.persona.zero_limit_discharges:
            return Setting(setpoint=-float(self.persona.max_discharge_w))
        if watts >= 0.0:
            return Setting(limit=watts)
        meaning = self.persona.negative_limit
        if profile.purpose not in self.persona.negative_in:
            meaning = "clamp"
        match meaning:
            case "discharge":
                return Setting(setpoint=watts, mode="CentralSetpoint")
            case "absolute":
                return Setting(limit=-watts)
            case "full_charge":
                return Setting()
            case _:
                return Setting(limit=0.0)


def _capped(setting: Setting, cap: float) -> Setting:
    if setting.setpoint is None:
        told = cap if setting.told is None else min(setting.told, cap)
        return replace(setting, limit=min(setting.limit, cap), told=told)
    return replace(setting, limit=cap, setpoint=min(setting.setpoint, cap))
