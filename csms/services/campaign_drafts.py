"""Campaigns as operators ask for them, and what is wrong with them."""

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from csms.domain.campaign import Pace
from csms.domain.errors import Broken, Conflict, NotFound
from csms.domain.ids import SiteId, StationId

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class NoSuchCampaign(NotFound):
    """There is no such campaign."""

    code = "no-such-campaign"
    usual_remedy = "see csms firmware campaigns list"


class CampaignExists(Conflict):
    """There is a campaign of this name already."""

    code = "campaign-exists"


class StationBusy(Conflict):
    """Another campaign has not finished with some of these stations."""

    code = "station-busy"


class CampaignOver(Conflict):
    """The campaign cannot do this as it stands."""

    code = "campaign-state"
    usual_remedy = "begin a new one"


class BadCampaign(Broken):
    """The campaign does not make sense."""

    code = "bad-campaign"


@dataclass(frozen=True, slots=True)
class CampaignDraft:
    """A campaign as an operator asks for it.

    Attributes:
        site: Only stations of this site.
        stations: Only these stations; none for all that the image fits.
        starts_at: When it begins; now without it.
    """

    id: str
    name: str
    image: str
    site: SiteId | None = None
    stations: tuple[StationId, ...] = ()
    pace: Pace = field(default_factory=Pace)
    starts_at: datetime | None = None


def check_draft(draft: CampaignDraft) -> None:
    """Refuse what makes no sense.

    Raises:
        BadCampaign: With the field at fault.
    """
    pace = draft.pace
    if not _NAME.fullmatch(draft.id):
        raise BadCampaign(
            "a name has 1 to 64 letters, digits, dots, dashes", field="id"
        )
    if not 0 < pace.pause_share <= 1:
        raise BadCampaign("a share lies above 0 and up to 1", field="pause_share")
    for name in ("wave_size", "max_parallel"):
        if getattr(pace, name) < 1:
            raise BadCampaign("at least 1", field=name)
    if pace.retries < 0 or pace.retry_rest < timedelta(0):
        raise BadCampaign("it cannot be negative", field="retries")
