"""One demand-response event, end to end, on a simulated fleet: `csms demo`."""

import asyncio
import contextlib
import json
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.live import Live

from csms.bootstrap.listening import CannotListen, ensure_free
from csms.cli.children import ChildFailed, child, output_of
from csms.cli.demo_report import Findings, findings, show
from csms.cli.demo_stage import (
    CALL_AT,
    CALL_BY,
    END,
    GRACE,
    POLL_S,
    PROGRAMS,
    RELEASE_REAL_S,
    SEASON,
    START,
    DemoFailed,
    Options,
    Stage,
    get,
    post,
    staged,
)
from csms.cli.demo_view import draw, local
from csms.cli.failures import ExitCode, Failed
from csms.cli.logs import set_up
from csms.clock import pause
from csms.db.embedded import EmbeddedPostgres


async def demonstrate(options: Options, console: Console) -> int:
    """Play the event, show it, judge it; return the exit code.

    Raises:
        Failed: If a port or the file of the report cannot be had.
    """
    _look_ahead(options)
    folder = Path(tempfile.mkdtemp(prefix="csms-demo-"))
    set_up("error", "console")
    try:
        with _ended_by_signals(console):
            return await _in(folder, options, console)
    except asyncio.CancelledError:
        return ExitCode.INTERRUPTED
    except ChildFailed as failure:
        console.print(f"[red]{failure}[/]\n{failure.tail}", highlight=False)
        return 1
    except (DemoFailed, httpx.HTTPError) as failure:
        console.print(f"[red]the demonstration stopped:[/] {failure}")
        return 1
    finally:
        if options.keep:
            console.print(f"kept: {folder}", soft_wrap=True)
        else:
            shutil.rmtree(folder, ignore_errors=True)


async def _in(folder: Path, options: Options, console: Console) -> int:
    with console.status("starting PostgreSQL") if console.is_terminal else _quietly():
        registry = json.loads(
            await output_of(
                "simulators",
                [
                    "simulators",
                    "registry",
                    "--fleet",
                    options.fleet,
                    "--seed",
                    str(options.seed),
                ],
            )
        )
        postgres = EmbeddedPostgres(folder / "postgres")
        await postgres.start()
    try:
        async with staged(folder, options, registry, postgres.url) as stage:
            result = await _play(stage, console)
            show(result, console)
            if options.json_file is not None:
                options.json_file.write_text(json.dumps(result.document, indent=1))
                console.print(f"report: {options.json_file}", soft_wrap=True)
            if options.stay:
                await _stay(stage, console)
        return 0 if result.kept else 1
    finally:
        await postgres.stop()
        if not options.keep:
            postgres.remove()
        elif not postgres.folder.is_relative_to(folder):
            console.print(f"kept: {postgres.folder}", soft_wrap=True)


def _look_ahead(options: Options) -> None:
    """Fail now for what would fail minutes later.

    Raises:
        Failed: If a port or the file of the report cannot be had.
    """
    for door, port in (("OCPP", options.ocpp_port), ("HTTP", options.http_port)):
        try:
            ensure_free("127.0.0.1", port, door)
        except CannotListen as error:
            option = f"--{door.lower()}-port"
            raise Failed(
                str(error), field=option, remedy=f"{option} 0 takes a free one."
            ) from error
    if options.json_file is not None:
        is_new = not options.json_file.exists()
        try:
            options.json_file.open("a").close()
            if is_new:
                options.json_file.unlink()
        except OSError as error:
            raise Failed(
                f"{options.json_file} cannot be written: {error.strerror}",
                code=ExitCode.USAGE,
                field="--json",
            ) from error


@contextlib.contextmanager
def _ended_by_signals(console: Console) -> Iterator[None]:
    """End this task at the first signal to end, and clean up through all others."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    names = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    asked = False

    def end() -> None:
        nonlocal asked
        if asked or task is None:
            return
        asked = True
        console.print("ending ...")
        task.cancel()

    for name in names:
        loop.add_signal_handler(name, end)
    try:
        yield
    finally:
        for name in names:
            loop.remove_signal_handler(name)


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    yield None


async def _play(stage: Stage, console: Console) -> Findings:
    """Import the registry, start the fleet, call the event, watch it to its end."""
    await post(stage, "/api/v1/registry", stage.registry)
    account = {"password": stage.password, "role": "admin"}
    response = await stage.api.put("/api/v1/accounts/demo", json=account)
    response.raise_for_status()
    fleet = child(
        "fleet",
        [
            "simulators",
            "run",
            "--fleet",
            stage.options.fleet,
            "--seed",
            str(stage.options.seed),
            "--csms",
            f"ws://127.0.0.1:{stage.ocpp_port}/ocpp",
            "--clock-anchor",
            stage.clock.anchor.isoformat(),
            "--clock-epoch",
            stage.clock.epoch.isoformat(),
            "--clock-rate",
            str(stage.clock.rate),
            "--report",
            str(stage.report_file),
            "--mail",
            stage.base,
            "--mail-token",
            stage.token,
        ],
        stage.folder / "fleet.log",
        {},
    )
    with _screen(stage, console) as refresh:
        async with fleet as running:
            stage.children.append(running)
            await _watch(stage, refresh)
            stage.children.remove(running)
            stage.scene.doing = "stopping the fleet"
            refresh()
    if not stage.report_file.exists():
        raise ChildFailed("fleet", running.process.returncode, running.tail())
    return findings(
        observed=json.loads(stage.report_file.read_text()),
        registry=stage.registry,
        members=await _members(stage),
        events=[await get(stage, f"/api/v1/events/{e}") for e in stage.events.values()],
        statements=[
            await get(stage, f"/api/v1/programs/{name}/statement?season={SEASON}")
            for name in stage.events
        ],
        quarantines=(await get(stage, "/api/v1/quarantines"))["items"],
        window=(START, END),
        allowance=timedelta(seconds=max(300.0, RELEASE_REAL_S * stage.clock.rate)),
        options={
            "rate": stage.options.rate,
            "seed": stage.options.seed,
            "fleet": stage.options.fleet,
        },
    )


@contextlib.contextmanager
def _screen(stage: Stage, console: Console) -> Iterator[Callable[[], None]]:
    """Give what redraws the live view; on no terminal, what prints the news."""
    if console.is_terminal:
        with Live(draw(stage.scene), console=console, refresh_per_second=4) as live:
            yield lambda: live.update(draw(stage.scene))
        return
    console.print(stage.scene.door, highlight=False, soft_wrap=True)
    printed = 0

    def print_news() -> None:
        nonlocal printed
        for at, text in stage.scene.news[printed:]:
            line = f"{local(at, '%a %H:%M %Z')}  {text}"
            console.print(line, highlight=False, soft_wrap=True)
        printed = len(stage.scene.news)

    yield print_news


async def _watch(stage: Stage, refresh: Callable[[], None]) -> None:
    """Follow the event until its accounts are closed."""
    scene = stage.scene
    deadline = END + GRACE + timedelta(hours=3)
    while True:
        stage.check()
        scene.now = stage.clock.now()
        await _look_at_fleet(stage)
        if not stage.events and _may_call(stage):
            await _call(stage)
        if stage.events:
            await _look_at_incidents(stage)
            if await _look_at_events(stage):
                return
        refresh()
        if scene.now > deadline:
            raise DemoFailed("the event was not settled in time")
        await pause(POLL_S)


def _may_call(stage: Stage) -> bool:
    """Tell whether it is evening and every station is known, or it is getting late."""
    scene = stage.scene
    known = scene.provisioned == scene.stations
    return scene.now >= CALL_AT and (known or scene.now >= CALL_BY)


async def _look_at_fleet(stage: Stage) -> None:
    scene = stage.scene
    stations = (await get(stage, "/api/v1/stations?limit=500"))["items"]
    evses = [evse for each in stations for evse in each["evses"]]
    before = scene.connected
    scene.connected = sum(each["connected"] for each in stations)
    scene.provisioned = sum(each["provisioned"] for each in stations)
    scene.fleet_kw = sum(each["power_w"] or 0 for each in evses) / 1000
    known = [each["soc_pct"] for each in evses if each["soc_pct"] is not None]
    scene.soc_pct = sum(known) / len(known) if known else None
    if scene.connected == scene.stations and before < scene.stations:
        scene.tell(f"all {scene.stations} systems are connected")
    if not stage.events:
        scene.doing = "stations boot and are provisioned"


async def _call(stage: Stage) -> None:
    """Call the event in every program of the demonstration."""
    for program in PROGRAMS:
        called = await post(
            stage,
            "/api/v1/events",
            {
                "program": program,
                "starts_at": START.isoformat(),
                "ends_at": END.isoformat(),
                "name": "Summer peak",
            },
        )
        stage.events[program] = called["id"]
    stage.scene.window = (START, END)
    stage.scene.tell("event called for tomorrow 17:00-20:00; notices go out")


async def _look_at_events(stage: Stage) -> bool:
    """Take the figures of all events together; tell whether all accounts are closed.

    The stage is settled first, and its duty is to give each member an outcome.
    """
    scene = stage.scene
    lives = [
        await get(stage, f"/api/v1/events/{each}/live")
        for each in stage.events.values()
    ]
    before = dict(scene.live)
    scene.live = _together(lives)
    stages = {each["stage"] for each in lives}
    scene.doing = " / ".join(sorted(stages))
    enrolled = len(stage.registry["enrollments"])
    if before.get("members", 0) < enrolled <= scene.live["members"]:
        scene.tell(
            f"planned {scene.live['planned_kwh']:,.0f} kWh; excluded: "
            f"{scene.live['excluded']} of {enrolled}, each with its reason"
        )
    if scene.live["opted_out"] > before.get("opted_out", 0):
        scene.tell(f"{_systems(scene.live['opted_out'])} opted out so far")
    for word in ("active", "completed", "settled"):
        if stages == {word} and before.get("stages") != [word]:
            scene.tell(f"the event is {word}")
    scene.live["stages"] = sorted(stages)
    if START <= scene.now <= END + timedelta(minutes=20):
        scene.curve.append(scene.live["delivered_kw"])
    return stages == {"settled"} and all(
        sum(each["outcomes"].values()) == each["members"] for each in lives
    )


def _systems(count: int) -> str:
    return "1 system has" if count == 1 else f"{count} systems have"


async def _look_at_incidents(stage: Stage) -> None:
    """Tell of what a person should know of, once each."""
    listed = await get(stage, "/api/v1/incidents?limit=20")
    for each in reversed(listed["items"]):
        if each["id"] <= stage.last_incident:
            continue
        stage.last_incident = each["id"]
        if each["kind"] == "wrong_direction":
            stage.scene.tell(
                f"{each['station']} charged instead of discharging: "
                "made safe, make quarantined"
            )
        else:
            stage.scene.tell(f"{each['station']}: {each['kind'].replace('_', ' ')}")


def _together(lives: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    names = (
        "target_kw",
        "delivered_kw",
        "delivered_kwh",
        "planned_kwh",
        "members",
        "opted_out",
        "excluded",
    )
    return {name: sum(each[name] or 0 for each in lives) for name in names}


async def _members(stage: Stage) -> dict[str, dict[str, Any]]:
    found = {}
    for event in stage.events.values():
        listed = await get(stage, f"/api/v1/events/{event}/members?limit=500")
        for each in listed["items"]:
            found[f"{each['station']}/{each['evse']}"] = each
    return found


async def _stay(stage: Stage, console: Console) -> None:
    door = f"{stage.scene.door}\npress Ctrl-C to end"
    console.print(door, highlight=False, soft_wrap=True)
    with contextlib.suppress(asyncio.CancelledError):
        while True:
            stage.check()
            await pause(1.0)
