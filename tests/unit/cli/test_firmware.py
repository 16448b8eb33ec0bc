"""Firmware, displays and vendors' messages at the command line."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from csms.api.data_transfers import RuleItem, TransferItem
from csms.api.displays import DisplayItem, MessageItem, TextBody
from csms.api.firmware_items import (
    CampaignItem,
    ImageItem,
    MemberItem,
    PublicationItem,
    StepItem,
    UpdateItem,
)
from csms.domain.data_transfer import TransferStatus
from tests.unit.cli.conftest import Run
from tests.unit.cli.fake_api import FakeApi, problem

NOW = datetime(2026, 7, 14, 21, tzinfo=UTC)
STEP = StepItem(at=NOW, said="downloading", fit="fits", info="")


def said(item: Any) -> Any:  # noqa: ANN401
    return item.model_dump(mode="json")


def page(*items: Any) -> Any:  # noqa: ANN401
    return {"items": [said(each) for each in items], "next": None}


IMAGE = ImageItem(
    id="fw-2",
    vendor="Example",
    model="*",
    version="2.0",
    location=None,
    filename="fw.bin",
    size=2_500_000,
    md5="0" * 32,
    sha256="0" * 64,
    signed=True,
    valid_until=NOW,
    ready=True,
    note="",
    created_at=NOW,
    created_by="ada",
    retired_at=None,
)
UPDATE = UpdateItem(
    request_id=7,
    station="MA-1",
    image="fw-2",
    version="2.0",
    secured=True,
    state="wanted",
    open=True,
    detail="waits: an event",
    campaign=None,
    asked_by="ada",
    created_at=NOW,
    retrieve_at=NOW,
    install_at=None,
    sent_at=None,
    updated_at=NOW,
    fetched_at=None,
    confirmed_at=None,
    steps=[STEP],
)
CAMPAIGN = CampaignItem(
    id="c1",
    name="To 2.0",
    image="fw-2",
    version="2.0",
    state="running",
    detail="",
    wave_size=10,
    max_parallel=5,
    pause_share=0.2,
    retries=1,
    starts_at=NOW,
    created_at=NOW,
    created_by="ada",
    counts={"asked": 1, "waiting": 2},
    members=[
        MemberItem(
            station="MA-1",
            wave=1,
            state="asked",
            attempts=1,
            request_id=7,
            detail="",
            updated_at=NOW,
        )
    ],
)
OFFERED = PublicationItem(
    request_id=1,
    station="LC-1",
    image="fw-2",
    checksum="0" * 32,
    state="published",
    detail="",
    locations=["http://lc/fw"],
    created_at=NOW,
    updated_at=NOW,
    steps=[STEP],
)
SHOWN = DisplayItem(
    id=1,
    purpose="operator",
    state="shown",
    detail="",
    wanted=MessageItem(
        texts=[TextBody(content="Hello", language="en")],
        priority="NormalCycle",
        state=None,
        start=None,
        end=None,
        transaction=None,
        display=None,
    ),
    reported=None,
    differs=False,
    reported_at=None,
    updated_at=NOW,
    created_by="ada",
)
TRANSFER = TransferItem(
    id=1,
    station="MA-1",
    at=NOW,
    direction="in",
    vendor_id="org.example",
    message_id="Hi",
    data={"a": 1},
    status="UnknownVendorId",
    answer=None,
    detail="",
    asked_by=None,
)
RULE = RuleItem(
    vendor_id="org.example",
    message_id="Hi",
    status=TransferStatus.ACCEPTED,
    data={"interval": 60},
    created_at=NOW,
    created_by="ada",
)


@pytest.mark.parametrize(
    ("way", "body", "args", "shown"),
    [
        ("GET firmware/images", page(IMAGE), "firmware images list", "2.5"),
        ("GET firmware/updates", page(UPDATE), "firmware list", "waits: an event"),
        ("GET firmware/updates/7", said(UPDATE), "firmware show 7", "downloading"),
        ("GET firmware/campaigns", page(CAMPAIGN), "firmware campaigns list", "c1"),
        (
            "GET firmware/campaigns/c1",
            said(CAMPAIGN),
            "firmware campaigns show c1",
            "1 asked, 2 waiting",
        ),
        (
            "GET stations/LC-1/publications",
            page(OFFERED),
            "firmware controllers list LC-1",
            "http://lc/fw",
        ),
        ("GET stations/MA-1/displays", page(SHOWN), "displays list MA-1", "Hello"),
        ("GET data-transfers", page(TRANSFER), "transfers list", "UnknownVendorId"),
        ("GET data-transfer-rules", page(RULE), "transfers rules", "interval 60"),
    ],
)
def test_lists_are_tables_for_people_and_json_for_programs(
    run: Run,
    api: FakeApi,
    way: str,
    body: Any,  # noqa: ANN401
    args: str,
    shown: str,
) -> None:
    api.on(way, body)

    assert shown in run(*args.split()).stdout
    told = json.loads(run(*args.split(), "--json").stdout)
    assert told == body.get("items", body)


def test_an_image_is_registered_with_its_file(
    run: Run, api: FakeApi, tmp_path: Path
) -> None:
    files = {"fw.bin": b"\x00\x01", "c.pem": b"-----BEGIN\n", "s.b64": b"QUJD\n"}
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    api.on("POST firmware/images", said(IMAGE) | {"ready": False}, 201)
    api.on("PUT firmware/images/fw-2/file", said(IMAGE))

    answer = run(
        *("firmware", "images", "add", "fw-2", "--vendor", "Example"),
        *("--version", "2.0", "--file", str(tmp_path / "fw.bin")),
        *("--certificate", str(tmp_path / "c.pem")),
        *("--signature", str(tmp_path / "s.b64")),
    )

    assert answer.stdout == "fw-2 is registered, signed\n"
    sent = api.body("POST firmware/images")
    assert (sent["signing_certificate"], sent["signature"]) == ("-----BEGIN", "QUJD")
    put = api.last("PUT firmware/images/fw-2/file")
    assert put.content == b"\x00\x01"
    assert put.url.params["filename"] == "fw.bin"


def test_deeds_send_what_was_typed(run: Run, api: FakeApi) -> None:
    api.on("POST stations/MA-1/firmware-updates", said(UPDATE), 201)
    api.on("DELETE firmware/updates/7", said(UPDATE) | {"state": "canceled"})
    api.on("POST stations/MA-1/displays", said(SHOWN), 201)
    api.on("DELETE stations/MA-1/displays/1", {"status": "Accepted"})
    api.on("DELETE firmware/images/fw-2", None, 204)

    update = run("firmware", "update", "MA-1", "fw-2", "--install", "2026-07-20T02:00Z")
    shown = run("displays", "show", "MA-1", "Hello", "--priority", "InFront")

    assert update.stdout == "update 7 is wanted: waits: an event\n"
    body = api.body("POST stations/MA-1/firmware-updates")
    assert body["install_at"].startswith("2026-07-20T02:00")
    assert run("firmware", "withdraw", "7").stdout == "update 7 is canceled\n"
    assert shown.stdout == "message 1 is shown\n"
    assert api.body("POST stations/MA-1/displays")["texts"] == [
        {"content": "Hello", "language": "en"}
    ]
    assert run("displays", "clear", "MA-1", "1").stdout == "message 1: Accepted\n"
    assert "nobody any more" in run("firmware", "images", "retire", "fw-2").stdout


def test_a_campaign_needs_a_word_and_is_steered(run: Run, api: FakeApi) -> None:
    api.on("POST firmware/campaigns", said(CAMPAIGN), 201)
    for verb in ("pause", "resume", "cancel"):
        api.on(f"POST firmware/campaigns/c1/{verb}", said(CAMPAIGN))

    refused = run("firmware", "campaigns", "begin", "c1", "fw-2", typed="no\n")
    assert refused.exit_code != 0
    assert not api.asked("POST firmware/campaigns")
    begun = run(
        *("firmware", "campaigns", "begin", "c1", "fw-2", "--yes"),
        *("--station", "MA-1", "--station", "MA-2"),
    )

    assert begun.stdout == "c1 is running: 1 asked, 2 waiting\n"
    assert api.body("POST firmware/campaigns")["stations"] == ["MA-1", "MA-2"]
    for verb in ("pause", "resume", "cancel"):
        assert run("firmware", "campaigns", verb, "c1").exit_code == 0


def test_local_controllers_and_vendors_are_asked(run: Run, api: FakeApi) -> None:
    api.on("POST stations/LC-1/publications", said(OFFERED), 201)
    api.on("DELETE stations/LC-1/publications/abc", {"status": "Unpublished"})
    answered = {"outcome": "answered", "payload": {"status": "Accepted"}}
    api.on("POST stations/MA-1/data-transfers", answered)
    api.on("PUT data-transfer-rules", said(RULE))
    api.on("DELETE data-transfer-rules", None, 204)
    send = ("transfers", "send", "MA-1", "org.example", "--data")

    offered = run("firmware", "controllers", "publish", "LC-1", "fw-2")
    gone = run("firmware", "controllers", "unpublish", "LC-1", "abc")
    assert offered.stdout == "fw-2 at LC-1: is published\n"
    assert gone.stdout == "LC-1: Unpublished\n"
    assert run(*send, '{"a": 1}').stdout == "answered: Accepted\n"
    assert api.body("POST stations/MA-1/data-transfers")["data"] == {"a": 1}
    broken = run(*send, "{a")
    assert broken.exit_code == 2
    assert "no JSON" in broken.stderr
    agreed = run("transfers", "agree", "org.example", "Accepted", "--data", "[1]")
    assert agreed.stdout == "org.example * is answered Accepted\n"
    run("transfers", "revoke", "org.example", "--message", "Hi")
    assert api.last("DELETE data-transfer-rules").url.params["message_id"] == "Hi"


def test_a_refusal_names_field_and_remedy(run: Run, api: FakeApi) -> None:
    refusal = problem(
        422, detail="it is for others", field="image", remedy="take another"
    )
    api.on("POST stations/MA-1/firmware-updates", refusal, 422)

    answer = run("firmware", "update", "MA-1", "fw-2")

    assert answer.exit_code == 2
    assert "it is for others" in answer.stderr
    assert "take another" in answer.stderr
