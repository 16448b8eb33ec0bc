"""Block N from settings: its services, and the blocks through which they speak."""

from collections.abc import Sequence
from datetime import timedelta

from csms.blocks.availability import ConnectorStates
from csms.blocks.customers import CustomerNotices, StationCustomers
from csms.blocks.diagnostics import Diagnostics
from csms.blocks.event_streams import StationStreams, StreamNotices
from csms.blocks.logs import LogNotices, StationLogs
from csms.blocks.monitors import MonitorNotices, StationMonitors
from csms.blocks.routing import Block
from csms.blocks.translating import FindLink
from csms.db.upload_folder import UploadFolder
from csms.services.alerts import Alerts
from csms.services.customers import Customers
from csms.services.diagnosing import Diagnosing
from csms.services.event_streams import EventStreams
from csms.services.journal import Journal
from csms.services.log_collection import LogCollection
from csms.services.log_uploads import LogUploads
from csms.services.monitor_reports import MonitorReports
from csms.services.monitors import Monitors
from csms.services.ports.customers import ListKeeper
from csms.services.upload_places import UploadPolicy
from csms.services.world import World
from csms.settings import Settings

MEGABYTE = 1_000_000


def diagnosing(
    settings: Settings,
    world: World,
    journal: Journal,
    link: FindLink,
    lists: ListKeeper,
) -> Diagnosing:
    """Return the services of block N."""
    clock, begin, book = world.clock, world.begin, world.book
    policy = UploadPolicy(
        settings.link_base,
        allow_plain=settings.allow_plain_uploads,
        most_bytes=settings.log_upload_max_mb * MEGABYTE,
        valid=timedelta(seconds=settings.log_upload_valid_s),
        silence=timedelta(seconds=settings.log_silence_s),
        kept=timedelta(days=settings.log_upload_days),
    )
    files, wire = UploadFolder(settings.data_dir / "uploads"), StationMonitors(link)
    monitors = Monitors(clock, begin, book, wire, journal)
    return Diagnosing(
        clock,
        logs=LogCollection(
            clock, begin, book, StationLogs(link), files, policy, journal
        ),
        uploads=LogUploads(clock, begin, files, policy),
        monitors=monitors,
        reports=MonitorReports(clock, begin, book, wire, journal),
        alerts=Alerts(clock, begin, journal),
        customers=Customers(
            clock,
            begin,
            book,
            StationCustomers(link),
            lists,
            journal,
            timedelta(days=settings.customer_information_days),
        ),
        streams=EventStreams(
            clock,
            begin,
            book,
            StationStreams(link),
            monitors,
            journal,
            settings.max_stream_values,
        ),
    )


def diagnostic_blocks(
    services: Diagnosing, connectors: ConnectorStates, journal: Journal
) -> Sequence[Block]:
    """Return the blocks that answer stations."""
    clock = services.clock
    return (
        Diagnostics(connectors, journal, services.alerts, clock),
        LogNotices(services.logs),
        MonitorNotices(services.reports),
        CustomerNotices(services.customers, clock),
        StreamNotices(services.streams),
    )
