"""The words of a device model, read leniently: flags, numbers and lists."""

from collections.abc import Iterable

from csms.domain.station import Variable, VariableKey

_TRUE = ("true", "1")


class Model:
    """A device model to ask questions of."""

    def __init__(self, variables: Iterable[Variable]) -> None:
        self.actual: dict[VariableKey, Variable] = {}
        for each in variables:
            if each.attribute == "Actual":
                self.actual[each.key] = each
        self._anywhere: dict[tuple[str, str, str], Variable] = {}
        for key, each in self.actual.items():
            name = (key.component, key.variable, key.variable_instance)
            self._anywhere.setdefault(name, each)

    def text(self, component: str, variable: str, instance: str = "") -> str | None:
        """Return the actual value of a variable, wherever its component stands."""
        key = VariableKey(component, variable, variable_instance=instance)
        found = self.actual.get(key)
        if found is None:
            found = self._anywhere.get((component, variable, instance))
        return None if found is None else (found.value or "").strip()

    def flag(self, component: str, variable: str, instance: str = "") -> bool | None:
        """Return a variable as a boolean."""
        return as_flag(self.text(component, variable, instance))

    def feature(self, name: str) -> bool:
        """Tell whether smart charging has a feature; 2.1 spells it in two ways."""
        smart = "SmartChargingCtrlr"
        return True in (
            self.flag(smart, f"Supports{name}"),
            self.flag(smart, "SupportsFeature", name),
        )

    def number(
        self, component: str, variable: str, default: int, instance: str = ""
    ) -> int:
        """Return a variable as a whole number."""
        number = whole(self.text(component, variable, instance))
        return default if number is None else number

    def most(self, component: str, variable: str, default: int, instance: str) -> int:
        """Return the maxLimit of a counting variable, whose value is only a count."""
        found = self._anywhere.get((component, variable, instance))
        limit = None if found is None else (found.characteristics or {}).get("maxLimit")
        number = whole(limit)
        return default if number is None else number

    def members(
        self, component: str, variable: str, instance: str = ""
    ) -> frozenset[str]:
        """Return a variable as a list of words."""
        return as_members(self.text(component, variable, instance))


def as_flag(text: str | None) -> bool | None:
    """Read a boolean as stations write it; None when there is none."""
    return None if not text else text.strip().casefold() in _TRUE


def as_members(text: str | None) -> frozenset[str]:
    """Read a MemberList: comma separated, blanks and empty members ignored."""
    members = (part.strip() for part in (text or "").split(","))
    return frozenset(part for part in members if part)


def whole(value: object) -> int | None:
    """Read a whole number; None when it is none."""
    try:
        return int(float(str(value)))
    except (ValueError, OverflowError):
        return None
