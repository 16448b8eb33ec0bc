"""The conformance matrix as a page for readers, in Markdown."""

from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from typing import Any

Json = dict[str, Any]

HEAD = """# Conformance

What this system does about OCPP 2.0.1 (edition 3) and 2.1: every action, every use case
and requirement of Part 2 that concerns a central system, and every test case of Part 6
for one. Made from the tests by `make matrix`; a test fails if it is out of date.

*Proven*: a test asserts it on the wire or in PostgreSQL, and is named here. *Declined*:
left out on purpose, for the reason given. *Open*: not proven yet. This is no
certificate; only the Open Charge Alliance gives one.
"""
MUTANTS = """## Whether the tests can fail

Handlers are broken on purpose, one small change at a time: a condition turned around,
a step left out, an argument forgotten, one word of an enumeration for another. A
mutant is *killed* when a test of a handler turns red; code that no test runs counts
as alive. **{killed} of {whole} mutants are killed ({share:.1f} %).** `make mutants`
judges what has changed since; `mutation.json` beside this page names every survivor.
{proofs}
"""
SEEN_RED = """
Each proof is held against broken code until it turns red: **{seen_red} of {all} have
been seen red**, {untried} were not tried; `mutation.json` names what stayed green.
"""
KINDS = {
    "actions": "Actions",
    "use_cases": "Use cases",
    "requirements": "Requirements",
    "test_cases": "Test cases of Part 6",
}
WORDS = {"partly": "partly proven", "station": "asks nothing of a central system"}
WIDTH = 24


def rendered(found: Json) -> str:
    """Return the page."""
    parts = [HEAD, _totals(found), _contents(found["blocks"])]
    parts.append(_mutants(found["mutants"]))
    parts += [_block(each) for each in found["blocks"]]
    return "\n".join(parts)


def _totals(found: Json) -> str:
    rows = [
        [
            title,
            *(_figure(found["totals"][kind], state) for state in _STATES),
            _bar(found["totals"][kind]),
        ]
        for kind, title in KINDS.items()
    ]
    said = f"{found['tests']} tests are marked as proofs.\n"
    return _table(["", "all", "proven", "declined", "open", ""], rows) + "\n" + said


_STATES = ("all", "proven", "declined", "open")


def _figure(totals: Json, state: str) -> str:
    count = totals.get(state, 0)
    if state == "open":
        count += totals.get("partly", 0)
    if state == "all":
        count -= totals.get("station", 0)
    return str(count)


def _bar(totals: Json) -> str:
    whole = max(1, totals["all"] - totals.get("station", 0))
    proven = round(WIDTH * totals.get("proven", 0) / whole)
    declined = round(WIDTH * totals.get("declined", 0) / whole)
    return f"`{'█' * proven}{'▒' * declined}{'·' * max(0, WIDTH - proven - declined)}`"


def _mutants(found: Json) -> str:
    modules, proofs = found["modules"], found["proofs"]
    killed = sum(each["killed"] for each in modules)
    whole = sum(each["all"] for each in modules)
    rows = [
        [
            f"[{each['module'].removeprefix('csms/')}](../../{each['module']})",
            str(each["all"]),
            str(each["killed"]),
            f"{100 * each['killed'] / max(1, each['all']):.0f} %",
        ]
        for each in modules
    ]
    said = MUTANTS.format(
        killed=killed,
        whole=whole,
        share=100 * killed / max(1, whole),
        proofs=SEEN_RED.format(**proofs) if proofs["all"] else "",
    )
    return said + _table(["handlers", "mutants", "killed", ""], rows)


def _contents(blocks: Iterable[Json]) -> str:
    rows = []
    for each in blocks:
        name = f"{each['id']} {each['title']}"
        cells = [f"[{name}](#{name.lower().replace(' ', '-')})"]
        for kind in ("actions", "requirements", "test_cases"):
            mine = [row for row in each[kind] if row.get("actor") != "station"]
            good = sum(row["state"] == "proven" for row in mine)
            cells.append(f"{good} of {len(mine)}" if mine else "")
        rows.append(cells)
    heads = ["block", "actions proven", "requirements proven", "test cases proven"]
    return _table(heads, rows)


def _block(block: Json) -> str:
    parts = [f"## {block['id']} {block['title']}\n"]
    for kind, (heads, row) in _TABLES.items():
        if block[kind]:
            rows = [row(each) for each in block[kind]]
            parts.append(f"### {KINDS[kind]} of {block['id']}\n\n{_table(heads, rows)}")
    return "\n".join(parts)


def _action(row: Json) -> list[str]:
    ways = [
        word
        for word, goes in (("station asks", "from_station"), ("we ask", "to_station"))
        if row[goes]
    ]
    does = " and ".join(row["does"])
    said = does if row["state"] == "proven" else f"{does or 'not yet'}, {row['state']}"
    said = "declined" if row["state"] == "declined" else said
    return [row["id"], _editions(row), ", ".join(ways), said, _evidence(row)]


def _use_case(row: Json) -> list[str]:
    state = WORDS.get(row["state"], row["state"])
    figures = f"{row['proven']} / {row['declined']} / {row['open']}"
    empty = row["proven"] + row["declined"] + row["open"] == 0
    return [
        row["id"], row["title"], _editions(row), state, "" if empty else figures,
        row["reason"],
    ]  # fmt: skip


def _requirement(row: Json) -> list[str]:
    return [row["id"], _editions(row), row["state"], _evidence(row)]


def _test_case(row: Json) -> list[str]:
    return [row["id"], ", ".join(row["use_cases"]), row["state"], _evidence(row)]


_TABLES: dict[str, tuple[list[str], Callable[[Json], list[str]]]] = {
    "actions": (["action", "editions", "direction", "state", "tests"], _action),
    "use_cases": (
        ["use case", "", "editions", "state", "proven / declined / open", "reason"],
        _use_case,
    ),
    "requirements": (["requirement", "editions", "state", "by"], _requirement),
    "test_cases": (["test case", "use cases", "state", "by"], _test_case),
}


def _editions(row: Json) -> str:
    return ", ".join(row["editions"])


def _evidence(row: Json) -> str:
    return _tests(row["tests"]) if row["tests"] else row["reason"]


def _tests(nodes: Sequence[str]) -> str:
    """Return links to modules, each with the tests in it; of many, the first few."""
    shown: list[str] = []
    for path, mine in groupby(nodes, key=lambda node: node.partition("::")[0]):
        names = [node.partition("::")[2].rpartition("::")[2] for node in mine]
        link = f"[{path.removeprefix('tests/')}](../../{path})"
        more = f" and {len(names) - _MOST} more" if len(names) > _MOST else ""
        shown.append(f"{link}: {', '.join(names[:_MOST])}{more}")
    return "<br>".join(shown)


_MOST = 3


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [
        f"| {' | '.join(heads)} |",
        f"|{'---|' * len(heads)}",
        *(f"| {' | '.join(_cell(each) for each in row)} |" for row in rows),
    ]
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
