"""Fold reports into a transaction: repeated, late and offline ones included.

Transactions form a join-semilattice: `merge` is commutative, associative and
idempotent, so the same reports give the same transaction in whatever order and
however often they arrive. The upsert in ``csms.db.ingest`` does the same in SQL.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from functools import reduce
from typing import TypeVar

from csms.domain.transaction import EventType, Transaction, TransactionReport

T = TypeVar("T", datetime, int, str, tuple[int, str])


def transaction_of(report: TransactionReport) -> Transaction:
    """Return what one report alone says about its transaction."""
    seq, at = report.seq_no, report.at
    return Transaction(
        station=report.station,
        id=report.transaction,
        seqs=frozenset((seq,)),
        first_at=at,
        last_at=at,
        evse=report.evse,
        started_at=at if report.event_type == EventType.STARTED else None,
        ended_at=at if report.event_type == EventType.ENDED else None,
        stopped_reason=report.stopped_reason,
        id_token=(seq, report.id_token) if report.id_token is not None else None,
        charging_state=(seq, report.charging_state) if report.charging_state else None,
        remote_start_id=report.remote_start_id,
    )


def merge(one: Transaction, other: Transaction) -> Transaction:
    """Return everything that either knows of the same transaction.

    Where both know, times widen, the token is the first said and the state the last
    said, by sequence number; what a station should say only once is the least.

    Raises:
        ValueError: If they are not the same transaction.
    """
    if (one.station, one.id) != (other.station, other.id):
        raise ValueError("only the same transaction can be merged")
    return Transaction(
        station=one.station,
        id=one.id,
        seqs=one.seqs | other.seqs,
        first_at=min(one.first_at, other.first_at),
        last_at=max(one.last_at, other.last_at),
        evse=_joined(min, one.evse, other.evse),
        started_at=_joined(min, one.started_at, other.started_at),
        ended_at=_joined(max, one.ended_at, other.ended_at),
        stopped_reason=_joined(min, one.stopped_reason, other.stopped_reason),
        id_token=_joined(min, one.id_token, other.id_token),
        charging_state=_joined(max, one.charging_state, other.charging_state),
        remote_start_id=_joined(min, one.remote_start_id, other.remote_start_id),
        presumed_ended=one.presumed_ended or other.presumed_ended,
    )


def fold(reports: Iterable[TransactionReport]) -> Transaction:
    """Return the transaction that the reports tell of.

    Raises:
        TypeError: If there are none.
        ValueError: If they tell of more than one transaction.
    """
    return reduce(merge, map(transaction_of, reports))


def _joined(choose: Callable[[T, T], T], one: T | None, other: T | None) -> T | None:
    if one is None or other is None:
        return other if one is None else one
    return choose(one, other)
