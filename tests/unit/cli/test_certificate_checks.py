"""What `csms doctor` says of certificates, and how to mend them."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from csms.cli.certificate_checks import certificates
from csms.cli.examining import Finding, Verdict
from csms.pki.authority import BuiltIn, Terms
from csms.settings import Settings, load
from tests.security_world import DAY, Outsider, real_now

NAME = "csms.example.org"


@pytest.fixture
def outsider() -> Outsider:
    return Outsider.made()


def a_file(folder: Path, pem: str, *, mode: int = 0o600) -> Path:
    path = folder / "server.pem"
    path.write_text(pem)
    path.chmod(mode)
    return path


def settings(folder: Path, path: Path | None = None, **given: object) -> Settings:
    usual = {"ocpp_tls_port": 9443, "ocpp_tls_names": NAME, "data_dir": folder}
    return load(**(usual | {"ocpp_tls_cert": path} | given))


def found(told: Settings, now: datetime | None = None) -> dict[str, Finding]:
    return {each.check: each for each in certificates(told, now or real_now())}


def test_a_good_one_is_found_good_and_its_end_is_told(
    tmp_path: Path, outsider: Outsider
) -> None:
    told = found(settings(tmp_path, a_file(tmp_path, outsider.leaf(NAME))))

    assert told["ocpp certificate"].verdict is Verdict.OK
    assert "valid until" in told["ocpp certificate"].detail
    assert {each.verdict for each in told.values()} == {Verdict.OK, Verdict.WARN}
    assert "A00.FR.318" in told["ocpp certificates"].detail, "one kind of key only"


@pytest.mark.parametrize(
    ("name", "called", "good"),
    [
        (NAME, NAME, True),
        (NAME.upper(), NAME, True),
        ("*.example.org", NAME, True),
        ("*.example.org", "a.b.example.org", False),
        ("other.example.org", NAME, False),
        (NAME, f"{NAME},csms.example.net", False),
    ],
)
def test_its_names_are_those_that_stations_call(
    tmp_path: Path, outsider: Outsider, name: str, called: str, *, good: bool
) -> None:
    path = a_file(tmp_path, outsider.leaf(name))

    told = found(settings(tmp_path, path, ocpp_tls_names=called))

    assert ("ocpp certificate names" not in told) is good
    if not good:
        wrong = told["ocpp certificate names"]
        assert wrong.verdict is Verdict.FAIL
        assert "CSMS_OCPP_TLS_NAMES" in wrong.remedy


def test_a_chain_out_of_order_is_told(tmp_path: Path, outsider: Outsider) -> None:
    other = Outsider.made("Who did not sign it")
    leaf = outsider.leaf(NAME)
    pem = leaf.replace(outsider.root_text, other.root_text)

    wrong = found(settings(tmp_path, a_file(tmp_path, pem)))["ocpp certificate chain"]

    assert wrong.verdict is Verdict.FAIL
    assert "Who did not sign it" in wrong.detail
    assert "leaf first" in wrong.remedy


@pytest.mark.parametrize(
    ("start", "lasts", "verdict"),
    [(-30, 29, Verdict.FAIL), (-1, 10, Verdict.WARN), (-1, 60, Verdict.OK)],
)
def test_its_end_is_told_in_time(
    tmp_path: Path, outsider: Outsider, start: int, lasts: int, verdict: Verdict
) -> None:
    pem = outsider.leaf(NAME, start=start * DAY, lasts=lasts * DAY)

    told = found(settings(tmp_path, a_file(tmp_path, pem)))["ocpp certificate"]

    assert told.verdict is verdict
    assert bool(told.remedy) is (verdict is not Verdict.OK)


def test_what_cannot_be_used_or_is_open_to_others_is_told(
    tmp_path: Path, outsider: Outsider
) -> None:
    missing = settings(tmp_path, tmp_path / "none.pem")
    assert found(missing)["ocpp certificate"].verdict is Verdict.FAIL

    stranger = outsider.leaf("x", kind="rsa")
    mixed = outsider.leaf(NAME).split("-----BEGIN EC")[0].split("-----BEGIN PRIV")[0]
    key = stranger[stranger.index("-----BEGIN PRIVATE") :]
    wrong = found(settings(tmp_path, a_file(tmp_path, mixed + key)))["ocpp certificate"]
    assert wrong.verdict is Verdict.FAIL
    assert "key that belongs to it" in wrong.remedy

    path = a_file(tmp_path, outsider.leaf(NAME), mode=0o644)
    assert f"chmod 600 {path}" in found(settings(tmp_path, path))["private key"].remedy


def test_names_of_this_machine_only_are_no_use_on_a_network(tmp_path: Path) -> None:
    everywhere = "0.0.0.0"  # noqa: S104 it is compared, and not bound
    public = settings(tmp_path, ocpp_tls_host=everywhere, ocpp_tls_names="localhost")

    told = found(public)["ocpp names"]

    assert told.verdict is Verdict.WARN
    assert "CSMS_OCPP_TLS_NAMES" in told.remedy
    assert "ocpp names" not in found(settings(tmp_path, ocpp_tls_host=everywhere))


async def test_our_own_is_made_anew_when_stations_call_us_otherwise(
    tmp_path: Path,
) -> None:
    now = datetime(2026, 7, 14, tzinfo=UTC)
    first = BuiltIn(tmp_path, Terms("x", ("localhost",)))
    await first.server_certificate("ec", now)
    assert first.server_ends("ec") is not None

    for names in ((NAME,), ("localhost", NAME), ("192.0.2.7",)):
        later = BuiltIn(tmp_path, Terms("x", names))
        assert later.server_ends("ec") is None
        await later.server_certificate("ec", now)
        assert later.server_ends("ec") is not None
