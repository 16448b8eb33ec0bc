"""The audit log: who did what to what, and what was not allowed."""

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from fastapi import APIRouter
from fastapi.responses import Response

from csms.console import security_wording
from csms.console.shell import PageRoute, ShellOf
from csms.domain.ids import StationId
from csms.services.ports.access import AuditEntry, TrailFilter
from csms.web.auth import Admin, NodeOf

if TYPE_CHECKING:
    from csms.services.node import Node

router = APIRouter(route_class=PageRoute, include_in_schema=False)
PAGE = 50
DENIED = "denied."
FINGERPRINT, SHORT = 64, 12
REFUSALS = {
    "http.role": "request beyond the role",
    "http.unauthenticated": "request without valid credentials",
    "http.cross-origin": "request from a page of somebody else",
    "http.not-allowed": "request that nobody may make",
    "sign_in": "sign-in",
}
_PLACES = {
    "event": "/events/{}",
    "campaign": "/firmware/campaigns/{}",
    "firmware": "/firmware",
    "id_token": "/tokens",
    "tariff": "/tariffs",
    "reservation": "/reservations",
    "alert_rule": "/alerts",
    "certificate": "/certificates?q={}",
    "root": "/certificates?q={}",
    "rotation": "/certificates#changes",
    "authority": "/certificates?owner=ours",
}
"""Where the subjects of an action are shown, by the first word of it."""


@dataclass(frozen=True, slots=True)
class EntryView:
    """An entry as the page shows it.

    Attributes:
        entry: What is kept.
        words: What was done, as people write it.
        denied: Whether it was not allowed.
        name: Its subject, in short.
        place: Where its subject is shown; empty if nowhere.
    """

    entry: AuditEntry
    words: str
    denied: bool
    name: str
    place: str


@router.get("/audit")
async def audit(  # noqa: PLR0913, PLR0917 a filter in all its parts
    caller: Admin,
    node: NodeOf,
    shell: ShellOf,
    who: str = "",
    what: str = "",
    about: str = "",
    before: int | None = None,
) -> Response:
    """Show entries, the latest first."""
    filters = {
        name: said.replace("\0", "").strip()
        for name, said in (("who", who), ("what", what), ("about", about))
    }
    wanted = TrailFilter(**filters)
    async with node.begin() as work:
        found = await work.access.trail(before=before, limit=PAGE + 1, wanted=wanted)
    return shell.page(
        "audit.html",
        caller,
        say=security_wording,
        rows=[_view(node, each) for each in found[:PAGE]],
        more=found[PAGE - 1].id if len(found) > PAGE else None,
        filters=filters,
        filtered=any(filters.values()),
        before=before,
    )


def _view(node: "Node", entry: AuditEntry) -> EntryView:
    denied = entry.action.startswith(DENIED)
    what = entry.action.removeprefix(DENIED)
    words = REFUSALS.get(what) if denied else None
    words = words or what.replace(".", " ").replace("_", " ")
    subject = entry.subject
    short = (
        f"{subject[:SHORT]}\N{HORIZONTAL ELLIPSIS}" if _is_hash(subject) else subject
    )
    return EntryView(entry, words, denied, short, _place(node, entry))


def _is_hash(subject: str) -> bool:
    return len(subject) == FINGERPRINT and set(subject) <= set("0123456789abcdef")


def _place(node: "Node", entry: AuditEntry) -> str:
    """Return where the subject of an entry is shown; empty if nowhere."""
    subject = entry.subject
    station = StationId(subject.partition("/")[0])
    if node.book.station(station) is not None:
        return f"/stations/{quote(station)}"
    if not subject or entry.action.startswith(DENIED):
        return ""
    first = entry.action.partition(".")[0]
    return _PLACES.get(first, "").format(quote(subject, safe=""))
