"""Forms that were filled in: what was typed stays, a fault stands at its field."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from types import MappingProxyType
from typing import TYPE_CHECKING

from csms.domain.errors import Broken, DomainError
from csms.domain.ids import StationId
from csms.services.asking import failure
from csms.services.ports.wire import NoAnswer, RefusedByStation
from csms.web.problems import status_of

if TYPE_CHECKING:
    from csms.services.node import Node

FAULTS = (DomainError, NoAnswer, RefusedByStation)
"""What a form is shown again for."""

NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Filled:
    """A form of a page as it was sent, and what is wrong with it.

    Attributes:
        form: Which form of the page; empty for none.
        typed: What stood in its fields.
        fault: What is wrong; None if nothing is.
        names: By which names services call its fields, where they differ.
    """

    form: str = ""
    typed: Mapping[str, str] = field(default_factory=lambda: NOTHING)
    fault: DomainError | None = None
    names: Mapping[str, str] = field(default_factory=lambda: NOTHING)

    @property
    def status(self) -> int:
        """Return the HTTP status of a page that shows it."""
        return 200 if self.fault is None else status_of(self.fault)

    def open(self, form: str) -> bool:
        """Tell whether a form of the page is the one that was sent."""
        return form == self.form

    def value(self, form: str, name: str, usual: str = "") -> str:
        """Return what stands in a field."""
        return self.typed.get(name, "") if self.open(form) else usual

    def at(self, form: str, name: str) -> DomainError | None:
        """Return what is wrong with a field."""
        return self.fault if self.open(form) and self._place == name else None

    def apart(self, form: str) -> DomainError | None:
        """Return what is wrong, if it is with none of the form's fields."""
        if not self.open(form) or self._place in self.typed:
            return None
        return self.fault

    @property
    def _place(self) -> str:
        said = "" if self.fault is None else self.fault.field or ""
        return self.names.get(said, said)


BLANK = Filled()


def fault_of(error: DomainError | NoAnswer | RefusedByStation) -> DomainError:
    """Return what went wrong as a page can show it."""
    return error if isinstance(error, DomainError) else failure(error)


def station_of(node: "Node", typed: str) -> StationId:
    """Return the station whose name was typed.

    Raises:
        Broken: If there is none of this name.
    """
    station = StationId(typed.strip())
    if node.book.station(station) is None:
        raise Broken(
            "there is no such station" if station else "a station is due",
            field="station",
            remedy="choose one from the list, or see the fleet page",
        )
    return station


def instant(typed: str, field_name: str, zone: tzinfo) -> datetime | None:
    """Return a local instant that was typed; None for an empty field.

    Raises:
        Broken: If it is none.
    """
    if not typed.strip():
        return None
    try:
        said = datetime.fromisoformat(typed.strip()).replace(tzinfo=zone)
        return said.astimezone(UTC)
    except (ValueError, OverflowError):
        raise Broken(
            "this is no date and time",
            field=field_name,
            remedy="write it as 2026-07-14T17:00",
        ) from None


def whole(typed: str, field_name: str, usual: int = 0) -> int:
    """Return a whole number that was typed; the usual one for an empty field.

    Raises:
        Broken: If it is none.
    """
    said = typed.strip()
    if not said:
        return usual
    if not said.isascii() or not said.isdecimal() or len(said) > len("1000000000"):
        raise Broken(
            "this is no whole number",
            field=field_name,
            remedy="write digits only, such as 1",
        )
    return int(said)
