"""What an EVSE does now."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from csms.domain.ids import EvseId, TransactionId
from csms.domain.units import Power


@dataclass(frozen=True, slots=True)
class LiveEvse:
    """The latest that is known of an EVSE; none is unknown.

    Attributes:
        connector_status: OCPP's word for its connector, such as Occupied.
        transaction: The ongoing transaction.
        plugged: Whether a vehicle is connected; false as soon as one signal says so.
        plugged_at: When that became so.
        charging_state: The transaction's state, in OCPP's words.
        operation_mode: The V2X operation mode (2.1).
        power: Signed power, positive into the vehicle.
        soc_pct: The last believable state of charge; it outlives unplugging.
        import_ws: Register of energy into the vehicle.
        export_ws: Register of energy out of the vehicle.
        ev_needs: What the vehicle last said that it needs and allows.
        external_limit: A limit that somebody else has put on the station.
        der_alarm: Grid conditions that the station reacts to, and controls that run on
            it: ``alarms`` and ``controls``, each by its name (2.1, R04 and R05).
        priority_charging: Whether the driver asked to charge at full power.
        connected: Whether its station has a connection.
    """

    evse: EvseId
    connector_status: str | None = None
    connector_status_at: datetime | None = None
    transaction: TransactionId | None = None
    plugged: bool = False
    plugged_at: datetime | None = None
    charging_state: str | None = None
    operation_mode: str | None = None
    power: Power | None = None
    power_at: datetime | None = None
    soc_pct: float | None = None
    soc_at: datetime | None = None
    import_ws: int | None = None
    export_ws: int | None = None
    register_at: datetime | None = None
    ev_needs: dict[str, Any] | None = None
    external_limit: dict[str, Any] | None = None
    der_alarm: dict[str, Any] | None = None
    priority_charging: bool = False
    connected: bool = False
