"""Who takes part in which program, with which EVSE, on what terms."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date
    from decimal import Decimal

    from csms.domain.ids import EvseId, ParticipantId, ProgramId


@dataclass(frozen=True, slots=True)
class Enrollment:
    """The agreement of one EVSE to take part in one program.

    Attributes:
        program: The program.
        evse: What takes part.
        participant: Who agreed.
        starts_on: First day, on the site's calendar.
        ends_on: Last day, or none while it lasts.
        participant_share: Part of the payment that is the participant's, 0 to 1.
    """

    program: "ProgramId"
    evse: "EvseId"
    participant: "ParticipantId"
    starts_on: "date"
    ends_on: "date | None"
    participant_share: "Decimal"

    def covers(self, day: "date") -> bool:
        """Tell whether the agreement holds on that day."""
        return self.starts_on <= day and (self.ends_on is None or day <= self.ends_on)
