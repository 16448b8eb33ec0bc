"""What `csms doctor` finds out by asking: the node, the database, the mail server."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from csms.cli.examining import Finding, Verdict
from csms.domain.errors import DomainError

if TYPE_CHECKING:
    from pathlib import Path

    from csms.settings import Settings

PATIENCE_S = 5.0
_OURS = frozenset({"database", "migrations", "workers"})


@dataclass(frozen=True, slots=True)
class RunningNode:
    """A node that listens where the settings say.

    Attributes:
        checks: What it says of itself, by name.
    """

    checks: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Reached:
    """A database that lets us in.

    Attributes:
        url: Its address.
        missing: The migrations that it lacks.
    """

    url: str
    missing: tuple[str, ...]


async def running_node(settings: "Settings") -> RunningNode | None:
    """Return the node at the HTTP port, if one of this system is there."""
    import httpx

    try:
        async with httpx.AsyncClient(
            timeout=PATIENCE_S,
            trust_env=False,
            verify=settings.http_tls_cert is None,  # our own, on this machine
        ) as http:
            answer = (await http.get(f"{_here(settings)}/readyz")).json()
    except (httpx.HTTPError, ValueError):
        return None
    checks = answer.get("checks") if isinstance(answer, dict) else None
    if not isinstance(checks, dict) or not _OURS & checks.keys():
        return None
    return RunningNode(checks)


def of_node(node: RunningNode | None) -> list[Finding]:
    """Tell what a running node says of itself."""
    if node is None:
        return []
    bad = [
        Finding(f"node: {name}", Verdict.FAIL, *_said(check))
        for name, check in node.checks.items()
        if not _is_good(check)
    ]
    return bad or [Finding("node", Verdict.OK, "running and ready")]


async def database(settings: "Settings") -> tuple[list[Finding], Reached | None]:
    """Tell whether the database can be used, and whether its schema is current."""
    if settings.database_url is not None:
        given = settings.database_url.get_secret_value()
        return await _reached(given, "PostgreSQL {version}")
    try:
        said, url = _embedded(settings.data_dir / "postgres")
    except DomainError as error:
        return [_failed("database", error)], None
    if url is not None:
        findings, reached = await _reached(url, f"{said}, running")
        if reached is not None:
            return findings, reached
    return [Finding("database", Verdict.OK, f"{said}, starts with the node")], None


async def credentials(settings: "Settings", reached: Reached | None) -> Finding:
    """Tell whether anybody could sign in or use the API."""
    if settings.admin_token is not None:
        return Finding("credentials", Verdict.OK, "CSMS_ADMIN_TOKEN is set")
    remedy = (
        "Set CSMS_ADMIN_TOKEN (16 characters or more), start the node, then make "
        "accounts: csms accounts set NAME --role admin."
    )
    if reached is None or reached.missing:
        return Finding(
            "credentials", Verdict.WARN, "CSMS_ADMIN_TOKEN is not set", remedy
        )
    accounts, tokens = await _keys(reached.url)
    if not accounts and not tokens:
        return Finding(
            "credentials", Verdict.FAIL, "there is no account and no token", remedy
        )
    return Finding("credentials", Verdict.OK, f"{accounts} accounts, {tokens} tokens")


async def mail(settings: "Settings") -> Finding:
    """Tell whether notices can be sent."""
    if settings.mail_catcher:
        return Finding(
            "mail",
            Verdict.WARN,
            "caught and shown at the console, never sent",
            "Only for trials. Unset CSMS_MAIL_CATCHER and set CSMS_SMTP_HOST.",
        )
    if settings.smtp_host is None:
        return Finding(
            "mail",
            Verdict.WARN,
            "no server is set: nobody can be told, so nobody is discharged",
            "Set CSMS_SMTP_HOST, or CSMS_MAIL_CATCHER=true for a trial.",
        )
    return await _greeted(settings, settings.smtp_host)


async def _greeted(settings: "Settings", host: str) -> Finding:
    """Connect, encrypt and log in as the sender of notices does."""
    import aiosmtplib

    password = settings.smtp_password
    client = aiosmtplib.SMTP(
        hostname=host,
        port=settings.smtp_port,
        timeout=PATIENCE_S,
        start_tls=settings.smtp_starttls,
        username=settings.smtp_user,
        password=password.get_secret_value() if password else None,
    )
    place = f"{host}:{settings.smtp_port}"
    try:
        async with client:
            pass
    except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
        return Finding(
            "mail",
            Verdict.FAIL,
            f"{place}: {str(error) or type(error).__name__}",
            "Check CSMS_SMTP_HOST, _PORT, _STARTTLS, _USER and _PASSWORD.",
        )
    return Finding("mail", Verdict.OK, f"{place} accepts us")


async def _reached(url: str, what: str) -> tuple[list[Finding], Reached | None]:
    from csms.db.engine import check
    from csms.db.migrating import pending

    try:
        version = await check(url)
    except DomainError as error:
        return [_failed("database", error)], None
    findings = [Finding("database", Verdict.OK, what.format(version=version))]
    try:
        missing = tuple(await pending(url))
    except DomainError as error:
        return [*findings, _failed("migrations", error)], None
    if missing:
        findings.append(
            Finding(
                "migrations",
                Verdict.WARN,
                f"{len(missing)} not applied: {', '.join(missing)}",
                "csms migrate applies them; so does the node when it starts.",
            )
        )
    else:
        findings.append(Finding("migrations", Verdict.OK, "the schema is current"))
    return findings, Reached(url, missing)


def _embedded(folder: "Path") -> tuple[str, str | None]:
    """Return what runs the embedded database, and its address if it has data.

    Raises:
        DomainError: If there is no PostgreSQL that could run it.
    """
    from csms.db.account import account_for
    from csms.db.binaries import find
    from csms.db.embedded import EmbeddedPostgres

    if not folder.exists():
        binaries = find(account_for(folder))
        return f"embedded PostgreSQL {binaries.version}, a new one in {folder}", None
    server = EmbeddedPostgres(folder)
    marker = server.folder / "data" / "PG_VERSION"
    major = int(marker.read_text()) if marker.exists() else None
    binaries = find(server.account, major=major)
    said = f"embedded in {server.folder}, PostgreSQL {binaries.version}"
    return said, server.url if marker.exists() else None


async def _keys(url: str) -> tuple[int, int]:
    from csms.db.engine import create_engine
    from csms.db.work import begin_on

    engine = create_engine(url, pool_size=1)
    try:
        async with begin_on(engine)() as work:
            accounts = await work.access.accounts()
            tokens = await work.access.tokens()
    finally:
        await engine.dispose()
    return len(accounts), sum(each.revoked_at is None for each in tokens)


def _failed(check: str, error: DomainError) -> Finding:
    return Finding(check, Verdict.FAIL, str(error), error.remedy or "")


def _is_good(check: object) -> bool:
    if isinstance(check, dict):
        return bool(check.get("good", check.get("ok", False)))
    return check in {True, "ok"}


def _said(check: object) -> tuple[str, str]:
    if not isinstance(check, dict):
        return str(check), ""
    detail, _, remedy = str(check.get("detail") or "not ready").partition("; ")
    return detail, str(check.get("remedy") or remedy)


def _here(settings: "Settings") -> str:
    scheme = "http" if settings.http_tls_cert is None else "https"
    return f"{scheme}://{_reachable(settings.http_host)}:{settings.http_port}"


def _reachable(host: str) -> str:
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 (compared, not bound)
