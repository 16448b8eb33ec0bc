"""The mail that was caught instead of sent: demonstrations only."""

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, Response

from csms.console.shell import PageRoute, ShellOf
from csms.domain.errors import NotFound
from csms.services.node import CaughtMail, Mailbox, Node
from csms.web.auth import NodeOf, Viewer

router = APIRouter(route_class=PageRoute, include_in_schema=False)
MOST = 5_000

LETTER_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'; "
        "sandbox allow-popups allow-popups-to-escape-sandbox"
    ),
    "Cross-Origin-Opener-Policy": "unsafe-none",
}
"""A letter may have its own colors, and open its links in a new window; no more."""


class NoMail(NotFound):
    """There is no such message: the catcher is off, or has forgotten it."""

    code = "no-mail"


@router.get("/mail")
async def inbox(caller: Viewer, node: NodeOf, shell: ShellOf, q: str = "") -> Response:
    """Show what was caught, the latest first."""
    wanted = q.strip().casefold()
    found = [
        each
        for each in reversed(_mailbox(node).list(limit=MOST))
        if wanted in f"{each.to} {each.subject}".casefold()
    ]
    return shell.page("mail.html", caller, messages=found[:300], q=q, count=len(found))


@router.get("/mail/{number}")
async def message(
    number: int, caller: Viewer, node: NodeOf, shell: ShellOf
) -> Response:
    """Show one message."""
    return shell.page("message.html", caller, mail=_find(node, number))


@router.get("/mail/{number}/letter")
async def letter(number: int, caller: Viewer, node: NodeOf) -> Response:
    """Return a message's HTML, locked up."""
    del caller
    html = _find(node, number).html.replace("<head>", '<head><base target="_blank">', 1)
    return HTMLResponse(html, headers=LETTER_HEADERS)


def _mailbox(node: Node) -> Mailbox:
    if node.mail is None:
        raise NoMail
    return node.mail


def _find(node: Node, number: int) -> CaughtMail:
    found = _mailbox(node).find(number)
    if found is None:
        raise NoMail
    return found
