"""Importing a fleet, and what may be sent to it."""

from collections.abc import AsyncIterator, Callable
from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest

from csms.services.registry_document import MalformedRegistry
from simulators.population import load_fleet
from simulators.registry import registry
from tests.station_world import EVSE, STATION, Lobby, a_registry, lobby_on

pytestmark = pytest.mark.postgres


@pytest.fixture
async def lobby(database: str) -> AsyncIterator[Lobby]:
    async with lobby_on(database) as lobby:
        yield lobby


def edited(change: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    document = deepcopy(a_registry())
    change(document)
    return document


class TestImporting:
    async def test_the_same_again_changes_nothing(self, lobby: Lobby) -> None:
        result = await lobby.registry.import_registry(a_registry(), "op")

        assert result.created == ()
        assert result.updated == ()
        assert len(result.unchanged) == 6

    async def test_what_differs_is_named(self, lobby: Lobby) -> None:
        def change(document: dict[str, Any]) -> None:
            document["sites"][0]["export_cap_kw"] = 5
            document["stations"][0]["evses"][0]["max_discharge_kw"] = 3
            document["stations"][0]["evses"].append(
                {
                    "number": 2, "max_charge_kw": 7, "max_discharge_kw": 0,
                    "grid_parallel": True,
                }
            )  # fmt: skip
            document["enrollments"][0]["participant_share"] = 0.5

        result = await lobby.registry.import_registry(edited(change), "op")

        assert result.created == (f"evse {STATION}/2",)
        assert set(result.updated) == {
            "site home-01", f"evse {EVSE}", f"enrollment ma-cs-small {EVSE}",
        }  # fmt: skip
        assert lobby.book.facts(EVSE).max_discharge.watts == 3000
        assert len(lobby.book.evses()) == 2

    async def test_what_is_not_mentioned_stays(self, lobby: Lobby) -> None:
        await lobby.registry.import_registry({"version": 1}, "op")

        assert len(await self.counts(lobby)) == 1

    async def test_a_known_station_keeps_its_password(self, lobby: Lobby) -> None:
        result = await lobby.registry.import_registry(
            edited(lambda each: each["stations"][0].pop("password")), "op"
        )

        assert f"station {STATION}" in result.unchanged

    @pytest.mark.parametrize(
        ("change", "path"),
        [
            (lambda d: d["sites"][0].update(participant="x"), "sites[0].participant"),
            (
                lambda d: d["vehicles"][0].update(participant="x"),
                "vehicles[0].participant",
            ),
            (lambda d: d["stations"][0].update(site="x"), "stations[0].site"),
            (
                lambda d: d["stations"][0]["evses"][0].update(vehicle="x"),
                "stations[0].evses[0].vehicle",
            ),
            (
                lambda d: d["stations"][0].update(id="NEW", password=None),
                "stations[0].password",
            ),
            (lambda d: d["enrollments"][0].update(evse=7), "enrollments[0].evse"),
            (
                lambda d: d["enrollments"][0].update(program="x"),
                "enrollments[0].program",
            ),
        ],
    )
    async def test_nothing_is_imported_if_anything_is_wrong(
        self, lobby: Lobby, change: Callable[[dict[str, Any]], object], path: str
    ) -> None:
        def and_more(document: dict[str, Any]) -> None:
            document["participants"][0]["name"] = "Renamed"
            change(document)

        strict = replace(lobby.registry, programs=frozenset({"ma-cs-small"}))

        with pytest.raises(MalformedRegistry) as told:
            await strict.import_registry(edited(and_more), "op")

        assert [flaw.path for flaw in told.value.flaws] == [path]
        assert await self.counts(lobby) == ["Home 01"]

    async def test_others_are_told_to_read_anew(self, lobby: Lobby) -> None:
        told = []

        async def refresh() -> None:
            told.append("premises")

        curious = replace(lobby.registry, refresh=[refresh])
        await curious.import_registry(a_registry(), "op")

        assert told == ["premises"]

    async def test_the_whole_demonstration_fleet_comes_in(self, lobby: Lobby) -> None:
        document = registry(load_fleet("masscec", 1))

        result = await lobby.registry.import_registry(document, "op")
        again = await lobby.registry.import_registry(document, "op")

        assert len([each for each in result.created if each.startswith("evse")]) == 55
        assert again.created == again.updated == ()

    async def counts(self, lobby: Lobby) -> list[str]:
        async with lobby.begin() as work:
            return [each.name for each in await work.fleet.participants()]
