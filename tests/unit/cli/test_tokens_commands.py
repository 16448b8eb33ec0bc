"""`csms id-tokens`, `csms reservations`, `csms stations local-list`: what is asked."""

from typing import Any

import pytest

from tests.unit.cli.conftest import Run
from tests.unit.cli.fake_api import FakeApi, problem

TOKEN: dict[str, Any] = {
    "id": 7,
    "type": "ISO14443",
    "value": "04A1",
    "label": "Ann",
    "group": "family",
    "blocked": False,
    "valid_from": None,
    "valid_until": None,
    "places": [{"station": "MA-1", "site": None, "evses": [2]}],
    "connector_types": [],
    "listed": True,
    "discharge": True,
    "priority": None,
    "languages": [],
    "message": "",
}
LIST: dict[str, Any] = {
    "station": "MA-1",
    "managed": True,
    "state": "synced",
    "intended_version": 3,
    "known_version": 3,
    "known_at": None,
    "left_out": 0,
    "detail": "",
    "changed_at": None,
    "entries": [
        {
            "type": "ISO14443",
            "value": "04A1",
            "status": "Accepted",
            "group": None,
            "until": None,
            "evses": [],
        }
    ],
}
HELD: dict[str, Any] = {
    "id": 12,
    "station": "MA-1",
    "evse": 1,
    "connector_type": None,
    "token_type": "ISO14443",
    "token": "04A1",
    "group": None,
    "expires_at": "2026-07-14T12:00:00Z",
    "state": "held",
    "answer": "Accepted",
    "detail": "",
    "transaction": None,
    "asked_at": "2026-07-14T11:00:00Z",
    "changed_at": "2026-07-14T11:00:00Z",
}


def test_tokens_are_listed_with_where_they_may_charge(run: Run, api: FakeApi) -> None:
    api.on("GET id-tokens", {"items": [TOKEN], "next": None})

    out = run("id-tokens", "list", "--type", "ISO14443").output

    assert "MA-1/2" in out
    assert "family" in out
    assert api.last("GET id-tokens").url.params["type"] == "ISO14443"


def test_a_token_is_added_with_its_places(run: Run, api: FakeApi) -> None:
    api.on("POST id-tokens", TOKEN, 201)

    run(
        "id-tokens", "add", "ISO14443:04:A1", "--group", "family", "--at", "MA-1/2",
        "--at", "site:home-01", "--at", "MA-2", "--no-discharge",
        "--until", "2026-07-14T12:00Z",
    )  # fmt: skip

    assert api.body("POST id-tokens") == {
        "type": "ISO14443",
        "value": "04:A1",
        "group": "family",
        "valid_until": "2026-07-14T12:00:00+00:00",
        "places": [
            {"station": "MA-1", "evses": [2]},
            {"site": "home-01"},
            {"station": "MA-2"},
        ],
        "discharge": False,
    }


@pytest.mark.parametrize(("command", "blocked"), [("block", True), ("unblock", False)])
def test_blocking_leaves_the_rest_as_it_is(
    run: Run,
    api: FakeApi,
    command: str,
    blocked: bool,  # noqa: FBT001
) -> None:
    api.on("GET id-tokens/7", TOKEN)
    api.on("PUT id-tokens/7", TOKEN)

    run("id-tokens", command, "7")

    kept = {k: v for k, v in TOKEN.items() if k not in ("id", "type", "value")}
    assert api.body("PUT id-tokens/7") == kept | {"blocked": blocked}


@pytest.mark.parametrize(
    "words",
    [
        ("id-tokens", "add", "04A1"),
        ("id-tokens", "add", "ISO14443:04A1", "--at", "MA-1/first"),
        ("reservations", "make", "MA-1", "04A1", "--until", "2026-07-14T12:00Z"),
    ],
)
def test_nonsense_is_refused_before_anything_is_asked(
    run: Run, api: FakeApi, words: tuple[str, ...]
) -> None:
    assert run(*words).exit_code == 2
    assert api.requests == []


def test_a_reservation_is_made_and_taken_back(run: Run, api: FakeApi) -> None:
    where = "stations/MA-1/reservations"
    api.on(f"POST {where}", HELD, 201)
    api.on(f"DELETE {where}/12", HELD | {"state": "cancelled"})
    api.on(f"GET {where}", {"items": [HELD], "next": None})

    made = run(
        "reservations", "make", "MA-1", "ISO14443:04A1",
        "--until", "2026-07-14T12:00Z", "--evse", "1",
    )  # fmt: skip
    back = run("reservations", "cancel", "MA-1", "12")
    listed = run("reservations", "list", "MA-1")

    assert api.body(f"POST {where}") == {
        "token": {"type": "ISO14443", "value": "04A1"},
        "expires_at": "2026-07-14T12:00:00+00:00",
        "evse": 1,
        "connector_type": None,
        "group": None,
    }
    assert "reservation 12 is held" in made.output
    assert "reservation 12 is cancelled" in back.output
    assert "held" in listed.output


def test_what_the_station_lacks_is_said(run: Run, api: FakeApi) -> None:
    lacking = problem(409, code="station-lacks") | {"detail": "keeps no local list"}
    api.on("PUT stations/MA-1/local-list", lacking, 409)

    said = run("stations", "local-list", "manage", "MA-1")

    assert said.exit_code != 0
    assert "keeps no local list" in said.output + said.stderr


def test_a_list_is_shown_brought_and_emptied(run: Run, api: FakeApi) -> None:
    where = "stations/MA-1/local-list"
    api.on(f"GET {where}", LIST)
    api.on(f"POST {where}/sync", LIST)
    api.on(f"DELETE {where}", LIST | {"managed": False, "state": "off", "entries": []})
    api.on(
        "DELETE stations/MA-1/authorization-cache", {"status": "Accepted", "info": ""}
    )

    shown = run("stations", "local-list", "show", "MA-1")
    run("stations", "local-list", "sync", "MA-1", "--full")
    run("stations", "local-list", "empty", "MA-1", "--yes")
    cleared = run("stations", "clear-cache", "MA-1")

    assert "04A1" in shown.output
    assert api.body(f"POST {where}/sync") == {"full": True}
    assert api.asked(f"DELETE {where}")
    assert "Accepted" in cleared.output
