"""Quarter hours as the rows that a program's funder asks for (CSV)."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from csms.domain.ids import EvseId
from csms.domain.interval import QUARTER
from csms.domain.reading import Quality, Quarter
from csms.domain.units import WS_PER_KWH

COLUMNS = (
    "resource_id",
    "interval_start",
    "interval_end",
    "timezone",
    "energy_import_kwh",
    "energy_export_kwh",
    "power_kw",
    "soc_pct",
    "soc_source",
    "soc_age_s",
    "plug_in_at",
    "plug_out_at",
    "charge_start_at",
    "charge_stop_at",
    "discharge_start_at",
    "discharge_stop_at",
    "event_id",
    "quality",
)
"""Energies are magnitudes; ``power_kw`` is positive while charging and negative while
discharging; instants are UTC; ``timezone`` is that of the site."""

SOC_SOURCE = "ocpp"


@dataclass(frozen=True, slots=True)
class Label:
    """What a row says of its EVSE besides what was measured.

    Attributes:
        resource: The name under which the EVSE is reported, which need not be its own.
        timezone: The time zone of its site.
    """

    resource: str
    timezone: str


def csv_rows(
    quarters: Iterable[Quarter],
    label_of: Callable[[EvseId], Label],
    event_of: Callable[[EvseId, datetime], str | None],
) -> Iterator[tuple[str, ...]]:
    """Yield the header and a row for every quarter.

    A state of charge stays known until the next one is said; ``soc_age_s`` tells how
    old it was at the end of the interval.

    Args:
        quarters: Each EVSE's in order of time.
        label_of: Returns how an EVSE is named.
        event_of: Returns the event that an EVSE took part in when a quarter started.
    """
    yield COLUMNS
    last: tuple[EvseId, float, datetime] | None = None
    for quarter in quarters:
        if quarter.soc_pct is not None and quarter.soc_at is not None:
            last = quarter.evse, quarter.soc_pct, quarter.soc_at
        elif last is not None and last[0] != quarter.evse:
            last = None
        label, event = label_of(quarter.evse), event_of(quarter.evse, quarter.start)
        yield _row(quarter, label, event or "", last)


def _row(
    quarter: Quarter,
    label: Label,
    event: str,
    soc: tuple[EvseId, float, datetime] | None,
) -> tuple[str, ...]:
    end = quarter.start + QUARTER
    return (
        label.resource,
        _instant(quarter.start),
        _instant(end),
        label.timezone,
        _kwh(quarter.import_ws),
        _kwh(quarter.export_ws),
        "" if quarter.mean_w is None else f"{quarter.mean_w / 1000:.3f}",
        f"{soc[1]:.1f}" if soc else "",
        SOC_SOURCE if soc else "",
        str(max(round((end - soc[2]).total_seconds()), 0)) if soc else "",
        _instant(quarter.plug_in_at),
        _instant(quarter.plug_out_at),
        _instant(quarter.charge_start_at),
        _instant(quarter.charge_stop_at),
        _instant(quarter.discharge_start_at),
        _instant(quarter.discharge_stop_at),
        event,
        Quality(quarter.quality).value,
    )


def _kwh(ws: int | None) -> str:
    return "" if ws is None else f"{ws / WS_PER_KWH:.4f}"


def _instant(at: datetime | None) -> str:
    if at is None:
        return ""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"
