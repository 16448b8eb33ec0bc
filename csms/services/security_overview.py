"""How safely every station comes in: what is used, what is wanted, what is changing."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import IntEnum

from csms.domain.ids import StationId
from csms.domain.security import (
    PasswordRotation,
    RotationState,
    SecurityProfile,
    SecurityUpgrade,
    StationSecurity,
    UpgradeState,
)
from csms.domain.station import Station
from csms.services.ports.work import Begin
from csms.services.security import SecurityDesk
from csms.services.stations import StationBook


class Concern(IntEnum):
    """What about a station's security wants a look, the most pressing first."""

    FAILED = 0
    """A change of its password or its profile came to nothing."""
    CHANGING = 1
    """A change is under way."""
    OPEN_LINE = 2
    """It comes in without encryption."""
    NEVER_IN = 3
    """It was never seen to come in."""
    NONE = 4


@dataclass(frozen=True, slots=True)
class StationDoor:
    """How safely one station comes in.

    Attributes:
        station: Which.
        online: Whether it is here now.
        door: What is demanded of it, and how it came.
        certificate: Fingerprint of the certificate that it came in with, if it did.
        expired: Whether that certificate had expired.
        rotation: The latest change of its password; None if there was none.
        upgrade: The latest change of its profile; None if there was none.
        targets: The higher profiles that it can be brought to.
    """

    station: StationId
    online: bool
    door: StationSecurity
    certificate: str | None
    expired: bool
    rotation: PasswordRotation | None
    upgrade: SecurityUpgrade | None
    targets: tuple[SecurityProfile, ...]

    @property
    def uses(self) -> SecurityProfile | None:
        """Return the profile that it last came in with; None before the first time."""
        return self.door.last_profile

    @property
    def wanted(self) -> SecurityProfile:
        """Return the profile that it should come in with: that of an open upgrade."""
        if self.upgrade is not None and self.upgrade.state.is_open:
            return self.upgrade.target
        return self.door.least

    @property
    def concern(self) -> Concern:
        """Return what wants a look."""
        states = [each.state for each in (self.rotation, self.upgrade) if each]
        if any(each in FAILED for each in states):
            return Concern.FAILED
        if any(each.is_open for each in states):
            return Concern.CHANGING
        if self.uses is None:
            return Concern.NEVER_IN
        if self.uses is SecurityProfile.BASIC:
            return Concern.OPEN_LINE
        return Concern.NONE


FAILED = frozenset(
    {RotationState.REFUSED, UpgradeState.REFUSED, UpgradeState.FELL_BACK}
)


async def doors(
    begin: Begin, book: StationBook, desk: SecurityDesk
) -> Sequence[StationDoor]:
    """Return how every station comes in, what wants a look first, else by id."""
    async with begin() as work:
        kept = {each.station: each for each in await work.security.doors()}
        changes = {
            each.station: each for each in await work.security.latest_rotations()
        }
        ways = {each.station: each for each in await work.security.latest_upgrades()}
    found = [
        _door(
            book, desk, kept.get(each.id), each, changes.get(each.id), ways.get(each.id)
        )
        for each in book.stations()
    ]
    return sorted(found, key=lambda each: (each.concern, each.station))


async def door(
    begin: Begin, book: StationBook, desk: SecurityDesk, station: Station
) -> StationDoor:
    """Return how one station comes in."""
    async with begin() as work:
        kept = {each.station: each for each in await work.security.doors()}
        changes = await work.security.rotations(station.id)
        ways = await work.security.upgrades(station.id)
    latest = next(iter(changes), None), next(iter(ways), None)
    return _door(book, desk, kept.get(station.id), station, *latest)


def _door(
    book: StationBook,
    desk: SecurityDesk,
    kept: StationSecurity | None,
    station: Station,
    rotation: PasswordRotation | None,
    upgrade: SecurityUpgrade | None,
) -> StationDoor:
    present, known = (
        desk.identities.door(station.id),
        kept or StationSecurity(station.id),
    )
    last = present.last_profile or known.last_profile
    if last is None and station.booted_at is not None:
        last = SecurityProfile.BASIC  # whoever came in by more is written down
    return StationDoor(
        station.id,
        book.is_online(station.id),
        replace(known, last_profile=last, last_at=present.last_at or known.last_at),
        desk.identities.certificate_of(station.id),
        desk.identities.is_expired(station.id),
        rotation,
        upgrade,
        desk.upgrades.targets(station.id),
    )
