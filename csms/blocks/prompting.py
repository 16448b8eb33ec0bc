"""What stations were asked to say: a pending one may say nothing else (B02.FR.02)."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from csms.blocks.translating import FindLink
from csms.domain.ids import StationId
from csms.ocpp.link import Link, Priority
from csms.ocpp.wire import A, Action, Edition, Q

LASTING_S: Final = 600.0
"""Real seconds after which nobody remembers having asked."""

_TRIGGER: Final = "TriggerMessage"
_REPORTED: Final[Mapping[str, str]] = {
    "GetBaseReport": "NotifyReport",
    "GetChargingProfiles": "ReportChargingProfiles",
    "GetReport": "NotifyReport",
}
_SIGNING: Final = "SignCertificate"


@dataclass(slots=True)
class Prompts:
    """Remembers what each station was asked to say, and until when.

    It is noted before the question is sent: the message may come before its answer.
    """

    _until: dict[tuple[StationId, str], float] = field(default_factory=dict)

    def asked(self, station: StationId, action: str, requested: str = "") -> None:
        """Take note of a question.

        Args:
            station: Who is asked.
            action: What it is asked.
            requested: Which message a ``TriggerMessage`` asks for (F06).
        """
        if action == _TRIGGER:
            signing = requested.startswith("Sign")
            told: str | None = _SIGNING if signing else requested
        else:
            told = _REPORTED.get(action)
        if told:
            now = asyncio.get_running_loop().time()
            self._until[station, told] = now + LASTING_S

    def expects(self, station: StationId, action: str) -> bool:
        """Tell whether a station was asked to say something."""
        until = self._until.get((station, action))
        return until is not None and asyncio.get_running_loop().time() < until

    def noting(self, find: FindLink) -> FindLink:
        """Return a way to stations on which every question is noted."""

        def found(station: StationId) -> Link | None:
            link = find(station)
            return None if link is None else _Noting(station, link, self)

        return found


@dataclass(frozen=True, slots=True)
class _Noting:
    """A link that notes what is asked by it."""

    _station: StationId
    _link: Link
    _prompts: Prompts

    @property
    def station(self) -> str:
        return self._link.station

    @property
    def edition(self) -> Edition:
        return self._link.edition

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever else it can do
        return getattr(self._link, name)

    async def ask(
        self,
        action: Action[Q, A],
        request: Q,
        *,
        priority: Priority = Priority.ROUTINE,
        patience: float | None = None,
        expires: float | None = None,
    ) -> A:
        requested = getattr(request, "requested_message", None)
        word = "" if requested is None else str(requested.value)
        self._prompts.asked(self._station, action.name, word)
        return await self._link.ask(
            action, request, priority=priority, patience=patience, expires=expires
        )

    async def ask_raw(
        self,
        action: str,
        payload: dict[str, Any],
        *,
        priority: Priority = Priority.ROUTINE,
        patience: float | None = None,
    ) -> dict[str, Any]:
        word = str(payload.get("requestedMessage", ""))
        self._prompts.asked(self._station, action, word)
        return await self._link.ask_raw(
            action, payload, priority=priority, patience=patience
        )
