"""Firmware: images and their files, updates of stations, local controllers."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel

from csms.api.firmware_items import (
    ImageBody,
    ImageItem,
    PublicationBody,
    PublicationItem,
    UpdateBody,
    UpdateItem,
    image_item,
    publication_item,
    update_item,
)
from csms.api.guard import GuardedRoute, RoomyRoute
from csms.api.stations import known_station
from csms.domain.ids import StationId
from csms.services.firmware import ImageDraft
from csms.services.firmware_wishes import NoSuchUpdate, UpdateWish
from csms.services.node import Node
from csms.services.ports.firmware import PUBLICATION, UPDATE
from csms.web.auth import NodeOf, Operator
from csms.web.paging import USUAL, Cursor, Limit, Page, page, read_cursor

ROUTER = APIRouter(tags=["firmware"], route_class=GuardedRoute)
FILES = APIRouter(tags=["firmware"], route_class=RoomyRoute)
CREATED, NO_CONTENT = 201, 204
HIGHEST = 2**31 - 1


class UnpublishAnswer(BaseModel):
    """A local controller's word (L04)."""

    status: str


@ROUTER.get("/firmware/images", summary="List firmware images")
async def list_images(node: NodeOf) -> Page[ImageItem]:
    """Return every image, the youngest first."""
    async with node.begin() as work:
        found = await work.firmware.images()
    return Page(items=[image_item(each) for each in found], next=None)


@ROUTER.post(
    "/firmware/images", summary="Register a firmware image", status_code=CREATED
)
async def register_image(node: NodeOf, caller: Operator, body: ImageBody) -> ImageItem:
    """Register an image; a signing certificate is read, and must be valid."""
    draft = ImageDraft(**body.model_dump())
    return image_item(await node.upkeep.images.register(draft, caller.name))


@ROUTER.get("/firmware/images/{image}", summary="Show a firmware image")
async def show_image(node: NodeOf, image: str) -> ImageItem:
    """Return one image."""
    return image_item(await node.upkeep.images.image(image))


@FILES.put(
    "/firmware/images/{image}/file",
    summary="Upload the file of an image, to be served from here",
    openapi_extra={
        "requestBody": {"content": {"application/octet-stream": {}}, "required": True}
    },
)
async def upload_file(
    node: NodeOf,
    caller: Operator,
    request: Request,
    image: str,
    filename: Annotated[str, Query(max_length=255)] = "",
) -> ImageItem:
    """Store the file; its signature is checked if the image has one."""
    kept = await node.upkeep.images.attach(
        image, filename, request.stream(), caller.name
    )
    return image_item(kept)


@ROUTER.delete(
    "/firmware/images/{image}",
    summary="Retire an image: nobody is given it any more",
    status_code=NO_CONTENT,
)
async def retire_image(node: NodeOf, caller: Operator, image: str) -> None:
    """Retire an image; updates under way go on."""
    await node.upkeep.images.retire(image, caller.name)


@ROUTER.post(
    "/stations/{station}/firmware-updates",
    summary="Update the firmware of a station (L01, L02)",
    status_code=CREATED,
)
async def want_update(
    node: NodeOf, caller: Operator, station: str, body: UpdateBody
) -> UpdateItem:
    """Want an update; it waits while an event or a vehicle needs the station."""
    name = known_station(node, station)
    wish = UpdateWish(**body.model_dump())
    update = await node.upkeep.updater.want(name, wish, caller.name)
    return await _shown(node, update.request_id)


@ROUTER.get("/firmware/updates", summary="List firmware updates, the youngest first")
async def list_updates(
    node: NodeOf,
    station: str | None = None,
    campaign: str | None = None,
    limit: Limit = USUAL,
    cursor: Cursor = None,
) -> Page[UpdateItem]:
    """Return updates of all stations, of one, or of a campaign."""
    before = read_cursor(cursor, int)
    async with node.begin() as work:
        found = await work.firmware.updates(
            station=StationId(station) if station else None,
            campaign=campaign,
            before=before[0] if before else None,
            limit=limit + 1,
        )
    return page(found, limit, update_item, lambda row: row.request_id)


@ROUTER.get("/firmware/updates/{request_id}", summary="Show how an update goes")
async def show_update(node: NodeOf, request_id: str) -> UpdateItem:
    """Return an update with everything that was said of it."""
    return await _shown(node, _number(request_id))


@ROUTER.delete(
    "/firmware/updates/{request_id}",
    summary="Withdraw an update that no station was asked for yet",
)
async def withdraw_update(
    node: NodeOf, caller: Operator, request_id: str
) -> UpdateItem:
    """Withdraw an update; one that was sent can only be replaced by another."""
    number = _number(request_id)
    await node.upkeep.updater.withdraw(number, caller.name)
    return await _shown(node, number)


@ROUTER.get(
    "/stations/{station}/publications",
    summary="List what a local controller offers, or shall offer",
)
async def list_publications(node: NodeOf, station: str) -> Page[PublicationItem]:
    """Return publications, the youngest first, with what was said of them."""
    name = known_station(node, station)
    async with node.begin() as work:
        found = await work.firmware.publications(name)
        items = [
            publication_item(
                each,
                list(await work.firmware.steps(PUBLICATION, each.request_id)),
            )
            for each in found
        ]
    return Page(items=items, next=None)


@ROUTER.post(
    "/stations/{station}/publications",
    summary="Have a local controller offer a firmware (L03)",
    status_code=CREATED,
)
async def publish(
    node: NodeOf, caller: Operator, station: str, body: PublicationBody
) -> PublicationItem:
    """Ask a local controller to fetch a firmware and to offer it."""
    name = known_station(node, station)
    found = await node.upkeep.publishing.publish(name, body.image, caller.name)
    return publication_item(found)


@ROUTER.delete(
    "/stations/{station}/publications/{checksum}",
    summary="Have a local controller offer a firmware no longer (L04)",
)
async def unpublish(
    node: NodeOf, caller: Operator, station: str, checksum: str
) -> UnpublishAnswer:
    """Ask a local controller to stop; it may be in the middle of serving it."""
    name = known_station(node, station)
    reply = await node.upkeep.publishing.unpublish(name, checksum, caller.name)
    return UnpublishAnswer(status=reply.status)


def _number(text: str) -> int:
    """Return the number of an update; whatever else it is, there is none of it."""
    if not text.isdecimal() or int(text) > HIGHEST:
        raise NoSuchUpdate(f"there is no firmware update {text}")
    return int(text)


async def _shown(node: Node, request_id: int) -> UpdateItem:
    async with node.begin() as work:
        found = await work.firmware.update(request_id)
        if found is None:
            raise NoSuchUpdate(f"there is no firmware update {request_id}")
        steps = await work.firmware.steps(UPDATE, request_id)
    return update_item(found, list(steps))
