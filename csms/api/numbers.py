"""Numbers in addresses: one that cannot be is simply not there."""

from csms.domain.errors import NotFound

MOST = 2**31 - 1


def number_in(text: str, missing: type[NotFound]) -> int:
    """Return the number that a part of an address names.

    Raises:
        missing: If it is none, or larger than any that is given out.
    """
    if text.isascii() and text.isdecimal() and len(text) <= len(str(MOST)):
        number = int(text)
        if number <= MOST:
            return number
    raise missing(f"there is none of the number {text[:20]}")
