"""A node whose stations script, for whoever looks after firmware and displays."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import text

from csms.db.firmware import PostgresFirmwareStore
from csms.domain.firmware import FirmwareUpdate, Step
from csms.domain.ids import EvseId, StationId
from csms.domain.station import DeviationCount, Variable
from csms.ocpp.wire import Edition
from csms.services.firmware import ImageDraft
from csms.services.firmware_files import FirmwareFiles
from csms.services.firmware_wishes import UpdateWish
from csms.services.ports.firmware import UPDATE
from tests.fakes.link import Answer, Answerer, FakeLink
from tests.http.nodes import EVENING, HOME_1, HOME_2, Stage, a_node

STATION, OTHER = HOME_1.station, HOME_2.station
_KEPT = """firmware_link firmware_campaign_member firmware_step firmware_publication
    firmware_update firmware_campaign firmware_image display_message data_transfer
    data_transfer_rule deviation station_notice station_variable incident fact
    signed_link notice profile_intent plan event_member duty event transaction"""
_DELETES = [f"DELETE FROM {table};" for table in _KEPT.split()]  # noqa: S608 ours
_FORGET = text(f"DO $$ BEGIN {' '.join(_DELETES)} END $$")
ACCEPTED: dict[str, Answer | Answerer] = {
    "UpdateFirmware": {"status": "Accepted"},
    "TriggerMessage": {"status": "Accepted"},
    "PublishFirmware": {"status": "Accepted"},
    "UnpublishFirmware": {"status": "Unpublished"},
    "SetDisplayMessage": {"status": "Accepted"},
    "ClearDisplayMessage": {"status": "Accepted"},
    "DataTransfer": {"status": "Accepted"},
}
VERSION = "2.0"
LOCATION = "https://fw.example.org/x21-2.0.bin"


@dataclass
class Upkeep:
    """A node, and the hands that look after its stations."""

    stage: Stage

    @property
    def now(self) -> datetime:
        return self.stage.clock.now()

    def link(
        self, station: StationId = STATION, **answers: Answer | Answerer
    ) -> FakeLink:
        """Let a station answer: what is not said, it accepts."""
        link = FakeLink(ACCEPTED | answers, station=station)
        self.stage.links[station] = link
        return link

    def asked(self, action: str, station: StationId = STATION) -> list[dict[str, Any]]:
        """Return what went over the wire to a station, one action of it."""
        link = self.stage.links[station]
        return [payload for name, payload, _ in link.asked if name == action]

    async def hear(
        self,
        action: str,
        payload: dict[str, Any],
        station: StationId = STATION,
        edition: Edition = Edition.V21,
    ) -> dict[str, Any]:
        """Let a station say something; return the answer that goes over the wire."""
        router = self.stage.inside.router
        return await router.answer(station, edition, action, payload)

    async def an_image(self, name: str = "x21-2.0", **changes: Any) -> str:  # noqa: ANN401
        said = {
            "vendor": "example",
            "model": "X21-*",
            "version": VERSION,
            "location": LOCATION,
        }
        images = self.stage.node.upkeep.images
        await images.register(ImageDraft(id=name, **(said | changes)), "test")
        return name

    async def want(
        self,
        station: StationId = STATION,
        image: str = "x21-2.0",
        **more: Any,  # noqa: ANN401
    ) -> FirmwareUpdate:
        updater = self.stage.node.upkeep.updater
        return await updater.want(station, UpdateWish(image, **more), "test")

    async def say(
        self, update: FirmwareUpdate, *words: str, station: StationId = STATION
    ) -> None:
        """Let a station say how its update goes."""
        for word in words:
            said = {"status": word, "requestId": update.request_id}
            assert await self.hear("FirmwareStatusNotification", said, station) == {}

    async def kept(self, update: FirmwareUpdate) -> FirmwareUpdate:
        async with self.stage.node.begin() as work:
            found = await work.firmware.update(update.request_id)
        assert found is not None
        return found

    async def steps(self, update: FirmwareUpdate) -> list[Step]:
        async with self.stage.node.begin() as work:
            return list(await work.firmware.steps(UPDATE, update.request_id))

    async def deviations(self, station: StationId = STATION) -> list[DeviationCount]:
        await self.stage.inside.journal.flush()
        async with self.stage.node.begin() as work:
            return list(await work.stations.deviations(station))

    async def incidents(self, station: StationId = STATION) -> list[str]:
        rows = await self.stage.node.queries.incidents(station=station, limit=50)
        return [row.kind for row in rows]

    async def drain(self) -> None:
        """Take every step of firmware that is due."""
        while await self.stage.node.upkeep.runner.step():
            pass
        await self.stage.node.upkeep.updater.confirm()

    async def fresh(self) -> None:
        """Begin anew on the evening before: nothing was asked, said or noted."""
        stage = self.stage
        stage.clock.jump_to(EVENING)
        await stage.inside.journal.flush()
        async with stage.node.begin() as work:
            assert isinstance(work.firmware, PostgresFirmwareStore)
            await work.firmware.connection.execute(_FORGET)
        for evse in (HOME_1, HOME_2):
            await stage.provide(evse)
            stage.node.live.update(evse, transaction=None, priority_charging=False)
            self.plug(evse, soc=90.0)
            self.link(evse.station)

    async def until(self, instant: datetime) -> None:
        self.stage.clock.jump_to(instant)
        await self.drain()

    async def has(self, *variables: Variable, station: StationId = STATION) -> None:
        """Let a device model be known."""
        async with self.stage.node.begin() as work:
            await work.models.replace(station, variables, self.now)

    def plug(self, evse: EvseId, *, soc: float | None) -> None:
        self.stage.node.live.update(
            evse, plugged=True, soc_pct=soc, soc_at=self.now if soc else None
        )


@asynccontextmanager
async def an_upkeep(url: str, data_dir: Path | None = None) -> AsyncIterator[Upkeep]:
    """Give a node with three homes, full vehicles, and stations that accept all."""
    async with a_node(url) as stage:
        await stage.populate()
        if data_dir is not None:
            images = stage.node.upkeep.images
            files = FirmwareFiles(data_dir / "firmware", 100_000)
            object.__setattr__(images, "files", files)
        world = Upkeep(stage)
        await world.fresh()
        yield world
