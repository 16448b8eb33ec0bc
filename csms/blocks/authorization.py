"""Block C: who may charge."""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from csms.blocks.routing import Route, route
from csms.blocks.translating import info_of, token_from
from csms.domain.certificate import CertificateHash, ContractStatus, Digest
from csms.domain.ids import StationId
from csms.domain.token import NO_AUTHORIZATION, IdToken, Judgement
from csms.ocpp.messages.authorization import (
    AUTHORIZE,
    AuthorizeCertificateStatus,
    AuthorizeRequest,
    AuthorizeResponse,
    OCSPRequestData,
)
from csms.ocpp.messages.common import EnergyTransferMode
from csms.ocpp.messages.tariffs import Tariff
from csms.services.ports.pki import ContractCheck, ContractProof, HashedCertificate
from csms.services.ports.wire import DeviationSeen

_NOBODY = DeviationSeen(
    "empty-token", "Authorize.idToken.idToken", "empty, of a type that identifies"
)
LONGEST_TEXT = 512
"""Most characters of a message in 2.0.1."""

_MODES = {each.value: each for each in EnergyTransferMode}

Note = Callable[[StationId, DeviationSeen], None]
"""Counts a departure from the standard."""


class Telling(Protocol):
    """What goes with the permission to charge (``services.tariff_telling.Told``)."""

    @property
    def tariff(self) -> Mapping[str, Any] | None:
        """Return the driver's own tariff, in the words of the wire."""
        ...

    @property
    def text(self) -> str:
        """Return what the station shows of the tariff that holds there."""
        ...


TariffOf = Callable[[StationId, Judgement], Awaitable[Telling | None]]
"""Returns what whoever was judged so is told of what charging costs; None where nobody
says."""


class Tokens(Protocol):
    """Whoever judges id tokens."""

    def judge(
        self,
        station: StationId,
        token: IdToken,
        evse: int | None = None,
        *,
        starting: bool = False,
    ) -> Judgement:
        """Return what a station is told of a token."""
        ...

    def transfers(self, station: StationId, token: IdToken) -> tuple[str, ...] | None:
        """Return the energy transfers to offer; None where that cannot be told."""
        ...

    def contract(
        self, told: Judgement, status: ContractStatus
    ) -> tuple[Judgement, ContractStatus]:
        """Return what is told of a token that comes with a contract."""
        ...


@dataclass(frozen=True, slots=True)
class NobodyChecks:
    """The port ``ContractCheck`` of a system without roots: nothing can be verified."""

    async def judge(self, station: StationId, proof: ContractProof) -> ContractStatus:
        """Return that no chain leads anywhere (C07.FR.17)."""
        del station
        return (
            ContractStatus.CERT_CHAIN_ERROR
            if proof.shown
            else ContractStatus.NO_CERTIFICATE_AVAILABLE
        )


Refused = Callable[[StationId, IdToken, Judgement, int | None], None]
"""Takes note of what a station was told of a token, and at which EVSE."""


def unnoted(station: StationId, seen: DeviationSeen) -> None:
    """Count nothing."""
    del station, seen


def untold(
    station: StationId, token: IdToken, told: Judgement, evse: int | None
) -> None:
    """Take no note."""
    del station, token, told, evse


async def no_tariff(station: StationId, told: Judgement) -> Telling | None:
    """Return nothing."""
    del station, told
    return None


@dataclass(frozen=True, slots=True)
class Authorization:
    """Answers who may charge.

    Attributes:
        tokens: Judges id tokens.
        contracts: Judges the contract certificates of vehicles.
        tariff_of: Tells what charging costs.
        note: Counts requests that identify nobody.
        refused: Takes note of who may not charge.
    """

    tokens: Tokens
    contracts: ContractCheck
    tariff_of: TariffOf = no_tariff
    note: Note = unnoted
    refused: Refused = untold

    def routes(self) -> Iterator[Route]:
        """Name every action this block answers."""
        yield route(AUTHORIZE, self.authorize)

    async def authorize(
        self, station: StationId, request: AuthorizeRequest
    ) -> AuthorizeResponse:
        """Answer whether a token may charge (C01, C07), and how (Q01.FR.01, I01, I08).

        What only 2.1 knows is left out of the answer to a 2.0.1 station later on.
        """
        token = token_from(request.id_token)
        if not token.value and token.type != NO_AUTHORIZATION:
            self.note(station, _NOBODY)
        told = self.tokens.judge(station, token)
        certificate: AuthorizeCertificateStatus | None = None
        if (proof := _proof(request)).shown:
            status = await self.contracts.judge(station, proof)
            told, status = self.tokens.contract(told, status)
            certificate = AuthorizeCertificateStatus(status.value)
        self.refused(station, token, told, None)
        price = await self.tariff_of(station, told) if told.accepted else None
        if price is not None and price.text:
            told = replace(told, message=_joined(told.message, price.text))
        modes = self.tokens.transfers(station, token) if told.accepted else None
        return AuthorizeResponse(
            id_token_info=info_of(told),
            certificate_status=certificate,
            allowed_energy_transfer=_words(modes) or None,
            tariff=None if price is None else _tariff(price.tariff),
        )


def _joined(message: str, price: str) -> str:
    """Return both if there is room for them; the operator's own word comes first."""
    both = f"{message}\n{price}" if message else price
    return both if len(both) <= LONGEST_TEXT else message


def _tariff(document: Mapping[str, Any] | None) -> Tariff | None:
    return None if document is None else Tariff.read_whole(dict(document))


def _words(modes: tuple[str, ...] | None) -> tuple[EnergyTransferMode, ...]:
    return tuple(_MODES[each] for each in modes or () if each in _MODES)


def _proof(request: AuthorizeRequest) -> ContractProof:
    return ContractProof(
        request.certificate,
        tuple(_hashed(each) for each in request.iso15118_certificate_hash_data or ()),
    )


def _hashed(said: OCSPRequestData) -> HashedCertificate:
    return HashedCertificate(
        CertificateHash(
            Digest(said.hash_algorithm.value),
            said.issuer_name_hash,
            said.issuer_key_hash,
            said.serial_number,
        ),
        said.responder_url,
    )
