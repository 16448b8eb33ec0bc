"""What blocks answer and send, and every action that the editions know.

What is in ``ALL_ACTIONS`` and not in ``HANDLED`` is answered NotImplemented; what is in
neither is answered NotSupported.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from csms.ocpp.messages.catalog import MODELED
from csms.ocpp.wire import FROM_STATION, TO_STATION, Action, AnyAction, Edition

WAITING: frozenset[str] = frozenset()
"""Actions whose block is not built yet."""

HANDLED: tuple[AnyAction, ...] = tuple(
    each
    for each in MODELED
    if FROM_STATION in each.direction and each.name not in WAITING
)
"""What a station asks and this system answers."""

SENT: tuple[Action[Any, Any], ...] = tuple(
    each
    for each in MODELED
    if isinstance(each, Action)
    and TO_STATION in each.direction
    and each.name not in WAITING
)
"""What this system asks and a station answers."""

ALL_ACTIONS: Mapping[Edition, frozenset[str]] = MappingProxyType(
    {
        edition: frozenset(each.name for each in MODELED if edition in each.editions)
        for edition in Edition
    }
)
"""The name of every action of each edition: 64 and 91."""
