"""Authorizations that were refused: noted for operators, and read back."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from csms.clock import Clock
from csms.domain.ids import StationId
from csms.domain.station import StationNotice
from csms.domain.token import IdToken, Judgement
from csms.services.ports.work import Begin

REFUSED = "AuthorizationRefused"
CONTRACT_REFUSED = "ContractCertificate"
SEVERITY_NOTICE = 6

QUIET = timedelta(minutes=1)
"""For so long, one token that is refused at one station for one reason is noted once:
whoever is refused tries again at once."""

REMEMBERED = 10_000


class Notices(Protocol):
    """Whoever keeps what is noticed of stations."""

    def note(self, notice: StationNotice) -> None:
        """Keep it."""
        ...


@dataclass(frozen=True, slots=True)
class Refusal:
    """Somebody was not let charge.

    Attributes:
        at: When.
        station: Where.
        evse: At which EVSE; None if it was not said.
        type: The type of the token; empty for a contract certificate.
        token: Its value as people may see it; empty for a contract certificate.
        verdict: Why, in the words of the wire.
        detail: What else was found.
    """

    at: datetime
    station: StationId
    evse: int | None
    type: str
    token: str
    verdict: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Refusals:
    """Keeps who was refused, and why.

    Attributes:
        clock: Where business time comes from.
        begin: Begins a unit of work.
        notices: Where it is written down; nobody waits for that.
    """

    clock: Clock
    begin: Begin
    notices: Notices
    _told: dict[tuple[StationId, str, str], datetime] = field(default_factory=dict)

    def note(
        self,
        station: StationId,
        token: IdToken,
        told: Judgement,
        evse: int | None = None,
    ) -> None:
        """Note what a station was told of a token, unless it was accepted."""
        if told.accepted:
            return
        now = self.clock.now()
        what = station, token.key, told.verdict.value
        last = self._told.get(what)
        if last is not None and now - last < QUIET:
            return
        if len(self._told) >= REMEMBERED:
            self._told.clear()
        self._told[what] = now
        body = {
            "type": token.type,
            "token": token.shown,
            "verdict": told.verdict.value,
            "evse": evse,
        }
        said = {name: value for name, value in body.items() if value is not None}
        self.notices.note(
            StationNotice(station, now, now, REFUSED, SEVERITY_NOTICE, said)
        )

    async def latest(self, limit: int) -> Sequence[Refusal]:
        """Return the latest, the youngest first."""
        kinds = (REFUSED, CONTRACT_REFUSED)
        async with self.begin() as work:
            found = await work.stations.latest_notices(kinds, limit)
        return [_refusal(each) for each in found]


def _refusal(notice: StationNotice) -> Refusal:
    said = notice.body
    if notice.kind == CONTRACT_REFUSED:
        return Refusal(
            notice.received_at,
            notice.station,
            None,
            "",
            "",
            str(said.get("status", "")),
            str(said.get("reason", "")),
        )
    return Refusal(
        notice.received_at,
        notice.station,
        said.get("evse"),
        str(said.get("type", "")),
        str(said.get("token", "")),
        str(said.get("verdict", "")),
    )
