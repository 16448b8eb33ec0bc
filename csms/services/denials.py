"""What was asked and not allowed: on the audit trail, which nobody can flood."""

from dataclasses import dataclass, field
from typing import Final, Protocol

import structlog

from csms.clock import Clock, pause
from csms.services.ports.work import Begin

log = structlog.get_logger()

EVERY_S: Final = 30.0
"""Real seconds between two writings."""

MOST: Final = 50
"""Different denials that are written at once; more are only counted."""


class Denials(Protocol):
    """Whoever takes note of what was not allowed; it never blocks and never raises."""

    def note(self, actor: str, action: str, subject: str, reason: str) -> None:
        """Take note."""
        ...


class Unnoted:
    """Takes no note: where nothing is kept."""

    def note(self, actor: str, action: str, subject: str, reason: str) -> None:
        """Do nothing."""


@dataclass(slots=True)
class _Denial:
    reason: str
    times: int = 0


@dataclass(slots=True)
class DenialTrail:
    """Writes denials on the audit trail: each kind once per writing, with its count.

    Attributes:
        clock: Where business time comes from.
        begin: Begins a unit of work.
        dropped: How many were not written, because there were too many kinds at once.
    """

    clock: Clock
    begin: Begin
    dropped: int = 0
    _open: dict[tuple[str, str, str], _Denial] = field(default_factory=dict)

    def note(self, actor: str, action: str, subject: str, reason: str) -> None:
        """Take note; it is written soon."""
        key = actor[:100], action[:100], subject[:200]
        if key not in self._open and len(self._open) >= MOST:
            self.dropped += 1
            return
        self._open.setdefault(key, _Denial(reason[:300])).times += 1

    async def run(self) -> None:
        """Write, for ever."""
        while True:
            await pause(EVERY_S)
            await self.flush()

    async def flush(self) -> None:
        """Write down what was noted."""
        if not self._open:
            return
        noted, self._open = self._open, {}
        dropped, self.dropped = self.dropped, 0
        now = self.clock.now()
        async with self.begin() as work:
            for (actor, action, subject), each in noted.items():
                said = {"reason": each.reason, "times": each.times}
                await work.access.audit(actor, f"denied.{action}", subject, said, now)
            if dropped:
                said = {"times": dropped}
                await work.access.audit("system", "denied.more", "", said, now)
