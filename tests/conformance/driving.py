"""A transaction as a station of the independent library reports it."""

from dataclasses import dataclass, field
from typing import Any

from tests.conformance.peer_world import Json, Peer, PeerWorld

DRIVER = {"idToken": "DRIVER-1", "type": "ISO14443"}
REPORTS = (
    "SELECT seq_no, event_type, trigger_reason, offline, payload "
    "FROM transaction_report WHERE station_id = $1 AND transaction_id = $2 "
    "ORDER BY seq_no"
)
KEPT = "SELECT * FROM transaction WHERE station_id = $1 AND id = $2"


@dataclass(slots=True)
class Stay:
    """One vehicle's stay at an EVSE.

    Attributes:
        world: Where it happens.
        peer: The station.
        id: The transaction.
        evse: Where the vehicle stands.
        said: What was reported, in order.
    """

    world: PeerWorld
    peer: Peer
    id: str
    evse: int = 1
    said: list[Json] = field(default_factory=list)

    async def report(
        self,
        kind: str,
        trigger: str,
        state: str | None = None,
        *,
        stopped: str | None = None,
        info: Json | None = None,
        **more: Any,  # noqa: ANN401
    ) -> Json:
        """Report something; return what the system answers."""
        about: Json = {"transactionId": self.id, **(info or {})}
        about |= {"chargingState": state} if state else {}
        about |= {"stoppedReason": stopped} if stopped else {}
        payload: Json = {
            "eventType": kind,
            "timestamp": self.world.now(),
            "triggerReason": trigger,
            "seqNo": len(self.said),
            "transactionInfo": about,
            **more,
        }
        self.said.append(payload)
        return await self.peer.ask("TransactionEvent", payload)

    async def begin(self, trigger: str = "Authorized", **more: Any) -> Json:  # noqa: ANN401
        """Report the start, with an id token and an EVSE."""
        usual: Json = {
            "state": "EVConnected",
            "idToken": DRIVER,
            "evse": {"id": self.evse, "connectorId": 1},
        }
        return await self.report("Started", trigger, **(usual | more))

    async def charge(self, **more: Any) -> Json:  # noqa: ANN401
        """Report that energy flows."""
        return await self.report("Updated", "ChargingStateChanged", "Charging", **more)

    async def end(
        self,
        trigger: str = "StopAuthorized",
        stopped: str = "Local",
        **more: Any,  # noqa: ANN401
    ) -> Json:
        """Report the end."""
        return await self.report("Ended", trigger, stopped=stopped, **more)

    async def kept(self) -> Json:
        """Return what PostgreSQL holds of it."""
        (row,) = await self.world.rows(KEPT, self.peer.name, self.id)
        return row

    async def reports(self) -> list[Json]:
        """Return the reports that PostgreSQL holds, in the order of their numbers."""
        return await self.world.rows(REPORTS, self.peer.name, self.id)


def a_reading(
    world: PeerWorld, wh: float, context: str = "Sample.Periodic", **more: object
) -> Json:
    """Return a meter value with one register."""
    sample: Json = {
        "value": wh,
        "measurand": "Energy.Active.Import.Register",
        "context": context,
        "location": "Inlet",
        "unitOfMeasure": {"unit": "Wh"},
    }
    return {"timestamp": world.now(), "sampledValue": [sample | more]}
