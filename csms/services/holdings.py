"""What every EVSE was last given for an event, since when, and how often it was tried.

Memory of the dispatcher, in step with the database; it decides nothing and waits for
nothing.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from csms.clock import Clock
from csms.domain.ids import EvseId
from csms.domain.interval import Interval
from csms.services.echoes import until
from csms.services.ports.profiles import HELD, Intent, IntentState

TAKEN = HELD - {IntentState.SENT, IntentState.UNKNOWN}
"""States in which the station has said yes."""

_PROVEN = frozenset({IntentState.ECHOED, IntentState.OBEYED})


class Holdings:
    """Keeps one intent for each EVSE, and what belongs to it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._intents: dict[EvseId, Intent] = {}
        self._given: dict[EvseId, datetime] = {}
        self._alive: dict[EvseId, datetime] = {}
        self._tries: dict[tuple[EvseId, str], int] = {}
        self._hidden: dict[EvseId, int] = {}
        self._most: dict[EvseId, int] = {}
        self._tried_at: dict[EvseId, datetime] = {}

    def load(self, intents: Iterable[Intent]) -> None:
        """Take what was given before this process was."""
        for intent in intents:
            self._intents[intent.evse] = intent
            self._given[intent.evse] = intent.updated_at

    def get(self, evse: EvseId) -> Intent | None:
        """Return what the EVSE was last given."""
        return self._intents.get(evse)

    def all(self) -> list[EvseId]:
        """Return the EVSEs that may hold a profile."""
        return [evse for evse, each in self._intents.items() if each.state in HELD]

    def holds(self, evse: EvseId) -> bool:
        """Tell whether the EVSE may hold a profile."""
        intent = self._intents.get(evse)
        return intent is not None and intent.state in HELD

    def keep(self, intent: Intent) -> None:
        """Take a new state."""
        evse = intent.evse
        self._intents[evse] = intent
        if intent.state is IntentState.ACCEPTED:
            self.begin(evse)
            self._alive[evse] = self._clock.now()
        if intent.state in _PROVEN:
            self._tries.pop((evse, intent.fingerprint), None)
            self._hidden.pop(evse, None)
        if intent.state not in (IntentState.SENT, IntentState.UNKNOWN):
            self._most.pop(evse, None)

    # -- since when -----------------------------------------------------------------

    def given_at(self, evse: EvseId) -> datetime | None:
        """Return since when the EVSE is known to hold what it holds."""
        return self._given.get(evse)

    def begin(self, evse: EvseId) -> None:
        """Count from now: only from here on can it be blamed for what it does."""
        self._given[evse] = self._clock.now()

    def refresh(self, evse: EvseId, watchdog: timedelta) -> None:
        """Take note that a Dynamic profile was told again; it may have lapsed."""
        if not self.is_alive(evse, watchdog):
            self._given[evse] = self._clock.now()
        self._alive[evse] = self._clock.now()

    def is_alive(self, evse: EvseId, watchdog: timedelta) -> bool:
        """Tell whether a Dynamic profile was told within its watchdog."""
        last = self._alive.get(evse)
        return last is not None and self._clock.now() - last < watchdog

    # -- how often ------------------------------------------------------------------

    def tries(self, evse: EvseId, fingerprint: str) -> int:
        """Return how often this was given without being seen on the station."""
        return self._tries.get((evse, fingerprint), 0)

    def count(self, evse: EvseId, fingerprint: str) -> None:
        """Count an attempt that the station has answered."""
        self._tries[evse, fingerprint] = self.tries(evse, fingerprint) + 1

    def hidden(self, evse: EvseId) -> int:
        """Return how often in a row it would not say what it holds."""
        return self._hidden.get(evse, 0)

    def count_hidden(self, evse: EvseId) -> None:
        """Count a question for what it holds that it has left open."""
        self._hidden[evse] = self.hidden(evse) + 1

    def forgive(self, evse: EvseId) -> None:
        """Begin counting anew: something has changed."""
        self._hidden.pop(evse, None)
        for key in [key for key in self._tries if key[0] == evse]:
            del self._tries[key]

    def tried_within(self, evse: EvseId, span: timedelta) -> bool:
        """Tell whether it was told anything so recently, whatever it said to that."""
        last = self._tried_at.get(evse)
        return last is not None and self._clock.now() - last < span

    # -- how much -------------------------------------------------------------------

    def reserve(self, evse: EvseId, watts: int) -> None:
        """Count with the greater of what it may hold and what it is about to be given.

        Args:
            evse: Which.
            watts: A positive magnitude.
        """
        self._most[evse] = max(watts, self._held_w(evse))
        self._tried_at[evse] = self._clock.now()

    def committed_w(self, evse: EvseId, window: Interval) -> int:
        """Return what the EVSE may give back within the window, at most, in watts."""
        if evse in self._most:
            return self._most[evse]
        intent = self._intents.get(evse)
        if intent is None or intent.state not in HELD:
            return 0
        end = until(intent.document)
        return self._held_w(evse) if end is None or end > window.start else 0

    def _held_w(self, evse: EvseId) -> int:
        if not self.holds(evse):
            return 0
        return abs(int(self._intents[evse].document.get("power_w", 0)))
