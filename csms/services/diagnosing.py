"""Everything of block N together, and what is done for it now and then."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from csms.clock import Clock, pause
from csms.services.alerts import Alerts
from csms.services.customers import Customers
from csms.services.event_streams import EventStreams
from csms.services.log_collection import LogCollection
from csms.services.log_uploads import LogUploads
from csms.services.monitor_reports import MonitorReports
from csms.services.monitors import Monitors

SWEEP_REAL_S = 15.0


@dataclass(frozen=True, slots=True)
class Diagnosing:
    """The services of block N.

    Attributes:
        clock: Where business time comes from.
        logs: Asks for logs and follows their uploads.
        uploads: Takes the files.
        monitors: Sets and clears monitors.
        reports: Asks which monitors stations have.
        alerts: Takes events, and raises and ends alerts.
        customers: Asks what stations know of customers.
        streams: Takes periodic event streams.
    """

    clock: Clock
    logs: LogCollection
    uploads: LogUploads
    monitors: Monitors
    reports: MonitorReports
    alerts: Alerts
    customers: Customers
    streams: EventStreams

    def workers(self) -> Mapping[str, Callable[[], Awaitable[None]]]:
        """Return what runs for as long as the node does, by name."""
        return {"diagnostics": self.run, "streams": self.streams.run}

    async def run(self) -> None:
        """Look after everything now and then, for ever."""
        await self.logs.tidy()
        while True:
            await self.sweep()
            await pause(SWEEP_REAL_S)

    async def sweep(self) -> None:
        """Give up on who is silent, ask again who restarted."""
        await self.logs.sweep()
        await self.reports.refresh()
        await self.customers.sweep()
