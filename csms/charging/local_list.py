"""What stands on the list that a station keeps, and the messages that get it there."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from csms.charging.authority import Authority
from csms.charging.tokens import Spot, TokenPolicy, judge
from csms.domain.local_list import HIGHEST_VERSION, ListEntry, ListUpdate
from csms.domain.station import EDITION_201
from csms.domain.token import (
    NO_AUTHORIZATION,
    IdToken,
    Judgement,
    TokenRecord,
    Verdict,
)

SizeOf = Callable[[ListUpdate], int]
"""Returns the bytes of the message that a list update becomes."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a station's list should hold now.

    Attributes:
        entries: What stands on it, by token.
        left_out: How many more there would be if there were room.
        due_at: When this changes by itself.
    """

    entries: tuple[ListEntry, ...]
    left_out: int = 0
    due_at: datetime | None = None


def wanted(
    records: Iterable[TokenRecord], spot: Spot, now: datetime, most: int, edition: str
) -> Wanted:
    """Return what should stand on a station's list (C13, C14, D01).

    A token belongs on it if its record says so, if the station's edition can say it,
    and if it may charge there now or is blocked. Where there is no room for all, the
    blocked ones go last, and who was given a place there goes first.

    Args:
        records: All tokens.
        spot: The station.
        now: The instant for which it holds.
        most: Most entries; 0 is no bound.
        edition: The edition that the station speaks.
    """
    known: dict[str, tuple[tuple[object, ...], ListEntry]] = {}
    due: datetime | None = None
    for record in records:
        if not record.listed or record.token.type == NO_AUTHORIZATION:
            continue
        if edition == EDITION_201 and not _sayable(record):
            continue
        told = judge(record.token, record, spot, now, TokenPolicy())
        due = min(filter(None, (due, _changes(record, now))), default=None)
        if _belongs(record, told, spot, now):
            entry = ListEntry(IdToken(record.token.value, record.token.type), told)
            known[record.token.key] = _rank(record, told.accepted, spot), entry
    ranked = [entry for _, entry in sorted(known.values(), key=lambda each: each[0])]
    kept = ranked[:most] if most else ranked
    return Wanted(
        tuple(sorted(kept, key=lambda each: each.token.key)),
        len(ranked) - len(kept),
        due,
    )


def difference(held: Iterable[ListEntry], entries: Iterable[ListEntry]) -> ListUpdate:
    """Return what makes one list of the other (D01.FR.16, D01.FR.17)."""
    had = {each.token.key: each for each in held}
    want = {each.token.key: each for each in entries}
    return ListUpdate(
        full=False,
        entries=tuple(each for key, each in want.items() if had.get(key) != each),
        gone=tuple(each.token for key, each in had.items() if key not in want),
    )


def applied(held: Sequence[ListEntry], update: ListUpdate) -> tuple[ListEntry, ...]:
    """Return what a list holds after an update."""
    kept = {} if update.full else {each.token.key: each for each in held}
    for token in update.gone:
        kept.pop(token.key, None)
    kept |= {each.token.key: each for each in update.entries}
    return tuple(kept[key] for key in sorted(kept))


def in_parts(
    update: ListUpdate, said: Authority, size_of: SizeOf
) -> Iterator[ListUpdate]:
    """Yield an update in messages that the station can take (D01.FR.11).

    What is taken off goes first, so that there is room. Of a full update only the
    first part replaces the list; the others add to it (D01.FR.03, D01.FR.15).

    Raises:
        ValueError: If one entry alone is larger than the station takes.
    """
    part, first = ListUpdate(update.full), True
    for one in _single(update):
        more = replace(
            part, entries=part.entries + one.entries, gone=part.gone + one.gone
        )
        if len(more) <= said.list_items and _fits(more, said, size_of):
            part = more
            continue
        if not len(part):
            raise ValueError("an entry is larger than a message may be")
        yield part
        first = False
        part = replace(one, full=False)
        if not _fits(part, said, size_of):
            raise ValueError("an entry is larger than a message may be")
    if first or len(part):
        yield part


def next_version(*known: int | None) -> int:
    """Return a version above all that are known (D01.FR.18, D01.FR.19).

    After the highest of all it is 1, which only a full update may take.
    """
    highest = max((each for each in known if each is not None), default=0)
    return 1 if highest >= HIGHEST_VERSION else max(highest, 0) + 1


def _belongs(record: TokenRecord, told: Judgement, spot: Spot, now: datetime) -> bool:
    """Accepted tokens charge without us; blocked ones are refused without us."""
    if told.verdict is not Verdict.BLOCKED:
        return told.accepted
    otherwise = replace(record, blocked=False)
    return judge(record.token, otherwise, spot, now, TokenPolicy()).accepted


def _sayable(record: TokenRecord) -> bool:
    return record.token.is_of_201 and (record.group is None or record.group.is_of_201)


def _changes(record: TokenRecord, now: datetime) -> datetime | None:
    ahead = (
        each for each in (record.valid_from, record.valid_until) if each and each > now
    )
    return min(ahead, default=None)


def _rank(record: TokenRecord, accepted: bool, spot: Spot) -> tuple[object, ...]:  # noqa: FBT001, one of three facts
    placed = any(place.station == spot.station for place in record.places)
    return not accepted, not placed, -(record.priority or 0), record.token.key


def _single(update: ListUpdate) -> Iterator[ListUpdate]:
    for token in update.gone:
        yield ListUpdate(full=False, gone=(token,))
    for entry in update.entries:
        yield ListUpdate(full=False, entries=(entry,))


def _fits(update: ListUpdate, said: Authority, size_of: SizeOf) -> bool:
    return not said.list_bytes or size_of(update) <= said.list_bytes
