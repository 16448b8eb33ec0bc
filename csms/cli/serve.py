"""Run a node, or the demonstration."""

from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand
from typing_extensions import override

from csms.cli.failures import ExitCode, Failed
from csms.cli.settings import loaded


class WithSettings(TyperCommand):
    """A command whose help ends with every setting there is."""

    @override
    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Print the help, then the settings."""
        super().format_help(ctx, formatter)
        from csms.cli.settings import settings_help
        from csms.cli.tables import show

        show(settings_help())


def serve(
    *,
    ocpp_port: Annotated[
        int | None, typer.Option(help="Port for charging stations.")
    ] = None,
    http_port: Annotated[
        int | None, typer.Option(help="Port of the API and the console.")
    ] = None,
    data_dir: Annotated[
        Path | None,
        typer.Option(help="Folder of the embedded database."),
    ] = None,
    log_level: Annotated[
        str | None, typer.Option(help="debug, info, warning or error.")
    ] = None,
) -> None:
    """Run a node: charging stations, API, console, notices, events.

    Every setting can be given by its environment variable (listed below); the options
    here come before the environment. SIGTERM and Ctrl-C stop it gracefully.
    """
    settings = loaded(
        ocpp_port=ocpp_port,
        http_port=http_port,
        data_dir=data_dir,
        log_level=log_level,
    )

    import uvloop

    from csms.bootstrap.node import run_node
    from csms.cli.logs import set_up

    set_up(settings.log_level, settings.log_format)
    try:
        uvloop.run(run_node(settings))
    except OSError as error:
        raise Failed(
            f"The node could not start: {error}", remedy="Run csms doctor."
        ) from error


def demo(
    *,
    rate: Annotated[
        float, typer.Option(help="Business seconds per real second.", min=1, max=3600)
    ] = 600.0,
    seed: Annotated[int, typer.Option(help="Decides all that the fleet does.")] = 1,
    fleet: Annotated[str, typer.Option(help="Which fleet is simulated.")] = "masscec",
    ocpp_port: Annotated[
        int,
        typer.Option(help="Port for stations; 0 takes a free one.", min=0, max=65535),
    ] = 0,
    http_port: Annotated[
        int,
        typer.Option(help="Port of the console; 0 takes a free one.", min=0, max=65535),
    ] = 0,
    json_file: Annotated[
        Path | None,
        typer.Option(
            "--json", metavar="FILE", dir_okay=False, help="Write the whole report."
        ),
    ] = None,
    stay: Annotated[
        bool, typer.Option("--stay", help="Keep the node and the console up.")
    ] = False,
    keep: Annotated[
        bool, typer.Option("--keep", help="Keep database, logs and observations.")
    ] = False,
) -> None:
    """Play one demand-response event on a simulated fleet, and judge it by physics.

    Exits with 0 only if every promise was kept.
    """
    import asyncio

    from rich.console import Console

    from csms.cli.demo import demonstrate
    from csms.cli.demo_stage import Options

    options = Options(
        rate=rate,
        seed=seed,
        fleet=fleet,
        ocpp_port=ocpp_port,
        http_port=http_port,
        json_file=json_file,
        stay=stay,
        keep=keep,
    )
    try:
        code = asyncio.run(demonstrate(options, Console()))
    except KeyboardInterrupt:
        code = ExitCode.INTERRUPTED
    raise typer.Exit(code)
