"""Firmware campaigns: waves over a group of stations, stopped when they fail."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import structlog

from csms.domain.campaign import (
    OVER,
    Campaign,
    CampaignMember,
    CampaignState,
    Decision,
    MemberState,
    decide,
    ended,
    waves,
)
from csms.domain.errors import DomainError
from csms.domain.firmware import FAILED, FirmwareImage, UpdateState, moved
from csms.domain.ids import SiteId, StationId
from csms.services.alarm import Alarm
from csms.services.campaign_drafts import (
    BadCampaign,
    CampaignDraft,
    CampaignExists,
    CampaignOver,
    NoSuchCampaign,
    StationBusy,
    check_draft,
)
from csms.services.disturbing import Disturbing
from csms.services.firmware_wishes import FirmwareWishes, UpdateWish
from csms.services.ports.work import Work
from csms.services.reception import UnknownStation
from csms.services.world import World

log = structlog.get_logger()

LOOK = timedelta(minutes=1)
LOOK_REAL_S = 1.0
"""How often a campaign that waits is looked at, in business time and in real time."""


@dataclass(frozen=True, slots=True)
class Campaigns:
    """Begins, steers and advances campaigns.

    Attributes:
        world: The means of the node.
        wishes: Keeps the updates that are wanted.
        disturbing: Tells who must be left alone.
        wake: Wakes whoever takes the steps.
    """

    world: World
    wishes: FirmwareWishes
    disturbing: Disturbing
    wake: Alarm = field(default_factory=Alarm)

    async def begin(self, draft: CampaignDraft, by: str) -> Campaign:
        """Begin a campaign.

        Raises:
            BadCampaign: If it does not make sense, or has no station.
            NoSuchImage: If there is no such image.
            DomainError: If a named station cannot be given the image.
            StationBusy: If another campaign waits for one of its stations.
            CampaignExists: If the name is taken.
        """
        now = self.world.clock.now()
        check_draft(draft)
        image = await self.wishes.images.image(draft.image)
        async with self.world.begin() as work:
            stations = await self._select(work, draft, image)
            busy = await work.campaigns.busy(stations)
            if busy:
                station, other = next(iter(sorted(busy.items())))
                raise StationBusy(
                    f"{station} is part of {other}, and so are {len(busy) - 1} others",
                    field="stations",
                    remedy="cancel that campaign, or name other stations",
                )
            starts_at = draft.starts_at or now
            campaign = Campaign(
                id=draft.id,
                name=draft.name.strip() or draft.id,
                image=image.id,
                version=image.version,
                pace=draft.pace,
                starts_at=starts_at,
                created_at=now,
                created_by=by,
                due_at=starts_at,
            )
            members = waves(stations, draft.pace.wave_size)
            if not await work.campaigns.add(campaign, members):
                raise CampaignExists(f"there is a campaign {draft.id}", field="id")
            detail = {"image": image.id, "stations": len(members)}
            await work.access.audit(by, "campaign.begun", draft.id, detail, now)
            await work.facts.add("campaign.begun", draft.id, detail, now)
        self.wake.ring()
        return campaign

    async def pause(self, name: str, by: str) -> Campaign:
        """Ask nobody new until it is resumed; what is under way goes on.

        Raises:
            NoSuchCampaign: If there is no such campaign.
            CampaignOver: If it is not running.
        """
        return await self._set(
            name, {CampaignState.RUNNING}, CampaignState.PAUSED, f"paused by {by}", by
        )

    async def resume(self, name: str, by: str) -> Campaign:
        """Go on; failures so far do not count any more.

        Raises:
            NoSuchCampaign: If there is no such campaign.
            CampaignOver: If it is not paused.
        """
        return await self._set(
            name, {CampaignState.PAUSED}, CampaignState.RUNNING, "", by
        )

    async def cancel(self, name: str, by: str) -> Campaign:
        """Ask nobody any more; what stations have begun goes on and is followed.

        Raises:
            NoSuchCampaign: If there is no such campaign.
            CampaignOver: If it is over.
        """
        return await self._set(
            name,
            {CampaignState.RUNNING, CampaignState.PAUSED},
            CampaignState.CANCELLED,
            f"cancelled by {by}",
            by,
        )

    async def find(self, name: str) -> tuple[Campaign, Sequence[CampaignMember]]:
        """Return a campaign and its members.

        Raises:
            NoSuchCampaign: If there is no such campaign.
        """
        async with self.world.begin() as work:
            found = await work.campaigns.find(name)
            if found is None:
                raise NoSuchCampaign(f"there is no campaign {name}")
            return found, await work.campaigns.members(name)

    async def step(self) -> bool:
        """Look at one campaign that is due; tell whether there was one."""
        now = self.world.clock.now()
        async with self.world.begin() as work:
            campaign = await work.campaigns.claim_due(now)
            if campaign is None:
                return False
            await self._advance(work, campaign, now)
        return True

    async def _advance(self, work: Work, campaign: Campaign, now: datetime) -> None:
        members = await self._follow(work, campaign, now)
        waiting = [e.station for e in members if e.state is MemberState.WAITING]
        barred = await self._barred(work, campaign, waiting)
        decision = decide(campaign, members, barred, now)
        changed = await self._carry_out(work, campaign, members, decision)
        under_way = any(each.state is MemberState.ASKED for each in changed)
        look = LOOK if decision.state is CampaignState.RUNNING or under_way else None
        due = None if look is None else now + max(look, self._real(LOOK_REAL_S))
        after = replace(
            campaign,
            state=decision.state,
            detail=decision.detail,
            due_at=max(due, campaign.starts_at) if due else None,
        )
        await work.campaigns.save(after)
        if after.state is not campaign.state:
            await self._tell(work, after, now)

    async def _follow(
        self, work: Work, campaign: Campaign, now: datetime
    ) -> Sequence[CampaignMember]:
        """Return the members as their updates stand."""
        members = list(await work.campaigns.members(campaign.id))
        asked = [each.request_id for each in members if each.request_id is not None]
        updates = await work.firmware.states(asked)
        for place, member in enumerate(members):
            update = updates.get(member.request_id or 0)
            late = member.state is MemberState.FAILED  # it may have come through yet
            if update is None or not (member.state is MemberState.ASKED or late):
                continue
            if update.state is UpdateState.INSTALLED:
                after = ended(member, campaign.pace, good=True, why="", now=now)
            elif update.state in FAILED and not late:
                why = f"{update.state}: {update.detail}".rstrip(": ")
                after = ended(member, campaign.pace, good=False, why=why, now=now)
            elif update.state is UpdateState.CANCELED and not late:
                after = replace(
                    member,
                    state=MemberState.CANCELLED,
                    detail=update.detail,
                    updated_at=now,
                )
            else:
                continue
            members[place] = after
            await work.campaigns.save_member(campaign.id, after)
        return members

    async def _barred(
        self, work: Work, campaign: Campaign, stations: Sequence[StationId]
    ) -> dict[StationId, str]:
        """Return who cannot be asked now, whatever the reason."""
        if campaign.state is not CampaignState.RUNNING or not stations:
            return {}
        away = {
            station: "the station is not connected"
            for station in stations
            if not self.world.book.is_online(station)
        }
        return away | dict(await self.disturbing.barred(work, stations))

    async def _carry_out(
        self,
        work: Work,
        campaign: Campaign,
        members: Sequence[CampaignMember],
        decision: Decision,
    ) -> Sequence[CampaignMember]:
        now = self.world.clock.now()
        image = await work.firmware.image(campaign.image)
        changed: list[CampaignMember] = []
        for member in members:
            after = member
            if member.station in decision.ask and image is not None:
                after = await self._ask(work, campaign, member, image)
            elif why := decision.held.get(member.station):
                after = replace(member, detail=f"waits: {why}")
            if after != member:
                await work.campaigns.save_member(
                    campaign.id, replace(after, updated_at=now)
                )
            changed.append(after)
        return changed

    async def _ask(
        self,
        work: Work,
        campaign: Campaign,
        member: CampaignMember,
        image: FirmwareImage,
    ) -> CampaignMember:
        known = self.world.book.station(member.station)
        if known is not None and known.make and known.make.firmware == image.version:
            return replace(
                member, state=MemberState.SKIPPED, detail="it runs it already"
            )
        wish = UpdateWish(image.id, campaign=campaign.id)
        try:
            update = await self.wishes.prepare(
                work, member.station, image, wish, f"campaign {campaign.id}"
            )
        except DomainError as error:
            return replace(member, state=MemberState.FAILED, detail=str(error))
        return replace(
            member,
            state=MemberState.ASKED,
            attempts=member.attempts + 1,
            request_id=update.request_id,
            not_before=None,
            detail="",
        )

    async def _select(
        self, work: Work, draft: CampaignDraft, image: FirmwareImage
    ) -> Sequence[StationId]:
        wish = UpdateWish(image.id)
        book = self.world.book
        for station in draft.stations:
            known = book.station(station)
            if known is None:
                raise UnknownStation(f"there is no station {station}", field="stations")
            await self.wishes.check(work, station, image, wish)
        chosen = draft.stations or [
            each.id for each in book.stations() if image.fits(each.make)
        ]
        here = [
            station
            for station in chosen
            if draft.site is None or _site(book.station(station)) == draft.site
        ]
        if not here:
            raise BadCampaign(
                f"no station fits {image.vendor} {image.model}",
                field="stations",
                remedy="see what the stations say they are at their start",
            )
        return here

    async def _set(
        self,
        name: str,
        among: set[CampaignState],
        state: CampaignState,
        detail: str,
        by: str,
    ) -> Campaign:
        now = self.world.clock.now()
        async with self.world.begin() as work:
            held = await work.campaigns.hold(name)
            if held is None:
                raise NoSuchCampaign(f"there is no campaign {name}")
            if held.state not in among:
                raise CampaignOver(f"the campaign is {held.state}")
            counted = now if state is CampaignState.RUNNING else held.counted_from
            after = replace(
                held, state=state, detail=detail, due_at=now, counted_from=counted
            )
            await work.campaigns.save(after)
            if state is CampaignState.CANCELLED:
                await self._call_off(work, name, now)
            verb = "resumed" if state is CampaignState.RUNNING else state.value
            await work.access.audit(by, f"campaign.{verb}", name, {}, now)
            await self._tell(work, after, now)
        self.wake.ring()
        return after

    async def _call_off(self, work: Work, name: str, now: datetime) -> None:
        """Cancel who waits, and updates that no station was asked for yet."""
        for member in await work.campaigns.members(name):
            held = None
            if member.state is MemberState.ASKED and member.request_id is not None:
                held = await work.firmware.hold_update(member.request_id)
                if held is None or held.state is not UpdateState.WANTED:
                    continue
                gone = moved(held, UpdateState.CANCELED, now, "its campaign was")
                await work.firmware.save_update(gone)
            if member.state not in OVER:
                after = replace(member, state=MemberState.CANCELLED, updated_at=now)
                await work.campaigns.save_member(name, after)

    async def _tell(self, work: Work, campaign: Campaign, now: datetime) -> None:
        body = {"state": campaign.state.value, "detail": campaign.detail}
        await work.facts.add("campaign.changed", campaign.id, body, now)
        log.info("campaign.changed", campaign=campaign.id, state=campaign.state)

    def _real(self, seconds: float) -> timedelta:
        return timedelta(seconds=seconds * self.world.clock.rate)


def _site(station: object) -> SiteId | None:
    return getattr(station, "site", None)
