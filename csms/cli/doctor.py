"""`csms doctor`: what is wrong with a set-up, and what to do about it."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from csms.cli.failures import ExitCode, Failed
from csms.cli.settings import loaded

if TYPE_CHECKING:
    from rich.table import Table

    from csms.cli.examining import Finding
    from csms.settings import Settings

_SIGNS = {"ok": "bold green", "warn": "bold yellow", "fail": "bold red"}


def doctor(
    *,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON instead of a table.")
    ] = False,
) -> None:
    """Look for what keeps a node from running well, and name the remedy.

    Checks settings, clock, ports, data folder, database, migrations, mail server,
    credentials, certificates and what would go over the network unencrypted; asks a
    node that runs already. Changes nothing. Exits with 1 if a check fails.
    """
    import asyncio

    from csms.cli.examining import Verdict, worst
    from csms.cli.logs import set_up
    from csms.cli.tables import show, show_json

    set_up("critical", "console")
    findings = asyncio.run(_examine())
    verdict = worst(findings)
    if as_json:
        checks = [asdict(each) for each in findings]
        show_json({"verdict": verdict.value, "checks": checks})
    else:
        show(_table(findings), _summary(findings))
    if verdict is Verdict.FAIL:
        raise typer.Exit(ExitCode.FAILURE)


async def _examine() -> "list[Finding]":
    """Return every finding; without settings there is only the one on them."""
    from csms.cli.examining import Finding, Verdict

    try:
        settings = loaded()
    except Failed as bad:
        return [Finding("settings", Verdict.FAIL, str(bad), bad.remedy or "")]
    return [
        Finding("settings", Verdict.OK, "they make sense"),
        *await _examine_with(settings),
    ]


async def _examine_with(settings: "Settings") -> "list[Finding]":
    from csms.bootstrap.listening import doors_of
    from csms.cli import certificate_checks, examining, probing
    from csms.clock import REALITY

    node = await probing.running_node(settings)
    databases, reached = await probing.database(settings)
    return [
        examining.clock(settings, REALITY.now()),
        *(
            examining.port(_port_of(door), host, number, node_runs=node is not None)
            for host, number, door in doors_of(settings)
        ),
        examining.data_dir(settings.data_dir),
        *databases,
        await probing.credentials(settings, reached),
        await probing.mail(settings),
        *examining.exposure(settings),
        *certificate_checks.certificates(settings, REALITY.now()),
        *probing.of_node(node),
    ]


def _port_of(door: str) -> str:
    """Return what a port is called: ``ocpp port``, ``ocpp tls port``."""
    return f"{door.lower().replace('_', ' ')} port"


def _table(findings: "list[Finding]") -> "Table":
    from rich.table import Table
    from rich.text import Text

    from csms.cli.tables import harmless

    made = Table.grid(padding=(0, 2))
    made.add_column(no_wrap=True)
    made.add_column(no_wrap=True)
    made.add_column(overflow="fold")
    for each in findings:
        made.add_row(
            Text(each.verdict, _SIGNS[each.verdict]),
            Text(each.check, "bold"),
            Text(harmless(each.detail)),
        )
        if each.remedy:
            made.add_row("", "", Text(f"→ {harmless(each.remedy)}", "cyan"))
    return made


def _summary(findings: "list[Finding]") -> str:
    counts = {"fail": 0, "warn": 0}
    for each in findings:
        if each.verdict in counts:
            counts[each.verdict] += 1
    if not any(counts.values()):
        return "\nAll is well."
    return f"\n{counts['fail']} to mend, {counts['warn']} to know of."
