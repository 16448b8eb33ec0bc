"""What the system says of an event, beside what really happened."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from csms.cli.judging import Promise, judge
from csms.cli.witness import Case, Minute, Witness, instant, witnesses

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Window:
    """From when to when an event was."""

    start: datetime
    end: datetime

    @property
    def hours(self) -> float:
        return (self.end - self.start) / timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Account:
    """What the system says beside what really happened.

    Attributes:
        allowance: Business time in which a release or a trip must take effect.
    """

    window: Window
    allowance: timedelta
    document: Json
    observed: Json
    members: Mapping[str, Json]
    events: Mapping[str, Json]
    quarters: Sequence[Json]
    quarantines: Sequence[Json]
    incidents: Sequence[Json]
    statements: Mapping[str, Json]

    def member(self, station: str) -> Json:
        return self.members[f"{station}/1"]

    def witness(self, station: str) -> Witness:
        return witnesses(self.observed)[f"{station}/1"]

    def minutes(
        self,
        station: str,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> list[Minute]:
        """Return what physically happened at a station, within the window."""
        since, until = since or self.window.start, until or self.window.end
        return [m for m in self.witness(station).minutes if since <= m.at < until]

    def exported_kwh(self, station: str) -> float:
        return sum(m.given_watts for m in self.minutes(station)) / 60_000

    def table(self, station: str) -> dict[datetime, float]:
        """Return kWh given back, net, by the start of each quarter of the window."""
        return {
            start: each["export_kwh"] - each["import_kwh"]
            for each in self.quarters
            if each["station"] == station
            and self.window.start <= (start := instant(each["start"])) < self.window.end
        }

    def lines(self, program: str) -> dict[str, Json]:
        """Return the lines of a program's statement by station."""
        return {each["station"]: each for each in self.statements[program]["lines"]}

    def driver(self, participant: str) -> Json:
        return next(
            each
            for each in self.observed["drivers"]
            if each["participant"] == participant
        )

    def promises(self) -> tuple[Promise, ...]:
        """Judge what the demonstration judges."""
        sites = self.document["sites"]
        return judge(
            Case(
                start=self.window.start,
                end=self.window.end,
                allowance=self.allowance,
                members=self.members,
                witnesses=witnesses(self.observed),
                drivers={
                    each["participant"]: each for each in self.observed["drivers"]
                },
                export_caps={
                    each["id"]: each["export_cap_kw"] * 1000 for each in sites
                },
            )
        )
