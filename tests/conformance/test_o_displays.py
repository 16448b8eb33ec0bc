"""O01 to O03: messages on a station's display, on the wire."""

import pytest

from tests.conformance.peer_world import EDITIONS, Edition, Json, PeerWorld
from tests.proving import exercises, proves

pytestmark = [pytest.mark.postgres, pytest.mark.sockets]
both = pytest.mark.parametrize("edition", EDITIONS)
TEXT = {"content": "Back at 18:00", "language": "en", "format": "UTF8"}


@proves("TC_O_01_CSMS", "TC_O_25_CSMS", "TC_O_26_CSMS")
@both
async def test_a_message_is_shown_in_the_states_it_is_meant_for(
    peer_world: PeerWorld, edition: Edition
) -> None:
    async with peer_world.station(edition, boot=False) as peer:
        peer.model["DisplayMessageCtrlr", None, "Available", None] = ("true", False)
        peer.model["DisplayMessageCtrlr", None, "Enabled", None] = ("true", True)
        await peer.boot()
        await peer_world.idle()
        for state in (None, "Charging"):
            for status in ("Accepted", "Rejected"):
                peer.answers["SetDisplayMessage"] = {"status": status}
                body: Json = {"texts": [TEXT], "priority": "NormalCycle"}
                body |= {} if state is None else {"state": state}
                await peer_world.post(f"stations/{peer.name}/displays", body)
                said = (await peer.heard("SetDisplayMessage"))["message"]
                kept = await peer_world.value(
                    "SELECT state FROM display_message WHERE station_id = $1 "
                    "AND id = $2",
                    peer.name,
                    said["id"],
                )

                assert said["priority"] == "NormalCycle"
                assert said.get("state") == state
                assert said["message"]["content"] == TEXT["content"]
                assert said["message"]["format"] == "UTF8"
                assert kept == ("shown" if status == "Accepted" else "refused")


@exercises("GetDisplayMessages", "NotifyDisplayMessages")
@both
async def test_what_a_display_shows_is_asked_for_and_kept(
    peer_world: PeerWorld, edition: Edition
) -> None:
    shown: Json = {
        "id": 41,
        "priority": "AlwaysFront",
        "message": {"content": "Hello", "format": "UTF8", "language": "en"},
    }
    async with peer_world.station(edition) as peer:

        async def report(asked: Json) -> None:
            said = {"requestId": asked["requestId"], "messageInfo": [shown]}
            await peer.ask("NotifyDisplayMessages", said)

        peer.afters["GetDisplayMessages"] = report
        told = await peer_world.post(f"stations/{peer.name}/displays/read", {})
        await peer.heard("GetDisplayMessages")

    assert told.status == 200, told.body
    assert told.body["ids"] == [41]
    kept = await peer_world.rows(
        "SELECT reported FROM display_message WHERE station_id = $1 AND id = 41",
        peer.name,
    )
    assert "Hello" in str(kept)
