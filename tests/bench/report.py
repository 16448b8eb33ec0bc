"""What was promised, what was seen, and both as one table."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from rich.console import Console
from rich.table import Table

FEW = 50
"""Up to so many stations the commit's latency rules."""

SHARE_OF_ECHO = {True: 1 / 4, False: 1 / 3}
TIMES_LIBRARY = 10.0
MOST_PUSH = 3.0
MOST_MEMORY = 1.5
MOST_START_S = 2.0
_STARTS = {
    "node imported": "import_s",
    "first station let in": "let_in_s",
    "first boot answered": "answered_s",
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """One target and what was seen.

    Attributes:
        what: What is compared.
        seen: The figure.
        wanted: The target.
        at_least: Whether more is better.
    """

    what: str
    seen: float
    wanted: float
    at_least: bool = True

    @property
    def met(self) -> bool:
        """Tell whether the target was met."""
        if self.at_least:
            return self.seen >= self.wanted
        return self.seen <= self.wanted

    def as_json(self) -> dict[str, object]:
        """Return what goes into the results."""
        return {**asdict(self), "met": self.met}


def verdicts(figures: Mapping[str, Any]) -> list[Verdict]:
    """Return every target that can be judged on the figures."""
    return [
        *_load(figures.get("load", ())),
        *_push(figures.get("push")),
        *_storm(figures.get("storm")),
        *_memory(figures.get("memory")),
        *_start(figures.get("start")),
    ]


def _load(rows: Any) -> Iterator[Verdict]:  # noqa: ANN401, JSON
    rates = {(row["server"], row["stations"]): row["rate"] for row in rows}
    for row in rows:
        stations = row["stations"]
        references = {("echo", stations), ("library", stations)}
        if row["server"] != "csms" or not references <= rates.keys():
            continue
        yield Verdict(
            f"rate at {stations} stations / bare echo",
            row["rate"] / rates["echo", stations],
            SHARE_OF_ECHO[stations <= FEW],
        )
        yield Verdict(
            f"rate at {stations} stations / ocpp library",
            row["rate"] / max(rates["library", stations], 1e-9),
            TIMES_LIBRARY,
        )
        yield Verdict(
            f"answered but not kept at {stations} stations",
            float(max(row["answered"] - row["kept"], 0) + row["errors"]),
            0.0,
            at_least=False,
        )


def _push(push: Any) -> Iterator[Verdict]:  # noqa: ANN401, JSON
    if push:
        yield Verdict(
            f"profile to {push['stations']} stations / bare request round",
            push["csms"]["median_s"] / push["echo"]["median_s"],
            MOST_PUSH,
            at_least=False,
        )
        yield Verdict(
            "stations that did not acknowledge a profile",
            float(push["stations"] - min(push["csms"]["acknowledged"])),
            0.0,
            at_least=False,
        )


def _storm(storm: Any) -> Iterator[Verdict]:  # noqa: ANN401, JSON
    if storm:
        yield Verdict(
            f"of {storm['stations']} stations cut at once, not back",
            float(storm["stations"] - storm["back"]) + (not storm["alive"]),
            0.0,
            at_least=False,
        )
        yield Verdict(
            "reports acknowledged and not kept, through the storm",
            float(max(storm["acknowledged"] - storm["kept"], 0) + storm["errors"]),
            0.0,
            at_least=False,
        )


def _memory(memory: Any) -> Iterator[Verdict]:  # noqa: ANN401, JSON
    if memory:
        yield Verdict(
            "memory of an idle connection / bare websockets",
            memory["csms"]["kib_each"] / memory["echo"]["kib_each"],
            MOST_MEMORY,
            at_least=False,
        )


def _start(start: Any) -> Iterator[Verdict]:  # noqa: ANN401, JSON
    if start:
        yield Verdict(
            "seconds from start to the answer of the first boot",
            start["answered_s"],
            MOST_START_S,
            at_least=False,
        )


def show(figures: Mapping[str, Any], judged: list[Verdict]) -> None:
    """Print one table of figures, and one of targets."""
    console = Console(width=110)
    table = Table("figure", "stations", "server", "value", "p50 ms", "p99 ms")
    for column in ("CPU s per 1,000", "PostgreSQL", "client"):
        table.add_column(column)
    for row in figures.get("load", ()):
        table.add_row(
            "TransactionEvents per second",
            str(row["stations"]),
            row["server"],
            f"{row['rate']:,.0f}",
            f"{row['p50_ms']:.1f}",
            f"{row['p99_ms']:.1f}",
            f"{row['cpu_s_per_1000']:.3f}",
            f"{row['database_cpu_s_per_1000']:.3f}" if row["kept"] else "",
            f"{row['client_cpu_s_per_1000']:.3f}",
        )
    _rows_of_push(table, figures.get("push"))
    _rows_of_memory(table, figures.get("memory"))
    if storm := figures.get("storm"):
        table.add_row(
            "back after all were cut at once",
            str(storm["stations"]),
            "csms",
            f"{storm['all_back_s']:.1f} s",
        )
    if start := figures.get("start"):
        for what, name in _STARTS.items():
            table.add_row(what, "1", "csms", f"{start[name]:.2f} s")
    console.print(table)
    targets = Table("target", "seen", "wanted", "")
    for each in judged:
        targets.add_row(
            each.what,
            f"{each.seen:.2f}",
            f"{'at least' if each.at_least else 'at most'} {each.wanted:.2f}",
            "met" if each.met else "MISSED",
        )
    console.print(targets)


def _rows_of_push(table: Table, push: Any) -> None:  # noqa: ANN401, JSON
    for name in ("echo", "csms") if push else ():
        seen = push[name]
        table.add_row(
            "profile to all at once",
            str(push["stations"]),
            name,
            f"{seen['median_s']:.2f} s",
        )
        table.add_row(
            "heartbeats meanwhile",
            str(push["stations"]),
            name,
            str(seen["heartbeats"]),
            f"{seen['heartbeat_p50_ms']:.1f}",
            f"{seen['heartbeat_p99_ms']:.1f}",
        )


def _rows_of_memory(table: Table, memory: Any) -> None:  # noqa: ANN401, JSON
    for name in ("echo", "csms") if memory else ():
        table.add_row(
            "memory of an idle connection",
            str(memory["stations"]),
            name,
            f"{memory[name]['kib_each']:.1f} KiB",
        )
