"""Who may not take part in a program at all, and every reason for it.

Interconnection, program rules and capability are hard gates, checked before anything
is planned. A driver's opt-out and the notice are gates too, but of one event; they
are checked where the event is.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from csms.domain.event import Reason

if TYPE_CHECKING:
    from datetime import date

    from csms.domain.enrollment import Enrollment
    from csms.domain.program import Program, Size
    from csms.domain.site import Site
    from csms.domain.units import Power


@dataclass(frozen=True, slots=True)
class EvseFacts:
    """What eligibility needs to know of one EVSE.

    Attributes:
        grid_parallel: Whether it may run in parallel with the grid; otherwise it is a
            backup system and is never dispatched.
        dialect_verified: Whether a verified vendor profile matches its make; otherwise
            it is charge-only.
        quarantined: Whether that vendor profile is quarantined.
        has_vehicle: Whether a vehicle belongs to it.
        max_discharge: Its rating, as a positive magnitude.
    """

    grid_parallel: bool
    dialect_verified: bool
    quarantined: bool
    has_vehicle: bool
    max_discharge: "Power"


def exclusions(
    enrollment: "Enrollment | None",
    site: "Site",
    facts: EvseFacts,
    program: "Program",
    *,
    on: "date",
) -> tuple[Reason, ...]:
    """Return every reason why the EVSE is excluded, none if it may take part.

    The order is that of importance to a reader: the agreement, the account, the
    hardware.

    Args:
        enrollment: Its agreement with this program, if there is one.
        site: Where it stands.
        facts: What is known of it.
        program: The version of the program that applies.
        on: The local day of the event.
    """
    return (
        *_of_agreement(enrollment, program, on),
        *_of_account(site, program),
        *_of_hardware(facts, program),
    )


def _of_agreement(
    enrollment: "Enrollment | None", program: "Program", on: "date"
) -> Iterator[Reason]:
    agreed = enrollment is not None and enrollment.program == program.id
    if enrollment is None or not agreed or not enrollment.covers(on):
        yield Reason.NOT_ENROLLED
    if not program.in_force(on):
        yield Reason.PROGRAM_NOT_IN_FORCE


def _of_account(site: "Site", program: "Program") -> Iterator[Reason]:
    if not program.serves(site.utility):
        yield Reason.NOT_ELIGIBLE_UTILITY
    if program.customer_class and site.customer_class not in program.customer_class:
        yield Reason.NOT_ELIGIBLE_CLASS
    if not site.export_permission:
        yield Reason.NO_EXPORT_PERMISSION


def _of_hardware(facts: EvseFacts, program: "Program") -> Iterator[Reason]:
    if not facts.grid_parallel:
        yield Reason.ISLAND_ONLY
    if not facts.dialect_verified:
        yield Reason.CHARGE_ONLY
    if facts.quarantined:
        yield Reason.VENDOR_QUARANTINED
    if not facts.has_vehicle:
        yield Reason.NO_VEHICLE
    if not _fits(facts.max_discharge, program.size_kw):
        yield Reason.NOT_ELIGIBLE_SIZE


def _fits(rating: "Power", size: "Size") -> bool:
    if size.basis != "per_inverter":
        return True
    least = size.min is None or rating.as_kw >= size.min
    most = size.max is None or rating.as_kw <= size.max
    return least and most
