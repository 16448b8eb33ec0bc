"""Firmware campaigns: waves, pauses, retries, crashes; and local controllers."""

import contextlib
from datetime import timedelta
from typing import Any

import pytest

from csms.domain.campaign import CampaignState, Pace
from csms.domain.errors import DomainError
from csms.domain.ids import SiteId, StationId
from csms.domain.publication import PublishState
from csms.ocpp.link import Unanswered
from csms.services.campaign_drafts import CampaignDraft
from csms.services.campaigning import Campaigns
from csms.services.ports.firmware import PUBLICATION
from tests.http.nodes import HOME_1, HOME_2, PLANT, WINDOW
from tests.proving import exercises, proves
from tests.upkeep_world import OTHER, STATION, Upkeep

pytestmark = [pytest.mark.postgres, pytest.mark.asyncio(loop_scope="module")]

THIRD = PLANT.station
ALL = (STATION, OTHER, THIRD)
HOUR = timedelta(hours=1)
MD5 = "0123456789abcdef0123456789abcdef"


async def begin(world: Upkeep, **more: Any) -> Campaigns:  # noqa: ANN401
    world.plug(PLANT, soc=90.0)
    world.link(THIRD)
    await world.an_image()
    pace = Pace(**({"wave_size": 2, "max_parallel": 1} | more.pop("pace", {})))
    draft = CampaignDraft("c1", "To 2.0", "x21-2.0", pace=pace, **more)
    campaigns = world.stage.node.upkeep.campaigns
    await campaigns.begin(draft, "ada")
    await world.drain()
    return campaigns


async def states(world: Upkeep) -> tuple[CampaignState, list[str]]:
    campaign, members = await world.stage.node.upkeep.campaigns.find("c1")
    return campaign.state, [each.state.value for each in members]


def asked(world: Upkeep) -> list[StationId]:
    return [each for each in ALL if world.asked("UpdateFirmware", each)]


async def ends(world: Upkeep, station: StationId, *words: str) -> None:
    """Let the station's latest update go this way."""
    async with world.stage.node.begin() as work:
        (update, *_) = await work.firmware.updates(station=station, limit=1)
    await world.say(update, *words, station=station)
    await world.drain()


class TestWaves:
    async def test_one_after_the_other_and_wave_after_wave(self, world: Upkeep) -> None:
        await begin(world)
        assert asked(world) == [STATION]

        await ends(world, STATION, "Downloading", "Installing", "Installed")
        assert asked(world) == [STATION, OTHER]
        assert (await states(world))[1] == ["done", "asked", "waiting"]

        await ends(world, OTHER, "Installed")
        assert asked(world) == list(ALL)
        await ends(world, THIRD, "Installed")

        assert await states(world) == (CampaignState.COMPLETED, ["done"] * 3)

    async def test_a_second_wave_waits_for_the_first(self, world: Upkeep) -> None:
        await begin(world, pace={"max_parallel": 9})
        assert asked(world) == [STATION, OTHER]

        await ends(world, STATION, "Installed")

        assert asked(world) == [STATION, OTHER]

    async def test_whoever_runs_it_is_skipped(self, world: Upkeep) -> None:
        await world.an_image("same", version="sim-1.0")
        draft = CampaignDraft("c1", "", "same")
        await world.stage.node.upkeep.campaigns.begin(draft, "ada")
        await world.drain()

        assert (await states(world))[1] == ["skipped"] * 3
        assert asked(world) == []

    async def test_it_starts_when_it_is_told_to(self, world: Upkeep) -> None:
        await begin(world, starts_at=world.now + HOUR)
        assert asked(world) == []

        await world.until(world.now + HOUR)

        assert asked(world) == [STATION]


class TestFailures:
    async def test_it_pauses_by_itself_and_goes_on_when_told(
        self, world: Upkeep
    ) -> None:
        campaigns = await begin(world, pace={"retries": 0, "pause_share": 0.5})

        await ends(world, STATION, "DownloadFailed")

        campaign, _ = await campaigns.find("c1")
        assert (campaign.state, campaign.detail) == (
            CampaignState.PAUSED, "1 of 1 failed",
        )  # fmt: skip
        assert asked(world) == [STATION]

        await campaigns.resume("c1", "ada")
        await world.drain()

        assert asked(world) == [STATION, OTHER]

    async def test_a_failure_is_tried_again_after_a_rest(self, world: Upkeep) -> None:
        await begin(world, pace={"retries": 1, "retry_rest": HOUR, "wave_size": 1})
        await ends(world, STATION, "DownloadFailed")
        assert (await states(world))[1][0] == "waiting"
        assert len(world.asked("UpdateFirmware")) == 1

        world.stage.clock.jump_to(world.now + HOUR)
        for evse in (HOME_1, HOME_2, PLANT):
            world.plug(evse, soc=90.0)
        await world.drain()

        assert len(world.asked("UpdateFirmware")) == 2
        await ends(world, STATION, "DownloadFailed")
        assert await states(world) == (
            CampaignState.PAUSED, ["failed", "waiting", "waiting"],
        )  # fmt: skip

    async def test_silence_counts_as_a_failure(self, world: Upkeep) -> None:
        world.link(UpdateFirmware=Unanswered())
        await begin(world, pace={"retries": 0})
        world.link(UpdateFirmware=Unanswered())

        for _ in range(4):
            await world.until(world.now + timedelta(minutes=15))

        assert await states(world) == (
            CampaignState.PAUSED, ["failed", "waiting", "waiting"],
        )  # fmt: skip

    async def test_one_that_comes_through_late_counts_as_done(
        self, world: Upkeep
    ) -> None:
        campaigns = await begin(world, pace={"retries": 0})
        await ends(world, STATION, "DownloadFailed")
        async with world.stage.node.begin() as work:
            (update, *_) = await work.firmware.updates(station=STATION, limit=1)
        await world.say(update, "Downloading", "Installed")
        await campaigns.resume("c1", "ada")
        await world.drain()

        assert (await states(world))[1][0] == "done"


class TestHands:
    async def test_a_paused_campaign_asks_nobody_new(self, world: Upkeep) -> None:
        campaigns = await begin(world)
        await campaigns.pause("c1", "ada")

        await ends(world, STATION, "Installed")

        assert await states(world) == (
            CampaignState.PAUSED, ["done", "waiting", "waiting"],
        )  # fmt: skip
        await campaigns.resume("c1", "ada")
        await world.drain()
        assert asked(world) == [STATION, OTHER]

    async def test_a_cancelled_one_lets_go_of_who_was_not_asked(
        self, world: Upkeep
    ) -> None:
        campaigns = await begin(world)

        await campaigns.cancel("c1", "ada")
        await world.drain()
        assert (await states(world))[1] == ["asked", "cancelled", "cancelled"]
        await ends(world, STATION, "Installed")

        assert await states(world) == (
            CampaignState.CANCELLED, ["done", "cancelled", "cancelled"],
        )  # fmt: skip
        assert asked(world) == [STATION]
        with pytest.raises(DomainError) as problem:
            await campaigns.resume("c1", "ada")
        assert problem.value.code == "campaign-state"
        async with world.stage.node.begin() as work:
            trail = await work.access.trail(before=None, limit=2)
        assert [each.action for each in trail] == [
            "campaign.cancelled", "campaign.begun",
        ]  # fmt: skip


class TestSafety:
    async def test_members_of_an_event_are_left_alone(self, world: Upkeep) -> None:
        await world.stage.call()
        world.stage.clock.jump_to(WINDOW.start - HOUR)
        for evse in (HOME_1, HOME_2):
            world.plug(evse, soc=90.0)

        await begin(world, pace={"max_parallel": 3, "wave_size": 3})

        assert asked(world) == [THIRD]  # the one that takes no part
        _, members = await world.stage.node.upkeep.campaigns.find("c1")
        assert members[0].detail.startswith("waits: an event from")

    async def test_a_vehicle_that_needs_its_charge_is_left_alone(
        self, world: Upkeep
    ) -> None:
        world.plug(HOME_1, soc=10.0)

        await begin(world)

        assert asked(world) == [OTHER]
        assert (await states(world))[1] == ["waiting", "asked", "waiting"]

    async def test_what_was_chosen_is_looked_at_again_before_it_is_sent(
        self, world: Upkeep
    ) -> None:
        """A crash, or a new event, may lie between the two."""
        world.plug(PLANT, soc=90.0)
        await world.an_image()
        draft = CampaignDraft("c1", "", "x21-2.0")
        campaigns = world.stage.node.upkeep.campaigns
        await campaigns.begin(draft, "ada")
        assert await campaigns.step()
        assert (await states(world))[1].count("asked") == 3
        world.plug(HOME_1, soc=10.0)

        await world.drain()

        assert world.asked("UpdateFirmware") == []
        assert len(world.asked("UpdateFirmware", OTHER)) == 1

    async def test_a_crash_between_the_steps_loses_and_doubles_nothing(
        self, world: Upkeep
    ) -> None:
        campaigns = await begin(world, pace={"max_parallel": 3})
        sent = len(world.asked("UpdateFirmware"))

        class Killed(Exception):
            pass

        with contextlib.suppress(Killed):
            async with world.stage.node.begin() as work:
                campaign = await work.campaigns.hold("c1")
                assert campaign is not None
                await campaigns._advance(work, campaign, world.now)  # noqa: SLF001
                raise Killed
        await world.until(world.now + timedelta(minutes=2))

        assert len(world.asked("UpdateFirmware")) == sent == 1
        assert (await states(world))[1][:2] == ["asked", "asked"]


class TestBadCampaigns:
    @pytest.mark.parametrize(
        ("changes", "code", "field"),
        [
            ({"id": "../x"}, "bad-campaign", "id"),
            ({"image": "nothing"}, "no-such-image", None),
            ({"pace": Pace(pause_share=0.0)}, "bad-campaign", "pause_share"),
            ({"pace": Pace(wave_size=0)}, "bad-campaign", "wave_size"),
            ({"pace": Pace(retries=-1)}, "bad-campaign", "retries"),
            ({"site": SiteId("nowhere")}, "bad-campaign", "stations"),
            ({"stations": (StationId("NOBODY"),)}, "unknown-station", "stations"),
        ],
    )
    async def test_what_makes_no_sense_is_refused(
        self, world: Upkeep, changes: dict[str, Any], code: str, field: str | None
    ) -> None:
        await world.an_image()
        given = {"id": "c1", "name": "", "image": "x21-2.0"} | changes

        with pytest.raises(DomainError) as problem:
            await world.stage.node.upkeep.campaigns.begin(CampaignDraft(**given), "ada")

        assert (problem.value.code, problem.value.field) == (code, field)

    async def test_a_station_has_one_campaign_at_a_time(self, world: Upkeep) -> None:
        campaigns = await begin(world)

        with pytest.raises(DomainError) as problem:
            await campaigns.begin(CampaignDraft("c2", "", "x21-2.0"), "ada")
        assert problem.value.code == "station-busy"

        await campaigns.cancel("c1", "ada")
        await ends(world, STATION, "Installed")
        with pytest.raises(DomainError) as problem:
            await campaigns.begin(CampaignDraft("c1", "", "x21-2.0"), "ada")
        assert problem.value.code == "campaign-exists"


class TestLocalControllers:
    @exercises("PublishFirmwareStatusNotification")
    @proves("L03.FR.02", "TC_L_17_CSMS")
    async def test_a_firmware_is_published(self, world: Upkeep) -> None:
        await world.an_image(md5=MD5)

        asked = await world.stage.node.upkeep.publishing.publish(
            STATION, "x21-2.0", "ada"
        )

        (sent,) = world.asked("PublishFirmware")
        assert sent["checksum"] == MD5
        assert sent["location"] == "https://fw.example.org/x21-2.0.bin"
        assert sent["requestId"] == asked.request_id
        assert asked.state is PublishState.ACCEPTED
        urls = ["http://10.0.0.1/f", "ftp://10.0.0.1/f"]
        for word in ("Downloading", "Downloaded", "ChecksumVerified"):
            await self.say(world, asked.request_id, word)
        await self.say(world, asked.request_id, "Published", location=urls)

        async with world.stage.node.begin() as work:
            (kept,) = await work.firmware.publications(STATION)
            steps = await work.firmware.steps(PUBLICATION, kept.request_id)
        assert (kept.state, list(kept.locations)) == (PublishState.PUBLISHED, urls)
        assert [each.said for each in steps] == [
            "accepted", "downloading", "downloaded", "checksum_verified", "published",
        ]  # fmt: skip
        assert await world.deviations() == []
        # What is published is where stations are sent to (L03, step 6).
        await world.want(location=urls[0])
        assert world.asked("UpdateFirmware")[0]["firmware"]["location"] == urls[0]

    @proves("TC_L_24_CSMS", "TC_L_19_CSMS", "TC_L_20_CSMS")
    @pytest.mark.parametrize(
        ("word", "state"),
        [
            ("DownloadFailed", PublishState.DOWNLOAD_FAILED),
            ("InvalidChecksum", PublishState.INVALID_CHECKSUM),
            ("PublishFailed", PublishState.PUBLISH_FAILED),
        ],
    )
    async def test_it_may_fail(
        self, world: Upkeep, word: str, state: PublishState
    ) -> None:
        await world.an_image(md5=MD5)
        asked = await world.stage.node.upkeep.publishing.publish(
            STATION, "x21-2.0", "ada"
        )

        await self.say(world, asked.request_id, "Downloading")
        await self.say(world, asked.request_id, word)

        assert (await self.kept(world)) is state
        assert await world.incidents() == [f"firmware_{state}"]

    @proves("TC_L_21_CSMS", "TC_L_22_CSMS", "TC_L_23_CSMS")
    @pytest.mark.parametrize(
        ("word", "state"),
        [
            ("Unpublished", PublishState.UNPUBLISHED),
            ("NoFirmware", PublishState.UNPUBLISHED),
            ("DownloadOngoing", PublishState.PUBLISHED),
        ],
    )
    async def test_it_is_taken_back(
        self, world: Upkeep, word: str, state: PublishState
    ) -> None:
        await world.an_image(md5=MD5)
        publishing = world.stage.node.upkeep.publishing
        asked = await publishing.publish(STATION, "x21-2.0", "ada")
        await self.say(world, asked.request_id, "Published", location=["http://a/f"])
        world.link(UnpublishFirmware={"status": word})

        reply = await publishing.unpublish(STATION, MD5, "ada")

        assert world.asked("UnpublishFirmware") == [{"checksum": MD5}]
        assert reply.status == word
        assert await self.kept(world) is state

    @exercises("PublishFirmwareStatusNotification")
    async def test_published_nowhere_and_idle(self, world: Upkeep) -> None:
        """L03.FR.04, L03.FR.10."""
        await world.an_image(md5=MD5)
        publishing = world.stage.node.upkeep.publishing
        asked = await publishing.publish(STATION, "x21-2.0", "ada")

        await self.say(world, asked.request_id, "Published")
        assert [e.kind for e in await world.deviations()] == ["firmware-out-of-order"]
        await world.hear("PublishFirmwareStatusNotification", {"status": "Idle"})
        assert await self.kept(world) is PublishState.PUBLISHED

        await self.say(world, 4711, "Downloading")
        assert "firmware-unknown-request" in {
            each.kind for each in await world.deviations()
        }

    async def test_what_makes_no_sense_is_not_sent(self, world: Upkeep) -> None:
        await world.an_image()
        publishing = world.stage.node.upkeep.publishing

        with pytest.raises(DomainError) as problem:
            await publishing.publish(STATION, "x21-2.0", "ada")
        assert problem.value.code == "no-checksum"
        with pytest.raises(DomainError) as problem:
            await publishing.unpublish(STATION, MD5, "ada")
        assert problem.value.code == "not-published"
        assert world.stage.links[STATION].asked == []

    async def test_a_refusal_is_kept(self, world: Upkeep) -> None:
        await world.an_image(md5=MD5)
        world.link(PublishFirmware={"status": "Rejected"})

        asked = await world.stage.node.upkeep.publishing.publish(
            STATION, "x21-2.0", "ada"
        )

        assert asked.state is PublishState.REFUSED

    async def say(
        self, world: Upkeep, number: int, word: str, **more: list[str]
    ) -> None:
        said = {"status": word, "requestId": number, **more}
        assert await world.hear("PublishFirmwareStatusNotification", said) == {}

    async def kept(self, world: Upkeep) -> PublishState:
        async with world.stage.node.begin() as work:
            (kept,) = await work.firmware.publications(STATION)
        return kept.state
