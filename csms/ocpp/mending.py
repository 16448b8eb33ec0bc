"""How one wrong value in a payload is made right, if that does no harm.

Each mend returns what kind of deviation it was and the value to read instead, or
raises ``Hopeless``. None of them knows where the value stands; each relies on what its
type of error already says about the value.
"""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import cast

from csms.ocpp.wire import Word

_JSON_NUMBER = re.compile(r"[+-]?\d{1,30}(\.\d{1,30})?([eE][+-]?\d{1,3})?", re.ASCII)
_DATE_LENGTH = len("2026-07-14")
INTEGER_BITS = 64
"""Integers beyond these bits are not turned into text."""


class Hopeless(Exception):
    """No harmless mend is known for the value."""


@dataclass(frozen=True, slots=True)
class Flaw:
    """A wrong value, and what was expected in its place.

    Attributes:
        value: What the peer sent.
        identity: Whether it tells things apart, so that it must not be altered.
        words: The enumeration expected, if one is.
        limit: Most characters allowed, if that is what it breaks.
        whole: Whether a whole number is expected.
    """

    value: object
    identity: bool = False
    words: type[Word] | None = None
    limit: int | None = None
    whole: bool = False


Mended = tuple[str, object]
Mend = Callable[[Flaw], Mended]


def cut(flaw: Flaw) -> Mended:
    """Shorten a text; an identity would become another one's."""
    if flaw.identity:
        raise Hopeless
    return "too-long", cast("str", flaw.value)[: flaw.limit]


def without_nul(flaw: Flaw) -> Mended:
    """Take NUL characters out of a text."""
    return "nul-character", cast("str", flaw.value).replace("\0", "")


def well_formed(flaw: Flaw) -> Mended:
    """Replace the halves of surrogate pairs in a text."""
    if flaw.identity:
        raise Hopeless
    return "broken-text", cast("str", flaw.value).encode(errors="replace").decode()


def as_text(flaw: Flaw) -> Mended:
    """Read a number or a truth value that was sent bare as the text meant."""
    match flaw.value:
        case bool():
            return "text-as-boolean", "true" if flaw.value else "false"
        case int() if flaw.value.bit_length() <= INTEGER_BITS:
            return "text-as-number", str(flaw.value)
        case float() if math.isfinite(flaw.value):
            return "text-as-number", repr(flaw.value)
        case _:
            raise Hopeless


def as_number(flaw: Flaw) -> Mended:
    """Read a number sent as text; round it where a whole one is expected."""
    match flaw.value:
        case str() as said if _JSON_NUMBER.fullmatch(said.strip()):
            number = float(said) if re.search("[.eE]", said) else int(said)
            kind = "number-as-text"
        case float() as number if flaw.whole:
            kind = "fractional"
        case _:
            raise Hopeless
    if isinstance(number, float):
        number = _whole(number, flaw) if flaw.whole else _finite(number)
    return kind, number


def _finite(number: float) -> float:
    if not math.isfinite(number):
        raise Hopeless
    return number


def _whole(number: float, flaw: Flaw) -> int:
    if flaw.identity and not _finite(number).is_integer():
        raise Hopeless
    return round(_finite(number))


def as_boolean(flaw: Flaw) -> Mended:
    """Read a truth value sent as text or as 0 or 1."""
    said = flaw.value.strip().lower() if isinstance(flaw.value, str) else flaw.value
    if isinstance(said, (str, int)) and said in _TRUTH:
        return "boolean-as-text", _TRUTH[said]
    raise Hopeless


_TRUTH: Mapping[str | int, bool] = MappingProxyType(
    {"true": True, "false": False, "1": True, "0": False, 1: True, 0: False}
)


def respelled(flaw: Flaw) -> Mended:
    """Read a word of the enumeration in another spelling."""
    if flaw.words is None or not isinstance(flaw.value, str):
        raise Hopeless
    said = flaw.value.strip().casefold()
    for word in flaw.words:
        if word.value.casefold() == said:
            return "word-spelling", word.value
    raise Hopeless


def in_a_list(flaw: Flaw) -> Mended:
    """Read one entry where a list of them is expected."""
    return "one-for-list", [flaw.value]


def out_of_a_list(flaw: Flaw) -> Mended:
    """Read a list of one entry, or of none, where an object is expected."""
    match flaw.value:
        case [dict() as only]:
            return "list-for-one", only
        case []:
            return "list-for-one", {}
        case _:
            raise Hopeless


def as_instant(flaw: Flaw) -> Mended:
    """Read an instant that is not written as RFC 3339 says; UTC if no zone is said."""
    said = cast("str", flaw.value).strip().upper().replace(",", ".")
    try:
        instant = datetime.fromisoformat(re.sub(r"(:\d\d):60", r"\1:59", said))
        naive = instant.tzinfo is None
        if naive and len(said) <= _DATE_LENGTH:
            raise Hopeless
        instant = instant.replace(tzinfo=UTC) if naive else instant.astimezone(UTC)
    except (ValueError, OverflowError):
        raise Hopeless from None
    return "no-zone" if naive else "timestamp-format", instant.isoformat()


MENDS: Mapping[str, Mend] = MappingProxyType(
    {
        "string_too_long": cut,
        "string_pattern_mismatch": without_nul,
        "string_unicode": well_formed,
        "string_type": as_text,
        "int_type": as_number,
        "int_parsing_size": as_number,
        "float_type": as_number,
        "bool_type": as_boolean,
        "enum": respelled,
        "tuple_type": in_a_list,
        "model_type": out_of_a_list,
        "instant_format": as_instant,
    }
)
"""The mend for each type of validation error that has one."""
