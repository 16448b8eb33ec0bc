"""`csms certificates`: what was issued, by whom, and what was taken back."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from csms.cli.confirming import Yes, confirm
from csms.cli.desk import Desk, asks
from csms.cli.failures import ExitCode, Failed
from csms.cli.reading import text_from
from csms.cli.tables import facts, listing, moment, note, text

app = typer.Typer(
    no_args_is_help=True, help="Certificates of stations, and who issues them."
)
ca = typer.Typer(no_args_is_help=True, help="The built-in authority.")
app.add_typer(ca, name="ca")


class Use(StrEnum):
    """What a station's certificate is for."""

    STATION = "station"
    COMBINED = "combined"
    V2G = "v2g"
    V2G20 = "v2g20"


class Hierarchy(StrEnum):
    """One of the hierarchies of the built-in authority."""

    EC = "ec"
    RSA = "rsa"
    V2G = "v2g"
    V2G20 = "v2g20"


class Level(StrEnum):
    """What is rotated."""

    ROOT = "root"
    INTERMEDIATE = "intermediate"


Fingerprint = Annotated[
    str, typer.Argument(metavar="FINGERPRINT", help="SHA-256, or how it begins.")
]
Output = Annotated[Path | None, typer.Option("--output", "-o", help="Into this file.")]


@app.command("list")
@asks
def list_issued(
    desk: Desk,
    *,
    station: Annotated[str | None, typer.Option(help="Only of this station.")] = None,
    use: Annotated[str | None, typer.Option(help="Only of this use.")] = None,
    state: Annotated[str | None, typer.Option(help="Only in this state.")] = None,
) -> None:
    """List certificates that were issued, the youngest first."""
    rows = desk.api.items(
        "issued-certificates", most=1000, station=station, use=use, state=state
    )
    desk.show(
        rows, lambda: [listing("Certificates", _ISSUED, rows, "No certificate yet.")]
    )


@app.command()
@asks
def show(desk: Desk, fingerprint: Fingerprint) -> None:
    """Show a certificate."""
    said = _found(desk, fingerprint)
    shown = [(name, value) for name, value in said.items() if name != "chain"]
    desk.show(said, lambda: [facts(said["subject"], shown)])


@app.command()
@asks
def export(desk: Desk, fingerprint: Fingerprint, *, output: Output = None) -> None:
    """Print a certificate with its chain, PEM."""
    said = _found(desk, fingerprint)
    _write(desk, said["chain"], output)


@app.command()
@asks
def issue(
    desk: Desk,
    station: Annotated[str, typer.Argument(help="Whose it will be.")],
    csr: Annotated[Path, typer.Argument(help="Signing request, PEM; - for stdin.")],
    *,
    use: Annotated[Use, typer.Option(help="What it is for.")] = Use.STATION,
    output: Output = None,
) -> None:
    """Sign a request that was made by hand, for a station that is new."""
    body = {
        "station": station,
        "csr": text_from(csr, "CSR", "Give a signing request in PEM."),
        "use": use.value,
    }
    said = desk.api.ask("POST", "issued-certificates", body=body)
    if not desk.as_json:
        note(f"{said['subject']}, valid until {said['not_after']}")
    _write(desk, said["chain"], output)


@app.command()
@asks
def revoke(
    desk: Desk,
    fingerprint: Fingerprint,
    *,
    reason: Annotated[str, typer.Option(help="Why; it goes on the audit trail.")],
    yes: Yes = False,
) -> None:
    """Take a certificate back; whoever wears it is disconnected and refused."""
    found = _found(desk, fingerprint)
    if not yes:
        name = str(found["station"] or found["subject"])
        confirm("revoke its certificate", name, "whose it is")
    said = desk.api.ask(
        "POST",
        "issued-certificates",
        found["fingerprint"],
        "revocation",
        body={"reason": reason},
    )
    desk.show(said, lambda: [f"{said['fingerprint'][:16]} is revoked"])


@app.command()
@asks
def requests(
    desk: Desk,
    *,
    station: Annotated[str | None, typer.Option(help="Only of this station.")] = None,
) -> None:
    """List what stations asked to have signed, the youngest first."""
    rows = desk.api.items("signing-requests", most=1000, station=station)
    desk.show(
        rows, lambda: [listing("Signing requests", _REQUESTS, rows, "No request.")]
    )


@app.command()
@asks
def renew(
    desk: Desk,
    station: Annotated[str, typer.Argument(help="Which station.")],
    *,
    use: Annotated[Use, typer.Option(help="Which certificate.")] = Use.STATION,
) -> None:
    """Have a station renew a certificate; it asks for its signature by itself."""
    said = desk.api.ask(
        "POST", "stations", station, "certificate-renewal", body={"use": use.value}
    )
    desk.show(said, lambda: [f"{station}: {said['status']}"])
    if not said["accepted"]:
        raise typer.Exit(ExitCode.FAILURE)


@app.command()
@asks
def reload(desk: Desk) -> None:
    """Serve the certificates that are on disk now; open connections go on."""
    desk.api.ask("POST", "authority", "reload")
    desk.show({"reloaded": True}, lambda: ["new connections see what is on disk"])


@ca.command("show")
@asks
def show_authority(desk: Desk) -> None:
    """Show every root and intermediate; those with the highest number sign."""
    rows = desk.api.items("authority", most=1000)
    empty = "Nothing yet: it is made when something is signed."
    desk.show(rows, lambda: [listing("Authority", _AUTHORITY, rows, empty)])


@ca.command("export")
@asks
def export_roots(
    desk: Desk,
    *,
    hierarchy: Annotated[
        Hierarchy | None, typer.Option(help="Only of this hierarchy.")
    ] = None,
    output: Output = None,
) -> None:
    """Print the roots that stations and others should trust, PEM."""
    rows = desk.api.items("authority", most=1000)
    roots = [
        each["pem"]
        for each in rows
        if each["use"] == "root" and hierarchy in (None, each["hierarchy"])
    ]
    _write(desk, "".join(roots), output)


@ca.command()
@asks
def rotate(
    desk: Desk,
    hierarchy: Annotated[Hierarchy, typer.Argument(help="Which hierarchy.")],
    *,
    level: Annotated[
        Level, typer.Option(help="A new root has a new intermediate.")
    ] = Level.INTERMEDIATE,
    yes: Yes = False,
) -> None:
    """Make the next root or intermediate; what the former signed stays valid.

    A root of ours goes to every station by itself, and the former one leaves it once
    all have the next: csms roots changes.
    """
    if not yes:
        confirm(f"make its next {level.value}", hierarchy.value, "its name")
    body = {"hierarchy": hierarchy.value, "use": level.value}
    said = desk.api.ask("POST", "authority", "rotation", body=body)
    desk.show(said, lambda: [f"{said['subject']} signs from now on"])


def _found(desk: Desk, fingerprint: str) -> dict[str, Any]:
    """Return a certificate by how its fingerprint begins."""
    rows = desk.api.items("issued-certificates", most=10_000)
    fits = [
        each["fingerprint"]
        for each in rows
        if each["fingerprint"].startswith(fingerprint.lower())
    ]
    if len(fits) > 1:
        raise Failed(
            f"{len(fits)} certificates begin with {fingerprint}.",
            code=ExitCode.USAGE,
            remedy="Give more of it.",
        )
    name = fits[0] if fits else fingerprint
    said: dict[str, Any] = desk.api.get("issued-certificates", name)
    return said


def _write(desk: Desk, pem: str, output: Path | None) -> None:
    if output is None:
        desk.show({"pem": pem}, lambda: [pem.rstrip()])
        return
    desk.write(output, iter((pem.encode(),)))


_ISSUED = (
    text("certificate", "fingerprint"),
    text("station", "station"),
    text("use", "use"),
    text("state", "state"),
    moment("until", "not_after"),
    text("by", "authority"),
    text("reason", "reason"),
)
_REQUESTS = (
    moment("at", "received_at"),
    text("station", "station"),
    text("use", "use"),
    text("state", "state"),
    text("tries", "attempts"),
    text("reason", "reason"),
)
_AUTHORITY = (
    text("hierarchy", "hierarchy"),
    text("use", "use"),
    text("number", "generation"),
    text("key", "key"),
    moment("until", "not_after"),
    text("fingerprint", "fingerprint"),
)
