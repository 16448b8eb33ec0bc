"""Firmware files of ours, for whoever holds a link that has not expired."""

from fastapi import APIRouter
from starlette.responses import FileResponse, Response

from csms.services.firmware import PATH, NoSuchFile
from csms.web.auth import NodeOf
from csms.web.problems import problem_of, respond

ROUTER = APIRouter(include_in_schema=False)
BINARY = "application/octet-stream"


@ROUTER.get(PATH + "/{token}/{filename}")
@ROUTER.head(PATH + "/{token}/{filename}")
async def download(node: NodeOf, token: str, filename: str) -> Response:
    """Return a file, or the part of it that is asked for."""
    del filename  # it is there for stations that look at it
    try:
        image, path = await node.upkeep.images.fetch(token)
    except NoSuchFile as error:
        return respond(problem_of(error))
    headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    return FileResponse(
        path, media_type=BINARY, filename=image.filename, headers=headers
    )
