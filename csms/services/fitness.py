"""Holds what is asked of a station against what the station can do."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from csms.charging.device_model import DeviceModel
from csms.charging.requirement import Lack
from csms.charging.requirements import judge, looks_at
from csms.domain.ids import StationId
from csms.domain.station import EDITION_21
from csms.services.asking import StationLacks
from csms.services.ports.work import Begin
from csms.services.stations import StationBook


class StationUnfit(StationLacks):
    """The station does not have what the request needs.

    Attributes:
        lacks: Everything that it lacks for it.
    """

    def __init__(self, station: StationId, lacks: tuple[Lack, ...]) -> None:
        self.lacks = lacks
        first = lacks[0]
        super().__init__(
            f"{station} {first.problem}",
            field=first.field or None,
            remedy=first.remedy,
        )


@dataclass(frozen=True, slots=True)
class Fitness:
    """Knows the device models of stations, and what requests need.

    Attributes:
        begin: Begins a unit of work.
        book: What is known of every station.
    """

    begin: Begin
    book: StationBook

    async def require(
        self, station: StationId, action: str, payload: dict[str, Any]
    ) -> tuple[str, ...]:
        """Return warnings about what the station may lack for a request.

        A device model that was never read, or was that of another make or firmware,
        forbids nothing.

        Raises:
            StationUnfit: If it does not have what the request needs.
        """
        components = looks_at(action, payload)
        if not components:
            return ()
        known = self.book.station(station)
        edition = (known.edition if known else None) or EDITION_21
        model = await self.model(station, components)
        verdict = judge(action, payload, model, edition)
        if verdict.lacks:
            raise StationUnfit(station, verdict.lacks)
        return verdict.warnings

    async def model(
        self, station: StationId, components: Collection[str]
    ) -> DeviceModel:
        """Return some components of a station's device model, ready for questions."""
        known = self.book.station(station)
        async with self.begin() as work:
            record = await work.models.record(station)
            variables = await work.models.variables(station, components)
        make = None if known is None else known.make
        current = (
            record is not None
            and known is not None
            and make is not None
            and record.fingerprint == make.fingerprint(known.edition)
        )
        return DeviceModel.of(
            variables if current else (),
            complete=current and record is not None and record.complete,
            known=current,
            evses=[each.id.number for each in self.book.evses(station)],
            connectors=self.book.capability(station).connectors,
        )
