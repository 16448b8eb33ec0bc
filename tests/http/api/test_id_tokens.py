"""Id tokens over HTTP: listed, found, refused, tried."""

from typing import Any

import httpx
import pytest

from tests.http.nodes import HOME_1, HOME_2, Stage

pytestmark = [pytest.mark.postgres, pytest.mark.usefixtures("peopled")]
PATH = "/api/v1/id-tokens"


async def add(api: httpx.AsyncClient, value: str, **rules: Any) -> dict[str, Any]:  # noqa: ANN401
    body = {"type": "ISO14443", "value": value, **rules}
    answer = await api.post(PATH, json=body)
    assert answer.status_code == 201, answer.text
    said: dict[str, Any] = answer.json()
    return said


async def test_tokens_are_listed_page_by_page_and_filtered(
    operator: httpx.AsyncClient, viewer: httpx.AsyncClient
) -> None:
    for value, rules in (
        ("04A1", {"label": "Ann", "group": "family"}),
        ("04B2", {"label": "Bob", "group": "family"}),
        ("1234", {"type": "KeyCode"}),
    ):
        await add(operator, value, **rules)

    first = (await viewer.get(f"{PATH}?limit=2")).json()
    rest = (await viewer.get(f"{PATH}?limit=2&cursor={first['next']}")).json()
    found = {
        query: [
            each["value"]
            for each in (await viewer.get(f"{PATH}?{query}")).json()["items"]
        ]
        for query in ("q=bob", "group=family", "type=KeyCode", "q=1234")
    }

    assert [each["value"] for each in first["items"]] == ["04A1", "04B2"]
    assert [each["value"] for each in rest["items"]] == ["***"]
    assert rest["next"] is None
    assert found == {
        "q=bob": ["04B2"],
        "group=family": ["04A1", "04B2"],
        "type=KeyCode": ["***"],
        "q=1234": [],
    }


async def test_what_is_said_anew_replaces_what_was_said(
    operator: httpx.AsyncClient,
) -> None:
    made = await add(operator, "04A1", label="Ann", blocked=True)
    rules = {"group": "g", "places": [{"site": "home-01", "evses": [1]}]}

    changed = (await operator.put(f"{PATH}/{made['id']}", json=rules)).json()
    shown = (await operator.get(f"{PATH}/{made['id']}")).json()

    assert shown == changed
    assert (shown["label"], shown["blocked"], shown["group"]) == ("", False, "g")
    assert shown["places"] == [{"station": None, "site": "home-01", "evses": [1]}]


NONSENSE: list[tuple[dict[str, Any], str]] = [
    ({"type": "NoAuthorization"}, "type"),
    (
        {"valid_from": "2026-07-14T12:00:00Z", "valid_until": "2026-07-14T11:00Z"},
        "valid_until",
    ),
    ({"valid_until": "2026-07-14T12:00:00"}, "valid_until"),
    ({"priority": 10}, "priority"),
    ({"languages": ["en", "de", "fr"]}, "languages"),
    ({"languages": ["English please"]}, "languages.0"),
    ({"places": [{}]}, "places"),
    ({"places": [{"station": "a", "site": "b"}]}, "places"),
    ({"places": [{"station": "a", "evses": [0]}]}, "places.0.evses.0"),
    ({"group": ""}, "group"),
    ({"type": "T" * 21}, "type"),
]


async def test_nonsense_is_refused_by_its_field(operator: httpx.AsyncClient) -> None:
    for rules, field in NONSENSE:
        body = {"type": "ISO14443", "value": "04A1", **rules}

        answer = await operator.post(PATH, json=body)

        assert answer.status_code == 422, rules
        assert answer.json()["field"] == field
    assert (await operator.get(PATH)).json()["items"] == []


async def test_a_token_is_known_once(operator: httpx.AsyncClient) -> None:
    await add(operator, "04A1")

    again = await operator.post(PATH, json={"type": "ISO14443", "value": "04a1"})

    assert (again.status_code, again.json()["code"]) == (409, "id-token-known")


async def test_what_a_station_would_be_told_can_be_tried(
    peopled: Stage, operator: httpx.AsyncClient, viewer: httpx.AsyncClient
) -> None:
    place = {"station": HOME_1.station}
    made = await add(operator, "04A1", places=[place], group="g", priority=2)

    here, there = [
        (await viewer.get(f"/api/v1/stations/{each.station}/id-tokens/{made['id']}"))
        .json()
        for each in (HOME_1, HOME_2)
    ]  # fmt: skip

    assert here == {
        "status": "Accepted",
        "evses": [],
        "group": "g",
        "until": None,
        "priority": 2,
        "energy_transfer": None,
    }
    assert there["status"] == "NotAtThisLocation"
    assert peopled.links == {}
