"""Block N on the wire: logs that stations upload (N01)."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests.conformance.peer_world import (
    EDITIONS,
    PASSWORD,
    Edition,
    Peer,
    PeerWorld,
    Told,
)
from tests.proving import proves

pytestmark = [pytest.mark.postgres, pytest.mark.sockets]
Json = dict[str, Any]
CONTENT = b"12:00 nothing happened\n" * 1000


@pytest.fixture
def edition() -> Edition:
    """The later edition, in tests that do not ask for both."""
    return Edition.V21


@pytest.fixture
async def peer(peer_world: PeerWorld, edition: Edition) -> AsyncIterator[Peer]:
    async with peer_world.station(edition) as peer:
        peer.answers["GetLog"] = {"status": "Accepted", "filename": "today.log"}
        yield peer


async def wish(world: PeerWorld, peer: Peer, **body: object) -> Told:
    return await world.post(f"stations/{peer.name}/logs", body)


def place(peer: Peer) -> str:
    """Return where the station was last told to upload to."""
    found = peer.record.asked("GetLog")[-1]["log"]["remoteLocation"]
    assert isinstance(found, str)
    return found


async def put(url: str, content: bytes = CONTENT, **more: Any) -> httpx.Response:  # noqa: ANN401
    async with httpx.AsyncClient() as http:
        return await http.request(
            more.pop("method", "PUT"), url, content=content, **more
        )


async def download(world: PeerWorld, job: int) -> httpx.Response:
    served = world.served
    headers = {"Authorization": served.api.headers["Authorization"]}
    async with httpx.AsyncClient(base_url=served.base, headers=headers) as http:
        return await http.get(f"/api/v1/logs/{job}/file")


async def status(peer: Peer, job: int, word: str) -> None:
    body = {"status": word, "requestId": job}
    assert await peer.ask("LogStatusNotification", body) == {}


async def history(world: PeerWorld, job: int) -> list[str]:
    said = (await world.get(f"logs/{job}")).body
    return [each["status"] for each in said["history"]]


async def deviations(world: PeerWorld, peer: Peer) -> list[str]:
    rows = await world.until(
        "SELECT kind FROM deviation WHERE station_id = $1"
        " AND path LIKE 'LogStatusNotification%' ORDER BY kind",
        peer.name,
    )
    return [each["kind"] for each in rows]


@contextmanager
def policy(world: PeerWorld, **changes: object) -> Iterator[None]:
    """Let an operator have decided otherwise for a while."""
    services = world.node.diagnostics
    before = services.logs.policy
    services.logs.policy = services.uploads.policy = replace(before, **changes)
    try:
        yield
    finally:
        services.logs.policy = services.uploads.policy = before


@pytest.mark.parametrize("edition", EDITIONS)
@proves("TC_N_25_CSMS", "TC_N_35_CSMS", "N01.FR.14", "N01.FR.17", "N01.FR.18")
async def test_a_log_is_asked_for_uploaded_and_downloaded(
    peer_world: PeerWorld, peer: Peer, edition: Edition
) -> None:
    log = "DiagnosticsLog" if edition is Edition.V201 else "SecurityLog"
    made = await wish(
        peer_world, peer, log=log, oldest="2026-07-01T00:00:00Z", retries=2
    )
    job = made.body["id"]
    await status(peer, job, "Uploading")
    sent = await put(f"{place(peer)}today.log")
    await status(peer, job, "Uploaded")

    (asked,) = peer.record.asked("GetLog")
    assert (asked["logType"], asked["requestId"]) == (log, job)
    assert (asked["retries"], asked["retryInterval"]) == (2, 60)
    assert asked["log"]["oldestTimestamp"] == "2026-07-01T00:00:00Z"
    parts = urlsplit(asked["log"]["remoteLocation"])
    assert (parts.username, parts.path) == (f"log-{job}", f"/uploads/{job}/")
    assert parts.password
    assert parts.password != PASSWORD
    assert (made.status, made.body["state"]) == (201, "accepted")
    digest = hashlib.sha256(CONTENT).hexdigest()
    assert (sent.status_code, sent.json()["sha256"]) == (201, digest)
    shown = (await peer_world.get(f"logs/{job}")).body
    assert (shown["state"], shown["file"]["name"]) == ("uploaded", "today.log")
    assert (shown["file"]["size_bytes"], shown["file"]["sha256"]) == (
        len(CONTENT),
        digest,
    )
    assert await history(peer_world, job) == ["Uploading", "file", "Uploaded"]
    got = await download(peer_world, job)
    assert got.content == CONTENT
    assert got.headers["x-content-sha256"] == digest
    assert got.headers["content-disposition"] == 'attachment; filename="today.log"'
    (row,) = await peer_world.rows("SELECT * FROM log_job WHERE id = $1", job)
    assert parts.password.encode() not in str(row).encode()
    assert row["secret_used_at"] is not None


@proves("N01.FR.26", "N01.FR.27", "N01.FR.28")
async def test_the_address_is_one_that_every_station_can_use(
    peer_world: PeerWorld, peer: Peer
) -> None:
    await wish(peer_world, peer)
    parts = urlsplit(place(peer))
    sent = await put(f"{place(peer)}x.log")

    assert (parts.query, parts.fragment) == ("", "")
    assert parts.path.endswith("/")
    assert "#" not in place(peer)
    assert not sent.is_redirect
    assert sent.status_code == 201


@proves("N01.FR.18")
async def test_a_file_comes_by_put_or_post_plain_or_in_a_form(
    peer_world: PeerWorld, peer: Peer
) -> None:
    named = {"Content-Disposition": 'form-data; filename="../b/.c d.log"'}
    found = []
    async with httpx.AsyncClient() as http:
        for way in ("put", "bare", "post", "form"):
            job = (await wish(peer_world, peer)).body["id"]
            where = place(peer)
            match way:
                case "put":
                    sent = await http.put(f"{where}a.log", content=CONTENT)
                case "bare":
                    sent = await http.put(where.rstrip("/"), content=CONTENT)
                case "post":
                    sent = await http.post(where, content=CONTENT, headers=named)
                case _:
                    sent = await http.post(where, files={"f": ("d.log", CONTENT)})
            assert sent.status_code == 201, sent.text
            found.append((await peer_world.get(f"logs/{job}")).body["file"])

    assert [each["name"] for each in found] == [
        "a.log",
        "today.log",
        "c_d.log",
        "d.log",
    ]
    assert {each["sha256"] for each in found} == {hashlib.sha256(CONTENT).hexdigest()}


@proves("TC_N_34_CSMS")
async def test_a_station_that_will_not_is_believed(
    peer_world: PeerWorld, peer: Peer
) -> None:
    info = {"reasonCode": "NoLog", "additionalInfo": "it is empty"}
    peer.answers["GetLog"] = {"status": "Rejected", "statusInfo": info}
    made = await wish(peer_world, peer)
    sent = await put(f"{place(peer)}x.log")

    assert (made.body["state"], made.body["detail"]) == (
        "rejected",
        "NoLog: it is empty",
    )
    assert (sent.status_code, sent.json()["code"]) == (403, "upload-closed")


@pytest.mark.parametrize("edition", EDITIONS)
@proves("TC_N_36_CSMS")
async def test_a_second_request_gives_up_the_first(
    peer_world: PeerWorld, peer: Peer
) -> None:
    first = (await wish(peer_world, peer)).body["id"]
    await status(peer, first, "Uploading")
    old = place(peer)
    peer.answers["GetLog"] = {"status": "AcceptedCanceled", "filename": "b.log"}
    made = await wish(peer_world, peer, log="SecurityLog")
    second = made.body["id"]
    given_up = (await peer_world.get(f"logs/{first}")).body["state"]
    await status(peer, first, "AcceptedCanceled")
    await status(peer, second, "Uploading")
    await put(f"{place(peer)}b.log")
    await status(peer, second, "Uploaded")
    late = await put(f"{old}a.log")

    assert (made.body["state"], given_up) == ("accepted", "cancelled")
    states = [
        (await peer_world.get(f"logs/{each}")).body["state"] for each in (first, second)
    ]
    assert states == ["cancelled", "uploaded"]
    assert await history(peer_world, first) == ["Uploading", "AcceptedCanceled"]
    assert (late.status_code, late.json()["code"]) == (403, "upload-closed")
    requests = [each["requestId"] for each in peer.record.asked("GetLog")]
    assert requests == [first, second]


async def test_a_station_may_try_again_after_it_failed(
    peer_world: PeerWorld, peer: Peer
) -> None:
    job = (await wish(peer_world, peer, retries=3)).body["id"]
    for word in ("Uploading", "UploadFailure", "Uploading", "PermissionDenied"):
        await status(peer, job, word)
    failed = (await peer_world.get(f"logs/{job}")).body["state"]
    sent = await put(f"{place(peer)}x.log")

    assert failed == "failed"
    assert sent.status_code == 201
    assert (await peer_world.get(f"logs/{job}")).body["state"] == "uploaded"


async def test_credentials_work_once_and_only_where_they_belong(
    peer_world: PeerWorld, peer: Peer
) -> None:
    job = (await wish(peer_world, peer)).body["id"]
    where = place(peer)
    parts = urlsplit(where)
    bare = where.replace(f"{parts.username}:{parts.password}@", "")
    refused = [
        await put(f"{bare}x.log"),
        await put(f"{bare}x.log", auth=(f"log-{job}", "guessed")),
        await put(f"{bare}x.log", auth=(f"log-{job + 1}", parts.password)),
        await put(where.replace(f"/{job}/", f"/{job + 1}/")),
        await put(where.replace(f"/uploads/{job}/", "/uploads/nothing/")),
        await put(f"{bare}x.log", headers={"Authorization": "Basic %%%"}),
        await put(f"{bare}x.log", headers={"Authorization": "Bearer x"}),
    ]
    broken_off = await put(f"{where}x.log", b"")
    sent = await put(f"{where}x.log")
    again = await put(f"{where}x.log", b"something else")

    assert {each.status_code for each in refused} == {401}
    assert {each.headers["www-authenticate"] for each in refused} == {
        'Basic realm="csms uploads"'
    }
    assert broken_off.status_code == 422
    assert (sent.status_code, again.status_code) == (201, 403)
    assert again.json()["code"] == "upload-closed"
    shown = (await peer_world.get(f"logs/{job}")).body
    assert shown["file"]["size_bytes"] == len(CONTENT)


async def test_credentials_expire(peer_world: PeerWorld, peer: Peer) -> None:
    job = (await wish(peer_world, peer)).body["id"]
    await peer_world.rows(
        "UPDATE log_job SET secret_expires_at = requested_at WHERE id = $1", job
    )

    sent = await put(f"{place(peer)}x.log")

    assert (sent.status_code, sent.json()["code"]) == (403, "upload-closed")
    assert (await peer_world.get(f"logs/{job}")).body["file"] is None


async def test_a_file_that_is_too_large_leaves_nothing(
    peer_world: PeerWorld, peer: Peer
) -> None:
    job = (await wish(peer_world, peer)).body["id"]

    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(50):
            yield bytes(1000)

    with policy(peer_world, most_bytes=20_000):
        async with httpx.AsyncClient() as http:
            sent = [
                await http.put(f"{place(peer)}x.log", content=content)
                for content in (bytes(50_000), chunks())
            ]
        folder = peer_world.node.diagnostics.uploads._files.folder  # noqa: SLF001
        left = [each.name for each in folder.glob(f"log-{job}*")]
        fits = await put(f"{place(peer)}x.log", bytes(20_000))

    assert {each.status_code for each in sent} == {413}
    assert {each.json()["code"] for each in sent} == {"upload-too-large"}
    assert left == []
    assert fits.status_code == 201
    assert await history(peer_world, job) == ["refused", "refused", "file"]


async def test_an_upload_that_breaks_off_may_begin_again(
    peer_world: PeerWorld, peer: Peer
) -> None:
    job = (await wish(peer_world, peer)).body["id"]

    async def half() -> AsyncIterator[bytes]:
        yield CONTENT
        raise ConnectionError

    async with httpx.AsyncClient() as http:
        with pytest.raises(ConnectionError):
            await http.put(f"{place(peer)}x.log", content=half())
    async with asyncio.timeout(10):
        while (sent := await put(f"{place(peer)}x.log")).status_code == 503:
            await asyncio.sleep(0.02)

    assert sent.status_code == 201
    assert (await peer_world.get(f"logs/{job}")).body["file"]["size_bytes"] == len(
        CONTENT
    )


async def test_what_is_deleted_while_it_comes_leaves_no_file(
    peer_world: PeerWorld, peer: Peer
) -> None:
    job = (await wish(peer_world, peer)).body["id"]

    async def slow() -> AsyncIterator[bytes]:
        yield CONTENT
        await peer_world.delete(f"logs/{job}")
        yield CONTENT

    async with httpx.AsyncClient() as http:
        sent = await http.put(f"{place(peer)}x.log", content=slow())
    folder = peer_world.node.diagnostics.uploads._files.folder  # noqa: SLF001

    assert (sent.status_code, sent.json()["code"]) == (403, "upload-closed")
    assert list(folder.glob(f"log-{job}*")) == []


async def test_a_status_that_belongs_to_nothing_is_counted(
    peer_world: PeerWorld, peer: Peer
) -> None:
    """Semantically impossible: nothing changes, a record is on the station."""
    job = (await wish(peer_world, peer)).body["id"]
    async with peer_world.station() as other:
        await status(other, job, "Uploaded")
        assert await deviations(peer_world, other) == ["unknown-request"]
    await peer.ask("LogStatusNotification", {"status": "Idle"})
    await peer.ask("LogStatusNotification", {"status": "Uploading", "requestId": 7})
    await peer.ask("LogStatusNotification", {"status": "Uploading"})

    assert await history(peer_world, job) == ["Uploading"]
    await peer_world.until(
        "SELECT 1 FROM deviation WHERE station_id = $1 AND kind = 'no-request-id'",
        peer.name,
    )
    assert await deviations(peer_world, peer) == ["no-request-id", "unknown-request"]
    assert (await peer_world.get(f"logs/{job}")).body["state"] == "uploading"


@proves("N01.FR.17")
async def test_credentials_are_in_no_record(peer_world: PeerWorld, peer: Peer) -> None:
    job = (await wish(peer_world, peer)).body["id"]
    secret = urlsplit(place(peer)).password
    assert secret
    named = "ftp://somebody:their-secret@ftp.example.org/logs/?key=their-key"
    made = await wish(peer_world, peer, location=named)

    logged = await peer_world.until(
        "SELECT text FROM message_log WHERE station = $1 AND action = 'GetLog'"
        " AND direction = 'out' AND text LIKE '%ftp%'",
        peer.name,
    )
    both = await peer_world.rows(
        "SELECT text FROM message_log WHERE station = $1 AND action = 'GetLog'",
        peer.name,
    )
    trail = await peer_world.rows(
        "SELECT detail::text AS text FROM audit WHERE subject = $1", peer.name
    )
    kept = await peer_world.rows(
        "SELECT location AS text FROM log_job WHERE station_id = $1", peer.name
    )
    said = "".join(str(each["text"]) for each in (*both, *trail, *kept))
    assert place(peer) == named
    assert "://***@ftp.example.org" in logged[0]["text"]
    assert secret not in said
    assert "their-secret" not in said
    assert "their-key" not in "".join(str(each["text"]) for each in (*trail, *kept))
    assert made.body["location"] == "ftp://ftp.example.org/logs/"
    assert {each["location"] for each in (await logs(peer_world, peer))} == {
        None,
        "ftp://ftp.example.org/logs/",
    }
    assert job


async def logs(world: PeerWorld, peer: Peer) -> list[Json]:
    found: list[Json] = (await world.get(f"stations/{peer.name}/logs")).body["items"]
    return found


async def test_plain_http_is_for_this_machine_alone(
    peer_world: PeerWorld, peer: Peer
) -> None:
    with policy(peer_world, base="http://csms.example.org"):
        refused = await wish(peer_world, peer)
    with policy(peer_world, base="http://10.0.0.1:8080", allow_plain=True):
        decided = await wish(peer_world, peer)
        there = place(peer)
    with policy(peer_world, base="https://csms.example.org/here"):
        await wish(peer_world, peer)

    assert (refused.status, refused.body["code"]) == (403, "plain-upload")
    assert "CSMS_PUBLIC_URL" in refused.body["remedy"]
    assert decided.status == 201
    assert there.startswith("http://log-")
    assert urlsplit(place(peer)).hostname == "csms.example.org"
    assert urlsplit(place(peer)).path.startswith("/here/uploads/")
    assert len(peer.record.asked("GetLog")) == 2


SENSELESS: list[tuple[Json, str]] = [
    ({"log": "Diary"}, "log"),
    ({"retries": -1}, "retries"),
    (
        {"oldest": "2026-07-02T00:00:00Z", "latest": "2026-07-01T00:00:00Z"},
        "latest",
    ),
    ({"location": "gopher://x.example/"}, "location"),
    ({"location": "https://x.example/#there"}, "location"),
    ({"location": "https://x.example/?to=a/"}, "location"),
    ({"location": "https://[nowhere/"}, "location"),
    ({"unknown": 1}, "unknown"),
]


async def test_a_wish_that_makes_no_sense_is_not_sent(
    peer_world: PeerWorld, peer: Peer
) -> None:
    for body, at in SENSELESS:
        told = await wish(peer_world, peer, **body)
        assert (told.status, told.body["field"]) == (422, at), body

    assert peer.record.asked("GetLog") == []
    assert await logs(peer_world, peer) == []


@pytest.mark.parametrize("edition", EDITIONS)
async def test_what_the_edition_or_the_device_model_lacks_is_said_before_it_is_asked(
    peer_world: PeerWorld, peer: Peer, edition: Edition
) -> None:
    told = await wish(peer_world, peer, log="DataCollectorLog")
    if edition is Edition.V21:
        assert told.status == 201
        assert peer.record.asked("GetLog")[-1]["logType"] == "DataCollectorLog"
    else:
        assert (told.status, told.body["code"]) == (409, "station-lacks")
        assert "2.1" in told.body["detail"]
        assert peer.record.asked("GetLog") == []
    await peer_world.rows(
        "INSERT INTO station_variable (station_id, component, component_instance, evse,"
        " connector, variable, variable_instance, attribute, value, updated_at) VALUES"
        " ($1, 'OCPPCommCtrlr', '', 0, 0, 'FileTransferProtocols', '', 'Actual',"
        " 'FTP,SFTP', now()) ON CONFLICT DO NOTHING",
        peer.name,
    )
    only_ftp = await wish(peer_world, peer)
    elsewhere = await wish(peer_world, peer, location="sftp://x.example/logs")
    assert (only_ftp.status, only_ftp.body["field"]) == (409, "location")
    assert "FTP,SFTP" in only_ftp.body["detail"]
    assert elsewhere.status == 201


async def test_a_station_that_falls_silent_is_given_up_and_may_come_back(
    peer_world: PeerWorld, peer: Peer
) -> None:
    job = (await wish(peer_world, peer)).body["id"]
    await status(peer, job, "Uploading")
    await peer_world.rows(
        "UPDATE log_job SET heard_at = heard_at - interval '2 hours' WHERE id = $1", job
    )
    await peer_world.inside(peer_world.node.diagnostics.logs.sweep())
    silent = (await peer_world.get(f"logs/{job}")).body
    await status(peer, job, "Uploaded")

    assert silent["state"] == "silent"
    assert (await peer_world.get(f"logs/{job}")).body["state"] == "uploaded"
    facts = await peer_world.rows(
        "SELECT body->>'state' AS state FROM fact WHERE kind = 'station.log'"
        " AND subject = $1 ORDER BY id",
        peer.name,
    )
    assert [each["state"] for each in facts] == [
        "accepted",
        "uploading",
        "silent",
        "uploaded",
    ]


async def test_files_are_deleted_by_hand_and_after_a_while(
    peer_world: PeerWorld, peer: Peer
) -> None:
    jobs = []
    for _ in range(2):
        jobs.append((await wish(peer_world, peer)).body["id"])
        await put(f"{place(peer)}x.log")
    deleted = await peer_world.delete(f"logs/{jobs[0]}")
    await peer_world.rows(
        "UPDATE log_job SET received_at = received_at - interval '31 days'"
        " WHERE id = $1",
        jobs[1],
    )
    await peer_world.inside(peer_world.node.diagnostics.logs.sweep())

    assert deleted.status == 204
    folder = peer_world.node.diagnostics.uploads._files.folder  # noqa: SLF001
    for job in jobs:
        gone = await peer_world.get(f"logs/{job}/file")
        shown = (await peer_world.get(f"logs/{job}")).body
        assert (gone.status, gone.body["code"]) == (404, "no-such-log")
        assert not shown["file"]["here"]
        assert shown["deleted_at"]
        assert not (folder / f"log-{job}.bin").exists()
    trail = await peer_world.rows(
        "SELECT action FROM audit WHERE subject = $1 ORDER BY id", peer.name
    )
    assert [each["action"] for each in trail if "log." in each["action"]] == [
        "log.requested",
        "log.requested",
        "log.deleted",
    ]


async def test_nobody_who_is_away_is_asked(peer_world: PeerWorld) -> None:
    async with peer_world.station() as peer:
        pass
    await peer_world.until(
        "SELECT 1 FROM station WHERE id = $1 AND NOT connected", peer.name
    )
    told = await wish(peer_world, peer)

    assert (told.status, told.body["code"]) == (409, "station-offline")
