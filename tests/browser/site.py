"""A node with the demonstration fleet on a real database, and events in every stage.

Its clock stands still, its stations are told here what they would have said.
"""

import contextlib
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from csms.bootstrap.face import face_of
from csms.bootstrap.inside import Inside, build
from csms.charging.capability import to_document
from csms.db.engine import create_engine
from csms.db.ingest import PostgresIngest
from csms.db.message_log import MessageLog
from csms.db.views import PostgresQueries
from csms.db.work import begin_on
from csms.domain.event import Stage
from csms.domain.ids import EventId, ProgramId, StationId, TransactionId
from csms.domain.interval import Interval
from csms.domain.notice import Letter
from csms.domain.reading import Reading
from csms.domain.station import (
    Boot,
    DeviationCount,
    Make,
    Presence,
    RejectedHandshake,
)
from csms.domain.units import Power
from csms.domain.vendor_profile import VendorProfile
from csms.notify.catcher import MailCatcher
from csms.services.events import EventDraft
from csms.services.node import Check, Node
from csms.services.ports.access import Role
from csms.services.ports.events import Member
from csms.services.ports.profiles import Incident
from csms.settings import Settings
from tests.browser.belongings import hold_much, maintain
from tests.browser.drivers import drive
from tests.browser.makes import able, makes
from tests.browser.safety import secure
from tests.fakes.clock import ManualClock
from tests.fakes.link import FakeLink

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
JULY_7 = datetime(2026, 7, 7, 21, tzinfo=UTC)
LONG = timedelta(hours=3)
NOW = JULY_7 + 7 * DAY + timedelta(hours=1, minutes=25)
"""Tuesday, 14 July 2026, 18:25 in Boston: an event has run for 85 minutes."""

OPERATOR, VIEWER, ADMIN = (
    ("olivia", "correct horse battery"),
    ("victor", "staple correct horse"),
    ("ada", "battery staple correct"),
)
SMALL, LARGE = ProgramId("ma-cs-small"), ProgramId("ma-cs-ci")
LAGGARD, ABSENT = 7, 11
FRAMES = (
    ("in", '[2,"b1","BootNotification",{"reason":"PowerUp","chargingStation":{}}]'),
    ("out", '[3,"b1",{"currentTime":"2026-07-14T20:00:00Z","status":"Accepted"}]'),
    ("in", '[2,"h1","Heartbeat",{}]'),
    ("out", '[3,"h1",{"currentTime":"2026-07-14T20:15:00Z"}]'),
    ("out", '[2,"s1","SetChargingProfile",{"evseId":1,"chargingProfile":{"id":7}}]'),
    ("in", '[4,"s1","FormatViolation","no <b>such</b> field",{}]'),
    ("in", "this is no frame"),
)


def simulated_registry() -> dict[str, Any]:
    """Return the demonstration's registry document, from its own process."""
    document: dict[str, Any] = json.loads(_printed_registry())
    return document


@cache
def _printed_registry() -> bytes:
    return subprocess.run(
        [sys.executable, "-m", "simulators", "registry", "--fleet", "masscec"],
        capture_output=True,
        check=True,
    ).stdout


@dataclass(frozen=True, slots=True)
class Caught:
    """Hands letters straight to the catcher."""

    catcher: MailCatcher

    async def send(self, to: str, letter: Letter, message_id: str) -> None:
        mail = EmailMessage()
        mail["Subject"], mail["To"], mail["Message-ID"] = letter.subject, to, message_id
        mail.set_content(letter.text)
        mail.add_alternative(letter.html, subtype="html")
        self.catcher.keep(to, mail.as_bytes())


@dataclass(slots=True)
class Site:
    """A node and what was made of it.

    Attributes:
        links: The way to each station that answers; at first, none does.
        events: The demonstration's events by their stage.
    """

    url: str
    engine: AsyncEngine
    clock: ManualClock
    inside: Inside
    node: Node
    store: PostgresIngest
    catcher: MailCatcher
    messages: MessageLog
    links: dict[str, FakeLink]
    events: dict[Stage, EventId] = field(default_factory=dict)

    # -- the fleet --------------------------------------------------

    async def populate(self) -> None:
        """Import the fleet and let its stations boot, connect and plug in."""
        await self.inside.registry.import_registry(simulated_registry(), "setup")
        fleet = makes(self.node.book.profiles)
        for place, station in enumerate(self.node.book.stations()):
            if place != ABSENT:
                await self._boot(station.id, fleet[place % len(fleet)], place)
        await self.inside.world.book.load(self.node.begin)
        await self.inside.world.premises.refresh()
        for place, station in enumerate(self.node.book.stations()):
            online = place != ABSENT
            self.inside.world.book.set_online(station.id, online=online)
            self.node.live.set_connected(station.id, connected=online)
        self.plug()
        for name, password, role in (
            (*OPERATOR, Role.OPERATOR),
            (*VIEWER, Role.VIEWER),
            (*ADMIN, Role.ADMIN),
        ):
            await self.node.access.save_account(name, password, role, "setup")

    async def _boot(
        self, station: StationId, profile: VendorProfile, place: int
    ) -> None:
        edition = profile.editions[0]
        firmware = profile.firmwares[0]
        make = Make(profile.vendor, profile.models[0], firmware, f"SN-{place:04}")
        now = self.clock.now()
        async with self.node.begin() as work:
            await work.stations.save_presence(
                [Presence(station, now, edition, f"127.0.0.1:4{place:04}")]
            )
            await work.stations.save_boots([Boot(station, make, "PowerUp", now)])
            await work.stations.save_provisioned(
                station,
                fingerprint=make.fingerprint(edition),
                capabilities=to_document(able(edition)),
                shortcomings=("no clock-aligned data of its own",)
                if place % 9 == 0
                else (),
                at=now,
            )
            await work.stations.seen({station: now})

    def plug(self) -> None:
        """Let a vehicle be plugged in nearly everywhere."""
        now = self.clock.now()
        for place, evse in enumerate(self.node.book.evses()):
            if self.node.book.is_online(evse.id.station):
                self.node.live.update(
                    evse.id,
                    plugged=place % 13 != 5,
                    plugged_at=now,
                    connector_status="Occupied" if place % 13 != 5 else "Available",
                    transaction=TransactionId(f"tx-{place:03}"),
                    soc_pct=62.0 + place * 37 % 33,
                    soc_at=now,
                    power=Power(0) if place % 6 else Power(3_300),
                    power_at=now,
                    export_ws=0,
                    import_ws=0,
                    register_at=now,
                )

    # -- time --------------------------------------------------

    async def drain(self) -> None:
        """Let the workers around events do all they can do now."""
        runner, sender = self.inside.runner, self.inside.sender
        while await runner.step() or await sender.step():
            pass

    async def until(self, instant: datetime) -> None:
        """Let time pass, with everything that is due on the way."""
        self.clock.jump_to(instant)
        await self.drain()

    async def call(self, program: ProgramId, start: datetime, name: str) -> EventId:
        """Call an event and let its notices go out."""
        window = Interval(start, start + LONG)
        event = await self.node.events.call(
            EventDraft(program, window, name), "olivia", f"setup-{program}-{start}"
        )
        await self.drain()
        return event

    async def begin(self, start: datetime) -> None:
        """Come to the start of an event by way of its last plan."""
        await self.until(start - timedelta(minutes=30))
        self.plug()
        await self.until(start)

    # -- what meters say --------------------------------------------------

    async def members(self, event: EventId) -> Sequence[Member]:
        async with self.node.begin() as work:
            return await work.events.members(event)

    async def deliver(self, event: EventId, start: datetime, until: datetime) -> None:
        """Let meters count what members give back; some of them give nothing."""
        readings: list[Reading] = []
        for place, member in enumerate(await self.members(event)):
            if not member.planned_power or member.exclusions or member.opted_out_at:
                continue
            watts = (
                0
                if place % 19 == LAGGARD
                else round(-member.planned_power.watts * (0.94 + place % 7 / 100))
            )
            minutes = round((until - start) / MINUTE)
            readings += [
                Reading(
                    member.evse,
                    start + minute * MINUTE,
                    import_ws=0,
                    export_ws=minute * 60 * watts,
                    export_w=watts,
                    import_w=0,
                    soc_pct=max(80.0 - minute * 0.2, 30.0),
                )
                for minute in range(0, minutes + 1, 5)
            ]
            self.node.live.update(
                member.evse,
                power=Power(-watts),
                power_at=until,
                export_ws=minutes * 60 * watts,
                register_at=until,
            )
            async with self.node.begin() as work:
                await work.events.note_state(
                    event, member.evse, "obeyed" if watts else "not_obeyed", until
                )
        await self.store.write([], readings, at=self.clock.now())
        self.clock.jump_to(self.clock.now() + timedelta(seconds=1))
        await self.inside.telemetry.build()

    # -- a day of everything --------------------------------------------------

    async def stage(self) -> None:
        """Bring about one event in every stage, and the rest of a lively day."""
        self.clock.jump_to(JULY_7 - DAY)
        await self.populate()
        settled = await self.call(SMALL, JULY_7, "First peak of July")
        members = await self.members(settled)
        asked = [each for each in members if not each.exclusions]
        await self.node.participation.opt_out_of(
            settled, asked[3].participant, by="link"
        )
        await self.begin(JULY_7)
        self.clock.jump_to(JULY_7 + LONG)
        await self.deliver(settled, JULY_7, JULY_7 + LONG)
        await self.drain()
        await self.until(JULY_7 + LONG + timedelta(hours=1))
        self.plug()
        called_off = await self.call(SMALL, JULY_7 + 2 * DAY, "Thursday peak")
        await self.node.events.cancel(called_off, "the forecast has changed", "olivia")
        await self.drain()
        self.clock.jump_to(NOW - DAY)
        active = await self.call(LARGE, JULY_7 + 7 * DAY, "Heat wave, day one")
        await self.begin(JULY_7 + 7 * DAY)
        self.clock.jump_to(NOW)
        await self.deliver(active, JULY_7 + 7 * DAY, NOW)
        await self.drain()
        notified = await self.call(SMALL, JULY_7 + 8 * DAY, "Heat wave, day two")
        await self._troubles(active)
        await drive(self)
        self.events = {
            Stage.SETTLED: settled,
            Stage.CANCELLED: called_off,
            Stage.ACTIVE: active,
            Stage.NOTIFIED: notified,
        }

    async def _troubles(self, event: EventId) -> None:
        station = self.node.book.stations()[0].id
        for direction, text in FRAMES:
            self.messages.record(station, direction, text)
        await self.messages.flush()
        now = self.clock.now()
        async with self.node.begin() as work:
            await work.stations.add_rejections(
                [
                    RejectedHandshake(
                        now - MINUTE, "MA-<NOBODY>", "192.0.2.7:5000", 404, "unknown"
                    )
                ]
            )
            await work.stations.add_deviations(
                [DeviationCount(station, "extra_field", "a.b", 12, now, now, "c: 1")]
            )
            await work.profiles.note(
                Incident(
                    now - 9 * MINUTE,
                    "critical",
                    "wrong_direction",
                    station,
                    1,
                    event,
                    {"watts": 4_100, "tripped_after_s": 6},
                )
            )
            await hold_much(work, station, now)
        await self.inside.smart.ledger.load()
        other = self.node.book.stations()[1].make
        if other is not None:
            await maintain(self.node.upkeep, station, other)
        await secure(self.node, self.clock.now())


@contextlib.asynccontextmanager
async def site(url: str) -> AsyncIterator[Site]:
    """Give a node on a migrated database; nothing of it runs by itself."""
    clock = ManualClock(JULY_7 - DAY)
    engine = create_engine(url)
    begin = begin_on(engine)
    store = PostgresIngest.at(url)
    messages = MessageLog(url, clock)
    catcher = MailCatcher(clock)
    settings = Settings(
        accept_simulated_evidence=True,
        data_dir=Path("unused"),
        ocpp_tls_url="wss://csms.example.org/ocpp",
    )
    links: dict[str, FakeLink] = {}
    inside = build(settings, clock, begin, store, Caught(catcher), links.get)
    node = face_of(
        inside,
        queries=PostgresQueries(engine),
        messages=messages,
        mail=catcher,
        readiness=_ready,
        gauges=dict,
        secure=False,
        version="0",
    )
    try:
        yield Site(url, engine, clock, inside, node, store, catcher, messages, links)
    finally:
        await messages.close()
        await store.close()
        await engine.dispose()


async def _ready() -> dict[str, Check]:
    return {"database": Check(good=True)}
