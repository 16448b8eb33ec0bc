"""One station whose security is changed, and everyone around it, in memory."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from csms.charging.configuration import Sampling
from csms.db.engine import connect_raw
from csms.domain.ids import StationId, TransactionId
from csms.domain.security import SecurityProfile
from csms.domain.signing import CertificateUse
from csms.domain.station import VariableKey
from csms.pki.authority import BuiltIn, Terms
from csms.pki.reading import X509Reader
from csms.services.aftermath import Aftermath
from csms.services.certifying import Certifying, ServerTerms
from csms.services.desires import Desires
from csms.services.identities import Identities, IdentityPolicy
from csms.services.ports.pki import NotYet, Signed, SigningAuthority, SigningOrder
from csms.services.ports.wire import (
    Inventory,
    NoAnswer,
    Reply,
    Report,
    Silence,
    TransactionStatus,
    VariableResult,
    VariableSetting,
)
from csms.services.renewal import Renewal, RenewalPolicy
from csms.services.rotation import PasswordRotations, RotationPolicy
from csms.services.signing import Signing, SigningPolicy
from csms.services.station_certificates import Outcome
from csms.services.upgrade_steps import Ways
from csms.services.upgrading import UpgradePolicy, Upgrades
from tests.security_world import CSO
from tests.station_world import STATION, Lobby

ORDER = VariableKey("OCPPCommCtrlr", "NetworkConfigurationPriority")


@dataclass
class FakeStation:
    """Answers what it is asked, and goes wrong where a test says so.

    Attributes:
        says: What it answers, by what it is asked; an exception is raised instead.
        order: Its order of slots.
        asked: What it was asked, in order.
    """

    says: dict[str, str | Exception] = field(default_factory=dict)
    order: str = "1"
    asked: list[str] = field(default_factory=list)
    profiles: list[tuple[int, Mapping[str, Any]]] = field(default_factory=list)
    chains: list[tuple[str, CertificateUse | None, int | None]] = field(
        default_factory=list
    )

    def _answer(self, what: str) -> Reply:
        self.asked.append(what)
        said = self.says.get(what, "Accepted")
        if isinstance(said, Exception):
            raise said
        return Reply(said == "Accepted", said)

    async def give_certificate(
        self,
        station: StationId,
        chain: str,
        use: CertificateUse | None,
        request_id: int | None,
    ) -> Reply:
        del station
        self.chains.append((chain, use, request_id))
        return self._answer("certificate")

    async def take_roots(self, station: StationId, by: str) -> Sequence[Outcome]:
        del station, by
        reply = self._answer("root")
        return [Outcome(reply.accepted, reply.status)]

    async def set_network_profile(
        self, station: StationId, slot: int, document: Mapping[str, Any]
    ) -> Reply:
        del station
        self.profiles.append((slot, document))
        return self._answer("slot")

    async def set_variables(
        self, station: StationId, settings: Sequence[VariableSetting]
    ) -> Sequence[VariableResult]:
        del station
        [setting] = settings
        if setting.key != ORDER:
            reply = self._answer(f"{setting.key.variable} {setting.value}")
            return [VariableResult(setting.key, reply.status)]
        reply = self._answer(f"order {setting.value}")
        general = self._answer("order")
        accepted = reply.accepted and general.accepted
        if accepted:
            self.order = setting.value
        return [VariableResult(setting.key, "Accepted" if accepted else "Rejected")]

    async def get_variables(
        self, station: StationId, keys: Sequence[VariableKey]
    ) -> Sequence[VariableResult]:
        del station
        return [VariableResult(each, "Accepted", self.order) for each in keys]

    async def get_base_report(
        self, station: StationId, inventory: Inventory, deadline_s: float
    ) -> Report:
        raise AssertionError((station, inventory, deadline_s))

    async def trigger(
        self, station: StationId, message: str, evse: int | None = None
    ) -> Reply:
        del station, evse
        return self._answer(message)

    async def reset(self, station: StationId, *, immediate: bool) -> Reply:
        del station
        assert not immediate
        return self._answer("reset")

    async def start(self, *_: object) -> Reply:
        raise AssertionError("nothing is started")

    async def stop(self, *_: object) -> Reply:
        raise AssertionError("nothing is stopped")

    async def change_availability(
        self, station: StationId, evse: int | None, *, operative: bool
    ) -> Reply:
        raise AssertionError((station, evse, operative))

    async def transaction_status(
        self, station: StationId, transaction: TransactionId | None
    ) -> TransactionStatus:
        raise AssertionError((station, transaction))


@dataclass
class Sockets:
    here: bool = True
    closed: list[str] = field(default_factory=list)

    def is_connected(self, station: StationId) -> bool:
        return self.here and station == STATION

    def hang_up(self, station: StationId, reason: str) -> None:
        self.closed.append(f"{station}: {reason}")


@dataclass
class SlowAuthority:
    """An outside authority that decides when a test lets it.

    Attributes:
        inner: Who signs in the end.
        waits: How often it says "not yet" before.
        fails: What it raises instead, as long as there is something.
    """

    inner: BuiltIn
    waits: int = 0
    fails: list[Exception] = field(default_factory=list)
    orders: list[SigningOrder] = field(default_factory=list)

    @property
    def name(self) -> str:
        return "ca.example.org"

    async def sign(self, order: SigningOrder, now: datetime) -> Signed | NotYet:
        self.orders.append(order)
        if self.fails:
            raise self.fails.pop(0)
        if self.waits:
            self.waits -= 1
            return NotYet("ref-1", 60.0)
        return await self.inner.sign(order, now)


@dataclass
class SecurityBench:
    """Everyone of block A around one station."""

    lobby: Lobby
    station: FakeStation
    sockets: Sockets
    authority: BuiltIn
    identities: Identities
    renewal: Renewal
    upgrades: Upgrades
    signing: Signing
    certifying: Certifying
    outside: SlowAuthority
    url: str = ""

    async def column(self, question: str) -> list[str]:
        """Return the first column of what PostgreSQL answers."""
        connection = await connect_raw(self.url)
        try:
            return [str(row[0]) for row in await connection.fetch(question)]
        finally:
            await connection.close()

    async def enters(self, profile: SecurityProfile, certificate: bytes = b"") -> None:
        """Have the station come in, and everybody told of it."""
        chain = (certificate,) if certificate else ()
        self.identities.entered(STATION, profile, chain)
        await self.identities.flush()


def bench_of(
    lobby: Lobby, folder: Path, url: str = "", *, outside: bool = False
) -> SecurityBench:
    """Return a bench, as a new process would have it."""
    clock, begin, book = lobby.clock, lobby.begin, lobby.book
    station, sockets, reader = FakeStation(), Sockets(), X509Reader()
    remote: Any = station  # it starts and stops nothing
    authority = BuiltIn(folder / "pki", Terms(CSO))
    slow = SlowAuthority(authority)
    signer: SigningAuthority = slow if outside else authority
    identities = Identities(
        clock, begin, book, reader, IdentityPolicy(frozenset({CSO}))
    )
    renewal = Renewal(
        clock, begin, station, station, sockets, RenewalPolicy(organization=CSO)
    )
    desires = Desires(clock, (), Sampling(900, 300, 60, 300))
    rotations = PasswordRotations(
        clock, begin, book, lobby.doorkeeper, lobby.passwords, station, sockets,
        policy=RotationPolicy(), is_busy=lambda _: False,
    )  # fmt: skip
    lobby.doorkeeper.confirming = rotations
    ways = Ways(
        station,
        Aftermath(clock, begin, book, desires),
        remote,
        renewal,
        sockets,
        place=lambda profile: f"wss://csms.example.org:{9000 + profile}/ocpp",
        roots=station.take_roots,
        password=rotations.offer,
    )
    upgrades = Upgrades(clock, begin, book, identities, ways, UpgradePolicy())
    signing = Signing(
        clock, begin, book, reader, signer, station, sockets, SigningPolicy(CSO)
    )
    certifying = Certifying(
        clock, begin, book, reader, signer, authority, identities, sockets,
        ServerTerms(own=False),
    )  # fmt: skip
    identities.listen(upgrades.entered)
    identities.listen(renewal.entered)
    return SecurityBench(
        lobby, station, sockets, authority, identities, renewal, upgrades, signing,
        certifying, slow, url,
    )  # fmt: skip


def silence() -> NoAnswer:
    """Return what is raised when a station is lost."""
    return NoAnswer(STATION, Silence.UNREACHABLE)
