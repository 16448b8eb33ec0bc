"""The console's pages, as a browser without JavaScript meets them."""

import re
from collections.abc import Iterator

import httpx
import pytest

from csms.domain.device_model import Drift, DriftKind
from csms.domain.event import Stage
from csms.domain.ids import EvseId, StationId
from csms.domain.station import VariableKey
from tests.browser.serving import Served
from tests.browser.site import OPERATOR

pytestmark = pytest.mark.sockets
ASKED = {
    "program": "ma-cs-ci",
    "on": "2026-07-21",
    "start": "17:00",
    "end": "20:00",
    "target_kw": "300",
    "test": "false",
}
STATION = "MA-ACTON-BOXBOROUGH-01"


def pages(shown: Served) -> Iterator[str]:
    yield from ("/", "/fleet", "/events", "/events/new", "/mail", "/mail/1")
    yield from (f"/stations/{STATION}", "/handshakes", "/conformance", "/firmware")
    yield f"/stations/{STATION}/composite"
    yield from ("/security", "/certificates", f"/security?station={STATION}&page=2")
    yield from (f"/events/{event}" for event in shown.site.events.values())


class TestTheDoor:
    @pytest.mark.parametrize("path", ["/", "/fleet", "/events/x?a=b", "/stations/x"])
    def test_a_stranger_is_led_to_the_sign_in_and_back_again(
        self, stranger: httpx.Client, path: str
    ) -> None:
        answer = stranger.get(path)

        assert answer.status_code == 303
        where = answer.headers["location"]
        assert where.startswith("/sign-in")
        form = stranger.get(where).text
        assert f'name="next" value="{path}"' in form

    def test_a_wrong_password_is_told_apart_from_nothing_else(
        self, stranger: httpx.Client, shown: Served
    ) -> None:
        origin = {"Origin": shown.address}
        answers = [
            stranger.post(
                "/sign-in", data={"name": name, "password": "wrong one"}, headers=origin
            )
            for name in ("nobody", "victor")
        ]

        assert [each.status_code for each in answers] == [401, 401]
        texts = [re.sub(r'value="\w+"', "", each.text) for each in answers]
        assert texts[0] == texts[1]
        assert "set-cookie" not in answers[0].headers

    def test_the_session_is_a_cookie_that_scripts_cannot_read(
        self, stranger: httpx.Client, shown: Served
    ) -> None:
        answer = stranger.post(
            "/sign-in",
            data={"name": OPERATOR[0], "password": OPERATOR[1], "next": "/fleet"},
            headers={"Origin": shown.address},
        )

        assert answer.headers["location"] == "/fleet"
        cookie = answer.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=lax" in cookie

    @pytest.mark.parametrize(
        "to", ["//evil.example", "https://evil.example", "/\\evil.example", "fleet"]
    )
    def test_the_sign_in_leads_nowhere_else(
        self, stranger: httpx.Client, shown: Served, to: str
    ) -> None:
        answer = stranger.post(
            "/sign-in",
            data={"name": OPERATOR[0], "password": OPERATOR[1], "next": to},
            headers={"Origin": shown.address},
        )

        assert answer.headers["location"] == "/"

    def test_signing_out_ends_the_session(
        self, operator: httpx.Client, shown: Served
    ) -> None:
        secret = operator.cookies["csms_session"]
        operator.post("/sign-out")

        again = httpx.get(
            f"{shown.address}/fleet", headers={"Cookie": f"csms_session={secret}"}
        )
        assert again.status_code == 303

    @pytest.mark.parametrize(
        "path", ["/sign-in", "/sign-out", "/events", "/events/x/cancel"]
    )
    def test_a_page_of_another_origin_can_do_nothing(
        self, operator: httpx.Client, path: str
    ) -> None:
        answer = operator.post(
            path,
            data={"name": OPERATOR[0], "password": OPERATOR[1], "reason": "because"},
            headers={"Origin": "https://evil.example"},
        )

        assert answer.status_code == 403


class TestEveryPage:
    def test_is_whole_private_and_without_foreign_parts(
        self, operator: httpx.Client, shown: Served
    ) -> None:
        for path in pages(shown):
            answer = operator.get(path)
            text = answer.text

            assert answer.status_code == 200, path
            assert '<html lang="en"' in text
            assert text.count("<h1") == 1
            assert '<main id="main"' in text
            assert answer.headers["Cache-Control"] == "no-store"
            assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
            assert not re.search(r"<script(?![^>]*\bsrc=)", text)
            assert not re.search(r"\s(style|on\w+)=\"", text), path
            assert not re.search(r"(src|href|action)=\"(https?:)?//", text)
            ids = re.findall(r"\sid=\"([^\"]+)\"", text)
            assert len(ids) == len(set(ids)), path
            assert text.count("<table") == text.count("<caption")

    def test_shows_viewers_no_way_to_act(
        self, viewer: httpx.Client, shown: Served
    ) -> None:
        for path in pages(shown):
            if path != "/events/new":
                text = viewer.get(path).text
                posts = re.findall(r'method="post" action="([^"]+)"', text)
                assert posts == ["/sign-out"], path
                assert "/events/new" not in text, path

    def test_names_what_does_not_exist(self, operator: httpx.Client) -> None:
        for path in ("/events/none", "/stations/none", "/mail/99999"):
            answer = operator.get(path)
            assert answer.status_code == 404
            assert "That did not work" in answer.text

    def test_keeps_its_parts_for_ever_under_a_name_that_changes_with_them(
        self, operator: httpx.Client, stranger: httpx.Client
    ) -> None:
        text = operator.get("/").text
        parts = re.findall(r'(?:src|href)="(/static/[^"]+)"', text)

        assert len(parts) == 3
        for part in parts:
            answer = stranger.get(part)
            assert answer.status_code == 200
            assert "immutable" in answer.headers["Cache-Control"]
        old = stranger.get("/static/0000/app.js")
        assert old.headers["Cache-Control"] == "no-cache"
        assert stranger.get("/static/0000/none.js").status_code == 404
        assert stranger.get("/static/0000/..%2Fapp.py").status_code == 404


class TestCallingAnEvent:
    def test_a_preview_keeps_nothing(
        self, operator: httpx.Client, shown: Served
    ) -> None:
        before = shown.run(shown.site.node.queries.events())
        answer = operator.get("/events/new", params=ASKED)

        assert answer.status_code == 200
        assert "Call the event" in answer.text
        assert (
            "island-only"
            in operator.get(
                "/events/new", params=ASKED | {"program": "ma-cs-small"}
            ).text
            or "served by a utility outside the program" in answer.text
        )
        assert shown.run(shown.site.node.queries.events()) == before

    def test_a_confirmed_event_is_called_once_however_often_it_is_sent(
        self, operator: httpx.Client
    ) -> None:
        sent = ASKED | {"key": "0123456789", "name": "Once <only>"}
        answers = [operator.post("/events", data=sent) for _ in range(2)]

        assert [each.status_code for each in answers] == [303, 303]
        where = {each.headers["location"] for each in answers}
        assert len(where) == 1
        page = operator.get(where.pop()).text
        assert "Once &lt;only&gt;" in page
        assert "Once <only>" not in page
        assert "Called by olivia" in page

    def test_an_event_is_cancelled_with_a_reason(self, operator: httpx.Client) -> None:
        sent = ASKED | {"on": "2026-07-22", "key": "abcdefghij"}
        where = operator.post("/events", data=sent).headers["location"]
        silent = operator.post(f"{where}/cancel", data={"reason": ""})
        answer = operator.post(f"{where}/cancel", data={"reason": "the heat is off"})

        assert silent.status_code == 422
        assert answer.status_code == 303
        assert "Cancelled: the heat is off" in operator.get(where).text

    def test_what_the_rules_forbid_cannot_be_confirmed(
        self, operator: httpx.Client
    ) -> None:
        late = ASKED | {"start": "09:00", "end": "12:00"}
        preview = operator.get("/events/new", params=late)
        anyway = operator.post("/events", data=late | {"key": "another-key"})

        assert "The rules forbid this event" in preview.text
        assert ">Call the event</button>" not in preview.text
        assert anyway.status_code == 403
        assert "outside" in anyway.text

    @pytest.mark.parametrize(
        ("field", "value"),
        [("on", "tomorrow"), ("start", "25:00"), ("target_kw", "much")],
    )
    def test_a_field_that_makes_no_sense_is_named(
        self, operator: httpx.Client, field: str, value: str
    ) -> None:
        answer = operator.get("/events/new", params=ASKED | {field: value})

        assert answer.status_code == 422
        assert re.search(rf'role="alert">{field}: ', answer.text)

    def test_a_viewer_may_not(self, viewer: httpx.Client) -> None:
        sent = ASKED | {"key": "0123456789"}

        assert viewer.get("/events/new", params=ASKED).status_code == 403
        assert viewer.post("/events", data=sent).status_code == 403


class TestAnEvent:
    def test_that_runs_shows_what_is_given_and_who_lags(
        self, viewer: httpx.Client, shown: Served
    ) -> None:
        page = viewer.get(f"/events/{shown.site.events[Stage.ACTIVE]}").text

        assert "Delivered now" in page
        assert "Asked, but not giving: 1" in page
        assert "kW delivered, " in page
        assert 'data-refresh="/events/' in page

    def test_that_is_settled_accounts_for_all_that_was_planned(
        self, viewer: httpx.Client, shown: Served
    ) -> None:
        event = shown.site.events[Stage.SETTLED]
        page = viewer.get(f"/events/{event}").text
        row = shown.run(shown.site.node.queries.event(event))

        assert row is not None
        parts = re.findall(r"<title>([a-z ]+): ([\d.,]+) kWh</title>", page)
        assert {name for name, _ in parts} >= {"delivered", "opted out", "unknown"}
        whole = sum(float(value.replace(",", "")) for _, value in parts)
        assert whole == pytest.approx(-row.planned.as_kwh, abs=0.3)
        assert "data-refresh" not in page

    def test_that_is_cancelled_says_why(
        self, viewer: httpx.Client, shown: Served
    ) -> None:
        page = viewer.get(f"/events/{shown.site.events[Stage.CANCELLED]}").text

        assert "Cancelled: the forecast has changed" in page

    def test_lets_an_operator_opt_somebody_out_who_called(
        self, operator: httpx.Client, shown: Served
    ) -> None:
        event = shown.site.events[Stage.NOTIFIED]
        answer = operator.post(
            f"/events/{event}/opt-outs", data={"participant": "home-05"}
        )

        assert answer.status_code == 303
        page = operator.get(f"/events/{event}").text
        assert re.search(r"opted out [\d:]+ PM by olivia", page)
        assert '<option value="home-05">' not in page


class TestTheFleet:
    def test_can_be_filtered(self, viewer: httpx.Client) -> None:
        everything = viewer.get("/fleet").text
        lincoln = viewer.get("/fleet", params={"q": "lincoln"}).text
        nothing = viewer.get("/fleet", params={"q": "no such station"}).text

        assert everything.count("data-evse=") == 55
        assert lincoln.count("data-evse=") == 3
        assert "No station fits." in nothing

    def test_says_of_each_what_it_does_and_since_when(
        self, viewer: httpx.Client, shown: Served
    ) -> None:
        page = viewer.get("/fleet", params={"status": "pending"}).text

        assert "never booted" in page
        assert "Offline" in page
        shown.tell(EvseId(StationId("MA-HOME-02"), 1), soc_pct=51.2)
        row = viewer.get("/fleet", params={"q": "MA-HOME-02"}).text
        assert "51 %" in row


class TestAStation:
    def test_shows_its_messages_without_believing_them(
        self, viewer: httpx.Client
    ) -> None:
        page = viewer.get(f"/stations/{STATION}").text

        assert "this is no frame" in page
        assert "no &lt;b&gt;such&lt;/b&gt; field" in page
        assert "<b>such" not in page

    def test_finds_a_call_and_its_answer(self, viewer: httpx.Client) -> None:
        page = viewer.get(f"/stations/{STATION}", params={"message_id": "s1"}).text

        assert page.count("<li><details") == 2
        assert "out, call" in page
        assert "in, error" in page

    def test_says_which_of_three_things_came_of_a_command(
        self, operator: httpx.Client
    ) -> None:
        where = f"/stations/{STATION}/commands"
        silent = operator.post(
            where, data={"action": "Reset", "payload": '{"type":"Immediate"}'}
        )
        wrong = operator.post(where, data={"action": "Reset", "payload": '{"type":1}'})
        no_json = operator.post(where, data={"action": "Reset", "payload": "{"})

        assert "The station did not answer: unreachable" in silent.text
        assert "Not sent: type" in wrong.text
        assert "the payload is no JSON" in no_json.text

    def test_takes_no_command_from_a_viewer(self, viewer: httpx.Client) -> None:
        answer = viewer.post(f"/stations/{STATION}/commands", data={"action": "Reset"})

        assert answer.status_code == 403


class TestMail:
    def test_a_letter_is_shown_locked_up(self, viewer: httpx.Client) -> None:
        page = viewer.get("/mail/1").text
        letter = viewer.get("/mail/1/letter")

        assert 'src="/mail/1/letter"' in page
        assert "sandbox" in letter.headers["Content-Security-Policy"]
        assert "default-src 'none'" in letter.headers["Content-Security-Policy"]
        assert '<base target="_blank">' in letter.text

    def test_can_be_searched(self, viewer: httpx.Client) -> None:
        page = viewer.get("/mail", params={"q": "home-01@"}).text

        assert "home-01@example.org" in page
        assert "home-02@example.org" not in page


class TestSetup:
    async def _drifted(self, shown: Served) -> None:
        key = VariableKey("OCPPCommCtrlr", "OfflineThreshold")
        now = shown.site.node.clock.now()
        drift = Drift(
            StationId(STATION), key, "offline", "300", "<600>", DriftKind.VALUE,
            required=True, since=now,
        )  # fmt: skip
        async with shown.site.node.begin() as work:
            await work.models.replace_drifts(StationId(STATION), [drift])

    def test_what_is_wrong_is_shown_and_may_be_repaired(
        self, shown: Served, operator: httpx.Client, viewer: httpx.Client
    ) -> None:
        shown.run(self._drifted(shown))

        page = operator.get(f"/stations/{STATION}").text
        watched = viewer.get(f"/stations/{STATION}").text

        assert "OCPPCommCtrlr.OfflineThreshold" in page
        assert "&lt;600&gt;" in page
        assert "Repair" in page
        assert "<button>Repair</button>" not in watched
        answer = operator.post(f"/stations/{STATION}/drift/repair")
        assert answer.status_code == 504
        denied = viewer.post(f"/stations/{STATION}/drift/repair")
        assert denied.status_code == 403

    def test_a_restart_that_makes_no_sense_is_explained(
        self, operator: httpx.Client
    ) -> None:
        answer = operator.post(f"/stations/{STATION}/resets", data={"kind": "Never"})

        assert answer.status_code == 422
        assert "there is no restart Never" in answer.text
