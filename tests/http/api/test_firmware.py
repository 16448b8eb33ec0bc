"""Firmware, displays and vendors' messages over HTTP: bodies, files, problems."""

import hashlib
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
import pytest_asyncio

from csms.services.ports.access import Role
from tests.fakes.device_model import variable
from tests.proving import proves
from tests.signing import a_certificate, a_signature
from tests.upkeep_world import STATION, Upkeep, an_upkeep

pytestmark = [pytest.mark.postgres, pytest.mark.asyncio(loop_scope="module")]

FILE = b"firmware " * 5000
IMAGE = {"id": "fw-2", "vendor": "Example", "model": "x21-*", "version": "2.0"}
HERE = f"/api/v1/stations/{STATION}"


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def opened(
    module_database: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Upkeep]:
    folder = tmp_path_factory.mktemp("data")
    async with an_upkeep(module_database, data_dir=folder) as world:
        yield world


@pytest_asyncio.fixture(loop_scope="module")
async def world(opened: Upkeep) -> Upkeep:
    await opened.fresh()
    return opened


@pytest_asyncio.fixture(loop_scope="module")
async def api(world: Upkeep) -> AsyncIterator[httpx.AsyncClient]:
    async with world.stage.client(Role.OPERATOR) as client:
        yield client


async def register(api: httpx.AsyncClient, **more: Any) -> httpx.Response:  # noqa: ANN401
    return await api.post("/api/v1/firmware/images", json=IMAGE | more)


async def upload(api: httpx.AsyncClient, content: bytes = FILE) -> httpx.Response:
    return await api.put(
        "/api/v1/firmware/images/fw-2/file?filename=../x21 2.0.bin", content=content
    )


class TestFiles:
    @proves("L01.FR.08", "L01.FR.09", "L02.FR.05", "TC_L_01_CSMS")
    async def test_a_signed_file_is_checked_served_and_fetched_by_its_link(
        self, world: Upkeep, api: httpx.AsyncClient
    ) -> None:
        signed = {
            "signing_certificate": a_certificate(),
            "signature": a_signature(FILE),
        }
        assert (await register(api, **signed)).json()["ready"] is False

        kept = (await upload(api)).json()

        assert (kept["signed"], kept["ready"], kept["size"]) == (True, True, len(FILE))
        assert kept["md5"] == hashlib.md5(FILE).hexdigest()  # noqa: S324
        assert kept["filename"] == "x21_2.0.bin"
        update = (
            await api.post(f"{HERE}/firmware-updates", json={"image": "fw-2"})
        ).json()
        assert update["state"] == "accepted"
        (sent,) = world.asked("UpdateFirmware")
        location = sent["firmware"]["location"]
        assert location.startswith("http://csms.example/firmware-files/")
        assert location.endswith("/x21_2.0.bin")

        async with world.stage.client() as station:
            whole = await station.get(location)
            rest = await station.get(location, headers={"Range": "bytes=9-17"})
            head = await station.head(location)
        assert (whole.status_code, whole.content) == (200, FILE)
        assert (rest.status_code, rest.content) == (206, b"firmware ")
        assert head.headers["content-length"] == str(len(FILE))
        said = await api.get(f"/api/v1/firmware/updates/{update['request_id']}")
        assert said.json()["fetched_at"] is not None

    async def test_a_link_ends_and_cannot_be_guessed(
        self, world: Upkeep, api: httpx.AsyncClient
    ) -> None:
        await register(api)
        await upload(api)
        await api.post(f"{HERE}/firmware-updates", json={"image": "fw-2"})
        location = world.asked("UpdateFirmware")[0]["firmware"]["location"]
        world.stage.clock.jump_to(world.now + timedelta(days=8))

        async with world.stage.client() as station:
            late = await station.get(location)
            guessed = await station.get("/firmware-files/abc/x.bin")

        assert (late.status_code, guessed.status_code) == (404, 404)
        assert late.json()["code"] == guessed.json()["code"] == "no-such-file"

    @proves("A00.FR.707")
    @pytest.mark.parametrize("curve", [False, True])
    async def test_a_signature_of_another_file_is_refused(
        self, api: httpx.AsyncClient, *, curve: bool
    ) -> None:
        certificate = a_certificate(curve=curve)
        right = a_signature(FILE, curve=curve)
        assert (
            await register(api, signing_certificate=certificate, signature=right)
        ).status_code == 201

        wrong = await upload(api, FILE + b"!")
        good = await upload(api)

        assert (wrong.status_code, wrong.json()["code"]) == (422, "bad-signature")
        assert wrong.json()["field"] == "signature"
        assert good.status_code == 200

    async def test_too_much_nothing_and_another_file(
        self, world: Upkeep, api: httpx.AsyncClient
    ) -> None:
        await register(api)
        files = world.stage.node.upkeep.images.files
        empty = await upload(api, b"")
        assert empty.json()["code"] == "empty-file"
        big = await upload(api, b"x" * (files.most_bytes + 1))
        assert big.json()["code"] == "file-too-large"
        await upload(api)
        other = await upload(api, b"other")
        assert (other.status_code, other.json()["code"]) == (409, "image-in-use")
        assert not list(files.folder.glob("*.part"))


class TestImages:
    @pytest.mark.parametrize(
        ("changes", "code", "field"),
        [
            ({"id": "../etc"}, "bad-image", "id"),
            ({"vendor": " "}, "bad-image", "vendor"),
            ({"location": "file:///etc/passwd"}, "bad-image", "location"),
            ({"location": "https://"}, "bad-image", "location"),
            ({"md5": "xyz"}, "bad-image", "md5"),
            ({"signature": "QUJD"}, "bad-image", "signing_certificate"),
            (
                {"signing_certificate": "x", "signature": "not base64!"},
                "bad-image",
                "signature",
            ),
            (
                {"signing_certificate": "no pem", "signature": "QUJD"},
                "bad-signature",
                "signing_certificate",
            ),
            (
                {"signing_certificate": "EXPIRED", "signature": "QUJD"},
                "bad-signature",
                "signing_certificate",
            ),
            ({"version": None}, "malformed-request", "version"),
        ],
    )
    async def test_what_makes_no_sense_names_its_field(
        self, api: httpx.AsyncClient, changes: dict[str, Any], code: str, field: str
    ) -> None:
        if changes.get("signing_certificate") == "EXPIRED":
            changes = changes | {"signing_certificate": a_certificate(days=10)}

        answer = await register(api, **changes)

        problem = answer.json()
        assert (answer.status_code, problem["code"]) == (422, code)
        assert problem["field"] == field
        assert (await api.get("/api/v1/firmware/images")).json()["items"] == []

    async def test_a_name_is_taken_once_and_a_retired_image_stays_listed(
        self, api: httpx.AsyncClient
    ) -> None:
        await register(api, location="https://fw.example.org/a.bin")
        again = await register(api)
        retired = await api.delete("/api/v1/firmware/images/fw-2")
        refused = await api.post(f"{HERE}/firmware-updates", json={"image": "fw-2"})

        assert (again.status_code, retired.status_code) == (409, 204)
        assert (refused.status_code, refused.json()["code"]) == (403, "image-retired")
        (listed,) = (await api.get("/api/v1/firmware/images")).json()["items"]
        assert listed["retired_at"] is not None


async def test_an_update_is_followed_and_withdrawn(
    world: Upkeep, api: httpx.AsyncClient
) -> None:
    await register(api, location="https://fw.example.org/a.bin")
    world.stage.node.book.set_online(STATION, online=False)
    body = {"image": "fw-2", "retries": 1, "retry_interval_s": 5}
    wanted = await api.post(f"{HERE}/firmware-updates", json=body)
    number = wanted.json()["request_id"]

    withdrawn = await api.delete(f"/api/v1/firmware/updates/{number}")
    again = await api.delete(f"/api/v1/firmware/updates/{number}")
    listed = await api.get(f"/api/v1/firmware/updates?station={STATION}")

    assert wanted.status_code == 201
    assert wanted.json()["detail"] == "waits: the station is not connected"
    assert withdrawn.json()["state"] == "canceled"
    assert (again.status_code, again.json()["code"]) == (409, "update-under-way")
    assert [each["request_id"] for each in listed.json()["items"]] == [number]


async def test_a_campaign_is_begun_steered_and_shown(
    world: Upkeep, api: httpx.AsyncClient
) -> None:
    await register(api, location="https://fw.example.org/a.bin")
    body = {"id": "c1", "image": "fw-2", "wave_size": 1, "pause_share": 0.5}
    begun = await api.post("/api/v1/firmware/campaigns", json=body)
    await world.drain()

    paused = await api.post("/api/v1/firmware/campaigns/c1/pause")
    resumed = await api.post("/api/v1/firmware/campaigns/c1/resume")
    cancelled = await api.post("/api/v1/firmware/campaigns/c1/cancel")
    again = await api.post("/api/v1/firmware/campaigns/c1/resume")
    wrong = await api.post(
        "/api/v1/firmware/campaigns", json=body | {"id": "c2", "pause_share": 7}
    )

    assert begun.status_code == 201
    assert begun.json()["counts"] == {"waiting": 3}
    assert [e.json()["state"] for e in (paused, resumed, cancelled)] == [
        "paused", "running", "cancelled",
    ]  # fmt: skip
    assert cancelled.json()["counts"] == {"asked": 1, "cancelled": 2}
    assert (again.status_code, again.json()["code"]) == (409, "campaign-state")
    assert (wrong.status_code, wrong.json()["field"]) == (422, "pause_share")
    (listed,) = (await api.get("/api/v1/firmware/campaigns")).json()["items"]
    assert listed["id"] == "c1"


async def test_a_local_controller_is_asked_over_http(
    world: Upkeep, api: httpx.AsyncClient
) -> None:
    md5 = "0123456789abcdef0123456789abcdef"
    await register(api, location="https://fw.example.org/a.bin", md5=md5)

    asked = await api.post(f"{HERE}/publications", json={"image": "fw-2"})
    taken = await api.delete(f"{HERE}/publications/{md5}")
    (listed,) = (await api.get(f"{HERE}/publications")).json()["items"]

    assert (asked.status_code, asked.json()["state"]) == (201, "accepted")
    assert taken.json() == {"status": "Unpublished"}
    assert [each["said"] for each in listed["steps"]] == ["accepted", "Unpublished"]
    world.stage.links.clear()
    assert (await api.delete(f"{HERE}/publications/{md5}")).status_code == 504


async def test_messages_are_shown_read_and_cleared(
    world: Upkeep, api: httpx.AsyncClient
) -> None:
    await world.has(
        variable("DisplayMessageCtrlr.Available", "true"),
        variable("DisplayMessageCtrlr.SupportedPriorities", "NormalCycle"),
    )
    body = {"texts": [{"content": "Hello", "language": "en"}]}
    shown = await api.post(f"{HERE}/displays", json=body)
    lacking = await api.post(f"{HERE}/displays", json=body | {"priority": "InFront"})
    ability = (await api.get(f"{HERE}/displays/ability")).json()
    world.link(GetDisplayMessages={"status": "Unknown"})
    read = await api.post(f"{HERE}/displays/read", json={})
    (listed,) = (await api.get(f"{HERE}/displays")).json()["items"]
    cleared = await api.delete(f"{HERE}/displays/1")

    assert (shown.status_code, shown.json()["state"]) == (201, "shown")
    assert (lacking.status_code, lacking.json()["field"]) == (422, "priority")
    assert "supports NormalCycle" in lacking.json()["detail"]
    assert (ability["usable"], ability["priorities"]) == (True, ["NormalCycle"])
    assert read.json() == {"status": "Unknown", "complete": True, "ids": []}
    assert listed["state"] == "missing"
    assert cleared.json() == {"status": "Accepted"}


async def test_vendors_messages_are_agreed_sent_and_listed(
    world: Upkeep, api: httpx.AsyncClient
) -> None:
    rule = {"vendor_id": "org.example", "message_id": "Hi", "status": "Accepted"}
    agreed = await api.put("/api/v1/data-transfer-rules", json=rule)
    bad = await api.put(
        "/api/v1/data-transfer-rules", json=rule | {"status": "UnknownVendorId"}
    )
    await world.hear("DataTransfer", {"vendorId": "org.example", "messageId": "Hi"})
    body = {"vendor_id": "org.example", "data": {"a": 1}}
    sent = await api.post(f"{HERE}/data-transfers", json=body)
    forbidden = await api.post(
        f"{HERE}/data-transfers", json=body | {"data": {"powerW": -1}}
    )
    listed = (await api.get("/api/v1/data-transfers")).json()["items"]
    rules = (await api.get("/api/v1/data-transfer-rules")).json()["items"]
    query = "vendor_id=org.example&message_id=Hi"
    dropped = await api.delete(f"/api/v1/data-transfer-rules?{query}")

    assert agreed.json()["created_by"] == "the operator"
    assert (bad.status_code, bad.json()["field"]) == (422, "status")
    assert sent.json() == {"outcome": "answered", "payload": {"status": "Accepted"}}
    assert (forbidden.status_code, forbidden.json()["code"]) == (
        403, "discharge-forbidden",
    )  # fmt: skip
    assert [each["direction"] for each in listed] == ["out", "in"]
    assert [each["message_id"] for each in rules] == ["Hi"]
    assert dropped.status_code == 204
