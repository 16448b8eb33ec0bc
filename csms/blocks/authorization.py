"""Block C: who may charge."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from csms.blocks.routing import Route, route
from csms.blocks.translating import token_from
from csms.domain.ids import StationId
from csms.domain.token import IdToken, Verdict
from csms.ocpp.messages.authorization import (
    AUTHORIZE,
    AuthorizeCertificateStatus,
    AuthorizeRequest,
    AuthorizeResponse,
)
from csms.ocpp.messages.common import AuthorizationStatus, IdTokenInfo


class Tokens(Protocol):
    """Whoever judges id tokens."""

    def verdict(self, token: IdToken) -> Verdict:
        """Return whether the token may charge."""
        ...


@dataclass(frozen=True, slots=True)
class Authorization:
    """Answers who may charge.

    Attributes:
        tokens: Judges id tokens.
    """

    tokens: Tokens

    def routes(self) -> Iterator[Route]:
        """Name every action this block answers."""
        yield route(AUTHORIZE, self.authorize)

    async def authorize(
        self, station: StationId, request: AuthorizeRequest
    ) -> AuthorizeResponse:
        """Answer whether a token may charge (C01).

        ``allowedEnergyTransfer`` is left out: what a vehicle may do is decided when it
        tells its needs (Q01.FR.08). A contract certificate is not accepted, because
        nobody here can check one (C07).
        """
        del station
        verdict = self.tokens.verdict(token_from(request.id_token))
        contract = request.certificate or request.iso15118_certificate_hash_data
        return AuthorizeResponse(
            id_token_info=info_of(verdict),
            certificate_status=(
                AuthorizeCertificateStatus.NO_CERTIFICATE_AVAILABLE
                if contract
                else None
            ),
        )


def info_of(verdict: Verdict) -> IdTokenInfo:
    """Write a verdict as ``idTokenInfo``."""
    return IdTokenInfo(status=AuthorizationStatus(verdict.value))
