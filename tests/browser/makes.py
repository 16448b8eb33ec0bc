"""Of which makes the served fleet is, and what its stations can do."""

from collections.abc import Sequence

from csms.charging.authority import Authority
from csms.charging.capability import Capability, V2x
from csms.domain.profile import OperationMode, RateUnit
from csms.domain.station import EDITION_201
from csms.domain.vendor_profile import Dialect, VendorProfile, verified


def makes(profiles: Sequence[VendorProfile]) -> list[VendorProfile]:
    """Return the makes that could be dispatched, and one that could not."""
    known = [
        each
        for each in profiles
        if each.models
        and each.firmwares
        and (each.dialect is Dialect.NONE or verified(each, accept_simulated=True))
    ]
    idle = [each for each in known if each.dialect is Dialect.NONE]
    return [each for each in known if each.dialect is not Dialect.NONE] + idle[:1]


def able(edition: str) -> Capability:
    """Return what every station of the fleet says that it can do."""
    controller = V2x(1, True, frozenset({OperationMode.CENTRAL_SETPOINT}), frozenset())  # noqa: FBT003
    return Capability(
        edition=edition,
        read=True,
        smart_charging=True,
        units=frozenset({RateUnit.WATTS}),
        periods_per_schedule=24,
        max_stack_level=9,
        dynamic_profiles=True,
        authority=Authority(lists=True, reserves=True),
        v2x=() if edition == EDITION_201 else (controller,),
    )
