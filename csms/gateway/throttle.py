"""How fast connections and wrong passwords may come."""

from collections import OrderedDict
from dataclasses import dataclass
from math import ceil

REMEMBERED = 10_000
"""How many addresses, stations and pairs of them are remembered, each."""


class Pace:
    """A limit on new connections per second, with room for a burst.

    Told the time by its caller, on any timeline that only moves forward.
    """

    __slots__ = ("_burst", "_filled", "_rate", "_refused", "_tokens")

    def __init__(self, rate: float, burst: int) -> None:
        self._rate = rate
        self._burst = float(burst)
        self._tokens = float(burst)
        self._filled = 0.0
        self._refused = 0

    def take(self, now: float) -> int:
        """Return 0 if one more may come in, or the seconds after which to retry.

        Those who are refused together are asked back one after the other, so that
        a storm does not return as a storm.
        """
        gained = max(now - self._filled, 0.0) * self._rate
        self._tokens = min(self._burst, self._tokens + gained)
        self._filled = now
        if self._tokens >= 1:
            self._tokens -= 1
            self._refused = 0
            return 0
        self._refused += 1
        return min(ceil(self._refused / self._rate), 30)


@dataclass(frozen=True, slots=True)
class Slowing:
    """How much slower each further failure makes the next attempt.

    Attributes:
        free: Failures that cost nothing.
        most: Seconds of delay that are never exceeded.
        forget: Seconds without a failure after which all are forgotten.
    """

    free: int
    most: float
    forget: float = 600.0

    def delay(self, failures: int) -> float:
        """Return the seconds to wait after so many failures: 1, 2, 4 and so on."""
        over = failures - self.free
        return 0.0 if over <= 0 else min(2.0 ** min(over - 1, 10), self.most)


PAIR = Slowing(free=3, most=60.0)
ADDRESS = Slowing(free=20, most=10.0)
STATION = Slowing(free=10, most=2.0)


class Failures:
    """Wrong passwords, counted per key; the longest unheard of are forgotten."""

    __slots__ = ("_counted", "_slowing")

    def __init__(self, slowing: Slowing) -> None:
        self._slowing = slowing
        self._counted: OrderedDict[tuple[str, str], tuple[int, float]] = OrderedDict()

    def left(self, key: tuple[str, str], now: float) -> float:
        """Return how many seconds of delay are left for the key."""
        failures, last = self._counted.get(key, (0, now))
        return max(0.0, last + self._slowing.delay(failures) - now)

    def delay(self, key: tuple[str, str], now: float) -> float:
        """Return the whole delay that the key's failures earn, if not forgotten."""
        failures, last = self._counted.get(key, (0, now))
        forgotten = now - last > self._slowing.forget
        return 0.0 if forgotten else self._slowing.delay(failures)

    def count(self, key: tuple[str, str], now: float) -> None:
        """Count one failure."""
        failures, last = self._counted.pop(key, (0, now))
        kept = 0 if now - last > self._slowing.forget else failures
        self._counted[key] = (kept + 1, now)
        if len(self._counted) > REMEMBERED:
            self._counted.popitem(last=False)

    def forgive(self, key: tuple[str, str]) -> None:
        """Forget the failures of the key."""
        self._counted.pop(key, None)


class Throttle:
    """Slows the guessing of passwords, without locking anyone out.

    Guesses from one address at one station, and from one address at any, are put
    off for growing times. Guesses at one station from many addresses are made to
    wait a little before they are looked at: putting them off would let an attacker
    keep the station itself out. An address from which the station came in before
    is only slowed by its own failures there.
    """

    __slots__ = ("_addresses", "_known", "_pairs", "_stations")

    def __init__(self) -> None:
        self._pairs = Failures(PAIR)
        self._addresses = Failures(ADDRESS)
        self._stations = Failures(STATION)
        self._known: OrderedDict[str, str] = OrderedDict()

    def put_off(self, station: str, remote: str, now: float) -> int:
        """Return the seconds for which an attempt is put off, or 0."""
        left = self._pairs.left((station, remote), now)
        if self._known.get(station) != remote:
            left = max(left, self._addresses.left(("", remote), now))
        return ceil(left)

    def drag(self, station: str, remote: str, now: float) -> float:
        """Return the seconds that an attempt waits before it is looked at."""
        if self._known.get(station) == remote:
            return 0.0
        return self._stations.delay((station, ""), now)

    def failed(self, station: str, remote: str, now: float) -> None:
        """Count a wrong password."""
        self._pairs.count((station, remote), now)
        self._addresses.count(("", remote), now)
        self._stations.count((station, ""), now)

    def missed(self, remote: str, now: float) -> None:
        """Count an attempt at a station that does not exist."""
        self._addresses.count(("", remote), now)

    def passed(self, station: str, remote: str) -> None:
        """Count a right password: the station is at home at this address."""
        self._pairs.forgive((station, remote))
        self._known.pop(station, None)
        self._known[station] = remote
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
