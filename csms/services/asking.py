"""Asking a station on behalf of a person: who may be asked, and what went wrong."""

from collections.abc import Awaitable
from typing import TypeVar

from csms.domain.errors import Conflict, DomainError, NotAllowed
from csms.domain.ids import StationId
from csms.domain.station import EDITION_21, Standing, Station
from csms.services.ports.wire import NoAnswer, RefusedByStation
from csms.services.reception import UnknownStation
from csms.services.stations import StationBook

T = TypeVar("T")


class StationRejected(NotAllowed):
    """A rejected station is not sent anything (B03.FR.03)."""

    code = "station-rejected"


class StationPending(NotAllowed):
    """A pending station starts and stops nothing for us (B02.FR.05)."""

    code = "station-pending"
    usual_remedy = "wait until it is accepted, or find out why not"


class StationOffline(Conflict):
    """The station is not connected."""

    code = "station-offline"


class StationSilent(DomainError):
    """The station did not answer."""

    code = "station-silent"


class StationRefused(Conflict):
    """The station said no."""

    code = "station-refused"
    usual_remedy = "see csms stations messages for what it was sent"


class StationLacks(Conflict):
    """The station lacks what this takes."""

    code = "station-lacks"
    usual_remedy = "see csms stations variables for what it has"


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


def speaks_21(station: Station) -> bool:
    """Tell whether a station speaks OCPP 2.1, or did last."""
    return station.edition == EDITION_21


def known(book: StationBook, station: StationId) -> Station:
    """Return a station of the registry.

    Raises:
        UnknownStation: If there is none of this name.
    """
    found = book.station(station)
    if found is None:
        raise UnknownStation(f"there is no station {station}")
    return found


def reachable(book: StationBook, station: StationId) -> Station:
    """Return a station that can be asked now.

    Raises:
        UnknownStation: If there is none of this name.
        StationRejected: If it is rejected, and so not asked anything (B03.FR.03).
        StationOffline: If it is not connected.
    """
    found = known(book, station)
    if found.standing is Standing.REJECTED:
        raise StationRejected
    if not book.is_online(station):
        raise StationOffline(
            f"{station} is not connected", remedy="try again once it is back"
        )
    return found


async def asked(call: Awaitable[T]) -> T:
    """Return what a station answers.

    Raises:
        StationSilent: If it cannot be asked, did not answer, or was lost meanwhile.
        StationRefused: If it answered by an error.
    """
    try:
        return await call
    except (NoAnswer, RefusedByStation) as problem:
        raise failure(problem) from problem


def failure(problem: NoAnswer | RefusedByStation) -> StationSilent | StationRefused:
    """Return what to tell whoever wanted a station asked."""
    if isinstance(problem, NoAnswer):
        return StationSilent(
            f"{problem.station} did not answer: {problem.kind}",
            remedy="see whether it is connected and what it did, and ask again",
        )
    said = f"{problem.code}: {problem.description}".rstrip(": ")
    return StationRefused(f"{problem.station} answered {said}")
