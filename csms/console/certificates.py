"""Certificates: what is where, what ends when, and what is being renewed."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Form, Query
from fastapi.responses import Response

from csms.console import security_wording
from csms.console.shell import PageRoute, ShellOf, to
from csms.domain.errors import Broken
from csms.domain.ids import StationId
from csms.domain.signing import CertificateUse
from csms.services.certificate_shelf import Owner, Shelf, Shelved, shelf
from csms.services.renewal import TRIGGERS
from csms.services.rotation import StationAway
from csms.web.auth import NodeOf, Operator, Viewer

router = APIRouter(route_class=PageRoute, include_in_schema=False)
PAGE, LATEST = 50, 25
DAY = timedelta(days=1)
SPANS: tuple[tuple[str, timedelta], ...] = (
    ("expired", timedelta(0)),
    ("within 30 days", 30 * DAY),
    ("within 90 days", 90 * DAY),
    ("within a year", 365 * DAY),
    ("later", timedelta.max),
)
TONES = {"expired": "bad", "within 30 days": "warn"}


class NotRenewing(StationAway):
    """The station does not renew its certificate now."""

    code = "not-renewing"


@dataclass(frozen=True, slots=True)
class Span:
    """How many certificates end in a span of time.

    Attributes:
        words: The span.
        tone: How it is shown.
        count: How many end in it.
    """

    words: str
    tone: str
    count: int


@router.get("/certificates")
async def certificates(
    caller: Viewer,
    node: NodeOf,
    shell: ShellOf,
    q: str = "",
    owner: str = "",
    page: Annotated[int, Query(ge=1, le=10_000)] = 1,
) -> Response:
    """Show certificates, what ends first comes first."""
    part = q.strip().lower()
    kept = await shelf(node.begin, node.security, node.certificates)
    now = node.clock.now()
    present = [each for each in kept.certificates if not each.replaced]
    fitting = [
        each
        for each in kept.certificates
        if owner in ("", each.owner) and part in _text(each)
    ]
    first = (page - 1) * PAGE
    return shell.page(
        "certificates.html",
        caller,
        say=security_wording,
        kept=kept,
        rows=fitting[first : first + PAGE],
        fitting=len(fitting),
        page_number=page,
        more=len(fitting) > first + PAGE,
        spans=_spans(present, now),
        revoked=kept.revoked[:LATEST],
        changes=[(each, _members(kept, each.id)) for each in kept.rotations[:LATEST]],
        named={each.fingerprint: each.subject for each in kept.certificates},
        renewed_before=node.security.renewal.before,
        tone=lambda each: TONES.get(_span(each, now), "good"),
        filters={"q": q.strip(), "owner": owner},
        owners=list(Owner),
    )


@router.post("/stations/{station}/certificate-renewal")
async def renew(
    station: StationId, caller: Operator, node: NodeOf, use: Annotated[str, Form()]
) -> Response:
    """Ask a station for a signing request (A02); its certificate follows by itself."""
    if use not in {each.value for each in TRIGGERS}:
        raise Broken(f"no station renews a certificate for {use}", field="use")
    said = await node.security.renewal.renew(station, CertificateUse(use), caller.name)
    if not said.accepted:
        raise NotRenewing(
            f"{station} says {said.status}",
            remedy="it is asked again in a few minutes, by itself",
        )
    return to(f"/certificates?q={station}")


def _spans(rows: Sequence[Shelved], now: datetime) -> Sequence[Span]:
    """Return how many end in which span of time."""
    counts = Counter(_span(each, now) for each in rows)
    return [Span(words, TONES.get(words, "good"), counts[words]) for words, _ in SPANS]


def _span(row: Shelved, now: datetime) -> str:
    left = row.left(now)
    return next(words for words, most in SPANS if left <= most)


def _text(row: Shelved) -> str:
    return f"{row.station or ''} {row.subject} {row.fingerprint}".lower()


def _members(kept: Shelf, number: int) -> Mapping[str, int]:
    """Return how many stations of a change of roots have come how far."""
    rotation = next(each for each in kept.rotations if each.id == number)
    return Counter(security_wording.MEMBERS[each.stage] for each in rotation.members)
