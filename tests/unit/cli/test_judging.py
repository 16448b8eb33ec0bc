"""Each promise of the demonstration, kept, and broken on purpose."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from csms.cli.demo_report import findings
from csms.cli.judging import (
    Promise,
    delivered_kwh,
    excused_kwh,
    exported_kwh,
    judge,
    planned_kwh,
    share,
)
from csms.cli.witness import (
    MINUTE,
    Case,
    Departure,
    Minute,
    Witness,
    departures,
    witnesses,
)

START = datetime(2026, 7, 14, 21, tzinfo=UTC)
END = START + timedelta(hours=3)
AFTER = END + timedelta(minutes=40)
TOLD = (START - timedelta(hours=20)).isoformat()
ALLOWANCE = timedelta(minutes=10)

BELOW = "No vehicle was discharged below its floor"
LEAVE = "Every vehicle can leave with what its driver needs"
UNTOLD = "Nobody was discharged who had not been told"
OPT_OUT = "Every opt-out was honored at once"
EXCLUDED = "No excluded system was ever discharged"
CAP = "No site exported more than it may"
IMPORT = "No EVSE charged where it should discharge, beyond the trip"
FLOOR = "Every station went back to its floor"
ENERGY = "Settled energy agrees with physics"
REASON = "Every undelivered kWh has a reason"
DELIVERED = "What was planned was delivered"


def minutes(
    watts: Callable[[datetime], float] | float,
    soc: float = 70.0,
    plugged: bool = True,  # noqa: FBT001, FBT002 a figure of a trace
) -> tuple[Minute, ...]:
    flow = watts if callable(watts) else _event_at(watts)
    found, at = [], START - timedelta(minutes=30)
    while at < AFTER:
        found.append(Minute(at, flow(at), soc, plugged, max(0.0, -flow(at))))
        at += MINUTE
    return tuple(found)


def _event_at(watts: float) -> Callable[[datetime], float]:
    return lambda at: watts if START <= at < END else 2_000.0


def a_witness(name: str = "A", **more: Any) -> Witness:  # noqa: ANN401
    fields: dict[str, Any] = {
        "evse": f"{name}/1",
        "site": f"site-{name}",
        "vehicle": f"veh-{name}",
        "participant": name,
        "min_soc_pct": 30.0,
        "minutes": minutes(-10_000.0),
        "faults": (),
    }
    return Witness(**{**fields, **more})


def a_member(**more: Any) -> dict[str, Any]:  # noqa: ANN401
    return {
        "participant": "A",
        "planned_kwh": 30.0,
        "delivered_kwh": 30.0,
        "reasons": {},
        "outcome": "delivered",
        "exclusions": [],
        "opted_out_at": None,
        "released_at": None,
        "states": [],
        **more,
    }


def a_driver(**more: Any) -> dict[str, Any]:  # noqa: ANN401
    return {"participant": "A", "told_at": TOLD, "opted_out_at": None, **more}


CASE = Case(
    start=START,
    end=END,
    allowance=ALLOWANCE,
    members={"A/1": a_member()},
    witnesses={"A/1": a_witness()},
    drivers={"A": a_driver()},
    export_caps={"site-A": 12_000.0},
    departures=(Departure("veh-A", END + timedelta(hours=9), 80.0, 85.0),),
)


def flowing(watts: Callable[[datetime], float] | float, **more: Any) -> Case:  # noqa: ANN401
    return replace(CASE, witnesses={"A/1": a_witness(minutes=minutes(watts, **more))})


def with_member(**more: Any) -> Case:  # noqa: ANN401
    return replace(CASE, members={"A/1": a_member(**more)})


def with_driver(**more: Any) -> Case:  # noqa: ANN401
    return replace(CASE, drivers={"A": a_driver(**more)})


def broken(case: Case) -> set[str]:
    return {promise.name for promise in judge(case) if not promise.kept}


def breaches(case: Case, name: str) -> tuple[str, ...]:
    [promise] = [each for each in judge(case) if each.name == name]
    return promise.breaches


def test_a_good_event_keeps_every_promise() -> None:
    assert broken(CASE) == set()
    assert {promise.name for promise in judge(CASE)} == {
        BELOW, LEAVE, UNTOLD, OPT_OUT, EXCLUDED, CAP,
        IMPORT, FLOOR, ENERGY, REASON, DELIVERED,
    }  # fmt: skip


def test_every_promise_shows_a_figure_without_falling_over() -> None:
    for promise in judge(CASE):
        assert isinstance(promise.figure, str)
    nothing = replace(CASE, members={}, witnesses={}, drivers={}, departures=())
    for promise in judge(nothing):
        assert isinstance(promise.figure, str)


def test_an_event_of_nobody_is_no_success() -> None:
    nothing = replace(CASE, members={}, witnesses={}, drivers={}, departures=())

    assert DELIVERED in broken(nothing)


@pytest.mark.parametrize(
    ("case", "promise"),
    [
        pytest.param(flowing(-10_000.0, soc=29.0), BELOW, id="below its floor"),
        pytest.param(
            replace(CASE, departures=(Departure("veh-A", END, 80.0, 70.0),)),
            LEAVE,
            id="cannot leave",
        ),
        pytest.param(with_driver(told_at=None), UNTOLD, id="never told"),
        pytest.param(
            with_driver(told_at=(START + MINUTE).isoformat()), UNTOLD, id="told late"
        ),
        pytest.param(replace(CASE, drivers={}), UNTOLD, id="nobody knows of a notice"),
        pytest.param(
            with_driver(opted_out_at=(START + 60 * MINUTE).isoformat()),
            OPT_OUT,
            id="opted out and went on",
        ),
        pytest.param(
            with_driver(opted_out_at=(START - 60 * MINUTE).isoformat()),
            OPT_OUT,
            id="opted out before",
        ),
        pytest.param(with_member(exclusions=["island_only"]), EXCLUDED, id="excluded"),
        pytest.param(replace(CASE, members={}), EXCLUDED, id="not enrolled"),
        pytest.param(
            replace(CASE, export_caps={"site-A": 9_000.0}), CAP, id="over the cap"
        ),
        pytest.param(replace(CASE, export_caps={}), CAP, id="no permission"),
        pytest.param(
            flowing(lambda at: 7_000.0 if at < START + 11 * MINUTE else -10_000.0),
            IMPORT,
            id="charged longer than a trip",
        ),
        pytest.param(
            flowing(lambda at: -10_000.0 if at >= START else 0.0),
            FLOOR,
            id="never stopped",
        ),
        pytest.param(with_member(delivered_kwh=31.0), ENERGY, id="paid too much"),
        pytest.param(with_member(delivered_kwh=29.0), ENERGY, id="paid too little"),
        pytest.param(with_member(delivered_kwh=None), ENERGY, id="not settled"),
        pytest.param(with_member(outcome=None), REASON, id="no outcome"),
        pytest.param(with_member(planned_kwh=40.0), REASON, id="unexplained"),
        pytest.param(
            with_member(reasons={"unknown": 5.0}), REASON, id="explained too much"
        ),
        pytest.param(
            with_member(planned_kwh=31.5, reasons={"unknown": 1.5}),
            DELIVERED,
            id="too little delivered",
        ),
    ],
)
def test_a_breach_is_found(case: Case, promise: str) -> None:
    assert promise in broken(case)
    assert all(breaches(case, promise))


@pytest.mark.parametrize(
    ("case", "promise"),
    [
        pytest.param(flowing(-10_000.0, soc=29.6), BELOW, id="rounding of the charge"),
        pytest.param(
            flowing(lambda at: 7_000.0 if at < START + 9 * MINUTE else -10_000.0),
            IMPORT,
            id="a trip takes a moment",
        ),
        pytest.param(
            with_driver(opted_out_at=(END - 9 * MINUTE).isoformat()),
            OPT_OUT,
            id="a release takes a moment",
        ),
        pytest.param(
            replace(CASE, export_caps={"site-A": 9_950.0}), CAP, id="noise at the cap"
        ),
        pytest.param(with_member(delivered_kwh=30.25), ENERGY, id="metering error"),
        pytest.param(
            with_member(
                planned_kwh=29.0, delivered_kwh=30.0, reasons={}, outcome="delivered"
            ),
            REASON,
            id="a surplus",
        ),
        pytest.param(
            with_member(planned_kwh=40.0, reasons={"opt_out": 10.0}),
            DELIVERED,
            id="an opt-out is no failure",
        ),
        pytest.param(
            with_member(planned_kwh=40.0, reasons={"unplugged": 10.0}),
            DELIVERED,
            id="an absence is no failure",
        ),
    ],
)
def test_what_is_no_breach_is_not_called_one(case: Case, promise: str) -> None:
    assert promise not in broken(case)


def test_an_injected_fault_excuses_its_own_station_only() -> None:
    lacking = {"planned_kwh": 40.0, "reasons": {"offline": 10.0}}
    honest = with_member(**lacking)
    faulty = replace(honest, witnesses={"A/1": a_witness(faults=("link-cut",))})

    assert DELIVERED in broken(honest)
    assert DELIVERED not in broken(faulty)
    assert excused_kwh(faulty) == 10.0


@pytest.mark.parametrize("name", ["opted_out_at", "released_at"])
def test_whoever_was_let_go_may_charge(name: str) -> None:
    half = START + 90 * MINUTE

    def flow(at: datetime) -> float:
        return -10_000.0 if START <= at < half else 7_000.0

    charging = flowing(flow)
    free = replace(charging, members={"A/1": a_member(**{name: half.isoformat()})})

    assert IMPORT in broken(charging)
    assert IMPORT not in broken(free)


def test_whoever_is_out_of_reach_may_fall_back_to_its_floor() -> None:
    gone, back = START + 60 * MINUTE, START + 80 * MINUTE

    def flow(at: datetime) -> float:
        return 7_000.0 if gone <= at < back else -10_000.0

    states = [
        {"at": gone.isoformat(), "state": "offline", "detail": ""},
        {"at": back.isoformat(), "state": "online", "detail": ""},
    ]
    away = replace(flowing(flow), members={"A/1": a_member(states=states)})

    assert IMPORT in broken(flowing(flow))
    assert IMPORT not in broken(away)


def test_sites_are_judged_by_their_sum() -> None:
    two = replace(
        CASE,
        witnesses={"A/1": a_witness(), "A/2": a_witness(evse="A/2")},
        members={"A/1": a_member(), "A/2": a_member()},
    )

    assert CAP in broken(two)


def test_every_breach_is_listed() -> None:
    names = ("A", "B", "C")
    many = replace(
        CASE,
        witnesses={f"{n}/1": a_witness(n) for n in names},
        members={f"{n}/1": a_member(participant=n) for n in names},
        drivers={},
        export_caps={f"site-{n}": 12_000.0 for n in names},
    )

    assert len(breaches(many, UNTOLD)) == 3


def test_figures_come_from_physics() -> None:
    assert exported_kwh(CASE, "A/1") == pytest.approx(30.0)
    assert exported_kwh(CASE, "nobody") == 0
    assert delivered_kwh(CASE) == pytest.approx(30.0)
    assert planned_kwh(CASE) == 30.0
    assert share(CASE) == pytest.approx(1.0)
    assert delivered_kwh(with_member(exclusions=["island_only"])) == 0


def test_a_promise_is_kept_when_nothing_broke_it() -> None:
    assert Promise("x", ()).kept
    assert not Promise("x", ("y",)).kept


# -- the witness ----------------------------------------------------------------------

TRACE = [
    [(START + each * MINUTE).isoformat(), -6_000.0, 60.0 - each / 10, True, 6_000.0]
    for each in range(180)
]
OBSERVED: dict[str, Any] = {
    "evses": [
        {
            "station": "A",
            "evse": 1,
            "site": "site-A",
            "vehicle": "veh-A",
            "participant": "A",
            "battery_kwh": 60.0,
            "min_soc_pct": 30.0,
            "max_discharge_kw": 7.6,
            "trace": TRACE,
            "faults": ["link-cut"],
        }
    ],
    "departures": [
        {
            "vehicle": "veh-A",
            "at": (START - timedelta(hours=9)).isoformat(),
            "needed_soc_pct": 80.0,
            "soc_pct": 86.2,
        }
    ],
    "drivers": [a_driver()],
    "incidents": [],
    "displayed": 3,
}
REGISTRY = {
    "participants": [{"id": "A", "kind": "residential"}],
    "sites": [
        {
            "id": "site-A",
            "timezone": "America/New_York",
            "export_cap_kw": 12.0,
            "export_permission": True,
        }
    ],
    "vehicles": [
        {
            "id": "veh-A",
            "battery_kwh": 60.0,
            "max_charge_kw": 7.0,
            "departures": [{"weekday": 2, "time": "07:30", "soc_pct": 80}],
        }
    ],
    "stations": [{"id": "A", "evses": [{"number": 1, "max_charge_kw": 11.0}]}],
}


def test_the_observers_report_is_read() -> None:
    [seen] = witnesses(OBSERVED).values()

    assert seen.evse == "A/1"
    assert seen.faults == ("link-cut",)
    assert len(seen.minutes) == 180
    assert seen.minutes[0] == Minute(
        START, -6_000.0, 60.0, plugged=True, given_watts=6_000.0
    )


def test_departures_are_the_past_ones_and_what_can_be_reached() -> None:
    """42 % at midnight UTC, and 11.5 hours at 7 kW until 07:30 in Boston."""
    past, coming = departures(OBSERVED, REGISTRY, witnesses(OBSERVED))

    assert past.soc_pct == 86.2
    assert coming.at == datetime(2026, 7, 15, 11, 30, tzinfo=UTC)
    assert coming.needed_pct == 80
    assert coming.soc_pct == 100


def test_a_vehicle_that_is_gone_has_no_coming_departure() -> None:
    gone = [[at, 0.0, soc, False, 0.0] for at, _, soc, *_ in TRACE]
    observed = {**OBSERVED, "evses": [{**OBSERVED["evses"][0], "trace": gone}]}

    assert len(departures(observed, REGISTRY, witnesses(observed))) == 1


def report(**member: Any) -> Any:  # noqa: ANN401
    return findings(
        observed=OBSERVED,
        registry=REGISTRY,
        members={"A/1": a_member(planned_kwh=18.0, delivered_kwh=18.0) | member},
        events=[],
        statements=[{"lines": [{"participant": "A", "amount": "123.45"}]}],
        quarantines=[],
        window=(START, END),
        allowance=ALLOWANCE,
        options={"seed": 1},
    )


def test_the_report_is_of_physics_and_says_whether_all_was_kept() -> None:
    found = report()

    figures = found.document["figures"]
    assert found.kept
    assert found.document["kept"] is True
    assert figures["delivered_kwh"] == 18.0
    assert figures["mean_kw"] == 6.0
    assert figures["displayed"] == 3
    assert found.groups[0]["group"] == "homes"
    assert found.groups[0]["amount"] == pytest.approx(123.45)
    assert found.groups[-1]["systems"] == 1
    assert found.document["members"]["A/1"]["physics_kwh"] == pytest.approx(18.0)


def test_one_broken_promise_spoils_the_report() -> None:
    found = report(delivered_kwh=12.0)

    assert not found.kept
    assert found.document["kept"] is False
    [ill] = [each for each in found.document["promises"] if each["name"] == ENERGY]
    assert ill["kept"] is False
    assert ill["breaches"]


def test_who_was_excluded_is_listed_with_the_reason() -> None:
    found = report(exclusions=["no_export_permission"], vendor="V", model="M")

    assert found.excluded == [("A/1", "V M", "no export permission")]
    assert EXCLUDED in {each.name for each in found.promises if not each.kept}
