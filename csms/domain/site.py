"""Sites, and what may flow through their connection to the grid."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from csms.domain.ids import ParticipantId, SiteId
    from csms.domain.units import Power


class CustomerClass(StrEnum):
    """What kind of customer the electric service account belongs to."""

    RESIDENTIAL = "residential"
    COMMERCIAL = "commercial"


@dataclass(frozen=True, slots=True)
class Site:
    """One electric service account and the connection behind it.

    Attributes:
        id: Its name here.
        name: Its name for people.
        participant: Whose it is.
        utility: The electric company or municipal light plant that serves the account;
            eligibility hangs on it, not on the town.
        timezone: IANA name of the zone its clocks show.
        customer_class: Kind of account.
        import_cap: Most that may flow in, as a positive magnitude.
        export_cap: Most that may flow out, as a positive magnitude.
        export_permission: Whether the interconnection agreement permits export at all.
    """

    id: "SiteId"
    name: str
    participant: "ParticipantId"
    utility: str
    timezone: str
    customer_class: CustomerClass
    import_cap: "Power"
    export_cap: "Power"
    export_permission: bool
