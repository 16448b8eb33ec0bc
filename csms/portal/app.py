"""The participant's pages: behind a signed link, without login or JavaScript.

Looking changes nothing: mail scanners follow every link. What changes something is a
button, which is a POST, and the answer to that leads back to the page.
"""

import base64
import hashlib
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, FastAPI
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from csms.domain.errors import DomainError, NotFound
from csms.domain.event import Stage
from csms.domain.notice import LINK_MARK
from csms.services.participation import Inbox, NoticePage
from csms.web.templates import environment

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from jinja2 import Environment

    from csms.clock import Clock
    from csms.services.node import Node
    from csms.services.participation import Participation

OK, NOT_FOUND, CONFLICT, SEE_OTHER = 200, 404, 409, 303

REASONS = {
    "cancelled": "the event was called off",
    "opt_out": "you opted out",
    "unplugged": "the vehicle was not plugged in",
    "soc_floor": "the battery had reached the least charge you allow",
    "ev_refused": "the vehicle gave less than it was asked for",
    "station_refused": "the charger did not take the command",
    "offline": "the charger could not be reached",
    "limit": "a limit of your connection or vehicle",
    "unknown": "reasons we could not find out",
}
"""Why energy is missing, as a participant reads it."""


@dataclass(frozen=True, slots=True)
class Pages:
    """Answers participants.

    Attributes:
        participation: Takes them at their word.
        clock: Where business time comes from.
        templates: The words and their shape.
        headers: Sent with every page.
    """

    participation: "Participation"
    clock: "Clock"
    templates: "Environment"
    headers: dict[str, str]

    async def show(self, token: str) -> Response:
        """Show what the link is about; the first look is kept as evidence."""
        try:
            return self._page(await self.participation.opened(token), token)
        except NotFound:
            return self._gone()

    async def peek(self, token: str) -> Response:
        """Answer who asks for the headers only; nobody has read anything then."""
        try:
            return self._page(await self.participation.by_token(token), token)
        except NotFound:
            return self._gone()

    async def inbox(self, token: str) -> Response:
        """Show everything that the participant was told."""
        try:
            inbox = await self.participation.inbox(token)
        except NotFound:
            return self._gone()
        values = {"letters": tuple(_letters(inbox)), "base": f"/p/{token}"}
        return self._html("inbox.html", values, OK)

    async def opt_out(self, token: str) -> Response:
        """Opt out, and lead back to the page, which confirms it."""
        try:
            await self.participation.opt_out(token)
        except DomainError as error:
            return await self._refused(token, error)
        return self._back(token)

    async def opt_in(self, token: str) -> Response:
        """Take the opt-out back, and lead back to the page."""
        try:
            await self.participation.opt_in_again(token)
        except DomainError as error:
            return await self._refused(token, error)
        return self._back(token)

    async def _refused(self, token: str, error: DomainError) -> Response:
        try:
            page = await self.participation.by_token(token)
        except NotFound:
            return self._gone()
        return self._page(page, token, refusal=str(error), status=CONFLICT)

    def _page(
        self, page: NoticePage, token: str, *, refusal: str = "", status: int = 200
    ) -> Response:
        values = {
            "page": page,
            "notice": page.content,
            "face": face(page, self.clock.now()),
            "opted_out_at": _local(page, page.opted_out_at),
            "base": f"/p/{token}",
            "refusal": refusal,
            "now": self.clock.now(),
            "reasons": REASONS,
        }
        return self._html("notice.html", values, status)

    def _gone(self) -> Response:
        return self._html("gone.html", {}, NOT_FOUND)

    def _back(self, token: str) -> Response:
        return RedirectResponse(f"/p/{token}", SEE_OTHER, headers=self.headers)

    def _html(self, name: str, values: dict[str, Any], status: int) -> Response:
        text = self.templates.get_template(name).render(values)
        return HTMLResponse(text, status, headers=self.headers)


def face(page: NoticePage, now: "datetime") -> str:
    """Return which face the page shows, as one word.

    ``cancelled``, ``over``, ``out`` for someone who opted out, else ``running`` from
    the start on and ``coming`` before it.
    """
    window = page.event.window
    if page.event.stage is Stage.CANCELLED:
        return "cancelled"
    if page.event.stage in (Stage.COMPLETED, Stage.SETTLED) or now >= window.end:
        return "over"
    if page.opted_out_at is not None and not page.can_opt_out:
        return "out"
    return "running" if now >= window.start else "coming"


def install(app: FastAPI, node: "Node") -> None:
    """Give an application the participant's pages."""
    mount(app, make_pages(node.participation, node.clock))


def mount(app: FastAPI, pages: Pages) -> None:
    """Put pages where the links in letters lead."""
    router = APIRouter(prefix="/p", include_in_schema=False)
    plain = partial(router.add_api_route, response_class=HTMLResponse)
    plain("/{token}", pages.show, methods=["GET"])
    plain("/{token}", pages.peek, methods=["HEAD"])
    plain("/{token}/inbox", pages.inbox, methods=["GET", "HEAD"])
    plain("/{token}/opt-out", pages.opt_out, methods=["POST"])
    plain("/{token}/opt-in", pages.opt_in, methods=["POST"])
    app.include_router(router)


def make_pages(participation: "Participation", clock: "Clock") -> Pages:
    """Return the pages; their style is part of them and named by its hash."""
    templates = environment("csms.portal")
    loader = templates.loader
    style = loader.get_source(templates, "style.css")[0] if loader else ""
    templates.globals["style"] = style
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    headers = {
        "Cache-Control": "no-store",
        "Content-Security-Policy": (
            f"default-src 'none'; style-src 'sha256-{digest}'; form-action 'self'; "
            "base-uri 'none'; frame-ancestors 'none'"
        ),
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "X-Robots-Tag": "noindex, nofollow",
    }
    return Pages(participation, clock, templates, headers)


@dataclass(frozen=True, slots=True)
class Shown:
    """A notice as an inbox shows it.

    Attributes:
        at: When it was told, where the participant lives.
        subject: Its first line.
        text: The rest of it, without a link: links are never kept.
    """

    at: "datetime"
    subject: str
    text: str


def _letters(inbox: Inbox) -> "Iterator[Shown]":
    for each in inbox.notices:
        here = each.event == inbox.event
        place = "(the button on the event's page)" if here else "(see your e-mail)"
        yield Shown(
            each.created_at.astimezone(inbox.zone),
            each.letter.subject,
            each.letter.text.replace(LINK_MARK, place),
        )


def _local(page: NoticePage, instant: "datetime | None") -> "datetime | None":
    return instant.astimezone(page.content.starts_at.tzinfo) if instant else None
