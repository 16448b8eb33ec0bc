"""Who comes back how often."""

from csms.domain.ids import StationId
from csms.gateway.registry import Flaps

A, B = StationId("A"), StationId("B")


def test_the_first_connection_is_no_flap_and_each_return_is_one() -> None:
    flaps = Flaps(window=60)

    assert [flaps.note(A, now) for now in (0, 1, 2, 60)] == [0, 1, 2, 3]
    assert flaps.note(B, 5) == 0
    assert flaps.counted(60) == {A: 3}


def test_a_return_after_the_window_starts_anew() -> None:
    flaps = Flaps(window=60)
    for now in (0, 1, 2):
        flaps.note(A, now)

    assert flaps.counted(61) == {}
    assert flaps.note(A, 61) == 0
    assert flaps.note(A, 62) == 1
