"""Firmware updates, from the wish to the new firmware: on the wire and in the store."""

from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio

from csms.domain.errors import DomainError
from csms.domain.firmware import Fit, UpdateState
from csms.domain.ids import StationId
from csms.domain.station import EDITION_21, Boot, Make, Presence
from csms.ocpp.link import Refused, Unanswered, Unreachable
from csms.services.firmware_wishes import UpdateWish
from csms.services.updating import PROBE, REST
from tests.fakes.device_model import variable
from tests.http.nodes import HOME_1, WINDOW
from tests.proving import exercises, proves
from tests.signing import a_certificate, a_signature
from tests.upkeep_world import LOCATION, OTHER, STATION, VERSION, Upkeep

pytestmark = [pytest.mark.postgres, pytest.mark.asyncio(loop_scope="module")]

HAPPY = (
    "Downloading",
    "Downloaded",
    "SignatureVerified",
    "Installing",
    "InstallRebooting",
    "Installed",
)


@pytest_asyncio.fixture(loop_scope="module")
async def signed(world: Upkeep) -> Upkeep:
    await world.an_image(
        signing_certificate=a_certificate(), signature=a_signature(b"anything")
    )
    return world


class TestAsking:
    @proves("L01.FR.11", "TC_L_01_CSMS")
    async def test_a_secured_update_carries_certificate_and_signature(
        self, signed: Upkeep
    ) -> None:
        update = await signed.want()

        (sent,) = signed.asked("UpdateFirmware")
        firmware = sent["firmware"]
        assert firmware["location"] == LOCATION
        assert firmware["signingCertificate"].startswith("-----BEGIN CERTIFICATE")
        assert firmware["signature"]
        assert firmware["retrieveDateTime"] == "2026-07-13T23:30:00Z"
        assert sent["requestId"] == update.request_id
        assert (sent["retries"], sent["retryInterval"]) == (3, 60)
        assert update.state is UpdateState.ACCEPTED
        assert update.secured

        await signed.say(update, *HAPPY)

        steps = await signed.steps(update)
        assert [each.said for each in steps] == [
            "sent", "accepted", "downloading", "downloaded", "signature_verified",
            "installing", "install_rebooting", "installed",
        ]  # fmt: skip
        assert {each.fit for each in steps} == {Fit.FITS}
        assert await signed.deviations() == []
        assert (await signed.kept(update)).state is UpdateState.INSTALLED

    @proves("L02.FR.01")
    async def test_an_update_without_signature_needs_none_verified(
        self, world: Upkeep
    ) -> None:
        await world.an_image()
        update = await world.want()

        (sent,) = world.asked("UpdateFirmware")
        assert "signature" not in sent["firmware"]
        assert "signingCertificate" not in sent["firmware"]
        await world.say(update, "Downloading", "Downloaded", "Installing", "Installed")

        assert (await world.kept(update)).state is UpdateState.INSTALLED
        assert await world.deviations() == []

    @proves("TC_L_02_CSMS")
    async def test_it_may_be_installed_later(self, signed: Upkeep) -> None:
        later = signed.now + timedelta(days=2)
        update = await signed.want(install_at=later)

        (sent,) = signed.asked("UpdateFirmware")
        assert sent["firmware"]["installDateTime"] == "2026-07-15T23:30:00Z"
        await signed.say(
            update, "Downloading", "Downloaded", "SignatureVerified", "InstallScheduled"
        )
        kept = await signed.kept(update)
        assert kept.state is UpdateState.INSTALL_SCHEDULED
        assert kept.due_at is not None
        assert kept.due_at > later
        await signed.say(update, "Installing", "InstallRebooting", "Installed")
        assert (await signed.kept(update)).state is UpdateState.INSTALLED

    @proves("TC_L_03_CSMS")
    async def test_it_may_be_fetched_later(self, signed: Upkeep) -> None:
        later = signed.now + timedelta(hours=5)
        update = await signed.want(retrieve_at=later)

        (sent,) = signed.asked("UpdateFirmware")
        assert sent["firmware"]["retrieveDateTime"] == "2026-07-14T04:30:00Z"
        await signed.say(update, "DownloadScheduled", *HAPPY)
        assert (await signed.kept(update)).state is UpdateState.INSTALLED
        assert await signed.deviations() == []

    @proves("TC_L_04_CSMS", "TC_L_05_CSMS")
    @pytest.mark.parametrize(
        ("word", "state"),
        [
            ("RevokedCertificate", "revoked_certificate"),
            ("InvalidCertificate", "invalid_certificate"),
            ("Rejected", "refused"),
        ],
    )  # fmt: skip
    async def test_a_refusal_ends_it_and_an_alarming_one_is_told(
        self, signed: Upkeep, word: str, state: str
    ) -> None:
        info = {"reasonCode": "NotTrusted", "additionalInfo": "no root"}
        signed.link(UpdateFirmware={"status": word, "statusInfo": info})

        update = await signed.want()

        assert update.state == state
        assert update.detail == "NotTrusted: no root"
        assert await signed.incidents() == [f"firmware_{state}"]
        assert update.due_at is None

    @proves("TC_L_10_CSMS")
    async def test_a_newer_one_may_take_its_place(self, signed: Upkeep) -> None:
        first = await signed.want()
        await signed.say(first, "Downloading")
        signed.link(UpdateFirmware={"status": "AcceptedCanceled"})

        second = await signed.want()

        assert second.state is UpdateState.ACCEPTED
        assert (await signed.kept(first)).state is UpdateState.CANCELED
        # It may yet say so of the one that it gave up (L01.FR.24).
        await signed.say(first, "DownloadFailed")
        assert (await signed.kept(first)).state is UpdateState.CANCELED
        await signed.say(second, *HAPPY)
        assert (await signed.kept(second)).state is UpdateState.INSTALLED
        assert await signed.deviations() == []

    @proves("TC_L_11_CSMS")
    async def test_one_that_cannot_be_canceled_goes_on(self, signed: Upkeep) -> None:
        first = await signed.want()
        await signed.say(first, "Downloading")
        signed.link(UpdateFirmware={"status": "Rejected"})

        second = await signed.want()

        assert second.state is UpdateState.REFUSED
        await signed.say(first, *HAPPY[1:])
        assert (await signed.kept(first)).state is UpdateState.INSTALLED

    async def test_a_callerror_is_a_refusal(self, signed: Upkeep) -> None:
        signed.link(UpdateFirmware=Refused("NotImplemented", "no updates here"))

        update = await signed.want()

        assert update.state is UpdateState.REFUSED
        assert update.detail == "NotImplemented no updates here"


class TestProgress:
    @proves("TC_L_06_CSMS", "TC_L_07_CSMS", "TC_L_08_CSMS", "TC_L_09_CSMS")
    @pytest.mark.parametrize(
        ("words", "state"),
        [
            (("Downloading", "Downloaded", "InvalidSignature"), "invalid_signature"),
            (("Downloading", "DownloadFailed"), "download_failed"),
            (
                (*HAPPY[:4], "InstallVerificationFailed"),
                "install_verification_failed",
            ),
            ((*HAPPY[:5], "InstallationFailed"), "installation_failed"),
        ],
    )
    async def test_a_failure_is_an_end_and_an_incident(
        self, signed: Upkeep, words: tuple[str, ...], state: str
    ) -> None:
        update = await signed.want()

        await signed.say(update, *words)

        kept = await signed.kept(update)
        assert kept.state == state
        assert kept.due_at is None
        assert await signed.incidents() == [f"firmware_{state}"]
        assert await signed.deviations() == []

    @proves("TC_L_13_CSMS")
    async def test_a_station_may_wait_for_its_transaction(self, signed: Upkeep) -> None:
        update = await signed.want()
        await signed.say(update, "DownloadScheduled", "DownloadPaused", *HAPPY)

        assert (await signed.kept(update)).state is UpdateState.INSTALLED
        assert await signed.deviations() == []

    async def test_the_security_event_is_kept_beside(self, signed: Upkeep) -> None:
        update = await signed.want()
        await signed.hear(
            "SecurityEventNotification",
            {"type": "InvalidFirmwareSignature", "timestamp": "2026-07-13T23:30:00Z"},
        )
        await signed.say(update, "Downloading", "Downloaded", "InvalidSignature")

        assert (await signed.kept(update)).state is UpdateState.INVALID_SIGNATURE

    @exercises("FirmwareStatusNotification")
    async def test_a_step_back_was_overtaken_and_changes_nothing(
        self, signed: Upkeep
    ) -> None:
        update = await signed.want()
        await signed.say(update, "Downloading", "Downloaded", "Downloading")

        assert (await signed.kept(update)).state is UpdateState.DOWNLOADED
        (odd,) = await signed.deviations()
        assert (odd.kind, odd.path) == (
            "firmware-out-of-order", "FirmwareStatusNotification.status",
        )  # fmt: skip

    @exercises("FirmwareStatusNotification")
    async def test_installing_unverified_is_a_departure(self, signed: Upkeep) -> None:
        """L01.FR.04."""
        update = await signed.want()
        await signed.say(update, "Downloading", "Downloaded", "Installing", "Installed")

        assert (await signed.kept(update)).state is UpdateState.INSTALLED
        assert [each.kind for each in await signed.deviations()] == [
            "firmware-out-of-order"
        ]

    @proves("L01.FR.20", "L02.FR.14")
    async def test_a_missing_number_means_the_only_update(self, signed: Upkeep) -> None:
        update = await signed.want()

        said = await signed.hear(
            "FirmwareStatusNotification", {"status": "Downloading"}
        )

        assert said == {}
        assert (await signed.kept(update)).state is UpdateState.DOWNLOADING
        assert [e.kind for e in await signed.deviations()] == ["firmware-no-request-id"]

    @proves("L01.FR.10", "L02.FR.06")
    @pytest.mark.parametrize("number", [4711, None])
    async def test_what_nobody_asked_for_changes_nothing_and_is_noted(
        self, signed: Upkeep, number: int | None
    ) -> None:
        update = await signed.want()
        await signed.say(update, *HAPPY)
        said: dict[str, Any] = {"status": "Installing"}
        if number is not None:
            said["requestId"] = number

        assert await signed.hear("FirmwareStatusNotification", said) == {}

        assert (await signed.kept(update)).state is UpdateState.INSTALLED
        (odd,) = await signed.deviations()
        unknown = number is not None
        assert odd.kind == (
            "firmware-unknown-request" if unknown else "firmware-no-request-id"
        )
        async with signed.stage.node.begin() as work:
            ((_, notice),) = await work.stations.notices(STATION, limit=1)
        assert notice.kind == "FirmwareStatusNotification"

    @exercises("FirmwareStatusNotification")
    async def test_no_station_speaks_for_another(self, signed: Upkeep) -> None:
        update = await signed.want()

        await signed.say(update, "Installed", station=OTHER)

        assert (await signed.kept(update)).state is UpdateState.ACCEPTED
        assert [e.kind for e in await signed.deviations(OTHER)] == [
            "firmware-unknown-request"
        ]

    @exercises("FirmwareStatusNotification")
    async def test_a_pending_station_may_say_its_last_word(
        self, signed: Upkeep
    ) -> None:
        update = await signed.want()
        await signed.say(update, *HAPPY[:-1])
        await boot(signed, STATION, VERSION)
        assert not signed.stage.node.book.station(STATION).is_provisioned  # type: ignore[union-attr]

        await signed.say(update, "Installed")

        assert (await signed.kept(update)).state is UpdateState.INSTALLED


class TestTheNewFirmware:
    async def test_a_start_with_it_confirms_it(self, signed: Upkeep) -> None:
        update = await signed.want()
        await signed.say(update, *HAPPY[:-1])
        signed.stage.clock.jump_to(signed.now + timedelta(minutes=5))

        await boot(signed, STATION, VERSION)
        await signed.drain()

        kept = await signed.kept(update)
        assert kept.state is UpdateState.INSTALLED
        assert kept.confirmed_at == signed.now
        await signed.say(update, "Installed")
        assert (await signed.kept(update)).state is UpdateState.INSTALLED

    async def test_a_start_with_another_one_is_told(self, signed: Upkeep) -> None:
        update = await signed.want()
        await signed.say(update, *HAPPY)
        signed.stage.clock.jump_to(signed.now + timedelta(minutes=5))

        await boot(signed, STATION, "1.9")
        await signed.drain()
        await signed.drain()

        kept = await signed.kept(update)
        assert kept.confirmed_at is None
        assert kept.detail == "it started with 1.9 afterwards"
        assert await signed.incidents() == ["firmware_mismatch"]


class TestSilence:
    @proves("F06.FR.16")
    async def test_a_silent_station_is_asked_and_then_given_up(
        self, signed: Upkeep
    ) -> None:
        update = await signed.want()
        await signed.say(update, "Downloading")
        due = (await signed.kept(update)).due_at
        assert due is not None

        await signed.until(due)
        assert signed.asked("TriggerMessage") == [
            {"requestedMessage": "FirmwareStatusNotification"}
        ]
        assert (await signed.kept(update)).state is UpdateState.DOWNLOADING

        await signed.until(due + PROBE)
        assert (await signed.kept(update)).state is UpdateState.TIMED_OUT
        assert await signed.incidents() == ["firmware_timed_out"]

        # It was not dead after all.
        await signed.say(update, *HAPPY[1:])
        assert (await signed.kept(update)).state is UpdateState.INSTALLED

    @proves("L01.FR.26", "L02.FR.17")
    async def test_an_answer_to_the_question_is_a_sign_of_life(
        self, signed: Upkeep
    ) -> None:
        update = await signed.want()
        await signed.say(update, "Downloading")
        due = (await signed.kept(update)).due_at
        assert due is not None
        await signed.until(due)

        await signed.say(update, "Downloading")
        await signed.until(due + PROBE)

        assert (await signed.kept(update)).state is UpdateState.DOWNLOADING
        assert await signed.deviations() == []

    @proves("L01.FR.25", "L02.FR.16")
    async def test_idle_after_the_question_means_that_nothing_is_under_way(
        self, signed: Upkeep
    ) -> None:
        update = await signed.want()
        await signed.say(update, "Downloading")
        await signed.hear("FirmwareStatusNotification", {"status": "Idle"})
        assert (await signed.kept(update)).state is UpdateState.DOWNLOADING
        due = (await signed.kept(update)).due_at
        assert due is not None
        await signed.until(due)

        await signed.hear("FirmwareStatusNotification", {"status": "Idle"})
        await signed.hear("FirmwareStatusNotification", {"status": "Idle"})

        assert (await signed.kept(update)).state is UpdateState.TIMED_OUT
        assert await signed.deviations() == []
        assert await signed.incidents() == ["firmware_timed_out"]
        idle = [each for each in await signed.steps(update) if each.said == "idle"]
        assert [each.fit for each in idle] == [Fit.REPEATED, Fit.REPEATED]

    @pytest.mark.parametrize("silence", [Unanswered(), Unreachable()])
    async def test_no_answer_leaves_it_open_and_is_not_asked_twice(
        self, signed: Upkeep, silence: Exception
    ) -> None:
        signed.link(UpdateFirmware=silence)
        update = await signed.want()
        assert update.state is UpdateState.SENT

        await signed.drain()
        assert len(signed.asked("UpdateFirmware")) == 1

        await signed.say(update, *HAPPY)
        assert (await signed.kept(update)).state is UpdateState.INSTALLED

    async def test_a_crash_after_sending_asks_what_became_of_it(
        self, signed: Upkeep
    ) -> None:
        """What was committed before the crash is ``sent``; nobody sends it again."""
        async with signed.stage.node.begin() as work:
            image = await work.firmware.image("x21-2.0")
            assert image is not None
            wishes = signed.stage.node.upkeep.updater.wishes
            update = await wishes.prepare(
                work, STATION, image, UpdateWish(image.id), "test"
            )
        asked = await signed.stage.node.upkeep.updater._commit_to_ask(  # noqa: SLF001
            update.request_id
        )
        assert asked is not None

        await signed.until(signed.now + timedelta(minutes=10))

        assert signed.asked("UpdateFirmware") == []
        assert len(signed.asked("TriggerMessage")) == 1


class TestNotDisturbing:
    async def test_no_update_during_an_event_of_its_members(
        self, signed: Upkeep
    ) -> None:
        await signed.stage.call()
        signed.stage.clock.jump_to(WINDOW.start - timedelta(hours=1))
        signed.plug(HOME_1, soc=90.0)

        update = await signed.want()

        assert update.state is UpdateState.WANTED
        assert update.detail.startswith("waits: an event from")
        await signed.until(WINDOW.start + timedelta(hours=1))
        assert signed.asked("UpdateFirmware") == []
        signed.stage.clock.jump_to(WINDOW.end + REST)
        signed.plug(HOME_1, soc=90.0)
        await signed.stage.drain()
        await signed.drain()
        assert len(signed.asked("UpdateFirmware")) == 1

    async def test_no_update_while_a_vehicle_needs_the_charge(
        self, signed: Upkeep
    ) -> None:
        signed.plug(HOME_1, soc=20.0)

        update = await signed.want()

        assert update.detail == (
            "waits: the vehicle is below the 30 % that its driver wants"
        )
        assert signed.asked("UpdateFirmware") == []
        signed.stage.node.live.update(HOME_1, soc_pct=90.0)
        await signed.until(signed.now + REST)
        assert len(signed.asked("UpdateFirmware")) == 1

    async def test_a_station_that_is_away_is_waited_for(self, signed: Upkeep) -> None:
        signed.stage.node.book.set_online(STATION, online=False)
        update = await signed.want()
        assert update.detail == "waits: the station is not connected"
        signed.stage.node.book.set_online(STATION, online=True)

        await signed.until(signed.now + REST)

        assert (await signed.kept(update)).state is UpdateState.ACCEPTED


class TestBadWishes:
    @pytest.mark.parametrize(
        ("changes", "code", "field"),
        [
            ({"image": "nothing"}, "no-such-image", None),
            ({"station": "NOBODY"}, "unknown-station", None),
            ({"install_at": -1}, "firmware-does-not-fit", "install_at"),
        ],
    )
    async def test_what_makes_no_sense_is_not_sent(
        self, signed: Upkeep, changes: dict[str, Any], code: str, field: str | None
    ) -> None:
        if "install_at" in changes:
            changes = {"install_at": signed.now - timedelta(hours=1)}
        with pytest.raises(DomainError) as problem:
            await signed.want(StationId(changes.pop("station", STATION)), **changes)

        assert (problem.value.code, problem.value.field) == (code, field)
        assert signed.asked("UpdateFirmware") == []

    async def test_an_image_of_another_make_is_refused(self, world: Upkeep) -> None:
        await world.an_image("other", model="y-*")

        with pytest.raises(DomainError, match="is for example y-") as problem:
            await world.want(image="other")

        assert problem.value.code == "firmware-does-not-fit"

    async def test_a_station_says_how_it_fetches_files(self, signed: Upkeep) -> None:
        await signed.has(variable("OCPPCommCtrlr.FileTransferProtocols", "FTP,SFTP"))

        with pytest.raises(DomainError, match="by ftp, sftp only"):
            await signed.want()

    async def test_a_certificate_that_has_ended_is_not_sent(
        self, signed: Upkeep
    ) -> None:
        signed.stage.clock.jump_to(signed.now + timedelta(days=3650))

        with pytest.raises(DomainError) as problem:
            await signed.want()

        assert problem.value.code == "certificate-ended"
        assert signed.asked("UpdateFirmware") == []

    async def test_a_retired_image_is_given_to_nobody(self, signed: Upkeep) -> None:
        await signed.stage.node.upkeep.images.retire("x21-2.0", "test")

        with pytest.raises(DomainError) as problem:
            await signed.want()

        assert problem.value.code == "image-retired"


async def boot(world: Upkeep, station: StationId, firmware: str) -> None:
    make = Make("Example", "x21-scheduled", firmware, "S-1")
    node = world.stage.node
    async with node.begin() as work:
        now = world.now
        await work.stations.save_boots([Boot(station, make, "FirmwareUpdate", now)])
        await work.stations.save_presence(
            [Presence(station, now, EDITION_21, "127.0.0.1")]
        )
        kept = await work.stations.find(station)
    assert kept is not None
    node.book.put_station(kept)
