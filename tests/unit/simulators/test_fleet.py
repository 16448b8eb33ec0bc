import asyncio
import base64
import json
import os
import signal
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from csms.clock import ScaledClock
from simulators.days import Day, Happening, load_day, place
from simulators.fleet import Run, never
from simulators.instants import instant
from simulators.population import Fleet, load_fleet
from tests.unit.simulators.accepting_csms import AcceptingCsms

pytestmark = pytest.mark.sockets

EPOCH = datetime(2026, 7, 14, 20, 30, tzinfo=UTC)
UNTIL = instant("2026-07-14T22:15:00Z")
RATE = 3600.0


def a_fleet() -> Fleet:
    fleet = load_fleet("tiny", 1)
    return replace(fleet, systems=tuple(replace(s, trips=()) for s in fleet.systems))


async def lived(csms: AcceptingCsms, day: Day) -> tuple[Run, list[dict[str, Any]]]:
    server, url = await csms.start()
    fleet = a_fleet()
    clock = ScaledClock(datetime.now(UTC), EPOCH, RATE)
    run = Run(fleet, place(day, fleet), clock, url)
    spoken: list[dict[str, Any]] = []
    async with asyncio.timeout(20):
        await run.run(asyncio.Event(), UNTIL, spoken.append)
    server.close()
    await server.wait_closed()
    return run, spoken


def mean_kw(run: Run, station: str, start: str, minutes: int) -> float:
    trace = run.observer.traces[station]
    first = round((instant(start) - trace.start) / 60)
    return sum(trace.watts[first : first + minutes]) / minutes / 1000


async def test_a_small_fleet_boots_charges_and_discharges_on_time() -> None:
    csms = AcceptingCsms()

    run, _ = await lived(csms, load_day("quiet"))

    assert csms.wrong == []
    assert csms.refused == []
    assert csms.seen["BootNotification"] == 4
    assert len(csms.logins) == 4
    password = run.fleet.systems[0].password
    login = base64.b64decode(csms.logins["T-HOME-01"].removeprefix("Basic "))
    assert login.decode() == f"T-HOME-01:{password}"
    for station in ("T-HOME-01", "T-HOME-02", "T-YARD-01"):
        assert mean_kw(run, station, "2026-07-14T21:00:00Z", 60) == pytest.approx(
            -5, rel=0.01
        )
        assert mean_kw(run, station, "2026-07-14T22:05:00Z", 5) > 1
    assert mean_kw(run, "T-YARD-02", "2026-07-14T21:00:00Z", 60) > 5
    for events in csms.events.values():
        numbers = [event["seqNo"] for event in events]
        assert numbers == list(range(len(numbers)))


async def test_a_cut_link_costs_no_report_and_no_energy() -> None:
    csms = AcceptingCsms()
    cut = Happening("link-cut", 0, "17:10", "17:50", count=3)

    run, _ = await lived(csms, Day("cut", (60, 80), (cut,)))

    assert csms.wrong == []
    for station in ("T-HOME-01", "T-HOME-02", "T-YARD-01"):
        assert csms.connections[station] == 2
        events = csms.events[station]
        numbers = {event["seqNo"] for event in events}
        assert numbers == set(range(len(numbers)))
        assert sum(event.get("offline", False) for event in events) > 5
        assert mean_kw(run, station, "2026-07-14T21:00:00Z", 60) == pytest.approx(
            -5, rel=0.01
        )


def repeats(
    csms: AcceptingCsms, station: str
) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Yield reports that came again, each with how it came first."""
    first: dict[tuple[str, int], dict[str, Any]] = {}
    for event in csms.events[station]:
        key = event["transactionInfo"]["transactionId"], event["seqNo"]
        if key in first:
            yield event, first[key]
        first.setdefault(key, event)


@pytest.mark.parametrize(
    ("kind", "connections"),
    [("half-open", 2), ("slow-answers", 1), ("duplicates", 1), ("reboot", 2)],
)
async def test_a_fleet_lives_through_its_faults(kind: str, connections: int) -> None:
    csms = AcceptingCsms()
    fault = Happening(kind, 0, "16:50", "17:30", count=3, seconds=600)

    await lived(csms, Day("fault", (60, 80), (fault,)))

    assert csms.wrong == []
    for station in ("T-HOME-01", "T-HOME-02", "T-YARD-01"):
        assert csms.connections[station] == connections
        assert all(again == first for again, first in repeats(csms, station))
        if kind == "duplicates":
            assert len(list(repeats(csms, station))) > 5


async def test_without_a_central_system_the_fleet_lives_on_and_tells_why() -> None:
    fleet = a_fleet()
    clock = ScaledClock(datetime.now(UTC), EPOCH, RATE)
    run = Run(fleet, place(load_day("quiet"), fleet), clock, "ws://127.0.0.1:9/ocpp")
    stop = asyncio.Event()
    asyncio.get_running_loop().call_later(1.0, stop.set)

    await run.run(stop, never(), lambda _summary: None)

    summary = run.summary()
    assert summary["online"] == 0
    assert "OSError" in summary["refused"] or "Connect" in summary["refused"]
    assert summary["import_kw"] > 5


async def test_a_stopped_run_leaves_its_report(tmp_path: Path) -> None:
    csms = AcceptingCsms()
    server, url = await csms.start()
    report = tmp_path / "report.json"
    anchor = datetime.now(UTC).isoformat()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "simulators", "run", "--fleet", "tiny"),
        *("--csms", url, "--clock-anchor", anchor),
        *("--clock-epoch", EPOCH.isoformat(), "--clock-rate", "600"),
        *("--day", "quiet", "--report", str(report), "--json"),
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONWARNINGS": "error"},
    )
    async with asyncio.timeout(30):
        while csms.seen["TransactionEvent"] < 16:
            await asyncio.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    output, _ = await process.communicate()
    server.close()

    assert process.returncode == 0
    assert json.loads(output.splitlines()[-1])["stations"] == 4
    written = json.loads(report.read_text())
    assert len(written["evses"]) == 4
    assert all(evse["trace"] for evse in written["evses"])
