"""Block N on the wire: monitors set, cleared, reported (N02 to N06)."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from tests.conformance.peer_world import EDITIONS, Edition, Peer, PeerWorld, Told
from tests.fleet.peer_model import Key
from tests.proving import proves

pytestmark = [pytest.mark.postgres, pytest.mark.sockets]
Json = dict[str, Any]
POWER = ("EVSE", 1, "Power", None)
STATE = ("EVSE", 1, "AvailabilityState", None)
WHOLE = ("ChargingStation", None, "AvailabilityState", None)
CONTROL = "MonitoringCtrlr"
LIMITS = [
    (CONTROL, "ItemsPerMessage", "SetVariableMonitoring", "2"),
    (CONTROL, "BytesPerMessage", "SetVariableMonitoring", "2000"),
    (CONTROL, "ItemsPerMessage", "ClearVariableMonitoring", "3"),
    ("DeviceDataCtrlr", "ItemsPerMessage", "GetReport", "2"),
]
MODEL: dict[Key, tuple[str, bool]] = {
    POWER: ("7000", False),
    STATE: ("Available", False),
    WHOLE: ("Available", False),
}


@pytest.fixture
def edition() -> Edition:
    """The later edition, in tests that do not ask for both."""
    return Edition.V21


@pytest.fixture
async def peer(peer_world: PeerWorld, edition: Edition) -> AsyncIterator[Peer]:
    async with peer_world.station(edition, boot=False) as peer:
        peer.model |= MODEL
        await peer.boot()
        await peer_world.idle()
        peer.record.pass_over()
        for limit in LIMITS:
            await say_limit(peer_world, peer, *limit)
        peer.answers["SetVariableMonitoring"] = Numbers()
        peer.answers["ClearVariableMonitoring"] = cleared
        yield peer


class Numbers:
    """Takes every monitor, and numbers them; results come in the opposite order."""

    def __init__(self) -> None:
        self.next = 100

    def __call__(self, asked: Json) -> Json:
        results = [
            {
                "status": "Accepted",
                "id": each.get("id") or self._new(),
                **{n: each[n] for n in ("type", "component", "variable", "severity")},
            }
            for each in asked["setMonitoringData"]
        ]
        return {"setMonitoringResult": results[::-1]}

    def _new(self) -> int:
        self.next += 1
        return self.next


def cleared(asked: Json) -> Json:
    words = {7: "NotFound", 8: "Rejected"}
    results = [
        {"id": each, "status": words.get(each, "Accepted")} for each in asked["id"]
    ]
    return {"clearMonitoringResult": results}


def a_monitor(variable: tuple[Any, ...] = POWER, **changes: object) -> Json:
    component, evse, name, _ = variable
    return {
        "component": component,
        "evse": evse or 0,
        "variable": name,
        "kind": "UpperThreshold",
        "value": 5000,
        "severity": 4,
        **changes,
    }


def at(name: str, evse: int | None = None) -> Json:
    return {"name": name} if evse is None else {"name": name, "evse": {"id": evse}}


async def wish(world: PeerWorld, peer: Peer, *monitors: Json) -> Told:
    return await world.put(f"stations/{peer.name}/monitors", {"monitors": monitors})


async def view(world: PeerWorld, peer: Peer) -> Json:
    return (await world.get(f"stations/{peer.name}/monitors")).body


async def report(world: PeerWorld, peer: Peer, **wanted: object) -> Json:
    told = await world.post(f"stations/{peer.name}/monitoring-reports", wanted)
    assert told.status == 202, told.body
    return told.body


async def part(
    peer: Peer, number: int, monitors: Sequence[Json], request: int, *, more: bool
) -> None:
    data = [
        {
            "component": at("EVSE", 1),
            "variable": {"name": "Power"},
            "variableMonitoring": list(monitors),
        }
    ]
    said = {
        "requestId": request,
        "seqNo": number,
        "generatedAt": "2026-07-14T00:00:00Z",
        "tbc": more,
        "monitor": data,
    }
    assert await peer.ask("NotifyMonitoringReport", said) == {}


def told_monitor(number: int, edition: Edition, **changes: object) -> Json:
    origin = {"eventNotificationType": "CustomMonitor"}
    return {
        "id": number,
        "transaction": False,
        "value": 5000,
        "type": "UpperThreshold",
        "severity": 4,
        **(origin if edition is Edition.V21 else {}),
        **changes,
    }


@proves("TC_N_08_CSMS", "N04.FR.17")
@pytest.mark.parametrize("edition", EDITIONS)
@pytest.mark.usefixtures("edition")
async def test_one_monitor_is_set(peer_world: PeerWorld, peer: Peer) -> None:
    wanted = a_monitor(STATE, kind="Delta", severity=8, value=30)
    await say_type(peer_world, peer, "AvailabilityState", "OptionList")
    done = await wish(peer_world, peer, wanted)

    (asked,) = peer.record.asked("SetVariableMonitoring")
    assert asked == {
        "setMonitoringData": [
            {
                "value": 1,
                "type": "Delta",
                "severity": 8,
                "component": at("EVSE", 1),
                "variable": {"name": "AvailabilityState"},
            }
        ]
    }
    (item,) = done.body["items"]
    assert (item["status"], item["id"]) == ("Accepted", 101)
    (row,) = await peer_world.rows(
        "SELECT * FROM monitor_intent WHERE station_id = $1", peer.name
    )
    assert (row["monitor_id"], row["kind"], row["value"]) == (101, "Delta", 1.0)


async def say_limit(
    world: PeerWorld, peer: Peer, component: str, variable: str, of: str, value: str
) -> None:
    await world.rows(
        "INSERT INTO station_variable (station_id, component, component_instance, evse,"
        " connector, variable, variable_instance, attribute, value, updated_at)"
        " VALUES ($1, $2, '', 0, 0, $3, $4, 'Actual', $5, now())"
        " ON CONFLICT (station_id, component, component_instance, evse, connector,"
        " variable, variable_instance, attribute) DO UPDATE SET value = $5",
        peer.name,
        component,
        variable,
        of,
        value,
    )


async def say_type(world: PeerWorld, peer: Peer, variable: str, kind: str) -> None:
    await world.rows(
        "UPDATE station_variable SET characteristics = jsonb_build_object("
        "'dataType', $3::text, 'supportsMonitoring', true, 'maxLimit', 9000)"
        " WHERE station_id = $1 AND variable = $2",
        peer.name,
        variable,
        kind,
    )


@proves("TC_N_09_CSMS", "N04.FR.09")
async def test_several_monitors_go_in_as_many_messages_as_it_takes(
    peer_world: PeerWorld, peer: Peer
) -> None:
    wanted = [
        a_monitor(STATE, kind="Delta", severity=8, value=1),
        a_monitor(WHOLE, kind="Delta", severity=8, value=1),
        a_monitor(POWER),
        a_monitor(POWER, severity=2, value=8000),
        a_monitor(POWER, kind="PeriodicClockAligned", value=900, severity=9),
    ]
    done = await wish(peer_world, peer, *wanted)

    asked = peer.record.asked("SetVariableMonitoring")
    assert [len(each["setMonitoringData"]) for each in asked] == [2, 2, 1]
    said = [one for each in asked for one in each["setMonitoringData"]]
    assert [each["component"] for each in said[:2]] == [
        at("EVSE", 1),
        at("ChargingStation"),
    ]
    assert [each["type"] for each in said[2:]] == [
        "UpperThreshold",
        "UpperThreshold",
        "PeriodicClockAligned",
    ]
    assert [each["id"] for each in done.body["items"]] == [101, 102, 103, 104, 105]
    assert [each["severity"] for each in done.body["items"]] == [8, 8, 4, 2, 9]
    assert len((await view(peer_world, peer))["wanted"]) == 5


async def test_what_was_set_before_is_replaced_by_its_number(
    peer_world: PeerWorld, peer: Peer
) -> None:
    await wish(peer_world, peer, a_monitor())
    await wish(peer_world, peer, a_monitor(value=6000), a_monitor(severity=1))

    (first, second) = peer.record.asked("SetVariableMonitoring")
    assert "id" not in first["setMonitoringData"][0]
    assert [each.get("id") for each in second["setMonitoringData"]] == [101, None]
    kept = (await view(peer_world, peer))["wanted"]
    assert [(e["id"], e["value"]) for e in kept] == [(102, 5000.0), (101, 6000.0)]


async def test_each_result_is_kept_with_what_it_is_about(
    peer_world: PeerWorld, peer: Peer
) -> None:
    words = iter(["UnknownVariable", "Rejected"])

    def answer(asked: Json) -> Json:
        results = [
            {
                "status": next(words),
                "statusInfo": {"reasonCode": "Why"},
                **{n: each[n] for n in ("type", "component", "variable", "severity")},
            }
            for each in asked["setMonitoringData"]
        ]
        return {"setMonitoringResult": results}

    peer.answers["SetVariableMonitoring"] = answer
    done = await wish(peer_world, peer, a_monitor(), a_monitor(severity=1))

    assert [(e["status"], e["info"], e["id"]) for e in done.body["items"]] == [
        ("UnknownVariable", "Why", None),
        ("Rejected", "Why", None),
    ]


SENSELESS: list[tuple[Json, int, str]] = [
    (a_monitor(severity=10), 422, "monitors.0.severity"),
    (a_monitor(kind="Delta", value=-1), 422, "monitors.0.value"),
    (a_monitor(kind="Periodic", value=0.5), 422, "monitors.0.value"),
    (a_monitor(value=9001), 422, "monitors.0.value"),
    (a_monitor(kind="Sometimes"), 422, "monitors.0.kind"),
    (a_monitor(("EVSE", 9, "Power", None)), 409, "monitors.0.component"),
    (a_monitor(("EVSE", 1, "Mood", None)), 409, "monitors.0.variable"),
]


async def test_what_makes_no_sense_for_this_station_is_not_sent(
    peer_world: PeerWorld, peer: Peer
) -> None:
    await say_type(peer_world, peer, "Power", "decimal")
    await say_type(peer_world, peer, "AvailabilityState", "OptionList")
    for wanted, status, at_field in SENSELESS:
        told = await wish(peer_world, peer, wanted)
        assert (told.status, told.body["field"]) == (status, at_field), wanted
    twice = await wish(peer_world, peer, a_monitor(), a_monitor(value=1))
    on_words = await wish(peer_world, peer, a_monitor(STATE))
    await peer_world.rows(
        "UPDATE station_variable SET characteristics = characteristics ||"
        " '{\"supportsMonitoring\": false}' WHERE station_id = $1"
        " AND variable = 'Power'",
        peer.name,
    )
    unwatched = await wish(peer_world, peer, a_monitor())

    assert (twice.status, twice.body["field"]) == (422, "monitors.1")
    assert (on_words.status, on_words.body["field"]) == (422, "monitors.0.kind")
    assert (unwatched.status, unwatched.body["field"]) == (422, "monitors.0.variable")
    assert peer.record.asked("SetVariableMonitoring") == []
    assert (await view(peer_world, peer))["wanted"] == []


@pytest.mark.parametrize("edition", EDITIONS)
async def test_what_only_the_later_edition_knows(
    peer_world: PeerWorld, peer: Peer, edition: Edition
) -> None:
    stream = a_monitor(kind="Periodic", value=1, stream={"values": 60})
    target = a_monitor(kind="TargetDelta", value=5, severity=3)
    told = [await wish(peer_world, peer, each) for each in (stream, target)]

    asked = peer.record.asked("SetVariableMonitoring")
    if edition is Edition.V21:
        assert [each.status for each in told] == [200, 200]
        assert asked[0]["setMonitoringData"][0]["periodicEventStream"] == {"values": 60}
        assert asked[1]["setMonitoringData"][0]["type"] == "TargetDelta"
    else:
        assert [each.status for each in told] == [422, 422]
        assert [each.body["field"] for each in told] == [
            "monitors.0.stream",
            "monitors.0.kind",
        ]
        assert asked == []


@proves("N11.FR.09")
async def test_a_stream_needs_a_rate(peer_world: PeerWorld, peer: Peer) -> None:
    for stream in ({}, {"values": 0, "interval_s": 0}):
        monitor = a_monitor(kind="Periodic", value=1, stream=stream)
        told = await wish(peer_world, peer, monitor)
        assert (told.status, told.body["field"]) == (422, "monitors.0.stream")

    assert peer.record.asked("SetVariableMonitoring") == []


@proves("TC_N_18_CSMS", "TC_N_44_CSMS", "N06.FR.04")
@pytest.mark.parametrize("edition", EDITIONS)
@pytest.mark.usefixtures("edition")
async def test_monitors_are_cleared_a_few_at_a_time(
    peer_world: PeerWorld, peer: Peer
) -> None:
    await wish(peer_world, peer, a_monitor())
    ids = [101, 7, 8, 9, 10, 11, 12, 7]
    path = f"stations/{peer.name}/monitors/clear"
    done = await peer_world.post(path, {"ids": ids})

    asked = [each["id"] for each in peer.record.asked("ClearVariableMonitoring")]
    assert asked == [[101, 7, 8], [9, 10, 11], [12]]
    words = {each["id"]: each["status"] for each in done.body["items"]}
    assert words[7] == "NotFound"
    assert words[8] == "Rejected"
    assert words[101] == words[12] == "Accepted"
    (kept,) = (await view(peer_world, peer))["wanted"]
    assert (kept["status"], kept["id"]) == ("Cleared", None)


@proves("TC_N_05_CSMS")
@pytest.mark.parametrize("edition", EDITIONS)
@pytest.mark.usefixtures("edition")
async def test_a_station_starts_monitoring_afresh(
    peer_world: PeerWorld, peer: Peer
) -> None:
    await wish(peer_world, peer, a_monitor())
    states = []
    path = f"stations/{peer.name}/monitoring-base"
    for base in ("All", "FactoryDefault", "HardWiredOnly"):
        told = await peer_world.put(path, {"base": base})
        assert told.body == {"accepted": True, "status": "Accepted", "info": ""}
        seen = await view(peer_world, peer)
        states.append((seen["base"], seen["wanted"][0]["status"]))
    peer.answers["SetMonitoringBase"] = {"status": "NotSupported"}
    no = await peer_world.put(path, {"base": "All"})

    assert states == [
        ("All", "Accepted"),
        ("FactoryDefault", "Dropped"),
        ("HardWiredOnly", "Dropped"),
    ]
    bases = [each["monitoringBase"] for each in peer.record.asked("SetMonitoringBase")]
    assert bases == ["All", "FactoryDefault", "HardWiredOnly", "All"]
    assert (no.body["accepted"], no.body["status"]) == (False, "NotSupported")
    assert (await view(peer_world, peer))["base"] == "HardWiredOnly"


@proves("TC_N_16_CSMS", "TC_N_17_CSMS")
@pytest.mark.parametrize("edition", EDITIONS)
@pytest.mark.usefixtures("edition")
async def test_how_much_is_reported_is_set(peer_world: PeerWorld, peer: Peer) -> None:
    path = f"stations/{peer.name}/monitoring-level"
    yes = await peer_world.put(path, {"severity": 4})
    peer.answers["SetMonitoringLevel"] = {"status": "Rejected"}
    no = await peer_world.put(path, {"severity": 5})
    never = await peer_world.put(path, {"severity": 10})

    assert peer.record.asked("SetMonitoringLevel") == [{"severity": 4}, {"severity": 5}]
    assert (yes.body["accepted"], no.body["accepted"]) == (True, False)
    assert (never.status, never.body["field"]) == (422, "severity")
    assert (await view(peer_world, peer))["level"] == 4


@proves("TC_N_47_CSMS")
@pytest.mark.parametrize("edition", EDITIONS)
async def test_every_monitor_is_reported_part_by_part(
    peer_world: PeerWorld, peer: Peer, edition: Edition
) -> None:
    await wish(peer_world, peer, a_monitor(), a_monitor(severity=2))
    peer.answers["GetMonitoringReport"] = {"status": "Accepted"}
    old = (await report(peer_world, peer))["id"]
    await part(peer, 0, [told_monitor(99, edition)], old, more=False)
    number = (await report(peer_world, peer))["id"]
    late = [told_monitor(12, edition, severity=9, type="Delta", value=1)]
    await part(peer, 1, late, number, more=False)
    half = (await peer_world.get(f"monitoring-reports/{number}")).body
    await part(peer, 0, [told_monitor(201, edition)], number, more=True)

    assert peer.record.asked("GetMonitoringReport")[1] == {"requestId": number}
    whole = (await peer_world.get(f"monitoring-reports/{number}")).body
    assert (half["complete"], whole["complete"]) == (False, True)
    assert (whole["parts"], whole["monitors"]) == (2, 2)
    seen = await view(peer_world, peer)
    assert [each["id"] for each in seen["reported"]] == [12, 201]
    origins = {each["origin"] for each in seen["reported"]}
    assert origins == ({"CustomMonitor"} if edition is Edition.V21 else {None})
    wanted = {each["severity"]: each for each in seen["wanted"]}
    assert (wanted[4]["id"], wanted[4]["status"]) == (201, "Accepted")
    assert (wanted[2]["id"], wanted[2]["status"]) == (None, "Missing")


@proves("TC_N_01_CSMS", "TC_N_02_CSMS", "TC_N_03_CSMS", "TC_N_60_CSMS", "N02.FR.07")
async def test_some_monitors_are_reported(peer_world: PeerWorld, peer: Peer) -> None:
    peer.answers["GetMonitoringReport"] = {"status": "EmptyResultSet"}
    power = {"component": "ChargingStation", "variable": "Power"}
    state = {"component": "EVSE", "evse": 1, "variable": "AvailabilityState"}
    empty = await report(peer_world, peer, criteria=["DeltaMonitoring"])
    await report(peer_world, peer, variables=[power])
    peer.answers["GetMonitoringReport"] = {"status": "Accepted"}
    thresholds = (await report(peer_world, peer, criteria=["ThresholdMonitoring"]))[
        "id"
    ]
    await part(peer, 0, [told_monitor(3, Edition.V21)], thresholds, more=False)
    both = {"component": "EVSE", "evse": 1}
    await report(
        peer_world, peer, criteria=["DeltaMonitoring"], variables=[state, both]
    )
    path = f"stations/{peer.name}/monitoring-reports"
    many = await peer_world.post(path, {"variables": [power, state, both]})

    asked = peer.record.asked("GetMonitoringReport")
    assert [sorted(each) for each in asked] == [
        ["monitoringCriteria", "requestId"],
        ["componentVariable", "requestId"],
        ["monitoringCriteria", "requestId"],
        ["componentVariable", "monitoringCriteria", "requestId"],
    ]
    assert asked[1]["componentVariable"] == [
        {"component": at("ChargingStation"), "variable": {"name": "Power"}}
    ]
    assert asked[3]["componentVariable"] == [
        {"component": at("EVSE", 1), "variable": {"name": "AvailabilityState"}},
        {"component": at("EVSE", 1)},
    ]
    assert (empty["status"], empty["complete"]) == ("EmptyResultSet", True)
    assert [e["id"] for e in (await view(peer_world, peer))["reported"]] == [3]
    assert (many.status, many.body["field"]) == (409, "variables")


async def test_a_report_that_nobody_asked_for_is_counted(
    peer_world: PeerWorld, peer: Peer
) -> None:
    """Semantically impossible: nothing changes, a record is on the station."""
    await part(peer, 0, [told_monitor(3, Edition.V21)], 12, more=False)
    peer.answers["GetMonitoringReport"] = {"status": "Accepted"}
    number = (await report(peer_world, peer))["id"]
    worst = told_monitor(4, Edition.V21, severity=12)
    await part(peer, 0, [worst], number, more=True)
    await part(peer, 0, [worst], number, more=True)

    await peer_world.until(
        "SELECT 1 FROM deviation WHERE station_id = $1 AND kind = 'part-repeated'",
        peer.name,
    )
    kinds = await peer_world.rows(
        "SELECT kind FROM deviation WHERE station_id = $1"
        " AND path LIKE 'NotifyMonitoringReport%' ORDER BY kind",
        peer.name,
    )
    assert [each["kind"] for each in kinds] == [
        "part-repeated",
        "severity-out-of-range",
        "unknown-request",
    ]
    (kept,) = (await view(peer_world, peer))["reported"]
    assert (kept["id"], kept["severity"]) == (4, 9)
    shown = (await peer_world.get(f"monitoring-reports/{number}")).body
    assert (shown["parts"], shown["complete"]) == (1, False)


@proves("N04.FR.19")
async def test_a_station_that_restarted_is_asked_again(
    peer_world: PeerWorld, peer: Peer
) -> None:
    await wish(peer_world, peer, a_monitor())
    peer.answers["GetMonitoringReport"] = {"status": "Accepted"}
    refresh = peer_world.node.diagnostics.reports.refresh
    await peer_world.inside(refresh())
    before = peer.record.asked("GetMonitoringReport")
    await peer.boot()
    await peer_world.idle()
    await peer_world.inside(peer_world.node.reception.journal.flush())
    await peer_world.inside(refresh())
    await peer_world.inside(refresh())

    assert before == []
    (asked,) = peer.record.asked("GetMonitoringReport")
    assert list(asked) == ["requestId"]


async def test_a_station_that_cannot_monitor_is_not_asked(
    peer_world: PeerWorld,
) -> None:
    async with peer_world.station(boot=False) as peer:
        peer.model[CONTROL, None, "Enabled", None] = ("false", True)
        await peer.boot()
        await peer_world.idle()
        told = await wish(peer_world, peer, a_monitor(WHOLE))

        assert (told.status, told.body["code"]) == (409, "station-lacks")
        assert "MonitoringCtrlr.Enabled" in told.body["detail"]
        assert peer.record.asked("SetVariableMonitoring") == []
