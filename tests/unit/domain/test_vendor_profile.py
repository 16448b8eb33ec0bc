"""Which vendor profile speaks of a make, and whether it may be dispatched on."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csms.domain.profile import RateUnit
from csms.domain.station import EDITION_21, EDITION_201, Make
from csms.domain.vendor_profile import (
    CHARGE_ONLY,
    Dialect,
    Evidence,
    EvidenceKind,
    NegativeLimit,
    Rounding,
    VendorProfile,
    choose,
    verified,
)

PROBE = Evidence(EvidenceKind.PROBE, "transcript 7")
SETPOINT = VendorProfile(
    id="setpoint",
    vendor="Example",
    models=("EW-*",),
    firmwares=("1.*",),
    editions=(EDITION_21,),
    dialect=Dialect.SETPOINT_SCHEDULED,
    evidence=PROBE,
)
NEGATIVE = VendorProfile(
    id="negative",
    vendor="Example",
    models=("EW-22",),
    firmwares=("*",),
    editions=(EDITION_201,),
    dialect=Dialect.NEGATIVE_LIMIT_TX,
    negative_limit=NegativeLimit.DISCHARGE,
    evidence=PROBE,
)


def evidenced(profile: VendorProfile, kind: EvidenceKind) -> VendorProfile:
    return replace(profile, evidence=Evidence(kind, "somewhere"))


class TestChoosing:
    @pytest.mark.parametrize(
        ("make", "edition"),
        [
            (Make("Other", "EW-22", "1.0"), EDITION_21),
            (Make("Example", "XX-22", "1.0"), EDITION_21),
            (Make("Example", "EW-22", "2.0"), EDITION_21),
            (Make("Example", "EW-22", "1.0"), EDITION_201),
            (None, EDITION_21),
            (Make("Example", "EW-22", "1.0"), None),
        ],
        ids=["vendor", "model", "firmware", "edition", "no make", "no edition"],
    )
    def test_what_nobody_speaks_of_is_charge_only(
        self, make: Make | None, edition: str | None
    ) -> None:
        assert choose((SETPOINT,), make, edition) is CHARGE_ONLY

    def test_case_and_blanks_do_not_matter(self) -> None:
        make = Make(" eXAMPLE ", " ew-22 ", " 1.0 ")

        assert choose((SETPOINT,), make, EDITION_21) is SETPOINT

    def test_an_exact_firmware_beats_a_pattern(self) -> None:
        exact = replace(SETPOINT, id="a-exact", models=("*",), firmwares=("1.0",))
        make = Make("Example", "EW-22", "1.0")

        assert choose((SETPOINT, exact), make, EDITION_21) is exact

    def test_an_exact_model_beats_a_pattern(self) -> None:
        exact = replace(SETPOINT, id="a-exact", models=("EW-22",))
        make = Make("Example", "EW-22", "1.0")

        assert choose((SETPOINT, exact), make, EDITION_21) is exact

    def test_a_longer_pattern_beats_a_shorter_one(self) -> None:
        longer = replace(SETPOINT, id="a-longer", models=("EW-2*",))
        make = Make("Example", "EW-22", "1.0")

        assert choose((SETPOINT, longer), make, EDITION_21) is longer


class TestVerified:
    """Rules 1 and 2."""

    def test_nothing_is_dispatched_on_a_guess(self) -> None:
        guess = evidenced(SETPOINT, EvidenceKind.NONE)

        assert not verified(guess, accept_simulated=True)
        assert not verified(CHARGE_ONLY, accept_simulated=True)

    def test_simulated_makes_count_in_a_demonstration_only(self) -> None:
        simulated = evidenced(SETPOINT, EvidenceKind.SIMULATED)

        assert verified(simulated, accept_simulated=True)
        assert not verified(simulated, accept_simulated=False)

    def test_a_note_is_enough_for_the_standard_but_not_for_a_negative_limit(
        self,
    ) -> None:
        assert verified(evidenced(SETPOINT, EvidenceKind.NOTE), accept_simulated=False)
        assert not verified(
            evidenced(NEGATIVE, EvidenceKind.NOTE), accept_simulated=False
        )
        assert verified(NEGATIVE, accept_simulated=False)

    @pytest.mark.parametrize(
        "semantics", [each for each in NegativeLimit if each != "discharge"]
    )
    def test_a_negative_limit_that_does_not_discharge_is_never_sent(
        self, semantics: NegativeLimit
    ) -> None:
        profile = replace(NEGATIVE, negative_limit=semantics)

        assert not verified(profile, accept_simulated=True)

    def test_a_dialect_of_none_is_never_dispatched(self) -> None:
        silent = replace(SETPOINT, dialect=Dialect.NONE)

        assert not verified(silent, accept_simulated=True)


class TestDialects:
    def test_each_is_spoken_where_the_standard_has_it(self) -> None:
        assert Dialect.NEGATIVE_LIMIT_TX.edition == EDITION_201
        assert Dialect.DATATRANSFER.edition is None
        assert Dialect.NONE.edition is None
        assert {
            each.edition for each in Dialect if each.name.startswith("SETPOINT")
        } == {EDITION_21}

    def test_only_dynamic_ones_live_by_being_refreshed(self) -> None:
        dynamic = {each for each in Dialect if each.is_dynamic}

        assert dynamic == {
            Dialect.SETPOINT_DYNAMIC_PUSH,
            Dialect.SETPOINT_DYNAMIC_PULL,
        }


class TestFitting:
    @given(watts=st.integers(-500_000, 500_000), step=st.integers(1, 1000))
    def test_a_power_is_never_made_larger(self, watts: int, step: int) -> None:
        fitted = replace(SETPOINT, step=step).fit(watts)

        assert abs(fitted) <= abs(watts)
        assert abs(watts) - abs(fitted) < step
        assert fitted % step == 0
        assert fitted * watts >= 0

    def test_the_nearest_step_may_be_larger(self) -> None:
        nearest = replace(SETPOINT, step=100, rounding=Rounding.NEAREST)

        assert nearest.fit(-160) == -200

    def test_amperes_are_fitted_where_they_are_made(self) -> None:
        amperes = replace(SETPOINT, step=1, unit=RateUnit.AMPERES)

        assert amperes.fit(-1234.9) == -1234
