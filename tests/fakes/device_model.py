"""A station's device model in memory, with the oddities that real ones have."""

from collections.abc import Sequence

from csms.domain.ids import StationId
from csms.domain.station import Variable, VariableKey
from csms.services.ports.wire import (
    Inventory,
    NoAnswer,
    RefusedByStation,
    Report,
    Silence,
    VariableResult,
    VariableSetting,
)

STATION = StationId("MA-TEST-01")


def variable(name: str, value: str, **more: object) -> Variable:
    """Return a writable variable, named ``Component@evse.Variable[instance]``."""
    component, _, rest = name.partition(".")
    component, _, evse = component.partition("@")
    name, _, instance = rest.partition("[")
    key = VariableKey(
        component, name, variable_instance=instance.rstrip("]"), evse=int(evse or 0)
    )
    said = {"mutability": "ReadWrite", **more}
    return Variable(key, value=value, **said)  # type: ignore[arg-type]


class FakeModel:
    """The port ``DeviceModelWire``.

    Attributes:
        reports: Which inventories it can report, and whether completely.
        refused: Values that it rejects, by variable.
        stubborn: Variables that accept a value and keep the old one.
        silent: What it does not answer: ``report``, ``get`` or ``set``.
        gone: Whether it is not connected.
        calls: What was asked of it.
    """

    def __init__(self, *variables: Variable) -> None:
        self.known = {each.key: each for each in variables}
        self.reports: dict[Inventory, bool] = {Inventory.FULL: True}
        self.refused: dict[VariableKey, set[str]] = {}
        self.stubborn: set[VariableKey] = set()
        self.reboot: set[VariableKey] = set()
        self.silent: set[str] = set()
        self.errors: set[str] = set()
        self.gone = False
        self.calls: list[str] = []
        self.batches: list[int] = []

    async def get_base_report(
        self, station: StationId, inventory: Inventory, deadline_s: float
    ) -> Report:
        del deadline_s
        self._answer(station, "report", inventory.value)
        complete = self.reports.get(inventory)
        if complete is None:
            return Report("NotSupported")
        found = tuple(self.known.values())
        return Report("Accepted", found if complete else found[::2], complete)

    async def get_variables(
        self, station: StationId, keys: Sequence[VariableKey]
    ) -> Sequence[VariableResult]:
        self._answer(station, "get", "GetVariables")
        self.batches.append(len(keys))
        return [
            VariableResult(key, "Accepted", self.known[key].value)
            if key in self.known
            else VariableResult(key, "UnknownVariable")
            for key in keys
        ]

    async def set_variables(
        self, station: StationId, settings: Sequence[VariableSetting]
    ) -> Sequence[VariableResult]:
        self._answer(station, "set", "SetVariables")
        self.batches.append(len(settings))
        return [self._set(each) for each in settings]

    def _set(self, setting: VariableSetting) -> VariableResult:
        known = self.known.get(setting.key)
        if known is None:
            return VariableResult(setting.key, "UnknownVariable")
        bad = self.refused.get(setting.key, set())
        if any(word in bad for word in (setting.value, *setting.value.split(","))):
            return VariableResult(setting.key, "Rejected", info="no")
        if setting.key not in self.stubborn:
            self.known[setting.key] = Variable(
                setting.key, value=setting.value, mutability=known.mutability
            )
        status = "RebootRequired" if setting.key in self.reboot else "Accepted"
        return VariableResult(setting.key, status)

    def _answer(self, station: StationId, kind: str, call: str) -> None:
        self.calls.append(call)
        if self.gone:
            raise NoAnswer(station, Silence.UNREACHABLE)
        if kind in self.silent:
            raise NoAnswer(station, Silence.UNANSWERED)
        if kind in self.errors:
            raise RefusedByStation(station, "NotImplemented")
