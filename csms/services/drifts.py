"""Tell what stations do not read as they should, and repair it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby

from csms.clock import Clock
from csms.domain.device_model import Drift, DriftKind
from csms.domain.errors import NotFound
from csms.domain.ids import StationId
from csms.domain.station import Station, VariableKey
from csms.services.desires import in_event, is_owned
from csms.services.device_models import DeviceModels, Written
from csms.services.ports.wire import VariableSetting
from csms.services.ports.work import Begin
from csms.services.reception import UnknownStation
from csms.services.stations import StationBook


class NoSuchDrift(NotFound):
    """This variable is as it should be, or nothing is wanted of it."""

    code = "no-such-drift"
    usual_remedy = "see csms stations drift"


class Outcome(StrEnum):
    """What came of a repair."""

    REPAIRED = "repaired"
    """It reads now what it should."""
    RESTART = "restart"
    """It was set, and takes effect at the next restart."""
    REFUSED = "refused"
    """The station did not take the value, or reads another one all the same."""
    HELD = "held"
    """It belongs to the dispatcher while the station is in an event; left alone."""
    IMPOSSIBLE = "impossible"
    """The station does not have it, or it cannot be written; left alone."""


@dataclass(frozen=True, slots=True)
class Repair:
    """What came of the repair of one variable.

    Attributes:
        drift: What was wrong.
        outcome: What came of it.
        detail: The station's words, or ours; may be empty.
    """

    drift: Drift
    outcome: Outcome
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Drifts:
    """Looks after what stations should read.

    Attributes:
        clock: Where business time comes from.
        begin: Begins a unit of work.
        book: What is known of every station.
        models: Sets variables.
    """

    clock: Clock
    begin: Begin
    book: StationBook
    models: DeviceModels

    async def of(self, station: StationId) -> Sequence[Drift]:
        """Return what a station does not read as it should, by name.

        Raises:
            UnknownStation: If no such station is in the registry.
        """
        self._known(station)
        async with self.begin() as work:
            return await work.models.drifts(station)

    async def fleet(
        self, after: StationId | None, limit: int
    ) -> Mapping[StationId, Sequence[Drift]]:
        """Return what stations do not read as they should, by station.

        Args:
            after: Only stations whose id comes after this one.
            limit: How many stations at most.
        """
        async with self.begin() as work:
            found = await work.models.drifts(after=after, stations=limit)
        return {
            station: list(drifts)
            for station, drifts in groupby(found, lambda each: each.station)
        }

    async def repair(
        self, station: StationId, keys: Collection[VariableKey] | None, by: str
    ) -> Sequence[Repair]:
        """Set what is not as it should be; return what came of each.

        What belongs to the dispatcher is left alone while the station is in an event,
        so that a repair never comes between a plan and its setpoint.

        Args:
            station: Whose variables.
            keys: Which ones; all of them without.
            by: Who asks; it goes on the audit trail.

        Raises:
            UnknownStation: If no such station is in the registry.
            NoSuchDrift: If one of the keys is as it should be.
            StationSilent: If the station does not answer.
        """
        known = self._known(station)
        async with self.begin() as work:
            found = await work.models.drifts(station)
            busy = await in_event(work, known, self.clock)
        chosen = [each for each in found if keys is None or each.key in keys]
        for key in keys or ():
            if all(each.key != key for each in chosen):
                raise NoSuchDrift(
                    f"{key.text} is as it should be",
                    field="variables",
                    remedy="see the drift of the station",
                )
        left = [each for each in (_left(one, busy) for one in chosen) if each]
        untouched = {each.drift.key for each in left}
        due = [each for each in chosen if each.key not in untouched]
        written: Sequence[Written] = ()
        if due:
            settings = [VariableSetting(each.key, each.wanted) for each in due]
            written = await self.models.write(station, settings, by)
        still = {each.key for each in await self.of(station)}
        done = [
            _came(drift, result, still=drift.key in still)
            for drift, result in zip(due, written, strict=False)
        ]
        await self._audit(station, [*done, *left], by)
        return [*done, *left]

    def _known(self, station: StationId) -> Station:
        known = self.book.station(station)
        if known is None:
            raise UnknownStation(f"there is no station {station}")
        return known

    async def _audit(
        self, station: StationId, repairs: Sequence[Repair], by: str
    ) -> None:
        detail = {
            "repairs": [
                {
                    "variable": each.drift.key.text,
                    "template": each.drift.template,
                    "wanted": each.drift.wanted,
                    "outcome": each.outcome.value,
                }
                for each in repairs
            ]
        }
        now = self.clock.now()
        async with self.begin() as work:
            await work.access.audit(by, "station.drift_repaired", station, detail, now)


def _left(drift: Drift, busy: bool) -> Repair | None:  # noqa: FBT001, one of two facts
    """Return why a variable is left alone; None if it is not."""
    if drift.kind is DriftKind.ABSENT:
        return Repair(drift, Outcome.IMPOSSIBLE, "the station does not have it")
    if drift.kind is DriftKind.FIXED:
        return Repair(drift, Outcome.IMPOSSIBLE, "it cannot be written")
    if drift.kind is DriftKind.RESTART:
        return Repair(drift, Outcome.RESTART, "it was set; restart the station")
    if busy and is_owned(drift.key):
        return Repair(drift, Outcome.HELD, "the station is in an event")
    return None


def _came(drift: Drift, written: Written, *, still: bool) -> Repair:
    result = written.result
    if written.due:
        return Repair(drift, Outcome.RESTART, "restart the station")
    if result.accepted and not still:
        return Repair(drift, Outcome.REPAIRED)
    words = f"{result.status} {result.info}".strip()
    if result.accepted:
        words = f"it was accepted, but reads {written.reads!r}"
    return Repair(drift, Outcome.REFUSED, words)
