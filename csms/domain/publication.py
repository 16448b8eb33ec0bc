"""Firmware that local controllers offer to their stations (L03, L04)."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from csms.domain.firmware import Fit
from csms.domain.ids import StationId


class PublishState(StrEnum):
    """How far the publishing of a firmware by a local controller has come (L03)."""

    SENT = "sent"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    IDLE = "idle"
    DOWNLOAD_SCHEDULED = "download_scheduled"
    DOWNLOADING = "downloading"
    DOWNLOAD_PAUSED = "download_paused"
    DOWNLOADED = "downloaded"
    CHECKSUM_VERIFIED = "checksum_verified"
    PUBLISHED = "published"
    DOWNLOAD_FAILED = "download_failed"
    INVALID_CHECKSUM = "invalid_checksum"
    PUBLISH_FAILED = "publish_failed"
    UNPUBLISHED = "unpublished"


PUBLISH_ENDS = frozenset(
    {
        PublishState.REFUSED,
        PublishState.DOWNLOAD_FAILED,
        PublishState.INVALID_CHECKSUM,
        PublishState.PUBLISH_FAILED,
        PublishState.UNPUBLISHED,
    }
)


@dataclass(frozen=True, slots=True)
class Publication:
    """A firmware that a local controller offers to its stations, or shall (L03).

    Attributes:
        station: The local controller.
        request_id: By which both sides name it; 0 before it is kept.
        image: The image.
        checksum: MD5 of the file, hexadecimal: its name when it is withdrawn (L04).
        locations: Where stations can fetch it now.
    """

    station: StationId
    request_id: int
    image: str
    checksum: str
    state: PublishState
    created_at: datetime
    asked_by: str
    updated_at: datetime
    locations: tuple[str, ...] = ()
    detail: str = ""


def published(
    before: Publication,
    said: PublishState,
    at: datetime,
    locations: tuple[str, ...] = (),
    info: str = "",
) -> tuple[Publication, Fit]:
    """Return the publication after its local controller has spoken, and the fit.

    ``Idle`` says that nothing is under way and changes nothing (L03.FR.10); a file that
    is offered without saying where is of no use to anybody (L03.FR.04).
    """
    if said is PublishState.IDLE:
        under_way = before.state not in PUBLISH_ENDS | {PublishState.PUBLISHED}
        fit = Fit.OUT_OF_ORDER if under_way else Fit.FITS
        return replace(before, updated_at=at), fit
    if before.state in PUBLISH_ENDS:
        return before, Fit.REPEATED if said is before.state else Fit.AFTER_END
    lost = said is PublishState.PUBLISHED and not locations
    fit = Fit.REPEATED if said is before.state else Fit.FITS
    after = replace(before, state=said, updated_at=at, detail=info)
    if said is PublishState.PUBLISHED:
        after = replace(after, locations=locations)
    return after, Fit.OUT_OF_ORDER if lost else fit
