"""Block R: alarms and controls of a station as a distributed energy resource.

They belong to the utility: they excuse non-delivery, and are never fought (rule 23).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from csms.blocks.routing import Route, route
from csms.domain.ids import StationId
from csms.ocpp.messages import der_control as wire
from csms.services.live import LiveFleet


@dataclass(frozen=True, slots=True)
class DerControl:
    """Answers what a station says about grid events.

    Attributes:
        live: Where alarms are kept for dispatch.
    """

    live: LiveFleet

    def routes(self) -> Iterator[Route]:
        """Name every action this block answers."""
        yield route(wire.NOTIFY_DER_ALARM, self.alarm)
        yield route(wire.NOTIFY_DER_START_STOP, self.start_stop)

    async def alarm(
        self, station: StationId, request: wire.NotifyDERAlarmRequest
    ) -> wire.NotifyDERAlarmResponse:
        """Keep an alarm until it ends (R05.FR.01 to FR.04)."""
        alarm = None if request.alarm_ended else request.write()
        self._keep(station, alarm)
        return wire.NotifyDERAlarmResponse()

    async def start_stop(
        self, station: StationId, request: wire.NotifyDERStartStopRequest
    ) -> wire.NotifyDERStartStopResponse:
        """Keep a control that runs, until it stops (R04.FR.20 to FR.22)."""
        self._keep(station, request.write() if request.started else None)
        return wire.NotifyDERStartStopResponse()

    def _keep(self, station: StationId, alarm: dict[str, object] | None) -> None:
        for live in self.live.all():
            if live.evse.station == station:
                self.live.update(live.evse, der_alarm=alarm)
