"""What follows from what a station has agreed to: the store is told, drift is noted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from csms.charging.answers import read_values, set_values
from csms.clock import Clock
from csms.domain.device_model import NetworkProfile, ResetRecord
from csms.domain.ids import StationId
from csms.domain.secrecy import hidden
from csms.domain.station import Variable
from csms.services.desires import Desires
from csms.services.ports.wire import Reply
from csms.services.ports.work import Begin, Work
from csms.services.stations import StationBook


@dataclass(frozen=True, slots=True)
class Aftermath:
    """Keeps what stations have agreed to.

    Attributes:
        clock: Where business time comes from.
        begin: Begins a unit of work.
        book: What is known of every station.
        desires: Notes what is not as it should be.
    """

    clock: Clock
    begin: Begin
    book: StationBook
    desires: Desires

    async def of_command(
        self,
        station: StationId,
        action: str,
        payload: dict[str, Any],
        answer: dict[str, Any],
        by: str,
    ) -> None:
        """Keep what follows from a request that was sent in the words of the wire."""
        match action:
            case "SetVariables":
                await self.learned(station, set_values(payload, answer))
            case "GetVariables":
                await self.learned(station, read_values(answer))
            case "SetNetworkProfile":
                slot = payload["configurationSlot"]
                document = payload["connectionData"]
                await self.connecting(station, slot, document, _reply(answer), by)
            case "Reset":
                kind, evse = payload["type"], payload.get("evseId") or 0
                await self.resetting(station, kind, evse, _reply(answer), by)
            case _:
                pass

    async def learned(self, station: StationId, variables: Sequence[Variable]) -> None:
        """Keep values of variables, and note what is not as it should be."""
        if variables:
            async with self.begin() as work:
                await work.models.merge(station, variables, self.clock.now())
                await self.look_again(work, station)

    async def look_again(self, work: Work, station: StationId) -> None:
        """Note what is not as it should be, as far as the store knows."""
        known = self.book.station(station)
        if known is not None:
            components = self.desires.components
            found = await work.models.variables(station, components)
            await self.desires.note(work, known, found)

    async def connecting(
        self,
        station: StationId,
        slot: int,
        document: Mapping[str, Any],
        reply: Reply,
        by: str,
    ) -> NetworkProfile:
        """Keep a way to connect that a station accepted; return it without secrets."""
        profile = NetworkProfile(
            station,
            slot,
            hidden(dict(document)),
            reply.status,
            reply.info,
            self.clock.now(),
            by,
        )
        if reply.accepted:
            async with self.begin() as work:
                await work.models.save_network_profile(profile)
        return profile

    async def resetting(
        self, station: StationId, kind: str, evse: int, reply: Reply, by: str
    ) -> ResetRecord:
        """Keep that a restart was asked for, and what the station said to it."""
        record = ResetRecord(
            station, evse, kind, reply.status, reply.info, by, self.clock.now()
        )
        async with self.begin() as work:
            await work.models.add_reset(record)
        return record


def _reply(answer: Mapping[str, Any]) -> Reply:
    status = str(answer.get("status"))
    info = answer.get("statusInfo") or {}
    words = (info.get("reasonCode"), info.get("additionalInfo"))
    return Reply(
        status in ("Accepted", "Scheduled"),
        status,
        ": ".join(str(each) for each in words if each),
    )
