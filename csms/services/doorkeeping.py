"""Who may open a socket as which station: passwords, and the memory of right ones."""

import asyncio
import hashlib
import hmac
import secrets
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from enum import Enum, auto
from functools import partial
from typing import Protocol, TypeVar

import structlog
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from csms.domain.ids import StationId
from csms.services.ports.work import Begin

log = structlog.get_logger()

THREADS = 2
R = TypeVar("R")


class Admission(Enum):
    """What a station at the door is told."""

    ADMITTED = auto()
    UNKNOWN_STATION = auto()
    WRONG_PASSWORD = auto()
    BAD_CERTIFICATE = auto()


class Passwords:
    """Hashes and verifies station passwords with argon2, off the event loop.

    Station passwords are long and random (A00.FR.205), so one costs milliseconds and
    not a second: two thousand stations may come at once.
    """

    def __init__(self) -> None:
        self._hasher = PasswordHasher(time_cost=2, memory_cost=8192, parallelism=1)
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="argon2")

    async def hash(self, password: str) -> str:
        """Return the hash of a password, salted anew each time."""
        return await self._run(partial(self._hasher.hash, password))

    async def verify(self, kept: str, password: str) -> bool:
        """Tell whether the password is the one that was hashed."""
        return await self._run(partial(self._matches, kept, password))

    def close(self) -> None:
        """End the threads; what waits for them is not done."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _matches(self, kept: str, password: str) -> bool:
        try:
            return self._hasher.verify(kept, password)
        except (VerificationError, InvalidHashError):
            return False

    async def _run(self, work: Callable[[], R]) -> R:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)


class Confirming(Protocol):
    """Whoever is told with which of several passwords a station came in."""

    async def came_with_new(self, station: StationId, new_hash: str) -> None:
        """Make the new password the only one, for good."""
        ...

    def came_with_old(self, station: StationId) -> None:
        """Take note that the old one is still in use; it never blocks nor raises."""
        ...


class Doorkeeper:
    """Knows the stations and their passwords.

    It remembers a keyed digest of every password that was right, so that a fleet that
    comes back at once costs one digest for each station and not one argon2.

    While a password is being changed, the old one and the new one open the door (A01):
    nobody can know which of them the station holds until it comes in with one.

    Args:
        begin: Begins a unit of work.
        passwords: Verifies what is not remembered.
    """

    def __init__(self, begin: Begin, passwords: Passwords) -> None:
        self._begin = begin
        self._passwords = passwords
        self._key = secrets.token_bytes(32)
        self._hashes: dict[StationId, str] = {}
        self._open: dict[StationId, tuple[str, ...]] = {}
        self._right: dict[StationId, bytes] = {}
        self.confirming: Confirming | None = None

    async def load(self) -> None:
        """Learn every station's passwords, in force and on their way."""
        async with self._begin() as work:
            self.learn(await work.stations.password_hashes())
            rotations = await work.security.rotations(opened=True)
        for station in {each.station for each in rotations}:
            hashes = [each.new_hash for each in rotations if each.station == station]
            self.learn_open(station, hashes)

    def learn(self, hashes: Mapping[StationId, str]) -> None:
        """Take note of new or changed password hashes; old passwords are forgotten."""
        for station, kept in hashes.items():
            if self._hashes.get(station) != kept:
                self._hashes[station] = kept
                self._right.pop(station, None)

    def learn_open(self, station: StationId, hashes: Sequence[str]) -> None:
        """Take note of the passwords on their way to a station; none ends that."""
        if hashes:
            self._open[station] = tuple(hashes)
        else:
            self._open.pop(station, None)
        self._right.pop(station, None)

    async def admit(
        self, station: StationId, password: str | None, remote: str
    ) -> Admission:
        """Return whether the station may come in.

        Args:
            station: Who it says it is.
            password: What it offers as proof, if anything.
            remote: The address it comes from; passwords are the same from anywhere.
        """
        del remote
        kept = self._hashes.get(station)
        if kept is None:
            return Admission.UNKNOWN_STATION
        if password is None:
            return Admission.WRONG_PASSWORD
        digest = hmac.digest(self._key, password.encode(), hashlib.sha256)
        if hmac.compare_digest(self._right.get(station, b""), digest):
            return Admission.ADMITTED
        under_way = self._open.get(station, ())
        if not await self._passwords.verify(kept, password):
            return await self._admit_new(station, password, under_way)
        if under_way:
            if self.confirming is not None:
                self.confirming.came_with_old(station)
        elif self._hashes.get(station) == kept:
            self._right[station] = digest
        return Admission.ADMITTED

    async def _admit_new(
        self, station: StationId, password: str, under_way: Sequence[str]
    ) -> Admission:
        for each in under_way:
            if await self._passwords.verify(each, password):
                break
        else:
            return Admission.WRONG_PASSWORD
        try:
            if self.confirming is not None:
                await self.confirming.came_with_new(station, each)
        except Exception:  # the station has proven itself; the rest can wait
            log.exception("password.not_confirmed", station=station)
        return Admission.ADMITTED
