"""Participants, sites, vehicles, EVSEs and enrollments on a real database."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, time
from decimal import Decimal

import pytest

from csms.domain.ids import EvseId, ParticipantId, ProgramId, SiteId, VehicleId
from csms.domain.participant import ParticipantKind
from csms.domain.units import Energy, Power
from csms.domain.vehicle import Departure, MobilityNeed, Override
from tests.station_world import EVSE, STATION, Lobby, lobby_on

pytestmark = pytest.mark.postgres

HOME = ParticipantId("home-01")
SMALL = ProgramId("ma-cs-small")
CAR = VehicleId("veh-home-01")


@pytest.fixture
async def lobby(database: str) -> AsyncIterator[Lobby]:
    async with lobby_on(database) as lobby:
        yield lobby


async def test_what_was_imported_is_found(lobby: Lobby) -> None:
    async with lobby.begin() as work:
        participant = await work.fleet.participant(HOME)
        site = await work.fleet.site(SiteId("home-01"))
        vehicle = await work.fleet.vehicle(CAR)
        evse = await work.fleet.evse(EVSE)

    assert participant is not None
    assert participant.kind is ParticipantKind.RESIDENTIAL
    assert site is not None
    assert site.export_cap == Power(12_000)
    assert vehicle is not None
    assert vehicle.battery == Energy.kwh(40)
    assert vehicle.need == MobilityNeed(
        30,
        (Departure(0, time(7, 30), 80),),
        (Override(date(2026, 7, 14), time(9), 90),),
    )
    assert evse is not None
    assert evse.min_discharge == Power(1000)
    assert evse.vehicle == CAR


async def test_strangers_are_not_found(lobby: Lobby) -> None:
    async with lobby.begin() as work:
        assert await work.fleet.participant(ParticipantId("x")) is None
        assert await work.fleet.site(SiteId("x")) is None
        assert await work.fleet.vehicle(VehicleId("x")) is None
        assert await work.fleet.evse(EvseId(STATION, 9)) is None
        assert not await work.fleet.save_need(VehicleId("x"), MobilityNeed(20))


async def test_lists_are_complete_and_ordered(lobby: Lobby) -> None:
    async with lobby.begin() as work:
        first = (await work.fleet.evses())[0]
        await work.fleet.save_evse(replace(first, id=EvseId(STATION, 3), vehicle=None))
        await work.fleet.save_evse(replace(first, id=EvseId(STATION, 2)))

        numbers = [each.id.number for each in await work.fleet.evses_of(STATION)]
        assert numbers == [1, 2, 3]
        assert len(await work.fleet.evses()) == 3
        assert [each.id for each in await work.fleet.sites()] == ["home-01"]
        assert [each.id for each in await work.fleet.participants()] == [HOME]
        assert [each.id for each in await work.fleet.vehicles()] == [CAR]


async def test_a_need_replaces_the_former_one(lobby: Lobby) -> None:
    need = MobilityNeed(45.5, (), (Override(date(2026, 7, 14), None, 0),))

    async with lobby.begin() as work:
        assert await work.fleet.save_need(CAR, need)
        vehicle = await work.fleet.vehicle(CAR)

    assert vehicle is not None
    assert vehicle.need == need
    assert vehicle.name == "A car"


async def test_enrollments_are_found_by_program_day_and_participant(
    lobby: Lobby,
) -> None:
    async with lobby.begin() as work:
        (enrollment,) = await work.fleet.enrollments()
        ended = replace(
            enrollment,
            program=ProgramId("past"),
            ends_on=date(2026, 6, 30),
            participant_share=Decimal("0.8"),
        )
        await work.fleet.save_enrollment(ended)

        assert await work.fleet.enrollments() == [enrollment, ended]
        assert await work.fleet.enrollments(SMALL) == [enrollment]
        assert await work.fleet.enrollments(on=date(2026, 6, 30)) == [enrollment, ended]
        assert await work.fleet.enrollments(on=date(2026, 7, 1)) == [enrollment]
        assert await work.fleet.enrollments(on=date(2026, 5, 31)) == []
        assert await work.fleet.enrollments_of(HOME) == [enrollment, ended]
        assert await work.fleet.enrollments_of(ParticipantId("x")) == []
