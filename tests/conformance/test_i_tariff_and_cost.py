"""Block I on the wire: running cost, final cost, and tariffs in stations."""

from decimal import Decimal
from typing import Any

import pytest

from csms.ocpp.wire import Edition
from tests.conformance.peer_world import EDITIONS, Declines, Peer, PeerWorld
from tests.proving import exercises, proves

pytestmark = [pytest.mark.postgres, pytest.mark.sockets]


def a_tariff(name: str, per_kwh: float = 0.30, **more: Any) -> dict[str, Any]:  # noqa: ANN401
    prices = [{"priceKwh": per_kwh}]
    tax = [{"type": "State", "tax": 6.25}]
    energy = {"prices": prices, "taxRates": tax}
    return {"tariffId": name, "currency": "USD", "energy": energy, **more}


async def put_variable(world: PeerWorld, peer: Peer, instance: str) -> None:
    await world.inside(
        world.database.execute(
            """
            INSERT INTO station_variable (station_id, component, component_instance,
                evse, connector, variable, variable_instance, attribute, value,
                updated_at)
            VALUES ($1, 'TariffCostCtrlr', '', 0, 0, 'Enabled', $2, 'Actual', 'true',
                now())
            """,
            peer.name,
            instance,
        )
    )


async def hold(world: PeerWorld, peer: Peer, tariff: dict[str, Any]) -> None:
    assert (await world.put("tariffs", tariff)).status == 200
    body = {"tariff": tariff["tariffId"]}
    told = await world.put(f"stations/{peer.name}/tariffs", body)
    assert told.status == 200, told.body


def event(
    world: PeerWorld, kind: str, seq: int, wh: float, state: str = "Charging"
) -> dict[str, Any]:
    return {
        "eventType": kind,
        "timestamp": world.now(minutes=seq),
        "triggerReason": "MeterValuePeriodic",
        "seqNo": seq,
        "transactionInfo": {"transactionId": "T-1", "chargingState": state},
        "evse": {"id": 1, "connectorId": 1},
        "meterValue": [
            {
                "timestamp": world.now(minutes=seq),
                "sampledValue": [
                    {"value": wh, "measurand": "Energy.Active.Import.Register"}
                ],
            }
        ],
    }


@proves("I02.FR.01", "I03.FR.02", "I08.FR.34", "TC_I_02_CSMS")
@pytest.mark.parametrize("edition", EDITIONS)
async def test_a_driver_is_told_what_it_costs_so_far_and_in_all(
    peer_world: PeerWorld, edition: Edition
) -> None:
    async with peer_world.station(edition) as peer:
        await put_variable(peer_world, peer, "Cost")
        await hold(peer_world, peer, a_tariff(f"plain-{peer.name}"))
        await peer.ask("TransactionEvent", event(peer_world, "Started", 0, 1000))
        await peer.ask("TransactionEvent", event(peer_world, "Updated", 1, 11_000))

        await peer_world.inside(peer_world.node.tariffs.step())
        await peer.heard("CostUpdated")
        await peer_world.inside(peer_world.node.tariffs.step())
        told = await peer.ask(
            "TransactionEvent", event(peer_world, "Ended", 2, 21_000, "EVConnected")
        )

        [so_far] = peer.record.asked("CostUpdated")
        kept = await peer_world.rows(
            "SELECT total, final FROM transaction_cost WHERE station_id = $1", peer.name
        )
        shown = await peer_world.get(f"stations/{peer.name}/transactions/T-1/cost")

    assert so_far == {"totalCost": 3.19, "transactionId": "T-1"}
    assert told["totalCost"] == 6.38
    assert kept == [{"total": Decimal("6.38"), "final": True}]
    assert Decimal(shown.body["total"]) == Decimal("6.38")


@proves("I03.FR.04")
async def test_a_free_transaction_costs_zero_and_is_said_to(
    peer_world: PeerWorld,
) -> None:
    async with peer_world.station(Edition.V201) as peer:
        free = a_tariff(f"free-{peer.name}", per_kwh=0.0)
        await hold(peer_world, peer, free)
        await peer.ask("TransactionEvent", event(peer_world, "Started", 0, 0))
        told = await peer.ask(
            "TransactionEvent", event(peer_world, "Ended", 1, 9000, "EVConnected")
        )

    assert told == {"totalCost": 0}


async def test_where_no_tariff_holds_no_cost_is_said(peer_world: PeerWorld) -> None:
    async with peer_world.station() as peer:
        await peer.ask("TransactionEvent", event(peer_world, "Started", 0, 0))
        told = await peer.ask("TransactionEvent", event(peer_world, "Ended", 1, 9000))

    assert "totalCost" not in told


@exercises("SetDefaultTariff", "GetTariffs", "ClearTariffs", "ChangeTransactionTariff")
async def test_a_station_that_reckons_is_given_the_tariff_and_asked_to_clear_it(
    peer_world: PeerWorld,
) -> None:
    async with peer_world.station(Edition.V21) as peer:
        await put_variable(peer_world, peer, "Tariff")
        tariff = a_tariff(f"own-{peer.name}")
        name = tariff["tariffId"]
        peer.answers["GetTariffs"] = {
            "status": "Accepted",
            "tariffAssignments": [{"tariffId": name, "tariffKind": "DefaultTariff"}],
        }
        peer.answers["ClearTariffs"] = {
            "clearTariffsResult": [{"tariffId": name, "status": "Accepted"}]
        }
        await hold(peer_world, peer, tariff)
        held = await peer_world.get(f"stations/{peer.name}/tariffs/installed")
        changed = await peer_world.put(
            f"stations/{peer.name}/transactions/T-9/tariff", {"tariff": name}
        )
        cleared = await peer_world.delete(f"stations/{peer.name}/tariffs/0")

        sent = peer.record.asked("SetDefaultTariff")
        moved = peer.record.asked("ChangeTransactionTariff")
        gone = peer.record.asked("ClearTariffs")

    assert sent == [{"evseId": 0, "tariff": tariff}]
    assert [each["tariff"] for each in held.body["items"]] == [name]
    assert changed.status == 204
    assert moved == [{"tariff": tariff, "transactionId": "T-9"}]
    assert gone == [{"tariffIds": [name]}]
    assert cleared.body == {"statuses": {name: "Accepted"}}


async def test_a_tariff_that_the_station_refuses_does_not_hold(
    peer_world: PeerWorld,
) -> None:
    async with peer_world.station(Edition.V21) as peer:
        await put_variable(peer_world, peer, "Tariff")
        tariff = a_tariff(f"refused-{peer.name}")
        await peer_world.put("tariffs", tariff)
        peer.answers["SetDefaultTariff"] = {"status": "ConditionNotSupported"}
        body = {"tariff": tariff["tariffId"]}
        refused = await peer_world.put(f"stations/{peer.name}/tariffs", body)
        peer.answers["SetDefaultTariff"] = Declines("NotSupported")
        declined = await peer_world.put(f"stations/{peer.name}/tariffs", body)
        held = await peer_world.rows(
            "SELECT 1 FROM tariff_assignment WHERE station_id = $1", peer.name
        )

    assert (refused.status, refused.body["code"]) == (403, "tariff-refused")
    assert (declined.status, declined.body["code"]) == (409, "station-refused")
    assert held == []


async def test_a_tariff_that_the_station_keeps_goes_on_to_hold(
    peer_world: PeerWorld,
) -> None:
    async with peer_world.station(Edition.V21) as peer:
        await put_variable(peer_world, peer, "Tariff")
        tariff = a_tariff(f"kept-{peer.name}")
        name = tariff["tariffId"]
        peer.answers["ClearTariffs"] = {
            "clearTariffsResult": [{"tariffId": name, "status": "Rejected"}]
        }
        await hold(peer_world, peer, tariff)
        refused = await peer_world.delete(f"stations/{peer.name}/tariffs/0")
        held = await peer_world.rows(
            "SELECT 1 FROM tariff_assignment WHERE station_id = $1", peer.name
        )

    assert (refused.status, refused.body["code"]) == (403, "tariff-refused")
    assert len(held) == 1


@proves("I08.FR.08")
async def test_the_id_of_a_tariff_stands_for_its_content(
    peer_world: PeerWorld,
) -> None:
    first = await peer_world.put("tariffs", a_tariff("fixed-id"))
    again = await peer_world.put("tariffs", a_tariff("fixed-id"))
    other = await peer_world.put("tariffs", a_tariff("fixed-id", per_kwh=0.5))

    assert (first.status, again.status) == (200, 200)
    assert (other.status, other.body["field"]) == (409, "tariffId")
    [kept] = await peer_world.rows("SELECT document FROM tariff WHERE id = 'fixed-id'")
    assert "0.3" in kept["document"]


@pytest.mark.parametrize(
    ("tariff", "field"),
    [
        ({"tariffId": "x", "currency": "DOLLARS"}, "currency"),
        ({"currency": "USD"}, "tariffId"),
        (a_tariff("x", energy={"prices": []}), "energy.prices"),
        (a_tariff("x", surprise=1), "surprise"),
    ],
)
async def test_a_tariff_that_breaks_its_schema_is_refused_by_its_field(
    peer_world: PeerWorld, tariff: dict[str, Any], field: str
) -> None:
    told = await peer_world.put("tariffs", tariff)

    assert (told.status, told.body["field"]) == (422, field)


async def test_conditions_are_for_stations_that_reckon(peer_world: PeerWorld) -> None:
    odd = a_tariff("by-day")
    odd["energy"]["prices"] = [
        {"priceKwh": 0.1, "conditions": {"dayOfWeek": ["Sunday"]}}
    ]
    async with peer_world.station(Edition.V201) as peer:
        await peer_world.put("tariffs", odd)
        told = await peer_world.put(
            f"stations/{peer.name}/tariffs", {"tariff": "by-day"}
        )

    assert (told.status, told.body["field"]) == (403, "tariff")
