"""Has stations renew their certificates before they expire (A02)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

import structlog

from csms.clock import Clock, pause
from csms.domain.errors import Conflict
from csms.domain.ids import StationId
from csms.domain.security import SecurityProfile
from csms.domain.signing import CertificateState, CertificateUse, IssuedCertificate
from csms.domain.station import Variable, VariableKey
from csms.services.ports.profiles import Incident
from csms.services.ports.security import Connections
from csms.services.ports.wire import (
    NoAnswer,
    RefusedByStation,
    Reply,
    VariableResult,
    VariableSetting,
)
from csms.services.ports.work import Begin
from csms.services.rotation import StationAway

log = structlog.get_logger()

TRIGGERS: Final[Mapping[CertificateUse, str]] = {
    CertificateUse.STATION: "SignChargingStationCertificate",
    CertificateUse.COMBINED: "SignCombinedCertificate",
    CertificateUse.V2G: "SignV2GCertificate",
    CertificateUse.V2G20: "SignV2G20Certificate",
}
"""What is triggered to have a certificate renewed (F06; the last one of 2.1 only)."""

ORGANIZATION: Final = VariableKey("SecurityCtrlr", "OrganizationName")
SOON: Final = timedelta(minutes=5)
"""Before the next try, if a station cannot be asked just now: it may be starting."""

IN_USE = (CertificateState.ACTIVE, CertificateState.ACCEPTED)


class NoSuchTrigger(Conflict):
    """The station does not renew certificates of this use when it is asked."""

    code = "no-such-trigger"


class Settable(Protocol):
    """Whoever can set variables of stations; ``DeviceModelWire`` can."""

    async def set_variables(
        self, station: StationId, settings: Sequence[VariableSetting]
    ) -> Sequence[VariableResult]:
        """Set variables (B05)."""
        ...


class Triggers(Protocol):
    """Whoever can ask a station for a message; ``RemoteWire`` can."""

    async def trigger(
        self, station: StationId, message: str, evse: int | None = None
    ) -> Reply:
        """Ask for a message, such as ``SignChargingStationCertificate`` (F06)."""
        ...


@dataclass(frozen=True, slots=True)
class RenewalPolicy:
    """When certificates are renewed.

    Attributes:
        before: How long before its end a certificate is renewed.
        again: How long after a trigger that led to nothing the next one is, unless the
            station says by its waiting times that it takes longer.
        every_s: Real seconds between two looks.
        organization: What stations are told to be the organization of their requests
            (A00.FR.509); empty to tell them nothing.
    """

    before: timedelta = timedelta(days=30)
    again: timedelta = timedelta(days=1)
    every_s: float = 300.0
    organization: str = ""


class Renewal:
    """Watches the ends of certificates, and triggers their renewal.

    Args:
        clock: Where business time comes from.
        begin: Begins a unit of work.
        remote: Triggers messages.
        model: Sets variables.
        connections: Knows which stations are here.
        policy: When certificates are renewed.
    """

    def __init__(
        self,
        clock: Clock,
        begin: Begin,
        remote: Triggers,
        model: Settable,
        connections: Connections,
        policy: RenewalPolicy,
    ) -> None:
        self._clock = clock
        self._begin = begin
        self._remote = remote
        self._model = model
        self._connections = connections
        self._policy = policy
        self._next: dict[tuple[StationId, CertificateUse], datetime] = {}
        self._wanted: set[tuple[StationId, CertificateUse]] = set()
        self._told: set[str] = set()

    @property
    def before(self) -> timedelta:
        """Return how long before its end a certificate is renewed."""
        return self._policy.before

    async def renew(self, station: StationId, use: CertificateUse, by: str) -> Reply:
        """Ask a station for a signing request (A02); its certificate comes later.

        Raises:
            StationAway: If it is not connected, or does not answer.
            NoSuchTrigger: If it cannot be asked that.
        """
        async with self._begin() as work:
            variables = await work.models.variables(station)
        try:
            await self._name_owner(station, variables)
            reply = await self._remote.trigger(station, TRIGGERS[use])
        except NoAnswer as error:
            raise StationAway(f"{station} does not answer: {error.kind}") from None
        except (RefusedByStation, KeyError) as error:
            raise NoSuchTrigger(f"{station} cannot be asked: {error}") from None
        now = self._clock.now()
        async with self._begin() as work:
            said = {"use": use.value, "status": reply.status}
            await work.access.audit(by, "certificate.renewing", station, said, now)
        self._wanted.discard((station, use))
        self._next[station, use] = now + max(self._policy.again, waits(variables))
        if not reply.accepted:
            self._wanted.add((station, use))
            self._next[station, use] = now + SOON
        log.info("certificate.renewing", station=station, use=use.value)
        return reply

    async def entered(
        self, station: StationId, profile: SecurityProfile, fingerprint: str
    ) -> None:
        """Have a station renew a certificate that is expired or not ours.

        The maker's certificate is replaced as soon as the station comes in with it
        (A00.FR.406, A00.FR.805); an expired one that is let in, too (A00.FR.429).
        """
        if profile is not SecurityProfile.MUTUAL:
            return
        async with self._begin() as work:
            known = await work.security.certificate(fingerprint)
        now = self._clock.now()
        if known is None or known.not_after < now:
            use = CertificateUse.STATION if known is None else known.use
            self._wanted.add((station, use))
            await self._try(station, use)

    async def run(self) -> None:
        """Watch, for ever."""
        while True:
            await self.step()
            await pause(self._policy.every_s)

    async def step(self) -> None:
        """Have renewed what is due, and tell of what is past."""
        now = self._clock.now()
        for station, use in sorted(self._wanted):
            if self._connections.is_connected(station):
                await self._try(station, use)
        async with self._begin() as work:
            issued = await work.security.certificates()
        for each in newest(issued):
            if each.not_after - now > self._policy.before:
                continue
            if each.not_after < now:
                await self._tell(each, now)
            if each.station is not None and self._connections.is_connected(
                each.station
            ):
                await self._try(each.station, each.use)

    async def _name_owner(
        self, station: StationId, variables: Sequence[Variable]
    ) -> None:
        """Tell a station whose it is, if it would name somebody else in its request.

        One that does not take it asks as it can; the request is judged when it comes.
        """
        wanted = self._policy.organization
        said = {each.value for each in variables if each.key == ORGANIZATION}
        if not wanted or not said - {wanted}:
            return
        setting = VariableSetting(ORGANIZATION, wanted)
        try:
            [result] = await self._model.set_variables(station, [setting])
        except RefusedByStation as error:
            log.info("station.owner_not_named", station=station, why=error.code)
            return
        log.info("station.owner_named", station=station, status=result.status)

    async def _try(self, station: StationId, use: CertificateUse) -> None:
        now = self._clock.now()
        if now < self._next.get((station, use), now):
            return
        self._next[station, use] = now + self._policy.again
        try:
            await self.renew(station, use, "system")
        except Conflict as error:
            self._next[station, use] = now + SOON
            log.warning("certificate.not_renewed", station=station, reason=str(error))

    async def _tell(self, expired: IssuedCertificate, now: datetime) -> None:
        """Tell once of a certificate that expired while it was in use."""
        if expired.fingerprint in self._told:
            return
        self._told.add(expired.fingerprint)
        detail = {"use": expired.use.value, "expired": expired.not_after.isoformat()}
        async with self._begin() as work:
            await work.profiles.note(
                Incident(
                    now,
                    "warning",
                    "certificate.expired",
                    expired.station,
                    None,
                    None,
                    detail,
                )
            )


def newest(issued: Sequence[IssuedCertificate]) -> Sequence[IssuedCertificate]:
    """Return the certificate in use of each station and use, of those that ask us."""
    found: dict[tuple[StationId, CertificateUse], IssuedCertificate] = {}
    for each in issued:
        if each.station is not None and each.state in IN_USE:
            kept = found.setdefault((each.station, each.use), each)
            if each.not_after > kept.not_after:
                found[each.station, each.use] = each
    return list(found.values())


def waits(variables: Sequence[Variable]) -> timedelta:
    """Return how long a station repeats a request by itself (A02.FR.17, A02.FR.18).

    It waits ``CertSigningWaitMinimum`` seconds for its certificate, then twice as long
    each time, ``CertSigningRepeatTimes`` times. Nobody should trigger it meanwhile.
    """
    said = {
        each.key.variable: int(each.value)
        for each in variables
        if each.key.component == "SecurityCtrlr"
        and each.key.variable.startswith("CertSigning")
        and (each.value or "").isdigit()
        and each.value is not None
    }
    minimum = min(said.get("CertSigningWaitMinimum", 0), 86_400)
    times = min(said.get("CertSigningRepeatTimes", 0), 10)
    return timedelta(seconds=minimum * (2 ** (times + 1) - 1))
