"""Which energy transfers a vehicle is offered when it is authorized (Q01)."""

from collections.abc import Iterable, Mapping
from enum import Enum, auto

from csms.charging.capability import Capability


class Leave(Enum):
    """What a vehicle may do with its energy."""

    CHARGE = auto()
    """Charge only."""
    AS_AGREED = auto()
    """What it was offered when it was authorized: nothing stands against it now."""
    BOTH_WAYS = auto()
    """Feed back too: an event wants it to, and its driver was told and agreed."""


def leave(*, site: bool, make: bool, enrolled: bool, opted_out: bool) -> Leave:
    """Return what is left to a vehicle where nobody has agreed to an event.

    Args:
        site: Whether its site may export.
        make: Whether its EVSE may be dispatched: proven, and not in quarantine.
        enrolled: Whether the EVSE takes part in any program.
        opted_out: Whether its driver has left the event that is on.
    """
    if site and make and enrolled and not opted_out:
        return Leave.AS_AGREED
    return Leave.CHARGE


def change(before: Leave, after: Leave, *, bidirectional: bool) -> bool | None:
    """Return whether to tell of both directions, of charging only, or of nothing.

    What was narrowed widens only when an event has leave; a vehicle that agreed to
    feed back already is not asked anew (Q02.FR.05, FR.06).

    Args:
        before: What it was told last.
        after: What holds now.
        bidirectional: Whether it has agreed to feed back.
    """
    if after is Leave.CHARGE:
        return None if before is Leave.CHARGE else False
    if after is Leave.AS_AGREED or before is Leave.BOTH_WAYS:
        return None
    return True if before is Leave.CHARGE or not bidirectional else None


_BOTH_WAYS = ("BPT", "DER")
"""What the name of a transfer contains that can feed back or bears on the grid."""


def feeds_back(mode: str) -> bool:
    """Tell whether a transfer can discharge the vehicle."""
    return any(part in mode for part in _BOTH_WAYS)


def offered(
    able: Capability, may_discharge: Mapping[int, bool], *, allowed: bool
) -> tuple[str, ...] | None:
    """Return the transfers to offer, or none where that cannot be told.

    Which EVSE the vehicle stands at is not said when it is authorized. So a transfer
    that feeds back is offered only if every EVSE that knows it may be discharged.

    Args:
        able: What the station says it can do.
        may_discharge: For each of its EVSEs, whether it may be discharged.
        allowed: Whether the token and the vehicle may be offered to feed back.
    """
    if not able.authority.iso15118 or not any(each.enabled for each in able.v2x):
        return None
    modes = {mode for each in able.v2x for mode in each.transfer_modes}
    if not modes or not may_discharge:
        return None
    return tuple(
        sorted(
            mode
            for mode in modes
            if not feeds_back(mode)
            or (allowed and _everywhere(able, mode, may_discharge))
        )
    )


def _everywhere(able: Capability, mode: str, may_discharge: Mapping[int, bool]) -> bool:
    knowing = list(_knowing(able, mode, may_discharge))
    return bool(knowing) and all(may_discharge[evse] for evse in knowing)


def _knowing(able: Capability, mode: str, evses: Iterable[int]) -> Iterable[int]:
    for evse in evses:
        said = able.v2x_of(evse)
        if said is not None and mode in said.transfer_modes:
            yield evse
