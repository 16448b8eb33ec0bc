"""Block B: boots, device models, and the odd ways in which they come."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from csms.blocks import device_reports
from csms.blocks.device_models import StationModels
from csms.blocks.device_reports import DeviceReports, Taken
from csms.blocks.provisioning import Intervals, Provisioning
from csms.domain.ids import StationId
from csms.domain.station import Boot, Make, Standing, Variable, VariableKey
from csms.ocpp.codes import CallRefused, RpcErrorCode
from csms.ocpp.link import Refused, Stale, Unanswered, Unreachable
from csms.ocpp.messages.provisioning import BootNotificationRequest, NotifyReportRequest
from csms.services.ports.device_model import (
    MessageLimits,
    ReportQuestion,
    VariableQuestion,
)
from csms.services.ports.wire import (
    DeviationSeen,
    Inventory,
    NoAnswer,
    RefusedByStation,
    Report,
    Silence,
    VariableSetting,
)
from tests.fakes.clock import ManualClock
from tests.fakes.link import FakeLink

STATION = StationId("MA-TEST-01")
NOW = datetime(2026, 7, 14, tzinfo=UTC)
ENABLED = VariableKey("SmartChargingCtrlr", "Enabled")
MODES = VariableKey("V2XChargingCtrlr", "SupportedOperationModes", evse=1)
UNIT = VariableKey(
    "SmartChargingCtrlr", "RateUnit", variable_instance="x", evse=1, connector=2
)


@dataclass
class Stations:
    standing: Standing
    boots: list[Boot] = field(default_factory=list)

    async def boot(self, boot: Boot) -> Standing:
        self.boots.append(boot)
        return self.standing


@dataclass
class Deviations:
    seen: list[DeviationSeen] = field(default_factory=list)

    def count(
        self, station: StationId, seen: Sequence[DeviationSeen], at: datetime
    ) -> None:
        del station, at
        self.seen += seen


def a_block(standing: Standing, reports: DeviceReports | None = None) -> Provisioning:
    return Provisioning(
        Stations(standing),
        reports or DeviceReports(),
        ManualClock(NOW),
        Intervals(
            accepted=timedelta(seconds=300),
            pending=timedelta(seconds=30),
            rejected=timedelta(seconds=600),
        ),
        Deviations(),
    )


class TestSerials:
    @pytest.mark.parametrize("another", [True, False])
    async def test_a_boot_is_held_against_the_certificate(self, another: bool) -> None:  # noqa: FBT001
        asked = []

        class Serials:
            def expose(self, station: StationId, serial: str) -> bool:
                asked.append((station, serial))
                return another

        block = replace(a_block(Standing.ACCEPTED), serials=Serials())
        make = {"vendorName": "V", "model": "M", "serialNumber": "S-1"}
        request = BootNotificationRequest.read(
            {"reason": "PowerUp", "chargingStation": make}
        )
        stations = cast("Stations", block.stations)

        if another:
            with pytest.raises(CallRefused) as refused:
                await block.boot_notification(STATION, request)
            assert refused.value.code is RpcErrorCode.SECURITY_ERROR
        else:
            await block.boot_notification(STATION, request)

        assert asked == [(STATION, "S-1")]
        assert len(stations.boots) == (not another)


class TestBoot:
    """B01, B02, B03."""

    @pytest.mark.parametrize(
        ("standing", "status", "interval"),
        [
            (Standing.ACCEPTED, "Accepted", 300),
            (Standing.PENDING, "Pending", 30),
            (Standing.REJECTED, "Rejected", 600),
        ],
    )
    async def test_a_station_is_told_where_it_stands_and_what_time_it_is(
        self, standing: Standing, status: str, interval: int
    ) -> None:
        block = a_block(standing)
        request = BootNotificationRequest.read(
            {
                "reason": "PowerUp",
                "chargingStation": {"vendorName": "Example", "model": "EW-22"},
            }
        )

        answer = await block.boot_notification(STATION, request)

        assert answer.write() == {
            "currentTime": "2026-07-14T00:00:00Z",
            "interval": interval,
            "status": status,
        }
        assert block.stations.boots == [  # type: ignore[attr-defined]
            Boot(STATION, Make("Example", "EW-22"), "PowerUp", NOW)
        ]

    async def test_both_actions_are_routed(self) -> None:
        names = [each.action.name for each in a_block(Standing.ACCEPTED).routes()]

        assert names == ["BootNotification", "NotifyReport"]


def part(
    number: int, *names: str, tbc: bool | None = None, request_id: int = 1
) -> NotifyReportRequest:
    said: dict[str, Any] = {
        "requestId": request_id,
        "generatedAt": "2026-07-14T00:00:00Z",
        "seqNo": number,
        "reportData": [
            {
                "component": {"name": name},
                "variable": {"name": "V"},
                "variableAttribute": [
                    {"value": "1"},
                    {"type": "MaxSet", "value": "9", "mutability": "ReadOnly"},
                ],
                "variableCharacteristics": {
                    "dataType": "integer",
                    "supportsMonitoring": False,
                    "maxLimit": 9,
                },
            }
            for name in names
        ],
    }
    if not names:
        del said["reportData"]
    if tbc is not None:
        said["tbc"] = tbc
    return NotifyReportRequest.read(said)


async def reported(
    parts: Sequence[tuple[float, NotifyReportRequest]], deadline_s: float = 60
) -> tuple[Report, float]:
    """Ask for a report whose parts come at these seconds; tell how long it took."""
    reports = DeviceReports()
    block = a_block(Standing.ACCEPTED, reports)
    link = FakeLink({"GetBaseReport": {"status": "Accepted"}})
    models = StationModels(lambda _: link, reports)
    loop = asyncio.get_running_loop()
    began = loop.time()
    asked = asyncio.create_task(
        models.get_base_report(STATION, Inventory.FULL, deadline_s)
    )
    for after, each in parts:
        await asyncio.sleep(began + after - loop.time())
        await block.notify_report(STATION, each)
    report = await asked
    return report, loop.time() - began


def components(report: Report) -> set[str]:
    return {each.key.component for each in report.variables}


class TestBaseReport:
    """B07, and what stations make of it."""

    async def test_parts_come_until_the_last(self) -> None:
        report, took = await reported(
            [(0.1, part(0, "A", "B", tbc=True)), (0.2, part(1, "C", tbc=False))]
        )

        assert report.complete
        assert components(report) == {"A", "B", "C"}
        assert took == pytest.approx(0.2)

    async def test_an_attribute_keeps_its_kind_and_its_limits(self) -> None:
        report, _ = await reported([(0.1, part(0, "A", tbc=False))])

        said = {"dataType": "integer", "supportsMonitoring": False, "maxLimit": 9}
        key = VariableKey("A", "V")
        assert report.variables == (
            Variable(key, "Actual", "1", None, said),
            Variable(key, "MaxSet", "9", "ReadOnly", said),
        )

    async def test_parts_out_of_order_are_one_report(self) -> None:
        report, took = await reported(
            [(0.1, part(1, "B", tbc=False)), (0.4, part(0, "A", tbc=True))]
        )

        assert report.complete
        assert took == pytest.approx(0.4)

    async def test_only_the_last_part_arrives(self) -> None:
        report, took = await reported([(0.1, part(2, "C", tbc=False))])

        assert not report.complete
        assert components(report) == {"C"}
        assert took < 5

    async def test_no_part_is_marked(self) -> None:
        report, took = await reported([(0.1, part(0, "A")), (0.5, part(1, "B"))])

        assert components(report) == {"A", "B"}
        assert took < 5

    async def test_numbers_start_at_one_under_another_request(self) -> None:
        report, _ = await reported([(0.1, part(1, "A", request_id=77))])

        assert components(report) == {"A"}

    async def test_an_empty_part_is_a_part(self) -> None:
        report, _ = await reported([(0.1, part(0, tbc=False))])

        assert (report.status, report.variables) == ("Accepted", ())
        assert report.complete
        assert report.parts == 1

    async def test_accepted_and_nothing_comes(self) -> None:
        report, took = await reported([], deadline_s=10)

        assert report == Report("Accepted", request_id=1)
        assert took == pytest.approx(10)

    async def test_more_is_promised_and_never_comes(self) -> None:
        report, took = await reported([(0.1, part(0, "A", tbc=True))], deadline_s=10)

        assert components(report) == {"A"}
        assert not report.complete
        assert took == pytest.approx(10)

    async def test_a_refusal_is_not_waited_for(self) -> None:
        link = FakeLink({"GetBaseReport": {"status": "NotSupported"}})
        models = StationModels(lambda _: link, DeviceReports())

        report = await models.get_base_report(STATION, Inventory.CONFIGURATION, 60)

        assert report == Report("NotSupported", request_id=1)
        assert link.asked[0][1]["reportBase"] == "ConfigurationInventory"

    async def test_a_report_that_nobody_asked_for_is_let_pass(self) -> None:
        reports = DeviceReports()

        assert reports.take(STATION, part(0, "A")) is Taken.UNASKED
        with reports.expect(STATION), reports.expect(STATION):
            stray = part(0, "A", request_id=77)
            assert reports.take(STATION, stray) is Taken.UNASKED


class TestVariables:
    """B05, B06: matched by name, never by order."""

    async def test_results_in_any_order_find_their_variable(self) -> None:
        link = FakeLink({"GetVariables": lambda asked: {
            "getVariableResult": [
                {**each, "attributeType": "Actual", "attributeStatus": "Accepted",
                 "attributeValue": each["component"]["name"]}
                for each in reversed(asked["getVariableData"])
            ]}})  # fmt: skip
        models = StationModels(lambda _: link, DeviceReports())

        results = await models.get_variables(STATION, [ENABLED, MODES, UNIT])

        assert [each.key for each in results] == [ENABLED, MODES, UNIT]
        assert [each.value for each in results] == [
            key.component for key in (ENABLED, MODES, UNIT)
        ]
        assert all(each.accepted for each in results)
        assert [each["component"] for each in link.asked[0][1]["getVariableData"]] == [
            {"name": "SmartChargingCtrlr"},
            {"name": "V2XChargingCtrlr", "evse": {"id": 1}},
            {"name": "SmartChargingCtrlr", "evse": {"id": 1, "connectorId": 2}},
        ]

    async def test_what_is_left_out_has_no_result(self) -> None:
        one = {
            "component": {"name": "SmartChargingCtrlr"},
            "variable": {"name": "Enabled", "instance": ""},
            "attributeStatus": "UnknownVariable",
            "attributeStatusInfo": {"reasonCode": "NoVar", "additionalInfo": "never"},
        }
        link = FakeLink({"GetVariables": {"getVariableResult": [one]}})
        models = StationModels(lambda _: link, DeviceReports())

        results = await models.get_variables(STATION, [MODES, ENABLED])

        assert [each.status for each in results] == ["NoResult", "UnknownVariable"]
        assert results[1].info == "NoVar: never"
        assert not any(each.accepted for each in results)

        (most,) = await models.read(STATION, [VariableQuestion(MODES, "MaxSet")])
        link.answers["SetVariables"] = {
            "setVariableResult": [{**one, "attributeStatus": "Rejected"}]
        }
        (least,) = await models.set_variables(
            STATION, [VariableSetting(MODES, "1", "MinSet")]
        )
        assert [(each.status, each.attribute) for each in (most, least)] == [
            ("NoResult", "MaxSet"),
            ("NoResult", "MinSet"),
        ]

    async def test_set_results_find_their_variable_too(self) -> None:
        def answer(asked: dict[str, Any]) -> dict[str, Any]:
            first, second = asked["setVariableData"][:2]
            return {
                "setVariableResult": [
                    {
                        "component": second["component"],
                        "variable": second["variable"],
                        "attributeStatus": "RebootRequired",
                    },
                    {
                        "component": first["component"],
                        "variable": first["variable"],
                        "attributeStatus": "Rejected",
                    },
                ]
            }

        link = FakeLink({"SetVariables": answer})
        models = StationModels(lambda _: link, DeviceReports())
        settings = [VariableSetting(each, "true") for each in (ENABLED, UNIT, MODES)]

        results = await models.set_variables(STATION, settings)

        assert [each.status for each in results] == [
            "Rejected", "RebootRequired", "NoResult",
        ]  # fmt: skip
        assert results[1].accepted
        assert link.asked[0][1]["setVariableData"][1] == {
            "attributeValue": "true",
            "component": {
                "name": "SmartChargingCtrlr", "evse": {"id": 1, "connectorId": 2},
            },
            "variable": {"name": "RateUnit", "instance": "x"},
        }  # fmt: skip


class TestNoAnswer:
    @pytest.mark.parametrize(
        ("error", "kind"),
        [
            (Unreachable(), Silence.UNREACHABLE),
            (Unanswered(), Silence.UNANSWERED),
            (Stale(), Silence.STALE),
        ],
    )
    async def test_silence_has_its_kind(self, error: Exception, kind: Silence) -> None:
        models = StationModels(
            lambda _: FakeLink({"GetVariables": error}), DeviceReports()
        )

        with pytest.raises(NoAnswer) as told:
            await models.get_variables(STATION, [ENABLED])

        assert told.value.kind is kind
        assert told.value.station == STATION

    async def test_who_is_not_connected_cannot_be_asked(self) -> None:
        models = StationModels(lambda _: None, DeviceReports())

        with pytest.raises(NoAnswer) as told:
            await models.get_variables(STATION, [ENABLED])

        assert told.value.kind is Silence.UNREACHABLE
        assert told.value.station == STATION

    async def test_an_error_is_an_answer(self) -> None:
        error = Refused("NotImplemented", "what?", {"a": 1})
        models = StationModels(
            lambda _: FakeLink({"GetVariables": error}), DeviceReports()
        )

        with pytest.raises(RefusedByStation) as told:
            await models.get_variables(STATION, [ENABLED])

        assert (told.value.code, told.value.description) == ("NotImplemented", "what?")
        assert told.value.details == {"a": 1}


class TestOddReports:
    """B07, B08: parts that come twice, out of order, for nobody, or without end."""

    async def test_the_later_number_wins_whatever_comes_first(self) -> None:
        report, _ = await reported(
            [(0.1, part(1, "B", tbc=False)), (0.2, part(0, "A", tbc=True))]
        )

        assert report.complete
        assert report.generated_at == NOW
        assert (report.parts, report.missing, report.repeated) == (2, 0, 0)
        assert [each.key.component for each in report.variables] == [*"AABB"]

    async def test_a_part_that_comes_twice_is_counted_and_does_no_harm(self) -> None:
        block = a_block(Standing.ACCEPTED)
        with block.reports.expect(STATION) as (number, parts):
            for each in (part(0, "A", tbc=True, request_id=number),) * 2:
                await block.notify_report(STATION, each)
            await block.notify_report(
                STATION, part(1, "B", tbc=False, request_id=number)
            )

        report = parts.report("Accepted", number)
        assert report.complete
        assert report.repeated == 1
        (seen,) = block.deviations.seen  # type: ignore[attr-defined]
        assert seen.kind == "report-part-repeated"

    async def test_a_missing_part_is_counted(self) -> None:
        report, _ = await reported(
            [(0.1, part(0, "A", tbc=True)), (0.2, part(2, "C", tbc=False))]
        )

        assert (report.complete, report.missing) == (False, 1)

    async def test_two_reports_at_once_are_told_apart_by_their_number(self) -> None:
        block = a_block(Standing.ACCEPTED)
        reports = block.reports
        with reports.expect(STATION) as one, reports.expect(STATION) as other:
            for number, name in ((other[0], "B"), (one[0], "A")):
                said = part(0, name, tbc=False, request_id=number)
                await block.notify_report(STATION, said)
            await block.notify_report(STATION, part(0, "C", request_id=999))

        assert [each.key.component for each in one[1].report("", 1).variables] == (
            ["A"] * 2
        )
        assert [each.key.component for each in other[1].report("", 2).variables] == (
            ["B"] * 2
        )
        (seen,) = block.deviations.seen  # type: ignore[attr-defined]
        assert seen.kind == "report-unasked"

    async def test_a_report_under_a_number_of_its_own_is_the_one_that_is_asked(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        block = a_block(Standing.ACCEPTED)
        monkeypatch.setattr(device_reports, "MOST_VARIABLES", 2)
        with block.reports.expect(STATION) as (number, parts):
            await block.notify_report(STATION, part(0, "A", request_id=number + 1))
            await block.notify_report(STATION, part(1, "B", request_id=number))

        assert len(parts.report("Accepted", number).variables) == 2
        assert [each.kind for each in block.deviations.seen] == [  # type: ignore[attr-defined]
            Taken.MISNUMBERED.value,
            Taken.TOO_MUCH.value,
        ]

    async def test_a_report_without_end_is_cut(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(device_reports, "MOST_VARIABLES", 3)
        report, _ = await reported(
            [(0.1, part(0, "A", tbc=True)), (0.2, part(1, "B", tbc=False))]
        )

        assert components(report) == {"A"}
        assert not report.complete

    async def test_a_part_reads_the_same_from_its_words_and_from_its_message(
        self,
    ) -> None:
        request = part(0, "A", "B")
        words = request.write()
        words["reportData"][0]["component"]["evse"] = {"id": 2, "connectorId": 1}
        words["reportData"][0]["variableAttribute"][0] |= {
            "persistent": True,
            "constant": False,
        }
        again = NotifyReportRequest.read(words)

        assert device_reports.variables_said(words) == device_reports.variables_of(
            again
        )

    async def test_what_comes_is_handed_on_while_the_rest_is_coming(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(device_reports, "AT_ONCE", 2)
        brought: list[int] = []

        async def bring(variables: Sequence[Variable]) -> None:
            brought.append(len(variables))

        reports = DeviceReports()
        block = a_block(Standing.ACCEPTED, reports)
        link = FakeLink({"GetBaseReport": {"status": "Accepted"}})
        models = StationModels(lambda _: link, reports)
        asked = asyncio.create_task(
            models.base_report(STATION, "FullInventory", 60, bring)
        )
        for number, name in enumerate("ABC"):
            await asyncio.sleep(0.1)
            await block.notify_report(STATION, part(number, name, tbc=name != "C"))

        report = await asked

        assert brought == [2, 2, 2]
        assert report.complete


async def test_a_custom_report_names_what_it_is_about() -> None:
    link = FakeLink({"GetReport": {"status": "EmptyResultSet"}})
    models = StationModels(lambda _: link, DeviceReports())
    question = ReportQuestion(
        ("Problem",), (VariableKey("EVSE", "", evse=1), VariableKey("A", "V"))
    )

    report = await models.custom_report(STATION, question, 60)

    assert report.status == "EmptyResultSet"
    (asked,) = [payload for _, payload, _ in link.asked]
    assert asked == {
        "requestId": 1,
        "componentCriteria": ["Problem"],
        "componentVariable": [
            {"component": {"name": "EVSE", "evse": {"id": 1}}},
            {"component": {"name": "A"}, "variable": {"name": "V"}},
        ],
    }


def test_portions_keep_to_items_and_to_bytes() -> None:
    models = StationModels(lambda _: None, DeviceReports())
    questions = [VariableQuestion(VariableKey("C", f"V{i}")) for i in range(5)]
    long = VariableSetting(VariableKey("C", "V"), "x" * 500)
    short = [VariableSetting(VariableKey("C", f"V{i}"), "1") for i in range(3)]

    by_items = models.portions_to_read(questions, MessageLimits(2))
    by_bytes = models.portions_to_write([*short, long], MessageLimits(10, 320))

    assert [len(each) for each in by_items] == [2, 2, 1]
    assert [len(each) for each in by_bytes] == [2, 1, 1]
    assert [one for each in by_bytes for one in each] == [*short, long]
