from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from csms.settings import BadSetting, Settings, describe, load
from tests.proving import proves

EVERYWHERE = "0.0.0.0"  # noqa: S104 (nothing is bound)
ANCHOR = datetime(2026, 11, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for setting in describe():
        monkeypatch.delenv(setting.env, raising=False)


def test_every_setting_has_a_sentence_and_every_number_a_unit() -> None:
    for setting in describe():
        assert setting.sentence.endswith("."), setting.name
        field = Settings.model_fields[setting.name]
        if field.annotation is int and not setting.name.startswith(("max_", "ingest_")):
            assert setting.unit, setting.name


def test_defaults_bind_to_this_machine_only_and_keep_real_time() -> None:
    settings = load()

    assert not settings.is_public_bind
    assert not settings.is_accelerated
    assert not settings.accept_simulated_evidence
    assert settings.link_base == "http://127.0.0.1:8080"


def test_the_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CSMS_OCPP_PORT", "9876")
    monkeypatch.setenv("CSMS_LOG_LEVEL", "DEBUG")

    settings = load()

    assert (settings.ocpp_port, settings.log_level) == (9876, "debug")


def test_settings_never_change() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        load().ocpp_port = 1  # type: ignore[misc]


def test_passwords_are_not_shown() -> None:
    settings = load(database_url="postgresql://a:hidden@h/d", smtp_password="hidden")

    assert "hidden" not in repr(settings)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"ocpp_port": 70000}, "CSMS_OCPP_PORT .*65535"),
        ({"clock_rate": 0, "allow_accelerated": True}, "CSMS_CLOCK_RATE"),
        ({"admin_token": "short"}, "CSMS_ADMIN_TOKEN"),
        ({"public_url": "csms.example.org"}, "CSMS_PUBLIC_URL .*http"),
        ({"clock_rate": 600, "clock_anchor": ANCHOR, "clock_epoch": ANCHOR}, "ALLOW"),
        ({"clock_anchor": ANCHOR, "allow_accelerated": True}, "CSMS_CLOCK_EPOCH"),
        ({"clock_rate": 600, "allow_accelerated": True}, "CSMS_CLOCK_ANCHOR"),
        ({"ocpp_host": EVERYWHERE}, "CSMS_ALLOW_PLAIN_WS_ON_PUBLIC_BIND"),
        ({"ocpp_host": "csms.example.org"}, "unencrypted"),
    ],
)
def test_a_bad_setting_is_named_with_its_remedy(
    given: dict[str, object], message: str
) -> None:
    with pytest.raises(BadSetting, match=message):
        load(**given)


def test_stations_and_people_do_not_share_a_port() -> None:
    with pytest.raises(BadSetting, match="CSMS_OCPP_PORT and CSMS_HTTP_PORT are both"):
        load(ocpp_port=8080)

    assert load(ocpp_port=0, http_port=0).http_port == 0


def test_a_bad_secret_is_not_repeated_in_the_error() -> None:
    with pytest.raises(BadSetting) as caught:
        load(admin_token="hunter2")

    assert "hunter2" not in str(caught.value)


def test_acceleration_and_public_plain_ws_are_possible_on_purpose() -> None:
    settings = load(
        clock_rate=600,
        clock_anchor=ANCHOR,
        clock_epoch=datetime(2026, 7, 13, tzinfo=UTC),
        allow_accelerated=True,
        ocpp_host=EVERYWHERE,
        allow_plain_ws_on_public_bind=True,
    )

    assert settings.is_accelerated
    assert settings.is_public_bind


@proves("A00.FR.201", "A00.FR.206")
def test_passwords_are_not_taken_unencrypted_from_a_network_by_accident() -> None:
    with pytest.raises(BadSetting, match="unencrypted"):
        load(ocpp_host=EVERYWHERE)

    assert not load(
        ocpp_host=EVERYWHERE, ocpp_plain=False, ocpp_tls_port=9443
    ).is_public_bind


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"ocpp_plain": False}, "leaves no port"),
        ({"ocpp_tls_key": "/x.key"}, "CSMS_OCPP_TLS_KEY needs"),
        ({"http_tls_key": "/x.key"}, "CSMS_HTTP_TLS_KEY needs"),
        ({"ocpp_tls_url": "ws://example.org"}, "wss://"),
        ({"ca_url": "http://ca.example.org"}, "https://"),
    ],
)
def test_settings_of_tls_make_sense_together(
    given: dict[str, object], said: str
) -> None:
    with pytest.raises(BadSetting, match=said):
        load(**given)


def test_links_are_https_if_the_console_is() -> None:
    assert load(http_tls_cert="/x.pem").link_base == "https://127.0.0.1:8080"


def test_names_and_organizations_are_lists() -> None:
    settings = load(
        ocpp_tls_names="csms.example.org, csms.apn.example.net",
        cso_name="Example CSO",
        trusted_organizations="A maker,Another",
    )

    assert settings.server_names == ("csms.example.org", "csms.apn.example.net")
    assert settings.organizations == {"Example CSO", "A maker", "Another"}
