"""Names for things, so that a station is never passed where a program is due."""

from dataclasses import dataclass
from typing import NewType

from typing_extensions import override

StationId = NewType("StationId", str)
SiteId = NewType("SiteId", str)
ParticipantId = NewType("ParticipantId", str)
VehicleId = NewType("VehicleId", str)
ProgramId = NewType("ProgramId", str)
EventId = NewType("EventId", str)
TransactionId = NewType("TransactionId", str)


@dataclass(frozen=True, slots=True, order=True)
class EvseId:
    """An EVSE, which never travels without its station.

    Attributes:
        station: The station it belongs to.
        number: Its number there, from 1; 0 would mean the whole station.
    """

    station: StationId
    number: int

    @override
    def __str__(self) -> str:
        return f"{self.station}/{self.number}"

    @classmethod
    def parse(cls, text: str) -> "EvseId":
        """Read ``station/number``.

        Raises:
            ValueError: If the text has no slash or no whole number behind it.
        """
        station, _, number = text.rpartition("/")
        if not station:
            raise ValueError(f"an EVSE is written station/number, not {text!r}")
        return cls(StationId(station), int(number))
