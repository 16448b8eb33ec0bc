"""Who is left alone for a while because something went wrong there.

Transport time: the rests are real seconds, twice as long each time in a row.
"""

import asyncio

from csms.domain.ids import EvseId


class Resting:
    """EVSEs that are not asked anything before their rest is over.

    Args:
        shortest_s: Real seconds of a first rest.
        longest_s: Real seconds that a rest lasts at most.
    """

    def __init__(self, shortest_s: float, longest_s: float) -> None:
        self._shortest_s = shortest_s
        self._longest_s = longest_s
        self._until: dict[EvseId, float] = {}
        self._in_a_row: dict[EvseId, int] = {}

    def is_resting(self, evse: EvseId) -> bool:
        """Tell whether it is to be left alone now."""
        until = self._until.get(evse)
        return until is not None and until > asyncio.get_running_loop().time()

    def rest(self, evse: EvseId) -> None:
        """Leave it alone for a while."""
        times = self._in_a_row.get(evse, 0)
        self._in_a_row[evse] = min(times + 1, 30)
        rest_s = min(self._shortest_s * 2**times, self._longest_s)
        self._until[evse] = asyncio.get_running_loop().time() + rest_s

    def wake(self, evse: EvseId) -> None:
        """Something has changed: leave it alone no longer."""
        self._until.pop(evse, None)
        self._in_a_row.pop(evse, None)

    def succeeded(self, evse: EvseId) -> None:
        """Forget the failures, unless it was just sent to rest."""
        if not self.is_resting(evse):
            self._in_a_row.pop(evse, None)
