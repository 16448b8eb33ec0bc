"""Drivers: they read their mail, and some of them opt out by its link."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import getaddresses
from typing import Any

import httpx

from csms.clock import Clock, pause
from simulators.days import Placed
from simulators.instants import day_of, local
from simulators.observer import Observer
from simulators.population import Fleet

LINK = re.compile(r"https?://[^\s\"'<>]+/p/[A-Za-z0-9._~=-]+")
POLL_S = 0.3
ACCEPTED = (200, 302, 303)


@dataclass(slots=True)
class Drivers:
    """All drivers of a fleet and their mailbox.

    Attributes:
        observer: Who writes down what they do.
        clock: Where business time comes from.
        url: Base address of the mail catcher.
        token: What opens it.
        participants: Participants by mail address.
        wishes: When a participant wants to opt out, in Unix seconds.
        links: The link of the newest notice of each participant.
    """

    observer: Observer
    clock: Clock
    url: str
    token: str
    participants: Mapping[str, str]
    wishes: dict[str, float]
    links: dict[str, str] = field(default_factory=dict)
    _after: int = 0

    async def run(self) -> None:
        """Read the mail and act on it, until cancelled."""
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        async with httpx.AsyncClient(timeout=10, trust_env=False) as client:
            while True:
                try:
                    await self._read(client, headers)
                    await self._act(client)
                except (httpx.HTTPError, ValueError, KeyError):
                    await pause(POLL_S)
                await pause(POLL_S)

    async def _read(self, client: httpx.AsyncClient, headers: dict[str, str]) -> None:
        url = f"{self.url.rstrip('/')}/api/v1/mail"
        answer = await client.get(url, params={"after": self._after}, headers=headers)
        answer.raise_for_status()
        page = answer.json()
        for mail in page["items"]:
            self._notice(mail)
        self._after = page.get("next") or self._after

    def _notice(self, mail: dict[str, Any]) -> None:
        self._after = max(self._after, int(mail.get("id", 0)))
        found = LINK.search(f"{mail.get('text') or ''} {mail.get('html') or ''}")
        if found is None:
            return
        for address in _addresses(mail.get("to")):
            participant = self.participants.get(address)
            if participant:
                self.observer.told(participant, self.clock.now().timestamp())
                self.links[participant] = found.group().rstrip(".")

    async def _act(self, client: httpx.AsyncClient) -> None:
        now = self.clock.now().timestamp()
        due = [p for p, at in self.wishes.items() if at <= now and p in self.links]
        for participant in due:
            await self._opt_out(client, participant)

    async def _opt_out(self, client: httpx.AsyncClient, participant: str) -> None:
        link = self.links[participant]
        page = await client.get(link)
        page.raise_for_status()
        answer = await client.post(f"{link}/opt-out")
        confirmed = answer.status_code in ACCEPTED
        now = self.clock.now().timestamp()
        if confirmed:
            del self.wishes[participant]
            self.observer.opted_out(participant, now, confirmed=True)
        else:
            detail = f"{participant}: HTTP {answer.status_code}"
            self.observer.incident(now, "", "opt-out-refused", detail)


def _addresses(to: object) -> list[str]:
    texts = [str(one) for one in to] if isinstance(to, list) else [str(to)]
    return [address.lower() for _name, address in getaddresses(texts)]


def wishes(fleet: Fleet, placed: Placed, start: float) -> dict[str, float]:
    """Return who wants to opt out by mail, and from when on."""
    found: dict[str, float] = {}
    for system in fleet.systems:
        for happening in placed.of(system.station, "opt-out"):
            today = day_of(start, system.zone, happening.day)
            found[system.participant] = local(today, happening.at, system.zone)
    return found
