"""Block R: alarms and controls of a station as a distributed energy resource.

They belong to the utility: they excuse non-delivery, and are never fought (rule 23).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from csms.blocks.routing import Route, route
from csms.domain.ids import StationId
from csms.ocpp.messages import der_control as wire
from csms.ocpp.wire import Wire
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
        """Keep an alarm until it ends, each by its control (R05.FR.01 to FR.04).

        A take-over by another control does not end it.
        """
        name = request.control_type.value
        self._keep(station, "alarms", name, None if request.alarm_ended else request)
        return wire.NotifyDERAlarmResponse()

    async def start_stop(
        self, station: StationId, request: wire.NotifyDERStartStopRequest
    ) -> wire.NotifyDERStartStopResponse:
        """Keep a control that runs, until it stops (R04.FR.20 to FR.22).

        It may shape what is delivered, which excuses it; it forbids nothing.
        """
        running = request if request.started else None
        self._keep(station, "controls", request.control_id, running)
        for superseded in request.superseded_ids or ():
            self._keep(station, "controls", superseded, None)
        return wire.NotifyDERStartStopResponse()

    def _keep(
        self, station: StationId, kind: str, name: str, said: Wire | None
    ) -> None:
        for live in self.live.all():
            if live.evse.station != station:
                continue
            known = {each: dict(body) for each, body in (live.der_alarm or {}).items()}
            group = known.setdefault(kind, {})
            if said is None:
                group.pop(name, None)
            else:
                group[name] = said.write()
            left = {each: body for each, body in known.items() if body}
            self.live.update(live.evse, der_alarm=left or None)
