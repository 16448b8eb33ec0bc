"""`csms conformance`: what this version does about OCPP, and which test proves it."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from csms.cli.failures import ExitCode, Failed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType

    from csms.cli.tables import Row
    from csms.services.conformance import Matrix, State
    from csms.services.conformance import Row as MatrixRow

_SHOWN = 2


def conformance(
    *,
    block: Annotated[
        str | None, typer.Option(help="Only this functional block, A to S.")
    ] = None,
    only_open: Annotated[
        bool, typer.Option("--open", help="Only what is neither proven nor declined.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON instead of tables.")
    ] = False,
) -> None:
    """Show the conformance matrix: proven by which test, declined why, or open."""
    from csms.cli.tables import show, show_json
    from csms.services.conformance import State, load_matrix

    matrix = load_matrix()
    letter = _letter(matrix, block)
    states = (State.OPEN, State.PARTLY) if only_open else ()
    rows = matrix.chosen(letter, states)
    if as_json:
        show_json(
            {"totals": _totals(matrix, letter), "rows": [asdict(x) for x in rows]}
        )
    elif letter is None and not only_open:
        show(*_overview(matrix))
    else:
        show(*_tables(matrix, letter, rows, states))


def _letter(matrix: "Matrix", block: str | None) -> str | None:
    if block is None or block.upper() in matrix.blocks:
        return block and block.upper()
    raise Failed(
        f"there is no functional block {block}",
        code=ExitCode.USAGE,
        field="--block",
        remedy=f"Choose one of {', '.join(matrix.blocks)}.",
    )


def _totals(matrix: "Matrix", block: str | None) -> dict[str, dict[str, int]]:
    from csms.services.conformance import Kind

    found = {}
    for kind in Kind:
        totals = matrix.totals(kind, block)
        found[kind.value] = {**asdict(totals), "all": totals.all}
    return found


def _overview(matrix: "Matrix") -> list["RenderableType"]:
    from csms.cli.tables import table, text

    whole = [_line("all blocks", _totals(matrix, None))]
    rows = [
        _line(f"{letter} {title}", _totals(matrix, letter))
        for letter, title in matrix.blocks.items()
    ]
    columns = (
        text("block", "block"),
        text("actions", "actions"),
        text("use cases", "use_cases"),
        text("requirements", "requirements"),
        text("test cases", "test_cases"),
        text("open", "open"),
    )
    mutants = matrix.mutants
    killed = f"mutants killed: {mutants.killed} of {mutants.all}"
    title = f"Proven of all (proofs: {matrix.tests} tests; {killed})"
    return [
        table(title, columns, [*rows, *whole]),
        "csms conformance --block B, --open",
    ]


def _line(name: str, totals: dict[str, dict[str, int]]) -> "Row":
    figures = {
        kind: f"{of['proven']} of {of['all']}" if of["all"] else ""
        for kind, of in totals.items()
    }
    unfinished = sum(of["open"] for kind, of in totals.items() if kind != "use_cases")
    return {"block": name, **figures, "open": unfinished}


def _tables(
    matrix: "Matrix",
    block: str | None,
    rows: "Sequence[MatrixRow]",
    states: "Sequence[State]",
) -> list["RenderableType"]:
    from csms.cli.tables import Column, listing, text
    from csms.services.conformance import Kind

    columns = (
        text("id", "id"),
        text("state", "state"),
        Column("editions", lambda row: ", ".join(row["editions"]), spare=2),
        Column("what", lambda row: row["about"], spare=1),
        Column("by, or why not", _evidence),
    )
    name = f" of {block} {matrix.blocks[block]}" if block else ""
    return [
        listing(
            f"{kind.value.replace('_', ' ').capitalize()}{name}",
            columns,
            [asdict(each) for each in rows if each.kind is kind],
            f"No {kind.value.replace('_', ' ')}{' open' if states else ''}{name}.",
        )
        for kind in Kind
    ]


def _evidence(row: "Row") -> str:
    tests = [each.removeprefix("tests/") for each in row["tests"]]
    more = f" and {len(tests) - _SHOWN} more" if len(tests) > _SHOWN else ""
    return ", ".join(tests[:_SHOWN]) + more if tests else row["reason"]
