"""`csms customers`: what stations know of customers, for administrators only."""

from typing import Annotated

import typer

from csms.cli.confirming import Yes, confirm
from csms.cli.desk import Desk, Limit, StationArgument, asks
from csms.cli.id_tokens import token_of
from csms.cli.tables import facts, listing, moment, number, text

app = typer.Typer(
    no_args_is_help=True, help="What stations know of customers; administrators only."
)

Number = Annotated[int, typer.Argument(metavar="NUMBER", help="Which request.")]


@app.command()
@asks
def ask(
    desk: Desk,
    station: StationArgument,
    *,
    id_token: Annotated[
        str | None, typer.Option(metavar="TYPE:VALUE", help="Whom, by an id token.")
    ] = None,
    identifier: Annotated[
        str | None, typer.Option(help="Whom, by a name that the station knows.")
    ] = None,
    certificate: Annotated[
        str | None,
        typer.Option(
            metavar="ALGORITHM:NAME:KEY:SERIAL", help="Whom, by a certificate's hashes."
        ),
    ] = None,
    clear: Annotated[
        bool, typer.Option("--clear", help="Have the station forget it.")
    ] = False,
    report: Annotated[
        bool, typer.Option("--report/--no-report", help="Have the station tell it.")
    ] = True,
    yes: Yes = False,
) -> None:
    """Ask what a station knows of a customer, or have it forget it."""
    if clear and not yes:
        confirm("have it forget the customer", station, "its id")
    body: dict[str, object] = {"report": report, "clear": clear}
    if id_token is not None:
        kind, value = token_of(id_token)
        body["id_token"] = {"id_token": value, "type": kind}
    if certificate is not None:
        names = (
            "hash_algorithm",
            "issuer_name_hash",
            "issuer_key_hash",
            "serial_number",
        )
        body["customer_certificate"] = dict(
            zip(names, certificate.split(":"), strict=False)
        )
    if identifier is not None:
        body["customer_identifier"] = identifier
    said = desk.api.ask("POST", "stations", station, "customer-information", body=body)
    desk.show(said, lambda: [f"request {said['id']}: {said['status']}"])


@app.command("list")
@asks
def list_requests(desk: Desk, station: StationArgument, *, limit: Limit = 50) -> None:
    """List what was asked of a station, the youngest first."""
    rows = desk.api.items("stations", station, "customer-information", most=limit)
    desk.show(rows, lambda: [listing("Requests", _REQUESTS, rows, "No request.")])


@app.command()
@asks
def show(desk: Desk, number: Number) -> None:
    """Show what a station told; that it was read goes on the audit trail."""
    said = desk.api.get("customer-information", str(number))
    desk.show(
        said,
        lambda: [
            facts(
                f"Request {said['id']}",
                [
                    ("station", said["station"]),
                    ("customer", ", ".join(said["reference"].values())),
                    ("status", said["status"]),
                    ("complete", said["complete"]),
                ],
            ),
            "".join(each["data"] for each in said["parts"]) or "Nothing yet.",
        ],
    )


@app.command()
@asks
def delete(
    desk: Desk,
    number: Number,
    *,
    yes: Yes = False,
) -> None:
    """Forget a request and all that was told."""
    if not yes:
        confirm("forget it", str(number), "its number")
    desk.api.ask("DELETE", "customer-information", str(number))
    desk.show({"deleted": number}, lambda: [f"request {number} is forgotten"])


_REQUESTS = (
    number("request", "id"),
    text("customer by", "by"),
    text("report", "report"),
    text("clear", "clear"),
    text("status", "status"),
    text("complete", "complete"),
    text("asked by", "requested_by"),
    moment("asked", "requested_at"),
)
