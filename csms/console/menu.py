"""The menu: pages in groups, of which everybody sees those that he may open.

A new page is one line here, and the word of that line in its template's ``here`` block.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from csms.services.policy import who_may
from csms.services.ports.access import Role


@dataclass(frozen=True, slots=True)
class Entry:
    """One page of the menu.

    Attributes:
        word: What it is called; its template's ``here`` block says the same.
        href: Its address.
    """

    word: str
    href: str


@dataclass(frozen=True, slots=True)
class Group:
    """Pages that belong together.

    Attributes:
        word: What the group is called.
        pages: What is in it, at least one; the first is where the group leads.
    """

    word: str
    pages: tuple[Entry, ...]

    @property
    def href(self) -> str:
        """Return where the group leads."""
        return self.pages[0].href

    @property
    def is_one(self) -> bool:
        """Tell whether the group is its only page, so that there is no choice."""
        return len(self.pages) == 1 and self.pages[0].word == self.word

    def has(self, word: str) -> bool:
        """Tell whether a page is in it."""
        return any(each.word == word for each in self.pages)


MAIL: Final = "/mail"

MENU: Final[tuple[Group, ...]] = (
    Group("Overview", (Entry("Overview", "/"),)),
    Group("Fleet", (Entry("Fleet", "/fleet"),)),
    Group("Events", (Entry("Events", "/events"),)),
    Group(
        "Drivers",
        (
            Entry("Tokens", "/tokens"),
            Entry("Reservations", "/reservations"),
            Entry("Tariffs", "/tariffs"),
        ),
    ),
    Group(
        "Upkeep",
        (
            Entry("Alerts", "/alerts"),
            Entry("Logs", "/logs"),
            Entry("Firmware", "/firmware"),
        ),
    ),
    Group(
        "Security",
        (
            Entry("Security", "/security"),
            Entry("Certificates", "/certificates"),
            Entry("Audit", "/audit"),
        ),
    ),
    Group(
        "System",
        (
            Entry("Handshakes", "/handshakes"),
            Entry("Conformance", "/conformance"),
            Entry("Mail", MAIL),
        ),
    ),
)
"""All there is, in order. Security comes after upkeep."""


def menu(role: Role, *, has_mail: bool) -> Sequence[Group]:
    """Return what somebody may open.

    Args:
        role: Whose menu it is.
        has_mail: Whether mail is caught here instead of sent.
    """
    shown = (
        Group(
            each.word,
            tuple(
                page
                for page in each.pages
                if may(role, "GET", page.href) and (has_mail or page.href != MAIL)
            ),
        )
        for each in MENU
    )
    return [each for each in shown if each.pages]


def may(role: Role, method: str, place: str) -> bool:
    """Tell whether the policy lets a role do something."""
    who = who_may(method, place)
    return who is not None and (who.role is None or role.may(who.role))
