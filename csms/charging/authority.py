"""What a station says it can decide by itself: lists, caches, reservations, plugs.

What is absent counts as not there: nothing is sent that a station did not offer.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from csms.domain.station import Variable, VariableKey

LIST = "LocalAuthListCtrlr"
CACHE = "AuthCacheCtrlr"
RESERVATION = "ReservationCtrlr"
DEFAULT_ITEMS = 10
"""Entries of a local list in one message where ItemsPerMessage is not reported."""


@dataclass(frozen=True, slots=True)
class Authority:
    """What a station says of these; the defaults are what silence means.

    Attributes:
        lists: Whether it keeps a local list (LocalAuthListCtrlr.Enabled, Available).
        list_entries: Most entries of it; 0 where it does not say.
        list_items: Most entries in one message (D01.FR.11).
        list_bytes: Most bytes of one message; 0 where it does not say.
        caches: Whether it keeps an authorization cache.
        reserves: Whether it takes reservations.
        reserves_any: Whether also without an EVSE (H01.FR.18).
        iso15118: Whether it speaks ISO 15118 on any EVSE (Q01.FR.01).
        plugs: The connector types of each EVSE that says them.
    """

    lists: bool = False
    list_entries: int = 0
    list_items: int = DEFAULT_ITEMS
    list_bytes: int = 0
    caches: bool = False
    reserves: bool = False
    reserves_any: bool = False
    iso15118: bool = False
    plugs: tuple[tuple[int, str], ...] = ()

    def types_of(self, evse: int) -> frozenset[str]:
        """Return the connector types of an EVSE; none where it does not say."""
        return frozenset(kind for number, kind in self.plugs if number == evse)


SILENT = Authority()
"""What silence means: nothing is offered."""


def authority(variables: Iterable[Variable]) -> Authority:
    """Return what a device model says of these."""
    actual = {each.key: each for each in variables if each.attribute == "Actual"}
    listing = _Component(actual, LIST)
    reserving = _Component(actual, RESERVATION)
    return Authority(
        lists=listing.on,
        list_entries=max(0, listing.most("Entries")),
        list_items=max(1, listing.number("ItemsPerMessage", DEFAULT_ITEMS)),
        list_bytes=max(0, listing.number("BytesPerMessage", 0)),
        caches=_Component(actual, CACHE).on,
        reserves=reserving.on,
        reserves_any=reserving.flag("NonEvseSpecific") is True,
        iso15118=_Component(actual, "ISO15118Ctrlr").flag("Enabled") is True,
        plugs=_plugs(actual),
    )


def to_words(value: Authority) -> dict[str, Any]:
    """Return it as JSON knows it."""
    return asdict(value)


def from_words(said: Mapping[str, Any]) -> Authority:
    """Read what ``to_words`` wrote; what is missing is as silence means."""
    kept = {name: said[name] for name in Authority.__dataclass_fields__ if name in said}
    kept["plugs"] = tuple((evse, kind) for evse, kind in kept.get("plugs", ()))
    return Authority(**kept)


@dataclass(frozen=True, slots=True)
class _Component:
    """One controller of a device model, on whatever EVSE it is reported."""

    actual: Mapping[VariableKey, Variable]
    name: str

    @property
    def on(self) -> bool:
        """Tell whether it is there and not switched off."""
        said = (self.flag("Enabled"), self.flag("Available"))
        return True in said and False not in said

    def flag(self, variable: str) -> bool | None:
        words = [each.value.strip().casefold() for each in self._all(variable)]
        return any(word in ("true", "1") for word in words) if words else None

    def number(self, variable: str, default: int) -> int:
        for each in self._all(variable):
            return _whole(each.value, default)
        return default

    def most(self, variable: str) -> int:
        for each in self._all(variable):
            return _whole((each.characteristics or {}).get("maxLimit"), 0)
        return 0

    def _all(self, variable: str) -> "list[_Said]":
        return [
            _Said(each.value or "", each.characteristics)
            for key, each in self.actual.items()
            if (key.component, key.variable) == (self.name, variable)
            and (each.value or each.characteristics)
        ]


@dataclass(frozen=True, slots=True)
class _Said:
    value: str
    characteristics: Mapping[str, Any] | None


def _whole(value: object, default: int) -> int:
    try:
        return int(float(str(value)))
    except (ValueError, OverflowError):
        return default


def _plugs(
    actual: Mapping[VariableKey, Variable],
) -> tuple[tuple[int, str], ...]:
    found = {
        (key.evse, each.value.strip())
        for key, each in actual.items()
        if (key.component, key.variable) == ("Connector", "ConnectorType")
        and key.evse > 0
        and each.value
    }
    return tuple(sorted(found))
