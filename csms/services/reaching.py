"""Asking a station on behalf of a person: who may be asked, and what went wrong."""

from collections.abc import Iterator
from contextlib import contextmanager

from csms.domain.errors import Conflict, NotAllowed
from csms.domain.ids import StationId
from csms.domain.station import EDITION_21, Standing, Station
from csms.services.commands import StationRejected
from csms.services.ports.wire import NoAnswer, RefusedByStation
from csms.services.reception import UnknownStation
from csms.services.stations import StationBook


class StationOffline(Conflict):
    """The station is not connected."""

    code = "station-offline"


class StationSilent(Conflict):
    """The station did not answer."""

    code = "station-silent"


class StationRefused(Conflict):
    """The station answered by an error."""

    code = "station-refused"
    usual_remedy = "see csms stations messages for what it was sent"


class StationLacks(NotAllowed):
    """The station lacks what this takes."""

    code = "station-lacks"
    usual_remedy = "see csms stations variables for what it has"


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


@contextmanager
def answered() -> Iterator[None]:
    """Say what went wrong with a station to whoever wanted it asked.

    Raises:
        StationSilent: If it did not answer, or was lost meanwhile.
        StationRefused: If it answered by an error.
    """
    try:
        yield
    except NoAnswer as error:
        raise silent(error) from error
    except RefusedByStation as error:
        raise StationRefused(
            f"{error.station} answered {error.code}: {error.description}".rstrip(": ")
        ) from error


def silent(error: NoAnswer) -> StationSilent:
    """Return what to tell of a station that did not answer."""
    return StationSilent(
        f"{error.station} did not answer ({error.kind.value})",
        remedy="what it did is unknown; look at it before you try again",
    )
