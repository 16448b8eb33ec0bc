"""Firmware as the API says it: images, updates, campaigns, publications."""

from datetime import datetime

from pydantic import AwareDatetime, BaseModel, Field

from csms.api.bodies import RequestBody
from csms.domain.campaign import Campaign, CampaignMember
from csms.domain.firmware import FirmwareImage, FirmwareUpdate, Step
from csms.domain.publication import Publication


class ImageBody(RequestBody):
    """A firmware image as an operator registers it."""

    id: str = Field(description="Its name here.", max_length=64)
    vendor: str = Field(max_length=255, description="Whose stations it is for.")
    model: str = Field("*", max_length=255, description="Which; * and ? are patterns.")
    version: str = Field(
        max_length=50, description="What a station says at its start that runs it."
    )
    location: str | None = Field(
        None, description="Where stations fetch it; without it, upload the file."
    )
    md5: str | None = Field(None, description="Of the file; local controllers need it.")
    signing_certificate: str | None = Field(
        None, description="In PEM; with it updates are secured (L01)."
    )
    signature: str | None = Field(None, description="Of the whole file, base64.")
    note: str = Field("", max_length=1000)


class ImageItem(BaseModel):
    """A firmware image."""

    id: str
    vendor: str
    model: str
    version: str
    location: str | None
    filename: str | None = Field(description="Of the file that this system serves.")
    size: int | None
    md5: str | None
    sha256: str | None
    signed: bool = Field(description="Whether updates with it are secured ones.")
    valid_until: datetime | None = Field(description="End of the certificate.")
    ready: bool = Field(description="Whether there is something to fetch.")
    note: str
    created_at: datetime
    created_by: str
    retired_at: datetime | None


class UpdateBody(RequestBody):
    """An update as an operator wants it."""

    image: str
    retrieve_at: AwareDatetime | None = Field(None, description="Now without it.")
    install_at: AwareDatetime | None = Field(
        None, description="Not before this; as soon as possible without it."
    )
    retries: int | None = Field(3, ge=0, le=1000)
    retry_interval_s: int | None = Field(60, ge=0, le=86400)
    location: str | None = Field(
        None, max_length=2000, description="A local controller's, once published."
    )


class StepItem(BaseModel):
    """One thing that was said or done, in the order in which it came."""

    at: datetime
    said: str
    fit: str = Field(description="`fits`, `repeated`, `out_of_order`, `after_end`.")
    info: str


class UpdateItem(BaseModel):
    """An update of a station."""

    request_id: int
    station: str
    image: str
    version: str
    secured: bool
    state: str
    open: bool = Field(description="Whether more is expected of it.")
    detail: str
    campaign: str | None
    asked_by: str
    created_at: datetime
    retrieve_at: datetime
    install_at: datetime | None
    sent_at: datetime | None
    updated_at: datetime | None
    fetched_at: datetime | None = Field(description="When our file was fetched.")
    confirmed_at: datetime | None = Field(
        description="When the station was seen to start with it."
    )
    steps: list[StepItem] | None = None


class CampaignBody(RequestBody):
    """A campaign as an operator begins it."""

    id: str = Field(max_length=64)
    name: str = Field("", max_length=200)
    image: str
    site: str | None = Field(None, description="Only stations of this site.")
    stations: list[str] = Field(
        default_factory=list,
        max_length=100_000,
        description="Only these; all that the image fits without any.",
    )
    wave_size: int = Field(10, ge=1)
    max_parallel: int = Field(5, ge=1)
    pause_share: float = Field(
        0.2, description="Share of failures at which it pauses by itself."
    )
    retries: int = Field(1, ge=0, le=100)
    retry_rest_s: int = Field(1800, ge=0)
    starts_at: AwareDatetime | None = None


class MemberItem(BaseModel):
    """One station of a campaign."""

    station: str
    wave: int
    state: str
    attempts: int
    request_id: int | None
    detail: str
    updated_at: datetime | None


class CampaignItem(BaseModel):
    """A campaign."""

    id: str
    name: str
    image: str
    version: str
    state: str
    detail: str
    wave_size: int
    max_parallel: int
    pause_share: float
    retries: int
    starts_at: datetime
    created_at: datetime
    created_by: str
    counts: dict[str, int] | None = Field(None, description="Stations by state.")
    members: list[MemberItem] | None = None


class PublicationBody(RequestBody):
    """What a local controller shall offer."""

    image: str


class PublicationItem(BaseModel):
    """What a local controller offers, or shall offer (L03)."""

    request_id: int
    station: str
    image: str
    checksum: str
    state: str
    detail: str
    locations: list[str]
    created_at: datetime
    updated_at: datetime
    steps: list[StepItem] | None = None


def image_item(image: FirmwareImage) -> ImageItem:
    """Return an image."""
    return ImageItem(
        id=image.id,
        vendor=image.vendor,
        model=image.model,
        version=image.version,
        location=image.location,
        filename=image.filename,
        size=image.size,
        md5=image.md5,
        sha256=image.sha256,
        signed=image.is_signed,
        valid_until=image.valid_until,
        ready=image.location is not None or image.filename is not None,
        note=image.note,
        created_at=image.created_at,
        created_by=image.created_by,
        retired_at=image.retired_at,
    )


def update_item(update: FirmwareUpdate, steps: list[Step] | None = None) -> UpdateItem:
    """Return an update, with its history if that is given."""
    return UpdateItem(
        request_id=update.request_id,
        station=update.station,
        image=update.image,
        version=update.version,
        secured=update.secured,
        state=update.state.value,
        open=update.is_open,
        detail=update.detail,
        campaign=update.campaign,
        asked_by=update.asked_by,
        created_at=update.created_at,
        retrieve_at=update.retrieve_at,
        install_at=update.install_at,
        sent_at=update.sent_at,
        updated_at=update.updated_at,
        fetched_at=update.fetched_at,
        confirmed_at=update.confirmed_at,
        steps=None if steps is None else [step_item(each) for each in steps],
    )


def step_item(step: Step) -> StepItem:
    """Return one step of a history."""
    return StepItem(at=step.at, said=step.said, fit=step.fit.value, info=step.info)


def campaign_item(
    campaign: Campaign, members: list[CampaignMember] | None = None
) -> CampaignItem:
    """Return a campaign, with its members if they are given."""
    counts: dict[str, int] = {}
    for each in members or ():
        counts[each.state.value] = counts.get(each.state.value, 0) + 1
    pace = campaign.pace
    return CampaignItem(
        id=campaign.id,
        name=campaign.name,
        image=campaign.image,
        version=campaign.version,
        state=campaign.state.value,
        detail=campaign.detail,
        wave_size=pace.wave_size,
        max_parallel=pace.max_parallel,
        pause_share=pace.pause_share,
        retries=pace.retries,
        starts_at=campaign.starts_at,
        created_at=campaign.created_at,
        created_by=campaign.created_by,
        counts=None if members is None else counts,
        members=None if members is None else [_member(each) for each in members],
    )


def publication_item(
    publication: Publication, steps: list[Step] | None = None
) -> PublicationItem:
    """Return a publication, with its history if that is given."""
    return PublicationItem(
        request_id=publication.request_id,
        station=publication.station,
        image=publication.image,
        checksum=publication.checksum,
        state=publication.state.value,
        detail=publication.detail,
        locations=list(publication.locations),
        created_at=publication.created_at,
        updated_at=publication.updated_at,
        steps=None if steps is None else [step_item(each) for each in steps],
    )


def _member(member: CampaignMember) -> MemberItem:
    return MemberItem(
        station=member.station,
        wave=member.wave,
        state=member.state.value,
        attempts=member.attempts,
        request_id=member.request_id,
        detail=member.detail,
        updated_at=member.updated_at,
    )
