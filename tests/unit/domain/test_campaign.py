"""Whom a campaign asks: never too many, never who is barred, never after failures."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from csms.domain.campaign import (
    OVER,
    Campaign,
    CampaignMember,
    CampaignState,
    MemberState,
    Pace,
    decide,
    ended,
    waves,
)
from csms.domain.ids import StationId

NOW = datetime(2026, 7, 14, 12, tzinfo=UTC)
M = MemberState


def a_campaign(pace: Pace, **more: object) -> Campaign:
    return Campaign(
        id="c",
        name="c",
        image="fw",
        version="2",
        pace=pace,
        starts_at=NOW,
        created_at=NOW,
        created_by="ada",
        **more,  # type: ignore[arg-type]
    )


def stations(many: int) -> list[StationId]:
    return [StationId(f"S-{number:03}") for number in range(many)]


paces = st.builds(
    Pace,
    wave_size=st.integers(1, 6),
    max_parallel=st.integers(1, 6),
    pause_share=st.floats(0.05, 1.0),
    retries=st.integers(0, 2),
    retry_rest=st.just(timedelta(minutes=30)),
)
members = st.lists(
    st.sampled_from([*[M.WAITING] * 4, M.ASKED, M.ASKED, M.DONE, M.SKIPPED, M.FAILED]),
    min_size=1,
    max_size=20,
)
states = st.sampled_from([*[CampaignState.RUNNING] * 6, *CampaignState])


@settings(max_examples=50)
@given(paces, members, st.sets(st.integers(0, 19), max_size=6), states)
def test_a_decision_keeps_every_promise(
    pace: Pace, given_states: list[M], barred_at: set[int], state: CampaignState
) -> None:
    campaign = a_campaign(pace, state=state)
    fleet = [
        replace(member, state=said, updated_at=NOW)
        for member, said in zip(
            waves(stations(len(given_states)), pace.wave_size),
            given_states,
            strict=True,
        )
    ]
    barred = {each.station: "why" for n, each in enumerate(fleet) if n in barred_at}

    decision = decide(campaign, fleet, barred, NOW)

    by_name = {each.station: each for each in fleet}
    asked = [by_name[station] for station in decision.ask]
    assert not set(decision.ask) & set(barred)
    assert all(each.state is M.WAITING for each in asked)
    if asked:
        under_way = sum(each.state is M.ASKED for each in fleet)
        assert under_way + len(asked) <= pace.max_parallel
        assert state is decision.state is CampaignState.RUNNING
        (wave,) = {each.wave for each in asked}
        assert all(each.state in OVER for each in fleet if each.wave < wave)
        through = [e for e in fleet if e.state in (M.DONE, M.FAILED)]
        failed = sum(each.state is M.FAILED for each in through)
        assert not failed or failed < pace.pause_share * len(through)
    if state is not CampaignState.RUNNING:
        assert (decision.ask, decision.state) == ((), state)


@settings(max_examples=50)
@given(paces, st.integers(1, 15), st.randoms(use_true_random=False))
def test_a_campaign_ends_or_pauses(pace: Pace, many: int, chance: object) -> None:
    """Whatever fails: it never runs for ever, and nobody is asked too often."""
    campaign, now = a_campaign(pace), NOW
    fleet = list(waves(stations(many), pace.wave_size))
    for _ in range(200):
        decision = decide(campaign, fleet, {}, now)
        if decision.state is not CampaignState.RUNNING:
            break
        fleet = [_lived(each, decision.ask, pace, now, chance) for each in fleet]
        now += timedelta(minutes=31)
    else:
        raise AssertionError("it goes on for ever")
    assert all(each.attempts <= pace.retries + 1 for each in fleet)
    if decision.state is CampaignState.COMPLETED:
        assert all(each.state in OVER for each in fleet)


def _lived(
    member: CampaignMember,
    ask: tuple[StationId, ...],
    pace: Pace,
    now: datetime,
    chance: object,
) -> CampaignMember:
    if member.station in ask:
        return replace(member, state=M.ASKED, attempts=member.attempts + 1)
    if member.state is M.ASKED:
        good = chance.random() < 0.7  # type: ignore[attr-defined]
        return ended(member, pace, good=good, why="so", now=now)
    return member


def test_failures_that_a_person_has_seen_do_not_count_again() -> None:
    pace = Pace(pause_share=0.5)
    failed = CampaignMember(StationId("A"), 1, M.FAILED, updated_at=NOW)
    waiting = CampaignMember(StationId("B"), 1)

    paused = decide(a_campaign(pace), [failed, waiting], {}, NOW)
    resumed = a_campaign(pace, counted_from=NOW)

    assert (paused.state, paused.detail) == (CampaignState.PAUSED, "1 of 1 failed")
    assert decide(resumed, [failed, waiting], {}, NOW).ask == ("B",)


def test_there_is_room_for_so_many_and_who_is_barred_is_passed_over() -> None:
    pace = Pace(wave_size=9, max_parallel=3)
    fleet = [
        CampaignMember(StationId(name), 1, M.ASKED if name == "A" else M.WAITING)
        for name in "ABCDE"
    ]

    decision = decide(a_campaign(pace), fleet, {StationId("C"): "an event"}, NOW)

    assert decision.ask == ("B", "D")
    assert decision.held == {"C": "an event"}


def test_nobody_is_asked_before_the_start() -> None:
    campaign = a_campaign(Pace())
    fleet = waves(stations(2), 5)

    early = decide(campaign, fleet, {}, NOW - timedelta(seconds=1))

    assert (early.ask, early.state) == ((), CampaignState.RUNNING)
