"""Who may be told to discharge, and who may not (rules 1 to 5, 21, 23)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from csms.charging.capability import Capability, V2x
from csms.domain.event import Reason, Stage
from csms.domain.ids import EventId, EvseId, ParticipantId, StationId, TransactionId
from csms.domain.interval import Interval
from csms.domain.live import LiveEvse
from csms.domain.plan import Setpoint
from csms.domain.profile import OperationMode
from csms.domain.units import Power
from csms.domain.vendor_profile import Dialect, NegativeLimit, VendorProfile
from csms.services.gate import Bar, Question, barred, barred_anew
from csms.services.ports.events import MemberOrder
from csms.services.stations import EvseFacts

EVSE = EvseId(StationId("S"), 1)
START = datetime(2026, 7, 14, 21, tzinfo=UTC)
WINDOW = Interval(START, START + timedelta(hours=3))
NOW = START + timedelta(minutes=5)
SCHEDULED = VendorProfile(id="s", dialect=Dialect.SETPOINT_SCHEDULED)
DYNAMIC = VendorProfile(id="d", dialect=Dialect.SETPOINT_DYNAMIC_PUSH)
NEGATIVE = VendorProfile(
    id="n", dialect=Dialect.NEGATIVE_LIMIT_TX, negative_limit=NegativeLimit.DISCHARGE
)
ABLE = Capability(
    edition="ocpp2.1",
    read=True,
    smart_charging=True,
    dynamic_profiles=True,
    v2x=(
        V2x(
            1,
            enabled=True,
            modes=frozenset({OperationMode.CENTRAL_SETPOINT}),
            transfer_modes=frozenset(),
        ),
    ),
)
ORDER = MemberOrder(
    event=EventId("e"),
    stage=Stage.ACTIVE,
    window=WINDOW,
    evse=EVSE,
    participant=ParticipantId("p"),
    setpoint=Setpoint(EVSE, WINDOW, Power(-10_000), "program"),
    floor_soc_pct=20.0,
    excluded=(),
    opted_out_at=None,
    released_at=None,
    release_reason=None,
    notified=True,
)
LIVE = LiveEvse(
    EVSE,
    transaction=TransactionId("tx"),
    plugged=True,
    soc_pct=80.0,
    soc_at=NOW,
    ev_needs={"requestedEnergyTransfer": "DC_BPT"},
    connected=True,
)
FACTS = EvseFacts(EVSE, known=True, vendor_profile=SCHEDULED, obstacle=None)


def a_question(**changes: Any) -> Question:  # noqa: ANN401
    asked = Question(
        order=ORDER,
        live=LIVE,
        capability=ABLE,
        facts=FACTS,
        now=NOW,
        lead=timedelta(minutes=25),
        stale=timedelta(minutes=20),
        guard_pct=2.0,
    )
    return replace(asked, **changes)


def test_what_no_rule_forbids_may_go() -> None:
    assert barred(a_question()) is None
    assert barred_anew(a_question()) is None


@pytest.mark.parametrize(
    ("changes", "bar"),
    [
        pytest.param({"order": None}, Bar.NO_ORDER, id="no order"),
        pytest.param(
            {"order": replace(ORDER, setpoint=None)}, Bar.NO_ORDER, id="no setpoint"
        ),
        pytest.param(
            {"facts": replace(FACTS, obstacle="charge_only")},
            Bar.STATION,
            id="charge only",
        ),
        pytest.param(
            {"capability": replace(ABLE, read=False)}, Bar.STATION, id="never read"
        ),
        pytest.param(
            {"capability": replace(ABLE, v2x=())},
            Bar.MODE_UNSUPPORTED,
            id="mode not listed",
        ),
        pytest.param(
            {"facts": replace(FACTS, vendor_profile=NEGATIVE)},
            Bar.MODE_UNSUPPORTED,
            id="a negative limit never goes to 2.1",
        ),
        pytest.param(
            {
                "facts": replace(FACTS, vendor_profile=DYNAMIC),
                "capability": replace(ABLE, dynamic_profiles=False),
            },
            Bar.MODE_UNSUPPORTED,
            id="no dynamic profiles",
        ),
        pytest.param(
            {"order": replace(ORDER, excluded=(Reason.NO_EXPORT_PERMISSION,))},
            Bar.EXCLUDED,
            id="excluded",
        ),
        pytest.param(
            {"order": replace(ORDER, notified=False)}, Bar.NOT_NOTIFIED, id="untold"
        ),
        pytest.param(
            {"order": replace(ORDER, opted_out_at=NOW)}, Bar.OPTED_OUT, id="opted out"
        ),
        pytest.param(
            {"order": replace(ORDER, released_at=NOW)}, Bar.RELEASED, id="released"
        ),
        pytest.param(
            {"live": replace(LIVE, priority_charging=True)},
            Bar.PRIORITY_CHARGING,
            id="the driver charges first",
        ),
        pytest.param(
            {"live": replace(LIVE, plugged=False)}, Bar.UNPLUGGED, id="unplugged"
        ),
        pytest.param(
            {"live": replace(LIVE, transaction=None)},
            Bar.UNPLUGGED,
            id="no transaction",
        ),
        pytest.param(
            {"live": replace(LIVE, der_alarm={"alarms": {"VoltWatt": {}}})},
            Bar.GRID_ALARM,
            id="grid alarm",
        ),
        pytest.param({"now": WINDOW.end}, Bar.OVER, id="over"),
        pytest.param(
            {"now": START - timedelta(minutes=26)}, Bar.TOO_EARLY, id="too early"
        ),
        pytest.param(
            {"live": replace(LIVE, ev_needs=None)},
            Bar.NOT_BIDIRECTIONAL,
            id="nothing agreed",
        ),
        pytest.param(
            {"live": replace(LIVE, ev_needs={"requestedEnergyTransfer": "DC"})},
            Bar.NOT_BIDIRECTIONAL,
            id="one direction agreed",
        ),
        pytest.param(
            {"live": replace(LIVE, soc_pct=22.0)}, Bar.SOC_FLOOR, id="at the floor"
        ),
    ],
)
def test_each_rule_forbids_by_itself(changes: dict[str, Any], bar: Bar) -> None:
    assert barred(a_question(**changes)) is bar
    assert barred_anew(a_question(**changes)) is bar


def test_an_opt_out_stands_above_the_program() -> None:
    order = replace(ORDER, opted_out_at=NOW, released_at=NOW)
    live = replace(LIVE, soc_pct=None)

    assert barred(a_question(order=order, live=live)) is Bar.OPTED_OUT


def test_a_dynamic_setpoint_is_never_early() -> None:
    facts = replace(FACTS, vendor_profile=DYNAMIC)

    early = a_question(facts=facts, now=START - timedelta(seconds=1))

    assert barred(early) is Bar.TOO_EARLY
    assert barred(replace(early, now=START)) is None


@pytest.mark.parametrize(
    "live",
    [
        pytest.param(replace(LIVE, soc_pct=None, soc_at=None), id="unknown"),
        pytest.param(replace(LIVE, soc_at=NOW - timedelta(minutes=21)), id="stale"),
    ],
)
def test_a_stale_charge_forbids_a_new_discharge_only(live: LiveEvse) -> None:
    """Rule 21: the monitor ends a running one."""
    assert barred(a_question(live=live)) is None
    assert barred_anew(a_question(live=live)) is Bar.SOC_UNKNOWN


def test_what_cannot_report_an_agreement_is_not_held_to_one() -> None:
    capability = replace(ABLE, edition="ocpp2.0.1", v2x=())
    facts = replace(FACTS, vendor_profile=NEGATIVE)
    live = replace(LIVE, ev_needs=None)

    assert barred(a_question(capability=capability, facts=facts, live=live)) is None


@pytest.mark.parametrize("stage", [Stage.CANCELLED, Stage.DRAFT, Stage.SCHEDULED])
def test_only_an_event_that_is_on_may_go(stage: Stage) -> None:
    question = a_question(order=replace(ORDER, stage=stage))

    assert barred(question) is Bar.CANCELLED


@pytest.mark.parametrize("stage", [Stage.COMPLETED, Stage.SETTLED])
def test_what_is_completed_is_over(stage: Stage) -> None:
    assert barred(a_question(order=replace(ORDER, stage=stage))) is Bar.OVER


def test_a_control_that_runs_forbids_nothing() -> None:
    """It may shape a discharge; an alarm ends it."""
    live = replace(LIVE, der_alarm={"controls": {"c1": {}}})

    assert barred(a_question(live=live)) is None


@pytest.mark.parametrize(("least", "bar"), [(100.0, Bar.SOC_FLOOR), (-500.0, None)])
def test_a_vehicle_below_its_own_window_is_at_its_floor(
    least: float, bar: Bar | None
) -> None:
    needs = {
        **(LIVE.ev_needs or {}),
        "v2xChargingParameters": {"evMinV2XEnergyRequest": least},
    }

    assert barred(a_question(live=replace(LIVE, ev_needs=needs))) is bar


AHEAD = START - timedelta(minutes=10)


@pytest.mark.parametrize(
    ("now", "skew", "bar"),
    [
        pytest.param(AHEAD, 0, None, id="right"),
        pytest.param(AHEAD, 5, None, id="tolerated"),
        pytest.param(AHEAD, 6, Bar.CLOCK, id="behind, ahead of time"),
        pytest.param(AHEAD, -6, Bar.CLOCK, id="fast, ahead of time"),
        pytest.param(NOW, 6, None, id="a little off, in time"),
        pytest.param(NOW, -61, Bar.CLOCK, id="far off"),
    ],
)
def test_a_clock_that_is_off_gets_nothing_new(
    now: datetime, skew: int, bar: Bar | None
) -> None:
    """v2x 6.2: pre-positioning is refused first, then everything."""
    question = a_question(
        now=now, skew=timedelta(seconds=skew), live=replace(LIVE, soc_at=now)
    )

    assert barred(question) is None
    assert barred_anew(question) is bar
