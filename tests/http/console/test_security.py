"""Security, certificates and the audit log, as a browser without scripts meets them."""

import re
from html import unescape

import httpx
import pytest

from csms.domain.ids import StationId
from csms.domain.security import RotationState, UpgradeState
from tests.browser.serving import Served
from tests.fakes.link import FakeLink

pytestmark = pytest.mark.sockets
FIRST = "MA-ACTON-BOXBOROUGH-01"
REFUSED, RESTARTING, FELL_BACK = (
    "MA-ACTON-BOXBOROUGH-04",
    "MA-ARLINGTON-03",
    "MA-BOSTON-01",
)
PLAIN, EXPIRED = "MA-HOME-07", "MA-ARLINGTON-02"


def part(text: str, name: str) -> str:
    """Return the section of a page that has this id, as it is read."""
    begun = text.partition(f'id="{name}"')[2]
    return unescape(begun.partition("</section>")[0])


def rows(text: str) -> list[str]:
    """Return the rows of what is in a text, without tags."""
    found = re.findall(r"<tr><th scope=\"row\".*?</tr>", text, re.DOTALL)
    return [" ".join(re.sub(r"<[^>]+>", " ", each).split()) for each in found]


class TestSecurity:
    def test_an_event_says_what_it_means_what_was_done_and_what_to_do(
        self, viewer: httpx.Client
    ) -> None:
        text = viewer.get("/security").text
        [row] = [each for each in rows(part(text, "events")) if "Tamper" in each]

        assert "grave 1 h ago MA-ACTON-BOXBOROUGH-02" in row
        assert "Its case was opened" in row
        assert "Raised as a critical incident." in row
        assert "Have somebody look at it on site" in row
        assert "image &lt;b&gt;9.1&lt;/b&gt;" in text

    @pytest.mark.parametrize(
        ("query", "kinds"),
        [
            ({"severity": "grave"}, {"Invalid firmware", "Tamper detection"}),
            ({"severity": "routine"}, {"Setting system", "Startup of"}),
            ({"station": "boxborough-02"}, {"Tamper detection"}),
            ({"station": FIRST, "severity": "notable"}, {"Something of"}),
            ({"station": "%"}, set()),
            ({"severity": "all", "station": "-04"}, {"Setting system"}),
            ({"severity": "unheard-of", "station": "-04"}, set()),
            (
                {},
                {
                    "Invalid firmware",
                    "Tamper detection",
                    "Maintenance login",
                    "Something of",
                },
            ),
        ],
    )
    def test_events_are_found_by_gravity_and_station(
        self, viewer: httpx.Client, query: dict[str, str], kinds: set[str]
    ) -> None:
        found = rows(part(viewer.get("/security", params=query).text, "events"))

        assert {" ".join(each.split()[:2]) for each in found} == kinds

    def test_what_wants_a_look_comes_first_with_what_is_used_and_wanted(
        self, viewer: httpx.Client
    ) -> None:
        listed = rows(part(viewer.get("/security").text, "stations"))
        named = {each.split()[0]: each for each in listed}

        assert {each.split()[0] for each in listed[:2]} == {REFUSED, FELL_BACK}
        assert "new one refused" in named[REFUSED]
        assert "the station says Rejected" in named[REFUSED]
        assert "fell back to the old way" in named[FELL_BACK]
        assert "should come in by 2" in named[RESTARTING]
        assert "restarting it when idle" in named[RESTARTING]
        assert len(listed) == 20

    def test_stations_are_found_by_state_and_page_by_page(
        self, viewer: httpx.Client
    ) -> None:
        failed = viewer.get("/security", params={"concern": "failed"}).text
        every = [
            row.split()[0]
            for page in (1, 2, 3, 4)
            for row in rows(
                part(viewer.get("/security", params={"page": page}).text, "stations")
            )
        ]

        assert {each.split()[0] for each in rows(part(failed, "stations"))} == {
            REFUSED,
            FELL_BACK,
        }
        assert len(every) == len(set(every)) == 55
        assert viewer.get("/security", params={"page": 0}).status_code == 422
        assert "came in" in viewer.get("/security", params={"station": FIRST}).text

    def test_nothing_found_says_where_to_go_on(self, viewer: httpx.Client) -> None:
        text = viewer.get("/security", params={"station": "nobody\0"}).text

        assert "No event fits." in text
        assert "No station fits." in text


class TestChangingAStation:
    def test_a_new_password_is_sent_and_nobody_sees_it(
        self, admin: httpx.Client, shown: Served
    ) -> None:
        station = StationId(PLAIN)
        link = FakeLink(
            {
                "SetVariables": lambda said: {
                    "setVariableResult": [
                        {
                            "attributeStatus": "Accepted",
                            "component": each["component"],
                            "variable": each["variable"],
                        }
                        for each in said["setVariableData"]
                    ]
                }
            },
            station=PLAIN,
        )
        shown.site.links[PLAIN] = link
        try:
            answer = admin.post(f"/stations/{PLAIN}/password")
        finally:
            del shown.site.links[PLAIN]

        assert answer.status_code == 303
        assert answer.headers["location"] == f"/stations/{PLAIN}#security"
        [(_, sent, _)] = link.asked
        secret = sent["setVariableData"][0]["attributeValue"]
        page = admin.get(f"/stations/{PLAIN}").text
        assert "took the new one, has yet to use it" in part(page, "security")
        assert secret not in part(page, "security")
        [latest] = shown.run(shown.site.node.security.passwords.history(station))
        assert latest.state is RotationState.ACCEPTED
        assert latest.by == "ada"
        trail = rows(admin.get("/audit", params={"about": PLAIN}).text)
        assert any(each.startswith("password rotating ada") for each in trail)

    def test_a_station_that_is_away_keeps_its_password(
        self, admin: httpx.Client
    ) -> None:
        answer = admin.post("/stations/MA-HOME-08/password")

        assert answer.status_code == 409
        assert "Wait until it is connected" in answer.text

    def test_an_upgrade_is_begun_and_stopped(
        self, admin: httpx.Client, shown: Served
    ) -> None:
        place = "/stations/MA-HOME-09"
        offered = part(admin.get(place).text, "security")
        begun = admin.post(f"{place}/upgrade", data={"profile": "2"})
        again = admin.post(f"{place}/upgrade", data={"profile": "2"})
        page = part(admin.get(place).text, "security")
        stopped = admin.post(f"{place}/upgrade/cancel")

        assert "Upgrade to 2" in offered
        assert "Upgrade to 3" not in offered
        assert (begun.status_code, again.status_code) == (303, 409)
        assert "installing the root it must trust" in page
        assert "should come in by 2" in page
        assert f'action="{place}/upgrade/cancel"' in page
        assert stopped.status_code == 303
        history = shown.site.node.security.upgrades.history(StationId("MA-HOME-09"))
        assert [each.state for each in shown.run(history)] == [UpgradeState.CANCELLED]
        assert "cancelled" in part(admin.get(place).text, "security")

    @pytest.mark.parametrize(
        ("said", "status"), [("1", 409), ("3", 422), ("9", 422), ("x", 422)]
    )
    def test_a_profile_that_cannot_be_is_explained(
        self, admin: httpx.Client, said: str, status: int
    ) -> None:
        answer = admin.post(f"/stations/{FIRST}/upgrade", data={"profile": said})

        assert answer.status_code == status
        assert "That did not work" in answer.text

    @pytest.mark.parametrize("what", ["password", "upgrade", "upgrade/cancel"])
    def test_only_administrators_may_and_denials_are_on_the_trail(
        self, operator: httpx.Client, admin: httpx.Client, shown: Served, what: str
    ) -> None:
        place = f"/stations/{FIRST}/{what}"
        page = operator.get(f"/stations/{FIRST}").text

        assert operator.post(place, data={"profile": "2"}).status_code == 403
        assert f'action="{place}"' not in page
        assert "/password" not in operator.get("/security").text
        shown.run(shown.site.node.security.denials.flush())
        trail = rows(admin.get("/audit", params={"what": "denied"}).text)
        assert any(
            place in each and "request beyond the role" in each for each in trail
        )

    @pytest.mark.parametrize(
        "what", ["password", "upgrade", "upgrade/cancel", "certificate-renewal"]
    )
    def test_a_page_of_another_origin_can_do_nothing(
        self, admin: httpx.Client, what: str
    ) -> None:
        answer = admin.post(
            f"/stations/{FIRST}/{what}",
            data={"profile": "2", "use": "station"},
            headers={"Origin": "https://evil.example"},
        )

        assert answer.status_code == 403

    def test_the_page_of_a_station_says_how_safe_it_is(
        self, viewer: httpx.Client
    ) -> None:
        said = part(viewer.get(f"/stations/{FIRST}").text, "security")

        assert "2: password, encrypted (TLS)" in said
        assert ">40 d ago</time>" in said
        assert "12 days left" in said
        assert "Invalid firmware signature" in said
        assert f"/certificates?q={FIRST}" in said
        assert "<form" not in said


class TestCertificates:
    def test_what_ends_first_comes_first(self, viewer: httpx.Client) -> None:
        listed = rows(viewer.get("/certificates").text)
        left = [re.search(r"expired 3 days ago|\d+ \w+ left", each) for each in listed]

        assert [each.group() for each in left if each] == [
            "expired 3 days ago",
            "12 days left",
            "25 days left",
            "60 days left",
            "80 days left",
            "10 months left",
            "8 years left",
            "9 years left",
        ]
        assert listed[0].startswith(EXPIRED)
        assert "trusted: this system, by stations" in listed[3]

    def test_it_is_shown_who_holds_what_and_what_nobody_knows(
        self, viewer: httpx.Client
    ) -> None:
        text = viewer.get("/certificates").text

        assert "on 4 stations" in text
        assert "no station says that it holds it" in text
        assert "Certificates on stations that nobody here knows: 1" in text

    def test_requests_changes_and_revocations_are_told(
        self, viewer: httpx.Client
    ) -> None:
        text = viewer.get("/certificates").text
        asked, changes = part(text, "requests"), part(text, "changes")

        assert "authority decides" in asked
        assert "tried 2 times" in asked
        assert "it is for another station" in asked
        assert "First Root to Second Root" in changes
        assert "1 failed, 1 have the new root, 1 waiting" in changes
        assert "Rejected: full" in changes
        assert "the key was &lt;i&gt;stolen&lt;/i&gt;" in text
        assert "MA-ARLINGTON-03" in part(text, "revoked")

    @pytest.mark.parametrize(
        ("query", "many"),
        [
            ({"q": EXPIRED.lower()}, 1),
            ({"owner": "trusted"}, 3),
            ({"q": "second root", "owner": "trusted"}, 1),
            ({"q": "nothing of the kind"}, 0),
        ],
    )
    def test_certificates_are_found(
        self, viewer: httpx.Client, query: dict[str, str], many: int
    ) -> None:
        text = viewer.get("/certificates", params=query).text
        assert len(re.findall(r"\b(?:left|ago)<svg", text)) == many
        assert ("No certificate fits." in text) is (many == 0)

    def test_a_station_is_asked_to_renew(
        self, operator: httpx.Client, shown: Served
    ) -> None:
        link = FakeLink({"TriggerMessage": {"status": "Accepted"}}, station=EXPIRED)
        place = f"/stations/{EXPIRED}/certificate-renewal"
        shown.site.links[EXPIRED] = link
        try:
            answer = operator.post(place, data={"use": "station"})
            link.answers["TriggerMessage"] = {"status": "Rejected"}
            refused = operator.post(place, data={"use": "station"})
        finally:
            del shown.site.links[EXPIRED]

        assert answer.headers["location"] == f"/certificates?q={EXPIRED}"
        wanted = "SignChargingStationCertificate"
        assert link.asked[0][1]["requestedMessage"] == wanted
        assert refused.status_code == 409
        assert "says Rejected" in refused.text
        assert f'action="{place}"' in operator.get("/certificates").text

    @pytest.mark.parametrize(("use", "status"), [("station", 409), ("server", 422)])
    def test_what_cannot_be_renewed_is_explained(
        self, operator: httpx.Client, use: str, status: int
    ) -> None:
        place = f"/stations/{EXPIRED}/certificate-renewal"

        assert operator.post(place, data={"use": use}).status_code == status

    def test_viewers_look_only(self, viewer: httpx.Client) -> None:
        place = f"/stations/{EXPIRED}/certificate-renewal"

        assert viewer.post(place, data={"use": "station"}).status_code == 403
        assert 'method="post" action="/stations' not in viewer.get("/certificates").text


class TestTheAuditLog:
    @pytest.mark.parametrize(
        ("query", "first"),
        [
            ({"who": "OLIV", "what": "root added"}, "root added olivia"),
            ({"what": "campaign", "about": "nine"}, "campaign begun olivia"),
            ({"about": "registry"}, "registry import setup"),
            ({"who": "olivia", "what": "event cancelled"}, "event cancelled olivia"),
            ({"what": "event called", "who": "olivia"}, "event called olivia"),
            ({"what": "opted out", "who": "home-"}, "participant opted out home-"),
        ],
    )
    def test_entries_are_found_by_who_what_and_about(
        self, admin: httpx.Client, query: dict[str, str], first: str
    ) -> None:
        found = rows(admin.get("/audit", params=query).text)

        assert found
        assert found[0].startswith(first)
        assert all(
            query.get("who", "").lower() in each.lower()
            and query.get("about", "") in each
            for each in found
        )

    def test_a_subject_leads_to_its_page(self, admin: httpx.Client) -> None:
        for what, place in (
            ("campaign begun", '"/firmware/campaigns/nine-for-all"'),
            ("display set", f'"/stations/{FIRST}"'),
            ("event cancelled", '"/events/ma-cs-'),
            ("id token added", '"/tokens"'),
            ("root added", '"/certificates?q='),
        ):
            text = admin.get("/audit", params={"what": what}).text
            entries = text.partition("<tbody>")[2]
            assert f"href={place}" in entries
            linked = set(re.findall(r'href="(/[^"?]+\??[^"]*)"', entries))
            assert {admin.get(each).status_code for each in linked} == {200}

    def test_it_is_read_backwards_page_by_page(
        self, admin: httpx.Client, shown: Served
    ) -> None:
        async def write() -> None:
            node = shown.site.node
            async with node.begin() as work:
                for number in range(60):
                    await work.access.audit(
                        "pager", "did.a_thing", "%_\\", {"n": number}, node.clock.now()
                    )

        shown.run(write())
        first = admin.get("/audit", params={"who": "pager"}).text
        older = unescape(re.findall(r'href="([^"]+)">Older</a>', first)[0])
        second = admin.get(older).text

        numbers = re.findall(r"n: (\d+)", first) + re.findall(r"n: (\d+)", second)
        assert [int(each) for each in numbers] == list(range(59, -1, -1))
        assert ">Latest</a>" in second
        assert len(rows(admin.get("/audit", params={"about": "%_\\"}).text)) == 50
        assert "No entry fits." in admin.get("/audit", params={"about": "%%"}).text

    def test_it_is_for_administrators(
        self, operator: httpx.Client, admin: httpx.Client
    ) -> None:
        assert operator.get("/audit").status_code == 403
        assert 'href="/audit"' not in operator.get("/security").text
        page = admin.get("/security").text
        assert 'href="/audit"' in page
        assert not re.search(r"\s(style|on\w+)=\"", admin.get("/audit").text)
