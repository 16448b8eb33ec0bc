"""Charging stations, EVSEs, connectors, their make and standing."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from csms.domain.ids import EvseId, SiteId, StationId, VehicleId
from csms.domain.units import Power

EDITION_201 = "ocpp2.0.1"
EDITION_21 = "ocpp2.1"
"""Editions of the protocol as the WebSocket subprotocol names them."""


class Standing(StrEnum):
    """What this system thinks of a station."""

    ACCEPTED = "accepted"
    """It is provisioned and served."""
    PENDING = "pending"
    """It is known, but its device model has not been read and configured yet (B02)."""
    REJECTED = "rejected"
    """An operator does not want it; it is told nothing but that (B03)."""


class ConnectorStatus(StrEnum):
    """What a connector can be (G01), in the words of the wire."""

    AVAILABLE = "Available"
    OCCUPIED = "Occupied"
    RESERVED = "Reserved"
    UNAVAILABLE = "Unavailable"
    FAULTED = "Faulted"


@dataclass(frozen=True, slots=True)
class Make:
    """Whose product a station is and which software it runs, as it says at boot.

    Attributes:
        vendor: Name of the vendor.
        model: Name of the model.
        firmware: Version of the firmware; empty when it does not say.
        serial: Serial number; empty when it does not say.
    """

    vendor: str
    model: str
    firmware: str = ""
    serial: str = ""

    def fingerprint(self, edition: str | None) -> str:
        """Return what provisioning is done for: any change asks for it again.

        The device model of one unit differs by the edition it speaks, so that counts.
        """
        said = (self.vendor, self.model, self.firmware, self.serial, edition or "")
        return "|".join(said)


@dataclass(frozen=True, slots=True)
class Boot:
    """A station has started (B01).

    Attributes:
        station: Which.
        make: What it says it is.
        reason: Why it started, in the words of the wire.
        at: When we heard of it.
    """

    station: StationId
    make: Make
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Station:
    """A charging station as this system knows it.

    Attributes:
        id: Its identity on the wire.
        site: Where it stands.
        standing: Whether it is served.
        edition_pin: The only edition offered to it, for units whose other one is
            broken; None offers both.
        make: What it said at its last boot; None before the first.
        boot_reason: Why it last started.
        booted_at: When it last started.
        provisioned_at: When its device model was last read and configured.
        provisioned_for: The fingerprint of the make that was provisioned.
        capabilities: The document of its ``charging.capability.Capability``.
        shortcomings: What it cannot do of what we asked, in prose.
        connected: Whether it has a socket, as last written down.
        edition: The edition of its last connection.
        remote: The address of its last connection.
        connected_at: When its last connection began.
        disconnected_at: When its last connection ended.
        last_seen_at: When it last said anything.
    """

    id: StationId
    site: SiteId
    standing: Standing = Standing.PENDING
    edition_pin: str | None = None
    make: Make | None = None
    boot_reason: str | None = None
    booted_at: datetime | None = None
    provisioned_at: datetime | None = None
    provisioned_for: str | None = None
    capabilities: Mapping[str, Any] = field(default_factory=dict)
    shortcomings: tuple[str, ...] = ()
    connected: bool = False
    edition: str | None = None
    remote: str | None = None
    connected_at: datetime | None = None
    disconnected_at: datetime | None = None
    last_seen_at: datetime | None = None

    @property
    def is_provisioned(self) -> bool:
        """Tell whether it was provisioned as the make it is now (rule 1)."""
        return (
            self.provisioned_at is not None
            and self.make is not None
            and self.provisioned_for == self.make.fingerprint(self.edition)
        )


@dataclass(frozen=True, slots=True)
class Evse:
    """What supplies one vehicle at a time; ratings are positive magnitudes.

    Attributes:
        id: Its station and its number there.
        vehicle: The vehicle that parks here by default.
        max_charge: Most it charges with.
        max_discharge: Most it discharges with.
        min_discharge: Least it can discharge with; below it stands still.
        grid_parallel: False for an island-only system, which is never dispatched.
    """

    id: EvseId
    vehicle: VehicleId | None
    max_charge: Power
    max_discharge: Power
    min_discharge: Power
    grid_parallel: bool


class VariableKey(NamedTuple):
    """The name of one variable of a device model; there are thousands of a station.

    Attributes:
        component: Name of the component, such as ``SmartChargingCtrlr``.
        variable: Name of the variable, such as ``RateUnit``.
        component_instance: Which of several such components; empty if there is one.
        variable_instance: Which of several such variables; empty if there is one.
        evse: The EVSE it belongs to; 0 for the station.
        connector: The connector it belongs to; 0 for none.
    """

    component: str
    variable: str
    component_instance: str = ""
    variable_instance: str = ""
    evse: int = 0
    connector: int = 0

    @property
    def text(self) -> str:
        """Return the name as people write it.

        ``Component[instance]@1:2.Variable[instance]``, of connector 2 of EVSE 1.
        """
        which = f"[{self.component_instance}]" if self.component_instance else ""
        plug = f":{self.connector}" if self.connector else ""
        where = f"@{self.evse}{plug}" if self.evse or self.connector else ""
        inner = f"[{self.variable_instance}]" if self.variable_instance else ""
        return f"{self.component}{which}{where}.{self.variable}{inner}"


class Variable(NamedTuple):
    """One attribute of one variable, as a station reported it.

    Attributes:
        key: Its name.
        attribute: Which value of it: Actual, Target, MinSet or MaxSet.
        value: The value as text; None when write only or never set.
        mutability: ReadOnly, WriteOnly or ReadWrite; None when not said.
        characteristics: Unit, data type, limits and values list, as on the wire.
        persistent: Whether it outlives a restart; None when not said.
        constant: Whether it never changes; None when not said.
        due: A value that was accepted and takes effect at the next restart.
        since: Since when it reads so, as far as we saw; None before it is kept.
    """

    key: VariableKey
    attribute: str = "Actual"
    value: str | None = None
    mutability: str | None = None
    characteristics: Mapping[str, Any] | None = None
    persistent: bool | None = None
    constant: bool | None = None
    due: str | None = None
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Presence:
    """A station came or went.

    Attributes:
        station: Which.
        at: When.
        edition: The edition it came with; None if it went.
        remote: The address it came from; empty if it went.
        reason: Why it went; empty if it came.
    """

    station: StationId
    at: datetime
    edition: str | None = None
    remote: str = ""
    reason: str = ""

    @property
    def here(self) -> bool:
        """Tell whether it has come."""
        return self.edition is not None


@dataclass(frozen=True, slots=True)
class StationNotice:
    """Something a station told us about itself that an operator may want to see.

    Attributes:
        station: Which.
        at: When it happened, by the station's clock.
        received_at: When we heard of it.
        kind: The action, or the action and its subject, such as ``SecurityEvent``.
        severity: 0 (danger) to 9 (debug), as OCPP counts (N07).
        body: What it said.
    """

    station: StationId
    at: datetime
    received_at: datetime
    kind: str
    severity: int
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RejectedHandshake:
    """Somebody who knocked and was not let in.

    Attributes:
        at: When.
        station: The identity claimed; not trusted.
        remote: The address it came from.
        status: The HTTP status it was given.
        reason: Why, for an operator.
    """

    at: datetime
    station: str
    remote: str
    status: int
    reason: str


@dataclass(frozen=True, slots=True)
class DeviationCount:
    """How often a station departed from the standard in one harmless way.

    Attributes:
        station: Which.
        kind: What kind of departure.
        path: Where in the message, without list positions.
        count: How often since the last flush, or ever when read back.
        first_at: When it was first seen.
        last_at: When it was last seen.
        detail: The last instance, for people.
    """

    station: StationId
    kind: str
    path: str
    count: int
    first_at: datetime
    last_at: datetime
    detail: str
