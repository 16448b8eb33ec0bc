"""What this version does about OCPP, row by row, and which test proves it."""

from itertools import groupby

from fastapi import APIRouter
from fastapi.responses import Response

from csms.console.shell import PageRoute, ShellOf
from csms.services.conformance import Kind, State, Totals, load_matrix
from csms.web.auth import Viewer

router = APIRouter(route_class=PageRoute, include_in_schema=False)
TITLES = {
    Kind.ACTION: "Actions",
    Kind.USE_CASE: "Use cases",
    Kind.REQUIREMENT: "Requirements",
    Kind.TEST_CASE: "Test cases of Part 6",
}
STATES = {
    "proven": (State.PROVEN,),
    "declined": (State.DECLINED,),
    "open": (State.OPEN, State.PARTLY),
}
TONES = {
    State.PROVEN: "good",
    State.PARTLY: "warn",
    State.DECLINED: "",
    State.OPEN: "bad",
    State.STATION: "plain",
}
WORDS = {State.PARTLY: "partly proven", State.STATION: "not ours"}


@router.get("/conformance")
async def conformance(
    caller: Viewer, shell: ShellOf, block: str = "", state: str = "", kind: str = ""
) -> Response:
    """Show totals, and the rows of a block or of a state."""
    matrix = load_matrix()
    wanted = Kind(kind) if kind in set(Kind) else None
    letter = block if block in matrix.blocks else None
    filtered = letter is not None or state in STATES or wanted is not None
    rows = matrix.chosen(letter, STATES.get(state, ()), wanted) if filtered else []
    return shell.page(
        "conformance.html",
        caller,
        blocks=matrix.blocks,
        tests=matrix.tests,
        mutants=matrix.mutants,
        titles=TITLES,
        tones=TONES,
        words=WORDS,
        states=list(STATES),
        totals={each: _shares(matrix.totals(each)) for each in Kind},
        by_block={
            each: {kind: _shares(matrix.totals(kind, each)) for kind in Kind}
            for each in matrix.blocks
        },
        tables=[
            (each, list(found)) for each, found in groupby(rows, lambda row: row.kind)
        ]
        if letter
        else [
            (each, found)
            for each in Kind
            if (found := [row for row in rows if row.kind is each])
        ],
        filters={"block": letter or "", "state": state, "kind": kind},
        filtered=filtered,
        proof=_proof,
    )


def _proof(test: str) -> tuple[str, str]:
    """Return what a test says, since its name is a sentence, and where it stands."""
    path, *_, name = test.split("::")
    return name.removeprefix("test_").replace("_", " "), path


def _shares(totals: Totals) -> dict[str, float]:
    """Return totals with the shares of a bar, in percent."""
    whole = max(totals.all, 1)
    return {
        "all": totals.all,
        "proven": totals.proven,
        "declined": totals.declined,
        "open": totals.open,
        "proven_pct": round(100 * totals.proven / whole, 2),
        "declined_pct": round(100 * totals.declined / whole, 2),
    }
