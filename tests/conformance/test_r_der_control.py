"""Q and R: what is allowed to flow, and what the grid asks, on the wire (2.1)."""

import pytest

from tests.conformance.driving import Stay
from tests.conformance.peer_world import Edition, Json, Peer, PeerWorld
from tests.proving import exercises, proves

pytestmark = [pytest.mark.postgres, pytest.mark.sockets]
DER = "DERCtrlr"


@exercises("NotifyDERAlarm")
async def test_an_alarm_of_the_grid_is_kept_from_its_begin_to_its_end(
    peer_world: PeerWorld,
) -> None:
    began = {
        "controlType": "FreqDroop",
        "gridEventFault": "UnderFrequency",
        "timestamp": peer_world.now(),
    }
    async with peer_world.station() as peer:
        first = await peer.ask("NotifyDERAlarm", began)
        during = await peer_world.get(f"stations/{peer.name}/der-alarms")
        ended = began | {"alarmEnded": True, "timestamp": peer_world.now(seconds=1)}
        second = await peer.ask("NotifyDERAlarm", ended)
        after = await peer_world.get(f"stations/{peer.name}/der-alarms")

    assert (first, second) == ({}, {})
    (open_alarm,) = during.body["items"]
    assert (open_alarm["kind"], open_alarm["ended_at"]) == ("FreqDroop", None)
    (closed,) = after.body["items"]
    assert closed["ended_at"] is not None


@proves("R04.FR.16")
async def test_a_control_carries_only_the_field_of_its_kind(
    peer_world: PeerWorld,
) -> None:
    async with _with_der(peer_world) as peer:
        told = await peer_world.put(
            f"stations/{peer.name}/der-controls/D-1",
            {
                "kind": "LimitMaxDischarge",
                "default": True,
                "priority": 1,
                "body": {"percent": 50},
            },
        )
        asked = await peer.heard("SetDERControl")

    assert told.status == 200, told.body
    assert (asked["controlType"], asked["isDefault"]) == ("LimitMaxDischarge", True)
    assert asked["controlId"] == "D-1"
    fields = set(asked) - {"controlType", "isDefault", "controlId"}
    assert fields == {"limitMaxDischarge"}
    assert asked["limitMaxDischarge"]["pctMaxDischargePower"] == 50


@exercises("GetDERControl", "ReportDERControl", "NotifyDERStartStop", "ClearDERControl")
async def test_controls_are_asked_for_reported_and_cleared(
    peer_world: PeerWorld,
) -> None:
    async with _with_der(peer_world) as peer:

        async def report(asked: Json) -> None:
            curve = {
                "limitMaxDischarge": {"priority": 3, "pctMaxDischargePower": 40},
                "id": "D-9",
                "isDefault": True,
                "isSuperseded": False,
            }
            await peer.ask(
                "ReportDERControl",
                {"requestId": asked["requestId"], "limitMaxDischarge": [curve]},
            )

        peer.afters["GetDERControl"] = report
        told = await peer_world.post(f"stations/{peer.name}/der-controls/refresh")
        await peer.heard("GetDERControl")
        started = await peer.ask(
            "NotifyDERStartStop",
            {"controlId": "D-9", "started": True, "timestamp": peer_world.now()},
        )
        cleared = await peer_world.delete(
            f"stations/{peer.name}/der-controls/D-9?default=true"
        )
        asked = await peer.heard("ClearDERControl")

    assert told.status == 200, told.body
    assert [each["id"] for each in told.body["items"]] == ["D-9"]
    assert started == {}
    assert cleared.status == 200, cleared.body
    assert asked == {"isDefault": True, "controlId": "D-9"}


@proves("Q02.FR.05")
async def test_a_change_of_what_is_allowed_is_told_for_its_transaction(
    peer_world: PeerWorld,
) -> None:
    async with peer_world.station(Edition.V21) as peer:
        stay = Stay(peer_world, peer, "tx-allowed")
        await stay.begin()
        await stay.charge()
        told = await peer_world.put(
            f"stations/{peer.name}/evses/1/energy-transfer", {"bidirectional": False}
        )
        asked = await peer.heard("NotifyAllowedEnergyTransfer")

    assert told.status == 200, told.body
    assert asked["transactionId"] == stay.id
    assert "DC_BPT" not in asked["allowedEnergyTransfer"]


def _with_der(world: PeerWorld) -> "_WithDer":
    return _WithDer(world)


class _WithDer:
    """A station that says that it has grid controls."""

    def __init__(self, world: PeerWorld) -> None:
        self._world = world
        self._entered = world.station(boot=False)

    async def __aenter__(self) -> Peer:
        peer = await self._entered.__aenter__()
        modes = "LimitMaxDischarge,FreqDroop"
        peer.model["DCDERCtrlr", 1, "ModesSupported", None] = (modes, False)
        peer.model["DCDERCtrlr", 1, "Enabled", None] = ("true", True)
        await peer.boot()
        await self._world.idle()
        peer.record.pass_over()
        return peer

    async def __aexit__(self, *exc: object) -> None:
        await self._entered.__aexit__(None, None, None)
