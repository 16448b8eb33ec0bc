"""Stations as the API shows them."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from pydantic import BaseModel, Field

from csms.api.figures import kw
from csms.domain.ids import EvseId
from csms.domain.secrecy import HIDDEN, is_secret
from csms.domain.station import DeviationCount, Station, StationNotice, Variable
from csms.domain.transaction import Transaction
from csms.domain.vendor_profile import VendorProfile
from csms.services.node import Node
from csms.services.ports.profiles import Intent
from csms.services.ports.queries import EvseRow, StationRow
from csms.services.ports.telemetry import LoggedMessage
from csms.services.stations import EvseFacts


class LiveItem(BaseModel):
    """What an EVSE is doing now, as far as it says."""

    number: int
    power_w: int | None = Field(description="Signed: positive into the vehicle.")
    power_at: datetime | None
    soc_pct: float | None
    soc_at: datetime | None
    plugged: bool
    connector_status: str | None
    charging_state: str | None
    operation_mode: str | None
    transaction: str | None
    priority_charging: bool


class EvseItem(LiveItem):
    """An EVSE: its ratings, what parks there, and what it is doing now."""

    vehicle: str | None
    vehicle_name: str | None
    max_charge_kw: float
    max_discharge_kw: float
    grid_parallel: bool


class StationItem(BaseModel):
    """A station as a list shows it."""

    id: str
    site: str
    site_name: str
    timezone: str
    participant: str
    participant_name: str
    vendor: str | None
    model: str | None
    firmware: str | None
    edition: str | None
    connected: bool
    standing: str
    provisioned: bool
    last_seen_at: datetime | None
    deviation_kinds: int = Field(
        description="Ways in which it departed from the standard."
    )
    evses: list[EvseItem]


class EvidenceItem(BaseModel):
    """What a vendor profile rests on."""

    kind: str
    reference: str
    on: date | None


class VendorProfileItem(BaseModel):
    """What experience says about a make."""

    id: str
    dialect: str
    evidence: EvidenceItem
    negative_limit: str
    max_discharge_kw: float | None
    min_discharge_kw: float
    after_expiry: str
    offline: str
    quarantined: bool


class EvseFactsItem(BaseModel):
    """Whether an EVSE may be dispatched, and if not, why."""

    number: int
    dispatchable: bool
    obstacle: str | None
    verified: bool
    dialect: str


class DeviationItem(BaseModel):
    """A harmless departure from the standard."""

    kind: str
    path: str
    count: int
    first_at: datetime
    last_at: datetime
    detail: str


class IntentItem(BaseModel):
    """A profile that the station holds, or should hold."""

    evse: int
    role: str
    profile_id: int
    state: str
    event: str | None
    transaction: str | None
    detail: str | None
    updated_at: datetime
    document: dict[str, Any]


class TransactionItem(BaseModel):
    """A transaction that has not ended."""

    id: str
    evse: int | None
    started_at: datetime | None
    first_at: datetime
    last_at: datetime
    charging_state: str | None
    missing_reports: int = Field(description="Sequence numbers that never came.")


class StationDetail(StationItem):
    """Everything about one station."""

    serial: str | None
    boot_reason: str | None
    booted_at: datetime | None
    edition_pin: str | None
    remote: str | None
    connected_at: datetime | None
    disconnected_at: datetime | None
    provisioned_at: datetime | None
    capabilities: dict[str, Any]
    shortcomings: list[str]
    vendor_profile: VendorProfileItem
    facts: list[EvseFactsItem]
    deviations: list[DeviationItem]
    intents: list[IntentItem]
    transactions: list[TransactionItem]


class MessageItem(BaseModel):
    """One frame that passed."""

    id: int
    at: datetime
    station: str
    direction: str
    kind: int
    message_id: str
    action: str
    text: str


class VariableItem(BaseModel):
    """One attribute of one variable of the device model."""

    component: str
    component_instance: str
    evse: int
    connector: int
    variable: str
    variable_instance: str
    attribute: str
    value: str | None
    mutability: str | None
    characteristics: dict[str, Any] | None
    persistent: bool | None
    constant: bool | None
    due: str | None = Field(
        description="A value that was accepted and takes effect at the next restart."
    )
    since: datetime | None


class StationNoticeItem(BaseModel):
    """Something a station told of itself."""

    id: int
    at: datetime
    received_at: datetime
    kind: str
    severity: int
    body: dict[str, Any]


def station_item(node: Node, row: StationRow) -> StationItem:
    """Return a station as a list shows it; live values are those of this instant."""
    return StationItem(**_station(node, row))


def station_detail(
    node: Node,
    row: StationRow,
    kept: Station,
    *,
    deviations: Sequence[DeviationCount],
    intents: Sequence[Intent],
    transactions: Sequence[Transaction],
) -> StationDetail:
    """Return everything about one station."""
    return StationDetail(
        **_station(node, row),
        serial=kept.make.serial or None if kept.make else None,
        boot_reason=kept.boot_reason,
        booted_at=kept.booted_at,
        edition_pin=kept.edition_pin,
        remote=kept.remote,
        connected_at=kept.connected_at,
        disconnected_at=kept.disconnected_at,
        provisioned_at=kept.provisioned_at,
        capabilities=dict(kept.capabilities),
        shortcomings=list(kept.shortcomings),
        vendor_profile=_vendor_profile(node, node.book.vendor_profile(kept.id)),
        facts=[_facts(node.book.facts(each.evse.id)) for each in row.evses],
        deviations=[_deviation(each) for each in deviations],
        intents=[_intent(each) for each in intents],
        transactions=[_transaction(each) for each in transactions],
    )


def live_item(node: Node, evse: EvseId) -> dict[str, Any]:
    """Return what an EVSE is doing now, by the names of ``LiveItem``."""
    live = node.live.get(evse)
    return {
        "number": evse.number,
        "power_w": None if live.power is None else live.power.watts,
        "power_at": live.power_at,
        "soc_pct": live.soc_pct,
        "soc_at": live.soc_at,
        "plugged": live.plugged,
        "connector_status": live.connector_status,
        "charging_state": live.charging_state,
        "operation_mode": live.operation_mode,
        "transaction": live.transaction,
        "priority_charging": live.priority_charging,
    }


def message_item(said: LoggedMessage) -> MessageItem:
    """Return a frame."""
    return MessageItem(
        id=said.id,
        at=said.at,
        station=said.station,
        direction=said.direction,
        kind=said.kind,
        message_id=said.message_id,
        action=said.action,
        text=said.text,
    )


def variable_item(each: Variable) -> VariableItem:
    """Return one attribute of one variable."""
    key, said = each.key, each.characteristics
    return VariableItem(
        component=key.component,
        component_instance=key.component_instance,
        evse=key.evse,
        connector=key.connector,
        variable=key.variable,
        variable_instance=key.variable_instance,
        attribute=each.attribute,
        value=HIDDEN if each.value and is_secret(key.variable) else each.value,
        mutability=each.mutability,
        characteristics=None if said is None else dict(said),
        persistent=each.persistent,
        constant=each.constant,
        due=each.due,
        since=each.since,
    )


def station_notice_item(number: int, said: StationNotice) -> StationNoticeItem:
    """Return something that a station told of itself."""
    return StationNoticeItem(
        id=number,
        at=said.at,
        received_at=said.received_at,
        kind=said.kind,
        severity=said.severity,
        body=dict(said.body),
    )


def _station(node: Node, row: StationRow) -> Mapping[str, Any]:
    return {
        "id": row.id,
        "site": row.site,
        "site_name": row.site_name,
        "timezone": row.timezone,
        "participant": row.participant,
        "participant_name": row.participant_name,
        "vendor": row.vendor,
        "model": row.model,
        "firmware": row.firmware,
        "edition": row.edition,
        "connected": node.book.is_online(row.id),
        "standing": row.standing,
        "provisioned": row.provisioned,
        "last_seen_at": row.last_seen_at,
        "deviation_kinds": row.deviations,
        "evses": [_evse(node, each) for each in row.evses],
    }


def _evse(node: Node, row: EvseRow) -> EvseItem:
    evse = row.evse
    return EvseItem(
        **live_item(node, evse.id),
        vehicle=evse.vehicle,
        vehicle_name=row.vehicle_name,
        max_charge_kw=kw(evse.max_charge),
        max_discharge_kw=kw(evse.max_discharge),
        grid_parallel=evse.grid_parallel,
    )


def _vendor_profile(node: Node, profile: VendorProfile) -> VendorProfileItem:
    most, evidence = profile.max_discharge, profile.evidence
    return VendorProfileItem(
        id=profile.id,
        dialect=profile.dialect,
        evidence=EvidenceItem(
            kind=evidence.kind, reference=evidence.reference, on=evidence.on
        ),
        negative_limit=profile.negative_limit,
        max_discharge_kw=None if most is None else kw(most),
        min_discharge_kw=kw(profile.min_discharge),
        after_expiry=profile.after_expiry,
        offline=profile.offline,
        quarantined=profile.id in node.book.quarantined,
    )


def _facts(facts: EvseFacts) -> EvseFactsItem:
    return EvseFactsItem(
        number=facts.evse.number,
        dispatchable=facts.dispatchable,
        obstacle=facts.obstacle,
        verified=facts.verified,
        dialect=facts.dialect,
    )


def _deviation(seen: DeviationCount) -> DeviationItem:
    return DeviationItem(
        kind=seen.kind,
        path=seen.path,
        count=seen.count,
        first_at=seen.first_at,
        last_at=seen.last_at,
        detail=seen.detail,
    )


def _intent(intent: Intent) -> IntentItem:
    return IntentItem(
        evse=intent.evse.number,
        role=intent.role,
        profile_id=intent.profile_id,
        state=intent.state,
        event=intent.event,
        transaction=intent.transaction,
        detail=intent.detail,
        updated_at=intent.updated_at,
        document=dict(intent.document),
    )


def _transaction(ongoing: Transaction) -> TransactionItem:
    state = ongoing.charging_state
    return TransactionItem(
        id=ongoing.id,
        evse=ongoing.evse,
        started_at=ongoing.started_at,
        first_at=ongoing.first_at,
        last_at=ongoing.last_at,
        charging_state=None if state is None else state[1],
        missing_reports=ongoing.never_came,
    )
