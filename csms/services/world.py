"""What everything that acts on stations needs to know of the world."""

from dataclasses import dataclass

from csms.clock import Clock
from csms.services.live import LiveFleet
from csms.services.ports.work import Begin
from csms.services.premises import Premises
from csms.services.stations import StationBook


@dataclass(frozen=True, slots=True)
class World:
    """The means of a node, handed on as one.

    Attributes:
        clock: Where business time comes from.
        begin: Begins a unit of work; it is kept if nothing is raised within it.
        live: What stations say right now.
        book: What is known of stations.
        premises: Where they stand, and what is parked there.
    """

    clock: Clock
    begin: Begin
    live: LiveFleet
    book: StationBook
    premises: Premises
