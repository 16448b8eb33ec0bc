"""Have local controllers offer firmware to their stations, and stop it (L03, L04)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from csms.domain.errors import Broken, NotFound
from csms.domain.firmware import Step
from csms.domain.ids import StationId
from csms.domain.publication import Publication, PublishState
from csms.services.firmware import Images
from csms.services.ports.firmware import PUBLICATION, FirmwareWire, PublishOrder
from csms.services.ports.wire import NoAnswer, RefusedByStation, Reply
from csms.services.reception import UnknownStation
from csms.services.world import World


class NoChecksum(Broken):
    """A local controller goes by the MD5 of the file, and the image has none."""

    code = "no-checksum"


class NotPublished(NotFound):
    """This local controller was not asked to offer such a file."""

    code = "not-published"
    usual_remedy = "see csms firmware controllers list"


UNPUBLISHED = "Unpublished"
"""The word of the one answer after which the file is offered no longer (L04.FR.02)."""


@dataclass(frozen=True, slots=True)
class Publishing:
    """Asks local controllers.

    Attributes:
        world: The means of the node.
        images: What there is to offer.
        wire: Asks local controllers.
    """

    world: World
    images: Images
    wire: FirmwareWire

    async def publish(self, controller: StationId, image: str, by: str) -> Publication:
        """Ask a local controller to fetch a firmware and to offer it.

        Raises:
            UnknownStation: If no such station is in the registry.
            NoSuchImage: If there is no such image.
            NoChecksum: If the MD5 of its file is not known.
        """
        if self.world.book.station(controller) is None:
            raise UnknownStation(f"there is no station {controller}")
        found, now = await self.images.image(image), self.world.clock.now()
        if found.md5 is None:
            raise NoChecksum(field="image", remedy="register it with its MD5")
        async with self.world.begin() as work:
            publication = await work.firmware.add_publication(
                Publication(
                    controller,
                    0,
                    found.id,
                    found.md5,
                    PublishState.SENT,
                    now,
                    by,
                    now,
                )
            )
            location = await self.images.location(work, found, controller)
            detail = {"image": image, "request": publication.request_id}
            await work.access.audit(by, "firmware.published", controller, detail, now)
        order = PublishOrder(publication.request_id, location, found.md5, 3, 60)
        try:
            reply = await self.wire.publish(controller, order)
        except NoAnswer as silence:
            return await self._heard(publication, None, f"no answer: {silence.kind}")
        except RefusedByStation as refused:
            why = f"{refused.code} {refused.description}".strip()
            return await self._heard(publication, PublishState.REFUSED, why)
        state = PublishState.ACCEPTED if reply.accepted else PublishState.REFUSED
        return await self._heard(publication, state, reply.info)

    async def unpublish(self, controller: StationId, checksum: str, by: str) -> Reply:
        """Ask a local controller to offer a file no longer; return its word.

        Raises:
            NotPublished: If it was never asked to offer such a file.
            NoAnswer: If it cannot be asked.
            RefusedByStation: If it answers by an error.
        """
        async with self.world.begin() as work:
            listed = await work.firmware.publications(controller)
        mine = [each for each in listed if each.checksum == checksum.lower()]
        if not mine:
            raise NotPublished(f"{controller} was never asked to offer {checksum}")
        reply = await self.wire.unpublish(controller, mine[0].checksum)
        now = self.world.clock.now()
        async with self.world.begin() as work:
            detail = {"checksum": checksum, "answer": reply.status}
            await work.access.audit(by, "firmware.unpublished", controller, detail, now)
            for each in mine:
                held = await work.firmware.hold_publication(each.request_id)
                if held is None:
                    continue
                await work.firmware.add_step(
                    PUBLICATION, each.request_id, Step(now, reply.status)
                )
                if reply.status in (UNPUBLISHED, "NoFirmware"):
                    gone = replace(
                        held,
                        state=PublishState.UNPUBLISHED,
                        locations=(),
                        detail=reply.status,
                        updated_at=now,
                    )
                    await work.firmware.save_publication(gone)
        return reply

    async def listed(self, controller: StationId) -> Sequence[Publication]:
        """Return what a local controller was asked to offer, the youngest first."""
        async with self.world.begin() as work:
            return await work.firmware.publications(controller)

    async def _heard(
        self, asked: Publication, state: PublishState | None, info: str
    ) -> Publication:
        """Keep the answer, unless its reports are further already."""
        now = self.world.clock.now()
        async with self.world.begin() as work:
            held = await work.firmware.hold_publication(asked.request_id) or asked
            said = state.value if state else PublishState.SENT.value
            await work.firmware.add_step(
                PUBLICATION, asked.request_id, Step(now, said, info=info)
            )
            if held.state is PublishState.SENT:
                after = state or PublishState.SENT
                held = replace(held, state=after, detail=info, updated_at=now)
                await work.firmware.save_publication(held)
        return held
