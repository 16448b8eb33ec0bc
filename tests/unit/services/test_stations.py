"""The book: what may be dispatched, and why the rest may not."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from csms.charging.capability import UNREAD, V2x, capability, to_document
from csms.domain.ids import EvseId, SiteId, StationId, VehicleId
from csms.domain.profile import OperationMode
from csms.domain.station import EDITION_21, EDITION_201, Evse, Make, Standing, Station
from csms.domain.units import ZERO_POWER, Power
from csms.domain.vendor_profile import (
    CHARGE_ONLY,
    Dialect,
    Evidence,
    EvidenceKind,
    VendorProfile,
)
from csms.services.stations import StationBook
from tests.fakes.device_model import variable

STATION = StationId("MA-TEST-01")
EVSE = EvseId(STATION, 1)
MAKE = Make("Example", "EW-22", "1.0")
PROFILE = VendorProfile(
    id="ew-22",
    vendor="Example",
    models=("EW-22",),
    firmwares=("1.0",),
    editions=(EDITION_21,),
    dialect=Dialect.SETPOINT_SCHEDULED,
    min_discharge=Power(2000),
    max_discharge=Power(18000),
    evidence=Evidence(EvidenceKind.SIMULATED, "persona"),
)
ABLE = replace(
    capability([variable("SmartChargingCtrlr.Enabled", "true")], EDITION_21),
    v2x=(
        V2x(
            1,
            enabled=True,
            modes=frozenset({OperationMode.CENTRAL_SETPOINT}),
            transfer_modes=frozenset(),
        ),
    ),
)
READY = Station(
    STATION,
    SiteId("site"),
    standing=Standing.ACCEPTED,
    make=MAKE,
    edition=EDITION_21,
    provisioned_at=datetime(2026, 7, 14, tzinfo=UTC),
    provisioned_for=MAKE.fingerprint(EDITION_21),
    capabilities=to_document(ABLE),
)
RATED = Evse(
    EVSE,
    VehicleId("veh"),
    Power(22000),
    Power(20000),
    Power(1000),
    grid_parallel=True,
)
PULLED = replace(PROFILE, dialect=Dialect.SETPOINT_DYNAMIC_PULL)
ONE_WAY = replace(RATED, max_discharge=ZERO_POWER)


def book_of(
    station: Station = READY,
    evse: Evse = RATED,
    profile: VendorProfile = PROFILE,
    *,
    accept_simulated: bool = True,
) -> StationBook:
    book = StationBook([profile], accept_simulated=accept_simulated)
    book.put_station(station)
    book.put_evses([evse])
    return book


class TestFacts:
    def test_a_ready_evse_is_dispatchable_within_the_narrowest_bounds(self) -> None:
        facts = book_of().facts(EVSE)

        assert facts.dispatchable
        assert facts.dialect is Dialect.SETPOINT_SCHEDULED
        assert facts.verified
        assert facts.provisioned
        assert not facts.online
        assert facts.max_discharge == Power(18000)
        assert facts.min_discharge == Power(2000)
        assert facts.max_charge == Power(22000)
        assert facts.site == "site"
        assert facts.vehicle == "veh"

    def test_nobody_knows_a_stranger(self) -> None:
        book = book_of()

        for stranger in (EvseId(STATION, 2), EvseId(StationId("other"), 1)):
            assert book.facts(stranger).obstacle == "unknown_evse"
        assert book.vendor_profile(StationId("other")) is CHARGE_ONLY
        assert book.capability(StationId("other")) is UNREAD
        assert book.station(StationId("other")) is None
        assert book.evse(EvseId(StationId("other"), 1)) is None

    @pytest.mark.parametrize(
        ("book", "obstacle"),
        [
            (book_of(evse=replace(RATED, grid_parallel=False)), "island_only"),
            (
                book_of(replace(READY, make=replace(MAKE, firmware="2"))),
                "not_provisioned",
            ),
            (
                book_of(replace(READY, capabilities=to_document(UNREAD))),
                "not_provisioned",
            ),
            (book_of(accept_simulated=False), "charge_only"),
            (book_of(profile=replace(PROFILE, vendor="Other")), "charge_only"),
            (
                book_of(
                    replace(
                        READY,
                        capabilities=to_document(replace(ABLE, smart_charging=False)),
                    )
                ),
                "no_smart_charging",
            ),
            (
                book_of(
                    replace(READY, capabilities=to_document(replace(ABLE, v2x=())))
                ),
                "mode_not_supported",
            ),
            (
                book_of(profile=PULLED),
                "dynamic_not_supported",
            ),
            (book_of(evse=ONE_WAY), "no_discharge_rating"),
        ],
        ids=[
            "island", "other firmware", "never read", "no demonstration", "other make",
            "no profiles", "no central setpoint", "no dynamic", "one way",
        ],
    )  # fmt: skip
    def test_every_obstacle_has_its_word(
        self, book: StationBook, obstacle: str
    ) -> None:
        """v2x rules 1 to 3 and 5."""
        facts = book.facts(EVSE)

        assert facts.obstacle == obstacle
        assert not facts.dispatchable

    def test_a_quarantine_stops_the_make_at_once_until_it_is_lifted(self) -> None:
        """v2x rule 16."""
        book = book_of()

        book.quarantine(PROFILE.id)
        assert book.facts(EVSE).obstacle == "quarantined"
        assert book.facts(EVSE).quarantined
        assert book.quarantined == {PROFILE.id}

        book.lift(PROFILE.id)
        assert book.facts(EVSE).dispatchable

    def test_a_setpoint_by_data_transfer_needs_no_charging_profiles(self) -> None:
        profile = replace(
            PROFILE, dialect=Dialect.DATATRANSFER, editions=(EDITION_21, EDITION_201)
        )
        able = to_document(replace(ABLE, smart_charging=False, v2x=()))

        book = book_of(replace(READY, capabilities=able), profile=profile)

        assert book.facts(EVSE).dispatchable


class TestCapability:
    def test_it_counts_while_the_station_is_what_was_provisioned(self) -> None:
        assert book_of().capability(STATION) == ABLE

    def test_a_changed_edition_makes_it_void(self) -> None:
        book = book_of()

        book.put_station(replace(READY, edition=EDITION_201))

        assert book.capability(STATION) is UNREAD
        assert book.vendor_profile(STATION) is CHARGE_ONLY


class TestLookingUp:
    def test_evses_are_found_by_station_site_and_make(self) -> None:
        book = book_of()

        assert book.evses() == [RATED]
        assert book.evses(STATION) == [RATED]
        assert book.evses(StationId("other")) == []
        assert book.at_site(SiteId("site")) == [EVSE]
        assert book.at_site(SiteId("other")) == []
        assert book.sharing(PROFILE.id) == [EVSE]
        assert book.sharing("other") == []
        assert book.stations() == [READY]
        assert book.evse(EVSE) == RATED
        assert book.profiles == (PROFILE,)

    def test_evses_of_strangers_are_not_written_down(self) -> None:
        book = book_of()

        book.put_evses([replace(RATED, id=EvseId(StationId("other"), 1))])

        assert book.evses() == [RATED]

    def test_who_has_a_socket_is_online(self) -> None:
        book = book_of()

        book.set_online(STATION, online=True)
        assert book.is_online(STATION)
        assert book.facts(EVSE).online

        book.set_online(STATION, online=False)
        assert not book.is_online(STATION)
