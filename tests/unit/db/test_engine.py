import pytest

from csms.db.engine import DatabaseUnusable, connect_arguments, normalized


@pytest.mark.parametrize(
    "address",
    [
        "postgres://u:p@host:5433/d",
        "postgresql://u:p@host:5433/d",
        "postgresql+asyncpg://u:p@host:5433/d",
        "postgresql://u:p@host:5433/d?application_name=x&connect_timeout=3",
    ],
)
def test_every_usual_spelling_means_the_same(address: str) -> None:
    url = normalized(address).render_as_string(hide_password=False)

    assert url == "postgresql+asyncpg://u:p@host:5433/d"
    assert connect_arguments(address) == {
        "host": "host",
        "port": 5433,
        "user": "u",
        "password": "p",
        "database": "d",
    }


def test_a_socket_folder_may_stand_for_a_host() -> None:
    arguments = connect_arguments("postgresql://u@/d?host=/run/x&port=5434")

    assert (arguments["host"], arguments["port"]) == ("/run/x", 5434)
    assert "password" not in arguments


def test_the_usual_word_for_encryption_is_understood() -> None:
    arguments = connect_arguments("postgresql://u@h/d?sslmode=require")

    assert arguments["ssl"] == "require"
    assert arguments["port"] == 5432


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("nonsense", "not a database address"),
        ("postgresql://u@h:port/d", "not a database address"),
        ("mysql://u@h/d", "mysql"),
        ("sqlite:///file", "sqlite"),
        ("postgresql://u@h/d?pool_mode=x", "pool_mode"),
    ],
)
def test_another_address_is_refused_with_a_remedy(address: str, message: str) -> None:
    with pytest.raises(DatabaseUnusable, match=message) as caught:
        normalized(address)

    assert caught.value.remedy


def test_a_bad_address_is_not_repeated_because_it_may_hold_a_password() -> None:
    with pytest.raises(DatabaseUnusable) as caught:
        normalized("hunter2")

    assert "hunter2" not in str(caught.value)
