"""A node as HTTP sees it: real services on a real database, with stations that script.

Nothing runs by itself: a test moves time and lets the workers take their steps.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from functools import partial
from typing import Any

import httpx
from fastapi import FastAPI

from csms.api.app import install
from csms.bootstrap.face import face_of
from csms.bootstrap.inside import Inside, build
from csms.charging.capability import Capability, V2x, to_document
from csms.db.engine import create_engine
from csms.db.ingest import PostgresIngest
from csms.db.message_log import MessageLog
from csms.db.views import PostgresQueries
from csms.db.work import begin_on
from csms.domain.ids import EventId, EvseId, StationId
from csms.domain.interval import Interval
from csms.domain.notice import Letter
from csms.domain.profile import OperationMode, RateUnit
from csms.domain.reading import Reading
from csms.domain.station import EDITION_21, Boot, Make, Presence
from csms.domain.units import Power
from csms.notify.catcher import MailCatcher
from csms.services.node import Check, Node
from csms.services.ports.access import Role
from csms.settings import Settings
from tests.fakes.clock import ManualClock
from tests.fakes.link import FakeLink

EVENING = datetime(2026, 7, 13, 23, 30, tzinfo=UTC)
WINDOW = Interval(
    datetime(2026, 7, 14, 21, tzinfo=UTC), datetime(2026, 7, 15, 0, tzinfo=UTC)
)
PROGRAM = "ma-cs-small"
MAKE = Make("Example", "x21-scheduled", "sim-1.0", "S-1")
GRACE = timedelta(minutes=15)
BASE = "http://csms.example"
CAPABLE = Capability(
    edition=EDITION_21,
    read=True,
    smart_charging=True,
    units=frozenset({RateUnit.WATTS}),
    periods_per_schedule=24,
    max_stack_level=10,
    max_profiles=20,
    v2x=(
        V2x(
            1,
            enabled=True,
            modes=frozenset({OperationMode.CENTRAL_SETPOINT}),
            transfer_modes=frozenset(),
        ),
    ),
    connectors=((1, 1),),
)
HOME_1 = EvseId(StationId("MA-HOME-01"), 1)
HOME_2 = EvseId(StationId("MA-HOME-02"), 1)
PLANT = EvseId(StationId("MA-PLANT-01"), 1)
"""A home that a municipal light plant serves, so that it is not eligible."""


class Outbox:
    """A mailer that hands everything to the catcher, or refuses it."""

    def __init__(self, catcher: MailCatcher) -> None:
        self._catcher = catcher

    async def send(self, to: str, letter: Letter, message_id: str) -> None:
        message = EmailMessage()
        message["Subject"], message["Message-ID"] = letter.subject, message_id
        message.set_content(letter.text)
        message.add_alternative(letter.html, subtype="html")
        self._catcher.keep(to, message.as_bytes())


@dataclass(slots=True)
class Stage:
    """A node, an application on it, and the hands that move it.

    Attributes:
        links: The way to each station that answers.
        checks: What readiness says.
        secrets: A token for each role.
    """

    node: Node
    inside: Inside
    app: FastAPI
    clock: ManualClock
    store: PostgresIngest
    messages: MessageLog
    catcher: MailCatcher
    links: dict[str, FakeLink]
    checks: dict[str, Check]
    secrets: dict[Role, str] = field(default_factory=dict)

    def client(self, role: Role | None = None, **headers: str) -> httpx.AsyncClient:
        """Return a client with the token of a role, or without credentials."""
        if role is not None:
            headers["Authorization"] = f"Bearer {self.secrets[role]}"
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        return httpx.AsyncClient(transport=transport, base_url=BASE, headers=headers)

    async def populate(self) -> None:
        """Register two homes that may take part and one that may not; plug them in."""
        await self.node.registry.import_registry(a_registry(), by="test")
        for evse in (HOME_1, HOME_2, PLANT):
            await self.provide(evse)

    async def provide(self, evse: EvseId, make: Make = MAKE, soc: float = 80.0) -> None:
        """Let a station be connected, provisioned, and its vehicle plugged in."""
        now, name = self.clock.now(), evse.station
        async with self.node.begin() as work:
            await work.stations.save_boots([Boot(name, make, "PowerUp", now)])
            await work.stations.save_presence(
                [Presence(name, now, EDITION_21, "127.0.0.1")]
            )
            await work.stations.save_provisioned(
                name,
                fingerprint=make.fingerprint(EDITION_21),
                capabilities=to_document(CAPABLE),
                shortcomings=["no display"],
                at=now,
            )
            station = await work.stations.find(name)
        assert station is not None
        self.node.book.put_station(station)
        self.node.book.set_online(name, online=True)
        self.node.live.set_connected(name, connected=True)
        self.node.live.update(evse, plugged=True, soc_pct=soc, soc_at=now)

    async def call(self, **changes: object) -> EventId:
        """Call the event, and let everybody be told of it."""
        async with self.client(Role.OPERATOR) as api:
            answer = await api.post("/api/v1/events", json=an_event(**changes))
        assert answer.status_code == 201, answer.text
        await self.drain()
        return EventId(answer.json()["id"])

    async def drain(self) -> None:
        """Let runner and sender do all they can do now."""
        while await self.inside.runner.step() or await self.inside.sender.step():
            pass

    async def until(self, instant: datetime) -> None:
        """Let time pass, and the workers work."""
        self.clock.jump_to(instant)
        await self.drain()

    async def meter(
        self, evse: EvseId, watts: int, since: datetime, until: datetime
    ) -> None:
        """Let a meter count a flat power once a minute; export is negative."""
        minutes = round((until - since).total_seconds() / 60)
        export = max(-watts, 0)
        readings = [
            Reading(
                evse,
                since + timedelta(minutes=minute),
                import_ws=max(watts, 0) * 60 * minute,
                export_ws=1_000_000 + export * 60 * minute,
                import_w=max(watts, 0),
                export_w=export,
                soc_pct=70.0,
            )
            for minute in range(minutes + 1)
        ]
        await self.store.write((), readings, at=self.clock.now())
        last = readings[-1]
        self.node.live.update(
            evse,
            power=Power(watts),
            power_at=last.at,
            export_ws=last.export_ws,
            import_ws=last.import_ws,
            register_at=last.at,
        )

    async def through(self, event: EventId, evse: EvseId) -> None:
        """Play an event to its accounts; one EVSE delivers what was planned."""
        await self.until(WINDOW.start - timedelta(minutes=30))
        await self.until(WINDOW.start)
        async with self.node.begin() as work:
            plan = await work.events.newest_plan(event)
        entry = plan.entry(evse) if plan else None
        assert entry is not None
        await self.meter(evse, entry.power.watts, WINDOW.start, WINDOW.end)
        await self.until(WINDOW.end)
        await self.until(WINDOW.end + GRACE)


@asynccontextmanager
async def a_node(
    url: str,
    clock: ManualClock | None = None,
    **given: Any,  # noqa: ANN401 (settings)
) -> AsyncIterator[Stage]:
    """Give a node on a migrated database, with a token for each role.

    Args:
        url: The address of the database.
        clock: Business time; the evening before the event without one.
        given: Further settings.
    """
    clock = clock or ManualClock(EVENING)
    engine = create_engine(url)
    begin = begin_on(engine)
    store, messages = PostgresIngest.at(url), MessageLog(url, clock)
    catcher = MailCatcher(clock)
    links: dict[str, FakeLink] = {}
    settings = Settings(
        accept_simulated_evidence=True,
        metering_grace_s=round(GRACE.total_seconds()),
        public_url=BASE,
        **given,
    )
    inside = build(settings, clock, begin, store, Outbox(catcher), links.get)
    checks = {"database": Check(good=True)}

    async def readiness() -> Mapping[str, Check]:
        return checks

    node = face_of(
        inside,
        queries=PostgresQueries(engine),
        messages=messages,
        mail=catcher,
        readiness=readiness,
        gauges=partial(dict, ocpp_connections=3.0, ocpp_frames_in_total=17.0),
        secure=False,
        version="0.0-test",
    )
    app = FastAPI(title="csms", version=node.version, docs_url=None, redoc_url=None)
    install(app, node)
    stage = Stage(node, inside, app, clock, store, messages, catcher, links, checks)
    for role in Role:
        _, secret = await node.access.create_token(f"the {role}", role, by="test")
        stage.secrets[role] = secret
    try:
        yield stage
    finally:
        await messages.close()
        await store.close()
        inside.passwords.close()
        await engine.dispose()


def an_event(**changes: object) -> dict[str, Any]:
    """Return the body of a request for the event, with changes."""
    return {
        "program": PROGRAM,
        "starts_at": WINDOW.start.isoformat(),
        "ends_at": WINDOW.end.isoformat(),
        "name": "Summer peak",
    } | changes


def a_registry() -> dict[str, Any]:
    """Return a registry of three homes; the last is not eligible."""
    homes = {
        "home-01": ("MA-HOME-01", "eversource-ma"),
        "home-02": ("MA-HOME-02", "national-grid-ma"),
        "plant-01": ("MA-PLANT-01", "some-municipal-plant"),
    }
    return {
        "version": 1,
        "participants": [
            {
                "id": name,
                "name": name.title(),
                "email": f"{name}@example.org",
                "language": "en",
                "kind": "residential",
            }
            for name in homes
        ],
        "sites": [
            {
                "id": name,
                "name": f"House of {name}",
                "participant": name,
                "utility": utility,
                "timezone": "America/New_York",
                "customer_class": "residential",
                "import_cap_kw": 48.0,
                "export_cap_kw": 12.0,
                "export_permission": True,
            }
            for name, (_, utility) in homes.items()
        ],
        "vehicles": [
            {
                "id": f"veh-{name}",
                "participant": name,
                "name": "A car",
                "battery_kwh": 60.0,
                "max_charge_kw": 7.6,
                "max_discharge_kw": 7.6,
                "min_soc_pct": 30,
                "departures": [{"weekday": 2, "time": "07:30", "soc_pct": 60}],
            }
            for name in homes
        ],
        "stations": [
            {
                "id": station,
                "site": name,
                "password": "0123456789abcdef",
                "evses": [
                    {
                        "number": 1,
                        "max_charge_kw": 15.2,
                        "max_discharge_kw": 7.6,
                        "min_discharge_kw": 1.0,
                        "grid_parallel": True,
                        "vehicle": f"veh-{name}",
                    }
                ],
            }
            for name, (station, _) in homes.items()
        ],
        "enrollments": [
            {
                "program": PROGRAM,
                "station": station,
                "evse": 1,
                "starts_on": "2026-06-01",
                "participant_share": 1.0,
            }
            for station, _ in homes.values()
        ],
    }
