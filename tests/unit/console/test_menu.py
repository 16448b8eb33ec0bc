from pathlib import Path

import pytest

from csms.console.menu import MENU, may, menu
from csms.services.ports.access import Role

TEMPLATES = Path(__file__).parents[3] / "csms/console/templates"


def test_every_page_of_the_menu_is_marked_by_a_template() -> None:
    heres = "".join(each.read_text() for each in TEMPLATES.glob("*.html"))
    words = [page.word for group in MENU for page in group.pages]

    assert len(set(words)) == len(words)
    assert [each for each in words if f"{{% block here %}}{each}{{%" not in heres] == []


def test_every_template_has_a_place_in_the_menu() -> None:
    words = {page.word for group in MENU for page in group.pages}
    for each in TEMPLATES.glob("*.html"):
        text = each.read_text()
        if "{% block here %}" in text and each.name != "base.html":
            word = text.split("{% block here %}")[1].split("{%")[0]
            assert word in words, each.name


@pytest.mark.parametrize("role", list(Role))
def test_a_menu_leads_nowhere_that_the_policy_forbids(role: Role) -> None:
    shown = [page for group in menu(role, has_mail=True) for page in group.pages]

    assert len(shown) > 5
    assert all(may(role, "GET", each.href) for each in shown)


def test_mail_is_shown_where_mail_is_caught() -> None:
    words = [
        {page.word for group in menu(Role.ADMIN, has_mail=each) for page in group.pages}
        for each in (True, False)
    ]

    assert words[0] - words[1] == {"Mail"}


def test_what_no_rule_allows_nobody_may() -> None:
    assert not may(Role.ADMIN, "DELETE", "/stations/CS-1")
    assert may(Role.OPERATOR, "POST", "/stations/CS-1/reports")
    assert not may(Role.VIEWER, "POST", "/stations/CS-1/reports")
