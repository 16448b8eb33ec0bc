"""The unit of work on PostgreSQL."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import cached_property

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from csms.db.access import PostgresAccessStore
from csms.db.alerts import PostgresAlertStore
from csms.db.campaigns import PostgresCampaignStore
from csms.db.certificates import PostgresCertificateStore
from csms.db.charging import PostgresChargingStore
from csms.db.customers import PostgresCustomerStore
from csms.db.data_transfers import PostgresDataTransferStore
from csms.db.der import PostgresDerStore
from csms.db.device_model import PostgresDeviceModelStore
from csms.db.displays import PostgresDisplayStore
from csms.db.event_streams import PostgresStreamStore
from csms.db.events import PostgresEventStore
from csms.db.facts import PostgresFactStore
from csms.db.firmware import PostgresFirmwareStore
from csms.db.fleet import PostgresFleetStore
from csms.db.incidents import PostgresIncidentStore
from csms.db.local_lists import PostgresLocalListStore
from csms.db.log_jobs import PostgresLogStore
from csms.db.monitors import PostgresMonitorStore
from csms.db.notices import PostgresNoticeStore
from csms.db.profiles import PostgresProfileStore
from csms.db.pruning import PostgresPruning
from csms.db.requests import PostgresRequestStore
from csms.db.reservations import PostgresReservationStore
from csms.db.root_rotations import PostgresRotationStore
from csms.db.security import PostgresSecurityStore
from csms.db.settlements import PostgresSettlementStore
from csms.db.signed_values import PostgresSignedValueStore
from csms.db.stations import PostgresStationStore
from csms.db.tariffs import PostgresTariffStore
from csms.db.telemetry import PostgresTelemetryStore
from csms.db.tokens import PostgresTokenStore
from csms.services.ports.work import Work


class PostgresWork:
    """Every store on one connection, in one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    @cached_property
    def stations(self) -> PostgresStationStore:
        """Stations, what they said of themselves, and who was turned away."""
        return PostgresStationStore(self._connection)

    @cached_property
    def models(self) -> PostgresDeviceModelStore:
        """Device models, reports of them, drift, ways to connect, restarts."""
        return PostgresDeviceModelStore(self._connection)

    @cached_property
    def alerts(self) -> PostgresAlertStore:
        """Notified events, the rules for them, and alerts."""
        return PostgresAlertStore(self._connection)

    @cached_property
    def incidents(self) -> PostgresIncidentStore:
        """Incidents that are not over, and who looks after them."""
        return PostgresIncidentStore(self._connection)

    @cached_property
    def customers(self) -> PostgresCustomerStore:
        """What stations know of customers."""
        return PostgresCustomerStore(self._connection)

    @cached_property
    def logs(self) -> PostgresLogStore:
        """Logs that stations upload."""
        return PostgresLogStore(self._connection)

    @cached_property
    def monitors(self) -> PostgresMonitorStore:
        """What stations are to raise events about."""
        return PostgresMonitorStore(self._connection)

    @cached_property
    def streams(self) -> PostgresStreamStore:
        """Values of monitors in a steady stream."""
        return PostgresStreamStore(self._connection)

    @cached_property
    def fleet(self) -> PostgresFleetStore:
        """Participants, sites, vehicles, EVSEs and enrollments."""
        return PostgresFleetStore(self._connection)

    @cached_property
    def telemetry(self) -> PostgresTelemetryStore:
        """Readings and quarter hours."""
        return PostgresTelemetryStore(self._connection)

    @cached_property
    def events(self) -> PostgresEventStore:
        """Demand-response events, their members, plans and duties."""
        return PostgresEventStore(self._connection)

    @cached_property
    def notices(self) -> PostgresNoticeStore:
        """What participants are told, and the links they are given."""
        return PostgresNoticeStore(self._connection)

    @cached_property
    def settlements(self) -> PostgresSettlementStore:
        """Closed accounts."""
        return PostgresSettlementStore(self._connection)

    @cached_property
    def profiles(self) -> PostgresProfileStore:
        """What stations should hold, quarantines and incidents."""
        return PostgresProfileStore(self._connection)

    @cached_property
    def pruning(self) -> PostgresPruning:
        """What is forgotten when it is old."""
        return PostgresPruning(self._connection)

    @cached_property
    def charging(self) -> PostgresChargingStore:
        """Profiles that stations hold, limits from outside, needs of vehicles."""
        return PostgresChargingStore(self._connection)

    @cached_property
    def der(self) -> PostgresDerStore:
        """Controls of the grid, and the alarms they cause."""
        return PostgresDerStore(self._connection)

    @cached_property
    def requests(self) -> PostgresRequestStore:
        """What was asked of stations by hand, and their connectors."""
        return PostgresRequestStore(self._connection)

    @cached_property
    def tariffs(self) -> PostgresTariffStore:
        """Tariffs, where they hold, and what transactions cost."""
        return PostgresTariffStore(self._connection)

    @cached_property
    def signed_values(self) -> PostgresSignedValueStore:
        """What meters have signed."""
        return PostgresSignedValueStore(self._connection)

    @cached_property
    def access(self) -> PostgresAccessStore:
        """Accounts, tokens and the audit trail."""
        return PostgresAccessStore(self._connection)

    @cached_property
    def security(self) -> PostgresSecurityStore:
        """Passwords on their way, security profiles, certificates, events."""
        return PostgresSecurityStore(self._connection)

    @cached_property
    def certificates(self) -> PostgresCertificateStore:
        """Roots, and what stations hold and should hold."""
        return PostgresCertificateStore(self._connection)

    @cached_property
    def root_rotations(self) -> PostgresRotationStore:
        """Changes of roots over many stations."""
        return PostgresRotationStore(self._connection)

    @cached_property
    def facts(self) -> PostgresFactStore:
        """What has happened."""
        return PostgresFactStore(self._connection)

    @cached_property
    def tokens(self) -> PostgresTokenStore:
        """Id tokens: who may charge."""
        return PostgresTokenStore(self._connection)

    @cached_property
    def local_lists(self) -> PostgresLocalListStore:
        """What stations should have and have on their local lists."""
        return PostgresLocalListStore(self._connection)

    @cached_property
    def reservations(self) -> PostgresReservationStore:
        """EVSEs that are kept free for somebody."""
        return PostgresReservationStore(self._connection)

    @cached_property
    def firmware(self) -> PostgresFirmwareStore:
        """Firmware images, updates and publications."""
        return PostgresFirmwareStore(self._connection)

    @cached_property
    def campaigns(self) -> PostgresCampaignStore:
        """Firmware campaigns."""
        return PostgresCampaignStore(self._connection)

    @cached_property
    def displays(self) -> PostgresDisplayStore:
        """Messages on the displays of stations."""
        return PostgresDisplayStore(self._connection)

    @cached_property
    def data_transfers(self) -> PostgresDataTransferStore:
        """What vendors exchange outside the standard."""
        return PostgresDataTransferStore(self._connection)


def begin_on(
    engine: AsyncEngine,
) -> Callable[[], AbstractAsyncContextManager[Work]]:
    """Return what begins a unit of work on this engine.

    It commits when the block ends well and rolls back when anything is raised.
    """

    @asynccontextmanager
    async def begin() -> AsyncIterator[Work]:
        async with engine.begin() as connection:
            yield PostgresWork(connection)

    return begin
