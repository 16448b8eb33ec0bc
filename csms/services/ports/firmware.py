"""What firmware needs from the world: stores, stations, certificates."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from csms.domain.campaign import Campaign, CampaignMember
from csms.domain.firmware import FirmwareImage, FirmwareUpdate, Step
from csms.domain.ids import StationId
from csms.domain.publication import Publication
from csms.services.ports.wire import Reply

UPDATE, PUBLICATION = "update", "publication"
"""Whose steps are kept: each kind numbers its own."""


@dataclass(frozen=True, slots=True)
class FirmwareOrder:
    """All that a station is told of an update (L01.FR.11, L02)."""

    request_id: int
    location: str
    retrieve_at: datetime
    install_at: datetime | None = None
    signing_certificate: str | None = None
    signature: str | None = None
    retries: int | None = None
    retry_interval_s: int | None = None


@dataclass(frozen=True, slots=True)
class PublishOrder:
    """All that a local controller is told of a firmware (L03)."""

    request_id: int
    location: str
    checksum: str
    retries: int | None = None
    retry_interval_s: int | None = None


class FirmwareWire(Protocol):
    """Asks stations and local controllers (block L).

    Every method raises ``NoAnswer`` and ``RefusedByStation``. The words of replies are
    those of the wire.
    """

    async def update(self, station: StationId, order: FirmwareOrder) -> Reply:
        """Ask for an update (L01, L02)."""
        ...

    async def publish(self, station: StationId, order: PublishOrder) -> Reply:
        """Ask a local controller to offer a firmware (L03)."""
        ...

    async def unpublish(self, station: StationId, checksum: str) -> Reply:
        """Ask a local controller to offer it no longer (L04)."""
        ...


@dataclass(frozen=True, slots=True)
class SigningCertificate:
    """What a firmware signing certificate says.

    Attributes:
        subject: Whose it is.
        begins: When it begins to be valid.
        ends: When it ends.
    """

    subject: str
    begins: datetime
    ends: datetime


class BadCertificate(Exception):
    """A certificate cannot be read, or is none that signs."""


class SigningCheck(Protocol):
    """Reads signing certificates and checks signatures."""

    def read(self, pem: str) -> SigningCertificate:
        """Return what it says.

        Raises:
            BadCertificate: If it cannot be read.
        """
        ...

    def holds(self, pem: str, signature: str, file: Path) -> bool:
        """Tell whether the signature is that of the whole file (L01.FR.04).

        It reads the file, so it belongs in a thread.

        Raises:
            BadCertificate: If the key is of a kind that signs no firmware.
        """
        ...


class FirmwareStore(Protocol):
    """Images, updates and publications of one unit of work."""

    async def add_image(self, image: FirmwareImage) -> bool:
        """Keep a new image; tell whether its name was free."""
        ...

    async def save_image(self, image: FirmwareImage) -> None:
        """Keep what has changed of an image."""
        ...

    async def image(self, name: str) -> FirmwareImage | None:
        """Return one image, or None."""
        ...

    async def images(self) -> Sequence[FirmwareImage]:
        """Return every image, the youngest first."""
        ...

    async def add_update(self, update: FirmwareUpdate) -> FirmwareUpdate:
        """Keep a new update; return it with its number."""
        ...

    async def save_update(self, update: FirmwareUpdate) -> None:
        """Keep what has changed of an update."""
        ...

    async def hold_update(self, request_id: int) -> FirmwareUpdate | None:
        """Return an update that nobody else changes until this work ends."""
        ...

    async def update(self, request_id: int) -> FirmwareUpdate | None:
        """Return one update, or None."""
        ...

    async def updates(
        self,
        *,
        station: StationId | None = None,
        campaign: str | None = None,
        before: int | None = None,
        limit: int = 100,
    ) -> Sequence[FirmwareUpdate]:
        """Return updates, the youngest first."""
        ...

    async def open_updates(self, station: StationId) -> Sequence[FirmwareUpdate]:
        """Return those of a station that have not ended, the youngest first."""
        ...

    async def states(self, numbers: Collection[int]) -> Mapping[int, FirmwareUpdate]:
        """Return updates by number."""
        ...

    async def claim_due(self, now: datetime) -> FirmwareUpdate | None:
        """Return a due update that nobody else holds, held until this work ends."""
        ...

    async def next_due(self) -> datetime | None:
        """Return when the next update is to be looked at."""
        ...

    async def unconfirmed(self) -> Sequence[tuple[FirmwareUpdate, str, datetime]]:
        """Return the latest update of stations that started since it was asked for.

        With each: the firmware that the station runs now, and since when. Updates that
        are confirmed already are left out.
        """
        ...

    async def add_step(self, kind: str, request_id: int, step: Step) -> None:
        """Append to the history of an update or a publication."""
        ...

    async def steps(self, kind: str, request_id: int) -> Sequence[Step]:
        """Return the history, in the order in which it came."""
        ...

    async def add_link(
        self,
        token_hash: bytes,
        image: str,
        station: StationId,
        update: int | None,
        until: datetime,
    ) -> None:
        """Keep by which link a station may fetch a file of ours."""
        ...

    async def follow_link(self, token_hash: bytes, now: datetime) -> str | None:
        """Return the image behind a link, and note that it was fetched."""
        ...

    async def add_publication(self, publication: Publication) -> Publication:
        """Keep a new publication; return it with its number."""
        ...

    async def save_publication(self, publication: Publication) -> None:
        """Keep what has changed of a publication."""
        ...

    async def hold_publication(self, request_id: int) -> Publication | None:
        """Return a publication that nobody else changes until this work ends."""
        ...

    async def publications(
        self, station: StationId | None = None
    ) -> Sequence[Publication]:
        """Return publications, the youngest first."""
        ...


class CampaignStore(Protocol):
    """The campaigns of one unit of work."""

    async def add(self, campaign: Campaign, members: Sequence[CampaignMember]) -> bool:
        """Keep a new campaign; tell whether its name was free."""
        ...

    async def find(self, name: str) -> Campaign | None:
        """Return one campaign, or None."""
        ...

    async def hold(self, name: str) -> Campaign | None:
        """Return a campaign that nobody else changes until this work ends."""
        ...

    async def all(self) -> Sequence[Campaign]:
        """Return every campaign, the youngest first."""
        ...

    async def claim_due(self, now: datetime) -> Campaign | None:
        """Return a due campaign that nobody else holds, held until this work ends."""
        ...

    async def next_due(self) -> datetime | None:
        """Return when the next campaign is to be looked at."""
        ...

    async def save(self, campaign: Campaign) -> None:
        """Keep what has changed of a campaign."""
        ...

    async def wake(self, name: str, at: datetime) -> None:
        """Let a campaign that is not completed be looked at, now."""
        ...

    async def members(self, name: str) -> Sequence[CampaignMember]:
        """Return its members, by wave and station."""
        ...

    async def save_member(self, name: str, member: CampaignMember) -> None:
        """Keep what has changed of a member."""
        ...

    async def busy(self, stations: Collection[StationId]) -> Mapping[StationId, str]:
        """Return which of the stations a campaign that is not over still waits for."""
        ...
