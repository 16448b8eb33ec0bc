"""What a person sees of the demonstration: live on a terminal, then tables."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from csms.cli.judging import Promise

BOSTON = ZoneInfo("America/New_York")
_BARS = "▁▂▃▄▅▆▇█"
_RECENT = 7
_WIDTH = 48


@dataclass(slots=True)
class Scene:
    """What is shown; the demonstration keeps it current."""

    started: datetime
    ends: datetime
    now: datetime
    rate: float
    door: str = ""
    doing: str = "starting"
    stations: int = 0
    connected: int = 0
    provisioned: int = 0
    fleet_kw: float = 0.0
    soc_pct: float | None = None
    live: Mapping[str, Any] = field(default_factory=dict)
    window: tuple[datetime, datetime] | None = None
    curve: list[float] = field(default_factory=list)
    news: list[tuple[datetime, str]] = field(default_factory=list)

    def tell(self, text: str) -> None:
        """Add a line to what has happened."""
        if not self.news or self.news[-1][1] != text:
            self.news.append((self.now, text))


def draw(scene: Scene) -> RenderableType:
    """Return the whole live view."""
    head = Table.grid(expand=True)
    head.add_column()
    head.add_column(justify="right")
    head.add_row(
        Text(local(scene.now, "%A %H:%M %Z"), style="bold"),
        Text(f"{scene.rate:g} times real time", style="dim"),
    )
    parts: list[RenderableType] = [head, _progress(scene), Text(), _figures(scene)]
    if scene.curve:
        parts += [Text(), _curve(scene)]
    parts += [Text(), *_news(scene), Text(), Text(scene.door, style="dim")]
    return Panel(
        Group(*parts),
        title="[bold]Massachusetts V2X demonstration[/] · simulated fleet",
        subtitle=scene.doing,
        border_style="cyan",
        padding=(0, 1),
    )


def _progress(scene: Scene) -> RenderableType:
    whole = (scene.ends - scene.started).total_seconds()
    done = (scene.now - scene.started).total_seconds()
    return ProgressBar(total=whole, completed=min(max(done, 0.0), whole), width=None)


def _figures(scene: Scene) -> RenderableType:
    table = Table.grid(padding=(0, 2))
    for _ in range(4):
        table.add_column()
    live = scene.live
    table.add_row(
        _figure("stations", f"{scene.connected}/{scene.stations}"),
        _figure("provisioned", str(scene.provisioned)),
        _figure("fleet", f"{scene.fleet_kw:+,.0f} kW"),
        _figure(
            "mean charge", "-" if scene.soc_pct is None else f"{scene.soc_pct:.0f} %"
        ),
    )
    if live:
        target = live.get("target_kw") or 0.0
        table.add_row(
            _figure("target", f"{target:,.0f} kW"),
            _figure("delivering", f"{live.get('delivered_kw') or 0.0:,.0f} kW"),
            _figure("delivered", f"{live.get('delivered_kwh') or 0.0:,.0f} kWh"),
            _figure(
                "out/excl.",
                f"{live.get('opted_out', 0)} / {live.get('excluded', 0)}",
            ),
        )
    return table


def _figure(name: str, value: str) -> Text:
    return Text.assemble((f"{name} ", "dim"), (value, "bold"))


def _curve(scene: Scene) -> RenderableType:
    top = max(*scene.curve, 1.0)
    points = scene.curve[-_WIDTH:]
    bars = "".join(
        _BARS[min(int(value / top * (len(_BARS) - 1) + 0.5), len(_BARS) - 1)]
        for value in points
    )
    return Text.assemble(
        ("delivered  ", "dim"), (bars, "green"), (f"  peak {top:,.0f} kW", "dim")
    )


def _news(scene: Scene) -> Sequence[RenderableType]:
    recent = scene.news[-_RECENT:]
    lines = [
        Text.assemble(
            (local(at, "%a %H:%M  "), "dim"), text, no_wrap=True, overflow="ellipsis"
        )
        for at, text in recent
    ]
    return [*lines, *(Text() for _ in range(_RECENT - len(lines)))]


def groups_table(rows: Sequence[Mapping[str, Any]]) -> Table:
    """Return one row per group of participants: planned, delivered, earned."""
    table = Table(
        title="What each group did",
        caption="kWh delivered, mean kW; season: what such events would earn",
        title_justify="left",
        caption_justify="left",
        box=SIMPLE_HEAD,
        collapse_padding=True,
    )
    table.add_column("group", no_wrap=True)
    names = ("systems", "excl.", "out", "planned", "kWh", "kW", "season")
    for name in names:
        table.add_column(name, justify="right", no_wrap=True)
    for row in rows:
        last = row is rows[-1]
        table.add_row(
            row["group"],
            f"{row['systems']}",
            f"{row['excluded']}",
            f"{row['opted_out']}",
            f"{row['planned_kwh']:,.0f}",
            f"{row['delivered_kwh']:,.0f}",
            f"{row['mean_kw']:,.0f}",
            f"${row['amount']:,.0f}",
            style="bold" if last else "",
            end_section=len(rows) > 1 and row is rows[-2],
        )
    return table


def exclusions_table(rows: Sequence[tuple[str, str, str]]) -> Table:
    """Return who was excluded before anything was planned, and why."""
    table = _table("Excluded before planning")
    table.add_column("system")
    table.add_column("make")
    table.add_column("why")
    for station, make, why in rows:
        table.add_row(station, make, why.replace("_", " "))
    return table


def reasons_table(rows: Mapping[str, float]) -> Table:
    """Return what was planned and not delivered, by reason."""
    table = _table("Planned, not delivered")
    table.add_column("reason")
    table.add_column("kWh", justify="right")
    for reason, kwh in sorted(rows.items(), key=lambda row: -row[1]):
        table.add_row(reason.replace("_", " "), f"{kwh:,.1f}")
    return table


def promises_table(promises: Sequence[Promise]) -> Table:
    """Return each promise, whether it was kept, and what was seen."""
    table = _table("Promises, judged by physics")
    table.add_column("")
    table.add_column("promise")
    table.add_column("seen")
    for promise in promises:
        mark = Text("✓", "green") if promise.kept else Text("✗", "bold red")
        seen = (
            promise.figure if promise.kept else f"broken {len(promise.breaches)} times"
        )
        table.add_row(mark, promise.name, seen)
    return table


def _table(title: str) -> Table:
    return Table(title=title, title_justify="left", box=SIMPLE_HEAD)


def local(instant: datetime, form: str) -> str:
    """Return an instant as clocks in Boston show it."""
    return instant.astimezone(BOSTON).strftime(form)
