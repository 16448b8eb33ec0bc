"""Id tokens as values."""

from csms.domain.token import IdToken


def test_tokens_are_compared_without_regard_to_case() -> None:
    assert IdToken("AbC", "ISO14443").key == IdToken("aBc", "ISO14443").key
    assert IdToken("abc", "ISO14443").key != IdToken("abc", "Central").key
