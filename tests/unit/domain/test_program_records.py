from datetime import date
from decimal import Decimal
from importlib.resources import files
from pathlib import Path

import pytest
import yaml

from csms.domain.ids import ProgramId
from csms.domain.program import (
    Aggregation,
    MalformedProgram,
    PaymentKind,
    Program,
    parse_program,
)
from csms.flex.payments import missing_fields
from csms.services.program_records import (
    NoSuchProgram,
    load_programs,
    program_in_force,
)
from tests.unit.flex.fleets import RECORD

DAY = date(2026, 7, 14)
PROGRAMS = load_programs()


def written(folder: Path, **changes: object) -> Path:
    record = {**RECORD, **changes}
    file = folder / f"{record['id']}-{record['version']}.yaml"
    file.write_text(yaml.safe_dump(record), encoding="utf-8")
    return file


class TestTheHomeMarket:
    @pytest.mark.parametrize(
        ("name", "rate", "aggregation"),
        [
            ("ma-cs-small", 275, Aggregation.MEAN_OF_EVENTS),
            ("ma-cs-ci", 200, Aggregation.HOUR_WEIGHTED_MEAN),
        ],
    )
    def test_both_tracks_can_be_settled(
        self, name: str, rate: int, aggregation: Aggregation
    ) -> None:
        found = program_in_force(PROGRAMS, ProgramId(name), DAY)

        assert found.version == "2026a"
        assert found.payment.kind is PaymentKind.SEASON_AVERAGE
        assert found.payment.rate == Decimal(rate)
        assert found.season_statistic.aggregation is aggregation
        assert missing_fields(found) == ()
        assert not found.serves("sterling-municipal-light")
        assert found.season_of(DAY) == "2026-summer"

    @pytest.mark.parametrize("found", PROGRAMS, ids=lambda found: found.id)
    def test_every_source_stands_behind_fields_that_exist(self, found: Program) -> None:
        for source in found.sources:
            for path in source.covers:
                value: object = found
                for part in path.split("."):
                    assert hasattr(value, part), f"{source.title}: {path}"
                    value = getattr(value, part)

    @pytest.mark.parametrize("found", PROGRAMS, ids=lambda found: found.id)
    def test_the_rate_has_a_source(self, found: Program) -> None:
        assert any("payment.rate" in source.covers for source in found.sources)

    def test_the_blueprint_parses_and_cannot_be_settled(self) -> None:
        text = (files("csms") / "programs" / "_blueprint.yaml").read_text("utf-8")

        blueprint = parse_program(yaml.safe_load(text))

        assert "payment.rate" in missing_fields(blueprint)
        assert set(Program.model_fields) <= set(yaml.safe_load(text))


class TestVersions:
    def test_the_version_of_the_day_is_found(self, tmp_path: Path) -> None:
        written(tmp_path, version="a", effective_to="2026-06-30")
        written(tmp_path, version="b", effective_from="2026-07-01")

        programs = load_programs(tmp_path)

        june = program_in_force(programs, ProgramId("ma-cs-ci"), date(2026, 6, 30))
        july = program_in_force(programs, ProgramId("ma-cs-ci"), DAY)
        assert (june.version, july.version) == ("a", "b")

    def test_of_two_in_force_the_newer_applies(self, tmp_path: Path) -> None:
        written(tmp_path, version="a")
        written(tmp_path, version="b", effective_from="2026-07-01")

        programs = load_programs(tmp_path)

        assert program_in_force(programs, ProgramId("ma-cs-ci"), DAY).version == "b"

    def test_a_day_without_a_version_is_told(self) -> None:
        with pytest.raises(NoSuchProgram, match="ma-cs-small"):
            program_in_force(PROGRAMS, ProgramId("ma-cs-small"), date(2020, 7, 1))


class TestBadFiles:
    def test_a_version_told_twice_is_refused(self, tmp_path: Path) -> None:
        original = written(tmp_path)
        original.with_name("copy.yaml").write_bytes(original.read_bytes())

        with pytest.raises(MalformedProgram, match="two records of ma-cs-ci test"):
            load_programs(tmp_path)

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            pytest.param("a: [", "bad.yaml", id="no-yaml"),
            pytest.param("- a", "bad.yaml: a program record is one", id="a-list"),
            pytest.param("id: x", "bad.yaml: ", id="no-program"),
        ],
    )
    def test_a_file_that_cannot_be_read_is_named(
        self, tmp_path: Path, text: str, message: str
    ) -> None:
        (tmp_path / "bad.yaml").write_text(text, encoding="utf-8")

        with pytest.raises(MalformedProgram, match=message):
            load_programs(tmp_path)
