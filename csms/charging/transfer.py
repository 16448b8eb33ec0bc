"""Which energy transfers a vehicle is offered when it is authorized (Q01)."""

from collections.abc import Iterable, Mapping

from csms.charging.capability import Capability

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
