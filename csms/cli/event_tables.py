"""Events as tables: what is given back is positive, times are local to the program."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from csms.cli.tables import (
    NOTHING,
    Column,
    Row,
    facts,
    figure,
    listing,
    local,
    moment,
    number,
    table,
    text,
)

if TYPE_CHECKING:
    from rich.console import RenderableType

_BLOCKS = " ▁▂▃▄▅▆▇█"


def listed(rows: Sequence[Row]) -> "RenderableType":
    """Return events as a list."""
    empty = "No event. Call one: csms events call PROGRAM --start … --end …"
    return listing("Events", _EVENTS, rows, empty)


def summary(event: Row, live: Row | None) -> "RenderableType":
    """Return one event in figures, and how it stands if that is known."""
    pairs: list[tuple[str, object]] = [
        ("id", event["id"]),
        ("program", f"{event['program']} {event['program_version']}"),
        ("when", _window(event)),
        ("stage", event["stage"]),
        ("cancelled because", event["cancel_reason"]),
        ("called", f"{_local(event, 'called_at')} by {event['created_by']}"),
        ("target", _kw(event["target_kw"]) if event["target_kw"] else "all there is"),
        ("planned", _planned(event)),
        ("members", _members(event)),
        ("notices", _counted(event["notices"])),
    ]
    if live is not None:
        pairs += _standing(live)
    title = f"{event['name']} (test)" if event["test"] else event["name"]
    return facts(title, pairs)


def preview(said: Row, zone: str) -> "list[RenderableType]":
    """Return everything that calling an event would mean."""
    return [*preview_summary(said, zone), table("EVSEs", _ENTRIES, said["entries"])]


def preview_summary(said: Row, zone: str) -> "list[RenderableType]":
    """Return what calling an event would mean, in figures."""
    event = {**said, "timezone": zone}
    emails = {each["participant"] for each in said["notices"]}
    short = said["shortfall_kw"]
    shown: list[RenderableType] = [
        facts(
            f"{said['name']}, not called yet",
            [
                ("program", f"{said['program']} {said['program_version']}"),
                ("when", _window(event)),
                ("planned", f"{_kw(said['planned_kw'])}, {_kwh(said['planned_kwh'])}"),
                ("short of target", _kw(short) if short else None),
                ("members", f"{said['members']}, of them {said['excluded']} excluded"),
                ("excluded by", _counted(said["excluded_by"])),
                ("notices", f"to {len(emails)} participants"),
                ("notices by", _local(event, "notify_by")),
            ],
        )
    ]
    if said["violations"]:
        shown.append(table("Rules it breaks", _VIOLATIONS, said["violations"]))
    return shown


def members(rows: Sequence[Row]) -> "RenderableType":
    """Return who takes part and how it fares."""
    return listing("Members", _MEMBERS, rows, "Nobody is enrolled.")


def notices(rows: Sequence[Row]) -> "RenderableType":
    """Return notices and their evidence."""
    return listing("Notices", _NOTICES, rows, "No notice yet.")


def report(said: Row, event: Row, *, explain: bool) -> "list[RenderableType]":
    """Return what an event came to."""
    shown: list[RenderableType] = [
        facts(
            event["name"],
            [
                ("id", event["id"]),
                ("when", _window(event)),
                ("stage", event["stage"]),
                ("planned", _kwh(said["planned_kwh"])),
                ("delivered", _delivered(said)),
                ("on average", _kw(said["mean_kw"])),
                ("by quarter hour", _curve(said["quarters"])),
                ("outcomes", _counted(said["outcomes"])),
                ("not delivered", _because(said["reasons"])),
            ],
        ),
        table("EVSEs", _LINES, said["lines"]),
    ]
    if explain:
        pairs = [(_evse(each), each["explanation"]) for each in said["lines"]]
        shown.append(facts("How each figure came about", pairs))
    return shown


def _standing(live: Row) -> list[tuple[str, object]]:
    return [
        ("now", f"{_kw(live['delivered_kw'])} of {_kw(live['target_kw'])}"),
        ("delivered", f"{_kwh(live['delivered_kwh'])} of {_kwh(live['planned_kwh'])}"),
        ("released", _counted(live["released"])),
        ("states", _counted(live["states"])),
        ("out of contact", live["unseen"] or None),
    ]


def _delivered(said: Row) -> str:
    planned, delivered = said["planned_kwh"], said["delivered_kwh"]
    share = f" ({delivered / planned:.1%} of plan)" if planned else ""
    return _kwh(delivered) + share


def _planned(event: Row) -> str:
    if event["stage"] == "scheduled":
        return "in a moment; see csms events show"
    return f"{_kw(event['planned_kw'])}, {_kwh(event['planned_kwh'])}"


def _members(event: Row) -> str | None:
    if event["stage"] == "scheduled":
        return None
    return (
        f"{event['members']}, of them {event['excluded']} excluded, "
        f"{event['opted_out']} opted out"
    )


def _window(event: Row) -> str:
    zone = event.get("timezone")
    start, end = local(event["starts_at"], zone), local(event["ends_at"], zone)
    same_day = start[:14] == end[:14]
    return f"{start} to {end[15:] if same_day else end}"


def _local(event: Row, key: str) -> str:
    return local(event[key], event.get("timezone"))


def _curve(quarters: Sequence[Row]) -> str:
    """Return delivered power as a row of blocks, and its range."""
    values = [each["delivered_kw"] for each in quarters]
    known = [value for value in values if value is not None]
    if not known or max(known) <= 0:
        return ""
    most = max(known)
    last = len(_BLOCKS) - 1
    blocks = "".join(
        "?" if value is None else _BLOCKS[round(max(value, 0) / most * last)]
        for value in values
    )
    return f"{blocks}  {_kw(min(known))} to {_kw(most)}"


def _because(reasons: Mapping[str, float]) -> str:
    worst = sorted(reasons.items(), key=lambda pair: -pair[1])
    return ", ".join(f"{_words(why)} {_kwh(kwh)}" for why, kwh in worst if kwh > 0)


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{_words(name)} {count}" for name, count in counts.items())


def _words(name: Any) -> str:  # noqa: ANN401 (a word of the API)
    return str(name).replace("_", " ")


def _kw(value: float) -> str:
    return f"{figure(value, 1)} kW"


def _kwh(value: float) -> str:
    return f"{figure(value, 1)} kWh"


def _evse(row: Row) -> str:
    return f"{row['station']}/{row['evse']}"


def _make(row: Row) -> str:
    return " ".join(filter(None, (row["vendor"], row["model"])))


def _why(row: Row) -> str:
    """Return the reasons of a member, or of a line, the biggest first."""
    if exclusions := row.get("exclusions"):
        return ", ".join(map(_words, exclusions))
    return _because(row.get("reasons") or {})


def _state(row: Row) -> str:
    if row["exclusions"]:
        return "excluded"
    last = row["states"][-1]["state"] if row["states"] else None
    return _words(row["outcome"] or last or NOTHING)


def _limit(row: Row) -> str:
    exclusions = ", ".join(map(_words, row["exclusions"]))
    return exclusions or _words(row["limited_by"] or "")


_EVENTS = (
    text("event", "id"),
    text("name", "name").spared(4),
    text("program", "program").spared(3),
    Column("when", _window),
    text("stage", "stage"),
    number("planned kW", "planned_kw", 1),
    number("planned kWh", "planned_kwh", 1).spared(2),
    number("delivered kWh", "delivered_kwh", 1),
    number("members", "members").spared(1),
    number("excluded", "excluded").spared(1),
    number("opted out", "opted_out").spared(1),
)
_ENTRIES = (
    Column("EVSE", _evse),
    text("participant", "participant_name").spared(3),
    text("vehicle", "vehicle_name").spared(2),
    number("kW", "planned_kw", 1),
    number("kWh", "planned_kwh", 1),
    number("SoC % at end", "expected_soc_end_pct"),
    Column("limited or excluded by", _limit),
)
_VIOLATIONS = (
    Column("", lambda row: "forbids it" if row["blocking"] else "to know"),
    text("rule", "rule"),
    text("says", "text"),
)
_MEMBERS = (
    Column("EVSE", _evse),
    text("participant", "participant_name").spared(3),
    Column("make", _make).spared(4),
    Column("state", _state),
    number("planned kW", "planned_kw", 1).spared(2),
    number("planned kWh", "planned_kwh", 1),
    number("delivered kWh", "delivered_kwh", 1),
    Column("excluded, or not delivered", _why),
    moment("opted out", "opted_out_at").spared(2),
    Column("released", lambda row: _words(row["release_reason"] or "")).spared(1),
)
_NOTICES = (
    text("participant", "participant_name"),
    text("kind", "kind"),
    text("channel", "channel").spared(1),
    text("to", "address").spared(3),
    text("outcome", "outcome"),
    moment("sent", "sent_at"),
    moment("opened", "opened_at").spared(2),
    number("failures", "attempts").spared(2),
    text("error", "error"),
)
_LINES = (
    Column("EVSE", _evse),
    text("participant", "participant").spared(3),
    Column("outcome", lambda row: _words(row["outcome"] or NOTHING)),
    number("planned kWh", "planned_kwh", 1),
    number("delivered kWh", "delivered_kwh", 1),
    number("mean kW", "mean_kw", 2).spared(1),
    Column("not delivered", _why),
    text("quality", "quality").spared(2),
)
