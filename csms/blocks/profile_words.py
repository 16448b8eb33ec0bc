"""Charging profiles between the words of the domain and those of the wire."""

from datetime import timedelta

from csms.domain.ids import EvseId, TransactionId
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
from csms.ocpp.messages.profiles import (
    ChargingProfile,
    ChargingProfileKind,
    ChargingProfilePurpose,
    ChargingRateUnit,
    ChargingSchedule,
    ChargingSchedulePeriod,
    ChargingScheduleUpdate,
    LimitAtSoC,
    RecurrencyKind,
    V2XFreqWattPoint,
    V2XSignalWattPoint,
)
from csms.ocpp.messages.profiles import OperationMode as WireMode


def to_wire(profile: Profile) -> ChargingProfile:
    """Return the profile as it goes on the wire."""
    return ChargingProfile(
        id=profile.id,
        stack_level=profile.stack_level,
        charging_profile_purpose=ChargingProfilePurpose(profile.purpose.value),
        charging_profile_kind=ChargingProfileKind(profile.kind.value),
        charging_schedule=tuple(map(_schedule_to, profile.schedules)),
        recurrency_kind=RecurrencyKind(profile.recurrency.value)
        if profile.recurrency
        else None,
        valid_from=profile.valid_from,
        valid_to=profile.valid_to,
        transaction_id=profile.transaction,
        max_offline_duration=_seconds(profile.max_offline),
        invalid_after_offline_duration=profile.invalid_after_offline,
        dyn_update_interval=_seconds(profile.pull_interval),
        dyn_update_time=profile.updated_at,
    )


def from_wire(evse: EvseId, said: ChargingProfile) -> Profile:
    """Return what a station reported."""
    first, *others = map(schedule_from, said.charging_schedule)
    transaction = said.transaction_id
    return Profile(
        id=said.id,
        evse=evse,
        purpose=Purpose(said.charging_profile_purpose.value),
        kind=Kind(said.charging_profile_kind.value),
        stack_level=said.stack_level,
        unit=first.unit,
        periods=first.periods,
        start=first.start,
        duration=first.duration,
        valid_from=said.valid_from,
        valid_to=said.valid_to,
        transaction=TransactionId(transaction) if transaction else None,
        max_offline=_timedelta(said.max_offline_duration),
        invalid_after_offline=said.invalid_after_offline_duration,
        pull_interval=_timedelta(said.dyn_update_interval),
        updated_at=said.dyn_update_time,
        recurrency=Recurrency(said.recurrency_kind.value)
        if said.recurrency_kind
        else None,
        min_rate=first.min_rate,
        above_soc=first.above_soc,
        local_time=first.local_time,
        random_delay=first.random_delay,
        schedule_id=first.id if first.id != said.id else None,
        alternatives=tuple(others),
    )


def update_of(profile: Profile) -> ChargingScheduleUpdate:
    """Return the values of the one period of a Dynamic profile (K28.FR.01)."""
    period = profile.periods[0]
    return ChargingScheduleUpdate(
        limit=period.limit,
        limit_l2=period.limit_l2,
        limit_l3=period.limit_l3,
        discharge_limit=period.discharge_limit,
        discharge_limit_l2=period.discharge_limit_l2,
        discharge_limit_l3=period.discharge_limit_l3,
        setpoint=period.setpoint,
        setpoint_l2=period.setpoint_l2,
        setpoint_l3=period.setpoint_l3,
        setpoint_reactive=period.reactive,
        setpoint_reactive_l2=period.reactive_l2,
        setpoint_reactive_l3=period.reactive_l3,
    )


def schedule_from(said: ChargingSchedule) -> Schedule:
    """Return one schedule that a station reported."""
    above = said.limit_at_soc
    return Schedule(
        id=said.id,
        unit=RateUnit(said.charging_rate_unit.value),
        periods=tuple(map(period_from, said.charging_schedule_period)),
        start=said.start_schedule,
        duration=_timedelta(said.duration),
        min_rate=said.min_charging_rate,
        above_soc=(above.soc, above.limit) if above else None,
        local_time=bool(said.use_local_time),
        random_delay=_timedelta(said.randomized_delay),
    )


def _schedule_to(schedule: Schedule) -> ChargingSchedule:
    above = schedule.above_soc
    return ChargingSchedule(
        id=schedule.id,
        charging_rate_unit=ChargingRateUnit(schedule.unit.value),
        start_schedule=schedule.start,
        duration=_seconds(schedule.duration),
        charging_schedule_period=tuple(map(_period_to, schedule.periods)),
        min_charging_rate=schedule.min_rate,
        limit_at_soc=LimitAtSoC(soc=above[0], limit=above[1]) if above else None,
        use_local_time=True if schedule.local_time else None,
        randomized_delay=_seconds(schedule.random_delay),
    )


def _period_to(period: Period) -> ChargingSchedulePeriod:
    return ChargingSchedulePeriod(
        start_period=period.start_s,
        limit=period.limit,
        limit_l2=period.limit_l2,
        limit_l3=period.limit_l3,
        setpoint=period.setpoint,
        setpoint_l2=period.setpoint_l2,
        setpoint_l3=period.setpoint_l3,
        discharge_limit=period.discharge_limit,
        discharge_limit_l2=period.discharge_limit_l2,
        discharge_limit_l3=period.discharge_limit_l3,
        setpoint_reactive=period.reactive,
        setpoint_reactive_l2=period.reactive_l2,
        setpoint_reactive_l3=period.reactive_l3,
        operation_mode=WireMode(period.mode.value) if period.mode else None,
        number_phases=period.phases,
        phase_to_use=period.phase_to_use,
        preconditioning_request=period.preconditioning,
        evse_sleep=period.sleep,
        v2x_baseline=period.baseline,
        v2x_freq_watt_curve=tuple(
            V2XFreqWattPoint(frequency=hertz, power=watts)
            for hertz, watts in period.freq_curve
        )
        or None,
        v2x_signal_watt_curve=tuple(
            V2XSignalWattPoint(signal=signal, power=watts)
            for signal, watts in period.signal_curve
        )
        or None,
    )


def period_from(said: ChargingSchedulePeriod) -> Period:
    """Return one step of a schedule that a station reported."""
    return Period(
        start_s=said.start_period,
        limit=said.limit,
        limit_l2=said.limit_l2,
        limit_l3=said.limit_l3,
        setpoint=said.setpoint,
        setpoint_l2=said.setpoint_l2,
        setpoint_l3=said.setpoint_l3,
        discharge_limit=said.discharge_limit,
        discharge_limit_l2=said.discharge_limit_l2,
        discharge_limit_l3=said.discharge_limit_l3,
        reactive=said.setpoint_reactive,
        reactive_l2=said.setpoint_reactive_l2,
        reactive_l3=said.setpoint_reactive_l3,
        mode=OperationMode(said.operation_mode.value) if said.operation_mode else None,
        phases=said.number_phases,
        phase_to_use=said.phase_to_use,
        preconditioning=said.preconditioning_request,
        sleep=said.evse_sleep,
        baseline=said.v2x_baseline,
        freq_curve=tuple(
            (each.frequency, each.power) for each in said.v2x_freq_watt_curve or ()
        ),
        signal_curve=tuple(
            (each.signal, each.power) for each in said.v2x_signal_watt_curve or ()
        ),
    )


def _seconds(span: timedelta | None) -> int | None:
    return None if span is None else round(span.total_seconds())


def _timedelta(seconds: int | None) -> timedelta | None:
    return None if seconds is None else timedelta(seconds=seconds)
