"""A node from start to stop: database, services, doors, workers."""

import asyncio
import contextlib
import gc
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from importlib.metadata import version

import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from csms.bootstrap.doors import Links, MuteMailer, door_ports, edition_pin
from csms.bootstrap.face import face_of
from csms.bootstrap.inside import Inside, build
from csms.bootstrap.listening import doors_of, ensure_free
from csms.bootstrap.workers import Workers
from csms.clock import REALITY, Clock, ScaledClock, pause
from csms.db.embedded import EmbeddedPostgres
from csms.db.engine import check, create_engine
from csms.db.ingest import PostgresIngest
from csms.db.message_log import MessageLog, MessageLogLimits
from csms.db.migrating import migrate, pending
from csms.db.views import PostgresQueries
from csms.db.work import begin_on
from csms.gateway.limits import Limits
from csms.gateway.server import Gateway
from csms.notify.catcher import MailCatcher
from csms.notify.mailer import SmtpMailer, SmtpServer
from csms.services.node import Check, Node
from csms.services.ports.access import Role
from csms.services.ports.notices import Mailer
from csms.settings import Settings
from csms.transport_settings import TURN_ON_TLS

log = structlog.get_logger()

_REFRESH_S = 30.0


async def run_node(settings: Settings) -> None:
    """Run a node until it is asked to stop (SIGTERM, SIGINT)."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    async with node(settings):
        log.info(
            "node.ready",
            ocpp=[f"{host}:{port}" for host, port, door in doors_of(settings)][:-1],
            console=settings.link_base,
            rate=settings.clock_rate,
        )
        await stop.wait()
        log.info("node.stopping")
    log.info("node.stopped")


@contextlib.asynccontextmanager
async def node(settings: Settings) -> AsyncIterator[Node]:
    """Give a running node; everything it started is stopped behind it."""
    if settings.is_accelerated:
        log.warning("clock.accelerated", rate=settings.clock_rate)
    if settings.is_public_bind:
        log.warning(
            "gateway.unencrypted",
            host=settings.ocpp_host,
            remedy=f"{TURN_ON_TLS} Or bind to 127.0.0.1, behind a proxy that adds TLS.",
        )
    for host, port, door in doors_of(settings):
        ensure_free(host, port, door)
    async with contextlib.AsyncExitStack() as stack:
        url = await _database(settings, stack)
        engine = create_engine(url)
        stack.push_async_callback(engine.dispose)
        await check(url)
        await migrate(url)
        face = await _start(settings, url, engine, stack)
        keep_for_good()
        yield face


def keep_for_good() -> None:
    """Let the garbage collector never again look at what is here to stay."""
    gc.collect()
    gc.freeze()


def clock_of(settings: Settings) -> Clock:
    """Return the business clock that the settings describe."""
    if settings.clock_anchor is None or settings.clock_epoch is None:
        return REALITY
    return ScaledClock(settings.clock_anchor, settings.clock_epoch, settings.clock_rate)


async def _database(settings: Settings, stack: contextlib.AsyncExitStack) -> str:
    if settings.database_url is not None:
        return settings.database_url.get_secret_value()
    embedded = EmbeddedPostgres(settings.data_dir / "postgres")
    await stack.enter_async_context(embedded)
    return embedded.url


async def _start(
    settings: Settings, url: str, engine: AsyncEngine, stack: contextlib.AsyncExitStack
) -> Node:
    clock, begin = clock_of(settings), begin_on(engine)
    store = PostgresIngest.at(url)
    stack.push_async_callback(store.close)
    messages = MessageLog(
        url,
        clock,
        MessageLogLimits(
            days=settings.message_log_days, megabytes=settings.message_log_max_mb
        ),
    )
    catcher, mailer = await _mail(settings, clock, stack)
    links = Links()
    inside = build(settings, clock, begin, store, mailer, links.find)
    await inside.reception.start()
    await inside.secured.load()
    await inside.doorkeeper.load()
    await inside.world.live.load()
    await inside.world.premises.refresh()
    await inside.authorizing.load()
    await inside.smart.ledger.load()
    await inside.certificates.trust.load()
    await inside.tariffs.load()
    if settings.admin_token is not None:
        await inside.access.ensure_token(
            settings.admin_token.get_secret_value(), "bootstrap", Role.ADMIN
        )
    gateway = Gateway(
        door_ports(inside, messages),
        Limits(
            ping_interval=settings.ping_interval_s,
            ping_deadline=settings.ping_timeout_s,
            patience=settings.call_timeout_s,
            frame_bytes=settings.max_frame_bytes,
            queue=settings.max_queued_calls,
            connections_per_second=settings.max_new_connections_per_s,
            connection_burst=settings.max_new_connections_per_s * 2,
        ),
        pin=edition_pin(inside.world.book),
    )
    links.registry = gateway.registry
    workers = Workers()
    stack.push_async_callback(inside.provisioner.stop)
    workers.start(_workers(inside, messages))
    stack.push_async_callback(workers.stop)
    stack.push_async_callback(inside.ingest.stop)
    face = face_of(
        inside,
        queries=PostgresQueries(engine),
        messages=messages,
        mail=catcher,
        readiness=_readiness(engine, url, workers),
        gauges=_gauges(inside, gateway, messages),
        secure=settings.link_base.startswith("https:"),
        version=version("csms"),
    )
    listenings, web = await inside.secured.listenings()
    stack.push_async_callback(gateway.stop)
    inside.certificates.own.wake.ring()
    for each in listenings:
        await gateway.listen(each)
    serve = await asyncio.to_thread(_web)
    await serve(settings, face, stack, web)
    return face


def _web() -> "Callable[..., Awaitable[None]]":
    """Import what serves people: stations need not wait for it."""
    from csms.bootstrap.web import serve_http  # noqa: PLC0415

    return serve_http


def _workers(
    inside: Inside, messages: MessageLog
) -> Mapping[str, Callable[[], Awaitable[None]]]:
    async def premises() -> None:
        while True:
            await pause(_REFRESH_S)
            await inside.world.premises.refresh()

    return {
        "messages": messages.run,
        "journal": inside.journal.run,
        "ingest": inside.ingest.run,
        "live": inside.world.live.run,
        "telemetry": inside.telemetry.run,
        "premises": premises,
        "runner": inside.runner.run,
        "replanner": inside.replanner.run,
        "sender": inside.sender.run,
        **inside.diagnostics.workers(),
        "dispatcher": inside.dispatcher.run,
        "monitor": inside.monitor.run,
        "returning": inside.returning.run,
        "resuming": inside.resuming.errands.run,
        "transfers": inside.transfer_watch.run,
        "firmware": inside.upkeep.runner.run,
        "announcer": inside.upkeep.announcer.run,
        **inside.secured.workers(),
        **inside.authorizing.workers(),
        **inside.smart.workers(),
        **inside.certificates.workers(),
        "costs": inside.tariffs.run,
        "retention": inside.retention.run,
    }


async def _mail(
    settings: Settings, clock: Clock, stack: contextlib.AsyncExitStack
) -> tuple[MailCatcher | None, Mailer]:
    if settings.mail_catcher:
        catcher = MailCatcher(clock)
        await catcher.start()
        stack.push_async_callback(catcher.stop)
        server = SmtpServer("127.0.0.1", catcher.port, security="none")
    elif settings.smtp_host is not None:
        catcher = None
        password = settings.smtp_password
        server = SmtpServer(
            settings.smtp_host,
            settings.smtp_port,
            security="starttls" if settings.smtp_starttls else "none",
            user=settings.smtp_user,
            password=password.get_secret_value() if password else None,
            patience_s=settings.smtp_timeout_s,
        )
    else:
        log.warning(
            "mail.none",
            effect="no notice can be proven, so nobody is discharged",
            remedy="set CSMS_SMTP_HOST, or CSMS_MAIL_CATCHER=true for a trial",
        )
        return None, MuteMailer()
    mailer = SmtpMailer(server, settings.smtp_from, "Vehicle-to-grid program", clock)
    stack.push_async_callback(mailer.close)
    return catcher, mailer


def _readiness(
    engine: AsyncEngine, url: str, workers: Workers
) -> Callable[[], Awaitable[Mapping[str, Check]]]:
    async def readiness() -> Mapping[str, Check]:
        checks: dict[str, Check] = {}
        try:
            async with asyncio.timeout(2.0):
                async with engine.connect() as connection:
                    await connection.execute(text("SELECT 1"))
                missing = await pending(url)
            checks["database"] = Check(good=True)
            checks["migrations"] = Check(
                good=not missing,
                detail=f"missing: {', '.join(missing)}; run csms migrate"
                if missing
                else "",
            )
        except Exception as error:  # noqa: BLE001 - whatever keeps us from it
            checks["database"] = Check(
                good=False,
                detail=f"{type(error).__name__}: {error}"[:200]
                + "; is PostgreSQL running, and CSMS_DATABASE_URL right?",
            )
        checks["workers"] = Check(
            good=not workers.resting,
            detail="; ".join(f"{k}: {v}" for k, v in workers.resting.items()),
        )
        return checks

    return readiness


def _gauges(
    inside: Inside, gateway: Gateway, messages: MessageLog
) -> Callable[[], Mapping[str, float]]:
    def gauges() -> Mapping[str, float]:
        tally = gateway.tally
        return {
            "ocpp_connections": len(gateway.registry.connected()),
            "ocpp_frames_in_total": tally.frames_in,
            "ocpp_frames_out_total": tally.frames_out,
            "ocpp_handshakes_accepted_total": tally.accepted,
            "ocpp_handshakes_rejected_total": tally.rejected,
            "ocpp_superseded_total": tally.superseded,
            "ocpp_malformed_total": tally.malformed,
            "ocpp_unanswered_total": tally.unanswered,
            "ocpp_late_total": tally.late,
            "ocpp_failures_total": tally.failures,
            "ingest_waiting": inside.ingest.waiting,
            "message_log_waiting": messages.waiting,
            "message_log_dropped_total": messages.dropped,
            "dispatch_holding": len(inside.dispatcher.holding()),
        }

    return gauges
