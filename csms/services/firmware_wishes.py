"""What may be wanted of a station's firmware, and what speaks against it."""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from csms.charging.capability import as_members
from csms.domain.errors import Broken, Conflict, NotAllowed, NotFound
from csms.domain.firmware import FirmwareImage, FirmwareUpdate, UpdateState, moved
from csms.domain.ids import StationId
from csms.domain.station import EDITION_201, Standing, Station
from csms.services.firmware import Images
from csms.services.ports.work import Work
from csms.services.reception import UnknownStation
from csms.services.world import World

LONGEST_201 = 512


class NoSuchUpdate(NotFound):
    """There is no such firmware update."""

    code = "no-such-update"
    usual_remedy = "see csms firmware list"


class DoesNotFit(Broken):
    """The station lacks something for this firmware."""

    code = "firmware-does-not-fit"


class ImageRetired(NotAllowed):
    """The image is not given to anybody any more."""

    code = "image-retired"


class CertificateEnded(NotAllowed):
    """The signing certificate of the image has ended."""

    code = "certificate-ended"


class UpdateUnderWay(Conflict):
    """The station was asked already; only another update could take its place."""

    code = "update-under-way"


@dataclass(frozen=True, slots=True)
class UpdateWish:
    """What an operator or a campaign wants of a station.

    Attributes:
        image: The image.
        retrieve_at: When it is to be fetched; now without it.
        install_at: Not to be installed before this.
        retries: How often the station shall try again to fetch it.
        retry_interval_s: Seconds between such tries.
        location: Where it is fetched instead: from a local controller (L03).
        campaign: The campaign that wants it.
    """

    image: str
    retrieve_at: datetime | None = None
    install_at: datetime | None = None
    retries: int | None = 3
    retry_interval_s: int | None = 60
    location: str | None = None
    campaign: str | None = None


@dataclass(frozen=True, slots=True)
class FirmwareWishes:
    """Keeps what is wanted, if nothing speaks against it.

    Attributes:
        world: The means of the node.
        images: What there is to install.
    """

    world: World
    images: Images

    async def prepare(
        self,
        work: Work,
        station: StationId,
        image: FirmwareImage,
        wish: UpdateWish,
        by: str,
    ) -> FirmwareUpdate:
        """Keep an update that is wanted; it waits for its first step.

        What the station was not asked for yet gives way to it.

        Raises:
            UnknownStation: If no such station is in the registry.
            DoesNotFit: If the image is none for this station, or it lacks something.
            ImageRetired: If the image is not given to anybody any more.
            CertificateEnded: If its signing certificate has ended.
        """
        now = self.world.clock.now()
        await self.check(work, station, image, wish)
        for each in await work.firmware.open_updates(station):
            if each.state is UpdateState.WANTED:
                gone = moved(each, UpdateState.CANCELED, now, "a newer one is wanted")
                await work.firmware.save_update(gone)
        update = FirmwareUpdate(
            station=station,
            request_id=0,
            image=image.id,
            version=image.version,
            secured=image.is_signed,
            retrieve_at=wish.retrieve_at or now,
            install_at=wish.install_at,
            retries=wish.retries,
            retry_interval_s=wish.retry_interval_s,
            location=wish.location,
            campaign=wish.campaign,
            created_at=now,
            asked_by=by,
            updated_at=now,
            due_at=now,
        )
        return await work.firmware.add_update(update)

    async def check(
        self, work: Work, station: StationId, image: FirmwareImage, wish: UpdateWish
    ) -> None:
        """Raise what speaks against giving an image to a station."""
        known = self._known(station)
        now = self.world.clock.now()
        _check_dates(wish, now)
        if image.retired_at is not None:
            raise ImageRetired(f"{image.id} is retired", field="image")
        if image.valid_until is not None and image.valid_until <= now:
            raise CertificateEnded(
                f"the signing certificate of {image.id} ended on "
                f"{image.valid_until:%Y-%m-%d}",
                field="image",
                remedy="register the image with a new certificate and signature",
            )
        if not image.fits(known.make):
            make = known.make
            runs = f"{make.vendor} {make.model}" if make else "of an unknown make"
            raise DoesNotFit(
                f"{image.id} is for {image.vendor} {image.model}, {station} is {runs}",
                field="image",
            )
        if image.location is None and image.filename is None and not wish.location:
            raise DoesNotFit(
                f"{image.id} has no file yet", field="image", remedy="upload it"
            )
        location = wish.location or image.location or self.images.base_url
        await self._check_location(work, known, location)

    def _known(self, station: StationId) -> Station:
        known = self.world.book.station(station)
        if known is None:
            raise UnknownStation(f"there is no station {station}")
        if known.standing is Standing.REJECTED:
            raise DoesNotFit("a rejected station is not sent anything (B03.FR.03)")
        return known

    async def _check_location(
        self, work: Work, station: Station, location: str
    ) -> None:
        limited = station.edition == EDITION_201 and len(location) > LONGEST_201
        if limited:
            raise DoesNotFit(
                f"{EDITION_201} takes {LONGEST_201} characters", field="location"
            )
        variables = await work.models.variables(station.id)
        spoken: set[str] = set()
        for each in variables:
            if each.key.variable == "FileTransferProtocols":
                spoken |= {name.lower() for name in as_members(each.value)}
        scheme = urlsplit(location).scheme.lower()
        if spoken and scheme not in spoken:
            raise DoesNotFit(
                f"{station.id} fetches files by {', '.join(sorted(spoken))} only",
                field="location",
                remedy=f"serve the file by one of these instead of {scheme}",
            )


def _check_dates(wish: UpdateWish, now: datetime) -> None:
    retrieve = wish.retrieve_at or now
    if wish.install_at is not None and wish.install_at < retrieve:
        raise DoesNotFit(
            "it cannot be installed before it is fetched", field="install_at"
        )
