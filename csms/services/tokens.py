"""Whether an id token may charge."""

from dataclasses import dataclass

from csms.domain.token import NO_AUTHORIZATION, IdToken, Verdict


@dataclass(frozen=True, slots=True)
class Tokens:
    """Judges id tokens by one policy: there is no list of them yet.

    Attributes:
        authorize_unknown: Whether a token that nobody knows may charge. It never
            allows discharge: that hangs on enrollment, notice and consent.
    """

    authorize_unknown: bool = True

    def verdict(self, token: IdToken) -> Verdict:
        """Return whether the token may charge (C01, C02)."""
        if self.authorize_unknown or token.type == NO_AUTHORIZATION:
            return Verdict.ACCEPTED
        return Verdict.UNKNOWN
