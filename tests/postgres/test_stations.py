"""Stations on a real database: received, provisioned, remembered."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest

from csms.charging.capability import UNREAD
from csms.charging.configuration import SAMPLING, by_key
from csms.domain.ids import StationId
from csms.domain.station import (
    EDITION_21,
    EDITION_201,
    Standing,
    Variable,
    VariableKey,
)
from csms.services.configuring import UNREADABLE
from csms.services.reception import UnknownStation
from tests.fakes.device_model import FakeModel
from tests.station_world import (
    EVSE,
    MAKE,
    STATION,
    Lobby,
    lobby_on,
    reopened,
)

pytestmark = pytest.mark.postgres

HOUR = timedelta(hours=1)


@pytest.fixture
async def lobby(database: str) -> AsyncIterator[Lobby]:
    async with lobby_on(database) as lobby:
        yield lobby


class TestBooting:
    """B01 to B03."""

    async def test_a_station_is_pending_until_it_is_provisioned(
        self, lobby: Lobby
    ) -> None:
        await lobby.arrive()
        assert await lobby.boot() is Standing.PENDING

        await lobby.settle()

        assert lobby.reception.standing(STATION) is Standing.ACCEPTED
        assert lobby.remote.triggered == ["BootNotification"]
        assert await lobby.boot(reason="Triggered") is Standing.ACCEPTED
        assert lobby.book.facts(EVSE).dispatchable

    async def test_a_new_process_knows_what_the_old_one_knew(
        self, lobby: Lobby
    ) -> None:
        await lobby.arrive()
        await lobby.boot()
        await lobby.settle()

        book = await reopened(lobby)

        assert book.facts(EVSE) == replace(lobby.book.facts(EVSE), online=False)
        assert book.capability(STATION) == lobby.book.capability(STATION)
        known = book.station(STATION)
        assert known is not None
        assert known.make == MAKE
        assert known.boot_reason == "PowerUp"
        assert known.edition == EDITION_21

    async def test_a_stranger_is_told_so(self, lobby: Lobby) -> None:
        boot = replace(lobby.a_boot(), station=StationId("stranger"))

        with pytest.raises(UnknownStation):
            await lobby.reception.boot(boot)
        assert lobby.reception.standing(boot.station) is Standing.REJECTED

    async def test_a_rejected_station_stays_out_until_it_is_taken_back(
        self, lobby: Lobby
    ) -> None:
        await lobby.reception.set_standing(STATION, Standing.REJECTED, "op")

        await lobby.arrive()
        assert await lobby.boot() is Standing.REJECTED
        await lobby.settle()
        assert lobby.model.calls == []
        assert (await reopened(lobby)).station(STATION).standing is Standing.REJECTED  # type: ignore[union-attr]

        await lobby.reception.set_standing(STATION, Standing.PENDING, "op")
        assert await lobby.boot() is Standing.PENDING
        await lobby.settle()
        assert lobby.reception.standing(STATION) is Standing.ACCEPTED

    async def test_rejecting_ends_what_is_under_way(self, lobby: Lobby) -> None:
        """B03.FR.03."""
        await lobby.arrive()
        await lobby.boot()
        await lobby.reception.set_standing(STATION, Standing.REJECTED, "op")
        await lobby.settle()

        assert lobby.model.calls == []

    async def test_provisioning_accepts_nobody_who_is_rejected(
        self, lobby: Lobby
    ) -> None:
        await lobby.arrive()
        await lobby.reception.set_standing(STATION, Standing.REJECTED, "op")

        await lobby.provisioner.provision(STATION)

        assert lobby.reception.standing(STATION) is Standing.REJECTED
        known = (await reopened(lobby)).station(STATION)
        assert known is not None
        assert known.standing is Standing.REJECTED

    async def test_changed_firmware_is_provisioned_anew(self, lobby: Lobby) -> None:
        """v2x rule 1."""
        await lobby.arrive()
        await lobby.boot()
        await lobby.settle()

        assert await lobby.boot(replace(MAKE, firmware="2.0")) is Standing.PENDING
        assert lobby.book.capability(STATION) is UNREAD
        assert not lobby.book.facts(EVSE).dispatchable

        await lobby.settle()
        assert lobby.reception.standing(STATION) is Standing.ACCEPTED
        assert lobby.book.facts(EVSE).obstacle == "charge_only"

    async def test_a_restart_is_accepted_and_forgotten_settings_are_set_again(
        self, lobby: Lobby
    ) -> None:
        await lobby.arrive()
        await lobby.boot()
        await lobby.settle()
        await lobby.boot(reason="Triggered")
        forgotten = lobby.model.known[SAMPLING]
        lobby.model.known[SAMPLING] = forgotten._replace(value="0")
        lobby.model.calls.clear()

        assert await lobby.boot(reason="Watchdog") is Standing.ACCEPTED
        await lobby.settle()

        assert lobby.model.known[SAMPLING].value == "60"
        assert "FullInventory" not in lobby.model.calls
        async with lobby.begin() as work:
            kept = by_key(await work.models.variables(STATION))
            known = await work.stations.find(STATION)
        assert kept[SAMPLING].value == "60"
        assert known is not None
        assert known.boot_reason == "Watchdog"

    async def test_a_boot_that_we_asked_for_restarted_nothing(
        self, lobby: Lobby
    ) -> None:
        await lobby.arrive()
        await lobby.boot()
        await lobby.settle()
        lobby.model.calls.clear()

        await lobby.boot(reason="Triggered")
        await lobby.settle()

        assert lobby.model.calls == []

    async def test_the_boot_that_we_asked_for_may_give_another_reason(
        self, lobby: Lobby
    ) -> None:
        await lobby.arrive()
        await lobby.boot()
        await lobby.settle()
        lobby.model.calls.clear()

        assert await lobby.boot() is Standing.ACCEPTED
        await lobby.settle()
        assert lobby.model.calls == []

        assert await lobby.boot() is Standing.ACCEPTED
        await lobby.settle()
        assert lobby.model.calls != []

    async def test_booting_while_it_is_provisioned_does_not_begin_again(
        self, lobby: Lobby
    ) -> None:
        await lobby.arrive()
        for _ in range(5):
            assert await lobby.boot() is Standing.PENDING
        await lobby.settle()

        assert lobby.model.calls.count("FullInventory") == 1


class TestComingWithoutBoot:
    """Some stations do not boot after they have reconnected."""

    async def test_one_that_was_never_seen_is_provisioned_all_the_same(
        self, lobby: Lobby
    ) -> None:
        for name, value in (("VendorName", "Example"), ("Model", "x21-scheduled")):
            key = VariableKey("ChargingStation", name)
            lobby.model.known[key] = Variable(key, value=value)
        key = VariableKey("Controller", "FirmwareVersion")
        lobby.model.known[key] = Variable(key, value="sim-1.0")

        await lobby.arrive()
        await lobby.settle()

        assert lobby.reception.standing(STATION) is Standing.ACCEPTED
        assert lobby.book.facts(EVSE).dispatchable
        assert (await reopened(lobby)).facts(EVSE).obstacle is None

    async def test_one_that_is_provisioned_is_left_in_peace(self, lobby: Lobby) -> None:
        await lobby.arrive()
        await lobby.boot()
        await lobby.settle()
        lobby.model.calls.clear()

        lobby.reception.disconnected(STATION, "gone")
        await lobby.arrive()
        await lobby.settle()

        assert lobby.model.calls == []
        assert lobby.book.facts(EVSE).dispatchable

    async def test_one_that_speaks_another_edition_is_provisioned_anew(
        self, lobby: Lobby
    ) -> None:
        await lobby.arrive()
        await lobby.boot()
        await lobby.settle()
        lobby.model.calls.clear()

        await lobby.arrive(EDITION_201)
        assert lobby.book.capability(STATION) is UNREAD
        await lobby.settle()

        assert "FullInventory" in lobby.model.calls
        assert lobby.book.capability(STATION).edition == EDITION_201

    async def test_one_that_refuses_to_boot_is_asked_for_its_status(
        self, lobby: Lobby
    ) -> None:
        lobby.remote.refuses = {"BootNotification"}

        await lobby.arrive()
        await lobby.settle()

        assert lobby.remote.triggered == ["BootNotification", "StatusNotification"]

    async def test_one_that_knows_no_triggers_is_served(self, lobby: Lobby) -> None:
        lobby.remote.unknown = {"BootNotification", "StatusNotification"}

        await lobby.arrive()
        await lobby.settle()

        assert lobby.reception.standing(STATION) is Standing.ACCEPTED


class TestProvisioning:
    async def test_a_station_that_tells_nothing_charges_and_is_never_dispatched(
        self, lobby: Lobby
    ) -> None:
        """v2x rule 1."""
        lobby.model.known.clear()
        lobby.model.silent = {"report", "get", "set"}

        await lobby.arrive()
        await lobby.boot()
        await lobby.settle()

        known = lobby.book.station(STATION)
        assert known is not None
        assert known.standing is Standing.ACCEPTED
        assert UNREADABLE in known.shortcomings
        assert lobby.book.facts(EVSE).obstacle == "not_provisioned"

    async def test_shortcomings_are_remembered(self, lobby: Lobby) -> None:
        await lobby.arrive()
        await lobby.boot()
        await lobby.settle()

        known = (await reopened(lobby)).station(STATION)

        assert known is not None
        assert "AlignedDataCtrlr.Measurands does not exist" in known.shortcomings

    async def test_a_cut_connection_ends_it_and_the_next_one_begins_anew(
        self, lobby: Lobby
    ) -> None:
        lobby.model.gone = True
        await lobby.arrive()
        await lobby.boot()
        await lobby.settle()
        assert lobby.reception.standing(STATION) is Standing.PENDING

        lobby.model.gone = False
        lobby.reception.disconnected(STATION, "cut")
        await lobby.arrive()
        await lobby.settle()

        assert lobby.reception.standing(STATION) is Standing.ACCEPTED

    async def test_leaving_stops_it(self, lobby: Lobby) -> None:
        await lobby.arrive()
        await lobby.boot()
        lobby.reception.disconnected(STATION, "gone")
        await lobby.settle()

        assert lobby.model.calls == []

    async def test_a_failure_of_ours_is_tried_again(
        self, lobby: Lobby, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        failures = iter([RuntimeError("database away")])
        honest = FakeModel.get_base_report

        async def failing(model: FakeModel, *args: object) -> object:
            for error in failures:
                raise error
            return await honest(model, *args)  # type: ignore[arg-type]

        monkeypatch.setattr(FakeModel, "get_base_report", failing)

        await lobby.arrive()
        await lobby.boot()
        await lobby.settle()

        assert lobby.reception.standing(STATION) is Standing.ACCEPTED

    async def test_sampling_can_be_changed_for_an_event(self, lobby: Lobby) -> None:
        assert await lobby.provisioner.set_sampling(STATION, 30)
        assert lobby.model.known[SAMPLING].value == "30"

        lobby.model.silent = {"set"}
        assert not await lobby.provisioner.set_sampling(STATION, 15)

    async def test_a_stranger_has_nothing_to_provision(self, lobby: Lobby) -> None:
        assert await lobby.provisioner.provision(StationId("stranger")) == ()
        lobby.provisioner.connected(StationId("stranger"))
        await lobby.provisioner.idle()
