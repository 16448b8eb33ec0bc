import shutil
import socket
from datetime import UTC, datetime
from pathlib import Path

import pytest

from csms.cli import examining
from csms.cli.examining import Finding, Verdict, worst
from csms.settings import Settings, load

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def settings(**given: object) -> Settings:
    return load(**given)


def test_real_time_is_well() -> None:
    assert examining.clock(settings(), NOW).verdict is Verdict.OK


def test_a_machine_that_woke_up_in_1970_is_told_to_set_its_clock() -> None:
    found = examining.clock(settings(), datetime(1970, 1, 1, tzinfo=UTC))

    assert found.verdict is Verdict.FAIL
    assert "NTP" in found.remedy


def test_an_accelerated_clock_is_warned_of() -> None:
    fast = settings(
        clock_rate=600, clock_anchor=NOW, clock_epoch=NOW, allow_accelerated=True
    )

    found = examining.clock(fast, NOW)

    assert found.verdict is Verdict.WARN
    assert "600" in found.detail


def test_a_free_port_is_well() -> None:
    found = examining.port("http port", "127.0.0.1", 0, node_runs=False)

    assert found.verdict is Verdict.OK


@pytest.mark.parametrize(
    ("node_runs", "verdict"), [(False, Verdict.FAIL), (True, Verdict.OK)]
)
def test_a_taken_port_is_well_only_if_our_node_took_it(
    *, node_runs: bool, verdict: Verdict
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number = taken.getsockname()[1]
        found = examining.port("ocpp port", "127.0.0.1", number, node_runs=node_runs)

    assert found.verdict is verdict
    assert node_runs or "CSMS_OCPP_PORT" in found.remedy


def test_an_address_of_another_machine_cannot_be_listened_on() -> None:
    found = examining.port("http port", "192.0.2.1", 8080, node_runs=False)

    assert found.verdict is Verdict.FAIL
    assert "CSMS_HTTP_HOST" in found.remedy


def test_a_data_folder_that_is_yet_to_be_made_is_well(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"

    assert examining.data_dir(folder).verdict is Verdict.OK
    assert not folder.exists()


def test_a_data_folder_below_a_file_cannot_be_written(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()

    found = examining.data_dir(file / "data")

    assert found.verdict is Verdict.FAIL
    assert "CSMS_DATA_DIR" in found.remedy


def test_a_full_disk_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    full = shutil.disk_usage(tmp_path)._replace(free=examining.LEAST_BYTES - 1)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: full)

    assert examining.data_dir(tmp_path).verdict is Verdict.FAIL


def test_on_loopback_nothing_is_exposed() -> None:
    assert list(examining.exposure(settings())) == []


def test_plain_passwords_and_tokens_on_a_public_address_are_warned_of() -> None:
    public = settings(
        ocpp_host="0.0.0.0",  # noqa: S104
        allow_plain_ws_on_public_bind=True,
        http_host="0.0.0.0",  # noqa: S104
    )

    found = list(examining.exposure(public))

    assert [each.verdict for each in found] == [Verdict.WARN, Verdict.WARN]
    assert all("TLS" in each.remedy for each in found)


def test_a_public_address_behind_https_is_no_exposure_of_tokens() -> None:
    behind = settings(http_host="10.0.0.5", public_url="https://v2g.example.org")

    assert list(examining.exposure(behind)) == []


def test_evidence_from_simulations_is_warned_of() -> None:
    found = list(examining.exposure(settings(accept_simulated_evidence=True)))

    assert [each.check for each in found] == ["evidence"]


def test_the_worst_verdict_counts() -> None:
    verdicts = [Verdict.OK, Verdict.FAIL, Verdict.WARN]

    assert worst([Finding("x", each, "") for each in verdicts]) is Verdict.FAIL
    assert worst([]) is Verdict.OK
