"""Have stations report their device model, in full or in part (B07, B08)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from csms.charging.capability import capability, to_document
from csms.clock import Clock
from csms.domain.device_model import CUSTOM, ModelRecord, ReportRecord
from csms.domain.ids import StationId
from csms.domain.station import EDITION_201, Station, Variable
from csms.services.aftermath import Aftermath
from csms.services.asking import asked as said_by
from csms.services.commands import Commands
from csms.services.ports.device_model import Kept, ModelWire, ReportQuestion
from csms.services.ports.wire import Inventory, Report
from csms.services.ports.work import Begin, Work
from csms.services.stations import StationBook


@dataclass(frozen=True, slots=True)
class DeviceReporting:
    """Asks stations for reports, and keeps what they bring.

    Attributes:
        clock: Where business time comes from.
        begin: Begins a unit of work.
        book: What is known of every station.
        commands: Checks what is about to be sent.
        wire: Speaks with stations.
        aftermath: Notes what is not as it should be.
        patience_s: Real seconds to wait for all parts of a report.
    """

    clock: Clock
    begin: Begin
    book: StationBook
    commands: Commands
    wire: ModelWire
    aftermath: Aftermath
    patience_s: float = 30.0

    async def base(
        self, station: StationId, inventory: Inventory, by: str
    ) -> tuple[ReportRecord, Sequence[Variable]]:
        """Have a base report made; return how it went, and what it brought (B07).

        A full one is kept in place of what was known, another beside it.

        Raises:
            StationSilent: If the station does not answer.
            StationRefused: If it answers by an error.
        """
        asked = {"requestId": 0, "reportBase": inventory.value}
        await self.commands.check(station, "GetBaseReport", asked)
        began = self.clock.now()
        writing = _Writing(self.clock, self.begin, station)
        whole = inventory is Inventory.FULL
        report = await said_by(
            self.wire.base_report(
                station,
                inventory.value,
                self.patience_s,
                writing.bring if whole else None,
            )
        )
        record = self._record(station, inventory.value, {}, by, began, report)
        kept = await self._keep(record, report, writing if whole else None)
        return kept, report.variables

    async def custom(
        self, station: StationId, question: ReportQuestion, by: str
    ) -> tuple[ReportRecord, Sequence[Variable]]:
        """Have a report of some variables made; return how it went (B08).

        What it brings is kept beside what was known.

        Raises:
            StationLacks: If the station does not have what is asked for, or takes no
                such number of components at once (B08.FR.06).
            StationSilent: If the station does not answer.
            StationRefused: If it answers by an error.
        """
        asked = self.wire.custom(question)
        await self.commands.check(station, "GetReport", asked)
        began = self.clock.now()
        report = await said_by(
            self.wire.custom_report(station, question, self.patience_s)
        )
        said = {name: value for name, value in asked.items() if name != "requestId"}
        record = self._record(station, CUSTOM, said, by, began, report)
        return await self._keep(record, report, None), report.variables

    def _record(
        self,
        station: StationId,
        kind: str,
        asked: dict[str, Any],
        by: str,
        began: datetime,
        report: Report,
    ) -> ReportRecord:
        return recorded(station, kind, by, began, self.clock.now(), report, asked)

    async def _keep(
        self, record: ReportRecord, report: Report, writing: "_Writing | None"
    ) -> ReportRecord:
        station, now = record.station, record.ended_at
        whole = writing is not None and report.complete
        async with self.begin() as work:
            number = await work.models.add_report(record)
            if writing is None:
                await work.models.merge(station, report.variables, now)
            elif whole:
                await writing.leave(work)
                await self._keep_known(work, station, len(report.variables))
            said = {"kind": record.kind, "status": record.status, "report": number}
            await work.access.audit(
                record.by, "station.report_asked", station, said, now
            )
        if report.variables:
            await self._follow(station, report.variables, whole=whole)
        return replace(record, id=number)

    async def _keep_known(self, work: Work, station: StationId, variables: int) -> None:
        """Keep that a device model is known in full."""
        known = self.book.station(station)
        if known is not None and known.make is not None:
            fingerprint = known.make.fingerprint(known.edition)
            now = self.clock.now()
            await work.models.save_record(
                ModelRecord(station, fingerprint, True, variables, now)  # noqa: FBT003
            )

    async def _follow(
        self, station: StationId, variables: Sequence[Variable], *, whole: bool
    ) -> None:
        """Keep what follows from a report: what the station can do, and its drift."""
        known = self.book.station(station)
        async with self.begin() as work:
            if (
                whole
                and known is not None
                and known.is_provisioned
                and known.provisioned_at is not None
            ):
                await self._save_able(work, known, variables, known.provisioned_at)
            await self.aftermath.look_again(work, station)

    async def _save_able(
        self,
        work: Work,
        known: Station,
        variables: Sequence[Variable],
        provisioned_at: datetime,
    ) -> None:
        able = to_document(capability(variables, known.edition or EDITION_201))
        await work.stations.save_provisioned(
            known.id,
            fingerprint=known.provisioned_for or "",
            capabilities=able,
            shortcomings=known.shortcomings,
            at=provisioned_at,
        )
        present = self.book.station(known.id) or known
        self.book.put_station(replace(present, capabilities=able))


@dataclass(slots=True)
class _Writing:
    """Writes a full report while it comes; what it does not bring goes at its end.

    Until then, and for good if it has gaps, it is kept beside what was known.
    """

    clock: Clock
    begin: Begin
    station: StationId
    kept: Kept = None

    async def bring(self, variables: Sequence[Variable]) -> None:
        async with self.begin() as work:
            if self.kept is None:
                self.kept = await work.models.kept(self.station)
            await work.models.bring(self.kept, variables, self.clock.now())

    async def leave(self, work: Work) -> None:
        if self.kept is not None:
            await work.models.leave(self.kept)


def recorded(  # noqa: PLR0913, PLR0917, the parts of one record
    station: StationId,
    kind: str,
    by: str,
    asked_at: datetime,
    ended_at: datetime,
    report: Report,
    asked: dict[str, Any] | None = None,
) -> ReportRecord:
    """Return how a report went, as it is kept."""
    return ReportRecord(
        station=station,
        kind=kind,
        by=by,
        asked_at=asked_at,
        status=report.status,
        ended_at=ended_at,
        asked=asked or {},
        request_id=report.request_id,
        parts=report.parts,
        missing=report.missing,
        repeated=report.repeated,
        variables=len(report.variables),
        complete=report.complete,
        generated_at=report.generated_at,
    )
