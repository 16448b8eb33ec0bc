"""What has changed, for people who watch: facts by number, EVSEs by name.

A watcher takes what is new whenever it is ready. What it has not taken yet is a set of
names, never larger than the fleet, so the slowest watcher costs nobody anything.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from csms.domain.ids import EvseId
from csms.domain.live import LiveEvse
from csms.services.live import LiveFleet
from csms.services.ports.facts import Fact
from csms.services.ports.work import Begin

MOST_FACTS = 200
MOST_WATCHERS = 200


class TooManyWatchers(Exception):
    """Nobody else can watch at the moment."""


@dataclass(slots=True)
class Watcher:
    """One who watches.

    Attributes:
        last_fact: The number of the last fact it has taken.
    """

    last_fact: int
    _changed: set[EvseId] = field(default_factory=set)

    def tell(self, evse: EvseId) -> None:
        """Note that an EVSE has changed."""
        self._changed.add(evse)

    def take(self) -> Sequence[EvseId]:
        """Return which EVSEs have changed since the last time, by id."""
        changed, self._changed = self._changed, set()
        return sorted(changed)


class Feed:
    """Tells watchers what changes.

    Args:
        begin: Begins a unit of work.
        live: What every EVSE is doing now.
    """

    def __init__(self, begin: Begin, live: LiveFleet) -> None:
        self._begin = begin
        self._watchers: list[Watcher] = []
        live.subscribe(self._changed)

    @property
    def watchers(self) -> int:
        """Return how many watch now."""
        return len(self._watchers)

    @contextmanager
    def watching(self, last_fact: int) -> Iterator[Watcher]:
        """Give a watcher that knows everything up to a fact.

        Raises:
            TooManyWatchers: If there are too many already.
        """
        if len(self._watchers) >= MOST_WATCHERS:
            raise TooManyWatchers
        watcher = Watcher(last_fact)
        self._watchers.append(watcher)
        try:
            yield watcher
        finally:
            self._watchers = [each for each in self._watchers if each is not watcher]

    async def facts(self, watcher: Watcher) -> Sequence[Fact]:
        """Return the facts that a watcher has not taken yet, oldest first."""
        async with self._begin() as work:
            found = await work.facts.after(watcher.last_fact, MOST_FACTS)
        if found:
            watcher.last_fact = found[-1].id
        return found

    def _changed(self, _before: LiveEvse, after: LiveEvse) -> None:
        for watcher in self._watchers:
            watcher.tell(after.evse)
