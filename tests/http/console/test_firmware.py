"""Firmware and displays in the console, as a browser without JavaScript meets them."""

import httpx
import pytest

from tests.browser.serving import Served

pytestmark = pytest.mark.sockets
STATION = "MA-ACTON-BOXBOROUGH-01"


@pytest.fixture
def image(operator: httpx.Client, shown: Served) -> str:
    """An image for a make that is in the fleet."""
    made = operator.get(f"/api/v1/stations/{STATION}").json()
    body = {
        "id": "to-9",
        "vendor": made["vendor"],
        "model": made["model"],
        "version": "9.0",
        "location": "https://fw.example.org/9.bin",
    }
    answer = operator.post("/api/v1/firmware/images", json=body)
    assert answer.status_code in (201, 409)
    del shown
    return "to-9"


def test_a_campaign_is_begun_paused_and_cancelled(
    operator: httpx.Client, viewer: httpx.Client, image: str
) -> None:
    form = {"name": "c-1", "image": image, "wave_size": "2", "pause_pct": "50"}

    begun = operator.post("/firmware/campaigns", data=form)
    assert begun.status_code == 303, begun.text
    where = begun.headers["location"]
    page = operator.get(where).text
    assert STATION in page
    assert "waves of 2" in page
    for verb, word in (("pause", "paused"), ("resume", "running")):
        assert operator.post(f"{where}/{verb}").status_code == 303
        assert word in operator.get(where).text
    assert operator.post(f"{where}/cancel").status_code == 303

    listed = viewer.get("/firmware").text
    assert 'href="/firmware/campaigns/c-1"' in listed
    assert "unsigned" in listed
    assert "<form" not in listed.split('id="main"')[1]
    again = operator.post(f"{where}/resume")
    assert (again.status_code, "the campaign is cancelled" in again.text) == (409, True)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"wave_size": "many"}, "a whole number is due"),
        ({"pause_pct": "0"}, "a share lies above 0"),
        ({"name": "a b"}, "letters, digits"),
        ({"image": "none"}, "no firmware image"),
    ],
)
def test_a_campaign_that_makes_no_sense_is_explained(
    operator: httpx.Client, image: str, changes: dict[str, str], said: str
) -> None:
    form = {"name": "c-2", "image": image} | changes

    answer = operator.post("/firmware/campaigns", data=form)

    assert answer.status_code in (404, 422)
    assert said in answer.text


def test_who_only_looks_steers_nothing(viewer: httpx.Client, image: str) -> None:
    form = {"name": "c-3", "image": image}
    assert viewer.post("/firmware/campaigns", data=form).status_code == 403
    assert viewer.post("/firmware/campaigns/c-1/pause").status_code == 403
    shown = {"content": "Hello"}
    assert viewer.post(f"/stations/{STATION}/displays", data=shown).status_code == 403


def test_a_message_is_shown_on_a_display(operator: httpx.Client) -> None:
    form = {"content": "Hello <b>there</b>", "priority": "InFront"}

    answer = operator.post(f"/stations/{STATION}/displays", data=form)

    assert answer.status_code == 303
    assert answer.headers["location"] == f"/stations/{STATION}#displays"
    page = operator.get(f"/stations/{STATION}").text
    assert "Hello &lt;b&gt;there&lt;/b&gt;" in page
    assert "no answer: unreachable" in page
    cleared = operator.post(f"/stations/{STATION}/displays/1/clear")
    read = operator.post(f"/stations/{STATION}/displays/read")
    assert (cleared.status_code, read.status_code) == (504, 504)
    assert "did not answer" in cleared.text
    assert cleared.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize(
    "form", [{"content": " "}, {"content": "x", "priority": "Loudest"}]
)
def test_a_message_must_make_sense(
    operator: httpx.Client, form: dict[str, str]
) -> None:
    answer = operator.post(f"/stations/{STATION}/displays", data=form)

    assert answer.status_code == 422
