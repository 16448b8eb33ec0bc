"""`make bench`: our figures beside their references, in one JSON and one table."""

import argparse
import asyncio
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.bench.measuring import SERVERS, Bench, Plan
from tests.bench.report import show, verdicts

RESULTS = Path("bench-results/latest.json")
ALL = ("memory", "load", "push", "storm", "start")


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench",
        description="Measures speed and scale beside references, in one run.",
    )
    add = parser.add_argument
    add("--seconds", type=float, default=5.0, help="counted, per load (%(default)s)")
    add("--warm", type=float, default=2.0, help="before counting (%(default)s)")
    add(
        "--stations",
        type=int,
        nargs="+",
        default=[50, 500, 2000],
        help="how many report at once, load by load",
    )
    add("--fleet", type=int, default=2000, help="how many in the other figures")
    add("--only", choices=ALL, nargs="+", default=ALL, help="leave out the others")
    add(
        "--servers",
        choices=SERVERS,
        nargs="+",
        default=SERVERS,
        help="whom to put under load; targets need all",
    )
    add("--lean", action="store_true", help="load from a client that costs less")
    add("--rounds", type=int, default=5, help="how often profiles are pushed")
    add("--json", type=Path, default=RESULTS, help="where figures go (%(default)s)")
    return parser.parse_args(arguments)


async def _measure(options: argparse.Namespace) -> dict[str, object]:
    plan = Plan(
        stations=tuple(options.stations),
        fleet=options.fleet,
        warm_s=options.warm,
        seconds=options.seconds,
        rounds=options.rounds,
        parts=tuple(options.only),
        servers=tuple(options.servers),
        lean=options.lean,
    )
    with tempfile.TemporaryDirectory(prefix="csms-bench-") as folder:
        return await Bench(plan, Path(folder)).run()


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, write, print; return 1 if a target was missed."""
    options = _options(arguments)
    figures = asyncio.run(_measure(options))
    judged = verdicts(figures)
    document = {**figures, "targets": [each.as_json() for each in judged]}
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(document, indent=1) + "\n")
    show(figures, judged)
    sys.stdout.write(f"\n{options.json}\n")
    return 0 if all(each.met for each in judged) else 1


if __name__ == "__main__":
    sys.exit(main())
