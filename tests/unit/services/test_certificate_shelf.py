from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace as Some
from typing import Any

import pytest

from csms.domain.certificate import (
    CertificateFacts,
    CertificateHash,
    Digest,
    Installed,
    RootUse,
    TrustedRoot,
)
from csms.domain.ids import StationId
from csms.domain.signing import CertificateState, CertificateUse, IssuedCertificate
from csms.services.certificate_shelf import Owner, Shelf, shelf
from csms.services.ports.pki import AuthorityShown

NOW = datetime(2026, 7, 14, tzinfo=UTC)
DAY = timedelta(days=1)
STATION = StationId("CS-1")


def facts(name: str, days: int) -> Any:  # noqa: ANN401 - both kinds of facts
    return CertificateFacts(
        name, "", f"CN={name}", "CN=R", "1", NOW - 100 * DAY, NOW + days * DAY,
        authority=True, self_signed=True, key="EC 256",
    )  # fmt: skip


def issued(name: str, days: int, use: CertificateUse) -> IssuedCertificate:
    ours = use is CertificateUse.SERVER
    return IssuedCertificate(
        name, "1", use, None if ours else STATION, f"CN={name}", "CN=R",
        NOW - 100 * DAY, NOW + days * DAY, "", CertificateState.ACTIVE, NOW, "built-in",
    )  # fmt: skip


def installed(serial: str, *children: CertificateHash) -> Installed:
    return Installed("any", CertificateHash(Digest.SHA256, "a", "b", serial), children)


async def shelved(
    kept: Sequence[IssuedCertificate] = (),
    shown: Sequence[AuthorityShown] = (),
    roots: Sequence[TrustedRoot] = (),
    held: Sequence[tuple[StationId, Installed]] = (),
    served: dict[str, datetime] | None = None,
) -> Shelf:
    async def certificates(state: CertificateState) -> list[IssuedCertificate]:
        return [each for each in kept if each.state is state]

    async def requests(**_: object) -> list[object]:
        return []

    async def nothing() -> list[object]:
        return []

    async def holdings() -> Sequence[tuple[StationId, Installed]]:
        return held

    @asynccontextmanager
    async def begin() -> AsyncIterator[Any]:
        yield Some(
            security=Some(certificates=certificates, requests=requests),
            certificates=Some(holdings=holdings),
        )

    known = {each.fingerprint: each for each in roots}
    desk: Any = Some(
        certificates=Some(
            authorities=lambda: shown,
            built_in=Some(server_ends=(served or {}).get),
        )
    )
    services: Any = Some(
        trust=Some(roots=roots, identify=lambda each: known.get(each.hash.serial)),
        rotations=Some(list=nothing),
    )
    return await shelf(begin, desk, services)


async def test_of_our_own_only_what_is_served_is_shown() -> None:
    server = CertificateUse.SERVER
    kept = [issued("old", 5, server), issued("new", 50, server)]

    found = await shelved(kept, served={"ec": NOW + 50 * DAY})

    assert [each.fingerprint for each in found.certificates] == ["new"]
    assert found.certificates[0].owner is Owner.OURS
    assert not found.certificates[0].renewable


async def test_what_ends_first_comes_first_whoever_has_it() -> None:
    station = CertificateUse.STATION
    kept = [issued("late", 90, station), issued("soon", 9, station)]
    roots = [TrustedRoot(RootUse.V2G, facts("root", 40), "ann", NOW)]

    found = await shelved(kept, roots=roots)

    names = [each.fingerprint for each in found.certificates]
    assert names == ["soon", "root", "late"]
    assert [each.renewable for each in found.certificates] == [True, False, True]


async def test_an_authority_that_was_followed_does_not_count() -> None:
    root = CertificateUse.ROOT
    shown = [
        AuthorityShown("ec", root, 1, facts("first", 10), ""),
        AuthorityShown("ec", root, 2, facts("second", 900), ""),
        AuthorityShown("rsa", root, 1, facts("other", 20), ""),
    ]

    found = await shelved(shown=shown)

    replaced = {each.fingerprint: each.replaced for each in found.certificates}
    assert replaced == {"first": True, "second": False, "other": False}


async def test_who_holds_a_root_is_named_once_and_strangers_are_counted() -> None:
    roots = [TrustedRoot(RootUse.CSMS, facts("root", 40), "ann", NOW, "next")]
    own = installed("chain", installed("leaf").hash)
    held = [
        (STATION, installed("root")),
        (STATION, installed("root")),
        (STATION, installed("odd")),
        (StationId("CS-2"), installed("root")),
        (StationId("CS-2"), own),
    ]

    found = await shelved(roots=roots, held=held)

    assert found.certificates[0].holders == ("CS-1", "CS-2")
    assert found.certificates[0].replaced
    assert found.strangers == {"CS-1": 1}


async def test_revoked_ones_are_apart_the_latest_first() -> None:
    kept = [
        replace(
            issued(name, 90, CertificateUse.STATION),
            state=CertificateState.REVOKED,
            revoked_at=NOW - days * DAY,
        )
        for name, days in (("before", 9), ("lately", 1))
    ]

    found = await shelved(kept)

    assert found.certificates == []
    assert [each.fingerprint for each in found.revoked] == ["lately", "before"]


@pytest.mark.parametrize(
    ("days", "share"), [(-1, 0.0), (0, 0.0), (100, 0.5), (-100, 0.0), (-150, 0.0)]
)
async def test_the_share_of_time_left_never_leaves_its_bounds(
    days: int, share: float
) -> None:
    kept = [issued("one", days, CertificateUse.STATION)]

    found = await shelved(kept)

    assert found.certificates[0].share_left(NOW) == pytest.approx(share)
