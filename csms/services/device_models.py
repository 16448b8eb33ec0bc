"""Read and change variables of stations, portion by portion (B05, B06)."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from csms.charging.capability import DEFAULT_ITEMS
from csms.charging.requirements import repetition
from csms.charging.slots import COMPONENT, switches_due
from csms.clock import Clock
from csms.domain.errors import Broken
from csms.domain.ids import StationId
from csms.domain.secrecy import HIDDEN, is_secret
from csms.domain.station import Variable, VariableKey
from csms.services.aftermath import Aftermath
from csms.services.asking import asked
from csms.services.commands import Commands, MalformedCommand
from csms.services.fitness import Fitness
from csms.services.ports.device_model import (
    MessageLimits,
    ModelWire,
    VariableQuestion,
)
from csms.services.ports.wire import (
    FieldError,
    NoAnswer,
    RefusedByStation,
    VariableResult,
    VariableSetting,
)
from csms.services.ports.work import Begin

DATA = "DeviceDataCtrlr"
RESTART = "RebootRequired"
Q = TypeVar("Q", VariableQuestion, VariableSetting)


class NothingAsked(Broken):
    """The request names nothing."""

    code = "nothing-asked"


@dataclass(frozen=True, slots=True)
class Written:
    """What became of a value that was to be set.

    Attributes:
        result: What the station said.
        reads: What the variable reads now; None if it does not say, or is a secret.
    """

    result: VariableResult
    reads: str | None

    @property
    def due(self) -> bool:
        """Tell whether it takes effect at the next restart only."""
        return self.result.status == RESTART


@dataclass(frozen=True, slots=True)
class DeviceModels:
    """Asks stations about their variables, sets them, and keeps what they say.

    Attributes:
        clock: Where business time comes from.
        begin: Begins a unit of work.
        commands: Checks what is about to be sent.
        wire: Speaks with stations.
        aftermath: Keeps what was said.
        fitness: Knows how much a station takes at once.
    """

    clock: Clock
    begin: Begin
    commands: Commands
    wire: ModelWire
    aftermath: Aftermath
    fitness: Fitness

    async def read(
        self, station: StationId, questions: Sequence[VariableQuestion]
    ) -> Sequence[VariableResult]:
        """Return one result for each question, in the order asked (B06).

        They are cut into as many messages as the station needs (B06.FR.05). If one
        fails after another was answered, its results say so.

        Raises:
            NothingAsked: If there is no question.
            StationLacks: If the station has no such variable, or hides it.
            StationSilent: If it does not answer.
            StationRefused: If it answers by an error.
        """
        if not questions:
            raise NothingAsked(field="variables", remedy="name a variable")
        limits = await self._limits(station, "GetVariables")
        portions = self.wire.portions_to_read(questions, limits)
        for portion in portions:
            await self.commands.check(station, "GetVariables", self.wire.asked(portion))
        results: list[VariableResult] = []
        for portion in portions:
            results += await _each(
                portion, lambda some: self.wire.read(station, some), first=not results
            )
        await self.aftermath.learned(station, _read_now(results))
        return results

    async def write(
        self, station: StationId, settings: Sequence[VariableSetting], by: str
    ) -> Sequence[Written]:
        """Set variables and read them back; return one result for each (B05).

        What a way to connect needs besides is set with it, and its results come last
        (B09.FR.29, FR.30).

        They are cut into as many messages as the station needs (B05.FR.11); all of
        them are checked before the first is sent.

        Raises:
            NothingAsked: If there is no setting.
            MalformedCommand: If one variable is set twice (B05.FR.13).
            StationLacks: If the station has no such variable, or it takes no such
                value.
            DischargeForbidden: If a value could make an EVSE discharge.
            StationSilent: If the station does not answer.
            StationRefused: If it answers by an error.
        """
        if not settings:
            raise NothingAsked(field="variables", remedy="name a variable and a value")
        settings = await self._completed(station, settings)
        twice = repetition("SetVariables", self.wire.written(settings))
        if twice is not None:
            said = "is set twice (B05.FR.13)"
            raise MalformedCommand("SetVariables", [FieldError(twice, said)])
        limits = await self._limits(station, "SetVariables")
        portions = self.wire.portions_to_write(settings, limits)
        for portion in portions:
            payload = self.wire.written(portion)
            await self.commands.check(station, "SetVariables", payload)
        results: list[VariableResult] = []
        try:
            for portion in portions:
                results += await _each(
                    portion,
                    lambda some: self.wire.set_variables(station, some),
                    first=not results,
                )
        finally:
            await self._audit(station, settings, results, by)
        return await self._read_back(station, settings, results)

    async def _completed(
        self, station: StationId, settings: Sequence[VariableSetting]
    ) -> Sequence[VariableSetting]:
        """Return the settings, and the switches that must go with them."""
        keys = [each.key for each in settings]
        if all(key.component != COMPONENT for key in keys):
            return settings
        model = await self.fitness.model(station, {COMPONENT})
        more = [VariableSetting(*each) for each in switches_due(keys, model)]
        return [*settings, *more]

    async def _read_back(
        self,
        station: StationId,
        settings: Sequence[VariableSetting],
        results: Sequence[VariableResult],
    ) -> Sequence[Written]:
        """Keep what was set, as it reads now; return both."""
        limits = await self._limits(station, "GetVariables")
        taken = [
            VariableQuestion(each.key, each.attribute)
            for each in results
            if each.accepted and not is_secret(each.key.variable)
        ]
        reads: dict[tuple[VariableKey, str], str | None] = {}
        for portion in self.wire.portions_to_read(taken, limits):
            for each in await _each(
                portion, lambda some: self.wire.read(station, some), first=False
            ):
                if each.accepted:
                    reads[each.key, each.attribute] = each.value
        pairs = list(zip(settings, results, strict=True))
        await self.aftermath.learned(
            station,
            [
                _now(setting, result, reads.get((setting.key, setting.attribute)))
                for setting, result in pairs
                if result.accepted
            ],
        )
        return [
            Written(result, reads.get((setting.key, setting.attribute)))
            for setting, result in pairs
        ]

    async def _limits(self, station: StationId, instance: str) -> MessageLimits:
        model = await self.fitness.model(station, {DATA})
        items = model.number(DATA, "ItemsPerMessage", instance)
        octets = model.number(DATA, "BytesPerMessage", instance)
        return MessageLimits(items or DEFAULT_ITEMS, octets or None)

    async def _audit(
        self,
        station: StationId,
        settings: Sequence[VariableSetting],
        results: Sequence[VariableResult],
        by: str,
    ) -> None:
        said = {(each.key, each.attribute): each.status for each in results}
        entries = [
            {
                "variable": each.key.text,
                "attribute": each.attribute,
                "value": HIDDEN if is_secret(each.key.variable) else each.value,
                "status": said.get((each.key, each.attribute), "unknown"),
            }
            for each in settings
        ]
        now = self.clock.now()
        async with self.begin() as work:
            await work.access.audit(
                by, "station.variables_set", station, {"variables": entries}, now
            )


async def _each(
    portion: Sequence[Q],
    ask: Callable[[Sequence[Q]], Awaitable[Sequence[VariableResult]]],
    *,
    first: bool,
) -> Sequence[VariableResult]:
    """Ask one portion; a failure is raised only if nothing was answered before."""
    if first:
        return await asked(ask(portion))
    try:
        return await ask(portion)
    except (NoAnswer, RefusedByStation) as error:
        word = error.code if isinstance(error, RefusedByStation) else error.kind.value
        return [
            VariableResult(each.key, word, attribute=each.attribute) for each in portion
        ]


def _read_now(results: Sequence[VariableResult]) -> list[Variable]:
    return [
        Variable(each.key, each.attribute, each.value)
        for each in results
        if each.accepted
    ]


def _now(
    setting: VariableSetting, result: VariableResult, reads: str | None
) -> Variable:
    """Return what a variable that was set is to be kept as."""
    if result.status == RESTART:
        return Variable(setting.key, setting.attribute, reads, due=setting.value)
    value = setting.value if reads is None else reads
    return Variable(setting.key, setting.attribute, value)
