"""Meter values become readings; what is signed is kept beside them."""

from collections.abc import Sequence
from typing import Any

import pytest

from csms.blocks.metering import MeterHabits, Metering, readings_from
from csms.domain.ids import EvseId
from csms.domain.reading import Reading
from csms.ocpp.messages.metering import MeterValue, MeterValuesRequest
from csms.services.ports.tariffs import SignedValue
from tests.fakes.clock import DAWN
from tests.fakes.recording import Recording, recording
from tests.fakes.sessions import EVSE, STATION

NOW = "2026-07-13T23:30:00Z"
KWH = 3_600_000


def said(*values: dict[str, Any], at: str = NOW) -> MeterValue:
    return MeterValue.read({"timestamp": at, "sampledValue": list(values)})


def sample(value: float, measurand: str | None = None, **more: Any) -> dict[str, Any]:  # noqa: ANN401
    given = {"value": value} | more
    return given | ({"measurand": measurand} if measurand else {})


def unit(name: str | None = None, multiplier: int | None = None) -> dict[str, Any]:
    parts = {"unit": name, "multiplier": multiplier}
    return {
        "unitOfMeasure": {
            key: value for key, value in parts.items() if value is not None
        }
    }


def read(*values: MeterValue, **habits: bool) -> tuple[Reading, ...]:
    return readings_from(values, EVSE, None, habits=MeterHabits(**habits))


IMPORT = "Energy.Active.Import.Register"
EXPORT = "Energy.Active.Export.Register"
POWER_IN = "Power.Active.Import"
POWER_OUT = "Power.Active.Export"


def test_values_of_one_instant_become_one_reading() -> None:
    (reading,) = read(
        said(
            sample(1000, IMPORT, **unit("Wh")),
            sample(2.5, EXPORT, **unit("kWh")),
            sample(0, POWER_IN, **unit("W")),
            sample(7.6, POWER_OUT, **unit("kW")),
            sample(55.5, "SoC", location="EV", **unit("Percent")),
        )
    )

    assert reading == Reading(
        EVSE,
        DAWN,
        import_ws=KWH,
        export_ws=2 * KWH + KWH // 2,
        import_w=0,
        export_w=7600,
        soc_pct=55.5,
    )


@pytest.mark.parametrize(
    ("measure", "expected"),
    [
        ({}, 3600),
        (unit(), 3600),
        (unit("Wh"), 3600),
        (unit("kWh"), KWH),
        (unit("KWH"), KWH),
        (unit("Wh", 3), KWH),
        (unit(None, 3), KWH),
        (unit("kWh", -3), 3600),
        (unit("Joule"), None),
    ],
)
def test_units_and_multipliers_count(
    measure: dict[str, Any], expected: int | None
) -> None:
    readings = read(said(sample(1, IMPORT, **measure)))

    assert [one.import_ws for one in readings] == ([expected] if expected else [])


def test_a_value_without_measurand_is_imported_energy() -> None:
    assert read(said(sample(1)))[0].import_ws == 3600


def test_other_measurands_are_passed_over() -> None:
    assert read(said(sample(230, "Voltage"), sample(9, "Energy.Active.Net"))) == ()


def test_locations_and_contexts_are_kept_apart() -> None:
    readings = read(
        said(
            sample(1, POWER_IN, location="Inlet", context="Sample.Clock"),
            sample(2, POWER_IN, context="Sample.Clock"),
            sample(3, POWER_IN),
            sample(50, "SoC"),
        )
    )

    assert [(one.location, one.context, one.import_w) for one in readings] == [
        ("Inlet", "Sample.Clock", 1),
        ("Outlet", "Sample.Clock", 2),
        ("Outlet", "Sample.Periodic", 3),
    ]
    assert [one.soc_pct for one in readings] == [None, None, 50.0]


def test_a_state_of_charge_alone_is_the_vehicles() -> None:
    (reading,) = read(said(sample(50, "SoC")))

    assert (reading.location, reading.soc_pct) == ("EV", 50.0)


@pytest.mark.parametrize("soc", [-1, 100.5])
def test_an_impossible_state_of_charge_is_not_said(soc: float) -> None:
    assert read(said(sample(soc, "SoC")))[0].soc_pct is None


def test_phases_are_added_up_only_where_there_is_no_total() -> None:
    phases = [sample(1000, POWER_IN, phase=f"L{number}") for number in (1, 2, 3)]

    assert read(said(*phases))[0].import_w == 3000
    assert read(said(*phases, sample(2900, POWER_IN)))[0].import_w == 2900
    assert read(said(sample(5, POWER_IN, phase="L1-L2"))) == ()


def test_a_direction_is_never_negative() -> None:
    (reading,) = read(said(sample(-7600, POWER_IN), sample(-1, EXPORT)))

    assert (reading.import_w, reading.export_w, reading.export_ws) == (None, None, None)


class TestSignedImport:
    """Makes that report export as negative import."""

    def test_negative_import_is_export(self) -> None:
        (reading,) = read(
            said(sample(-7600, POWER_IN), sample(5, IMPORT)), signed_import=True
        )

        assert (reading.import_w, reading.export_w) == (0, 7600)
        assert reading.import_ws is None

    def test_positive_import_is_import(self) -> None:
        (reading,) = read(said(sample(7600, POWER_IN)), signed_import=True)

        assert (reading.import_w, reading.export_w) == (7600, 0)


@pytest.mark.parametrize("unit", [None, "Wh", "kWh"])
def test_a_meter_that_means_kwh_is_read_in_kwh(unit: str | None) -> None:
    value = sample(5, IMPORT) | ({"unitOfMeasure": {"unit": unit}} if unit else {})

    (reading,) = read(said(value, sample(7600, POWER_IN)), kwh_registers=True)

    assert (reading.import_ws, reading.import_w) == (18_000_000, 7600)


@pytest.fixture
def ingest() -> Recording:
    return recording()


async def test_meter_values_are_kept_before_they_are_answered(
    ingest: Recording,
) -> None:
    kept: list[SignedValue] = []

    class Keeper:
        async def keep(self, values: Sequence[SignedValue]) -> None:
            kept.extend(values)

    block = Metering(
        ingest.ingest,
        habits=lambda station: MeterHabits(signed_import=station == STATION),
        signed=Keeper(),
    )
    request = MeterValuesRequest.read(
        {
            "evseId": 2,
            "meterValue": [{"timestamp": NOW, "sampledValue": [sample(-5, POWER_IN)]}],
        }
    )

    async with ingest:
        answer = await block.meter_values(STATION, request)

        signature = {"signedMeterData": "c2ln", "encodingMethod": "OCMF"}
        signed = {**sample(1, POWER_IN), "signedMeterValue": signature}
        values = [{"timestamp": NOW, "sampledValue": [signed]}]
        await block.meter_values(
            STATION, MeterValuesRequest.read({"evseId": 2, "meterValue": values})
        )
        ingest.readings.pop()

    ((evse, transaction, data),) = [
        (each.evse, each.transaction, each.data) for each in kept
    ]
    assert (evse, transaction, data) == (EvseId(STATION, 2), None, "c2ln")
    kept.clear()
    assert answer.write() == {}
    (reading,) = ingest.readings
    assert (reading.evse, reading.export_w) == (EvseId(STATION, 2), 5)
    assert kept == []
    assert [route.action.name for route in block.routes()] == ["MeterValues"]
