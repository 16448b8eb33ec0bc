from dataclasses import replace
from datetime import datetime, timedelta

from csms.domain.ids import EvseId
from csms.domain.reading import Quality, Quarter
from csms.services.interval_export import COLUMNS, Label, csv_rows
from tests.fakes.clock import DAWN
from tests.fakes.sessions import EVSE, STATION

QUARTER = Quarter(
    evse=EVSE,
    start=DAWN,
    import_ws=0,
    export_ws=6_840_000,
    mean_w=-7600,
    soc_pct=71.25,
    soc_at=DAWN + timedelta(minutes=14),
    quality=Quality.OK,
    discharge_start_at=DAWN,
)
UNKNOWN = Quarter(
    evse=EVSE,
    start=DAWN + timedelta(minutes=15),
    import_ws=None,
    export_ws=None,
    mean_w=None,
    soc_pct=None,
    soc_at=None,
    quality=Quality.MISSING,
)


def rows(*quarters: Quarter) -> list[dict[str, str]]:
    def event_of(evse: EvseId, start: datetime) -> str | None:
        return "ev-1" if (evse, start) == (EVSE, DAWN) else None

    header, *lines = csv_rows(
        quarters, lambda evse: Label(f"r-{evse.number}", "America/New_York"), event_of
    )
    assert header == COLUMNS
    return [dict(zip(header, line, strict=True)) for line in lines]


def test_a_quarter_is_a_row() -> None:
    (row,) = rows(QUARTER)

    assert row == dict.fromkeys(COLUMNS, "") | {
        "resource_id": "r-1",
        "interval_start": "2026-07-13T23:30:00Z",
        "interval_end": "2026-07-13T23:45:00Z",
        "timezone": "America/New_York",
        "energy_import_kwh": "0.0000",
        "energy_export_kwh": "1.9000",
        "power_kw": "-7.600",
        "soc_pct": "71.2",
        "soc_source": "ocpp",
        "soc_age_s": "60",
        "discharge_start_at": "2026-07-13T23:30:00Z",
        "event_id": "ev-1",
        "quality": "OK",
    }


def test_what_is_unknown_is_empty_and_never_zero() -> None:
    (row,) = rows(UNKNOWN)

    assert {row["energy_import_kwh"], row["power_kw"], row["soc_pct"]} == {""}
    assert row["quality"] == "MISSING"


def test_a_state_of_charge_grows_old_until_the_next() -> None:
    _, later = rows(QUARTER, UNKNOWN)

    assert (later["soc_pct"], later["soc_age_s"]) == ("71.2", "960")


def test_a_state_of_charge_is_not_lent_to_another_evse() -> None:
    _, other = rows(QUARTER, replace(UNKNOWN, evse=EvseId(STATION, 2)))

    assert other["soc_pct"] == ""
