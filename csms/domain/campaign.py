"""Campaigns: one firmware for many stations, a few at a time, stopped when it fails."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from csms.domain.ids import StationId


class CampaignState(StrEnum):
    """How far a campaign has come."""

    RUNNING = "running"
    PAUSED = "paused"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


class MemberState(StrEnum):
    """How far one station has come in a campaign."""

    WAITING = "waiting"
    ASKED = "asked"
    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"
    """It needs nothing: it runs the version, or is no longer of the make."""
    CANCELLED = "cancelled"


OVER = frozenset(
    {MemberState.DONE, MemberState.FAILED, MemberState.SKIPPED, MemberState.CANCELLED}
)


@dataclass(frozen=True, slots=True)
class Pace:
    """How carefully a campaign goes.

    Attributes:
        wave_size: Stations of a wave; the next begins when all of it are through.
        max_parallel: Stations that are under way at the same time.
        pause_share: Share of failures, above 0 to 1, at which it pauses by itself.
        retries: How often a station that failed is asked again.
        retry_rest: How long it is left alone before.
    """

    wave_size: int = 10
    max_parallel: int = 5
    pause_share: float = 0.2
    retries: int = 1
    retry_rest: timedelta = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Campaign:
    """One firmware for many stations.

    Attributes:
        id: Its name here.
        name: Its name for people.
        image: The image.
        version: What stations call themselves that are through.
        pace: How carefully it goes.
        state: How far it has come.
        detail: Why it is paused or cancelled, for people.
        starts_at: When it begins.
        due_at: When it is to be looked at again; none when it is over.
        counted_from: Failures up to this instant do not count: it was resumed then.
    """

    id: str
    name: str
    image: str
    version: str
    pace: Pace
    starts_at: datetime
    created_at: datetime
    created_by: str
    state: CampaignState = CampaignState.RUNNING
    detail: str = ""
    due_at: datetime | None = None
    counted_from: datetime | None = None


@dataclass(frozen=True, slots=True)
class CampaignMember:
    """One station of a campaign.

    Attributes:
        station: Which.
        wave: From 1.
        attempts: How often it was asked.
        request_id: The update that it was last asked for.
        not_before: Until when it is left alone after a failure.
        detail: What it waits for, or why it ended so.
        updated_at: When it last changed.
    """

    station: StationId
    wave: int
    state: MemberState = MemberState.WAITING
    attempts: int = 0
    request_id: int | None = None
    not_before: datetime | None = None
    detail: str = ""
    updated_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """What a campaign does now.

    Attributes:
        ask: Whom to ask, in order.
        held: Who would be asked but must not be now, and why.
        state: How far it has come.
        detail: Why, if it has stopped.
    """

    ask: tuple[StationId, ...]
    held: Mapping[StationId, str]
    state: CampaignState
    detail: str = ""


def waves(stations: Iterable[StationId], size: int) -> tuple[CampaignMember, ...]:
    """Return the members of a new campaign: the first wave is the first to learn."""
    return tuple(
        CampaignMember(station, 1 + place // size)
        for place, station in enumerate(sorted(set(stations)))
    )


def decide(
    campaign: Campaign,
    members: Sequence[CampaignMember],
    barred: Mapping[StationId, str],
    now: datetime,
) -> Decision:
    """Return whom a campaign asks now.

    Nobody is asked who is barred, whatever the campaign wants; nobody of a later wave
    before everybody of an earlier one is through; and nobody once too many failed.

    Args:
        campaign: The campaign.
        members: All of its members.
        barred: Why a station must be left alone now: an event, a vehicle's need.
        now: The instant.
    """
    if campaign.state is not CampaignState.RUNNING or now < campaign.starts_at:
        return Decision((), {}, campaign.state, campaign.detail)
    if all(each.state in OVER for each in members):
        return Decision((), {}, CampaignState.COMPLETED, _summary(members))
    if too_many := _too_many(campaign, members):
        return Decision((), {}, CampaignState.PAUSED, too_many)
    wave = min(each.wave for each in members if each.state not in OVER)
    waiting = [
        each
        for each in members
        if each.wave == wave
        and each.state is MemberState.WAITING
        and (each.not_before is None or each.not_before <= now)
    ]
    under_way = sum(each.state is MemberState.ASKED for each in members)
    room = max(campaign.pace.max_parallel - under_way, 0)
    free = [each.station for each in waiting if each.station not in barred]
    held = {
        each.station: barred[each.station] for each in waiting if each.station in barred
    }
    return Decision(tuple(free[:room]), held, campaign.state)


def ended(
    member: CampaignMember, pace: Pace, *, good: bool, why: str, now: datetime
) -> CampaignMember:
    """Return a member whose update has ended: through, to be tried again, or failed."""
    if good:
        return replace(member, state=MemberState.DONE, detail=why, updated_at=now)
    if member.attempts <= pace.retries:
        return replace(
            member,
            state=MemberState.WAITING,
            not_before=now + pace.retry_rest,
            detail=f"again after: {why}",
            updated_at=now,
        )
    return replace(member, state=MemberState.FAILED, detail=why, updated_at=now)


def _too_many(campaign: Campaign, members: Sequence[CampaignMember]) -> str:
    """Return why failures stop the campaign; empty if they do not.

    The share is of those that are through since the campaign began or was resumed, so
    that a person who has looked into the failures can go on.
    """
    since = campaign.counted_from
    through = [
        each
        for each in members
        if each.state in (MemberState.DONE, MemberState.FAILED)
        and (since is None or (each.updated_at is not None and each.updated_at > since))
    ]
    failed = sum(each.state is MemberState.FAILED for each in through)
    if not failed or failed < campaign.pace.pause_share * len(through):
        return ""
    return f"{failed} of {len(through)} failed"


def _summary(members: Sequence[CampaignMember]) -> str:
    counts = Counter(each.state for each in members)
    return ", ".join(f"{counts[state]} {state}" for state in counts)
