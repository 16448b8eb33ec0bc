from datetime import UTC, datetime
from typing import Any

import pytest

from tests.unit.simulators.bench import Bench, a_system


def bench(persona: str = "x21-scheduled") -> Bench:
    return Bench(a_system(persona)).connect()


def shows(on: Bench, number: int = 1, form: str = "UTF8", **more: Any) -> str:  # noqa: ANN401
    content = {"format": form, "content": "Event at 17:00"}
    message = {"id": number, "priority": "InFront", "message": content} | more
    status: str = on.ask("SetDisplayMessage", {"message": message})["status"]
    return status


def reported(on: Bench) -> list[dict[str, Any]]:
    return [said for action, said in on.sent if action == "NotifyDisplayMessages"]


def test_messages_are_shown_replaced_and_cleared() -> None:
    on = bench()

    assert shows(on) == shows(on) == "Accepted"
    assert on.station.observer.report(0.0)["displayed"] == 2
    assert on.station.model.text("DisplayMessageCtrlr", "DisplayMessages") == "1"
    assert on.ask("ClearDisplayMessage", {"id": 1}) == {"status": "Accepted"}
    assert on.ask("ClearDisplayMessage", {"id": 1}) == {"status": "Unknown"}


@pytest.mark.parametrize(
    ("more", "word"),
    [
        ({"form": "HTML"}, "NotSupportedMessageFormat"),
        ({"state": "Discharging"}, "NotSupportedState"),
        ({"transactionId": "other"}, "UnknownTransaction"),
    ],
)
def test_what_it_cannot_show_is_refused(more: dict[str, Any], word: str) -> None:
    assert shows(bench(), **more) == word


def test_a_full_display_takes_no_more_and_a_make_without_one_none() -> None:
    on = bench()

    assert [shows(on, number) for number in range(7)] == ["Accepted"] * 6 + ["Rejected"]
    assert shows(bench("x201-charge-only")) == "Rejected"


def test_a_report_comes_in_parts_without_what_has_ended() -> None:
    on = bench()
    past = datetime.fromtimestamp(on.station.now - 1, UTC).isoformat()
    for number in range(1, 4):
        shows(on, number)
    shows(on, 4, endDateTime=past)

    assert on.ask("GetDisplayMessages", {"requestId": 9}) == {"status": "Accepted"}

    parts = reported(on)
    assert [part.get("tbc", False) for part in parts] == [True, False]
    shown = [each["id"] for part in parts for each in part["messageInfo"]]
    assert shown == [1, 2, 3]
    asked = {"requestId": 9, "state": "Charging"}
    assert on.ask("GetDisplayMessages", asked) == {"status": "Unknown"}


def test_one_in_front_of_all_replaces_another() -> None:
    on = bench()
    shows(on, 1, priority="AlwaysFront")
    shows(on, 2, priority="AlwaysFront")

    on.ask("GetDisplayMessages", {"requestId": 9, "priority": "AlwaysFront"})

    (part,) = reported(on)
    assert [each["id"] for each in part["messageInfo"]] == [2]
