"""What goes wrong when an operator asks something of one station, as failures."""

from collections.abc import Awaitable
from typing import TypeVar

from csms.domain.errors import Conflict, DomainError
from csms.domain.ids import StationId
from csms.services.ports.wire import NoAnswer, RefusedByStation

T = TypeVar("T")


class StationLacks(Conflict):
    """The station does not offer this."""

    code = "station-lacks"
    usual_remedy = "see csms stations variables for what it has"


class StationRefused(Conflict):
    """The station said no."""

    code = "station-refused"
    usual_remedy = "see csms stations messages for what it was sent"


class StationSilent(DomainError):
    """The station did not answer."""

    code = "station-silent"


def lacks(station: StationId, what: str, variable: str) -> StationLacks:
    """Return the failure that says what a station lacks.

    Args:
        station: Which.
        what: What it cannot do.
        variable: The variable of its device model that would say that it can.
    """
    return StationLacks(
        f"{station} {what}: its device model does not say {variable}",
        remedy=f"look at csms stations variables {station}",
    )


async def asked(call: Awaitable[T]) -> T:
    """Return what a station answers.

    Raises:
        StationSilent: If it cannot be asked or did not answer.
        StationRefused: If it answered by an error.
    """
    try:
        return await call
    except NoAnswer as silence:
        raise StationSilent(
            f"{silence.station} did not answer: {silence.kind}",
            remedy="try again once it is connected",
        ) from silence
    except RefusedByStation as error:
        raise StationRefused(
            f"{error.station} answered {error.code} {error.description}".rstrip()
        ) from error
