"""Where stations upload to: no account opens it, only credentials that work once."""

import asyncio
import base64
import binascii
import re
from collections.abc import AsyncGenerator, AsyncIterator

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from python_multipart.exceptions import FormParserError
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.responses import Response

from csms.domain.errors import Broken, DomainError
from csms.domain.log_job import LogFile
from csms.services.log_uploads import (
    BadUploadCredentials,
    UploadsBusy,
    UploadTooLarge,
)
from csms.services.node import Node
from csms.web.auth import node_of
from csms.web.problems import problem_of, respond, translated

IDLE_REAL_S = 60.0
"""How long a station may send nothing while it uploads."""

OVERHEAD = 16_384
"""Room for what multipart puts around a file."""

BLOCK = 1_048_576
CREATED, UNAUTHORIZED, TIMEOUT, TOO_LARGE, UNAVAILABLE = 201, 401, 408, 413, 503
MOST_CREDENTIALS = 512
_NAMED = re.compile(r'filename="?([^";]+)"?', re.IGNORECASE)
_METHODS = ["PUT", "POST"]
_JOB = re.compile(r"[0-9]{1,9}", re.ASCII)

ROUTER = APIRouter(tags=["uploads"], route_class=APIRoute, include_in_schema=False)


class Stalled(Broken):
    """Nothing came for a while."""

    code = "upload-stalled"


@ROUTER.api_route("/uploads/{job}/{name:path}", methods=_METHODS)
@ROUTER.api_route("/uploads/{job}", methods=_METHODS)
async def upload(request: Request, job: str, name: str = "") -> Response:
    """Take a file by PUT or POST (N01.FR.18), plain or as a form (N01.FR.19).

    What is wrong with the credentials or the length is said before the body is read,
    so that a station that asks first (``Expect: 100-continue``) need not send it.
    """
    node = node_of(request)
    try:
        with translated():
            return _kept(await _receive(node, request, job, name))
    except DomainError as error:
        return _refusal(error)


async def _receive(node: Node, request: Request, said_job: str, name: str) -> LogFile:
    uploads = node.diagnostics.uploads
    job = int(said_job) if _JOB.fullmatch(said_job) else -1
    user, secret = _credentials(request)
    found = await uploads.admit(job, user, secret)
    most = uploads.policy.most_bytes
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length) > most + OVERHEAD:
        raise await uploads.too_large(found)
    said = request.headers.get("content-type", "")
    if said.lower().startswith("multipart/form-data"):
        return await _receive_form(node, request, job, user, secret)
    return await uploads.receive(
        job,
        user=user,
        secret=secret,
        name=name or _name_in(request.headers.get("content-disposition", "")),
        content_type=said,
        chunks=_body(request),
    )


async def _receive_form(
    node: Node, request: Request, job: int, user: str, secret: str
) -> LogFile:
    uploads = node.diagnostics.uploads
    bounded = _bounded(_body(request), uploads.policy.most_bytes + OVERHEAD)
    parser = MultiPartParser(request.headers, bounded, max_files=1, max_fields=20)
    try:
        form = await parser.parse()
    except (MultiPartException, FormParserError, ValueError, KeyError) as error:
        raise Broken(
            f"the form cannot be read: {error}", remedy="send the file as the body"
        ) from error
    try:
        files = [each for _, each in form.multi_items() if isinstance(each, UploadFile)]
        if not files:
            raise Broken("the form holds no file", remedy="name a file in a part of it")
        return await uploads.receive(
            job,
            user=user,
            secret=secret,
            name=files[0].filename,
            content_type=files[0].content_type or "",
            chunks=_content(files[0]),
        )
    finally:
        await form.close()


async def _content(file: UploadFile) -> AsyncIterator[bytes]:
    while block := await file.read(BLOCK):
        yield block


async def _body(request: Request) -> AsyncIterator[bytes]:
    """Yield what comes, unless nothing comes for too long.

    Raises:
        Stalled: If nothing came for a while.
    """
    chunks = aiter(request.stream())
    while True:
        try:
            async with asyncio.timeout(IDLE_REAL_S):
                chunk = await anext(chunks)
        except StopAsyncIteration:
            return
        except TimeoutError:
            raise Stalled(remedy="send the file again") from None
        yield chunk


async def _bounded(
    chunks: AsyncIterator[bytes], most: int
) -> AsyncGenerator[bytes, None]:
    size = 0
    async for chunk in chunks:
        size += len(chunk)
        if size > most:
            raise UploadTooLarge(f"more than {most} bytes came")
        yield chunk


def _credentials(request: Request) -> tuple[str, str]:
    """Return user and password of Basic credentials.

    Raises:
        BadUploadCredentials: If there are none.
    """
    kind, _, said = request.headers.get("authorization", "").partition(" ")
    if kind.lower() != "basic" or len(said) > MOST_CREDENTIALS:
        raise BadUploadCredentials("Basic credentials are needed")
    try:
        user, _, secret = base64.b64decode(said, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        raise BadUploadCredentials("the credentials cannot be read") from None
    return user, secret


def _name_in(disposition: str) -> str | None:
    found = _NAMED.search(disposition)
    return found[1] if found else None


def _kept(file: LogFile) -> Response:
    said = {"name": file.name, "size_bytes": file.size, "sha256": file.sha256}
    return JSONResponse(said, CREATED, {"Cache-Control": "no-store"})


def _refusal(error: DomainError) -> Response:
    problem = problem_of(error)
    headers = {"Cache-Control": "no-store", "Connection": "close"}
    match error:
        case BadUploadCredentials():
            problem = problem.model_copy(update={"status": UNAUTHORIZED})
            headers["WWW-Authenticate"] = 'Basic realm="csms uploads"'
        case UploadTooLarge():
            problem = problem.model_copy(update={"status": TOO_LARGE})
        case UploadsBusy():
            problem = problem.model_copy(update={"status": UNAVAILABLE})
            headers["Retry-After"] = "30"
        case Stalled():
            problem = problem.model_copy(update={"status": TIMEOUT})
        case _:
            pass
    return respond(problem, headers)
