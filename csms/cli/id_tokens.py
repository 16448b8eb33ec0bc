"""`csms id-tokens`: who may charge, where, and until when."""

from typing import Annotated, Any

import typer

from csms.cli.confirming import Yes, confirm
from csms.cli.desk import Desk, Limit, asks
from csms.cli.failures import ExitCode, Failed
from csms.cli.moments import instant
from csms.cli.tables import Column, Row, facts, listing, moment, text

app = typer.Typer(no_args_is_help=True, help="Who may charge: cards, contracts, codes.")

Number = Annotated[int, typer.Argument(metavar="NUMBER", help="Its number.")]
Label = Annotated[str | None, typer.Option(help="Whose it is.")]
Group = Annotated[str | None, typer.Option(help="Its group.")]
From = Annotated[str | None, typer.Option("--from", help="Valid from when on.")]
Until = Annotated[str | None, typer.Option("--until", help="Valid until when.")]
At = Annotated[
    list[str] | None,
    typer.Option(
        "--at", help="Where: STATION, STATION/EVSE or site:SITE; may be repeated."
    ),
]


@app.command("list")
@asks
def list_tokens(
    desk: Desk,
    *,
    kind: Annotated[str | None, typer.Option("--type", help="Only of a type.")] = None,
    group: Annotated[str | None, typer.Option(help="Only of a group.")] = None,
    query: Annotated[
        str | None, typer.Option("--query", "-q", help="Occurs in value or label.")
    ] = None,
    limit: Limit = 100,
) -> None:
    """List id tokens; key codes are not shown."""
    rows = desk.api.items("id-tokens", most=limit, type_=kind, group=group, q=query)
    empty = "No id token. Add one: csms id-tokens add ISO14443:04A2B3C4"
    desk.show(rows, lambda: [listing("Id tokens", _TOKENS, rows, empty)])


@app.command("show")
@asks
def show_token(desk: Desk, number: Number) -> None:
    """Show an id token."""
    said = desk.api.get("id-tokens", str(number))
    desk.show(said, lambda: [facts(f"Id token {number}", list(said.items()))])


@app.command()
@asks
def add(
    desk: Desk,
    token: Annotated[str, typer.Argument(metavar="TYPE:VALUE", help="The token.")],
    *,
    label: Label = None,
    group: Group = None,
    since: From = None,
    until: Until = None,
    at: At = None,
    no_discharge: Annotated[
        bool, typer.Option("--no-discharge", help="Never offer to feed back.")
    ] = False,
) -> None:
    """Let a token charge."""
    kind, value = token_of(token)
    body = _rules(label, group, since, until, at)
    if no_discharge:
        body["discharge"] = False
    said = desk.api.ask("POST", "id-tokens", body={"type": kind, "value": value} | body)
    desk.show(said, lambda: [f"id token {said['id']} may charge"])


@app.command()
@asks
def change(
    desk: Desk,
    number: Number,
    *,
    label: Label = None,
    group: Group = None,
    since: From = None,
    until: Until = None,
    at: At = None,
) -> None:
    """Change what holds for an id token; what is not named stays."""
    _changed(desk, number, _rules(label, group, since, until, at))


@app.command()
@asks
def block(desk: Desk, number: Number) -> None:
    """Block an id token, at once and everywhere."""
    _changed(desk, number, {"blocked": True})


@app.command()
@asks
def unblock(desk: Desk, number: Number) -> None:
    """Let an id token that was blocked charge again."""
    _changed(desk, number, {"blocked": False})


@app.command()
@asks
def remove(
    desk: Desk,
    number: Number,
    *,
    yes: Yes = False,
) -> None:
    """Forget an id token: it is then what unknown tokens are."""
    if not yes:
        confirm("forget it", str(number), "its number")
    desk.api.ask("DELETE", "id-tokens", str(number))
    desk.show({"removed": number}, lambda: [f"id token {number} is forgotten"])


@app.command("try")
@asks
def try_token(
    desk: Desk,
    number: Number,
    station: Annotated[str, typer.Argument(metavar="STATION", help="Where.")],
    *,
    evse: Annotated[int | None, typer.Option(min=1, help="At which EVSE.")] = None,
) -> None:
    """Show what a station would be told of an id token now."""
    said = desk.api.get("stations", station, "id-tokens", str(number), evse=evse)
    title = f"Id token {number} at {station}"
    desk.show(said, lambda: [facts(title, list(said.items()))])


def token_of(said: str) -> tuple[str, str]:
    """Read ``TYPE:VALUE``.

    Raises:
        Failed: If it has no type, or no value.
    """
    kind, _, value = said.partition(":")
    if not kind or not value:
        raise Failed(
            f"{said!r} is no token.",
            code=ExitCode.USAGE,
            field="TYPE:VALUE",
            remedy="Say its type first: ISO14443:04A2B3C4, eMAID:DE8AAC123456789.",
        )
    return kind, value


def _changed(desk: Desk, number: int, changes: dict[str, Any]) -> None:
    before = desk.api.get("id-tokens", str(number))
    kept = {k: v for k, v in before.items() if k not in ("id", "type", "value")}
    said = desk.api.ask("PUT", "id-tokens", str(number), body=kept | changes)
    desk.show(said, lambda: [facts(f"Id token {number}", list(said.items()))])


def _rules(
    label: str | None,
    group: str | None,
    since: str | None,
    until: str | None,
    at: list[str] | None,
) -> dict[str, Any]:
    said = {
        "label": label,
        "group": group,
        "valid_from": instant(since, "--from"),
        "valid_until": instant(until, "--until"),
        "places": [_place(each) for each in at] if at else None,
    }
    return {name: value for name, value in said.items() if value is not None}


def _place(said: str) -> dict[str, Any]:
    if said.startswith("site:"):
        return {"site": said.removeprefix("site:")}
    station, slash, evse = said.rpartition("/")
    if not slash:
        return {"station": said}
    if not evse.isdigit():
        raise Failed(
            f"{said!r} is no place.",
            code=ExitCode.USAGE,
            field="--at",
            remedy="Say MA-HOME-01, MA-HOME-01/1 or site:home-01.",
        )
    return {"station": station, "evses": [int(evse)]}


def _where(row: Row) -> str:
    return ", ".join(
        (each["station"] or f"site:{each['site']}")
        + "".join(f"/{evse}" for evse in each["evses"])
        for each in row.get("places") or ()
    )


_TOKENS = (
    text("number", "id"),
    text("type", "type"),
    text("value", "value"),
    text("label", "label"),
    text("group", "group").spared(1),
    text("blocked", "blocked"),
    moment("until", "valid_until"),
    Column("where", _where).spared(2),
)
