"""Which certificates may leave a station, whatever it holds."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csms.domain.certificate import (
    CertificateFacts,
    CertificateHash,
    Digest,
    Installed,
    RootUse,
    TrustedRoot,
)
from csms.domain.ids import StationId
from csms.services.certificate_rules import CertificateRules, LastRoot
from tests.authorities import NOW
from tests.fakes.clock import ManualClock

STATION = StationId("MA-TEST-01")


@dataclass(frozen=True)
class Sample:
    """A certificate that a station holds, and what is known of it."""

    use: RootUse
    known: bool
    valid: bool
    serving: bool


SAMPLES = st.builds(
    Sample,
    st.sampled_from([RootUse.CSMS, RootUse.CSMS, RootUse.V2G]),
    st.booleans(),
    st.booleans(),
    st.booleans(),
)


@dataclass
class Trust:
    roots: dict[str, TrustedRoot]

    def identify(self, installed: Installed) -> TrustedRoot | None:
        return self.roots.get(installed.hash.plain.serial)


@dataclass
class Serving:
    roots: frozenset[str] | None

    def serving(self) -> frozenset[str] | None:
        return self.roots


def installed(place: int, sample: Sample) -> Installed:
    named = CertificateHash(Digest.SHA256, "ab" * 32, "cd" * 32, f"{place + 1:x}")
    return Installed(sample.use.value, named)


def root(place: int, sample: Sample) -> TrustedRoot:
    ends = NOW + timedelta(days=1 if sample.valid else -1)
    facts = CertificateFacts(
        f"{place + 1:x}", "", "", "", "", NOW - timedelta(days=9), ends,
        authority=True, self_signed=True, key="EC 256",
    )  # fmt: skip
    return TrustedRoot(sample.use, facts, "test", NOW)


def rules_for(held: list[Sample], *, knows_serving: bool) -> CertificateRules:
    known = {
        f"{place + 1:x}": root(place, each)
        for place, each in enumerate(held)
        if each.known
    }
    serving = frozenset(
        f"{place + 1:x}" for place, each in enumerate(held) if each.serving
    )
    nobody = cast("Any", None)
    return CertificateRules(
        ManualClock(NOW),
        nobody,
        cast("Any", Trust(known)),
        nobody,
        Serving(serving if knows_serving else None),
    )


@given(st.lists(SAMPLES, min_size=1, max_size=6), st.data(), st.booleans())
@settings(max_examples=50)
def test_a_station_always_keeps_a_root_by_which_it_reaches_us(
    held: list[Sample],
    data: st.DataObject,
    knows_serving: bool,  # noqa: FBT001
) -> None:
    rules = rules_for(held, knows_serving=knows_serving)
    place = data.draw(st.integers(0, len(held) - 1))
    there = [installed(at, each) for at, each in enumerate(held)]
    left = [each for at, each in enumerate(held) if at != place]
    useful = [
        each
        for each in left
        if each.use is RootUse.CSMS
        and each.known
        and each.valid
        and (each.serving or not knows_serving)
    ]

    try:
        rules.check_last(STATION, there[place], there)
        allowed = True
    except LastRoot:
        allowed = False

    assert allowed == (held[place].use is not RootUse.CSMS or bool(useful))


@pytest.mark.parametrize(
    "other", [{"issuer_name": "AB" * 32, "serial": "01"}, {"digest": Digest.SHA384}]
)
def test_the_same_certificate_named_twice_does_not_save_it(
    other: dict[str, Any],
) -> None:
    """Some stations list one certificate once more, by other letters or hashes."""
    sample = Sample(RootUse.CSMS, known=True, valid=True, serving=True)
    one = installed(0, sample)
    again = replace(one, hash=replace(one.hash, **other))
    rules = rules_for([sample], knows_serving=False)

    with pytest.raises(LastRoot):
        rules.check_last(STATION, one, [one, again])
