"""B07 to B09: reports of the device model, and ways to connect, on the wire."""

import pytest

from tests.conformance.peer_world import EDITIONS, Edition, Json, Peer, PeerWorld
from tests.proving import proves

pytestmark = [pytest.mark.postgres, pytest.mark.sockets]
both = pytest.mark.parametrize("edition", EDITIONS)
LIMIT = 3
AVAILABLE = {
    "component": {"name": "EVSE", "evse": {"id": 1}},
    "variable": {"name": "AvailabilityState"},
    "variableAttribute": [{"value": "Available", "mutability": "ReadOnly"}],
    "variableCharacteristics": {"dataType": "OptionList", "supportsMonitoring": True},
}


def one_part(peer: Peer, world: PeerWorld) -> None:
    """Let the station answer a custom report by one NotifyReport."""

    async def tell(asked: Json) -> None:
        await peer.ask(
            "NotifyReport",
            {
                "requestId": asked["requestId"],
                "generatedAt": world.now(),
                "seqNo": 0,
                "tbc": False,
                "reportData": [AVAILABLE],
            },
        )

    peer.afters["GetReport"] = tell


@proves("TC_B_12_CSMS", "TC_B_13_CSMS", "TC_B_14_CSMS")
@both
async def test_a_base_report_is_asked_for_and_shown(
    peer_world: PeerWorld, edition: Edition
) -> None:
    async with peer_world.station(edition) as peer:
        for base in ("ConfigurationInventory", "FullInventory", "SummaryInventory"):
            told = await peer_world.post(
                f"stations/{peer.name}/reports", {"base": base}
            )
            asked = await peer.heard("GetBaseReport")
            notified = peer.record.asked("NotifyReport", by="station")

            assert told.status == 200, told.body
            assert asked["reportBase"] == base
            assert asked["requestId"] >= 0
            assert {each["requestId"] for each in notified[-2:]} == {asked["requestId"]}
            assert told.body["report"]["complete"]
            shown = {
                (each["component"], each["variable"]) for each in told.body["variables"]
            }
            assert ("SmartChargingCtrlr", "RateUnit") in shown


@proves("TC_B_18_CSMS")
@both
async def test_a_custom_report_is_asked_for_and_shown(
    peer_world: PeerWorld, edition: Edition
) -> None:
    variable = {"component": "EVSE", "evse": 1, "variable": "AvailabilityState"}
    async with peer_world.station(edition) as peer:
        peer.answers["GetReport"] = {"status": "EmptyResultSet"}
        body = {"criteria": ["Problem"], "variables": [variable]}
        await peer_world.post(f"stations/{peer.name}/reports", body)
        first = await peer.heard("GetReport")
        one_part(peer, peer_world)
        peer.answers["GetReport"] = {"status": "Accepted"}
        body = {"criteria": ["Available"], "variables": [variable]}
        told = await peer_world.post(f"stations/{peer.name}/reports", body)
        second = await peer.heard("GetReport")

    assert first["componentCriteria"] == ["Problem"]
    assert second["componentCriteria"] == ["Available"]
    for asked in (first, second):
        assert asked["componentVariable"] == [
            {
                "component": {"name": "EVSE", "evse": {"id": 1}},
                "variable": {"name": "AvailabilityState"},
            }
        ]
    assert [each["value"] for each in told.body["variables"]] == ["Available"]
    kept = await peer_world.value(
        "SELECT value FROM station_variable WHERE station_id = $1 "
        "AND component = 'EVSE' AND variable = 'AvailabilityState'",
        peer.name,
    )
    assert kept == "Available"


@proves("B06.FR.05", "TC_B_08_CSMS")
@both
async def test_many_variables_are_read_by_several_requests(
    peer_world: PeerWorld, edition: Edition
) -> None:
    wanted = [f"Odd{number}" for number in range(LIMIT + 2)]
    async with peer_world.station(edition, boot=False) as peer:
        key = ("DeviceDataCtrlr", None, "ItemsPerMessage", "GetVariables")
        peer.model[key] = (str(LIMIT), False)
        for name in wanted:
            peer.model["OCPPCommCtrlr", None, name, None] = (name.lower(), True)
        await peer.boot()
        await peer_world.idle()
        peer.record.pass_over()
        told = await peer_world.post(
            f"stations/{peer.name}/variables/read",
            {
                "variables": [
                    {"component": "OCPPCommCtrlr", "variable": name} for name in wanted
                ]
            },
        )
        first, second = [
            await peer.heard("GetVariables"),
            await peer.heard("GetVariables"),
        ]

    sizes = [len(each["getVariableData"]) for each in (first, second)]
    assert sorted(sizes) == [2, LIMIT]
    values = {each["variable"]: each["value"] for each in told.body["items"]}
    assert values == {name: name.lower() for name in wanted}


@proves("TC_B_42_CSMS", "TC_B_44_CSMS")
@both
async def test_a_way_to_connect_is_put_into_a_slot(
    peer_world: PeerWorld, edition: Edition
) -> None:
    body = {
        "ocpp_csms_url": "ws://csms.example/ocpp",
        "ocpp_interface": "Wired0",
        "ocpp_version": "OCPP20",
        "message_timeout": 30,
        "security_profile": 1,
    }
    async with peer_world.station(edition) as peer:
        for status in ("Accepted", "Failed"):
            peer.answers["SetNetworkProfile"] = {"status": status}
            told = await peer_world.put(
                f"stations/{peer.name}/network-profiles/1", body
            )
            asked = await peer.heard("SetNetworkProfile")

            assert told.status == 200, told.body
            assert asked == {
                "configurationSlot": 1,
                "connectionData": {
                    "ocppCsmsUrl": "ws://csms.example/ocpp",
                    "ocppInterface": "Wired0",
                    "ocppTransport": "JSON",
                    "ocppVersion": "OCPP20",
                    "messageTimeout": 30,
                    "securityProfile": 1,
                },
            }
            assert told.body["status"] == status


@proves("TC_B_21_CSMS", "TC_B_26_CSMS")
@pytest.mark.parametrize("evse", [None, 1], ids=["station", "evse"])
@both
async def test_a_reset_waits_for_the_end_of_transactions(
    peer_world: PeerWorld, edition: Edition, evse: int | None
) -> None:
    body = {"type": "OnIdle", "evse": evse}
    async with peer_world.station(edition) as peer:
        peer.answers["Reset"] = {"status": "Scheduled"}
        told = await peer_world.post(f"stations/{peer.name}/resets", body)
        asked = await peer.heard("Reset")

    place = {} if evse is None else {"evseId": evse}
    assert asked == {"type": "OnIdle", **place}
    assert told.body["status"] == "Scheduled", told.body
    rows = await peer_world.rows(
        "SELECT status, done_at FROM station_reset WHERE station_id = $1", peer.name
    )
    assert rows == [{"status": "Scheduled", "done_at": None}]


@proves("B08.FR.06")
@both
async def test_a_custom_report_names_no_more_variables_than_a_station_takes(
    peer_world: PeerWorld, edition: Edition
) -> None:
    async with peer_world.station(edition, boot=False) as peer:
        key = ("DeviceDataCtrlr", None, "ItemsPerMessage", "GetReport")
        peer.model[key] = (str(LIMIT), False)
        await peer.boot()
        await peer_world.idle()
        one_part(peer, peer_world)
        peer.record.pass_over()
        variables = [
            {"component": "OCPPCommCtrlr", "variable": f"Odd{number}"}
            for number in range(LIMIT + 1)
        ]
        path = f"stations/{peer.name}/reports"
        many = await peer_world.post(path, {"variables": variables})
        few = await peer_world.post(path, {"variables": variables[:LIMIT]})

    assert (many.status, many.body["code"]) == (409, "station-lacks")
    assert few.status == 200, few.body
    (asked,) = peer.record.asked("GetReport")
    assert len(asked["componentVariable"]) == LIMIT
