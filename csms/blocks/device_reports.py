"""Reports of device models under way, put together from their parts (B07, B08).

Parts come late, twice, out of order, or never; some are marked as the last, some not.
"""

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from csms.blocks.translating import key_from
from csms.domain.ids import StationId
from csms.domain.station import Variable, VariableKey
from csms.ocpp.messages.provisioning import Attribute, NotifyReportRequest
from csms.services.ports.device_model import Bring
from csms.services.ports.wire import Report

Payload = Mapping[str, Any]

AFTER_LAST_S = 2.0
"""How long to wait, after the last part, for others that are missing or late."""

AFTER_UNMARKED_S = 1.0
"""How long a silence tells that a part without any mark was the last one."""

AT_ONCE = 1000
"""So many variables are handed on together, while others are still coming."""

MOST_VARIABLES = 200_000
"""What one report may bring; a station that never ends is not listened to for ever."""


class Taken(StrEnum):
    """What became of a part."""

    KEPT = "kept"
    REPEATED = "report-part-repeated"
    """Its number had come before; what it says is kept, and wins."""
    MISNUMBERED = "report-number-unknown"
    """Its request has another number; it is kept, as just one report is under way."""
    UNASKED = "report-unasked"
    """Nobody asked for it; it is not kept."""
    TOO_MUCH = "report-too-long"
    """The report has brought more than can be; it is not kept."""


@dataclass(slots=True)
class Parts:
    """Parts of a report, as they come.

    Attributes:
        said: What they brought, by the number of the part.
        variables: How many attributes that is.
        repeated: How many came under a number that had come before.
        last: Whether one was marked as the last.
        unmarked: Whether the latest does not say if others follow.
        overflown: Whether some were not kept.
        generated_at: When the station says that it made the first to come.
        news: Set when a part has come.
        fresh: What was not handed on yet.
        more: Set when there is enough to be handed on.
        ended: Whether nothing more will come.
    """

    said: dict[int, list[Variable]] = field(default_factory=dict)
    variables: int = 0
    repeated: int = 0
    last: bool = False
    unmarked: bool = False
    overflown: bool = False
    generated_at: datetime | None = None
    news: asyncio.Event = field(default_factory=asyncio.Event)
    fresh: list[Variable] = field(default_factory=list)
    more: asyncio.Event = field(default_factory=asyncio.Event)
    ended: bool = False

    @property
    def missing(self) -> int:
        """Return how many have not come, as far as numbers tell."""
        return max(self.said, default=-1) + 1 - len(self.said)

    @property
    def complete(self) -> bool:
        """Tell whether all have come."""
        return self.last and not self.missing and not self.overflown

    @property
    def patience(self) -> float | None:
        """Return how many seconds of silence end the report; None for no number."""
        if self.last:
            return AFTER_LAST_S
        return AFTER_UNMARKED_S if self.unmarked else None

    def add(self, request: NotifyReportRequest, said: Payload | None = None) -> Taken:
        """Take a part; one of a known number adds to what came before.

        Args:
            request: The part.
            said: The same part as it came, if it obeyed its schema.
        """
        variables = variables_of(request) if said is None else variables_said(said)
        taken = Taken.KEPT
        if self.variables + len(variables) > MOST_VARIABLES:
            self.overflown, taken, variables = True, Taken.TOO_MUCH, []
        elif request.seq_no in self.said:
            self.repeated, taken = self.repeated + 1, Taken.REPEATED
        self.variables += len(variables)
        self.said.setdefault(request.seq_no, []).extend(variables)
        self.last = self.last or request.tbc is False
        self.unmarked = request.tbc is None
        self.generated_at = self.generated_at or request.generated_at
        self.fresh += variables
        if len(self.fresh) >= AT_ONCE:
            self.more.set()
        self.news.set()
        return taken

    def report(self, status: str, number: int) -> Report:
        """Return what came so far, in the order of the numbers."""
        return Report(
            status,
            tuple(each for part in sorted(self.said) for each in self.said[part]),
            self.complete,
            request_id=number,
            parts=len(self.said) + self.repeated,
            missing=self.missing,
            repeated=self.repeated,
            generated_at=self.generated_at,
        )


class DeviceReports:
    """Every report that is under way; two of one station differ by their numbers.

    Args:
        first: The first number. Numbers should not begin anew with each start, so that
            late parts of what an earlier process asked for are told apart.
    """

    def __init__(self, first: int = 1) -> None:
        self._open: dict[tuple[StationId, int], Parts] = {}
        self._ids = itertools.count(first)

    @contextlib.contextmanager
    def expect(self, station: StationId) -> Iterator[tuple[int, Parts]]:
        """Give a request id, and what will have arrived under it."""
        number, parts = next(self._ids), Parts()
        self._open[station, number] = parts
        try:
            yield number, parts
        finally:
            del self._open[station, number]

    def take(
        self,
        station: StationId,
        request: NotifyReportRequest,
        said: Payload | None = None,
    ) -> Taken:
        """Add a part to its report; tell what became of it.

        Some stations answer under a number that nobody gave them. If just one report
        of the station is under way, theirs is that one.
        """
        parts = self._open.get((station, request.request_id))
        if parts is not None:
            return parts.add(request, said)
        own = [each for (whose, _), each in self._open.items() if whose == station]
        if len(own) != 1:
            return Taken.UNASKED
        own[0].add(request, said)
        return Taken.MISNUMBERED


@contextlib.asynccontextmanager
async def handing_on(parts: Parts, bring: Bring | None) -> AsyncIterator[None]:
    """Hand on what comes, bit by bit, and the rest at the end.

    So that what takes what has come (a database, say) works while the rest is coming.
    """
    if bring is None:
        yield
        return
    working = asyncio.create_task(_hand_on(parts, bring))
    try:
        yield
    finally:
        parts.ended = True
        parts.more.set()
        await working


async def _hand_on(parts: Parts, bring: Bring) -> None:
    while not parts.ended or parts.fresh:
        await parts.more.wait()
        if not parts.ended:
            parts.more.clear()
        fresh, parts.fresh = parts.fresh, []
        if fresh:
            await bring(fresh)


async def until_last(parts: Parts, deadline_s: float) -> None:
    """Wait for the last part, a silence after some part, or the deadline."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(deadline_s):
            while not parts.complete:
                async with asyncio.timeout(parts.patience):
                    await parts.news.wait()
                parts.news.clear()


def variables_of(request: NotifyReportRequest) -> list[Variable]:
    """Read every attribute of the variables that a part reports."""
    found = []
    for data in request.report_data or ():
        key = key_from(data.component, data.variable)
        said = data.variable_characteristics
        characteristics = None if said is None else said.write()
        found += [
            Variable(
                key=key,
                attribute=(each.type or Attribute.ACTUAL).value,
                value=each.value,
                mutability=None if each.mutability is None else each.mutability.value,
                characteristics=characteristics,
                persistent=each.persistent,
                constant=each.constant,
            )
            for each in data.variable_attribute
        ]
    return found


def variables_said(said: Payload) -> list[Variable]:
    """Read the same from a part as it came, which costs a fraction.

    Args:
        said: The payload; it obeys its schema.
    """
    found = []
    for data in said.get("reportData", ()):
        key = _key_said(data["component"], data["variable"])
        characteristics = data.get("variableCharacteristics")
        for each in data["variableAttribute"]:
            known = each.get
            found.append(
                Variable(
                    key,
                    known("type", "Actual"),
                    known("value"),
                    known("mutability"),
                    characteristics,
                    known("persistent"),
                    known("constant"),
                )
            )
    return found


def _key_said(component: Payload, variable: Payload) -> VariableKey:
    evse = component.get("evse")
    return VariableKey(
        component["name"],
        variable["name"],
        component.get("instance", ""),
        variable.get("instance", ""),
        0 if evse is None else int(evse["id"]),
        0 if evse is None else int(evse.get("connectorId", 0)),
    )
