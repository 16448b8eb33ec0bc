"""Tokens, reservations and tariffs in the console, as a browser meets them."""

import httpx
import pytest

from tests.browser.serving import Served

pytestmark = pytest.mark.sockets
FIRST, SECOND = "MA-ACTON-BOXBOROUGH-01", "MA-ACTON-BOXBOROUGH-02"


def main(page: httpx.Response) -> str:
    return page.text.split('id="main"')[1]


def trail(shown: Served) -> list[str]:
    async def read() -> list[str]:
        async with shown.site.node.begin() as work:
            found = await work.access.trail(before=None, limit=20)
        return [each.action for each in found if each.actor == "olivia"]

    return shown.run(read())


def test_tokens_are_shown_with_what_holds_for_them(viewer: httpx.Client) -> None:
    page = main(viewer.get("/tokens"))
    found = main(viewer.get("/tokens?q=home+03"))
    blocked = main(viewer.get("/tokens?state=Blocked"))

    assert "04A2B3C4D5E6F7" in page
    assert "4711" not in page
    assert '<form method="post"' not in page
    assert "US-CSM-C1234567-8" in found
    assert f"{FIRST}/1" in found
    assert "04A2B3C4D5E6F7" not in found
    assert "Depot crew, card 2" in blocked
    assert "VISITOR-17" not in blocked.split("Refused lately")[0]


def test_lists_and_refusals_are_shown(viewer: httpx.Client) -> None:
    page = main(viewer.get("/tokens"))
    lists, refused = page.split('id="lists"')[1].split("Refused lately")

    assert "Failed the list is too long" in lists
    assert "2 tokens have no room" in lists
    assert "the token is blocked here" in refused
    assert "nobody knows the token" in refused


def test_a_token_is_added_blocked_changed_and_forgotten(
    shown: Served, operator: httpx.Client
) -> None:
    form = {
        "type": "ISO14443",
        "value": "0102AABB",
        "label": "<b>Nina</b>",
        "group": "night",
        "valid_until": "2027-01-01T12:00",
        "places": f"{FIRST}/1, {SECOND}",
        "listed": "true",
    }

    assert operator.post("/tokens", data=form).status_code == 303
    (item,) = operator.get("/api/v1/id-tokens?q=0102AABB").json()["items"]
    assert item["valid_until"] == "2027-01-01T17:00:00Z"
    assert [each["evses"] for each in item["places"]] == [[1], []]
    assert (item["listed"], item["discharge"]) == (True, False)
    where = f"/tokens/{item['id']}"
    assert operator.post(f"{where}/block").status_code == 303
    page = operator.get(where).text
    assert "&lt;b&gt;Nina" in page
    assert "blocked" in page
    assert 'value="2027-01-01T12:00"' in page
    assert operator.post(where, data=form | {"group": ""}).status_code == 303
    assert operator.get(f"/api/v1/id-tokens/{item['id']}").json()["blocked"] is True
    assert operator.post(f"{where}/forget").status_code == 303
    assert operator.get(where).status_code == 404
    assert {"id_token.added", "id_token.changed", "id_token.removed"} <= set(
        trail(shown)
    )


@pytest.mark.parametrize(
    ("changes", "field", "said"),
    [
        ({"value": "04A2B3C4D5E6F7"}, "value", "is known already"),
        ({"value": " "}, "value", "not empty"),
        ({"type": "Tattoo"}, "type", "Choose one of the types"),
        ({"valid_from": "soon"}, "valid_from", "Write it as 2026-07-14T17:00"),
        (
            {"valid_from": "2027-01-02T00:00", "valid_until": "2027-01-01T00:00"},
            "valid_until",
            "never be valid",
        ),
        ({"places": "NOWHERE"}, "places", "no station, EVSE or site NOWHERE"),
        ({"places": f"{FIRST}/9"}, "places", f"{FIRST}/9"),
    ],
)
def test_a_token_that_makes_no_sense_is_explained_at_its_field(
    operator: httpx.Client, changes: dict[str, str], field: str, said: str
) -> None:
    form = {"type": "ISO14443", "value": "77", "label": "Kept as typed"} | changes

    answer = operator.post("/tokens", data=form)

    assert answer.status_code in (409, 422)
    fault = answer.text.split(f'id="add-{field}-fault"')[1].split("</p>")[0]
    assert said in fault
    assert 'value="Kept as typed"' in answer.text
    assert '<details class="card" id="add" open>' in answer.text


def test_the_list_of_a_station_that_is_away_is_not_sent(operator: httpx.Client) -> None:
    kept = operator.post("/tokens/lists", data={"station": "MA-HOME-09"})
    sent = operator.post(f"/tokens/lists/{FIRST}/send")
    never = operator.post("/tokens/lists", data={"station": "NOBODY"})

    assert kept.status_code == 303
    assert "MA-HOME-09" in main(operator.get("/tokens")).split('id="lists"')[1]
    assert sent.status_code == 504
    assert "did not answer" in main(sent)
    assert "There is no such station" in never.text
    assert 'value="NOBODY"' in never.text


def test_reservations_are_shown_asked_for_and_taken_back(
    viewer: httpx.Client, operator: httpx.Client
) -> None:
    page = main(viewer.get("/reservations"))
    only = main(viewer.get(f"/reservations?station={SECOND}"))
    now, earlier = page.split('id="open"')[1].split("Earlier")
    form = {"station": SECOND, "evse": "", "type": "ISO14443", "value": "0A"}

    asked = operator.post(
        "/reservations", data=form | {"expires_at": "2026-07-14T23:00"}
    )
    away = operator.post("/reservations/1/cancel")
    gone = operator.post("/reservations/3/cancel")

    assert ("kept free" in now, "nobody came" in earlier) == (True, True)
    assert FIRST not in only
    assert '<form method="post"' not in page
    assert (asked.status_code, "reserves only a certain EVSE" in asked.text) == (
        409,
        True,
    )
    assert 'value="0A"' in asked.text
    assert (away.status_code, "did not answer" in away.text) == (504, True)
    assert (gone.status_code, "Reservation 3 is used" in gone.text) == (409, True)


@pytest.mark.parametrize(
    ("changes", "field", "said"),
    [
        ({"station": "NOBODY"}, "station", "no such station"),
        ({"evse": "one"}, "evse", "no whole number"),
        ({"evse": "9"}, "evse", f"{FIRST} has no EVSE 9"),
        ({"expires_at": ""}, "expires_at", "An end is due"),
        ({"expires_at": "2026-07-01T00:00"}, "expires_at", "within 7 days"),
        ({"value": "04FFEEDDCCBBAA"}, "value", "Blocked"),
        ({"value": ""}, "value", "name a token"),
    ],
)
def test_a_reservation_that_makes_no_sense_is_explained_at_its_field(
    operator: httpx.Client, changes: dict[str, str], field: str, said: str
) -> None:
    form = {
        "station": FIRST,
        "evse": "1",
        "type": "ISO14443",
        "value": "0B",
        "group": "kept as typed",
        "expires_at": "2026-07-14T23:00",
    }

    answer = operator.post("/reservations", data=form | changes)

    assert answer.status_code in (403, 422)
    fault = answer.text.split(f'id="reserve-{field}-fault"')[1].split("</p>")[0]
    assert said in fault
    assert 'value="kept as typed"' in answer.text


def test_tariffs_their_places_and_what_runs_are_shown(viewer: httpx.Client) -> None:
    running, tariffs = main(viewer.get("/tariffs")).split("Prices, with taxes", 1)

    assert "3.47 USD" in running
    assert f"{SECOND}/1" in running
    assert "0.28875 USD per kWh" in tariffs
    assert "with conditions" in tariffs
    assert "<form" not in tariffs


def test_a_tariff_is_added_holds_and_is_removed(
    shown: Served, operator: httpx.Client
) -> None:
    form = {"id": "flat", "currency": "eur", "per_kwh": "0.30", "fixed": "1"}

    assert operator.post("/tariffs", data=form).status_code == 303
    page = operator.get("/tariffs").text
    assert "0.30 EUR per kWh" in page
    place = {"tariff": "flat", "station": FIRST, "evse": "1"}
    assert operator.post("/tariffs/places", data=place).status_code == 303
    used = operator.post("/tariffs/remove", data={"tariff": "flat"})
    assert (used.status_code, "clear it where it holds" in used.text.lower()) == (
        409,
        True,
    )
    assert operator.post(f"/tariffs/places/{FIRST}/1/clear").status_code == 303
    again = operator.post(f"/tariffs/places/{FIRST}/1/clear")
    assert (again.status_code, "No tariff holds at" in again.text) == (404, True)
    assert operator.post("/tariffs/remove", data={"tariff": "flat"}).status_code == 303
    assert {
        "tariff.saved",
        "tariff.assigned",
        "tariff.cleared",
        "tariff.removed",
    } <= set(trail(shown))


@pytest.mark.parametrize(
    ("path", "form", "field", "said"),
    [
        ("", {"id": "", "currency": "USD", "per_kwh": "1"}, "save-id", "A name is due"),
        (
            "",
            {"id": "x", "currency": "$", "per_kwh": "1"},
            "save-currency",
            "USD or EUR",
        ),
        ("", {"id": "x", "currency": "USD"}, "save-per_kwh", "A price is due"),
        ("", {"id": "x", "currency": "USD", "fixed": "-1"}, "save-fixed", "no price"),
        ("", {"id": "x", "currency": "USD", "fixed": "nan"}, "save-fixed", "no price"),
        (
            "",
            {"id": "depot-2026", "currency": "USD", "per_kwh": "9"},
            "save-id",
            "under another id",
        ),
        ("/places", {"tariff": "x", "station": FIRST}, "hold-tariff", "no tariff x"),
        (
            "/places",
            {"tariff": "depot-2026", "station": "NOBODY"},
            "hold-station",
            "no such station",
        ),
        (
            "/places",
            {"tariff": "depot-2026", "station": FIRST, "evse": "9"},
            "hold-evse",
            "has no EVSE 9",
        ),
        (
            "/places",
            {"tariff": "night-and-day", "station": FIRST},
            "hold-tariff",
            "has conditions",
        ),
    ],
)
def test_what_makes_no_sense_of_tariffs_is_explained_at_its_field(
    operator: httpx.Client, path: str, form: dict[str, str], field: str, said: str
) -> None:
    answer = operator.post(f"/tariffs{path}", data=form)

    assert answer.status_code in (403, 404, 409, 422)
    fault = answer.text.split(f'id="{field}-fault"')[1].split("</p>")[0]
    assert said in fault


def test_who_only_looks_changes_nothing_for_drivers(viewer: httpx.Client) -> None:
    asked = [
        viewer.post("/tokens", data={"type": "Central", "value": "x"}),
        viewer.post("/tokens/1/block"),
        viewer.post("/tokens/1", data={}),
        viewer.post("/tokens/lists", data={"station": FIRST}),
        viewer.post(f"/tokens/lists/{FIRST}/send"),
        viewer.post("/reservations", data={}),
        viewer.post("/reservations/1/cancel"),
        viewer.post("/tariffs", data={}),
        viewer.post("/tariffs/places", data={}),
    ]

    assert {each.status_code for each in asked} == {403}


def test_a_page_of_another_origin_adds_no_token(shown: Served) -> None:
    with httpx.Client(base_url=shown.address) as client:
        client.headers["Origin"] = shown.address
        form = {"name": "olivia", "password": "correct horse battery"}
        assert client.post("/sign-in", data=form).status_code == 303
        client.headers["Origin"] = "https://elsewhere.example"
        token = {"type": "Central", "value": "smuggled"}

        assert client.post("/tokens", data=token).status_code == 403
        assert "smuggled" not in client.get("/tokens").text
