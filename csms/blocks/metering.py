"""Block J: what meters say, from sampled values to readings."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from csms.blocks.places import Places
from csms.blocks.routing import Route, route
from csms.blocks.signed_values import Keeper, signed_from
from csms.domain.ids import EvseId, StationId, TransactionId
from csms.domain.reading import OUTLET, VEHICLE, Reading
from csms.domain.units import WS_PER_KWH, WS_PER_WH
from csms.ocpp.messages.metering import (
    METER_VALUES,
    Measurand,
    MeterValue,
    MeterValuesRequest,
    MeterValuesResponse,
    Phase,
    SampledValue,
)
from csms.services.ingest import Ingest

PERIODIC = "Sample.Periodic"
MOST = 2**62
"""More than any register or power; what is beyond was not measured."""

_IMPORT_WS, _EXPORT_WS, _IMPORT_W, _EXPORT_W, _SOC = range(5)

_ENERGY = {None: WS_PER_WH, "Wh": WS_PER_WH, "kWh": WS_PER_KWH}
_POWER = {None: 1, "W": 1, "kW": 1000}
_PERCENT = {None: 1, "Percent": 1, "%": 1}

_KINDS: dict[Measurand | None, tuple[int, dict[str | None, int]]] = {
    None: (_IMPORT_WS, _ENERGY),
    Measurand.ENERGY_ACTIVE_IMPORT_REGISTER: (_IMPORT_WS, _ENERGY),
    Measurand.ENERGY_ACTIVE_EXPORT_REGISTER: (_EXPORT_WS, _ENERGY),
    Measurand.POWER_ACTIVE_IMPORT: (_IMPORT_W, _POWER),
    Measurand.POWER_ACTIVE_EXPORT: (_EXPORT_W, _POWER),
    Measurand.SOC: (_SOC, _PERCENT),
}
_IN_KWH = dict.fromkeys(_ENERGY, WS_PER_KWH)
_KWH_KINDS = {
    name: (kind, _IN_KWH if units is _ENERGY else units)
    for name, (kind, units) in _KINDS.items()
}
"""The same for a meter that says Wh, or nothing, and means kWh."""

_ONE_PHASE = frozenset(
    {Phase.L1, Phase.L2, Phase.L3, Phase.L1_N, Phase.L2_N, Phase.L3_N}
)

Spot = tuple[datetime, str, str]
"""Instant, location and context: what one reading is about."""


@dataclass(frozen=True, slots=True)
class MeterHabits:
    """How a make measures, where it departs from the standard.

    Attributes:
        signed_import: Whether negative import power means export; there are no
            registers to be trusted then.
        kwh_registers: Whether registers are in kWh that are not said to be.
    """

    signed_import: bool = False
    kwh_registers: bool = False


USUAL = MeterHabits()
FindHabits = Callable[[StationId], MeterHabits]
"""Tells how a station measures."""


def usual(_station: StationId) -> MeterHabits:
    """Say of every station that it measures as the standard asks."""
    return USUAL


@dataclass(frozen=True, slots=True)
class Metering:
    """Records what is measured outside transactions.

    Attributes:
        ingest: Where readings are kept.
        habits: How stations measure.
        signed: Where signed values are kept.
        places: Knows which EVSEs there are.
    """

    ingest: Ingest
    habits: FindHabits = usual
    signed: Keeper | None = None
    places: Places | None = None

    def routes(self) -> Iterator[Route]:
        """Name every action this block answers."""
        yield route(METER_VALUES, self.meter_values)

    async def meter_values(
        self, station: StationId, request: MeterValuesRequest
    ) -> MeterValuesResponse:
        """Keep readings, and answer once they are kept (J01.FR.17)."""
        evse = EvseId(station, request.evse_id)
        readings = readings_from(
            request.meter_value,
            evse,
            None,
            habits=self.habits(station),
        )
        if self.places is not None and evse.number:
            self.places.check(evse, "MeterValues.evseId")
        await self.ingest.record_readings(station, readings)
        if self.signed and (said := signed_from(request.meter_value, evse, None)):
            await self.signed.keep(said)
        return MeterValuesResponse()


def readings_from(
    values: Iterable[MeterValue],
    evse: EvseId,
    transaction: TransactionId | None,
    *,
    habits: MeterHabits = USUAL,
) -> tuple[Reading, ...]:
    """Return what the values say, one reading per instant, location and context.

    Only totals count: values of single phases are added up where the total is not
    said. The state of charge belongs to the vehicle wherever it was measured, so it
    joins the other values of its instant.

    Args:
        values: What was sampled.
        evse: Where.
        transaction: In which transaction, if in one.
        habits: How the station measures.
    """
    rows: dict[Spot, list[float | None]] = {}
    phases: dict[tuple[Spot, int], dict[Phase, float]] = {}
    charge: dict[Spot, float] = {}
    for spot, kind, phase, number in _samples(values, habits):
        if kind == _SOC:
            charge[spot] = number
        elif phase is None:
            _row(rows, spot)[kind] = number
        elif phase in _ONE_PHASE:
            phases.setdefault((spot, kind), {})[phase] = number
    if phases:
        _add_up(rows, phases)
    if charge:
        _join_charge(rows, charge)
    return tuple(
        _reading(spot, row, evse, transaction, habits) for spot, row in rows.items()
    )


def _samples(
    values: Iterable[MeterValue], habits: MeterHabits
) -> Iterator[tuple[Spot, int, Phase | None, float]]:
    kinds = _KWH_KINDS if habits.kwh_registers else _KINDS
    for value in values:
        at = value.timestamp
        for sample in value.sampled_value:
            kind = kinds.get(sample.measurand)
            number = _number(sample, kind[1]) if kind else None
            if kind is None or number is None:
                continue
            location, context = sample.location, sample.context
            spot = (
                at,
                OUTLET if location is None else location._value_,
                PERIODIC if context is None else context._value_,
            )
            yield spot, kind[0], sample.phase, number


def _row(rows: dict[Spot, list[float | None]], spot: Spot) -> list[float | None]:
    row = rows.get(spot)
    if row is None:
        row = rows[spot] = [None, None, None, None, None]
    return row


def _number(sample: SampledValue, factors: dict[str | None, int]) -> float | None:
    measure = sample.unit_of_measure
    if measure is None:
        return sample.value * factors[None]
    factor = factors.get(measure.unit) or _similar(measure.unit, factors)
    if factor is None:
        return None
    if measure.multiplier:
        return sample.value * factor * 10.0**measure.multiplier
    return sample.value * factor


def _similar(unit: str | None, factors: dict[str | None, int]) -> int | None:
    """Find a unit that is spelled in another case, or none."""
    wanted = (unit or "").strip().casefold()
    for name, factor in factors.items():
        if name is not None and name.casefold() == wanted:
            return factor
    return None if wanted else factors[None]


def _add_up(
    rows: dict[Spot, list[float | None]],
    phases: dict[tuple[Spot, int], dict[Phase, float]],
) -> None:
    for (spot, kind), parts in phases.items():
        row = _row(rows, spot)
        if row[kind] is None:
            row[kind] = sum(parts.values())


def _join_charge(
    rows: dict[Spot, list[float | None]], charge: dict[Spot, float]
) -> None:
    for (at, _, context), percent in charge.items():
        for spot, row in rows.items():
            if spot[0] == at and spot[2] == context:
                row[_SOC] = percent
                break
        else:
            _row(rows, (at, VEHICLE, context))[_SOC] = percent


def _reading(
    spot: Spot,
    row: list[float | None],
    evse: EvseId,
    transaction: TransactionId | None,
    habits: MeterHabits,
) -> Reading:
    import_ws, export_ws, import_w, export_w, soc = row
    if habits.signed_import and import_w is not None and export_w is None:
        import_ws, import_w, export_w = None, max(import_w, 0.0), max(-import_w, 0.0)
    return Reading(
        evse,
        spot[0],
        spot[1],
        spot[2],
        transaction,
        _whole(import_ws),
        _whole(export_ws),
        _whole(import_w),
        _whole(export_w),
        soc if soc is not None and 0 <= soc <= 100 else None,  # noqa: PLR2004 percent
    )


def _whole(value: float | None) -> int | None:
    """Round; what a direction-named measurand cannot be is not said (rule 20)."""
    return None if value is None or not 0 <= value < MOST else round(value)
