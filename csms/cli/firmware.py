"""`csms firmware`: images, updates of stations, campaigns, local controllers."""

from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from csms.cli.confirming import Yes, confirm
from csms.cli.desk import Desk, Limit, StationArgument, asks
from csms.cli.failures import ExitCode, Failed
from csms.cli.moments import instant
from csms.cli.tables import Row, facts, found, listing, local, moment, number, text

app = typer.Typer(no_args_is_help=True, help="Firmware of stations, and its updates.")
images = typer.Typer(no_args_is_help=True, help="What there is to install.")
campaigns = typer.Typer(no_args_is_help=True, help="Updates of many stations.")
controllers = typer.Typer(
    no_args_is_help=True, help="Local controllers that offer firmware to stations."
)
app.add_typer(images, name="images")
app.add_typer(campaigns, name="campaigns")
app.add_typer(controllers, name="controllers")

ImageArgument = Annotated[str, typer.Argument(metavar="IMAGE", help="Its name.")]
CampaignArgument = Annotated[str, typer.Argument(metavar="CAMPAIGN", help="Its name.")]
Number = Annotated[int, typer.Argument(metavar="NUMBER", help="Its request id.")]


@images.command("list")
@asks
def list_images(desk: Desk) -> None:
    """List firmware images, the youngest first."""
    rows = desk.api.items("firmware", "images", most=1000)
    desk.show(rows, lambda: [listing("Images", _IMAGES, rows, "No image.")])


@images.command()
@asks
def add(
    desk: Desk,
    name: ImageArgument,
    *,
    vendor: Annotated[str, typer.Option(help="Whose stations it is for.")],
    version: Annotated[str, typer.Option(help="What stations will call themselves.")],
    model: Annotated[str, typer.Option(help="Which models; * and ? fit all.")] = "*",
    location: Annotated[
        str | None, typer.Option(help="Where stations fetch it; or give --file.")
    ] = None,
    file: Annotated[
        Path | None, typer.Option(help="A file to be served from here.", dir_okay=False)
    ] = None,
    certificate: Annotated[
        Path | None, typer.Option(help="The signing certificate, in PEM.")
    ] = None,
    signature: Annotated[
        Path | None, typer.Option(help="The signature, in base64.")
    ] = None,
    md5: Annotated[str | None, typer.Option(help="Checksum of the file.")] = None,
) -> None:
    """Register a firmware image, and upload its file if one is given."""
    body = {
        "id": name,
        "vendor": vendor,
        "model": model,
        "version": version,
        "location": location,
        "md5": md5,
        "signing_certificate": _text(certificate, "--certificate"),
        "signature": _text(signature, "--signature"),
    }
    said = desk.api.ask("POST", "firmware", "images", body=body)
    if file is not None:
        with _opened(file, "--file") as content:
            said = desk.api.send(
                "PUT",
                *("firmware", "images", name, "file"),
                file=content,
                filename=file.name,
            )
    desk.show(said, lambda: [f"{name} is registered{_as_what(said)}"])


@images.command()
@asks
def retire(desk: Desk, name: ImageArgument) -> None:
    """Give an image to nobody any more; updates under way go on."""
    desk.api.ask("DELETE", "firmware", "images", name)
    desk.show({"retired": name}, lambda: [f"{name} is given to nobody any more"])


@app.command()
@asks
def update(
    desk: Desk,
    station: StationArgument,
    image: ImageArgument,
    *,
    retrieve: Annotated[str | None, typer.Option(help="When to fetch it.")] = None,
    install: Annotated[str | None, typer.Option(help="Not to install before.")] = None,
    location: Annotated[
        str | None, typer.Option(help="Where from instead, such as a controller.")
    ] = None,
) -> None:
    """Update a station; it waits for events to end and vehicles to be charged."""
    body = {
        "image": image,
        "retrieve_at": instant(retrieve, "--retrieve") if retrieve else None,
        "install_at": instant(install, "--install") if install else None,
        "location": location,
    }
    said = desk.api.ask("POST", "stations", station, "firmware-updates", body=body)
    desk.show(said, lambda: [f"update {said['request_id']} {_how(said)}"])


@app.command("list")
@asks
def list_updates(
    desk: Desk,
    *,
    station: Annotated[str | None, typer.Option(help="Only of this station.")] = None,
    campaign: Annotated[str | None, typer.Option(help="Only of this one.")] = None,
    limit: Limit = 50,
) -> None:
    """List updates, the youngest first."""
    rows = desk.api.items(
        "firmware", "updates", most=limit, station=station, campaign=campaign
    )
    desk.show(rows, lambda: [listing("Updates", _UPDATES, rows, "No update.")])


@app.command()
@asks
def show(desk: Desk, number: Number) -> None:
    """Show an update with everything that was said of it."""
    said = desk.api.get("firmware", "updates", str(number))
    desk.show(
        said,
        lambda: [
            facts(
                f"Update {number}",
                [
                    ("station", said["station"]),
                    ("image", said["image"]),
                    ("secured", said["secured"]),
                    ("state", said["state"]),
                    ("why", said["detail"]),
                    ("campaign", said["campaign"]),
                    ("asked by", said["asked_by"]),
                    ("fetched", local(said["fetched_at"])),
                    ("seen to run", local(said["confirmed_at"])),
                ],
            ),
            listing("History", _STEPS, said["steps"], "Nothing was said yet."),
        ],
    )


@app.command()
@asks
def withdraw(desk: Desk, number: Number) -> None:
    """Withdraw an update that its station was not asked for yet."""
    said = desk.api.ask("DELETE", "firmware", "updates", str(number))
    desk.show(said, lambda: [f"update {number} is {said['state']}"])


@campaigns.command("list")
@asks
def list_campaigns(desk: Desk) -> None:
    """List campaigns, the youngest first."""
    rows = desk.api.items("firmware", "campaigns", most=1000)
    desk.show(rows, lambda: [listing("Campaigns", _CAMPAIGNS, rows, "No campaign.")])


@campaigns.command()
@asks
def begin(
    desk: Desk,
    name: CampaignArgument,
    image: ImageArgument,
    *,
    site: Annotated[str | None, typer.Option(help="Only stations of a site.")] = None,
    station: Annotated[
        list[str] | None, typer.Option(help="Only this one; give it once for each.")
    ] = None,
    wave: Annotated[int, typer.Option(min=1, help="Stations of a wave.")] = 10,
    at_once: Annotated[int, typer.Option(min=1, help="Under way at a time.")] = 5,
    pause_at: Annotated[
        float, typer.Option(help="Share of failures at which it pauses.")
    ] = 0.2,
    retries: Annotated[int, typer.Option(min=0, help="Further tries of each.")] = 1,
    start: Annotated[str | None, typer.Option(help="When to begin.")] = None,
    yes: Yes = False,
) -> None:
    """Update all stations that an image fits, or some of them, in waves."""
    if not yes:
        confirm("update these stations", image, "the image's name")
    body = {
        "id": name,
        "image": image,
        "site": site,
        "stations": station or [],
        "wave_size": wave,
        "max_parallel": at_once,
        "pause_share": pause_at,
        "retries": retries,
        "starts_at": instant(start, "--start") if start else None,
    }
    said = desk.api.ask("POST", "firmware", "campaigns", body=body)
    desk.show(said, lambda: [f"{name} is {said['state']}: {_counted(said)}"])


@campaigns.command("show")
@asks
def show_campaign(desk: Desk, name: CampaignArgument) -> None:
    """Show how a campaign goes, station by station."""
    said = desk.api.get("firmware", "campaigns", name)
    desk.show(
        said,
        lambda: [
            facts(
                said["name"],
                [
                    ("image", said["image"]),
                    ("state", said["state"]),
                    ("why", said["detail"]),
                    ("stations", _counted(said)),
                ],
            ),
            listing("Stations", _MEMBERS, said["members"], "No station."),
        ],
    )


@campaigns.command()
@asks
def pause(desk: Desk, name: CampaignArgument) -> None:
    """Ask nobody new until it is resumed."""
    _steer(desk, name, "pause")


@campaigns.command()
@asks
def resume(desk: Desk, name: CampaignArgument) -> None:
    """Go on; failures so far do not count any more."""
    _steer(desk, name, "resume")


@campaigns.command()
@asks
def cancel(desk: Desk, name: CampaignArgument) -> None:
    """Ask nobody any more; what stations have begun goes on."""
    _steer(desk, name, "cancel")


@controllers.command("list")
@asks
def list_publications(desk: Desk, station: StationArgument) -> None:
    """List what a local controller offers, or shall offer."""
    rows = desk.api.items("stations", station, "publications", most=1000)
    desk.show(rows, lambda: [listing("Offered", _OFFERED, rows, "Nothing.")])


@controllers.command()
@asks
def publish(desk: Desk, station: StationArgument, image: ImageArgument) -> None:
    """Have a local controller fetch a firmware and offer it."""
    body = {"image": image}
    said = desk.api.ask("POST", "stations", station, "publications", body=body)
    desk.show(said, lambda: [f"{image} at {station}: {_how(said)}"])


@controllers.command()
@asks
def unpublish(
    desk: Desk,
    station: StationArgument,
    checksum: Annotated[str, typer.Argument(help="MD5 of the file.")],
) -> None:
    """Have a local controller offer a firmware no longer."""
    said = desk.api.ask("DELETE", "stations", station, "publications", checksum)
    desk.show(said, lambda: [f"{station}: {said['status']}"])


def _steer(desk: Desk, name: str, verb: str) -> None:
    said = desk.api.ask("POST", "firmware", "campaigns", name, verb)
    desk.show(said, lambda: [f"{name} is {said['state']}: {_counted(said)}"])


def _text(path: Path | None, option: str) -> str | None:
    if path is None:
        return None
    with _opened(path, option) as file:
        return file.read().decode(errors="replace").strip()


def _opened(path: Path, option: str) -> BinaryIO:
    try:
        return path.open("rb")
    except OSError as error:
        raise Failed(
            f"{path} cannot be read: {error.strerror}",
            code=ExitCode.USAGE,
            field=option,
            remedy="Name a file that this user can read.",
        ) from error


def _as_what(said: Row) -> str:
    if not said["ready"]:
        return "; upload its file before it can be given to anybody"
    return ", signed" if said["signed"] else ", without a signature"


def _how(said: Row) -> str:
    return ": ".join(part for part in (f"is {said['state']}", said["detail"]) if part)


def _counted(said: Row) -> str:
    counts = found(said, "counts") or {}
    return ", ".join(f"{many} {state}" for state, many in counts.items()) or "none"


_IMAGES = (
    text("image", "id"),
    text("vendor", "vendor"),
    text("model", "model"),
    text("version", "version"),
    text("signed", "signed"),
    text("ready", "ready"),
    number("MB", "size", 1, 1e-6).spared(1),
    moment("certificate ends", "valid_until").spared(2),
    moment("retired", "retired_at").spared(3),
)
_UPDATES = (
    text("number", "request_id"),
    text("station", "station"),
    text("image", "image"),
    text("state", "state"),
    text("detail", "detail").spared(2),
    text("campaign", "campaign").spared(3),
    moment("since", "updated_at"),
    moment("seen to run", "confirmed_at").spared(1),
)
_STEPS = (
    moment("at", "at", seconds=True),
    text("said", "said"),
    text("fit", "fit"),
    text("info", "info"),
)
_CAMPAIGNS = (
    text("campaign", "id"),
    text("image", "image"),
    text("state", "state"),
    text("why", "detail"),
    moment("begins", "starts_at"),
    text("by", "created_by").spared(1),
)
_MEMBERS = (
    text("wave", "wave"),
    text("station", "station"),
    text("state", "state"),
    text("tries", "attempts"),
    text("update", "request_id"),
    text("detail", "detail"),
)
_OFFERED = (
    text("image", "image"),
    text("MD5", "checksum"),
    text("state", "state"),
    text("where", "locations"),
    text("detail", "detail").spared(1),
)
