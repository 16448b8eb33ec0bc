"""Restart stations and single EVSEs, and remember what was asked (B11, B12, B13)."""

from collections.abc import Sequence
from dataclasses import dataclass

from csms.clock import Clock
from csms.domain.device_model import ResetRecord
from csms.domain.ids import StationId
from csms.services.aftermath import Aftermath
from csms.services.asking import asked
from csms.services.commands import Commands
from csms.services.ports.device_model import ModelWire
from csms.services.ports.work import Begin


@dataclass(frozen=True, slots=True)
class Resets:
    """Asks for restarts.

    Attributes:
        clock: Where business time comes from.
        begin: Begins a unit of work.
        commands: Checks what is about to be sent.
        wire: Speaks with stations.
        aftermath: Keeps what a station said to it.
    """

    clock: Clock
    begin: Begin
    commands: Commands
    wire: ModelWire
    aftermath: Aftermath

    async def ask(
        self, station: StationId, kind: str, evse: int | None, by: str
    ) -> ResetRecord:
        """Ask for a restart of a station or of one EVSE; return what it said.

        ``Scheduled`` means once the transactions that go on have ended (B12.FR.01).

        Args:
            station: Which station.
            kind: Immediate, OnIdle or ImmediateAndResume, in the words of the wire.
            evse: Which EVSE; None for the whole station.
            by: Who asks; it goes on the audit trail.

        Raises:
            StationLacks: If the station does not restart single EVSEs (B11.FR.09), or
                does not resume transactions (B13.FR.01).
            StationSilent: If it does not answer.
            StationRefused: If it answers by an error.
        """
        payload: dict[str, object] = {"type": kind}
        if evse is not None:
            payload["evseId"] = evse
        await self.commands.check(station, "Reset", payload)
        reply = await asked(self.wire.reset(station, kind, evse))
        record = await self.aftermath.resetting(station, kind, evse or 0, reply, by)
        detail = {**payload, "status": reply.status, "info": reply.info}
        async with self.begin() as work:
            await work.access.audit(
                by, "station.reset_asked", station, detail, record.asked_at
            )
        return record

    async def of(self, station: StationId) -> Sequence[ResetRecord]:
        """Return the restarts that were asked for, the latest first."""
        async with self.begin() as work:
            return await work.models.resets(station)
