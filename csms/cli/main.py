"""The commands."""

import typer

from csms.cli import database, doctor, serve, settings
from csms.cli.failures import Door

app = typer.Typer(
    name="csms",
    cls=Door,
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Charge-point management for bidirectional chargers: demand response "
    "from call to settlement.",
)
app.command(cls=serve.WithSettings)(serve.serve)
app.command()(serve.demo)
app.command()(doctor.doctor)
app.command()(database.migrate)
app.command()(settings.settings)
