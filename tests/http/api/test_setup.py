"""How stations are set up, through the API: variables, reports, drift, restarts."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest

from csms.domain.device_model import Drift
from csms.domain.ids import StationId
from csms.domain.station import Variable, VariableKey
from csms.services.ports.access import Role
from tests.fakes.link import FakeLink
from tests.http.charger import MODEL, Charger, knows
from tests.http.nodes import EVENING, HOME_1, HOME_2, Stage
from tests.proving import proves

pytestmark = [pytest.mark.postgres, pytest.mark.usefixtures("charger")]
HERE = f"/api/v1/stations/{HOME_1.station}"
SECRET = "a-new-password-of-32-characters!"
Json = dict[str, Any]


@pytest.fixture
async def charger(peopled: Stage) -> Charger:
    charger = Charger()
    peopled.links[HOME_1.station] = charger.link
    await knows(peopled, *MODEL)
    return charger


async def audited(stage: Stage, action: str) -> list[Mapping[str, Any]]:
    async with stage.node.begin() as work:
        rows = await work.access.trail(before=None, limit=50)
    return [row.detail for row in rows if row.action == action]


def named(name: str, **more: str) -> Json:
    component, _, rest = name.partition(".")
    said, _, instance = rest.partition("[")
    return {
        "component": component,
        "variable": said,
        "variable_instance": instance.rstrip("]"),
        **more,
    }


class TestVariables:
    async def test_what_is_set_is_read_back_kept_and_audited(
        self, peopled: Stage, operator: httpx.AsyncClient
    ) -> None:
        body = {"variables": [named("OCPPCommCtrlr.OfflineThreshold", value="120")]}

        (said,) = (await operator.patch(f"{HERE}/variables", json=body)).json()["items"]

        assert (said["status"], said["value"]) == ("Accepted", "120")
        kept = (await operator.get(f"{HERE}/variables?q=OfflineThreshold")).json()
        assert kept["items"][0]["value"] == "120"
        assert kept["items"][0]["characteristics"]["dataType"] == "integer"
        ((entry,),) = [
            each["variables"]
            for each in await audited(peopled, "station.variables_set")
        ]
        assert entry["value"] == "120"
        assert entry["status"] == "Accepted"

    async def test_many_go_in_as_many_messages_as_the_station_needs(
        self, charger: Charger, operator: httpx.AsyncClient
    ) -> None:
        names = [
            "OCPPCommCtrlr.OfflineThreshold",
            "OCPPCommCtrlr.MessageAttempts[TransactionEvent]",
            "SampledDataCtrlr.TxUpdatedInterval",
        ]
        body = {"variables": [named(each, value="60") for each in names]}

        said = (await operator.patch(f"{HERE}/variables", json=body)).json()["items"]

        assert [each["status"] for each in said] == ["Accepted"] * 3
        assert [
            len(each["setVariableData"]) for each in charger.asked("SetVariables")
        ] == [2, 1]
        assert [
            len(each["getVariableData"]) for each in charger.asked("GetVariables")
        ] == [2, 1]

    async def test_what_needs_a_restart_is_due_and_not_yet_so(
        self, charger: Charger, operator: httpx.AsyncClient
    ) -> None:
        key = VariableKey("OCPPCommCtrlr", "OfflineThreshold")
        charger.says[key] = "RebootRequired"
        body = {"variables": [named("OCPPCommCtrlr.OfflineThreshold", value="120")]}

        (said,) = (await operator.patch(f"{HERE}/variables", json=body)).json()["items"]

        assert (said["status"], said["value"], said["due"]) == (
            "RebootRequired",
            "600",
            True,
        )
        (kept,) = (await operator.get(f"{HERE}/variables?q=OfflineThreshold")).json()[
            "items"
        ]
        assert (kept["value"], kept["due"]) == ("600", "120")
        drift = (await operator.get(f"{HERE}/drift")).json()["items"]
        kinds = {each["name"]: each["kind"] for each in drift}
        assert kinds["OCPPCommCtrlr.OfflineThreshold"] == "restart"

    async def test_a_password_is_kept_nowhere(
        self, peopled: Stage, charger: Charger, operator: httpx.AsyncClient
    ) -> None:
        body = {"variables": [named("WebPaymentsCtrlr.SharedSecret", value=SECRET)]}

        answer = await operator.patch(f"{HERE}/variables", json=body)

        assert (
            charger.asked("SetVariables")[0]["setVariableData"][0]["attributeValue"]
            == SECRET
        )
        assert charger.asked("GetVariables") == []
        assert SECRET not in answer.text
        kept = await operator.get(f"{HERE}/variables?q=SharedSecret")
        assert kept.json()["items"][0]["value"] is None
        assert SECRET not in json.dumps(
            [dict(each) for each in await audited(peopled, "station.variables_set")]
        )

    async def test_what_the_station_lacks_is_said_and_nothing_is_sent(
        self, charger: Charger, operator: httpx.AsyncClient
    ) -> None:
        for name, value, field in (
            ("OCPPCommCtrlr.OfflineThreshold", "soon", "attributeValue"),
            ("OCPPCommCtrlr.QueueAllMessages", "true", "variable"),
            ("OCPPCommCtrlr.Nothing", "1", "variable"),
            ("NoCtrlr.Nothing", "1", "component"),
        ):
            body = {"variables": [named(name, value=value)]}

            said = await operator.patch(f"{HERE}/variables", json=body)

            assert (said.status_code, said.json()["code"]) == (409, "station-lacks")
            assert said.json()["field"] == f"setVariableData[0].{field}"
            assert said.json()["remedy"]
        twice = [named("OCPPCommCtrlr.OfflineThreshold", value=each) for each in "12"]
        said = await operator.patch(f"{HERE}/variables", json={"variables": twice})
        assert (said.status_code, said.json()["code"]) == (422, "malformed-command")
        assert said.json()["field"] == "setVariableData[1]"
        assert charger.link.asked == []

    async def test_a_raw_command_tells_the_store_too(
        self, charger: Charger, operator: httpx.AsyncClient
    ) -> None:
        payload = {
            "setVariableData": [
                {
                    "component": {"name": "OCPPCommCtrlr"},
                    "variable": {"name": "OfflineThreshold"},
                    "attributeValue": "90",
                }
            ]
        }

        await operator.post(f"{HERE}/commands/SetVariables", json=payload)

        kept = (await operator.get(f"{HERE}/variables?q=OfflineThreshold")).json()
        assert kept["items"][0]["value"] == "90"
        assert charger.values[VariableKey("OCPPCommCtrlr", "OfflineThreshold")] == "90"
        charger.values[VariableKey("OCPPCommCtrlr", "OfflineThreshold")] = "77"
        body = {"variables": [named("OCPPCommCtrlr.OfflineThreshold")]}
        said = await operator.post(f"{HERE}/variables/read", json=body)
        assert said.json()["items"][0]["value"] == "77"
        kept = (await operator.get(f"{HERE}/variables?q=OfflineThreshold")).json()
        assert kept["items"][0]["value"] == "77"

    async def test_nothing_is_changed_by_who_may_not_or_by_silence(
        self, peopled: Stage, charger: Charger, operator: httpx.AsyncClient
    ) -> None:
        body = {"variables": [named("OCPPCommCtrlr.OfflineThreshold", value="1")]}
        async with peopled.client(Role.VIEWER) as api:
            denied = await api.patch(f"{HERE}/variables", json=body)
        del peopled.links[HOME_1.station]

        said = await operator.patch(f"{HERE}/variables", json=body)

        assert denied.status_code == 403
        assert (said.status_code, said.json()["code"]) == (504, "station-silent")
        kept = (await operator.get(f"{HERE}/variables?q=OfflineThreshold")).json()
        assert kept["items"][0]["value"] == "600"
        assert charger.link.asked == []


class TestReports:
    async def test_a_report_that_brings_nothing_is_on_record(
        self, operator: httpx.AsyncClient
    ) -> None:
        for body, status in (
            ({"base": "SummaryInventory"}, "NotSupported"),
            ({"criteria": ["Problem"]}, "EmptyResultSet"),
        ):
            said = (await operator.post(f"{HERE}/reports", json=body)).json()

            assert (said["report"]["status"], said["variables"]) == (status, [])
        listed = (await operator.get(f"{HERE}/reports")).json()["items"]
        assert [(each["kind"], each["status"]) for each in listed] == [
            ("Custom", "EmptyResultSet"),
            ("SummaryInventory", "NotSupported"),
        ]
        everything = (await operator.get(f"{HERE}/variables")).json()["items"]
        assert len(everything) == len(MODEL)

    async def test_what_cannot_be_reported_is_not_asked_for(
        self, charger: Charger, operator: httpx.AsyncClient
    ) -> None:
        for body in ({}, {"base": "FullInventory", "criteria": ["Active"]}):
            said = await operator.post(f"{HERE}/reports", json=body)
            assert (said.status_code, said.json()["code"]) == (422, "wordless-report")
        nowhere = {"variables": [{"component": "Nowhere"}]}
        said = await operator.post(f"{HERE}/reports", json=nowhere)

        assert said.json()["code"] == "station-lacks"
        assert said.json()["field"] == "componentVariable[0].component"
        assert charger.link.asked == []


class TestDrift:
    async def test_what_is_wrong_is_told_and_repaired(
        self, peopled: Stage, charger: Charger, operator: httpx.AsyncClient
    ) -> None:
        peopled.clock.jump_to(EVENING + timedelta(hours=3))
        await knows(peopled, *MODEL)
        found = (await operator.get(f"{HERE}/drift")).json()["items"]
        by_name = {each["name"]: each for each in found}
        wrong = by_name["OCPPCommCtrlr.OfflineThreshold"]
        assert (wrong["wanted"], wrong["actual"], wrong["kind"]) == (
            "300",
            "600",
            "value",
        )
        assert (wrong["template"], wrong["required"]) == ("offline", True)
        assert wrong["since"].startswith("2026-07-13T23:30:00")
        assert by_name["OCPPCommCtrlr.QueueAllMessages"]["kind"] == "fixed"

        said = await operator.post(f"{HERE}/drift/repair", json={})

        outcomes = {each["name"]: each["outcome"] for each in said.json()["items"]}
        assert outcomes["OCPPCommCtrlr.OfflineThreshold"] == "repaired"
        assert outcomes["SampledDataCtrlr.TxUpdatedInterval"] == "repaired"
        assert outcomes["OCPPCommCtrlr.QueueAllMessages"] == "impossible"
        assert charger.values[VariableKey("OCPPCommCtrlr", "OfflineThreshold")] == "300"
        left = (await operator.get(f"{HERE}/drift")).json()["items"]
        assert "OCPPCommCtrlr.OfflineThreshold" not in {each["name"] for each in left}
        assert len(await audited(peopled, "station.drift_repaired")) == 1

    async def test_a_refusal_is_a_result(
        self, charger: Charger, operator: httpx.AsyncClient
    ) -> None:
        charger.says[VariableKey("OCPPCommCtrlr", "OfflineThreshold")] = "Rejected"
        body = {"variables": [named("OCPPCommCtrlr.OfflineThreshold")]}

        (said,) = (await operator.post(f"{HERE}/drift/repair", json=body)).json()[
            "items"
        ]

        assert (said["outcome"], said["detail"]) == ("refused", "Rejected")
        right = named("OCPPCommCtrlr.MessageAttempts[TransactionEvent]")
        other = await operator.post(f"{HERE}/drift/repair", json={"variables": [right]})
        assert (other.status_code, other.json()["code"]) == (404, "no-such-drift")

    async def test_the_dispatchers_variables_are_left_alone_in_an_event(
        self, peopled: Stage, charger: Charger, operator: httpx.AsyncClient
    ) -> None:
        found = (await operator.get(f"{HERE}/drift")).json()["items"]
        assert "SampledDataCtrlr.TxUpdatedInterval" in {each["name"] for each in found}
        await peopled.call()

        said = (await operator.post(f"{HERE}/drift/repair", json={})).json()["items"]

        outcomes = {each["name"]: each["outcome"] for each in said}
        assert outcomes["SampledDataCtrlr.TxUpdatedInterval"] == "held"
        assert outcomes["OCPPCommCtrlr.OfflineThreshold"] == "repaired"
        sent = {
            entry["variable"]["name"]
            for each in charger.asked("SetVariables")
            for entry in each["setVariableData"]
        }
        assert "TxUpdatedInterval" not in sent

    async def test_the_fleet_is_listed_by_station(
        self, peopled: Stage, operator: httpx.AsyncClient
    ) -> None:
        async with peopled.node.begin() as work:
            found = await work.models.drifts(HOME_1.station)
            await work.models.replace_drifts(
                HOME_2.station, [_at(each, HOME_2.station) for each in found[:1]]
            )

        first = (await operator.get("/api/v1/drift?limit=1")).json()
        second = (
            await operator.get(f"/api/v1/drift?limit=1&cursor={first['next']}")
        ).json()

        assert [each["station"] for each in first["items"]] == [HOME_1.station]
        assert [each["station"] for each in second["items"]] == [HOME_2.station]
        assert second["next"] is None
        (offline,) = (await operator.get("/api/v1/templates")).json()["items"]

        wishes = {each["variable"]: each for each in offline["variables"]}
        assert wishes["OfflineThreshold"]["fit"] == "at_most"
        assert {
            "OfflineThreshold",
            "OfflineTxForUnknownIdEnabled",
            "LocalAuthorizeOffline",
            "QueueAllMessages",
            "RetryBackOffRepeatTimes",
            "RetryBackOffRandomRange",
            "RetryBackOffWaitMinimum",
            "MessageAttempts",
            "MessageAttemptInterval",
        } <= set(wishes)
        assert all(each["why"] for each in offline["variables"])


def _at(drift: Drift, station: StationId) -> Drift:
    return replace(drift, station=station)


WAY: Json = {
    "ocpp_csms_url": "wss://csms.example/ocpp",
    "security_profile": 2,
    "basic_auth_password": SECRET,
    "vpn": {
        "server": "vpn.example",
        "user": "u",
        "password": SECRET,
        "key": SECRET,
        "type": "IKEv2",
    },
}


class TestNetworkProfiles:
    async def test_a_way_to_connect_is_set_and_kept_without_its_secrets(
        self, peopled: Stage, charger: Charger, admin: httpx.AsyncClient
    ) -> None:
        said = await admin.put(f"{HERE}/network-profiles/2", json=WAY)

        (sent,) = charger.asked("SetNetworkProfile")
        assert sent["configurationSlot"] == 2
        assert sent["connectionData"] == {
            "ocppCsmsUrl": "wss://csms.example/ocpp",
            "ocppInterface": "Any",
            "ocppTransport": "JSON",
            "messageTimeout": 30,
            "securityProfile": 2,
            "basicAuthPassword": SECRET,
            "vpn": {
                "server": "vpn.example",
                "user": "u",
                "password": SECRET,
                "key": SECRET,
                "type": "IKEv2",
            },
        }
        assert said.json()["status"] == "Accepted"
        slots = await admin.get(f"{HERE}/network-profiles")
        by_slot = {each["slot"]: each for each in slots.json()["items"]}
        assert sorted(by_slot) == [1, 2, 3]
        assert by_slot[1]["rank"] == 0
        assert by_slot[2]["profile"]["document"]["vpn"]["key"] == "***"
        trail = await audited(peopled, "station.network_profile_set")
        assert SECRET not in said.text + slots.text + json.dumps(list(map(dict, trail)))

    async def test_a_refused_one_leaves_what_was_there(
        self, peopled: Stage, admin: httpx.AsyncClient
    ) -> None:
        await admin.put(f"{HERE}/network-profiles/2", json=WAY)
        peopled.links[HOME_1.station] = FakeLink(
            {"SetNetworkProfile": {"status": "Failed"}}, station=HOME_1.station
        )

        other = {**WAY, "ocpp_csms_url": "wss://other.example"}
        said = await admin.put(f"{HERE}/network-profiles/2", json=other)

        assert said.json()["status"] == "Failed"
        slots = (await admin.get(f"{HERE}/network-profiles")).json()["items"]
        (kept,) = [each["profile"] for each in slots if each["slot"] == 2]
        assert kept["document"]["ocppCsmsUrl"] == WAY["ocpp_csms_url"]

    async def test_what_the_station_would_refuse_is_not_sent(
        self, charger: Charger, operator: httpx.AsyncClient, admin: httpx.AsyncClient
    ) -> None:
        for slot, change, field in (
            (9, {}, "configurationSlot"),
            (2, {"security_profile": 1}, "connectionData.securityProfile"),
        ):
            way = {**WAY, **change}
            said = await admin.put(f"{HERE}/network-profiles/{slot}", json=way)

            assert (said.status_code, said.json()["code"]) == (409, "station-lacks")
            assert said.json()["field"] == field
        denied = await operator.put(f"{HERE}/network-profiles/2", json=WAY)
        assert denied.status_code == 403
        assert charger.link.asked == []

    async def test_slots_are_put_in_order(self, admin: httpx.AsyncClient) -> None:
        await admin.put(f"{HERE}/network-profiles/2", json=WAY)

        said = await admin.put(f"{HERE}/network-priority", json={"slots": [2, 1]})
        empty = await admin.put(f"{HERE}/network-priority", json={"slots": [3]})

        assert said.json()["reads"] == "2,1"
        assert (empty.status_code, empty.json()["field"]) == (409, "slots")

    @proves("B09.FR.21", "B09.FR.29", "B09.FR.30")
    async def test_a_slot_is_described_whole_and_never_while_it_is_in_use(
        self, peopled: Stage, charger: Charger, admin: httpx.AsyncClient
    ) -> None:
        slots = [
            Variable(
                VariableKey("NetworkConfiguration", name, slot),
                value="false",
                mutability="ReadWrite",
            )
            for slot in ("1", "2")
            for name in ("OcppCsmsUrl", "ApnEnabled", "VpnEnabled", "Apn")
        ]
        charger.values |= {each.key: each.value or "" for each in slots}
        await knows(peopled, *MODEL, *slots)
        url = {
            "component": "NetworkConfiguration",
            "variable": "OcppCsmsUrl",
            "value": "wss://new.example",
        }
        apn = {**url, "variable": "Apn", "value": "internet"}

        spare = [{**each, "component_instance": "2"} for each in (url, apn)]
        said = await admin.patch(f"{HERE}/variables", json={"variables": spare})
        used = {**url, "component_instance": "1"}
        refused = await admin.patch(f"{HERE}/variables", json={"variables": [used]})

        assert said.status_code == 200, said.text
        sent = {
            entry["variable"]["name"]: entry["attributeValue"]
            for each in charger.asked("SetVariables")
            for entry in each["setVariableData"]
        }
        assert sent == {
            "OcppCsmsUrl": "wss://new.example",
            "Apn": "internet",
            "ApnEnabled": "true",
            "VpnEnabled": "false",
        }
        assert (refused.status_code, refused.json()["code"]) == (409, "station-lacks")
        assert "slot 1" in refused.json()["detail"]


class TestResets:
    async def test_a_restart_is_asked_for_and_on_record(
        self, peopled: Stage, charger: Charger, operator: httpx.AsyncClient
    ) -> None:
        whole = await operator.post(f"{HERE}/resets", json={"type": "OnIdle"})
        alone = await operator.post(
            f"{HERE}/resets", json={"type": "Immediate", "evse": 1}
        )

        assert whole.status_code == 201
        assert whole.json()["status"] == "Scheduled"
        assert charger.asked("Reset") == [
            {"type": "OnIdle"},
            {"type": "Immediate", "evseId": 1},
        ]
        listed = (await operator.get(f"{HERE}/resets")).json()["items"]
        assert [each["evse"] for each in listed] == [1, None]
        assert all(each["done_at"] is None for each in listed)
        assert len(await audited(peopled, "station.reset_asked")) == 2
        assert alone.json()["evse"] == 1

    async def test_an_evse_that_is_not_there_is_not_restarted(
        self, charger: Charger, operator: httpx.AsyncClient
    ) -> None:
        said = await operator.post(f"{HERE}/resets", json={"evse": 7})

        assert (said.status_code, said.json()["code"]) == (409, "station-lacks")
        assert said.json()["field"] == "evseId"
        assert charger.link.asked == []


class TestPlaces:
    async def test_a_known_place_says_what_it_cannot_do(
        self, operator: httpx.AsyncClient
    ) -> None:
        for method, path, allowed in (
            ("DELETE", HERE, "GET"),
            ("POST", f"{HERE}/variables", "GET, PATCH"),
            ("PUT", "/api/v1/stations", "GET"),
        ):
            said = await operator.request(method, path)

            assert (said.status_code, said.json()["code"]) == (
                405,
                "method-not-allowed",
            )
            assert said.headers["Allow"] == allowed
        unknown = await operator.delete("/api/v1/nowhere")
        assert (unknown.status_code, unknown.json()["code"]) == (404, "no-such-place")
