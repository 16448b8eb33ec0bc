"""Block N: monitors. ``MonitorNotices`` answers stations, ``StationMonitors`` asks."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from pydantic_core import to_json

from csms.blocks.routing import Route, route
from csms.blocks.translating import (
    FindLink,
    component_of,
    key_from,
    translated,
    variable_of,
    words_of,
)
from csms.domain.ids import StationId
from csms.domain.monitor import (
    Base,
    MonitorResult,
    MonitorSetting,
    ReportedMonitor,
    StreamParams,
)
from csms.domain.station import VariableKey
from csms.ocpp.link import Link
from csms.ocpp.messages.event_streams import PeriodicEventStreamParams
from csms.ocpp.messages.monitoring import (
    CLEAR_VARIABLE_MONITORING,
    GET_MONITORING_REPORT,
    NOTIFY_MONITORING_REPORT,
    SET_MONITORING_BASE,
    SET_MONITORING_LEVEL,
    SET_VARIABLE_MONITORING,
    ClearVariableMonitoringRequest,
    GetMonitoringReportRequest,
    Monitor,
    MonitoringBase,
    MonitoringCriterion,
    NotifyMonitoringReportRequest,
    NotifyMonitoringReportResponse,
    SetMonitoringBaseRequest,
    SetMonitoringData,
    SetMonitoringLevelRequest,
    SetMonitoringResult,
    SetVariableMonitoringRequest,
)
from csms.ocpp.messages.provisioning import ComponentVariable
from csms.ocpp.wire import A, Action, Q
from csms.services.ports.monitors import MessageLimits, ReportPart, ReportRequest
from csms.services.ports.wire import Reply

ENVELOPE = 120
"""Bytes that a frame takes beside its list: type, message id, action and brackets."""

LONGEST_ID = 11
"""Bytes that the number of a monitor takes at most, with the comma behind it."""

T = TypeVar("T")


class Reports(Protocol):
    """Whoever keeps which monitors stations have."""

    async def take(self, station: StationId, part: ReportPart) -> None:
        """Keep a part of a report."""
        ...


@dataclass(frozen=True, slots=True)
class MonitorNotices:
    """Answers which monitors a station has.

    Attributes:
        reports: Where it goes.
    """

    reports: Reports

    def routes(self) -> Iterator[Route]:
        """Name every action this block answers."""
        yield route(NOTIFY_MONITORING_REPORT, self.notify_monitoring_report)

    async def notify_monitoring_report(
        self, station: StationId, request: NotifyMonitoringReportRequest
    ) -> NotifyMonitoringReportResponse:
        """Take a part of a report of monitors (N02)."""
        monitors = tuple(
            ReportedMonitor(
                id=each.id,
                key=key_from(data.component, data.variable),
                kind=each.type.value,
                value=each.value,
                severity=each.severity,
                transaction_only=each.transaction,
                origin=None
                if each.event_notification_type is None
                else each.event_notification_type.value,
            )
            for data in request.monitor or ()
            for each in data.variable_monitoring
        )
        part = ReportPart(request.request_id, request.seq_no, not request.tbc, monitors)
        await self.reports.take(station, part)
        return NotifyMonitoringReportResponse()


@dataclass(frozen=True, slots=True)
class StationMonitors:
    """Asks about monitors: the port ``MonitorWire``.

    Attributes:
        link: Finds the way to a station.
    """

    link: FindLink

    def chunks(
        self, settings: Sequence[MonitorSetting], limits: MessageLimits
    ) -> Sequence[Sequence[MonitorSetting]]:
        """Return the settings in portions that fit in one message each (N04.FR.09).

        Raises:
            ValueError: If one alone is too large.
        """
        return portions(
            settings, limits, lambda each: len(to_json(_data(each).write())) + 1
        )

    def id_chunks(
        self, ids: Sequence[int], limits: MessageLimits
    ) -> Sequence[Sequence[int]]:
        """Return the ids in portions that fit in one message each (N06.FR.04)."""
        smallest = ENVELOPE + LONGEST_ID
        size = None if limits.size is None else max(limits.size, smallest)
        return portions(ids, MessageLimits(limits.items, size), lambda _: LONGEST_ID)

    async def set(
        self, station: StationId, settings: Sequence[MonitorSetting]
    ) -> Sequence[MonitorResult]:
        """Set monitors; return one result for each, in the order asked (N04)."""
        answer = await self._ask(
            station,
            SET_VARIABLE_MONITORING,
            SetVariableMonitoringRequest(
                set_monitoring_data=tuple(_data(each) for each in settings)
            ),
        )
        said = list(answer.set_monitoring_result)
        return [_result(_taken(said, each)) for each in settings]

    async def clear(
        self, station: StationId, ids: Sequence[int]
    ) -> Mapping[int, MonitorResult]:
        """Clear monitors; return one result for each number (N06)."""
        answer = await self._ask(
            station,
            CLEAR_VARIABLE_MONITORING,
            ClearVariableMonitoringRequest(id=tuple(ids)),
        )
        said = {each.id: each for each in answer.clear_monitoring_result}
        return {
            number: MonitorResult(
                said[number].status.value, number, words_of(said[number].status_info)
            )
            if number in said
            else MonitorResult("NoResult", number)
            for number in ids
        }

    async def set_base(self, station: StationId, base: Base) -> Reply:
        """Have it start afresh (N03)."""
        answer = await self._ask(
            station,
            SET_MONITORING_BASE,
            SetMonitoringBaseRequest(monitoring_base=MonitoringBase(base.value)),
        )
        status = answer.status.value
        return Reply(status == "Accepted", status, words_of(answer.status_info))

    async def set_level(self, station: StationId, severity: int) -> Reply:
        """Set how much it reports (N05)."""
        answer = await self._ask(
            station, SET_MONITORING_LEVEL, SetMonitoringLevelRequest(severity=severity)
        )
        status = answer.status.value
        return Reply(status == "Accepted", status, words_of(answer.status_info))

    async def report(self, number: int, request: ReportRequest) -> Reply:
        """Ask which monitors are set (N02)."""
        answer = await self._ask(
            request.station,
            GET_MONITORING_REPORT,
            GetMonitoringReportRequest(
                request_id=number,
                monitoring_criteria=tuple(
                    MonitoringCriterion(each.value) for each in request.criteria
                )
                or None,
                component_variable=tuple(map(_component_variable, request.variables))
                or None,
            ),
        )
        status = answer.status.value
        return Reply(status == "Accepted", status, words_of(answer.status_info))

    async def _ask(self, station: StationId, action: Action[Q, A], request: Q) -> A:
        async def call(link: Link) -> A:
            return await link.ask(action, request)

        return await translated(self.link(station), call, station)


def portions(
    entries: Sequence[T], limits: MessageLimits, size: Callable[[T], int]
) -> list[list[T]]:
    """Return the entries in order, each portion as large as the limits allow.

    Args:
        entries: What is to be sent.
        limits: Most entries, and most bytes, of one message.
        size: Returns how many bytes an entry takes.

    Raises:
        ValueError: If one alone is too large.
    """
    found: list[list[T]] = []
    room = 0
    for each in entries:
        needed = size(each)
        if limits.size is not None and ENVELOPE + needed > limits.size:
            raise ValueError(
                f"it takes {ENVELOPE + needed} bytes, and the station {limits.size}"
            )
        full = limits.items is not None and found and len(found[-1]) >= limits.items
        if not found or full or (limits.size is not None and needed > room):
            found.append([])
            room = (limits.size or 0) - ENVELOPE
        found[-1].append(each)
        room -= needed
    return found


def params_from(said: PeriodicEventStreamParams) -> StreamParams:
    """Read how often a stream is sent."""
    return StreamParams(said.interval, said.values)


def params_of(params: StreamParams) -> PeriodicEventStreamParams:
    """Write how often a stream is sent."""
    return PeriodicEventStreamParams(interval=params.interval, values=params.values)


def _data(setting: MonitorSetting) -> SetMonitoringData:
    stream = setting.stream
    return SetMonitoringData(
        value=setting.value,
        type=Monitor(setting.kind.value),
        severity=setting.severity,
        component=component_of(setting.key),
        variable=variable_of(setting.key),
        id=setting.id,
        transaction=setting.transaction_only or None,
        periodic_event_stream=None if stream is None else params_of(stream),
    )


def _taken(
    said: list[SetMonitoringResult], setting: MonitorSetting
) -> SetMonitoringResult | None:
    """Take the result of a monitor out of those that are left; they come in any order.

    A station that names another severity than it was told still means this one, as long
    as it has no other result of the variable and kind.
    """
    near = [
        each
        for each in said
        if key_from(each.component, each.variable) == setting.key
        and each.type.value == setting.kind.value
    ]
    exact = [each for each in near if each.severity == setting.severity]
    found = next(iter(exact or (near if len(near) == 1 else ())), None)
    if found is not None:
        said.remove(found)
    return found


def _result(said: SetMonitoringResult | None) -> MonitorResult:
    if said is None:
        return MonitorResult("NoResult")
    return MonitorResult(said.status.value, said.id, words_of(said.status_info))


def _component_variable(key: VariableKey) -> ComponentVariable:
    """Write a name; an empty variable means all of its component (N02.FR.16)."""
    variable = variable_of(key) if key.variable else None
    return ComponentVariable(component=component_of(key), variable=variable)
