"""The unit of work: one transaction with the database, kept if nothing is raised."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from csms.services.ports.access import AccessStore
from csms.services.ports.alerts import AlertStore
from csms.services.ports.certificate_store import CertificateStore, RotationStore
from csms.services.ports.charging import ChargingStore
from csms.services.ports.customers import CustomerStore
from csms.services.ports.data_transfers import DataTransferStore
from csms.services.ports.der import DerStore
from csms.services.ports.device_model import DeviceModelStore
from csms.services.ports.displays import DisplayStore
from csms.services.ports.events import EventStore
from csms.services.ports.facts import FactStore
from csms.services.ports.firmware import CampaignStore, FirmwareStore
from csms.services.ports.fleet import FleetStore
from csms.services.ports.incidents import IncidentStore
from csms.services.ports.logs import LogStore
from csms.services.ports.monitors import MonitorStore
from csms.services.ports.notices import NoticeStore
from csms.services.ports.profiles import ProfileStore
from csms.services.ports.pruning import PruningStore
from csms.services.ports.requests import RequestStore
from csms.services.ports.security import SecurityStore
from csms.services.ports.settlements import SettlementStore
from csms.services.ports.stations import StationStore
from csms.services.ports.streams import StreamStore
from csms.services.ports.tariffs import SignedValueStore, TariffStore
from csms.services.ports.telemetry import TelemetryStore
from csms.services.ports.tokens import (
    LocalListStore,
    ReservationStore,
    TokenStore,
)


class Work(Protocol):
    """Everything one use case may read and change, in one commit."""

    @property
    def stations(self) -> StationStore:
        """Stations, what they said of themselves, and who was turned away."""
        ...

    @property
    def models(self) -> DeviceModelStore:
        """Device models, reports of them, drift, ways to connect, restarts."""
        ...

    @property
    def alerts(self) -> AlertStore:
        """Notified events, the rules for them, and alerts."""
        ...

    @property
    def incidents(self) -> IncidentStore:
        """Incidents that are not over, and who looks after them."""
        ...

    @property
    def customers(self) -> CustomerStore:
        """What stations know of customers."""
        ...

    @property
    def logs(self) -> LogStore:
        """Logs that stations upload."""
        ...

    @property
    def monitors(self) -> MonitorStore:
        """What stations are to raise events about."""
        ...

    @property
    def streams(self) -> StreamStore:
        """Values of monitors in a steady stream."""
        ...

    @property
    def fleet(self) -> FleetStore:
        """Participants, sites, vehicles, EVSEs and enrollments."""
        ...

    @property
    def telemetry(self) -> TelemetryStore:
        """Readings and quarter hours."""
        ...

    @property
    def events(self) -> EventStore:
        """Demand-response events, their members, plans and duties."""
        ...

    @property
    def notices(self) -> NoticeStore:
        """What participants are told, and the links they are given."""
        ...

    @property
    def settlements(self) -> SettlementStore:
        """Closed accounts."""
        ...

    @property
    def profiles(self) -> ProfileStore:
        """What stations should hold, quarantines and incidents."""
        ...

    @property
    def pruning(self) -> PruningStore:
        """What is forgotten when it is old."""
        ...

    @property
    def charging(self) -> ChargingStore:
        """Profiles that stations hold, limits from outside, needs of vehicles."""
        ...

    @property
    def der(self) -> DerStore:
        """Controls of the grid, and the alarms they cause."""
        ...

    @property
    def requests(self) -> RequestStore:
        """What was asked of stations by hand, and their connectors."""
        ...

    @property
    def tariffs(self) -> TariffStore:
        """Tariffs, where they hold, and what transactions cost."""
        ...

    @property
    def signed_values(self) -> SignedValueStore:
        """What meters have signed."""
        ...

    @property
    def access(self) -> AccessStore:
        """Accounts, tokens and the audit trail."""
        ...

    @property
    def security(self) -> SecurityStore:
        """Passwords on their way, security profiles, certificates, events."""
        ...

    @property
    def certificates(self) -> CertificateStore:
        """Roots, and what stations hold and should hold."""
        ...

    @property
    def root_rotations(self) -> RotationStore:
        """Changes of roots over many stations."""
        ...

    @property
    def facts(self) -> FactStore:
        """What has happened."""
        ...

    @property
    def tokens(self) -> TokenStore:
        """Id tokens: who may charge."""
        ...

    @property
    def local_lists(self) -> LocalListStore:
        """What stations should have and have on their local lists."""
        ...

    @property
    def reservations(self) -> ReservationStore:
        """EVSEs that are kept free for somebody."""
        ...

    @property
    def firmware(self) -> FirmwareStore:
        """Firmware images, updates and publications."""
        ...

    @property
    def campaigns(self) -> CampaignStore:
        """Firmware campaigns."""
        ...

    @property
    def displays(self) -> DisplayStore:
        """Messages on the displays of stations."""
        ...

    @property
    def data_transfers(self) -> DataTransferStore:
        """What vendors exchange outside the standard."""
        ...


Begin = Callable[[], AbstractAsyncContextManager[Work]]
"""Begins a unit of work; it is kept if nothing is raised within it."""
