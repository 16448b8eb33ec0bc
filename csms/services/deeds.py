"""What somebody did: a fact for whoever follows, and an entry of the audit trail."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from csms.services.ports.work import Work

LINK = "link"
"""Said of a participant who came by the link of a letter."""


async def keep_deed(
    work: Work, kind: str, subject: str, body: Mapping[str, Any], at: datetime
) -> None:
    """Keep what was done, in the same commit as what it changes.

    Args:
        work: The unit of work.
        kind: A dotted word, such as ``event.called``.
        subject: What it was done to.
        body: What there is to say of it; ``by`` says who did it. A participant who came
            by a link is named himself.
        at: When.
    """
    await work.facts.add(kind, subject, dict(body), at)
    by = str(body.get("by", LINK))
    said = {name: value for name, value in body.items() if name != "by"}
    await work.access.audit(subject if by == LINK else by, kind, subject, said, at)
