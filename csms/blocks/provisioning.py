"""Block B: how stations introduce themselves, and how their device model is read.

Two directions: ``Provisioning`` answers stations, ``StationModels`` asks them.
"""

import asyncio
import contextlib
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol

from csms.blocks.routing import Route, route
from csms.blocks.translating import (
    FindLink,
    component_of,
    key_from,
    translated,
    variable_of,
    words_of,
)
from csms.clock import Clock
from csms.domain.ids import StationId
from csms.domain.station import Boot, Make, Standing, Variable, VariableKey
from csms.ocpp.messages.provisioning import (
    BOOT_NOTIFICATION,
    GET_BASE_REPORT,
    GET_VARIABLES,
    NOTIFY_REPORT,
    SET_VARIABLES,
    Attribute,
    BootNotificationRequest,
    BootNotificationResponse,
    GetBaseReportRequest,
    GetVariableData,
    GetVariableResult,
    GetVariablesRequest,
    NotifyReportRequest,
    NotifyReportResponse,
    RegistrationStatus,
    ReportBase,
    ReportData,
    SetVariableData,
    SetVariableResult,
    SetVariablesRequest,
)
from csms.services.ports.wire import (
    Inventory,
    Report,
    VariableResult,
    VariableSetting,
)

REGISTRATION = {
    Standing.ACCEPTED: RegistrationStatus.ACCEPTED,
    Standing.PENDING: RegistrationStatus.PENDING,
    Standing.REJECTED: RegistrationStatus.REJECTED,
}

NO_RESULT = "NoResult"
"""What a variable gets that the station's answer does not mention."""

AFTER_LAST_S = 2.0
"""How long to wait, after the last part, for others that are missing or late."""

AFTER_UNMARKED_S = 1.0
"""How long a silence tells that a part without any mark was the last one."""


class Stations(Protocol):
    """Whoever decides what a station is told when it starts."""

    async def boot(self, boot: Boot) -> Standing:
        """Take note of a start; return what the station is to be told."""
        ...


@dataclass(slots=True)
class _Parts:
    """Parts of a report, as they come.

    Attributes:
        variables: What they brought.
        numbers: Their numbers.
        last: Whether one was marked as the last.
        unmarked: Whether the latest does not say if others follow.
        news: Set when a part has come.
    """

    variables: list[Variable] = field(default_factory=list)
    numbers: set[int] = field(default_factory=set)
    last: bool = False
    unmarked: bool = False
    news: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def complete(self) -> bool:
        return self.last and self.numbers == set(range(len(self.numbers)))

    @property
    def patience(self) -> float | None:
        """Return how many seconds of silence end the report; None for no number."""
        if self.last:
            return AFTER_LAST_S
        return AFTER_UNMARKED_S if self.unmarked else None


class DeviceReports:
    """Reports of device models that are under way (B07)."""

    def __init__(self) -> None:
        self._open: dict[tuple[StationId, int], _Parts] = {}
        self._ids = itertools.count(1)

    @contextlib.contextmanager
    def expect(self, station: StationId) -> Iterator[tuple[int, _Parts]]:
        """Give a request id, and what will have arrived under it."""
        number, parts = next(self._ids), _Parts()
        self._open[station, number] = parts
        try:
            yield number, parts
        finally:
            del self._open[station, number]

    def take(self, station: StationId, request: NotifyReportRequest) -> bool:
        """Add a part to its report; tell whether it was expected.

        Some stations answer under a number that nobody gave them. If just one report
        of the station is under way, theirs is that one.
        """
        parts = self._open.get((station, request.request_id))
        if parts is None:
            own = [each for (whose, _), each in self._open.items() if whose == station]
            if len(own) != 1:
                return False
            parts = own[0]
        for data in request.report_data or ():
            parts.variables += variables_from(data)
        parts.numbers.add(request.seq_no)
        parts.last = parts.last or request.tbc is False
        parts.unmarked = request.tbc is None
        parts.news.set()
        return True


@dataclass(frozen=True, slots=True)
class Provisioning:
    """Answers what a station says about itself.

    Attributes:
        stations: Decides what it is told.
        reports: Shared with those who ask for reports.
        clock: Where the time we tell stations comes from.
        heartbeat: How often an accepted station should show that it is alive.
        retry: How long any other should wait before it tries again; a pending one is
            asked to boot as soon as it is provisioned, so this is for when that fails.
    """

    stations: Stations
    reports: DeviceReports
    clock: Clock
    heartbeat: timedelta
    retry: timedelta

    def routes(self) -> Iterator[Route]:
        """Name every action this block answers."""
        yield route(BOOT_NOTIFICATION, self.boot_notification)
        yield route(NOTIFY_REPORT, self.notify_report)

    async def boot_notification(
        self, station: StationId, request: BootNotificationRequest
    ) -> BootNotificationResponse:
        """Answer a station that has started (B01, B02, B03)."""
        now = self.clock.now()
        boot = Boot(station, _make(request), request.reason.value, now)
        standing = await self.stations.boot(boot)
        accepted = standing is Standing.ACCEPTED
        interval = self.heartbeat if accepted else self.retry
        return BootNotificationResponse(
            current_time=self.clock.now(),
            interval=max(1, round(interval.total_seconds())),
            status=REGISTRATION[standing],
        )

    async def notify_report(
        self, station: StationId, request: NotifyReportRequest
    ) -> NotifyReportResponse:
        """Take a part of a device model (B07)."""
        self.reports.take(station, request)
        return NotifyReportResponse()


@dataclass(frozen=True, slots=True)
class StationModels:
    """Asks stations for their device model: the port ``DeviceModelWire``.

    Attributes:
        link: Finds the way to a station.
        reports: Shared with the block that hears the parts.
    """

    link: FindLink
    reports: DeviceReports

    async def get_base_report(
        self, station: StationId, inventory: Inventory, deadline_s: float
    ) -> Report:
        """Return what the station reports until the last part or the deadline (B07).

        Some stations lose parts, and some mark none as the last: a short silence
        ends the report then.
        """
        with self.reports.expect(station) as (number, parts):
            answer = await translated(
                self.link(station),
                lambda link: link.ask(
                    GET_BASE_REPORT,
                    GetBaseReportRequest(
                        request_id=number, report_base=ReportBase(inventory.value)
                    ),
                ),
                station,
            )
            if answer.status.value == "Accepted":
                await _until_last(parts, deadline_s)
            return Report(answer.status.value, tuple(parts.variables), parts.complete)

    async def get_variables(
        self, station: StationId, keys: Sequence[VariableKey]
    ) -> Sequence[VariableResult]:
        """Return one result for each key, in the order asked (B06)."""
        request = GetVariablesRequest(
            get_variable_data=tuple(
                GetVariableData(component=component_of(key), variable=variable_of(key))
                for key in keys
            )
        )
        answer = await translated(
            self.link(station), lambda link: link.ask(GET_VARIABLES, request), station
        )
        said = {
            key_from(each.component, each.variable): each
            for each in answer.get_variable_result
            if each.attribute_type in (None, Attribute.ACTUAL)
        }
        return [_read(key, said.get(key)) for key in keys]

    async def set_variables(
        self, station: StationId, settings: Sequence[VariableSetting]
    ) -> Sequence[VariableResult]:
        """Set variables; return one result for each, in the order asked (B05)."""
        request = SetVariablesRequest(
            set_variable_data=tuple(
                SetVariableData(
                    attribute_value=each.value,
                    component=component_of(each.key),
                    variable=variable_of(each.key),
                )
                for each in settings
            )
        )
        answer = await translated(
            self.link(station), lambda link: link.ask(SET_VARIABLES, request), station
        )
        said = {
            key_from(each.component, each.variable): each
            for each in answer.set_variable_result
            if each.attribute_type in (None, Attribute.ACTUAL)
        }
        return [_written(each.key, said.get(each.key)) for each in settings]


def variables_from(data: ReportData) -> list[Variable]:
    """Read every attribute of a reported variable."""
    key = key_from(data.component, data.variable)
    said = data.variable_characteristics
    characteristics = None if said is None else said.write()
    return [
        Variable(
            key=key,
            attribute=(each.type or Attribute.ACTUAL).value,
            value=each.value,
            mutability=None if each.mutability is None else each.mutability.value,
            characteristics=characteristics,
        )
        for each in data.variable_attribute
    ]


async def _until_last(parts: _Parts, deadline_s: float) -> None:
    """Wait for the last part, a silence after some part, or the deadline."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(deadline_s):
            while not parts.complete:
                async with asyncio.timeout(parts.patience):
                    await parts.news.wait()
                parts.news.clear()


def _make(request: BootNotificationRequest) -> Make:
    said = request.charging_station
    return Make(
        vendor=said.vendor_name,
        model=said.model,
        firmware=said.firmware_version or "",
        serial=said.serial_number or "",
    )


def _read(key: VariableKey, said: GetVariableResult | None) -> VariableResult:
    if said is None:
        return VariableResult(key, NO_RESULT)
    return VariableResult(
        key,
        said.attribute_status.value,
        said.attribute_value,
        words_of(said.attribute_status_info),
    )


def _written(key: VariableKey, said: SetVariableResult | None) -> VariableResult:
    if said is None:
        return VariableResult(key, NO_RESULT)
    return VariableResult(
        key, said.attribute_status.value, info=words_of(said.attribute_status_info)
    )
