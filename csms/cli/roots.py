"""`csms roots`: whom we trust, what stations hold, and changes of roots."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from csms.cli.confirming import Yes, confirm
from csms.cli.desk import Desk, asks
from csms.cli.failures import ExitCode, Failed
from csms.cli.reading import text_from
from csms.cli.tables import Column, Row, facts, listing, moment, number, text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType

app = typer.Typer(
    no_args_is_help=True,
    help="Root certificates: whom we trust, what stations hold, how they change.",
)

Use = Annotated[
    str,
    typer.Argument(
        metavar="USE",
        help="V2G, MO, CSMS, Manufacturer, OEM or Intermediate.",
    ),
]
Fingerprint = Annotated[
    str, typer.Argument(metavar="FINGERPRINT", help="SHA-256; see csms roots list.")
]
Station = Annotated[str, typer.Argument(metavar="STATION", help="Its id.")]
Number = Annotated[int, typer.Argument(metavar="CHANGE", help="Its number.")]
_WORDS = {
    "v2g": "V2GRootCertificate",
    "mo": "MORootCertificate",
    "csms": "CSMSRootCertificate",
    "manufacturer": "ManufacturerRootCertificate",
    "oem": "OEMRootCertificate",
    "intermediate": "IntermediateCertificate",
}
_SILENT = frozenset({502, 504})


@app.command("list")
@asks
def list_roots(
    desk: Desk,
    *,
    use: Annotated[str | None, typer.Option(help="Only for this use.")] = None,
) -> None:
    """List whom we trust, and for what."""
    wanted = None if use is None else _use(use)
    rows = desk.api.items("certificates", "roots", most=1000, use=wanted)
    empty = "Nobody is trusted. Add a root: csms roots add V2G root.pem"
    desk.show(rows, lambda: [listing("Roots", _ROOTS, rows, empty)])


@app.command("show")
@asks
def show_root(desk: Desk, use: Use, fingerprint: Fingerprint) -> None:
    """Show a root, its hashes and its PEM."""
    said = desk.api.get("certificates", "roots", _use(use), fingerprint)
    desk.show(said, lambda: _root(said))


@app.command()
@asks
def add(
    desk: Desk,
    use: Use,
    file: Annotated[Path, typer.Argument(help="One certificate in PEM; - is stdin.")],
) -> None:
    """Trust a root."""
    body = {
        "use": _use(use),
        "pem": text_from(file, remedy="Give a certificate in PEM."),
    }
    said = desk.api.ask("POST", "certificates", "roots", body=body)
    desk.show(said, lambda: [f"{said['subject']} is trusted: {said['fingerprint']}"])


@app.command()
@asks
def remove(desk: Desk, use: Use, fingerprint: Fingerprint, *, yes: Yes = False) -> None:
    """Trust a root no more, unless stations are to hold it."""
    if not yes:
        confirm("trust it no more", fingerprint[:8], "how its fingerprint begins")
    desk.api.ask("DELETE", "certificates", "roots", _use(use), fingerprint)
    said = {"removed": fingerprint}
    desk.show(said, lambda: [f"{fingerprint} is trusted no more"])


@app.command()
@asks
def installed(
    desk: Desk,
    station: Station,
    *,
    ask: Annotated[bool, typer.Option("--ask", help="Ask the station now.")] = False,
) -> None:
    """Show what a station holds against what it should hold."""
    path = ("stations", station, "certificates")
    said = desk.api.ask("POST", *path, "read") if ask else desk.api.get(*path)
    desk.show(said, lambda: _installed(said))


@app.command()
@asks
def install(desk: Desk, station: Station, use: Use, fingerprint: Fingerprint) -> None:
    """Give a station a root of the trust store."""
    body = {"use": _use(use), "fingerprint": fingerprint}
    said = desk.api.ask(
        "POST", "stations", station, "certificates", body=body, also=_SILENT
    )
    _tell(desk, said)


@app.command()
@asks
def delete(
    desk: Desk,
    station: Station,
    certificate: Annotated[str, typer.Argument(help="See csms roots installed.")],
    *,
    yes: Yes = False,
) -> None:
    """Let a station forget a certificate; never the last one it reaches us by."""
    if not yes:
        confirm("delete it from the station", station, "the station's id")
    said = desk.api.ask(
        "DELETE", "stations", station, "certificates", certificate, also=_SILENT
    )
    _tell(desk, said)


@app.command()
@asks
def rotate(
    desk: Desk,
    use: Use,
    old: Annotated[str, typer.Argument(help="Fingerprint of the one that goes.")],
    new: Annotated[str, typer.Argument(help="Fingerprint of the one that comes.")],
    *,
    station: Annotated[
        list[str] | None, typer.Option(help="Only there; may be repeated.")
    ] = None,
) -> None:
    """Change a root for the next: install it everywhere, then wait for the switch."""
    body = {"use": _use(use), "old": old, "new": new, "stations": station}
    said = desk.api.ask("POST", "certificates", "rotations", body=body)
    desk.show(said, lambda: _change(said))


@app.command()
@asks
def changes(
    desk: Desk,
    number_: Annotated[
        int | None, typer.Argument(metavar="[CHANGE]", help="Only this one, whole.")
    ] = None,
) -> None:
    """List changes of roots, or show one with its stations."""
    rows = desk.api.items("certificates", "rotations", most=1000)
    if number_ is None:
        empty = "No change of roots."
        desk.show(rows, lambda: [listing("Changes of roots", _CHANGES, rows, empty)])
        return
    found = next((each for each in rows if each["id"] == number_), None)
    if found is None:
        raise Failed(
            f"There is no change {number_} of roots.",
            code=ExitCode.NOT_FOUND,
            remedy="See csms roots changes.",
        )
    desk.show(found, lambda: _change(found))


@app.command()
@asks
def switch(
    desk: Desk,
    change: Number,
    *,
    leave_out: Annotated[
        list[str] | None, typer.Option(help="A station to go on without; repeatable.")
    ] = None,
    yes: Yes = False,
) -> None:
    """Say that we present ourselves under the new root; old ones go after that."""
    if not yes:
        confirm("make the switch", str(change), "its number")
    body = {"leave_out": leave_out or []}
    path = ("certificates", "rotations", str(change), "switch")
    said = desk.api.ask("POST", *path, body=body)
    desk.show(said, lambda: _change(said))


@app.command()
@asks
def cancel(desk: Desk, change: Number) -> None:
    """End a change of roots; nothing more is installed or deleted."""
    desk.api.ask("POST", "certificates", "rotations", str(change), "cancel")
    desk.show({"cancelled": change}, lambda: [f"change {change} is over"])


@app.command()
@asks
def retry(desk: Desk, change: Number, station: Station) -> None:
    """Try a station again that failed."""
    path = ("certificates", "rotations", str(change), "retry")
    desk.api.ask("POST", *path, body={"station": station})
    desk.show({"retried": station}, lambda: [f"{station} is tried again"])


def _use(said: str) -> str:
    short = said.lower().removesuffix("certificate").removesuffix("root")
    if short not in _WORDS:
        raise Failed(
            f"{said} is no use of a root.",
            code=ExitCode.USAGE,
            field="USE",
            remedy=f"One of {', '.join(_WORDS)}.",
        )
    return _WORDS[short]


def _tell(desk: Desk, said: dict[str, Any]) -> None:
    """Print what a station said; whatever is no yes is a failure."""
    shown = {True: "its report shows it", False: "its report does not show it"}
    seen = shown.get(said["verified"], "it does not say what it holds now")
    desk.show(said, lambda: [f"{said['status']}; {seen}"])
    if not said["done"]:
        raise Failed(f"The station answered {said['status']}. {said['info']}".strip())


def _root(said: Row) -> "Sequence[RenderableType]":
    pairs = [
        ("use", said["use"]),
        ("fingerprint", said["fingerprint"]),
        ("issuer", said["issuer"]),
        ("serial", said["serial"]),
        ("valid", f"{said['not_before']} to {said['not_after']}"),
        ("key", said["key"]),
        ("added by", said["added_by"]),
        ("replaced by", said["replaced_by"]),
    ]
    return [
        facts(said["subject"], pairs),
        listing("Hashes", _HASHES, said["hashes"], "Its issuer is not known."),
        said["pem"],
    ]


def _installed(said: Row) -> "Sequence[RenderableType]":
    pairs = [
        ("asked", said["reported_at"] or "never: csms roots installed --ask"),
        ("entries", said["entries"]),
        ("most", said["most"]),
    ]
    return [
        facts(f"Certificates of {said['station']}", pairs),
        listing("Holds", _HELD, said["held"], "Nothing that we know of."),
        listing("Differences", _DRIFT, said["drift"], "None."),
    ]


def _change(said: Row) -> "Sequence[RenderableType]":
    pairs = [
        ("use", said["use"]),
        ("stage", said["stage"]),
        ("old", said["old"]),
        ("new", said["new"]),
        ("by", said["by"]),
        ("switched", said["switched_at"]),
    ]
    return [
        facts(f"Change {said['id']} of roots", pairs),
        listing("Stations", _MEMBERS, said["members"], "No station."),
    ]


def _counts(row: Row) -> str:
    return ", ".join(f"{count} {stage}" for stage, count in row["counts"].items())


_ROOTS = (
    text("use", "use"),
    text("subject", "subject"),
    moment("valid until", "not_after"),
    number("days left", "days_left"),
    text("key", "key").spared(2),
    text("replaced by", "replaced_by").spared(1),
    text("fingerprint", "fingerprint"),
)
_HASHES = (
    text("algorithm", "hash_algorithm"),
    text("issuer's name", "issuer_name_hash"),
    text("issuer's key", "issuer_key_hash"),
    text("serial", "serial_number"),
)
_HELD = (
    text("id", "id"),
    text("use", "use"),
    text("subject", "subject"),
    text("serial", "hash.serial_number").spared(2),
    moment("valid until", "not_after"),
    text("wanted", "wanted"),
    text("fingerprint", "fingerprint").spared(1),
)
_DRIFT = (
    text("kind", "kind"),
    text("use", "use"),
    text("subject", "subject"),
    text("fingerprint", "fingerprint"),
)
_CHANGES = (
    number("change", "id"),
    text("use", "use"),
    text("stage", "stage"),
    Column("stations", _counts),
    moment("started", "started_at"),
    text("by", "by"),
)
_MEMBERS = (
    text("station", "station"),
    text("stage", "stage"),
    number("attempts", "attempts"),
    moment("due", "due_at"),
    text("detail", "detail"),
)
