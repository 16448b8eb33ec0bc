"""What a station is told on its way to a higher security profile (A05)."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Protocol

from csms.clock import Clock
from csms.domain.errors import Conflict, DomainError
from csms.domain.ids import StationId
from csms.domain.security import SecurityProfile, SecurityUpgrade, UpgradeState
from csms.domain.signing import CertificateUse
from csms.domain.station import EDITION_21, Variable, VariableKey
from csms.services.aftermath import Aftermath
from csms.services.ports.security import Connections
from csms.services.ports.wire import (
    DeviceModelWire,
    RefusedByStation,
    RemoteWire,
    Reply,
    VariableSetting,
)
from csms.services.ports.work import Begin
from csms.services.renewal import Renewal, newest
from csms.services.station_certificates import NO_ANSWER, Outcome

PRIORITY: Final = VariableKey("OCPPCommCtrlr", "NetworkConfigurationPriority")
TIMEOUT: Final = VariableKey(
    "OCPPCommCtrlr", "MessageTimeout", variable_instance="Default"
)
USUAL_TIMEOUT_S: Final = 30
State = UpgradeState


class WaysWire(DeviceModelWire, Protocol):
    """Asks stations about variables and ways to connect; ``ModelWire`` can."""

    async def set_network_profile(
        self, station: StationId, slot: int, document: Mapping[str, Any]
    ) -> Reply:
        """Put a way to connect into a slot (B09)."""
        ...


@dataclass(frozen=True, slots=True)
class Ways:
    """Through whom an upgrade works.

    Attributes:
        model: Reads and sets variables, and ways to connect.
        aftermath: Keeps what the station accepted.
        remote: Restarts stations.
        renewal: Has certificates signed.
        connections: Knows which stations are here.
        place: Returns where stations reach us by a profile; None if nowhere.
        roots: Has a station hold the roots that our certificate leads to.
        password: Returns a new password for a slot, which opens the door as well.
    """

    model: WaysWire
    aftermath: Aftermath
    remote: RemoteWire
    renewal: Renewal
    connections: Connections
    place: Callable[[SecurityProfile], str | None]
    roots: Callable[[StationId, str], Awaitable[Sequence[Outcome]]]
    password: Callable[[StationId, str], Awaitable[str]]


class StepRefused(Exception):
    """The station does not take a step; the upgrade cannot go on."""


class StepWaits(Exception):
    """A step cannot be done yet; it is tried again."""


@dataclass(frozen=True, slots=True)
class Steps:
    """The steps before the restart, the restart, and the way back.

    Each returns the upgrade with the step that comes next, and raises ``NoAnswer``,
    ``RefusedByStation``, ``StepRefused`` or ``StepWaits``. Doing one twice does no
    harm.

    Attributes:
        clock: Where business time comes from.
        begin: Begins a unit of work.
        ways: Through whom they work.
    """

    clock: Clock
    begin: Begin
    ways: Ways
    _triggered: set[int] = field(default_factory=set)
    _offered: dict[int, str] = field(default_factory=dict)

    async def root(self, upgrade: SecurityUpgrade) -> SecurityUpgrade:
        """Have it hold our roots; one that takes none judges itself later.

        It refuses the new order of slots if it has none (A05.FR.02).
        """
        after = State.SLOT
        if upgrade.target is SecurityProfile.MUTUAL:
            after = State.CERTIFICATE
        try:
            outcomes = await self.ways.roots(upgrade.station, upgrade.by)
        except RefusedByStation as error:
            reason = f"the root: {error.code}"
        except DomainError as error:
            reason = f"the root: {error}"
        else:
            said = {each.status for each in outcomes if not each.done}
            if NO_ANSWER in said:
                raise StepWaits("the station does not say whether it took the root")
            reason = f"the root: {', '.join(sorted(said))}" if said else ""
        return replace(upgrade, state=after, reason=reason)

    async def certificate(self, upgrade: SecurityUpgrade) -> SecurityUpgrade:
        """Wait for the station's own certificate, once it was asked to renew it."""
        async with self.begin() as work:
            issued = await work.security.certificates(station=upgrade.station)
        now = self.clock.now()
        if any(
            each.use in {CertificateUse.STATION, CertificateUse.COMBINED}
            and each.not_after > now
            for each in newest(issued)
        ):
            return replace(upgrade, state=State.SLOT, reason="")
        if upgrade.id not in self._triggered:
            self._triggered.add(upgrade.id)
            try:
                await self.ways.renewal.renew(
                    upgrade.station, CertificateUse.STATION, upgrade.by
                )
            except Conflict as error:
                raise StepRefused(str(error)) from None
        raise StepWaits("the station has no certificate yet")

    async def slot(self, upgrade: SecurityUpgrade) -> SecurityUpgrade:
        """Choose a free slot; once that is kept, put the new way into it (B09)."""
        station = upgrade.station
        async with self.begin() as work:
            variables = await work.models.variables(station)
            known = await work.stations.find(station)
        if upgrade.slot is None:
            [said] = await self.ways.model.get_variables(station, [PRIORITY])
            former = (said.value or "").replace(" ", "")
            slot = free_slot(former, variables)
            if not said.accepted or slot is None:
                raise StepRefused("it has no free slot for a way to connect")
            return replace(upgrade, former=former, slot=slot)
        place = self.ways.place(upgrade.target)
        if place is None:
            raise StepRefused("there is no port for the profile any more")
        is_21 = known is not None and known.edition == EDITION_21
        way: dict[str, Any] = {
            "ocppCsmsUrl": place,
            "ocppInterface": upgrade.interface,
            "ocppTransport": "JSON",
            "ocppVersion": "OCPP21" if is_21 else "OCPP20",
            "securityProfile": int(upgrade.target),
            "messageTimeout": _timeout(variables),
        }
        if is_21 and upgrade.target is SecurityProfile.TLS and _by_slot(variables):
            way["basicAuthPassword"] = await self._password(upgrade)
        slot = upgrade.slot
        reply = await self.ways.model.set_network_profile(station, slot, way)
        await self.ways.aftermath.connecting(station, slot, way, reply, upgrade.by)
        if not reply.accepted:
            raise StepRefused(f"the slot: {reply.info or reply.status}")
        return replace(upgrade, state=State.PRIORITY, reason="")

    async def _password(self, upgrade: SecurityUpgrade) -> str:
        """Return the password of the new slot, the same one at every try.

        A slot without one would make the station forget its own (B09.FR.28).
        """
        if upgrade.id not in self._offered:
            try:
                offered = await self.ways.password(upgrade.station, upgrade.by)
            except DomainError as error:
                raise StepRefused(f"its password: {error}") from None
            self._offered[upgrade.id] = offered
        return self._offered[upgrade.id]

    async def priority(self, upgrade: SecurityUpgrade) -> SecurityUpgrade:
        """Make the new way the first choice, and the old one the second."""
        order = ",".join(filter(None, (str(upgrade.slot), upgrade.former)))
        setting = VariableSetting(PRIORITY, order)
        [said] = await self.ways.model.set_variables(upgrade.station, [setting])
        if not said.accepted:
            raise StepRefused(f"the order: {said.status} {said.info}".strip())
        return replace(upgrade, state=State.RESET, reason="")

    async def reset(self, upgrade: SecurityUpgrade) -> SecurityUpgrade:
        """Have the station restart as soon as it is idle (B12)."""
        reply = await self.ways.remote.reset(upgrade.station, immediate=False)
        if not reply.accepted:
            raise StepRefused(f"the restart: {reply.info or reply.status}")
        return replace(upgrade, state=State.RETURNING, reason="")

    async def fall_back(self, upgrade: SecurityUpgrade) -> SecurityUpgrade:
        """Make the old way the first choice again; no profile is lowered by that."""
        reason = upgrade.reason
        if upgrade.former:
            setting = VariableSetting(PRIORITY, upgrade.former)
            try:
                [said] = await self.ways.model.set_variables(upgrade.station, [setting])
                if not said.accepted:
                    reason += f"; the old order was refused: {said.status}"
            except RefusedByStation as error:
                reason += f"; the old order was refused: {error.code}"
        return replace(upgrade, state=State.FELL_BACK, reason=reason)


def free_slot(former: str, variables: Sequence[Variable]) -> int | None:
    """Return a slot that the present order does not use; None if there is none.

    The slots that a station has are the values that it allows in the order of slots.
    """
    used = {int(each) for each in former.split(",") if each.isdigit()}
    for each in variables:
        if each.key == PRIORITY and each.characteristics:
            allowed = str(each.characteristics.get("valuesList") or "")
            slots = [int(one) for one in allowed.split(",") if one.strip().isdigit()]
            if slots:
                return next((slot for slot in slots if slot not in used), None)
    return max(used, default=0) + 1


def _by_slot(variables: Sequence[Variable]) -> bool:
    """Tell whether a station has a password for each of its slots (2.1)."""
    return any(
        each.key.component == "NetworkConfiguration"
        and each.key.variable == "BasicAuthPassword"
        for each in variables
    )


def _timeout(variables: Sequence[Variable]) -> int:
    for each in variables:
        if each.key == TIMEOUT and (each.value or "").isdigit():
            return int(each.value or USUAL_TIMEOUT_S)
    return USUAL_TIMEOUT_S
