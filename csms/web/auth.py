"""Who asks, by token or by session cookie, and whether they may."""

from collections.abc import Awaitable, Callable
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request, Security
from fastapi.security import APIKeyCookie, HTTPBearer
from starlette.responses import Response

from csms.domain.errors import DomainError, NotAllowed
from csms.services.access import Caller
from csms.services.node import Node
from csms.services.policy import Who, who_may
from csms.services.ports.access import Role
from csms.web.problems import Unauthenticated

COOKIE = "csms_session"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_BEARER = "bearer "
SCHEMES = (
    Security(HTTPBearer(scheme_name="token", auto_error=False)),
    Security(APIKeyCookie(name=COOKIE, scheme_name="session", auto_error=False)),
)
"""For the description of the API only; what is looked at is in ``secret_of``."""


class RoleTooLow(NotAllowed):
    """The caller's role does not include this."""

    code = "role"


class CrossOrigin(NotAllowed):
    """A page of another origin tried to act with somebody's session."""

    code = "cross-origin"


def node_of(request: Request) -> Node:
    """Return the node that an application serves: what ``app.state.node`` holds."""
    node: Node = request.app.state.node
    return node


def secret_of(request: Request) -> tuple[str, bool] | None:
    """Return the secret that came with a request, and whether as a cookie.

    A bearer token comes before a cookie; a token in the address is not looked at.
    """
    header = request.headers.get("authorization", "")
    if header[: len(_BEARER)].lower() == _BEARER:
        return header[len(_BEARER) :].strip(), False
    cookie = request.cookies.get(COOKIE)
    return (cookie, True) if cookie else None


async def caller_or_none(request: Request) -> Caller | None:
    """Return who asks, or none.

    Raises:
        CrossOrigin: If a page of another origin acts with a session.
    """
    said = secret_of(request)
    if said is None:
        return None
    secret, by_cookie = said
    if by_cookie and request.method not in SAFE_METHODS:
        require_same_origin(request)
    caller = await node_of(request).access.caller(secret)
    request.state.actor = None if caller is None else caller.name
    return caller


async def caller_of(request: Request) -> Caller:
    """Return who asks.

    Raises:
        Unauthenticated: If the request has no valid credentials.
    """
    caller = await caller_or_none(request)
    if caller is None:
        raise Unauthenticated(
            remedy="send a valid token as `Authorization: Bearer <token>`"
        )
    return caller


def require(caller: Caller, role: Role) -> None:
    """Let pass who may.

    Raises:
        RoleTooLow: If the caller's role does not include the one that is needed.
    """
    if not caller.role.may(role):
        raise RoleTooLow(
            f"this needs the role {role}, and {caller.name} is {caller.role}",
            remedy=f"use a token of the role {role}",
        )


async def admit(request: Request) -> None:
    """Let pass what the policy allows; what it does not goes on the audit trail.

    Raises:
        Unauthenticated: If credentials are needed, and there are none that are valid.
        RoleTooLow: If the caller's role does not include the one that is needed.
        CrossOrigin: If a page of another origin acts with a session.
    """
    try:
        await _hold(request, who_may(request.method, request.scope["path"]))
    except (NotAllowed, Unauthenticated) as error:
        note_denial(request, error)
        raise


async def _hold(request: Request, who: Who | None) -> None:
    if who is None:
        raise NotAllowed("nobody may do this", remedy="see /openapi.json")
    if who.role is not None:
        require(await caller_of(request), who.role)


def note_denial(request: Request, error: DomainError) -> None:
    """Put on the audit trail that something was not allowed.

    Whoever came without credentials leaves no trace, and whoever came with bad ones
    is known by his address only.
    """
    actor = getattr(request.state, "actor", None)
    if actor is None and secret_of(request) is None:
        return
    remote = request.client.host if request.client else ""
    subject = "" if actor is None else f"{request.method} {request.scope['path']}"
    denials = node_of(request).security.denials
    denials.note(actor or remote, f"http.{error.code}", subject, str(error))


def needs(role: Role) -> Callable[[Caller], Awaitable[Caller]]:
    """Return a dependency that lets pass who has the role and gives the caller."""

    async def check(caller: Annotated[Caller, Depends(caller_of)]) -> Caller:
        require(caller, role)
        return caller

    return check


NodeOf = Annotated[Node, Depends(node_of)]
Viewer = Annotated[Caller, Depends(needs(Role.VIEWER))]
Operator = Annotated[Caller, Depends(needs(Role.OPERATOR))]
Admin = Annotated[Caller, Depends(needs(Role.ADMIN))]


def require_same_origin(request: Request) -> None:
    """Refuse what a page of another origin sends with somebody's cookie.

    Raises:
        CrossOrigin: If the browser says so, or says nothing at all of its origin.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        if site in ("same-origin", "none"):
            return
        raise CrossOrigin
    origin = request.headers.get("origin") or request.headers.get("referer")
    if origin is None or urlsplit(origin).netloc != request.headers.get("host"):
        raise CrossOrigin


def set_session(response: Response, secret: str, *, secure: bool) -> None:
    """Give a browser its session."""
    response.set_cookie(
        COOKIE, secret, httponly=True, samesite="lax", secure=secure, path="/"
    )


def clear_session(response: Response, *, secure: bool) -> None:
    """Take a browser's session away."""
    response.delete_cookie(
        COOKIE, httponly=True, samesite="lax", secure=secure, path="/"
    )
