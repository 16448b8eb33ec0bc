"""Run a simulated fleet against a central system, or print who is in it."""

import argparse
import asyncio
import json
import signal
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import uvloop
from cryptography import x509

from csms.clock import REALITY, Clock, ScaledClock
from simulators.days import load_day, place
from simulators.fleet import Mailbox, Run, never
from simulators.instants import instant, iso
from simulators.population import fleets, load_fleet
from simulators.registry import registry
from simulators.tables import ScenarioError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status."""
    options = _parser().parse_args(arguments)
    try:
        status: int = options.command(options)
    except ScenarioError as error:
        print(f"simulators: {error}", file=sys.stderr)  # noqa: T201
        return 2
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m simulators",
        description="A simulated fleet of bidirectional charging stations.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    listing = commands.add_parser("fleets", help="list the fleets there are")
    listing.set_defaults(command=_fleets)
    document = commands.add_parser(
        "registry", help="print a fleet's registry document, ready to be imported"
    )
    _fleet_options(document)
    document.set_defaults(command=_registry)
    run = commands.add_parser(
        "run", help="connect a fleet to a central system and let it live"
    )
    _fleet_options(run)
    _run_options(run)
    run.set_defaults(command=_run)
    return parser


def _fleet_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--fleet", default="masscec", help="a file in simulators/fleets (%(default)s)"
    )
    parser.add_argument(
        "--seed", type=int, default=1, help="decides everything (%(default)s)"
    )


def _run_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "--csms",
        required=True,
        metavar="URL",
        help="OCPP endpoint, for example ws://127.0.0.1:9000/ocpp",
    )
    add(
        "--ca",
        type=Path,
        metavar="FILE",
        help="roots, PEM, by which the stations believe a wss:// endpoint",
    )
    add(
        "--day",
        default="event_evening",
        help="what happens: a file in simulators/days (%(default)s)",
    )
    add("--clock-anchor", metavar="ISO", help="real instant of the clock's epoch")
    add("--clock-epoch", metavar="ISO", help="business instant at the anchor")
    add(
        "--clock-rate",
        type=float,
        default=1.0,
        help="business seconds per real second (%(default)s)",
    )
    add("--until", metavar="ISO", help="business instant at which to stop")
    add("--report", type=Path, metavar="FILE", help="write what really happened")
    add("--mail", metavar="URL", help="mail catcher that the drivers read")
    add("--mail-token", default="", metavar="T", help="what opens the mail catcher")
    add("--json", action="store_true", help="progress as JSON lines on stdout")


def _fleets(_options: argparse.Namespace) -> int:
    for name, title in fleets():
        print(f"{name:10} {title}")  # noqa: T201
    return 0


def _registry(options: argparse.Namespace) -> int:
    document = registry(load_fleet(options.fleet, options.seed))
    print(json.dumps(document, indent=1))  # noqa: T201
    return 0


def _run(options: argparse.Namespace) -> int:
    fleet = load_fleet(options.fleet, options.seed)
    placed = place(load_day(options.day), fleet)
    clock = _clock(options)
    until = _instant(options.until, "--until") if options.until else never()
    if not options.csms.startswith(("ws://", "wss://")):
        raise ScenarioError(
            "--csms: give a WebSocket address such as ws://HOST:9000/ocpp."
        )
    mailbox = Mailbox(options.mail, options.mail_token) if options.mail else None
    trusted = _trusted(options.ca) if options.ca else ""
    run = Run(fleet, placed, clock, options.csms, mailbox, trusted=trusted)
    uvloop.run(_live(run, until, as_json=options.json))
    if options.report:
        _write(run, options.report)
    return 0


def _trusted(path: Path) -> str:
    try:
        text = path.read_text(encoding="ascii")
        x509.load_pem_x509_certificates(text.encode())
    except (OSError, ValueError) as error:
        raise ScenarioError(
            f"--ca: {path} cannot be read as certificates in PEM ({error}). The "
            "built-in authority prints its roots: csms certificates ca export."
        ) from None
    return text


def _write(run: Run, path: Path) -> None:
    try:
        run.observer.write(path, run.lived)
    except OSError as error:
        raise ScenarioError(
            f"--report: cannot write {path}: {error.strerror}. Choose another file."
        ) from None


async def _live(run: Run, until: float, *, as_json: bool) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)

    def progress(summary: dict[str, Any]) -> None:
        if as_json:
            print(json.dumps(summary), flush=True)  # noqa: T201
        else:
            print(_line(summary), file=sys.stderr, flush=True)  # noqa: T201

    await run.run(stop, until, progress)
    progress(run.summary())


def _line(summary: dict[str, Any]) -> str:
    line = (
        "{at}  {online}/{stations} online  {plugged} plugged in  "
        "in {import_kw} kW  out {export_kw} kW  {waiting} waiting  {sent} sent"
    ).format(**summary)
    refused = summary["refused"]
    return f"{line}  last refusal: {refused}" if refused else line


def _clock(options: argparse.Namespace) -> Clock:
    given = [options.clock_anchor, options.clock_epoch]
    if not any(given) and options.clock_rate == 1.0:
        return REALITY
    if not options.clock_rate > 0:
        raise ScenarioError("--clock-rate: give a number above zero.")
    if not all(given):
        raise ScenarioError(
            "--clock-anchor and --clock-epoch: give both with a rate, so that the "
            "fleet and the system agree on the time."
        )
    anchor, epoch = (
        datetime.fromtimestamp(_instant(text, name), UTC)
        for text, name in zip(given, ("--clock-anchor", "--clock-epoch"), strict=True)
    )
    return ScaledClock(anchor, epoch, options.clock_rate)


def _instant(text: str, option: str) -> float:
    try:
        return instant(text)
    except ValueError:
        raise ScenarioError(
            f"{option}: '{text}' is no instant. Write it as {iso(0.0)}."
        ) from None


if __name__ == "__main__":
    sys.exit(main())
