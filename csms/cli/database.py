"""`csms migrate`: bring the database's schema to where this version expects it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from csms.cli.settings import loaded

if TYPE_CHECKING:
    from csms.settings import Settings


def migrate(
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only show what would be applied.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the revisions as JSON.")
    ] = False,
) -> None:
    """Apply the migrations that the database lacks.

    A node does the same when it starts. Nodes and this command take turns, so running
    it beside them is safe.
    """
    import asyncio

    from csms.cli.logs import set_up
    from csms.cli.tables import show, show_json

    settings = loaded()
    set_up("warning", settings.log_format)
    revisions = asyncio.run(_migrate(settings, dry_run=dry_run))
    if as_json:
        show_json({"applied": not dry_run, "revisions": revisions})
    elif not revisions:
        show("The schema is current.")
    else:
        show(f"{'missing' if dry_run else 'applied'}: {', '.join(revisions)}")


async def _migrate(settings: "Settings", *, dry_run: bool) -> list[str]:
    from csms.db.migrating import migrate as apply
    from csms.db.migrating import pending

    async with _database(settings) as url:
        return await pending(url) if dry_run else await apply(url)


@asynccontextmanager
async def _database(settings: "Settings") -> AsyncIterator[str]:
    """Give the address of the database, which runs meanwhile.

    Raises:
        DatabaseUnusable: If it lets nobody in.
    """
    from csms.db.embedded import EmbeddedPostgres
    from csms.db.engine import check

    if settings.database_url is not None:
        url = settings.database_url.get_secret_value()
        await check(url)
        yield url
        return
    async with EmbeddedPostgres(settings.data_dir / "postgres") as embedded:
        yield embedded.url
