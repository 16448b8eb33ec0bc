"""Which energy transfers a vehicle is offered."""

from hypothesis import given
from hypothesis import strategies as st

from csms.charging.authority import Authority
from csms.charging.capability import Capability, V2x
from csms.charging.transfer import Leave, change, feeds_back, leave, offered

MODES = frozenset({"AC_single_phase", "AC_BPT", "DC", "DC_BPT"})


def station(*evses: V2x, iso15118: bool = True) -> Capability:
    return Capability(v2x=evses, authority=Authority(iso15118=iso15118))


def v2x(evse: int, modes: frozenset[str] = MODES, *, enabled: bool = True) -> V2x:
    return V2x(evse, enabled, frozenset(), modes)


def test_what_feeds_back_is_offered_where_everything_allows_it() -> None:
    """Q01.FR.01."""
    both = station(v2x(1), v2x(2))

    assert offered(both, {1: True, 2: True}, allowed=True) == tuple(sorted(MODES))
    for evses, allowed in (({1: True, 2: False}, True), ({1: True, 2: True}, False)):
        assert offered(both, evses, allowed=allowed) == ("AC_single_phase", "DC")


def test_an_evse_that_cannot_feed_back_anyway_stands_against_nothing() -> None:
    mixed = station(v2x(1), v2x(2, frozenset({"DC"})))

    assert offered(mixed, {1: True, 2: False}, allowed=True) == tuple(sorted(MODES))


def test_a_controller_of_the_whole_station_speaks_for_every_evse() -> None:
    whole = station(v2x(0))

    assert offered(whole, {1: True, 2: False}, allowed=True) == (
        "AC_single_phase",
        "DC",
    )


def test_what_cannot_be_told_is_not_said() -> None:
    """Q01.FR.08, and Q01.FR.01: not for stations without ISO 15118 or V2X."""
    for silent in (
        station(v2x(1), iso15118=False),
        station(v2x(1, enabled=False)),
        station(v2x(1, frozenset())),
        station(),
    ):
        assert offered(silent, {1: True}, allowed=True) is None
    assert offered(station(v2x(1)), {}, allowed=True) is None


def test_controls_of_the_grid_count_as_feeding_back() -> None:
    assert feeds_back("AC_DER")
    assert feeds_back("DC_ACDP_BPT")
    assert not feeds_back("DC_ACDP")


flags = st.booleans()
leaves = st.sampled_from(Leave)


@given(flags, flags, flags, flags)
def test_without_an_event_nothing_is_ever_widened(
    site: bool,  # noqa: FBT001
    make: bool,  # noqa: FBT001
    enrolled: bool,  # noqa: FBT001
    opted_out: bool,  # noqa: FBT001
) -> None:
    found = leave(site=site, make=make, enrolled=enrolled, opted_out=opted_out)

    everything = site and make and enrolled and not opted_out
    assert found is (Leave.AS_AGREED if everything else Leave.CHARGE)
    for before in Leave:
        for bidirectional in (False, True):
            assert change(before, found, bidirectional=bidirectional) is not True


@given(leaves, leaves, flags)
def test_what_is_told_is_what_holds_and_is_not_told_twice(
    before: Leave,
    after: Leave,
    bidirectional: bool,  # noqa: FBT001
) -> None:
    told = change(before, after, bidirectional=bidirectional)

    if told is True:
        assert after is Leave.BOTH_WAYS
        assert before is not Leave.BOTH_WAYS
    elif told is False:
        assert after is Leave.CHARGE
    elif after is Leave.CHARGE:
        assert before is Leave.CHARGE
    assert change(after, after, bidirectional=True) is None
