"""Whether a token may charge, and where."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csms.charging.tokens import Spot, TokenPolicy, judge, may_start
from csms.domain.ids import SiteId, StationId
from csms.domain.token import IdToken, Judgement, Place, TokenRecord, Verdict

NOW = datetime(2026, 7, 14, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
HERE = StationId("HERE")
HOME = SiteId("home")
TOKEN = IdToken("04A1", "ISO14443")
GROUP = IdToken("family", "Central")
SPOT = Spot(HERE, HOME, {1: frozenset({"cCCS1"}), 2: frozenset({"cType1"})})
OPEN, CLOSED = TokenPolicy(), TokenPolicy(accept_unknown=False)


def told(record: TokenRecord | None, spot: Spot = SPOT) -> Judgement:
    return judge(TOKEN, record, spot, NOW, CLOSED)


def known(**rules: Any) -> TokenRecord:  # noqa: ANN401
    return TokenRecord(TOKEN, 1, **rules)


@pytest.mark.parametrize(
    ("kind", "value", "policy", "verdict"),
    [
        ("ISO14443", "04A1", OPEN, Verdict.ACCEPTED),
        ("ISO14443", "04A1", CLOSED, Verdict.UNKNOWN),
        ("KeyCode", "1234", OPEN, Verdict.INVALID),
        ("KeyCode", "1234", CLOSED, Verdict.INVALID),
        ("NoAuthorization", "", CLOSED, Verdict.ACCEPTED),
        ("ISO14443", "", OPEN, Verdict.INVALID),
    ],
)
def test_a_stranger_is_what_the_policy_says(
    kind: str, value: str, policy: TokenPolicy, verdict: Verdict
) -> None:
    found = judge(IdToken(value, kind), None, SPOT, NOW, policy)

    assert found == Judgement(verdict)


@pytest.mark.parametrize(
    ("rules", "verdict"),
    [
        ({}, Verdict.ACCEPTED),
        ({"blocked": True}, Verdict.BLOCKED),
        ({"blocked": True, "valid_until": NOW - HOUR}, Verdict.BLOCKED),
        ({"valid_until": NOW}, Verdict.EXPIRED),
        ({"valid_until": NOW + HOUR}, Verdict.ACCEPTED),
        ({"valid_from": NOW + HOUR}, Verdict.NOT_AT_THIS_TIME),
        ({"valid_from": NOW}, Verdict.ACCEPTED),
        ({"places": (Place(StationId("THERE")),)}, Verdict.NOT_AT_THIS_LOCATION),
        ({"connector_types": frozenset({"sType2"})}, Verdict.NOT_ALLOWED_TYPE_EVSE),
    ],
)
def test_what_an_operator_says_decides(rules: dict[str, Any], verdict: Verdict) -> None:
    found = told(known(group=GROUP, **rules))

    assert found.verdict is verdict
    assert found.group == GROUP


def test_what_is_not_accepted_is_not_to_be_remembered_as_valid() -> None:
    late = told(known(valid_until=NOW))
    good = told(known(valid_until=NOW + HOUR))

    assert (late.until, good.until) == (None, NOW + HOUR)


def test_an_evse_that_is_said_is_judged_for_itself() -> None:
    record = known(places=(Place(HERE, evses=frozenset({2})),))
    at = [
        judge(TOKEN, record, Spot(HERE, HOME, SPOT.evses, evse), NOW, CLOSED)
        for evse in (None, 1, 2, 9)
    ]

    assert [each.verdict for each in at] == [
        Verdict.ACCEPTED,
        Verdict.NOT_AT_THIS_LOCATION,
        Verdict.ACCEPTED,
        Verdict.ACCEPTED,
    ]
    assert [each.evses for each in at] == [(2,), (), (2,), (2,)]


def test_a_station_whose_evses_nobody_registered_is_a_place_all_the_same() -> None:
    bare = Spot(HERE, HOME, {})

    assert told(known(), bare).accepted
    assert told(known(places=(Place(site=HOME),)), bare).accepted
    elsewhere = told(known(places=(Place(StationId("THERE")),)), bare)
    assert elsewhere.verdict is Verdict.NOT_AT_THIS_LOCATION


def test_a_master_pass_starts_nothing() -> None:
    policy = TokenPolicy(master_group="Master")
    master = Judgement(Verdict.ACCEPTED, IdToken("MASTER", "Central"))

    assert may_start(master, policy, starting=False) == master
    assert may_start(master, policy, starting=True).verdict is Verdict.INVALID
    assert may_start(master, TokenPolicy(), starting=True) == master
    other = Judgement(Verdict.ACCEPTED, GROUP)
    assert may_start(other, policy, starting=True) == other


numbers = st.frozensets(st.integers(1, 4), max_size=4)
places = st.builds(
    Place,
    station=st.sampled_from([HERE, StationId("THERE"), None]),
    site=st.sampled_from([HOME, SiteId("away"), None]),
    evses=numbers,
)


@settings(max_examples=50)
@given(
    st.lists(places, max_size=3),
    st.frozensets(st.sampled_from(["cCCS1", "cType1"])),
    st.dictionaries(
        st.integers(1, 4),
        st.frozensets(st.sampled_from(["cCCS1", "cType1"])),
        min_size=1,
    ),
)
def test_who_is_accepted_somewhere_is_accepted_at_just_the_evses_named(
    where: list[Place],
    plugs: frozenset[str],
    evses: dict[int, frozenset[str]],
) -> None:
    record = known(places=tuple(where), connector_types=plugs)
    whole = told(record, Spot(HERE, HOME, evses))
    allowed = {
        evse for evse in evses if told(record, Spot(HERE, HOME, evses, evse)).accepted
    }

    assert whole.accepted == bool(allowed)
    if whole.accepted:
        assert allowed == (set(whole.evses) or set(evses))
        assert set(whole.evses) != set(evses)
    else:
        assert whole.evses == ()
