"""What more than one block converts: tokens, places, reasons."""

from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from csms.blocks.translating import component_of, field_errors, info_of, token_from
from csms.domain.station import VariableKey
from csms.domain.token import IdToken, Judgement, Verdict
from csms.ocpp.messages.authorization import AuthorizeRequest
from csms.ocpp.messages.common import Component
from csms.ocpp.messages.common import IdToken as WireToken

FAMILY = IdToken("family", "Central")
GUEST = Judgement(
    Verdict.ACCEPTED,
    group=FAMILY,
    evses=(1, 2),
    until=datetime(2026, 7, 15, tzinfo=UTC),
    priority=-3,
    languages=("de", "en", "fr"),
    message="Guten Tag",
)


def test_everything_that_is_known_of_a_token_is_said() -> None:
    assert info_of(GUEST).write() == {
        "status": "Accepted",
        "cacheExpiryDateTime": "2026-07-15T00:00:00Z",
        "chargingPriority": -3,
        "groupIdToken": {"idToken": "family", "type": "Central"},
        "language1": "de",
        "language2": "en",
        "evseId": [1, 2],
        "personalMessage": {
            "format": "UTF8",
            "content": "Guten Tag",
            "language": "de",
        },
    }


def test_what_is_not_known_is_left_out() -> None:
    one = Judgement(Verdict.BLOCKED, languages=("de",))

    assert info_of(one).write() == {"status": "Blocked", "language1": "de"}
    assert info_of(Judgement(Verdict.ACCEPTED)).write() == {"status": "Accepted"}


def test_a_token_may_say_more_of_who_holds_it() -> None:
    more = {"additionalIdToken": "x", "type": "contract"}
    said = WireToken.read({"idToken": "A", "type": "eMAID", "additionalInfo": [more]})

    assert token_from(said) == IdToken("A", "eMAID", (("contract", "x"),))


@pytest.mark.parametrize(
    ("key", "said"),
    [
        (VariableKey("A", "V"), {"name": "A"}),
        (
            VariableKey("A", "V", component_instance="x", evse=1, connector=2),
            {"name": "A", "instance": "x", "evse": {"id": 1, "connectorId": 2}},
        ),
    ],
)
def test_a_component_is_named_by_all_of_its_name(
    key: VariableKey, said: dict[str, object]
) -> None:
    assert component_of(key).write() == said
    assert Component.read(said) == component_of(key)


def test_each_field_that_breaks_a_rule_is_named_once() -> None:
    with pytest.raises(ValidationError) as wrong:
        AuthorizeRequest.model_validate(
            {"idToken": {"idToken": "A"}, "iso15118CertificateHashData": []}
        )

    errors = field_errors(wrong.value)
    assert [each.path for each in errors] == [
        "idToken.type",
        "iso15118CertificateHashData",
    ]
