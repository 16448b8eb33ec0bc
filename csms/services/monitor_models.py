"""What a station's device model says of monitoring: limits, and what it can watch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from csms.domain.monitor import Flaw, MonitorKind, MonitorSetting, Watched
from csms.domain.station import Variable, VariableKey
from csms.services.ports.monitors import MessageLimits

_CONTROLLER = "MonitoringCtrlr"
_MODEL_CONTROLLER = "DeviceDataCtrlr"
_Part = tuple[str, str, int, int]


@dataclass(frozen=True, slots=True)
class MonitoringModel:
    """What is known of a station's device model, as far as monitors need it.

    Attributes:
        values: What each variable actually is.
        characteristics: What each can be.
    """

    values: Mapping[VariableKey, str]
    characteristics: Mapping[VariableKey, Mapping[str, Any]]

    @classmethod
    def of(cls, variables: Sequence[Variable]) -> "MonitoringModel":
        """Read a device model; one that was never read says nothing."""
        return cls(
            {
                each.key: each.value
                for each in variables
                if each.attribute == "Actual" and each.value is not None
            },
            {each.key: each.characteristics or {} for each in variables},
        )

    @property
    def obstacle(self) -> str | None:
        """Return why the station cannot monitor at all, or None."""
        for name in ("Available", "Enabled"):
            if self._said(_CONTROLLER, name) == "false":
                return f"its {_CONTROLLER}.{name} is false"
        return None

    @property
    def setting(self) -> MessageLimits:
        """Return how much fits in one SetVariableMonitoring (N04.FR.09)."""
        return self._limits(_CONTROLLER, "SetVariableMonitoring")

    @property
    def clearing(self) -> MessageLimits:
        """Return how much fits in one ClearVariableMonitoring (N06.FR.04)."""
        return self._limits(_CONTROLLER, "ClearVariableMonitoring")

    @property
    def reporting(self) -> MessageLimits:
        """Return how much fits in one GetMonitoringReport (N02.FR.07)."""
        return self._limits(_MODEL_CONTROLLER, "GetReport")

    def watched(self, key: VariableKey) -> Watched | None:
        """Return what is known of a variable; None if nothing is."""
        said = self.characteristics.get(key)
        return None if said is None else Watched(said)

    def missing(self, key: VariableKey) -> Flaw | None:
        """Return what the station lacks of a variable; None if nothing is known."""
        if not self.characteristics or key in self.characteristics:
            return None
        if _part(key) not in {_part(each) for each in self.characteristics}:
            return Flaw("component", f"the station has no component {key.text}")
        return Flaw("variable", f"the station has no variable {key.text}")

    def settled(self, setting: MonitorSetting) -> float:
        """Return the value to send: 1 if it means nothing (N04.FR.17)."""
        watched = self.watched(setting.key)
        if (
            setting.kind is MonitorKind.DELTA
            and watched
            and watched.is_numeric is False
        ):
            return 1.0
        return setting.value

    def _said(self, component: str, variable: str, instance: str = "") -> str | None:
        key = VariableKey(component, variable, variable_instance=instance)
        value = self.values.get(key)
        return None if value is None else value.strip().lower()

    def _limits(self, component: str, message: str) -> MessageLimits:
        return MessageLimits(
            _count(self._said(component, "ItemsPerMessage", message)),
            _count(self._said(component, "BytesPerMessage", message)),
        )


def _part(key: VariableKey) -> _Part:
    return key.component, key.component_instance, key.evse, key.connector


def _count(said: str | None) -> int | None:
    """Return a limit; one that is no number, or forbids everything, is none."""
    return int(said) if said and said.isdecimal() and int(said) > 0 else None
