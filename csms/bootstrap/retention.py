"""Settings in, and out comes what forgets old records."""

from datetime import timedelta

from csms.services.ports.pruning import Records
from csms.services.retention import Retention
from csms.services.world import World
from csms.settings import Settings


def retention(settings: Settings, world: World) -> Retention:
    """Return what forgets old records; nothing runs yet."""
    days = {
        Records.STATION_EVENTS: settings.station_events_days,
        Records.SECURITY_EVENTS: settings.security_events_days,
        Records.TRACES: settings.traces_days,
    }
    kept = {what: timedelta(days=each) for what, each in days.items()}
    return Retention(world.clock, world.begin, kept)
