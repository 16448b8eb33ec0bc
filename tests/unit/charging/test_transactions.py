from dataclasses import replace
from datetime import timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csms.charging.transactions import fold, merge, transaction_of
from csms.domain.ids import TransactionId
from csms.domain.transaction import EventType, TransactionReport
from tests.fakes.clock import DAWN
from tests.fakes.sessions import a_report, a_session

instants = st.integers(0, 100).map(lambda seconds: DAWN + timedelta(seconds=seconds))
words = st.none() | st.sampled_from(["a", "b", "c"])


def reports_of(seq: int) -> st.SearchStrategy[TransactionReport]:
    return st.builds(
        lambda **changes: a_report(seq, **changes),
        at=instants,
        event_type=st.sampled_from(EventType),
        evse=st.none() | st.integers(1, 3),
        charging_state=words,
        stopped_reason=words,
        id_token=words,
        remote_start_id=st.none() | st.integers(0, 9),
    )


histories = st.sets(st.integers(0, 30), min_size=1, max_size=8).flatmap(
    lambda seqs: st.tuples(*(reports_of(seq) for seq in sorted(seqs)))
)


@given(history=histories, data=st.data())
def test_any_order_and_any_repetition_give_the_same_transaction(
    history: tuple[TransactionReport, ...], data: st.DataObject
) -> None:
    repeated = data.draw(st.lists(st.sampled_from(history), max_size=8))
    arrived = data.draw(st.permutations([*history, *repeated]))

    assert fold(arrived) == fold(history)


@given(one=reports_of(1), two=reports_of(2), three=reports_of(3))
def test_merging_is_associative_commutative_and_idempotent(
    one: TransactionReport, two: TransactionReport, three: TransactionReport
) -> None:
    a, b, c = transaction_of(one), transaction_of(two), transaction_of(three)

    assert merge(a, merge(b, c)) == merge(merge(a, b), c)
    assert merge(a, b) == merge(b, a)
    assert merge(a, a) == a


def test_a_session_is_told_whole() -> None:
    session = a_session(minutes=20)

    told = fold(session)

    assert (told.evse, told.started_at) == (1, DAWN)
    assert told.ended_at == DAWN + timedelta(minutes=20)
    assert told.id_token == (0, "driver-1")
    assert told.charging_state == (10, "Charging")
    assert (told.last_seq, told.missing, told.is_ongoing) == (10, 0, False)


def test_gaps_are_seen_but_do_not_matter() -> None:
    session = [one for one in a_session(minutes=20) if one.seq_no % 2 == 0]

    assert fold(session).missing == 5


def test_a_missing_start_makes_a_provisional_transaction() -> None:
    session = a_session(minutes=20)[1:]

    told = fold(session)

    assert told.is_provisional
    assert told.evse is None


def test_an_end_before_the_others_still_ends_it() -> None:
    for arrived in permutations(a_session(minutes=6)):
        assert not fold(arrived).is_ongoing


def test_giving_up_on_an_end_is_kept_by_later_reports() -> None:
    presumed = replace(transaction_of(a_report(1)), presumed_ended=True)

    assert not merge(transaction_of(a_report(2)), presumed).is_ongoing


def test_two_transactions_are_never_merged() -> None:
    other = a_report(1, transaction=TransactionId("other"))

    with pytest.raises(ValueError, match="same transaction"):
        merge(transaction_of(a_report(1)), transaction_of(other))
