"""Who may charge."""

from csms.domain.token import NO_AUTHORIZATION, IdToken, Verdict
from csms.services.tokens import Tokens


def test_the_policy_decides_about_unknown_tokens() -> None:
    token = IdToken("abc", "ISO14443")

    assert Tokens().verdict(token) is Verdict.ACCEPTED
    assert Tokens(authorize_unknown=False).verdict(token) is Verdict.UNKNOWN


def test_a_start_button_needs_no_token() -> None:
    """C02."""
    token = IdToken("", NO_AUTHORIZATION)

    assert Tokens(authorize_unknown=False).verdict(token) is Verdict.ACCEPTED
