"""Who charges at the demonstration's fleet, what it costs, and what raised an alert."""

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from csms.domain.alert import SeverityFrom, StationEvent, Trigger
from csms.domain.ids import EvseId, StationId, TransactionId
from csms.domain.local_list import ListState, LocalList
from csms.domain.log_job import LogFile, LogKind, LogRequest, LogState, LogStatus
from csms.domain.monitor import MonitorIntent, MonitorKind, MonitorSetting
from csms.domain.reading import Reading
from csms.domain.reservation import Reservation, ReservationState
from csms.domain.station import VariableKey
from csms.domain.token import IdToken, Judgement, Place, TokenRecord, Verdict
from csms.domain.transaction import EventType, TransactionReport
from csms.domain.units import Energy

if TYPE_CHECKING:
    from datetime import datetime

    from csms.services.node import Node
    from csms.services.ports.work import Work
    from tests.browser.site import Site

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
CARD = IdToken("04A2B3C4D5E6F7", "ISO14443")
LOST = IdToken("04FFEEDDCCBBAA", "ISO14443")
TEMPERATURE = VariableKey("EVSE", "Temperature", evse=1)
TARIFF = {
    "tariffId": "depot-2026",
    "currency": "USD",
    "energy": {"prices": [{"priceKwh": 0.275}], "taxRates": [{"type": "S", "tax": 5}]},
    "idleTime": {"prices": [{"priceMinute": 0.02}]},
}
NIGHT = {
    "tariffId": "night-and-day",
    "currency": "USD",
    "energy": {
        "prices": [
            {"priceKwh": 0.19, "conditions": {"startTimeOfDay": "22:00"}},
            {"priceKwh": 0.33},
        ]
    },
}


async def drive(site: "Site") -> None:
    """Let drivers be known, refused and charged, and stations be looked after."""
    node = site.node
    first, second, third = [each.id for each in node.book.stations()[:3]]
    await _know(node, first)
    await _charge(site, EvseId(second, 1))
    journal = site.inside.journal
    node.refusals.note(first, LOST, Judgement(Verdict.BLOCKED), 1)
    stranger = IdToken("a-very-long-token-that-nobody-knows", "Central")
    node.refusals.note(second, stranger, Judgement(Verdict.UNKNOWN))
    await journal.flush()
    now = node.clock.now()
    async with node.begin() as work:
        for each in _lists(first, second, third, now):
            await work.local_lists.save(each)
        for kept in _reservations(first, second, now):
            await work.reservations.add(kept, "olivia")
        await _collect(work, second, now)
        await _monitor(work, third, now)
    await node.reservations.load()
    await node.diagnostics.alerts.take([_hot(third, now - HOUR)])
    found = await node.incidents.open()
    await node.incidents.acknowledge(found[-1].incident.id, "olivia")


async def _know(node: "Node", station: StationId) -> None:
    now = node.clock.now()
    crew = IdToken("depot-crew", "Central")
    records = (
        TokenRecord(CARD, label="Depot crew, card 1", group=crew),
        TokenRecord(LOST, label="Depot crew, card 2", group=crew, blocked=True),
        TokenRecord(
            IdToken("US-CSM-C1234567-8", "eMAID"),
            label="Home 03",
            valid_from=now - 90 * DAY,
            valid_until=now + 90 * DAY,
            places=(Place(station, None, frozenset({1})),),
        ),
        TokenRecord(IdToken("VISITOR-17", "Local"), valid_until=now - DAY),
        TokenRecord(IdToken("4711", "KeyCode"), label="Night watch", listed=False),
    )
    for each in records:
        await node.id_tokens.add(each, "olivia")


async def _charge(site: "Site", evse: EvseId) -> None:
    node, now = site.node, site.clock.now()
    for each in (TARIFF, NIGHT):
        await node.tariffs.save(each, "olivia")
    await node.tariffs.assign(evse.station, 0, "depot-2026", "olivia")
    name = TransactionId("7d3c2c0e-6f0b-4a39-9a57-2f0b6d6b3f10")
    readings = tuple(
        Reading(
            evse,
            now - HOUR * left,
            transaction=name,
            import_ws=(3 - left) * Energy.kwh(6).watt_seconds,
        )
        for left in (2, 1, 0)
    )
    payload = '{"transactionInfo": {"chargingState": "Charging"}}'
    report = TransactionReport(
        station=evse.station,
        transaction=name,
        seq_no=0,
        event_type=EventType.STARTED,
        trigger="Authorized",
        at=now - 2 * HOUR,
        offline=False,
        received_at=now,
        evse=evse.number,
        charging_state="Charging",
        operation_mode=None,
        stopped_reason=None,
        id_token=CARD.value,
        remote_start_id=None,
        readings=readings,
        payload=payload,
        digest=b"drivers",
    )
    await site.store.write([report], [], at=now)
    await node.tariffs.step()


def _lists(
    first: StationId, second: StationId, third: StationId, now: "datetime"
) -> Sequence[LocalList]:
    return (
        LocalList(
            first,
            managed=True,
            state=ListState.SYNCED,
            intended_version=4,
            known_version=4,
            known_at=now - HOUR,
            changed_at=now - HOUR,
        ),
        LocalList(
            second,
            managed=True,
            state=ListState.FAILED,
            intended_version=5,
            known_version=3,
            known_at=now - DAY,
            left_out=2,
            detail="Failed the list is too long",
            changed_at=now - HOUR,
        ),
        LocalList(third, managed=True, state=ListState.PENDING, changed_at=now),
    )


def _reservations(
    first: StationId, second: StationId, now: "datetime"
) -> Sequence[Reservation]:
    def made(
        station: StationId,
        state: ReservationState,
        hours: int,
        answer: str = "",
        detail: str = "",
    ) -> Reservation:
        ends, asked = now + hours * HOUR, now + (hours - 3) * HOUR
        return Reservation(
            id=0,
            station=station,
            token=CARD,
            expires_at=ends,
            evse=1,
            connector_type=None,
            group=None,
            state=state,
            asked_at=asked,
            changed_at=min(ends, now),
            answer=answer,
            detail=detail,
        )

    return (
        made(first, ReservationState.HELD, 2, answer="Accepted"),
        made(second, ReservationState.ASKED, 1),
        made(second, ReservationState.USED, -20, answer="Accepted"),
        made(first, ReservationState.EXPIRED, -30, detail="the station said nothing"),
        made(first, ReservationState.REFUSED, -40, answer="Occupied"),
    )


async def _collect(work: "Work", station: StationId, now: "datetime") -> None:
    """Let a station upload logs, each as far as it comes."""
    for kind, state, age in (
        (LogKind.SECURITY, LogState.UPLOADED, 30),
        (LogKind.DIAGNOSTICS, LogState.FAILED, 20),
        (LogKind.DIAGNOSTICS, LogState.UPLOADING, 1),
    ):
        at = now - age * HOUR
        job = await work.logs.add(
            LogRequest(station, kind),
            by="olivia",
            at=at,
            secret_hash=None,
            secret_expires_at=None,
        )
        if state is LogState.UPLOADED:
            name, digest = f"{station}_security_2026-07.log.gz", "9f86d081" * 8
            file = LogFile(name, "application/gzip", 184_233, digest)
            await work.logs.save_file(job, file, at)
        detail = "no room on its disk" if state is LogState.FAILED else ""
        await work.logs.add_status(job, LogStatus(at, state.value, detail))
        await work.logs.move(job, state, at, detail=detail)


async def _monitor(work: "Work", station: StationId, now: "datetime") -> None:
    """Set monitors, of which one was not taken."""
    for kind, value, status in (
        (MonitorKind.UPPER_THRESHOLD, 80.0, "Accepted"),
        (MonitorKind.DELTA, 5.0, "UnsupportedMonitorType"),
    ):
        setting = MonitorSetting(TEMPERATURE, kind, value, 2)
        intent = MonitorIntent(station, setting, status, "", "olivia", now)
        await work.monitors.save_intents([intent])
    await work.monitors.save_level(station, 4, now)


def _hot(station: StationId, at: "datetime") -> StationEvent:
    return StationEvent(
        station,
        7,
        at,
        at,
        Trigger.ALERTING,
        "CustomMonitor",
        TEMPERATURE,
        "91.5",
        severity=2,
        severity_from=SeverityFrom.EVENT,
    )
