"""A town with a few bidirectional chargers, one event, and everything that may break.

Real processes: a node, a simulated fleet, a PostgreSQL. The mail server, the wire
between fleet and node, and the drivers are in the test's own hands.
"""

import asyncio
import contextlib
import json
import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from csms.cli.judging import Promise, judge
from csms.cli.witness import Case, departures, witnesses
from csms.clock import ScaledClock
from csms.db.engine import connect_raw
from tests.faults.cable import Cable
from tests.faults.post_office import PostOffice
from tests.faults.processes import NodeProcess

EPOCH = datetime(2026, 7, 14, 19, tzinfo=UTC)
START = datetime(2026, 7, 14, 21, tzinfo=UTC)
END = datetime(2026, 7, 14, 23, tzinfo=UTC)
STANDBY_W = 300
PROGRAMS = ("ma-cs-small", "ma-cs-ci")
LINK = re.compile(r"https?://\S+/p/[A-Za-z0-9._~=-]+")
SETTLED_S = 60.0
UNTRIPPED = frozenset(
    {
        "No EVSE charged where it should discharge, beyond the trip",
        "What was planned was delivered",
    }
)
"""What nobody can promise while the node cannot reach a station."""

PROVISIONED_S = 60.0


@dataclass(slots=True)
class Town:
    """Everything that is up during one event.

    Attributes:
        registry: The fleet's document.
        told: When each participant was mailed the call of an event.
        out: When each participant's opt-out was confirmed.
        events: The event of each program.
        members: The accounts of each EVSE, once the events are settled.
    """

    folder: Path
    url: str
    clock: ScaledClock
    node: NodeProcess
    cable: Cable
    office: PostOffice
    registry: dict[str, Any]
    out: dict[str, datetime] = field(default_factory=dict)
    events: dict[str, str] = field(default_factory=dict)
    members: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def told(self) -> dict[str, datetime]:
        """Return when each participant's first letter arrived."""
        people = {each["email"]: each["id"] for each in self.registry["participants"]}
        found: dict[str, datetime] = {}
        for mail in self.office.list():
            found.setdefault(people[mail.to], mail.received_at)
        return found

    async def register(self) -> None:
        """Import the fleet's registry."""
        async with self.node.client() as api:
            await _said(api.post("/api/v1/registry", json=self.registry))

    async def provisioned(self) -> None:
        """Return once every station is connected and provisioned."""
        async with self.node.client() as api, asyncio.timeout(PROVISIONED_S):
            while True:
                page = await _said(api.get("/api/v1/stations?limit=100"))
                if all(each["provisioned"] for each in page["items"]):
                    return
                await asyncio.sleep(0.1)

    async def announce(self) -> None:
        """Call the event in each program."""
        async with self.node.client() as api:
            for program in PROGRAMS:
                wanted = {
                    "program": program,
                    "starts_at": START.isoformat(),
                    "ends_at": END.isoformat(),
                    "name": "Summer peak",
                }
                event = await _said(api.post("/api/v1/events", json=wanted))
                self.events[program] = event["id"]

    async def opt_out(self, participant: str) -> None:
        """Follow the link of the participant's letter and press the button."""
        people = {each["id"]: each["email"] for each in self.registry["participants"]}
        letters = [
            each for each in self.office.list() if each.to == people[participant]
        ]
        found = LINK.search(letters[0].text)
        assert found, letters[0].text
        async with httpx.AsyncClient(timeout=10) as browser:
            answer = await browser.post(f"{found.group().rstrip('.')}/opt-out")
        assert answer.status_code in (200, 303), answer.text
        self.out[participant] = self.clock.now()

    async def settled(self) -> None:
        """Return once every event is settled, and keep the accounts."""
        async with self.node.client() as api, asyncio.timeout(SETTLED_S):
            for event in self.events.values():
                stage = ""
                while stage != "settled":
                    with contextlib.suppress(httpx.TransportError):
                        said = await _said(api.get(f"/api/v1/events/{event}"))
                        stage = said["stage"]
                    await asyncio.sleep(0.1)
        self.members = await self._members()

    async def _members(self) -> dict[str, dict[str, Any]]:
        """Return the accounts of every member, by EVSE."""
        found = {}
        async with self.node.client() as api:
            for event in self.events.values():
                page = await _said(api.get(f"/api/v1/events/{event}/members"))
                for each in page["items"]:
                    found[f"{each['station']}/{each['evse']}"] = each
        return found

    async def rows(self, query: str) -> list[dict[str, Any]]:
        """Return what the database says."""
        connection = await connect_raw(self.url)
        try:
            return [dict(row) for row in await connection.fetch(query)]
        finally:
            await connection.close()

    def broken(self, allowance: timedelta, *, without: frozenset[str]) -> list[Promise]:
        """Hold the system's account against what physically happened.

        Args:
            allowance: Business time that a release may take.
            without: Promises that are not asked about.

        Returns:
            Every promise that was broken.
        """
        observed = self._observed()
        seen = witnesses(observed)
        drivers: dict[str, dict[str, Any]] = {
            each["id"]: {"told_at": None, "opted_out_at": None}
            for each in self.registry["participants"]
        }
        for name, at in self.told.items():
            drivers[name]["told_at"] = at.isoformat()
        for name, at in self.out.items():
            drivers[name]["opted_out_at"] = at.isoformat()
        case = Case(
            start=START,
            end=END,
            allowance=allowance,
            members=self.members,
            witnesses=seen,
            drivers=drivers,
            export_caps={
                each["id"]: each["export_cap_kw"] * 1000
                for each in self.registry["sites"]
            },
            departures=departures(observed, self.registry, seen),
        )
        promises = judge(case)
        assert without < {each.name for each in promises}
        return [each for each in promises if not each.kept and each.name not in without]

    def exported_kwh(self, participant: str, *, since: datetime = EPOCH) -> float:
        """Return what physically flowed out at a participant's EVSEs."""
        return sum(
            minute.given_watts / 60_000
            for each in witnesses(self._observed()).values()
            for minute in each.minutes
            if each.participant == participant
            and minute.given_watts > STANDBY_W
            and minute.at >= since
        )

    def _observed(self) -> dict[str, Any]:
        report: dict[str, Any] = json.loads((self.folder / "observed.json").read_text())
        return report


@contextlib.asynccontextmanager
async def a_town(
    url: str,
    folder: Path,
    *,
    rate: float,
    refused: frozenset[str] = frozenset(),
    grace: timedelta = timedelta(minutes=15),
    seed: int = 1,
) -> AsyncIterator[Town]:
    """Give a town whose stations are provisioned; its fleet has stopped behind it.

    Args:
        url: The database.
        folder: Where logs and observations go.
        rate: Business seconds per real second.
        refused: Mail addresses that no letter reaches.
        grace: How long after the event late readings are waited for.
        seed: What the fleet does.
    """
    registry = json.loads(
        await _printed("registry", "--fleet", "tiny", f"--seed={seed}")
    )
    clock = ScaledClock(datetime.now(UTC), EPOCH, rate)
    office = PostOffice(clock, refused)
    async with contextlib.AsyncExitStack() as stack:
        await office.start()
        stack.push_async_callback(office.stop)
        node = NodeProcess(folder, _environment(url, clock, office.port, grace))
        stack.push_async_callback(node.close)
        node.set("CSMS_PUBLIC_URL", node.base)
        await node.start()
        cable = Cable(node.ocpp_port)
        await cable.start()
        stack.push_async_callback(cable.stop)
        town = Town(folder, url, clock, node, cable, office, registry)
        await town.register()
        async with _fleet(town, seed):
            await town.provisioned()
            yield town


def _environment(
    url: str, clock: ScaledClock, smtp_port: int, grace: timedelta
) -> dict[str, str]:
    return {
        "CSMS_DATABASE_URL": url,
        "CSMS_CLOCK_ANCHOR": clock.anchor.isoformat(),
        "CSMS_CLOCK_EPOCH": clock.epoch.isoformat(),
        "CSMS_CLOCK_RATE": str(clock.rate),
        "CSMS_ALLOW_ACCELERATED": "true",
        "CSMS_ACCEPT_SIMULATED_EVIDENCE": "true",
        "CSMS_SMTP_HOST": "127.0.0.1",
        "CSMS_SMTP_PORT": str(smtp_port),
        "CSMS_SMTP_STARTTLS": "false",
        "CSMS_METERING_GRACE_S": str(int(grace.total_seconds())),
        "CSMS_SAMPLING_IDLE_S": "900",
        "CSMS_SAMPLING_EVENT_S": "60",
        "CSMS_STALE_SOC_S": "2700",
        "CSMS_HEARTBEAT_S": "86400",
    }


@contextlib.asynccontextmanager
async def _fleet(town: Town, seed: int) -> AsyncIterator[None]:
    """Run the fleet; when it is stopped it writes down what physically happened."""
    clock = town.clock
    with (town.folder / "fleet.log").open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "simulators",
            "run",
            "--fleet=tiny",
            f"--seed={seed}",
            "--day=quiet",
            f"--csms=ws://127.0.0.1:{town.cable.port}/ocpp",
            f"--clock-anchor={clock.anchor.isoformat()}",
            f"--clock-epoch={clock.epoch.isoformat()}",
            f"--clock-rate={clock.rate}",
            f"--report={town.folder / 'observed.json'}",
            stdout=output,
            stderr=output,
        )
    try:
        yield
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        await asyncio.wait_for(process.wait(), 30)


async def _printed(*arguments: str) -> bytes:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "simulators",
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        env=dict(os.environ),
    )
    printed, _ = await process.communicate()
    assert process.returncode == 0
    return printed


async def _said(request: Any) -> dict[str, Any]:  # noqa: ANN401, a pending answer
    answer: httpx.Response = await request
    assert answer.is_success, answer.text
    said: dict[str, Any] = answer.json()
    return said
