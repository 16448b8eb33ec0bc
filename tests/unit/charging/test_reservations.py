"""Whether there is room for one more reservation."""

from datetime import UTC, datetime
from itertools import permutations

from hypothesis import given, settings
from hypothesis import strategies as st

from csms.charging.reservations import Need, reserved_from, room
from csms.domain.ids import StationId
from csms.domain.reservation import Reservation, ReservationState
from csms.domain.token import IdToken

NOW = datetime(2026, 7, 14, 12, tzinfo=UTC)
TOKEN = IdToken("a", "ISO14443")
GROUP = IdToken("Family", "Central")
EVSES = {1: frozenset({"cCCS1"}), 2: frozenset({"cType1"})}


def held(number: int, need: Need, group: IdToken | None = None) -> Reservation:
    return Reservation(
        number,
        StationId("S"),
        TOKEN,
        NOW,
        *need,
        group,
        ReservationState.HELD,
        NOW,
        NOW,
    )


needs = st.tuples(
    st.one_of(st.none(), st.integers(1, 3)),
    st.one_of(st.none(), st.sampled_from(["cCCS1", "cType1"])),
)
stations = st.dictionaries(
    st.integers(1, 3),
    st.frozensets(st.sampled_from(["cCCS1", "cType1"])),
    min_size=1,
)


@settings(max_examples=50)
@given(st.lists(needs, max_size=3), needs, stations)
def test_there_is_room_when_everybody_can_have_an_evse_of_their_own(
    open_ones: list[Need], need: Need, evses: dict[int, frozenset[str]]
) -> None:
    reservations = [held(n, each) for n, each in enumerate(open_ones)]
    every = [*open_ones, need]
    possible = any(
        all(
            wanted in (None, evse) and (kind is None or kind in evses[evse])
            for (wanted, kind), evse in zip(every, order, strict=True)
        )
        for order in permutations(evses, len(every))
    )

    assert bool(room(reservations, need, evses)) == possible


def test_one_that_takes_any_evse_makes_way_for_one_that_needs_a_certain_one() -> None:
    anywhere, fast = held(1, (None, None)), held(2, (None, "cCCS1"))
    three = {**EVSES, 3: frozenset({"cCCS1"})}

    assert room([anywhere], (1, None), EVSES)
    assert room([anywhere, fast], (1, None), three)
    assert not room([anywhere, fast], (1, None), EVSES)


def test_the_reason_names_what_stands_against_it() -> None:
    one, any_ = held(7, (1, None)), held(8, (None, None))

    assert room([one], (1, None), EVSES).against == (7,)
    assert room([one, any_], (None, "cType1"), EVSES).against == (7, 8)
    assert "no EVSE 3" in room([], (3, None), EVSES).reason
    assert "sType2" in room([], (None, "sType2"), EVSES).reason


def test_a_reservation_serves_its_token_and_its_group_at_its_evse() -> None:
    """H03.FR.01 to H03.FR.06."""
    other = IdToken("b", "ISO14443")
    at_one = held(1, (1, None), GROUP)

    assert at_one.serves(IdToken("A", "ISO14443"), None, 1)
    assert at_one.serves(TOKEN, None, None)
    assert not at_one.serves(TOKEN, None, 2)
    assert at_one.serves(other, IdToken("FAMILY", "Central"), 1)
    assert not at_one.serves(other, None, 1)
    assert not held(1, (None, None)).serves(other, GROUP, 1)


OTHER = IdToken("b", "ISO14443")
free_evses = st.dictionaries(
    st.integers(1, 3), st.just(frozenset({"cCCS1"})), min_size=1
)


@settings(max_examples=50)
@given(st.lists(needs, max_size=3), free_evses, st.integers(1, 3))
def test_a_start_leaves_everybody_as_much_as_before(
    open_ones: list[Need], free: dict[int, frozenset[str]], evse: int
) -> None:
    held_ones = [held(n, each) for n, each in enumerate(open_ones, 1)]

    against = reserved_from(held_ones, OTHER, None, evse, free)

    left = {number: kinds for number, kinds in free.items() if number != evse}
    if not against:
        assert most_served(open_ones, left) == most_served(open_ones, free)
    assert not reserved_from(held_ones, TOKEN, None, evse, free)


def test_whoever_it_is_kept_for_may_start() -> None:
    free = {1: frozenset({"cCCS1"}), 2: frozenset({"cCCS1"})}
    certain = held(7, (1, None), GROUP)

    assert reserved_from([certain], OTHER, None, 1, free) == (7,)
    assert reserved_from([certain], OTHER, None, 2, free) == ()
    assert reserved_from([certain], OTHER, IdToken("FAMILY", "Central"), 1, free) == ()
    assert reserved_from([certain], TOKEN, None, 1, free) == ()
    assert reserved_from([certain], OTHER, None, None, free) == ()
    assert reserved_from([certain], OTHER, None, None, {1: free[1]}) == (7,)


def test_one_of_any_evse_keeps_the_last_that_is_left() -> None:
    free = {1: frozenset({"cCCS1"}), 2: frozenset({"cCCS1"})}
    loose = held(8, (None, None))

    assert reserved_from([loose], OTHER, None, 1, free) == ()
    assert reserved_from([loose], OTHER, None, 1, {1: free[1]}) == (8,)
    assert reserved_from([loose], OTHER, None, None, {1: free[1]}) == (8,)


def most_served(open_ones: list[Need], free: dict[int, frozenset[str]]) -> int:
    """Return how many needs can have an EVSE each, by trying every order."""
    best = 0
    for order in permutations(open_ones):
        for places in permutations(free, min(len(order), len(free))):
            best = max(
                best,
                sum(
                    evse in (None, place) and (kind is None or kind in free[place])
                    for (evse, kind), place in zip(order, places, strict=False)
                ),
            )
    return best
