"""A device model to ask questions of: what a station has, and what values it takes.

It answers for one station, from what it reported. A component may stand on the station
or on its EVSEs; who does not care asks without an EVSE.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from math import isfinite

from csms.charging.capability import as_flag, as_members
from csms.domain.device_model import ACTUAL, Characteristics
from csms.domain.station import Variable, VariableKey


@dataclass(frozen=True, slots=True)
class DeviceModel:
    """What a station reported of itself, by name.

    Attributes:
        variables: Every attribute of every variable, by its name and kind.
        complete: Whether what is absent is known not to be there.
        known: Whether anything was ever reported.
        evses: The EVSEs it has, as far as model and registry tell.
        connectors: (EVSE, connector) of every plug it reported.
    """

    variables: dict[tuple[VariableKey, str], Variable] = field(default_factory=dict)
    complete: bool = False
    known: bool = False
    evses: frozenset[int] = frozenset()
    connectors: frozenset[tuple[int, int]] = frozenset()

    @classmethod
    def of(
        cls,
        variables: Iterable[Variable],
        *,
        complete: bool,
        known: bool = True,
        evses: Collection[int] = (),
        connectors: Collection[tuple[int, int]] = (),
    ) -> "DeviceModel":
        """Put a device model together; later values win.

        Args:
            variables: What was reported, or the part of it that matters.
            complete: Whether what is absent is known not to be there.
            known: Whether anything was ever reported.
            evses: EVSEs that others know of, such as the registry.
            connectors: Plugs that others know of.
        """
        held = {(each.key, each.attribute): each for each in variables}
        places = {(key.evse, key.connector) for key, _ in held}
        return cls(
            held,
            complete,
            known,
            frozenset(evse for evse, _ in places if evse > 0) | frozenset(evses),
            frozenset((evse, plug) for evse, plug in places if plug > 0)
            | frozenset(connectors),
        )

    def find(self, key: VariableKey, attribute: str = ACTUAL) -> Variable | None:
        """Return one value of one variable, or None."""
        return self.variables.get((key, attribute))

    def at(
        self, component: str, variable: str, instance: str = "", evse: int = 0
    ) -> Variable | None:
        """Return the Actual value of a variable of the EVSE, or of the station.

        What the EVSE does not say, the station says for it; what the station does not
        say, its first EVSE that does says for it.
        """
        key = VariableKey(component, variable, variable_instance=instance, evse=evse)
        found = self.find(key) or self.find(key._replace(evse=0))
        if found is not None or evse:
            return found
        return next(
            (
                each
                for (other, attribute), each in self.variables.items()
                if attribute == ACTUAL
                and (other.component, other.variable, other.variable_instance)
                == (component, variable, instance)
            ),
            None,
        )

    def text(
        self, component: str, variable: str, instance: str = "", evse: int = 0
    ) -> str | None:
        """Return what a variable reads; None where there is none, or nothing in it."""
        found = self.at(component, variable, instance, evse)
        return None if found is None or found.value is None else found.value.strip()

    def flag(
        self, component: str, variable: str, instance: str = "", evse: int = 0
    ) -> bool | None:
        """Return a variable that says yes or no; None where it does not say."""
        return as_flag(self.text(component, variable, instance, evse))

    def number(
        self, component: str, variable: str, instance: str = "", evse: int = 0
    ) -> int | None:
        """Return a variable that counts; None where it does not say."""
        try:
            return int(float(self.text(component, variable, instance, evse) or ""))
        except (ValueError, OverflowError):
            return None

    def members(
        self, component: str, variable: str, instance: str = "", evse: int = 0
    ) -> frozenset[str] | None:
        """Return the members of a list; None where the station does not say."""
        text = self.text(component, variable, instance, evse)
        return None if text is None else as_members(text)

    def traits(self, key: VariableKey) -> Characteristics:
        """Return what values a variable can have; any, where nothing is said."""
        for kind in (ACTUAL, "Target", "MaxSet", "MinSet"):
            found = self.find(key, kind)
            if found is not None and found.characteristics:
                return Characteristics.read(found.characteristics)
        return Characteristics()

    def has(self, component: str, evse: int = 0) -> bool:
        """Tell whether the station has a component; on the EVSE, if one is named."""
        return any(
            key.component == component and (not evse or key.evse in (0, evse))
            for key, _ in self.variables
        )

    def knows(self, key: VariableKey) -> bool:
        """Tell whether the station has any value of a variable of this name."""
        return any((key, kind) in self.variables for kind in _KINDS)


_KINDS = (ACTUAL, "Target", "MinSet", "MaxSet")


def value_problem(value: str, traits: Characteristics) -> str | None:
    """Return why a variable cannot have a value; None if it can (B05.FR.07, FR.08).

    Args:
        value: The value, as text.
        traits: What values it can have.
    """
    if traits.data_type == "boolean":
        fits = value.casefold() in ("true", "false")
        return None if fits else "is neither true nor false"
    if traits.data_type in ("integer", "decimal"):
        return _number_problem(value, traits)
    if traits.data_type == "dateTime":
        return _instant_problem(value)
    if traits.values and traits.data_type == "OptionList":
        fits = value in traits.values
        return None if fits else f"is none of {', '.join(traits.values)}"
    if traits.values and traits.data_type in ("MemberList", "SequenceList"):
        odd = sorted(as_members(value) - set(traits.values))
        return f"may only hold {', '.join(traits.values)}" if odd else None
    return _length_problem(value, traits)


def _instant_problem(value: str) -> str | None:
    try:
        aware = datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        aware = False
    return None if aware else "is not an instant with a time zone"


def _number_problem(value: str, traits: Characteristics) -> str | None:
    try:
        number = int(value) if traits.data_type == "integer" else float(value)
    except ValueError:
        whole = traits.data_type == "integer"
        return "is not a whole number" if whole else "is not a number"
    if not isfinite(number):
        return "is not a number"
    unit = f" {traits.unit}".rstrip()
    if traits.min_limit is not None and number < traits.min_limit:
        return f"is less than {traits.min_limit:g}{unit}"
    if traits.max_limit is not None and number > traits.max_limit:
        return f"is more than {traits.max_limit:g}{unit}"
    return None


def _length_problem(value: str, traits: Characteristics) -> str | None:
    if traits.max_limit is not None and len(value) > traits.max_limit > 0:
        return f"is longer than {traits.max_limit:g} characters"
    return None
