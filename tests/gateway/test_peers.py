"""An independent peer: the charge points of the ocpp package."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import ocpp.v21
import ocpp.v201
import pytest
from ocpp.routing import on

from csms.domain.ids import StationId
from csms.ocpp.messages.provisioning import RESET
from tests.gateway.neighbors import Street

pytestmark = pytest.mark.sockets


class OldPoint(ocpp.v201.ChargePoint):  # type: ignore[misc]
    @on("Reset")  # type: ignore[untyped-decorator]
    def on_reset(self, **_request: object) -> ocpp.v201.call_result.Reset:
        return ocpp.v201.call_result.Reset(status="Scheduled")


class NewPoint(ocpp.v21.ChargePoint):  # type: ignore[misc]
    @on("Reset")  # type: ignore[untyped-decorator]
    def on_reset(self, **_request: object) -> ocpp.v21.call_result.Reset:
        return ocpp.v21.call_result.Reset(status="Scheduled")


async def _boot(_station: StationId, payload: dict[str, Any]) -> dict[str, Any]:
    assert payload["chargingStation"]["model"] == "M"
    now = datetime(2026, 7, 14, tzinfo=UTC).isoformat()
    return {"currentTime": now, "interval": 60, "status": "Accepted"}


async def _beat(_station: StationId, _payload: dict[str, Any]) -> dict[str, Any]:
    return {"currentTime": datetime(2026, 7, 14, tzinfo=UTC).isoformat()}


@pytest.mark.parametrize("subprotocol", ["ocpp2.0.1", "ocpp2.1"])
async def test_a_charge_point_of_another_make_boots_beats_and_obeys(
    street: Street, subprotocol: str
) -> None:
    old = subprotocol == "ocpp2.0.1"
    point, messages = (OldPoint, ocpp.v201) if old else (NewPoint, ocpp.v21)
    street.handlers.actions.update(BootNotification=_boot, Heartbeat=_beat)
    async with street.station("A", offers=(subprotocol,)) as socket:
        station = point("A", socket, response_timeout=3)
        listening = asyncio.create_task(station.start())
        try:
            booted = await station.call(
                messages.call.BootNotification(
                    charging_station={"model": "M", "vendor_name": "V"},
                    reason="PowerUp",
                )
            )
            beat = await station.call(messages.call.Heartbeat())
            reset = await street.link("A").ask(
                RESET, RESET.request.read({"type": "OnIdle"})
            )
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)

    assert booted.status == "Accepted"
    assert booted.interval == 60
    assert beat.current_time.startswith("2026-07-14")
    assert reset.status == "Scheduled"
