"""Changes passwords of stations without ever locking one out (A01)."""

import secrets
import string
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import structlog

from csms.clock import Clock, pause
from csms.domain.errors import Broken, Conflict, DomainError
from csms.domain.ids import StationId
from csms.domain.security import (
    PasswordRotation,
    RotationState,
    SecurityProfile,
    StationSecurity,
)
from csms.domain.station import Variable, VariableKey
from csms.services.doorkeeping import Passwords
from csms.services.ports.security import Connections, DoorCodes
from csms.services.ports.wire import (
    DeviceModelWire,
    NoAnswer,
    RefusedByStation,
    VariableSetting,
)
from csms.services.ports.work import Begin
from csms.services.reception import UnknownStation
from csms.services.stations import StationBook

log = structlog.get_logger()

KEY: Final = VariableKey("SecurityCtrlr", "BasicAuthPassword")
"""One variable for all ways to connect: a station of 2.1 sets it in each of its slots
(B09.FR.27), and that of a slot in use must not be set by itself (B09.FR.21)."""

SHORTEST, LONGEST = 16, 40
"""Characters of a password (A00.FR.205, A00.FR.304)."""

MOST_OPEN: Final = 3
"""Passwords that may be on their way to one station at once."""

RETRY: Final = timedelta(days=1)
"""Before a change is tried again that nobody asked for."""

SYSTEM: Final = "system"
_LETTERS = string.ascii_letters + string.digits


class RotationUnderWay(Conflict):
    """The password of this station is being changed already."""

    code = "rotation-under-way"


class StationAway(Conflict):
    """The station is not connected."""

    code = "station-away"
    usual_remedy = "try again once it is connected"


@dataclass(frozen=True, slots=True)
class RotationPolicy:
    """When passwords are changed, and when the old one ends.

    Attributes:
        strict: End the old password as soon as the station says that it has taken the
            new one (A01.FR.03, to the letter). Otherwise it ends when the station
            first comes in with the new one, which is made to happen at once: a station
            that loses power between its answer and its memory is not locked out.
        max_age: Change every password that is older; None changes none by itself.
        every_s: Real seconds between two looks at what is due.
    """

    strict: bool = False
    max_age: timedelta | None = None
    every_s: float = 60.0


class PasswordRotations:
    """Changes passwords, one step after the other, each kept before the next.

    A crash at any step leaves both passwords valid: the hash of the new one is kept
    before it is sent, and that of the old one until the station has come in with the
    new one, or has refused it. The new password itself is in memory only, for as long
    as it takes to send it.

    Args:
        clock: Where business time comes from.
        begin: Begins a unit of work.
        book: What is known of every station.
        codes: Told which passwords open which door.
        passwords: Hashes them.
        model: Sets variables of stations.
        connections: Closes sockets, so that stations come in with the new password.
        policy: When passwords are changed, and when the old one ends.
        is_busy: Tells whether a station must not be disturbed now.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - it stands between all of these
        self,
        clock: Clock,
        begin: Begin,
        book: StationBook,
        codes: DoorCodes,
        passwords: Passwords,
        model: DeviceModelWire,
        connections: Connections,
        *,
        policy: RotationPolicy,
        is_busy: Callable[[StationId], bool],
    ) -> None:
        self._clock = clock
        self._begin = begin
        self._book = book
        self._codes = codes
        self._passwords = passwords
        self._model = model
        self._connections = connections
        self._policy = policy
        self._is_busy = is_busy
        self._under_way: set[StationId] = set()
        self._old_seen: set[StationId] = set()
        self._tried: dict[StationId, datetime] = {}

    @property
    def max_age(self) -> timedelta | None:
        """Return how old a password gets; None if none is changed by itself."""
        return self._policy.max_age

    async def rotate(self, station: StationId, by: str) -> PasswordRotation:
        """Give a station a new password; return how far that came.

        Raises:
            UnknownStation: If no such station is in the registry.
            StationAway: If it is not connected.
            RotationUnderWay: If its password is being changed already.
            Broken: If it takes no password that is long enough.
        """
        if self._book.station(station) is None:
            raise UnknownStation(f"there is no station {station}")
        if not self._connections.is_connected(station):
            raise StationAway(remedy="wait until it is connected")
        if station in self._under_way:
            raise RotationUnderWay
        self._under_way.add(station)
        try:
            return await self._rotate(station, by)
        finally:
            self._under_way.discard(station)

    async def offer(self, station: StationId, by: str) -> str:
        """Return a new password, to be put into a slot that is not in use (B09.FR.14).

        It opens the door from now on, and alone once the station has come in with it.

        Raises:
            RotationUnderWay: If too many are on their way already.
            Broken: If the station takes no password that is long enough.
        """
        password = await self._new_password(station)
        new_hash = await self._passwords.hash(password)
        number = await self._prepare(station, new_hash, by)
        reason = "in a slot that it has not come in by yet"
        await self._turn(station, number, RotationState.UNANSWERED, reason, by)
        return password

    async def history(self, station: StationId) -> Sequence[PasswordRotation]:
        """Return every change of a station's password, youngest first."""
        async with self._begin() as work:
            return await work.security.rotations(station)

    async def came_with_new(self, station: StationId, new_hash: str) -> None:
        """Make the new password the only one (the port ``Confirming``)."""
        await self._confirm(station, new_hash)

    def came_with_old(self, station: StationId) -> None:
        """Take note that a station still uses its old password."""
        self._old_seen.add(station)
        log.warning("password.old_in_use", station=station)

    async def start(self) -> None:
        """Say of what a former process may have sent that nobody knows its end."""
        async with self._begin() as work:
            for each in await work.security.rotations(opened=True):
                if each.state is RotationState.PREPARED:
                    await work.security.turn_rotation(
                        each.id,
                        RotationState.UNANSWERED,
                        "this system was stopped while it was sent",
                        self._clock.now(),
                    )

    async def run(self) -> None:
        """Change what is due, and finish what is open, for ever."""
        await self.start()
        while True:
            await self.step()
            await pause(self._policy.every_s)

    async def step(self) -> None:
        """Have stations come in with their new passwords; change one old password."""
        async with self._begin() as work:
            opened = await work.security.rotations(opened=True)
            doors = {each.station: each for each in await work.security.doors()}
        for each in opened:
            if each.state is RotationState.ACCEPTED:
                self._summon(each.station)
        if self._policy.max_age is None:
            return
        waiting = {each.station for each in opened}
        for station in (each.id for each in self._book.stations()):
            if station in waiting or not self._is_due(station, doors.get(station)):
                continue
            if self._connections.is_connected(station):
                self._tried[station] = self._clock.now()
                with suppress(DomainError):
                    await self.rotate(station, SYSTEM)
                return

    def _is_due(self, station: StationId, door: StationSecurity | None) -> bool:
        """Tell whether a password is too old, and was not tried a short while ago."""
        if self._policy.max_age is None or self._is_busy(station):
            return False
        now = self._clock.now()
        if now < self._tried.get(station, now - RETRY) + RETRY:
            return False
        if door is None:
            return True
        if door.last_profile is SecurityProfile.MUTUAL:
            return False
        return (
            door.password_at is None or now >= door.password_at + self._policy.max_age
        )

    # One change

    async def _rotate(self, station: StationId, by: str) -> PasswordRotation:
        password = await self._new_password(station)
        new_hash = await self._passwords.hash(password)
        number = await self._prepare(station, new_hash, by)
        state, reason = await self._send(station, password)
        turned = await self._turn(station, number, state, reason, by)
        if turned and state is RotationState.ACCEPTED:
            if self._policy.strict:
                await self._confirm(station, new_hash)
            elif "reboot" not in reason:
                self._summon(station)
        return await self._shown(station, number)

    async def _prepare(self, station: StationId, new_hash: str, by: str) -> int:
        """Keep a new password, and let it open the door, before it is sent."""
        now = self._clock.now()
        async with self._begin() as work:
            opened = await work.security.rotations(station, opened=True)
            if len(opened) >= MOST_OPEN:
                raise RotationUnderWay(
                    f"{len(opened)} new passwords are on their way to {station}",
                    remedy="wait until it comes in with one of them",
                )
            number = await work.security.begin_rotation(station, new_hash, by, now)
            await work.access.audit(by, "password.rotating", station, {}, now)
        await self._learn(station)
        return number

    async def _send(
        self, station: StationId, password: str
    ) -> tuple[RotationState, str]:
        """Set the variable (A01.FR.02); return what came of it."""
        setting = VariableSetting(KEY, password)
        try:
            [result] = await self._model.set_variables(station, [setting])
        except NoAnswer as error:
            return RotationState.UNANSWERED, f"no answer: {error.kind}"
        except RefusedByStation as error:
            return RotationState.REFUSED, f"{error.code} {error.description}".strip()
        if not result.accepted:
            return RotationState.REFUSED, f"{result.status} {result.info}".strip()
        needs_reboot = result.status == "RebootRequired"
        return RotationState.ACCEPTED, "after a reboot" if needs_reboot else ""

    async def _turn(
        self,
        station: StationId,
        rotation: int,
        state: RotationState,
        reason: str,
        by: str,
    ) -> bool:
        """Keep what came of it, unless the station has come in with it meanwhile."""
        now = self._clock.now()
        async with self._begin() as work:
            turned = await work.security.turn_rotation(rotation, state, reason, now)
            if turned:
                said = {"state": state.value, "reason": reason}
                await work.access.audit(by, "password.sent", station, said, now)
        await self._learn(station)
        log.info("password.sent", station=station, state=state.value, reason=reason)
        return turned

    async def _confirm(self, station: StationId, new_hash: str) -> None:
        now = self._clock.now()
        async with self._begin() as work:
            done = await work.security.confirm_password(station, new_hash, now)
            if done:
                await work.access.audit(SYSTEM, "password.changed", station, {}, now)
        if done:
            self._codes.learn({station: new_hash})
            self._old_seen.discard(station)
            log.info("password.changed", station=station)
        await self._learn(station)

    async def _learn(self, station: StationId) -> None:
        async with self._begin() as work:
            opened = await work.security.rotations(station, opened=True)
        self._codes.learn_open(station, [each.new_hash for each in opened])

    async def _shown(self, station: StationId, rotation: int) -> PasswordRotation:
        found = await self.history(station)
        return next(each for each in found if each.id == rotation)

    def _summon(self, station: StationId) -> None:
        """Have a station come in anew, with its new password.

        Not while it holds an event, and not if it came in with the old one since: it
        may need a reboot first.
        """
        if station in self._old_seen or self._is_busy(station):
            return
        if self._connections.is_connected(station):
            self._connections.hang_up(station, "come in with the new password")

    async def _new_password(self, station: StationId) -> str:
        """Return a random password, as long as the station takes (A01.FR.06, .07)."""
        async with self._begin() as work:
            variables = await work.models.variables(station)
        longest = min(LONGEST, _limit(variables))
        if longest < SHORTEST:
            raise Broken(
                f"{station} takes passwords of at most {longest} characters, and "
                f"{SHORTEST} are the least that is safe (A00.FR.205)",
                remedy="ask its maker",
            )
        return "".join(secrets.choice(_LETTERS) for _ in range(longest))


def _limit(variables: Sequence[Variable]) -> int:
    """Return how many characters of a password the station says that it takes."""
    for each in variables:
        if each.key == KEY and each.characteristics:
            with suppress(KeyError, TypeError, ValueError, OverflowError):
                return int(float(each.characteristics["maxLimit"]))
    return LONGEST
