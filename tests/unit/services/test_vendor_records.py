"""Vendor profiles as data: they load, and rules hold for all of them."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from csms.domain.profile import RateUnit
from csms.domain.station import EDITION_21, EDITION_201, Make
from csms.domain.vendor_profile import (
    CHARGE_ONLY,
    Dialect,
    Evidence,
    EvidenceKind,
    NegativeLimit,
    VendorProfile,
    VendorWords,
    choose,
    verified,
)
from csms.services.vendor_records import MalformedRecord, broken_rules, load, shipped
from simulators.persona import PERSONAS, load_persona

GOOD = """
vendor = "Examplewerk"

[[make]]
id = "examplewerk-22"
models = ["EW-22*"]
firmwares = ["1.*"]
editions = ["ocpp2.1"]
dialect = "setpoint_dynamic_push"
min_discharge_w = 1380
max_discharge_w = 22000
min_update_s = 5
response_s = 12
dynamic = { watchdog_s = 120, push_interval_s = 30 }
evidence = { kind = "probe", reference = "transcript 7", on = 2026-05-04 }
"""


def folder_with(tmp_path: Path, **files: str) -> Path:
    for name, text in files.items():
        (tmp_path / f"{name}.toml").write_text(text)
    return tmp_path


class TestShipped:
    def test_they_keep_their_rules(self) -> None:
        assert list(broken_rules(shipped())) == []

    def test_nothing_is_dispatched_outside_a_demonstration(self) -> None:
        """Nobody has probed a real unit yet."""
        assert not any(verified(each, accept_simulated=False) for each in shipped())

    @pytest.mark.parametrize(
        "name", sorted(path.stem for path in PERSONAS.glob("*.toml"))
    )
    def test_each_simulated_make_is_believed_to_do_what_it_is_told(
        self, name: str
    ) -> None:
        persona = load_persona(name)
        make = Make(persona.vendor, persona.model[:20], persona.firmware)

        profile = choose(shipped(), make, persona.protocol)

        if profile is not CHARGE_ONLY:
            assert profile.evidence.reference == f"simulators/personas/{name}.toml"
            assert profile.min_discharge.watts <= persona.min_discharge_w or (
                profile.dialect is Dialect.NONE
            )
        if persona.island_only:
            assert profile.dialect is Dialect.NONE

    def test_the_hazard_has_a_record_of_its_own(self) -> None:
        hazard = [each for each in shipped() if each.id.endswith("-hazard")]

        assert len(hazard) == 1
        assert hazard[0].firmwares == ("sim-1.0-hazard",)


class TestLoading:
    def test_a_record_becomes_a_profile(self, tmp_path: Path) -> None:
        (profile,) = load(folder_with(tmp_path, examplewerk=GOOD))

        assert profile.vendor == "Examplewerk"
        assert profile.editions == (EDITION_21,)
        assert profile.min_discharge.watts == 1380
        assert profile.max_discharge is not None
        assert profile.max_discharge.watts == 22000
        assert profile.response == timedelta(seconds=12)
        assert profile.min_update == timedelta(seconds=5)
        assert profile.dynamic.watchdog == timedelta(minutes=2)
        assert profile.evidence.kind is EvidenceKind.PROBE

    def test_other_files_are_no_records(self, tmp_path: Path) -> None:
        (tmp_path / "README.md").write_text("words")

        assert load(folder_with(tmp_path)) == ()

    @pytest.mark.parametrize(
        ("text", "complaint"),
        [
            ("vendor = ", "bad.toml"),
            (GOOD.replace("response_s", "respnse_s"), "respnse_s"),
            (GOOD.replace('"setpoint_dynamic_push"', '"telepathy"'), "dialect"),
            (GOOD.replace('kind = "probe", ', ""), "evidence"),
            (GOOD.replace("push_interval_s = 30", "push_interval_s = 90"), "watchdog"),
        ],
        ids=["no toml", "misspelt", "unknown word", "no evidence", "rule"],
    )
    def test_what_is_wrong_is_named(
        self, tmp_path: Path, text: str, complaint: str
    ) -> None:
        with pytest.raises(MalformedRecord, match=complaint):
            load(folder_with(tmp_path, bad=text))

    def test_a_vendor_has_one_file(self, tmp_path: Path) -> None:
        other = GOOD.replace('id = "examplewerk-22"', 'id = "other"')

        with pytest.raises(MalformedRecord, match="already"):
            load(folder_with(tmp_path, a=GOOD, b=other))


SOUND = VendorProfile(
    id="sound",
    vendor="Example",
    models=("EW-*",),
    firmwares=("1.0",),
    editions=(EDITION_201,),
    dialect=Dialect.NEGATIVE_LIMIT_TX,
    negative_limit=NegativeLimit.DISCHARGE,
    evidence=Evidence(EvidenceKind.PROBE, "transcript"),
)


class TestRules:
    def test_a_sound_profile_breaks_none(self) -> None:
        assert list(broken_rules([SOUND])) == []

    @pytest.mark.parametrize(
        "broken",
        [
            replace(SOUND, editions=(EDITION_21,)),
            replace(SOUND, negative_limit=NegativeLimit.ABSOLUTE),
            replace(SOUND, words=VendorWords("a", "b", "c")),
            replace(SOUND, dialect=Dialect.DATATRANSFER),
            replace(SOUND, unit=RateUnit.AMPERES),
            replace(SOUND, evidence=Evidence(EvidenceKind.PROBE)),
        ],
        ids=["edition", "negative", "words", "no words", "phases", "evidence"],
    )
    def test_each_rule_is_held(self, broken: VendorProfile) -> None:
        assert len(list(broken_rules([broken]))) == 1

    def test_two_of_one_name_are_one_too_many(self) -> None:
        assert list(broken_rules([SOUND, SOUND])) == ["sound is there twice"]

    @pytest.mark.parametrize(
        "other",
        [
            replace(SOUND, id="b"),
            replace(SOUND, id="b", models=("EX-*",)),
            replace(SOUND, id="b", models=("ew-*", "other")),
        ],
        ids=["same", "same length", "one in common"],
    )
    def test_equally_good_matches_are_refused(self, other: VendorProfile) -> None:
        assert len(list(broken_rules([SOUND, other]))) == 1

    @pytest.mark.parametrize(
        "other",
        [
            replace(SOUND, id="b", vendor="Other"),
            replace(SOUND, id="b", firmwares=("1.1",)),
            replace(SOUND, id="b", models=("EW-2*",)),
        ],
        ids=["vendor", "firmware", "longer"],
    )
    def test_what_can_be_told_apart_may_stand_side_by_side(
        self, other: VendorProfile
    ) -> None:
        assert list(broken_rules([SOUND, other])) == []
