"""Block C: who may charge."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

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
_MODES = {each.value: each for each in EnergyTransferMode}

Note = Callable[[StationId, DeviationSeen], None]
"""Counts a departure from the standard."""

TariffOf = Callable[[StationId, IdToken], Tariff | None]
"""Returns what charging costs whoever holds a token; None where nobody says (2.1)."""


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


def unnoted(station: StationId, seen: DeviationSeen) -> None:
    """Count nothing."""
    del station, seen


def no_tariff(station: StationId, token: IdToken) -> Tariff | None:
    """Return no tariff."""
    del station, token
    return None


@dataclass(frozen=True, slots=True)
class Authorization:
    """Answers who may charge.

    Attributes:
        tokens: Judges id tokens.
        contracts: Judges the contract certificates of vehicles.
        tariff_of: Tells what charging costs (2.1).
        note: Counts requests that identify nobody.
    """

    tokens: Tokens
    contracts: ContractCheck
    tariff_of: TariffOf = no_tariff
    note: Note = unnoted

    def routes(self) -> Iterator[Route]:
        """Name every action this block answers."""
        yield route(AUTHORIZE, self.authorize)

    async def authorize(
        self, station: StationId, request: AuthorizeRequest
    ) -> AuthorizeResponse:
        """Answer whether a token may charge (C01, C07), and how (Q01.FR.01).

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
        modes = self.tokens.transfers(station, token) if told.accepted else None
        return AuthorizeResponse(
            id_token_info=info_of(told),
            certificate_status=certificate,
            allowed_energy_transfer=_words(modes) or None,
            tariff=self.tariff_of(station, token) if told.accepted else None,
        )


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
