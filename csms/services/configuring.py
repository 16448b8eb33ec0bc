"""One conversation with a station about its device model: read, set, read back."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from csms.charging.configuration import (
    MEASURANDS,
    Sampling,
    Wanted,
    by_key,
    essentials,
    missing,
    same,
    to_set,
    wanted,
)
from csms.domain.ids import StationId
from csms.domain.station import Variable, VariableKey
from csms.services.ports.wire import (
    DeviceModelWire,
    Inventory,
    NoAnswer,
    RefusedByStation,
    Report,
    Silence,
    VariableResult,
    VariableSetting,
)

T = TypeVar("T")

REBOOT_REQUIRED = "RebootRequired"
INCOMPLETE = "the report of the device model has gaps"
UNREADABLE = "the device model cannot be read"


@dataclass(frozen=True, slots=True)
class Learned:
    """What reading a device model brought.

    Attributes:
        variables: Every attribute that was reported or read.
        shortcomings: What could not be read, in prose.
        complete: Whether it is all there is, so that what is absent is not there.
        reports: The reports that were asked for, each with its kind.
    """

    variables: tuple[Variable, ...]
    shortcomings: tuple[str, ...] = ()
    complete: bool = False
    reports: tuple[tuple[Inventory, Report], ...] = ()


@dataclass(frozen=True, slots=True)
class Configured:
    """What configuring brought.

    Attributes:
        values: What the settings read afterwards.
        shortcomings: What could not be set, in prose.
    """

    values: tuple[Variable, ...]
    shortcomings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Configurator:
    """Talks with stations about their device model.

    Every method raises ``NoAnswer`` if the station is not connected any more. A
    station that is connected and silent just has shortcomings.

    Attributes:
        model: Reads and sets device models.
        sampling: How often meters are to be read.
        report_s: Real seconds to wait for all parts of a report.
    """

    model: DeviceModelWire
    sampling: Sampling
    report_s: float

    async def learn(self, station: StationId, evses: Sequence[int]) -> Learned:
        """Read the device model: in full, or else as much as it gives (B07).

        Args:
            station: Whom to ask.
            evses: The EVSEs it has, for asking one variable after the other.
        """
        reports: list[tuple[Inventory, Report]] = []
        for inventory in (Inventory.FULL, Inventory.CONFIGURATION):
            report = await self._report(station, inventory)
            reports.append((inventory, report))
            if not report.variables:
                continue
            if report.complete and inventory is Inventory.FULL:
                return Learned(report.variables, complete=True, reports=tuple(reports))
            more = await self._essentials(station, evses, report.variables)
            return Learned(
                (*report.variables, *more),
                () if report.complete else (INCOMPLETE,),
                reports=tuple(reports),
            )
        found = await self._essentials(station, evses, ())
        return Learned(found, () if found else (UNREADABLE,), reports=tuple(reports))

    async def refresh(
        self,
        station: StationId,
        known: Sequence[Variable],
        at_once: int,
        more: Sequence[Wanted] = (),
    ) -> Learned:
        """Read again only what is configured, of a device model known before."""
        model = by_key(known)
        settings = [*wanted(model, self.sampling), *more]
        keys = [each.key for each in settings if each.key in model]
        results = await self._get(station, keys, at_once)
        fresh = {
            each.key: model[each.key]._replace(value=each.value)
            for each in results
            if each.accepted
        }
        return Learned(
            tuple(
                fresh.get(each.key, each) if each.attribute == "Actual" else each
                for each in known
            )
        )

    async def configure(
        self,
        station: StationId,
        variables: Sequence[Variable],
        *,
        items_per_set: int,
        items_per_get: int,
        more: Sequence[Wanted] = (),
    ) -> Configured:
        """Set what differs from what is wanted, and read it back (B05, B06).

        Args:
            station: Whom to configure.
            variables: Its device model.
            items_per_set: How many variables it takes at once.
            items_per_get: How many variables it tells at once.
            more: What is wanted beside what metering needs.
        """
        model = by_key(variables)
        due, short = to_set([*wanted(model, self.sampling), *more], model)
        done: list[Wanted] = []
        for chunk in _chunks(due, items_per_set):
            results = await self._set(station, chunk)
            for setting, result in zip(chunk, results, strict=True):
                if not result.accepted and setting.is_list:
                    done.append(await self._one_by_one(station, setting))
                    short += missing(done[-1])
                elif result.accepted:
                    done.append(setting)
                    if result.status == REBOOT_REQUIRED:
                        short.append(f"{setting.key.text} needs a restart")
                elif setting.needed:
                    said = f"{result.status} {result.info}".strip()
                    short.append(f"{setting.key.text} was not set: {said}")
        values, unread = await self._read_back(station, done, model, items_per_get)
        return Configured(values, tuple(dict.fromkeys([*short, *unread])))

    async def _read_back(
        self,
        station: StationId,
        done: Sequence[Wanted],
        model: dict[VariableKey, Variable],
        at_once: int,
    ) -> tuple[tuple[Variable, ...], list[str]]:
        results = await self._get(station, [each.key for each in done], at_once)
        values: list[Variable] = []
        short: list[str] = []
        for setting, result in zip(done, results, strict=True):
            if result.accepted:
                values.append(model[setting.key]._replace(value=result.value))
            if not result.accepted or not same(result.value, setting):
                read = repr(result.value) if result.accepted else result.status
                short.append(
                    f"{setting.key.text} was set to {setting.value!r} but reads {read}"
                )
        return tuple(values), short

    async def _one_by_one(self, station: StationId, setting: Wanted) -> Wanted:
        """Set a list measurand by measurand: some refuse a list for one of them."""
        kept: list[str] = []
        for each in MEASURANDS:
            if each not in setting.value.split(","):
                continue
            attempt = replace(setting, value=",".join([*kept, each]))
            (result,) = await self._set(station, [attempt])
            if result.accepted:
                kept.append(each)
        return replace(setting, value=",".join(kept))

    async def _essentials(
        self, station: StationId, evses: Sequence[int], have: Sequence[Variable]
    ) -> tuple[Variable, ...]:
        """Ask for what decides about dispatch and metering, where it is not known."""
        known = by_key(have)
        keys = [key for key in essentials(evses) if key not in known]
        results = await self._get(station, keys, at_once=5)
        return tuple(
            Variable(each.key, value=each.value) for each in results if each.accepted
        )

    async def _report(self, station: StationId, inventory: Inventory) -> Report:
        try:
            return await self.model.get_base_report(station, inventory, self.report_s)
        except RefusedByStation as error:
            return Report(error.code)
        except NoAnswer as error:
            if error.kind is Silence.UNREACHABLE:
                raise
            return Report(error.kind.value)

    async def _get(
        self, station: StationId, keys: Sequence[VariableKey], at_once: int
    ) -> list[VariableResult]:
        results: list[VariableResult] = []
        for chunk in _chunks(keys, at_once):
            try:
                results += await self.model.get_variables(station, chunk)
            except (RefusedByStation, NoAnswer) as error:
                results += [VariableResult(key, _status(error)) for key in chunk]
        return results

    async def _set(
        self, station: StationId, settings: Sequence[Wanted]
    ) -> list[VariableResult]:
        asked = [VariableSetting(each.key, each.value) for each in settings]
        try:
            return list(await self.model.set_variables(station, asked))
        except (RefusedByStation, NoAnswer) as error:
            return [VariableResult(each.key, _status(error)) for each in settings]


def _status(error: RefusedByStation | NoAnswer) -> str:
    if isinstance(error, RefusedByStation):
        return error.code
    if error.kind is Silence.UNREACHABLE:
        raise error
    return error.kind.value


def _chunks(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), max(1, size)):
        yield items[start : start + max(1, size)]
