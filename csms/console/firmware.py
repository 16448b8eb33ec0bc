"""Firmware: campaigns and how they go, images, and the latest updates."""

from collections import Counter
from typing import Annotated

from fastapi import APIRouter, Form
from fastapi.responses import Response

from csms.console.shell import PageRoute, ShellOf, to
from csms.domain.campaign import Pace
from csms.domain.errors import Broken
from csms.services.campaign_drafts import CampaignDraft
from csms.web.auth import NodeOf, Operator, Viewer

router = APIRouter(route_class=PageRoute, include_in_schema=False)
HERE = "/firmware"
RECENT = 25
PER_CENT = 100


@router.get(HERE)
async def firmware(caller: Viewer, node: NodeOf, shell: ShellOf) -> Response:
    """Show campaigns, images and the latest updates."""
    async with node.begin() as work:
        campaigns = await work.campaigns.all()
        counts = {
            each.id: Counter(
                e.state.value for e in await work.campaigns.members(each.id)
            )
            for each in campaigns[:RECENT]
        }
        images = await work.firmware.images()
        updates = await work.firmware.updates(limit=RECENT)
    ready = [
        each
        for each in images
        if each.retired_at is None and (each.location or each.filename)
    ]
    return shell.page(
        "firmware.html",
        caller,
        campaigns=campaigns[:RECENT],
        counts=counts,
        images=images,
        ready=ready,
        updates=updates,
    )


@router.post(HERE + "/campaigns")
async def begin(  # noqa: PLR0913, PLR0917 a form has as many fields as it has
    caller: Operator,
    node: NodeOf,
    name: Annotated[str, Form()],
    image: Annotated[str, Form()],
    wave_size: Annotated[str, Form()] = "10",
    max_parallel: Annotated[str, Form()] = "5",
    pause_pct: Annotated[str, Form()] = "20",
    retries: Annotated[str, Form()] = "1",
) -> Response:
    """Begin a campaign over all stations that the image fits."""
    pace = Pace(
        wave_size=_whole(wave_size, "stations of a wave"),
        max_parallel=_whole(max_parallel, "stations at a time"),
        pause_share=_whole(pause_pct, "share of failures") / PER_CENT,
        retries=_whole(retries, "further tries"),
    )
    draft = CampaignDraft(name.strip(), name, image, pace=pace)
    await node.upkeep.campaigns.begin(draft, caller.name)
    return to(f"{HERE}/campaigns/{draft.id}")


@router.get(HERE + "/campaigns/{campaign}")
async def show(campaign: str, caller: Viewer, node: NodeOf, shell: ShellOf) -> Response:
    """Show how a campaign goes, station by station."""
    found, members = await node.upkeep.campaigns.find(campaign)
    async with node.begin() as work:
        numbers = [each.request_id for each in members if each.request_id is not None]
        updates = await work.firmware.states(numbers)
    return shell.page(
        "campaign.html",
        caller,
        campaign=found,
        members=members,
        updates=updates,
        counts=Counter(each.state.value for each in members),
    )


@router.post(HERE + "/campaigns/{campaign}/{verb}")
async def steer(campaign: str, verb: str, caller: Operator, node: NodeOf) -> Response:
    """Pause, resume or cancel a campaign."""
    campaigns = node.upkeep.campaigns
    deeds = {
        "pause": campaigns.pause,
        "resume": campaigns.resume,
        "cancel": campaigns.cancel,
    }
    if verb not in deeds:
        raise Broken(f"a campaign cannot {verb}")
    await deeds[verb](campaign, caller.name)
    return to(f"{HERE}/campaigns/{campaign}")


def _whole(said: str, what: str) -> int:
    if not said.isdecimal() or len(said) > len("10000"):
        raise Broken(f"{what}: a whole number is due", field=what)
    return int(said)
