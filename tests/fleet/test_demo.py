"""The demonstration as people run it: processes, sockets, a database, one event."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.fleet, pytest.mark.timeout(420)]

ROOT = Path(__file__).parents[2]
Json = dict[str, Any]

OUTCOMES = {"delivered", "partial", "not_delivered", "opted_out", "excluded"}
HAZARD = "MA-LINCOLN-03/1"
LIKE_THE_HAZARD = "MA-WARWICK-01/1"
"""The same make with the firmware that does as it is told."""

EXCLUDED = {
    "MA-STERLING-01/1": "not_eligible_utility",
    "MA-CONCORD-01/1": "not_eligible_utility",
    "MA-CONCORD-02/1": "not_eligible_utility",
    "MA-HOME-27/1": "no_export_permission",
    "MA-HOME-28/1": "no_export_permission",
    "MA-HOME-29/1": "island_only",
    "MA-HOME-30/1": "island_only",
}
HOURS = 3
METERING = 0.01


@dataclass(frozen=True, slots=True)
class Played:
    """What a demonstration left behind.

    Attributes:
        code: Its exit code.
        printed: What it printed, both streams.
        report: The report that it wrote.
    """

    code: int
    printed: str
    report: Json

    @property
    def members(self) -> Mapping[str, Json]:
        found: Mapping[str, Json] = self.report["members"]
        return found

    def taking_part(self) -> Iterator[tuple[str, Json]]:
        """Yield the members that were not excluded."""
        for name, member in self.members.items():
            if not member["exclusions"]:
                yield name, member


def start(report: Path, *options: str) -> subprocess.Popen[str]:
    """Start a demonstration that prints into a pipe and reports into a file."""
    return subprocess.Popen(
        [sys.executable, "-m", "csms", "demo", "--json", str(report), *options],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def finish(running: subprocess.Popen[str], report: Path) -> Played:
    printed, _ = running.communicate()
    assert report.exists(), printed
    return Played(running.returncode, printed, json.loads(report.read_text()))


@pytest.fixture(scope="session")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    """The demonstration of the README, once for all tests."""
    report = tmp_path_factory.mktemp("demo") / "report.json"
    return finish(start(report), report)


class TestPromises:
    def test_every_promise_is_kept(self, played: Played) -> None:
        broken = {
            each["name"]: each["breaches"]
            for each in played.report["promises"]
            if not each["kept"]
        }

        assert broken == {}
        assert played.code == 0, played.printed

    def test_the_event_is_near_a_megawatt(self, played: Played) -> None:
        figures = played.report["figures"]

        assert figures["systems"] == 55
        assert figures["mean_kw"] >= 900
        assert figures["delivered_share"] >= 0.97

    def test_people_read_a_verdict(self, played: Played) -> None:
        assert "every promise was kept" in played.printed


class TestMembers:
    def test_who_may_not_take_part_is_excluded_for_the_right_reason(
        self, played: Played
    ) -> None:
        excluded = {
            name: member["exclusions"]
            for name, member in played.members.items()
            if member["exclusions"]
        }

        assert set(excluded) == set(EXCLUDED)
        for name, reason in EXCLUDED.items():
            assert reason in excluded[name], name

    def test_nothing_is_planned_for_them_or_comes_from_them(
        self, played: Played
    ) -> None:
        for name in EXCLUDED:
            member = played.members[name]
            assert member["outcome"] == "excluded"
            assert member["planned_kwh"] == 0
            assert member["physics_kwh"] == 0

    def test_everybody_has_one_outcome(self, played: Played) -> None:
        outcomes = [member["outcome"] for member in played.members.values()]

        assert len(outcomes) == 55
        assert set(outcomes) <= OUTCOMES
        assert outcomes.count("delivered") >= 35
        assert outcomes.count("opted_out") + outcomes.count("partial") >= 4

    def test_delivered_and_reasons_are_what_was_planned(self, played: Played) -> None:
        for name, member in played.taking_part():
            surplus = max(member["delivered_kwh"] - member["planned_kwh"], 0.0)
            explained = sum(member["reasons"].values())
            assert member["delivered_kwh"] - surplus + explained == pytest.approx(
                member["planned_kwh"], abs=0.01
            ), name

    def test_the_meters_agree_with_physics(self, played: Played) -> None:
        for name, member in played.taking_part():
            assert member["delivered_kwh"] == pytest.approx(
                member["physics_kwh"], rel=METERING, abs=0.3
            ), name

    def test_drivers_who_opted_out_were_told_and_confirmed(
        self, played: Played
    ) -> None:
        out = [each for each in played.report["drivers"] if each["opted_out_at"]]

        assert len(out) == 4
        assert all(each["told_at"] and each["confirmed"] for each in out)


class TestHazard:
    def test_it_trips_and_takes_its_own_vendor_profile_with_it(
        self, played: Played
    ) -> None:
        (quarantine,) = played.report["quarantines"]

        assert quarantine["vendor_profile"].endswith("-hazard")
        assert quarantine["evses"] == [HAZARD]
        assert "tripped" in {each["state"] for each in played.members[HAZARD]["states"]}

    def test_it_is_paid_nothing(self, played: Played) -> None:
        member = played.members[HAZARD]

        assert member["outcome"] == "not_delivered"
        assert member["reasons"]["station_refused"] > 0.9 * member["planned_kwh"]

    def test_its_brothers_go_on(self, played: Played) -> None:
        assert played.members[LIKE_THE_HAZARD]["outcome"] == "delivered"


class TestMoney:
    def test_each_enrolled_system_has_its_line(self, played: Played) -> None:
        lines = {
            f"{line['station']}/{line['evse']}": line
            for statement in played.report["statements"]
            for line in statement["lines"]
        }

        for name, member in played.taking_part():
            mean_kw = member["physics_kwh"] / HOURS
            assert float(lines[name]["average_kw"]) == pytest.approx(
                mean_kw, rel=METERING, abs=0.1
            ), name
            assert lines[name]["explanation"]
        assert all(
            float(lines[name]["amount"]) == 0 for name in lines.keys() & EXCLUDED
        )

    def test_the_total_is_the_sum_of_its_lines(self, played: Played) -> None:
        for statement in played.report["statements"]:
            amounts = [float(line["amount"]) for line in statement["lines"]]
            assert float(statement["total"]) == pytest.approx(sum(amounts), abs=0.01)
            assert float(statement["total"]) > 0


def test_the_same_seed_gives_the_same_figures(tmp_path: Path) -> None:
    """Two quick ones side by side: they differ by noise, and by when it was sampled.

    One bus comes back as the last plan is made, so that its share of the plan hangs on
    the sample of its charge that was there in time: at this rate, a matter of luck.
    """
    reports = [tmp_path / "one.json", tmp_path / "other.json"]
    options = ("--fleet", "tiny", "--seed", "2", "--rate", "1800")
    running = [start(report, *options) for report in reports]
    one, other = map(finish, running, reports)

    figures, again = one.report["figures"], other.report["figures"]
    assert (one.code, other.code) == (0, 0), one.printed + other.printed
    assert figures["outcomes"] == again["outcomes"]
    assert figures["planned_kwh"] == pytest.approx(again["planned_kwh"], rel=0.04)
    assert figures["delivered_kwh"] == pytest.approx(again["delivered_kwh"], rel=0.01)
    for name, member in one.members.items():
        assert member["exclusions"] == other.members[name]["exclusions"]
