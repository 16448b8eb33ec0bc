"""Firmware campaigns: begun, paused, resumed, cancelled, and how they go."""

from datetime import timedelta

from fastapi import APIRouter

from csms.api.firmware_items import CampaignBody, CampaignItem, campaign_item
from csms.api.guard import GuardedRoute
from csms.domain.campaign import Pace
from csms.domain.ids import SiteId, StationId
from csms.services.campaign_drafts import CampaignDraft
from csms.services.node import Node
from csms.web.auth import NodeOf, Operator
from csms.web.paging import Page

ROUTER = APIRouter(tags=["firmware"], route_class=GuardedRoute)
CREATED = 201


@ROUTER.get("/firmware/campaigns", summary="List firmware campaigns")
async def list_campaigns(node: NodeOf) -> Page[CampaignItem]:
    """Return every campaign, the youngest first."""
    async with node.begin() as work:
        found = await work.campaigns.all()
    return Page(items=[campaign_item(each) for each in found], next=None)


@ROUTER.post(
    "/firmware/campaigns", summary="Begin a firmware campaign", status_code=CREATED
)
async def begin_campaign(
    node: NodeOf, caller: Operator, body: CampaignBody
) -> CampaignItem:
    """Update many stations in waves; it pauses by itself when too many fail."""
    draft = CampaignDraft(
        id=body.id,
        name=body.name,
        image=body.image,
        site=SiteId(body.site) if body.site else None,
        stations=tuple(map(StationId, body.stations)),
        pace=Pace(
            wave_size=body.wave_size,
            max_parallel=body.max_parallel,
            pause_share=body.pause_share,
            retries=body.retries,
            retry_rest=timedelta(seconds=body.retry_rest_s),
        ),
        starts_at=body.starts_at,
    )
    await node.upkeep.campaigns.begin(draft, caller.name)
    return await _shown(node, body.id)


@ROUTER.get("/firmware/campaigns/{campaign}", summary="Show how a campaign goes")
async def show_campaign(node: NodeOf, campaign: str) -> CampaignItem:
    """Return a campaign and its stations."""
    return await _shown(node, campaign)


@ROUTER.post("/firmware/campaigns/{campaign}/pause", summary="Pause a campaign")
async def pause_campaign(node: NodeOf, caller: Operator, campaign: str) -> CampaignItem:
    """Ask nobody new until it is resumed."""
    await node.upkeep.campaigns.pause(campaign, caller.name)
    return await _shown(node, campaign)


@ROUTER.post("/firmware/campaigns/{campaign}/resume", summary="Resume a campaign")
async def resume_campaign(
    node: NodeOf, caller: Operator, campaign: str
) -> CampaignItem:
    """Go on; failures so far do not count any more."""
    await node.upkeep.campaigns.resume(campaign, caller.name)
    return await _shown(node, campaign)


@ROUTER.post("/firmware/campaigns/{campaign}/cancel", summary="Cancel a campaign")
async def cancel_campaign(
    node: NodeOf, caller: Operator, campaign: str
) -> CampaignItem:
    """Ask nobody any more; what stations have begun goes on."""
    await node.upkeep.campaigns.cancel(campaign, caller.name)
    return await _shown(node, campaign)


async def _shown(node: Node, name: str) -> CampaignItem:
    campaign, members = await node.upkeep.campaigns.find(name)
    return campaign_item(campaign, list(members))
