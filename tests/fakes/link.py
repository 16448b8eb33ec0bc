"""A way to a station that answers what a test tells it to."""

from collections.abc import Callable
from typing import Any

from csms.ocpp.link import Priority, Unanswered, read_answer
from csms.ocpp.wire import A, Action, Edition, Q

Answer = dict[str, Any] | Exception
Answerer = Callable[[dict[str, Any]], Answer]


class FakeLink:
    """Answers calls by a script, and remembers them.

    Attributes:
        answers: What it answers, by action; tests may add to it.
        asked: Every call: its action, its payload and its priority.
        expiring: How long each typed call may wait to be sent, in real seconds.
        patient: How long the answer to each is waited for.
    """

    def __init__(
        self,
        answers: dict[str, Answer | Answerer] | None = None,
        *,
        station: str = "MA-TEST-01",
        edition: Edition = Edition.V21,
    ) -> None:
        self.answers: dict[str, Answer | Answerer] = dict(answers or {})
        self._station = station
        self._edition = edition
        self.asked: list[tuple[str, dict[str, Any], Priority]] = []
        self.expiring: list[float | None] = []
        self.patient: list[float | None] = []

    @property
    def station(self) -> str:
        return self._station

    @property
    def edition(self) -> Edition:
        return self._edition

    async def ask(
        self,
        action: Action[Q, A],
        request: Q,
        *,
        priority: Priority = Priority.ROUTINE,
        patience: float | None = None,
        expires: float | None = None,
    ) -> A:
        self.patient.append(patience)
        self.expiring.append(expires)
        return read_answer(action, self._answer(action.name, request.write(), priority))

    async def ask_raw(
        self,
        action: str,
        payload: dict[str, Any],
        *,
        priority: Priority = Priority.ROUTINE,
        patience: float | None = None,
    ) -> dict[str, Any]:
        self.patient.append(patience)
        return self._answer(action, payload, priority)

    def _answer(
        self, action: str, payload: dict[str, Any], priority: Priority
    ) -> dict[str, Any]:
        self.asked.append((action, payload, priority))
        told = self.answers.get(action, Unanswered())
        answer = told(payload) if callable(told) else told
        if isinstance(answer, Exception):
            raise answer
        return answer
