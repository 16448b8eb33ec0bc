"""Reads what real stations send: strictly first, then with every harmless mend.

What does no harm is mended and recorded; what would corrupt money or safety is
refused with the error code that the specification names (Part 4, 4.3). Nothing but
``CallRefused`` leaves this module, whatever JSON goes in.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar, cast

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from csms.ocpp.codes import CallRefused, RpcErrorCode
from csms.ocpp.judging import (
    EMPTYABLE,
    FALLBACKS,
    FILLS,
    TIMES,
    Place,
    error_code,
    expendable,
    places,
)
from csms.ocpp.mending import INTEGER_BITS, MENDS, Flaw, Hopeless, Mended
from csms.ocpp.messages.metering import MeterValue, MeterValuesRequest, SampledValue
from csms.ocpp.messages.transactions import TransactionEventRequest
from csms.ocpp.reshaping import reshaped
from csms.ocpp.wire import A, Action, Loc, Q, Unconfirmed, Wire

ROUNDS = 12
"""How often a payload is mended and read again; each round goes a level deeper."""

MOST_ERRORS = 4096
"""A payload with more errors than this in one reading is not worth mending."""

MOST_DEVIATIONS = 32
"""How many deviations of one message are told apart."""

MOST_MULTIPLIER = 9
MOST_READING = 1e12
_SHOWN = 60
_SURROGATE = re.compile("[\ud800-\udfff]")

M = TypeVar("M", bound=Wire)


@dataclass(frozen=True, slots=True)
class Deviation:
    """One way in which a message departs from the standard.

    Attributes:
        kind: A stable word for counting, such as ``extra-property``.
        path: Where it is, such as ``meterValue[0].timestamp``.
        detail: What was sent, and what became of it.
    """

    kind: str
    path: str
    detail: str


def read_tolerantly(
    action: Action[Q, Any] | Unconfirmed[Q],
    payload: object,
    *,
    now: datetime | None = None,
) -> tuple[Q, tuple[Deviation, ...]]:
    """Read the payload of a CALL or a SEND.

    Args:
        action: The action that is called or told.
        payload: Any JSON value.
        now: Business time, put in where a report without weight for money lacks a
            readable instant; without it such a report is refused.

    Returns:
        The request, and how it departs from the standard.

    Raises:
        CallRefused: If it cannot be read without harm.
    """
    return _read(action.request, payload, now)


def read_answer_tolerantly(
    action: Action[Q, A], payload: object
) -> tuple[A, tuple[Deviation, ...]]:
    """Read the payload of a CALLRESULT, like ``read_tolerantly``.

    Raises:
        CallRefused: If it cannot be read without harm.
    """
    return _read(action.response, payload, None)


def _read(
    model: type[M], payload: object, now: datetime | None
) -> tuple[M, tuple[Deviation, ...]]:
    try:
        message = model.read_whole(payload)
    except ValidationError:
        return _Repair(model, now).run(payload)
    if model in _METERED:
        return _plausible(message)
    return message, ()


@dataclass(slots=True)
class _Repair:
    """The mending of one payload.

    Attributes:
        model: What it should be.
        now: Business time, if it may be put in.
        found: The deviations so far, by kind and path without list positions.
    """

    model: type[Wire]
    now: datetime | None
    found: dict[tuple[str, str], Deviation] = field(default_factory=dict)

    def run(self, payload: object) -> tuple[Any, tuple[Deviation, ...]]:
        """Mend and read until it can be read, or cannot be mended."""
        body = self._open(payload)
        for _ in range(ROUNDS):
            emptied = self._emptied(body)
            try:
                message = self.model.read_whole(emptied or body)
            except ValidationError as error:
                self._mend(body, error)
                continue
            if emptied:
                message = message.model_copy(update={EMPTYABLE[self.model][0]: ()})
            message, more = _plausible(message)
            return message, (*self.found.values(), *more)
        raise CallRefused(
            RpcErrorCode.FORMAT_VIOLATION, "payload: departs too far from the schema"
        )

    def _open(self, payload: object) -> dict[str, Any]:
        if payload is None or payload == []:
            self._note("payload-shape", (), "no object")
            return {}
        if not isinstance(payload, Mapping):
            raise CallRefused(
                RpcErrorCode.FORMAT_VIOLATION, "payload: should be an object"
            )
        body, lost = _copied(dict(payload))
        if lost:
            self._note("broken-text", (), "a property without a proper name left out")
        shape = reshaped(self.model, body)
        if shape is None:
            return cast("dict[str, Any]", body)
        self._note("shape-of-1.6", (), "read as the message of today")
        return shape

    def _emptied(self, body: dict[str, Any]) -> dict[str, Any] | None:
        """Return a stand-in that can be read, if nothing is left in a needed list."""
        rule = EMPTYABLE.get(self.model)
        if rule is None or body.get(rule[1]) != []:
            return None
        self._note("empty-list", (rule[1],), "nothing in it")
        return {**body, rule[1]: rule[2]}

    def _mend(self, body: dict[str, Any], error: ValidationError) -> None:
        if error.error_count() > MOST_ERRORS:
            raise CallRefused(
                RpcErrorCode.FORMAT_VIOLATION, "payload: too many deviations"
            )
        drops: set[Loc] = set()
        for flaw in error.errors(include_url=False):
            if flaw["type"] == "too_short" and flaw["input"]:
                continue  # only because of its entries, which have flaws of their own
            where = places(self.model, flaw["loc"])
            try:
                kind, value = self._mended(flaw, where[0])
            except Hopeless:
                drops.add(self._dropped(flaw, where))
            else:
                self._note(kind, flaw["loc"], _shown(flaw))
                _put(body, flaw["loc"], value)
        for loc in sorted(drops, reverse=True, key=_order):
            _drop(body, loc)

    def _mended(self, flaw: ErrorDetails, place: Place) -> Mended:
        if flaw["type"] in {"extra_forbidden", "null", "custom_data"}:
            raise Hopeless
        mend = MENDS.get(flaw["type"])
        if mend is not None:
            try:
                return mend(
                    Flaw(
                        value=flaw["input"],
                        identity=place.identity,
                        words=place.words,
                        limit=flaw.get("ctx", {}).get("max_length"),
                        whole=flaw["type"] != "float_type",
                    )
                )
            except Hopeless:
                pass
        return self._filled(flaw, place)

    def _filled(self, flaw: ErrorDetails, place: Place) -> Mended:
        """Return what stands in for a value that is missing or cannot be mended."""
        key = (place.owner, place.field)
        if not place.entry and flaw["type"] == "missing" and key in FILLS:
            return "missing", FILLS[key]
        if not place.entry and flaw["type"] == "enum" and key in FALLBACKS:
            words = FALLBACKS[key]
            word = words.get(flaw["input"]) if isinstance(flaw["input"], str) else None
            if word or "" in words:
                return "unknown-word", word or words[""]
        if self.now is not None and key in TIMES:
            return "no-instant", self.now.isoformat()
        raise Hopeless

    def _dropped(self, flaw: ErrorDetails, where: tuple[Place, ...]) -> Loc:
        """Return the smallest part around the flaw that can be done without."""
        if flaw["type"] == "extra_forbidden":
            self._note("extra-property", flaw["loc"], "ignored")
            return where[0].loc
        if flaw["type"] == "null" and not where[0].required:
            self._note("null", flaw["loc"], "taken as absent")
            return where[0].loc
        for place in where:
            if expendable(place):
                lost = (
                    "left out"
                    if place.loc == flaw["loc"]
                    else f"{_path(place.loc)} left out"
                )
                self._note(_kind(flaw), flaw["loc"], f"{_shown(flaw)}; {lost}")
                return place.loc
        raise CallRefused(
            error_code(flaw),
            f"{_path(flaw['loc'])}: {flaw['msg']}",
            {"field": _path(flaw["loc"])},
        )

    def _note(self, kind: str, loc: Loc, detail: str) -> None:
        key = kind, _path(tuple(step for step in loc if isinstance(step, str)))
        if key not in self.found and len(self.found) < MOST_DEVIATIONS:
            self.found[key] = Deviation(kind, _path(loc), detail)


_METERED = frozenset({TransactionEventRequest, MeterValuesRequest})


def _plausible(message: M) -> tuple[M, tuple[Deviation, ...]]:
    """Leave out readings that no meter gives and no register can hold."""
    if not isinstance(message, TransactionEventRequest | MeterValuesRequest):
        return message, ()
    values = message.meter_value or ()
    if _all_possible(values):
        return message, ()
    kept = tuple(left for value in values if (left := _possible_part(value)))
    odd = Deviation("implausible", "meterValue", "readings beyond any meter left out")
    none = () if isinstance(message, MeterValuesRequest) else None
    return cast("M", message.model_copy(update={"meter_value": kept or none})), (odd,)


def _all_possible(values: Iterable[MeterValue]) -> bool:
    for value in values:
        for sample in value.sampled_value:
            if not _possible(sample):
                return False
    return True


def _possible(sample: SampledValue) -> bool:
    unit = sample.unit_of_measure
    if unit is None or not unit.multiplier:
        return -MOST_READING <= sample.value <= MOST_READING
    exponent = unit.multiplier
    if not -MOST_MULTIPLIER <= exponent <= MOST_MULTIPLIER:
        return False
    return abs(sample.value) * 10.0**exponent <= MOST_READING


def _possible_part(value: MeterValue) -> MeterValue | None:
    kept = tuple(sample for sample in value.sampled_value if _possible(sample))
    return value.model_copy(update={"sampled_value": kept}) if kept else None


def _kind(flaw: ErrorDetails) -> str:
    match flaw["type"]:
        case "enum":
            return "unknown-word"
        case "too_short":
            return "empty-list"
        case "missing":
            return "missing"
        case "instant_format" | "instant_type":
            return "unreadable-instant"
        case _:
            return "unreadable"


def _shown(flaw: ErrorDetails) -> str:
    """Return what was sent, briefly; never the whole of it."""
    value = flaw["input"]
    if flaw["type"] == "missing":
        return "missing"
    if isinstance(value, str):
        return ascii(value[:_SHOWN])
    if isinstance(value, int) and value.bit_length() > INTEGER_BITS:
        return "a huge integer"
    if isinstance(value, int | float) or value is None:
        return repr(value)
    return type(value).__name__


def _path(loc: Loc) -> str:
    """Return the way as people write it; what the peer named, in plain characters."""
    text = "".join(
        f"[{step}]" if isinstance(step, int) else f".{ascii(step[:_SHOWN])[1:-1]}"
        for step in loc
    )
    return text.removeprefix(".") or "payload"


def _order(loc: Loc) -> tuple[tuple[int, str], ...]:
    return tuple((s, "") if isinstance(s, int) else (0, s) for s in loc)


def _copied(root: Any) -> tuple[Any, bool]:  # noqa: ANN401, JSON
    """Return containers of its own, and whether a name in them had to go.

    Without recursion: JSON can be deep. A name with half a surrogate pair is left out,
    for no reader and no store takes it.
    """
    top: list[Any] = [root]
    stack: list[Any] = [top]
    lost = False
    while stack:
        node = stack.pop()
        if isinstance(node, dict):
            for name in [name for name in node if not _well_formed(name)]:
                del node[name]
                lost = True
        for key, entry in node.items() if isinstance(node, dict) else enumerate(node):
            if isinstance(entry, dict | list):
                node[key] = entry.copy()
                stack.append(node[key])
    return top[0], lost


def _well_formed(name: str) -> bool:
    return name.isascii() or not _SURROGATE.search(name)


def _parent(body: Any, loc: Loc) -> Any:  # noqa: ANN401, JSON
    for step in loc[:-1]:
        body = body[step]
    return body


def _put(body: dict[str, Any], loc: Loc, value: object) -> None:
    _parent(body, loc)[loc[-1]] = value


def _drop(body: dict[str, Any], loc: Loc) -> None:
    del _parent(body, loc)[loc[-1]]
