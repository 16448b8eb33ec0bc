"""J01 and J02: readings, in and out of transactions, as PostgreSQL holds them."""

import pytest

from tests.conformance.driving import Stay, a_reading
from tests.conformance.peer_world import EDITIONS, Edition, PeerWorld
from tests.proving import proves

pytestmark = [pytest.mark.postgres, pytest.mark.sockets]
both = pytest.mark.parametrize("edition", EDITIONS)
READINGS = (
    "SELECT import_ws, export_ws, import_w, export_w, soc_pct, context, location, "
    "transaction_id, evse FROM reading WHERE station_id = $1 ORDER BY at, context"
)
WS = 3600
SIGNED = {
    "signedMeterData": "U0lHTkVE",
    "signingMethod": "ECDSA-secp256r1-SHA256",
    "encodingMethod": "OCMF",
    "publicKey": "b2NhOmJhc2UxNjphc24xOjMwMTE=",
}


@proves("J01.FR.18", "TC_J_01_CSMS")
@both
async def test_clock_aligned_readings_outside_a_transaction_are_kept(
    peer_world: PeerWorld, edition: Edition
) -> None:
    async with peer_world.station(edition) as peer:
        for wh in (1000, 1250.5):
            value = a_reading(peer_world, wh, "Sample.Clock")
            answer = await peer.ask("MeterValues", {"evseId": 1, "meterValue": [value]})
            assert answer == {}

    rows = await peer_world.rows(READINGS, peer.name)
    assert [each["import_ws"] for each in rows] == [1000 * WS, round(1250.5 * WS)]
    assert {each["context"] for each in rows} == {"Sample.Clock"}
    assert {each["transaction_id"] for each in rows} == {None}
    assert {each["evse"] for each in rows} == {1}


@proves("TC_J_02_CSMS")
@both
async def test_clock_aligned_readings_in_a_transaction_are_kept_beside_it(
    peer_world: PeerWorld, edition: Edition
) -> None:
    async with peer_world.station(edition) as peer:
        stay = Stay(peer_world, peer, "tx-clock")
        await stay.begin()
        await stay.charge()
        value = a_reading(peer_world, 1500, "Sample.Clock")
        await peer.ask("MeterValues", {"evseId": 1, "meterValue": [value]})
        await stay.report(
            "Updated",
            "MeterValueClock",
            meterValue=[a_reading(peer_world, 1600, "Sample.Clock")],
        )

    rows = await peer_world.rows(READINGS, peer.name)
    assert [(each["import_ws"], each["transaction_id"]) for each in rows] == [
        (1500 * WS, None),
        (1600 * WS, "tx-clock"),
    ]


@proves("TC_J_03_CSMS", "TC_J_07_CSMS", "TC_J_09_CSMS", "TC_J_10_CSMS")
@both
async def test_sampled_readings_of_a_transaction_are_kept_from_begin_to_end(
    peer_world: PeerWorld, edition: Edition
) -> None:
    async with peer_world.station(edition) as peer:
        stay = Stay(peer_world, peer, "tx-sampled")
        begin = a_reading(peer_world, 2000, "Transaction.Begin")
        await stay.begin(meterValue=[begin])
        for wh in (2100, 2200, 2300):
            await stay.report(
                "Updated", "MeterValuePeriodic", meterValue=[a_reading(peer_world, wh)]
            )
        await stay.end(
            meterValue=[
                a_reading(peer_world, 2350, "Sample.Clock"),
                a_reading(peer_world, 2400, "Transaction.End"),
            ]
        )

    rows = await peer_world.rows(READINGS, peer.name)
    assert [(each["import_ws"] // WS, each["context"]) for each in rows] == [
        (2000, "Transaction.Begin"),
        (2100, "Sample.Periodic"),
        (2200, "Sample.Periodic"),
        (2300, "Sample.Periodic"),
        (2350, "Sample.Clock"),
        (2400, "Transaction.End"),
    ]
    assert {each["transaction_id"] for each in rows} == {"tx-sampled"}


@proves("TC_J_08_CSMS")
@both
async def test_readings_find_their_evse_when_it_is_said_later(
    peer_world: PeerWorld, edition: Edition
) -> None:
    async with peer_world.station(edition) as peer:
        stay = Stay(peer_world, peer, "tx-unplaced")
        begin = a_reading(peer_world, 3000, "Transaction.Begin")
        await stay.report("Started", "Authorized", meterValue=[begin])
        await stay.report(
            "Updated", "CablePluggedIn", "EVConnected", evse={"id": 1, "connectorId": 1}
        )
        rows = await peer_world.until(f"{READINGS}", peer.name)

    assert [(each["evse"], each["import_ws"]) for each in rows] == [(1, 3000 * WS)]


@proves("TC_J_04_CSMS", "TC_J_11_CSMS")
@both
async def test_signed_values_are_kept_to_the_letter(
    peer_world: PeerWorld, edition: Edition
) -> None:
    async with peer_world.station(edition) as peer:
        stay = Stay(peer_world, peer, "tx-signed")
        await stay.begin()
        for context in ("Sample.Clock", "Transaction.End"):
            value = a_reading(peer_world, 5000, context, signedMeterValue=SIGNED)
            trigger = "MeterValueClock" if context == "Sample.Clock" else "RemoteStop"
            kind = "Updated" if context == "Sample.Clock" else "Ended"
            await stay.report(kind, trigger, meterValue=[value])
        told = await peer_world.get(f"stations/{peer.name}/signed-values")

    assert told.status == 200, told.body
    kept = await peer_world.rows(
        "SELECT * FROM signed_value WHERE station_id = $1", peer.name
    )
    assert len(kept) == len(told.body["items"]) == 2
    for row in kept:
        said = {str(value) for value in row.values()}
        assert set(SIGNED.values()) <= said


@both
async def test_power_goes_both_ways_and_the_charge_of_the_battery_is_kept(
    peer_world: PeerWorld, edition: Edition
) -> None:
    value = a_reading(peer_world, 100)
    for measurand, number, location in (
        ("Energy.Active.Export.Register", 250, "Inlet"),
        ("Power.Active.Import", 0, "Inlet"),
        ("Power.Active.Export", 6600, "Inlet"),
        ("SoC", 61, "EV"),
    ):
        unit = {"SoC": "Percent", "E": "Wh"}.get(measurand[:3], "W")
        unit = "Wh" if measurand.startswith("Energy") else unit
        value["sampledValue"].append(
            {
                "value": number,
                "measurand": measurand,
                "context": "Sample.Periodic",
                "location": location,
                "unitOfMeasure": {"unit": unit},
            }
        )
    async with peer_world.station(edition) as peer:
        stay = Stay(peer_world, peer, "tx-both")
        await stay.begin()
        await stay.report("Updated", "MeterValuePeriodic", meterValue=[value])

    (row, *rest) = await peer_world.rows(READINGS, peer.name)
    assert rest == []
    assert (row["import_ws"], row["export_ws"]) == (100 * WS, 250 * WS)
    assert (row["import_w"], row["export_w"], row["soc_pct"]) == (0, 6600, 61)
