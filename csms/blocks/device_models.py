"""Block B from our side: ask stations for their device model, change it, restart them.

``StationModels`` asks; what stations say by themselves comes in ``provisioning``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic_core import to_json

from csms.blocks.device_reports import (
    DeviceReports,
    Parts,
    handing_on,
    until_last,
)
from csms.blocks.translating import (
    FindLink,
    component_of,
    key_from,
    translated,
    variable_of,
    words_of,
)
from csms.domain.device_model import ACTUAL
from csms.domain.ids import StationId
from csms.domain.station import VariableKey
from csms.ocpp.link import Link
from csms.ocpp.messages.network import SET_NETWORK_PROFILE, SetNetworkProfileRequest
from csms.ocpp.messages.provisioning import (
    GET_BASE_REPORT,
    GET_REPORT,
    GET_VARIABLES,
    RESET,
    SET_VARIABLES,
    Attribute,
    ComponentCriterion,
    ComponentVariable,
    GetBaseReportRequest,
    GetReportRequest,
    GetVariableData,
    GetVariableResult,
    GetVariablesRequest,
    ReportBase,
    Reset,
    ResetRequest,
    SetVariableData,
    SetVariableResult,
    SetVariablesRequest,
)
from csms.ocpp.wire import A, Action, Q, Wire
from csms.services.ports.device_model import (
    Bring,
    MessageLimits,
    ReportQuestion,
    VariableQuestion,
)
from csms.services.ports.wire import (
    Inventory,
    Reply,
    Report,
    VariableResult,
    VariableSetting,
)

NO_RESULT = "NoResult"
"""What a variable gets that the station's answer does not mention."""

AROUND = 120
"""Bytes of a frame around its entries: type, message id, action, name of the list."""

T = TypeVar("T")
_YES = ("Accepted", "Scheduled")


@dataclass(frozen=True, slots=True)
class StationModels:
    """Asks stations about their device model: ``DeviceModelWire`` and ``ModelWire``.

    Attributes:
        link: Finds the way to a station.
        reports: Shared with the block that hears the parts.
    """

    link: FindLink
    reports: DeviceReports

    # -- reports -----------------------------------------------------------------

    async def get_base_report(
        self, station: StationId, inventory: Inventory, deadline_s: float
    ) -> Report:
        """Return what the station reports until the last part or the deadline (B07)."""
        return await self.base_report(station, inventory.value, deadline_s)

    async def base_report(
        self,
        station: StationId,
        base: str,
        deadline_s: float,
        bring: Bring | None = None,
    ) -> Report:
        """Return what the station reports until the last part or the deadline (B07).

        Some stations lose parts, and some mark none as the last: a short silence
        ends the report then.
        """
        with self.reports.expect(station) as (number, parts):
            request = GetBaseReportRequest(
                request_id=number, report_base=ReportBase(base)
            )
            answer = await self._ask(station, GET_BASE_REPORT, request)
            status = answer.status.value
            return await _reported(status, number, parts, deadline_s, bring)

    async def custom_report(
        self, station: StationId, question: ReportQuestion, deadline_s: float
    ) -> Report:
        """Return what the station reports of some of its variables (B08)."""
        with self.reports.expect(station) as (number, parts):
            request = _custom(question, number)
            answer = await self._ask(station, GET_REPORT, request)
            return await _reported(answer.status.value, number, parts, deadline_s)

    def custom(self, question: ReportQuestion) -> dict[str, Any]:
        """Return the request for a custom report, in the words of the wire."""
        return _custom(question, 0).write()

    # -- variables ---------------------------------------------------------------

    def portions_to_read(
        self, questions: Sequence[VariableQuestion], limits: MessageLimits
    ) -> Sequence[Sequence[VariableQuestion]]:
        """Return the questions, cut so that each portion fits into one message."""
        return _portions([(each, _asked(each)) for each in questions], limits)

    def portions_to_write(
        self, settings: Sequence[VariableSetting], limits: MessageLimits
    ) -> Sequence[Sequence[VariableSetting]]:
        """Return the settings, cut so that each portion fits into one message."""
        return _portions([(each, _set(each)) for each in settings], limits)

    def asked(self, questions: Sequence[VariableQuestion]) -> dict[str, Any]:
        """Return the request that would read them, in the words of the wire."""
        return _asking(questions).write()

    def written(self, settings: Sequence[VariableSetting]) -> dict[str, Any]:
        """Return the request that would set them, in the words of the wire."""
        return _setting(settings).write()

    async def get_variables(
        self, station: StationId, keys: Sequence[VariableKey]
    ) -> Sequence[VariableResult]:
        """Return one result for each key, in the order asked (B06)."""
        return await self.read(station, [VariableQuestion(key) for key in keys])

    async def read(
        self, station: StationId, questions: Sequence[VariableQuestion]
    ) -> Sequence[VariableResult]:
        """Return one result for each question, in the order asked (B06)."""
        answer = await self._ask(station, GET_VARIABLES, _asking(questions))
        said = {_name(each): each for each in answer.get_variable_result}
        return [_read(each, said.get((each.key, each.attribute))) for each in questions]

    async def set_variables(
        self, station: StationId, settings: Sequence[VariableSetting]
    ) -> Sequence[VariableResult]:
        """Set variables; return one result for each, in the order asked (B05)."""
        answer = await self._ask(station, SET_VARIABLES, _setting(settings))
        said = {_name(each): each for each in answer.set_variable_result}
        return [
            _written(each, said.get((each.key, each.attribute))) for each in settings
        ]

    # -- ways to connect, restarts -----------------------------------------------

    async def set_network_profile(
        self, station: StationId, slot: int, document: Mapping[str, Any]
    ) -> Reply:
        """Put a way to connect into a slot (B09)."""
        request = SetNetworkProfileRequest.read(
            {"configurationSlot": slot, "connectionData": document}
        )
        answer = await self._ask(station, SET_NETWORK_PROFILE, request)
        status = answer.status.value
        return Reply(status in _YES, status, words_of(answer.status_info))

    async def reset(self, station: StationId, kind: str, evse: int | None) -> Reply:
        """Ask for a restart of the station or of one EVSE (B11 to B13)."""
        request = ResetRequest(type=Reset(kind), evse_id=evse)
        answer = await self._ask(station, RESET, request)
        status = answer.status.value
        return Reply(status in _YES, status, words_of(answer.status_info))

    async def _ask(self, station: StationId, action: Action[Q, A], request: Q) -> A:
        async def call(link: Link) -> A:
            return await link.ask(action, request)

        return await translated(self.link(station), call, station)


async def _reported(
    status: str,
    number: int,
    parts: Parts,
    deadline_s: float,
    bring: Bring | None = None,
) -> Report:
    if status == "Accepted":
        async with handing_on(parts, bring):
            await until_last(parts, deadline_s)
    return parts.report(status, number)


def _custom(question: ReportQuestion, number: int) -> GetReportRequest:
    return GetReportRequest(
        request_id=number,
        component_variable=tuple(
            ComponentVariable(
                component=component_of(key),
                variable=variable_of(key) if key.variable else None,
            )
            for key in question.keys
        )
        or None,
        component_criteria=tuple(map(ComponentCriterion, question.criteria)) or None,
    )


def _portions(
    entries: Sequence[tuple[T, Wire]], limits: MessageLimits
) -> list[list[T]]:
    """Cut entries by number and by length; one that is too long goes alone."""
    portions: list[list[T]] = []
    room = 0
    for each, entry in entries:
        size = len(to_json(entry.write())) + 1
        full = not portions or len(portions[-1]) >= max(1, limits.items)
        if full or (limits.octets is not None and size > room):
            portions.append([])
            room = (limits.octets or 0) - AROUND
        portions[-1].append(each)
        room -= size
    return portions


def _asked(question: VariableQuestion) -> GetVariableData:
    return GetVariableData(
        component=component_of(question.key),
        variable=variable_of(question.key),
        attribute_type=_attribute(question.attribute),
    )


def _set(setting: VariableSetting) -> SetVariableData:
    return SetVariableData(
        attribute_value=setting.value,
        component=component_of(setting.key),
        variable=variable_of(setting.key),
        attribute_type=_attribute(setting.attribute),
    )


def _asking(questions: Sequence[VariableQuestion]) -> GetVariablesRequest:
    return GetVariablesRequest(
        get_variable_data=tuple(_asked(each) for each in questions)
    )


def _setting(settings: Sequence[VariableSetting]) -> SetVariablesRequest:
    return SetVariablesRequest(set_variable_data=tuple(_set(each) for each in settings))


def _attribute(word: str) -> Attribute | None:
    """Return which value is meant; Actual is what is meant where nothing is said."""
    return None if word == ACTUAL else Attribute(word)


def _name(said: GetVariableResult | SetVariableResult) -> tuple[VariableKey, str]:
    kind = said.attribute_type or Attribute.ACTUAL
    return key_from(said.component, said.variable), kind.value


def _read(question: VariableQuestion, said: GetVariableResult | None) -> VariableResult:
    if said is None:
        return VariableResult(question.key, NO_RESULT, attribute=question.attribute)
    return VariableResult(
        question.key,
        said.attribute_status.value,
        said.attribute_value,
        words_of(said.attribute_status_info),
        question.attribute,
    )


def _written(
    setting: VariableSetting, said: SetVariableResult | None
) -> VariableResult:
    if said is None:
        return VariableResult(setting.key, NO_RESULT, attribute=setting.attribute)
    return VariableResult(
        setting.key,
        said.attribute_status.value,
        info=words_of(said.attribute_status_info),
        attribute=setting.attribute,
    )
