"""The way in and the way out."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response

from csms.console.shell import PageRoute, ShellOf, to
from csms.web.auth import (
    NodeOf,
    caller_or_none,
    clear_session,
    require_same_origin,
    secret_of,
    set_session,
)

router = APIRouter(route_class=PageRoute, include_in_schema=False)
UNAUTHORIZED = 401


@router.get("/sign-in")
async def door(request: Request, shell: ShellOf, next: str = "/") -> Response:  # noqa: A002 the address says so
    """Show the sign-in."""
    if await caller_or_none(request) is not None:
        return to(_inside(next))
    return shell.page("sign_in.html", next=_inside(next), name="", wrong=False)


@router.post("/sign-in")
async def sign_in(
    request: Request,
    shell: ShellOf,
    node: NodeOf,
    name: Annotated[str, Form()] = "",
    password: Annotated[str, Form()] = "",
    next: Annotated[str, Form()] = "/",  # noqa: A002 the form says so
) -> Response:
    """Let in who knows name and password."""
    require_same_origin(request)
    secret = await node.access.sign_in(name.strip(), password)
    if secret is None:
        return shell.page(
            "sign_in.html",
            None,
            UNAUTHORIZED,
            next=_inside(next),
            name=name,
            wrong=True,
        )
    response = to(_inside(next))
    set_session(response, secret, secure=node.secure)
    return response


@router.post("/sign-out")
async def sign_out(request: Request, node: NodeOf) -> Response:
    """End the session."""
    require_same_origin(request)
    said = secret_of(request)
    if said is not None:
        await node.access.sign_out(said[0])
    response = to("/sign-in")
    clear_session(response, secure=node.secure)
    return response


def _inside(path: str) -> str:
    """Return the path if it is one of ours, else the first page."""
    ours = path.startswith("/") and not path.startswith(("//", "/\\"))
    return path if ours and path.isprintable() else "/"
