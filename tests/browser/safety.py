"""What stands of security in a lively fleet: changes, events, certificates, roots."""

from dataclasses import replace
from datetime import datetime, timedelta

from csms.domain.certificate import Installed, RootUse
from csms.domain.ids import StationId
from csms.domain.security import (
    RotationState,
    SecurityProfile,
    SecurityUpgrade,
    UpgradeState,
)
from csms.domain.signing import (
    CertificateState,
    CertificateUse,
    IssuedCertificate,
    SigningRequest,
    SigningState,
)
from csms.services.node import Node
from csms.services.ports.certificate_store import (
    MemberStage,
    Rotation,
    RotationMember,
    RotationStage,
)
from csms.services.ports.work import Work
from tests.authorities import Wish, issue

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
HASH = "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$aGFzaA"
SPOKEN = (
    (0, "InvalidFirmwareSignature", "image <b>9.1</b>"),
    (1, "TamperDetectionActivated", ""),
    (2, "MaintenanceLoginFailed", "third time"),
    (3, "SettingSystemTime", "+3 s"),
    (0, "SomethingOfTheMaker", "x" * 90),
    (4, "StartupOfTheDevice", ""),
)
ENDS = ((0, 12), (1, 25), (2, 80), (5, 300), (6, -3), (7, 700))
"""Which station's certificate ends in how many days."""


async def secure(node: Node, now: datetime) -> None:
    """Let stations have been attacked, changed and certified."""
    stations = [each.id for each in node.book.stations()]
    old = issue("First Root", None, Wish(until=now + 60 * DAY))
    new = issue("Second Root", None, Wish(until=now + 3_000 * DAY))
    for party, use in (
        (old, RootUse.CSMS),
        (new, RootUse.CSMS),
        (issue("Root of vehicles"), RootUse.V2G),
    ):
        await node.certificates.trust.add(use, party.pem, "olivia")
    for place, kind, info in SPOKEN:
        at = now - HOUR
        await node.security.events.record(stations[place], kind, info, at)
    async with node.begin() as work:
        await _change(work, stations, now)
        await _certify(work, stations, now)
        await _install(work, node, stations, now)
        members = [
            RotationMember(stations[0], MemberStage.VERIFIED, 0, now),
            RotationMember(stations[1], MemberStage.FAILED, 3, now, "Rejected: full"),
            RotationMember(stations[2], MemberStage.WAITING, 1, now),
        ]
        await work.root_rotations.add_rotation(
            Rotation(
                0, RootUse.CSMS, old.fingerprint, new.fingerprint,
                RotationStage.INSTALLING, "olivia", now - HOUR, now,
                members=tuple(members),
            )
        )  # fmt: skip


async def _change(work: Work, stations: list[StationId], now: datetime) -> None:
    """Change passwords and profiles, with more or less luck."""
    for place, profile in ((0, 2), (1, 3), (2, 3), (5, 3)):
        await work.security.entered(stations[place], SecurityProfile(profile), now)
    turns = (
        (6, RotationState.REFUSED, "that was before"),
        (3, RotationState.REFUSED, "the station says Rejected"),
        (4, RotationState.UNANSWERED, ""),
        (6, RotationState.ACCEPTED, ""),
    )
    for place, state, reason in turns:
        number = await work.security.begin_rotation(
            stations[place], HASH, "olivia", now - HOUR
        )
        await work.security.turn_rotation(number, state, reason, now)
    await work.security.begin_rotation(stations[0], HASH, "system", now - 40 * DAY)
    await work.security.confirm_password(stations[0], HASH, now - 40 * DAY)
    upgrade = SecurityUpgrade(
        0, stations[7], SecurityProfile.TLS, UpgradeState.RESET, now - HOUR, now,
        now + HOUR, "olivia",
    )  # fmt: skip
    await work.security.begin_upgrade(upgrade)
    begun = await work.security.begin_upgrade(replace(upgrade, station=stations[8]))
    fell = replace(
        begun, state=UpgradeState.FELL_BACK, reason="it came in by the old way"
    )
    await work.security.save_upgrade(fell)


async def _certify(work: Work, stations: list[StationId], now: datetime) -> None:
    """Issue certificates of all ages, and have some asked for."""
    for place, days in ENDS:
        name = stations[place]
        made = issue(name, None, Wish(authority=False, until=now + days * DAY))
        await work.security.keep_certificate(
            IssuedCertificate(
                made.fingerprint, f"{made.serial:x}", CertificateUse.STATION, name,
                f"CN={name},O=Example", "CN=Stations", now - 365 * DAY,
                now + days * DAY, made.pem, CertificateState.ACTIVE,
                now - 365 * DAY, "built-in",
            )
        )  # fmt: skip
        if place == ENDS[-1][0]:
            await work.security.turn_certificate(
                made.fingerprint,
                CertificateState.REVOKED,
                reason="the key was <i>stolen</i>",
                revoked_at=now - DAY,
            )
    asked = SigningRequest(
        0, stations[0], CertificateUse.STATION, "CSR", SigningState.WAITING,
        now - HOUR, now + HOUR, attempts=2,
    )  # fmt: skip
    await work.security.add_request(asked)
    failed = replace(
        asked,
        station=stations[4],
        state=SigningState.FAILED,
        reason="it is for another station",
    )
    await work.security.add_request(failed)


async def _install(
    work: Work, node: Node, stations: list[StationId], now: datetime
) -> None:
    """Let stations hold roots, and one something that nobody knows."""
    trust = node.certificates.trust
    root = next(each for each in trust.roots if each.use is RootUse.CSMS)
    named = trust.hashes(root)[0]
    known = Installed(RootUse.CSMS.value, named)
    strange = Installed(RootUse.MANUFACTURER.value, replace(named, serial="ABBA"))
    for place in range(4):
        held = [known, strange] if place == 3 else [known]
        await work.certificates.save_holding(stations[place], (), held, now)
