"""People and fleets behind the chargers, and how to reach them."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from csms.domain.ids import ParticipantId


class ParticipantKind(StrEnum):
    """What kind of participant it is; reports group by this."""

    RESIDENTIAL = "residential"
    MUNICIPAL = "municipal"
    SCHOOL_DISTRICT = "school_district"


@dataclass(frozen=True, slots=True)
class Participant:
    """Someone who lends a vehicle's battery to a program.

    Attributes:
        id: Its name here.
        name: Its name for people.
        email: Where notices go.
        language: BCP 47 tag of the language to write in.
        kind: Home, municipality or school district.
    """

    id: "ParticipantId"
    name: str
    email: str
    language: str
    kind: ParticipantKind
