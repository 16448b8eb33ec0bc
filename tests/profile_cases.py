"""Charging profiles that keep the rules, and those that break one each."""

from datetime import UTC, datetime, timedelta
from typing import Any

from csms.charging.capability import Capability, V2x
from csms.charging.profile_rules import Needs, Situation
from csms.domain.ids import EvseId, StationId, TransactionId
from csms.domain.profile import (
    Kind,
    OperationMode,
    Period,
    Profile,
    Purpose,
    RateUnit,
    Recurrency,
    Schedule,
)
from csms.domain.station import EDITION_21

STATION = StationId("MA-TEST-01")
EVSE, WHOLE = EvseId(STATION, 1), EvseId(STATION, 0)
NOW = datetime(2026, 7, 14, 12, tzinfo=UTC)
TX = TransactionId("tx-1")
HOUR = timedelta(hours=1)
ABLE = Capability(
    edition=EDITION_21,
    read=True,
    smart_charging=True,
    units=frozenset(RateUnit),
    periods_per_schedule=5,
    max_stack_level=3,
    max_profiles=10,
    dynamic_profiles=True,
    max_offline_duration=True,
    limit_at_soc=True,
    evse_sleep=True,
    max_external_id=50,
    additional_purposes=frozenset({"PriorityCharging", "LocalGeneration"}),
    local_time=True,
    random_delay=True,
    phase_switching=frozenset({1}),
    balances=frozenset({1}),
    v2x=(
        V2x(
            1,
            enabled=True,
            modes=frozenset(OperationMode),
            transfer_modes=frozenset({"DC_BPT"}),
        ),
    ),
)
HERE = Situation(
    ABLE,
    frozenset({1, 2}),
    NOW,
    transactions={1: TX},
    needs={1: Needs(tuples=4, bidirectional=True)},
)
CURVE = ((59.9, -1000.0), (60.1, 1000.0))
MODE = OperationMode


def a_profile(**more: Any) -> Profile:  # noqa: ANN401
    fields: dict[str, Any] = {
        "id": 100,
        "evse": EVSE,
        "purpose": Purpose.TX,
        "kind": Kind.ABSOLUTE,
        "stack_level": 1,
        "unit": RateUnit.WATTS,
        "periods": (Period(0, limit=1000),),
        "start": NOW,
        "transaction": TX,
    }
    return Profile(**{**fields, **more})


def a_default(**more: Any) -> Profile:  # noqa: ANN401
    fields = {"purpose": Purpose.TX_DEFAULT, "transaction": None}
    return a_profile(**{**fields, **more})


def a_period(**more: Any) -> Profile:  # noqa: ANN401
    return a_profile(periods=(Period(0, **more),), duration=HOUR)


def a_dynamic(**more: Any) -> Profile:  # noqa: ANN401
    fields = {"kind": Kind.DYNAMIC, "start": None, "duration": HOUR}
    return a_profile(**{**fields, **more})


GOOD = {
    "a limit": a_profile(),
    "a default": a_default(),
    "the whole station": a_default(evse=WHOLE),
    "a cap": a_default(purpose=Purpose.STATION_MAX, evse=WHOLE),
    "relative": a_profile(kind=Kind.RELATIVE, start=None),
    "recurring": a_default(kind=Kind.RECURRING, recurrency=Recurrency.DAILY),
    "dynamic": a_dynamic(pull_interval=HOUR, updated_at=NOW),
    "central": a_period(setpoint=-1, mode=MODE.CENTRAL_SETPOINT),
    "frequency": a_dynamic(
        periods=(Period(0, setpoint=1, mode=MODE.CENTRAL_FREQUENCY),)
    ),
    "local frequency": a_period(
        mode=MODE.LOCAL_FREQUENCY, baseline=0, freq_curve=CURVE
    ),
    "balancing": a_period(limit=1, mode=MODE.LOCAL_LOAD_BALANCING),
    "external": a_period(mode=MODE.EXTERNAL_SETPOINT),
    "idle": a_period(mode=MODE.IDLE, sleep=True),
    "priority": a_default(
        purpose=Purpose.PRIORITY,
        evse=WHOLE,
        periods=(Period(0, limit=1, mode=MODE.CHARGING_ONLY),),
    ),
    "generation": a_default(
        purpose=Purpose.LOCAL_GENERATION,
        periods=(Period(0, limit=1, mode=MODE.EXTERNAL_LIMITS),),
    ),
    "features": a_profile(
        above_soc=(80, 1), random_delay=HOUR, local_time=True, max_offline=HOUR
    ),
    "three schedules": a_profile(
        alternatives=tuple(
            Schedule(number, RateUnit.WATTS, (Period(0, limit=1),), NOW)
            for number in (1, 2)
        )
    ),
    "its own id again": a_profile(id=77),
}


BAD: list[tuple[str, Profile, str, str]] = [
    ("K01.FR.28", a_profile(evse=EvseId(STATION, 9), purpose=Purpose.TX_DEFAULT,
                            transaction=None), "evse", "no such EVSE"),
    ("K01.FR.22", a_default(purpose=Purpose.EXTERNAL), "purpose", "external"),
    ("K04.FR.03", a_default(purpose=Purpose.STATION_MAX), "evse", "cap of one EVSE"),
    ("K01.FR.38", a_default(purpose=Purpose.STATION_MAX, evse=WHOLE, start=None,
                            kind=Kind.RELATIVE), "kind", "relative cap"),
    ("K01.FR.16", a_profile(evse=WHOLE), "evse", "transaction of a station"),
    ("K01.FR.03", a_profile(transaction=None), "transaction", "no transaction"),
    ("K01.FR.03", a_default(transaction=TX), "transaction", "a default with one"),
    ("K01.FR.09", a_profile(evse=EvseId(STATION, 2)), "transaction", "none runs"),
    ("K01.FR.33", a_profile(transaction=TransactionId("x")), "transaction", "other"),
    ("K01.FR.80", a_profile(id=50), "id", "an id of the station"),
    ("K01.FR.17", a_profile(stack_level=4), "stack_level", "too high"),
    ("K01.FR.37", a_profile(valid_to=NOW), "valid_to", "expired"),
    ("K01.FR.37", a_profile(valid_from=NOW + 2 * HOUR, valid_to=NOW + HOUR),
     "valid_to", "ends before it begins"),
    ("K01.FR.40", a_profile(start=None), "start", "no start"),
    ("K01.FR.41", a_profile(kind=Kind.RELATIVE), "start", "relative with a start"),
    ("K01.FR.40", a_default(kind=Kind.RECURRING), "recurrency", "how often"),
    ("K01.FR.13", a_default(recurrency=Recurrency.DAILY), "recurrency", "not so"),
    ("K01.FR.31", a_profile(periods=(Period(1, limit=1),)), "periods[0].start_s",
     "late"),
    ("K01.FR.31", a_profile(periods=()), "periods", "empty"),
    ("K01.FR.35", a_profile(periods=(Period(0, limit=1), Period(9, limit=1),
                                     Period(9, limit=1))), "periods[2].start_s",
     "not ascending"),
    ("K15.FR.07", a_default(periods=tuple(Period(n, limit=1) for n in range(6))),
     "periods", "more than the station takes"),
    ("K15.FR.07", a_profile(periods=tuple(Period(n, limit=1) for n in range(5))),
     "periods", "more than the vehicle takes"),
    ("K01.FR.11", a_profile(duration=timedelta(0)), "duration_s", "no time"),
    ("K01.FR.122", a_profile(pull_interval=HOUR), "pull_interval", "pulled"),
    ("K28.FR.01", a_dynamic(periods=(Period(0, limit=1), Period(1, limit=1))),
     "periods", "two dynamic periods"),
    ("K28.FR.01", a_dynamic(periods=(Period(0, mode=MODE.EXTERNAL_LIMITS),
                                     Period(9, mode=MODE.EXTERNAL_LIMITS))),
     "periods", "two dynamic periods from outside"),
    ("K28.FR.02", a_dynamic(periods=(Period(5, mode=MODE.EXTERNAL_LIMITS),)),
     "periods[0].start_s", "from outside, and late"),
    ("K01.FR.145", a_period(limit_l2=1), "periods[0].limit_l2",
     "a second phase without the first"),
    ("K28.FR.02", a_dynamic(periods=(Period(5, limit=1),)), "periods[0].start_s",
     "dynamic and late"),
    ("K01.FR.73", a_default(purpose=Purpose.PRIORITY, duration=HOUR), "duration_s",
     "priority that ends"),
    ("K01.FR.111", a_default(purpose=Purpose.PRIORITY,
                             periods=(Period(0, mode=MODE.IDLE),)), "periods[0].mode",
     "idle priority"),
    ("K01.FR.113", a_default(purpose=Purpose.LOCAL_GENERATION,
                             periods=(Period(0, mode=MODE.IDLE),)), "periods[0].mode",
     "idle generation"),
    ("K01.FR.95", a_default(purpose=Purpose.STATION_MAX, evse=WHOLE,
                            random_delay=HOUR), "random_delay_s", "random cap"),
    ("K01.FR.19", a_period(limit=1, phases=3, phase_to_use=1),
     "periods[0].phase_to_use", "one of three"),
    ("K01.FR.143", a_default(periods=(Period(0, limit=1, limit_l2=1),)),
     "periods[0].limit_l2", "phases apart in a default"),
    ("K01.FR.142", a_period(limit=1, limit_l3=1), "periods[0].limit_l3",
     "phases that the vehicle has not"),
    ("V2X.08", a_period(setpoint=1, setpoint_l2=1, mode=MODE.CENTRAL_SETPOINT),
     "periods[0].setpoint_l2", "setpoints by phase"),
    ("Q03.FR.01", a_period(limit=-1), "periods[0].limit", "a negative limit"),
    ("Q03.FR.01", a_period(mode=MODE.CENTRAL_SETPOINT), "periods[0].setpoint",
     "no setpoint"),
    ("Q03.FR.02", a_period(setpoint=1, limit=1, mode=MODE.CENTRAL_SETPOINT),
     "periods[0].limit", "a limit beside a setpoint"),
    ("Q02.FR.02", a_period(limit=1, discharge_limit=-1), "periods[0].discharge_limit",
     "charging only that discharges"),
    ("Q07.FR.02", a_period(setpoint=1, mode=MODE.CENTRAL_FREQUENCY), "kind",
     "frequency that is not dynamic"),
    ("Q07.FR.03", a_dynamic(periods=(
        Period(0, setpoint=1, limit=2, mode=MODE.CENTRAL_FREQUENCY),)),
     "periods[0].limit", "frequency with a limit"),
    ("Q07.FR.04", a_dynamic(duration=None, periods=(
        Period(0, setpoint=1, mode=MODE.CENTRAL_FREQUENCY),)), "duration_s",
     "frequency for ever"),
    ("Q08.FR.01", a_period(mode=MODE.LOCAL_FREQUENCY, baseline=0, freq_curve=CURVE,
                           limit=1), "periods[0].limit", "a curve with a limit"),
    ("Q08.FR.02", a_period(mode=MODE.LOCAL_FREQUENCY, baseline=0,
                           freq_curve=CURVE[:1]), "periods[0].freq_curve", "a point"),
    ("Q08.FR.02", a_period(mode=MODE.LOCAL_FREQUENCY, freq_curve=CURVE),
     "periods[0].baseline", "no baseline"),
    ("Q10.FR.01", a_period(mode=MODE.IDLE, limit=0), "periods[0].limit",
     "idle with a limit"),
    ("V2X.05", a_period(mode=MODE.LOCAL_LOAD_BALANCING, limit=1, setpoint=2),
     "periods[0].setpoint", "a setpoint above its limit"),
    ("V2X.05", a_period(mode=MODE.LOCAL_LOAD_BALANCING, discharge_limit=-1,
                        setpoint=-2), "periods[0].setpoint", "below its limit"),
]  # fmt: skip
