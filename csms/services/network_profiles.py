"""Ways to connect, kept in the slots of stations, and their order (B09, B10)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from csms.charging.device_model import DeviceModel
from csms.charging.requirement import Lack
from csms.clock import Clock
from csms.domain.device_model import NetworkProfile
from csms.domain.ids import StationId
from csms.domain.secrecy import hidden
from csms.domain.station import VariableKey
from csms.services.aftermath import Aftermath
from csms.services.asking import asked
from csms.services.commands import Commands
from csms.services.device_models import DeviceModels, Written
from csms.services.fitness import Fitness, StationUnfit
from csms.services.ports.device_model import ModelWire
from csms.services.ports.wire import VariableSetting
from csms.services.ports.work import Begin

_COMM = "OCPPCommCtrlr"
PRIORITY = VariableKey(_COMM, "NetworkConfigurationPriority")


@dataclass(frozen=True, slots=True)
class Slot:
    """A slot of a station, and what is known of it.

    Attributes:
        number: Its number.
        rank: Its place in the order of priority, from 0; None if it has none.
        active: Whether the station says that it is connected by it.
        profile: What we put there, without secrets; None if it was not us.
    """

    number: int
    rank: int | None
    active: bool
    profile: NetworkProfile | None


@dataclass(frozen=True, slots=True)
class NetworkProfiles:
    """Looks after the ways by which stations connect.

    Attributes:
        clock: Where business time comes from.
        begin: Begins a unit of work.
        commands: Checks what is about to be sent.
        wire: Speaks with stations.
        models: Sets variables.
        fitness: Knows device models.
        aftermath: Keeps what a station accepted.
    """

    clock: Clock
    begin: Begin
    commands: Commands
    wire: ModelWire
    models: DeviceModels
    fitness: Fitness
    aftermath: Aftermath

    async def slots(self, station: StationId) -> Sequence[Slot]:
        """Return the slots that a station has, as far as we know, by number."""
        model = await self._model(station)
        async with self.begin() as work:
            kept = {
                each.slot: each for each in await work.models.network_profiles(station)
            }
        order = _numbers(model.text(_COMM, PRIORITY.variable) or "")
        listed = _numbers(",".join(model.traits(PRIORITY).values))
        active = model.text(_COMM, "ActiveNetworkProfile")
        return [
            Slot(
                number,
                order.index(number) if number in order else None,
                active == str(number),
                kept.get(number),
            )
            for number in sorted({*order, *listed, *kept})
        ]

    async def put(
        self, station: StationId, slot: int, document: Mapping[str, Any], by: str
    ) -> NetworkProfile:
        """Put a way to connect into a slot; return it without secrets (B09).

        Args:
            station: Whose slot.
            slot: Which slot.
            document: The way to connect, in the words of the wire.
            by: Who asks; it goes on the audit trail, the secrets do not.

        Raises:
            MalformedCommand: If it breaks the schema.
            StationLacks: If the station has no such slot (B09.FR.05), or would fall
                back to a lower security profile (B09.FR.04).
            StationSilent: If it does not answer.
            StationRefused: If it answers by an error.
        """
        payload = {"configurationSlot": slot, "connectionData": dict(document)}
        await self.commands.check(station, "SetNetworkProfile", payload)
        reply = await asked(self.wire.set_network_profile(station, slot, document))
        profile = await self.aftermath.connecting(station, slot, document, reply, by)
        async with self.begin() as work:
            detail = {**hidden(payload), "status": reply.status, "info": reply.info}
            await work.access.audit(
                by, "station.network_profile_set", station, detail, profile.at
            )
        return profile

    async def prioritize(
        self, station: StationId, slots: Sequence[int], by: str
    ) -> Written:
        """Set by which slots a station connects, the first first (B10).

        Raises:
            StationLacks: If nothing is known to be in one of the slots (B10.FR.02).
            StationSilent: If it does not answer.
        """
        filled = {
            each.number
            for each in await self.slots(station)
            if each.rank is not None or each.active or each.profile is not None
        }
        empty = [each for each in slots if each not in filled]
        if empty:
            lack = Lack(
                "slots",
                f"has no way to connect in slot {empty[0]} (B10.FR.02)",
                "put one there first",
            )
            raise StationUnfit(station, (lack,))
        value = ",".join(map(str, slots))
        (written,) = await self.models.write(
            station, [VariableSetting(PRIORITY, value)], by
        )
        return written

    async def _model(self, station: StationId) -> DeviceModel:
        return await self.fitness.model(station, {_COMM, "NetworkConfiguration"})


def _numbers(text: str) -> list[int]:
    return [int(part) for part in text.split(",") if part.strip().isdigit()]
