"""Controls of the grid between the words of the domain and those of the wire (R04).

The one place where a sign is turned: the standard lets a positive FixedVar setpoint
discharge, where positive goes into the vehicle everywhere else.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from csms.domain import der
from csms.ocpp.messages import der_settings as wire
from csms.ocpp.messages.needs import DERControl
from csms.services.ports.der import ReportedControl

_FIELDS: Mapping[der.Kind, str] = {
    der.Kind.ENTER_SERVICE: "enter_service",
    der.Kind.FREQ_DROOP: "freq_droop",
    der.Kind.FIXED_PF_ABSORB: "fixed_pf_absorb",
    der.Kind.FIXED_PF_INJECT: "fixed_pf_inject",
    der.Kind.FIXED_VAR: "fixed_var",
    der.Kind.GRADIENTS: "gradient",
    der.Kind.LIMIT_MAX_DISCHARGE: "limit_max_discharge",
}
"""Which field carries which kind (R04.FR.16); every other one is a curve."""


def field_of(kind: der.Kind) -> str:
    """Return the field of the request that carries a control of this kind."""
    return _FIELDS.get(kind, "curve")


def request_of(control: der.Control) -> wire.SetDERControlRequest:
    """Return the request that sets a control: only the field of its kind."""
    body: dict[str, Any] = {field_of(control.kind): _body_to(control)}
    return wire.SetDERControlRequest(
        is_default=control.default,
        control_id=control.id,
        control_type=DERControl(control.kind.value),
        **body,
    )


def reported(request: wire.ReportDERControlRequest) -> Iterator[ReportedControl]:
    """Yield every control of one part of a report."""
    for each in request.curve or ():
        kind = der.Kind(each.curve_type.value)
        yield _said(each.id, kind, each.curve, each.is_default, each.is_superseded)
    groups: tuple[tuple[der.Kind, Any, str], ...] = (
        (der.Kind.FIXED_PF_ABSORB, request.fixed_pf_absorb, "fixed_pf"),
        (der.Kind.FIXED_PF_INJECT, request.fixed_pf_inject, "fixed_pf"),
        (der.Kind.FIXED_VAR, request.fixed_var, "fixed_var"),
        (der.Kind.FREQ_DROOP, request.freq_droop, "freq_droop"),
        (
            der.Kind.LIMIT_MAX_DISCHARGE,
            request.limit_max_discharge,
            "limit_max_discharge",
        ),
        (der.Kind.ENTER_SERVICE, request.enter_service, "enter_service"),
        (der.Kind.GRADIENTS, request.gradient, "gradient"),
    )
    for kind, found, name in groups:
        for each in found or ():
            default = getattr(each, "is_default", True)
            superseded = getattr(each, "is_superseded", False)
            yield _said(each.id, kind, getattr(each, name), default, superseded)


def _said(
    name: str,
    kind: der.Kind,
    body: Any,  # noqa: ANN401 one of eight messages
    default: bool,  # noqa: FBT001 as the station says it
    superseded: bool,  # noqa: FBT001 as the station says it
) -> ReportedControl:
    start: datetime | None = getattr(body, "start_time", None)
    duration: float | None = getattr(body, "duration", None)
    control = der.Control(
        id=name,
        kind=kind,
        default=default,
        priority=body.priority,
        body=_READERS[der.body_of(kind)](body),
        start=start,
        duration=None if duration is None else timedelta(seconds=duration),
    )
    return ReportedControl(control, superseded)


def _timing(control: der.Control) -> dict[str, Any]:
    duration = control.duration
    return {
        "priority": control.priority,
        "start_time": control.start,
        "duration": None if duration is None else duration.total_seconds(),
    }


def _body_to(control: der.Control) -> object:
    timing, body = _timing(control), control.body
    match body:
        case der.Curve():
            return _curve_to(body, timing)
        case der.FixedPowerFactor():
            return wire.FixedPF(
                displacement=body.displacement, excitation=body.absorbs, **timing
            )
        case der.FixedVar():
            return wire.FixedVar(
                setpoint=-body.percent, unit=wire.DERUnit(body.unit.value), **timing
            )
        case der.FreqDroop():
            return wire.FreqDroop(
                over_freq=body.over_freq,
                under_freq=body.under_freq,
                over_droop=body.over_droop,
                under_droop=body.under_droop,
                response_time=body.response_s,
                **timing,
            )
        case der.LimitMaxDischarge():
            trip = body.trip
            return wire.LimitMaxDischarge(
                pct_max_discharge_power=body.percent,
                power_monitoring_must_trip=_curve_to(
                    trip, {"priority": control.priority}
                )
                if trip
                else None,
                **timing,
            )
        case _:
            return _default_to(body, control.priority)


def _default_to(body: der.EnterService | der.Gradients, priority: int) -> object:
    if isinstance(body, der.Gradients):
        return wire.Gradient(
            priority=priority,
            gradient=body.gradient,
            soft_gradient=body.soft_gradient,
        )
    return wire.EnterService(
        priority=priority,
        high_voltage=body.high_voltage,
        low_voltage=body.low_voltage,
        high_freq=body.high_freq,
        low_freq=body.low_freq,
        delay=body.delay_s,
        random_delay=body.random_delay_s,
        ramp_rate=body.ramp_rate,
    )


def _curve_to(curve: der.Curve, timing: Mapping[str, Any]) -> wire.DERCurve:
    hysteresis, reactive, voltage = curve.hysteresis, curve.reactive, curve.voltage
    return wire.DERCurve(
        curve_data=tuple(wire.DERCurvePoints(x=x, y=y) for x, y in curve.points),
        y_unit=wire.DERUnit(curve.unit.value),
        response_time=curve.response_s,
        hysteresis=wire.Hysteresis(
            hysteresis_high=hysteresis[0],
            hysteresis_low=hysteresis[1],
            hysteresis_delay=hysteresis[2],
            hysteresis_gradient=hysteresis[3],
        )
        if hysteresis
        else None,
        reactive_power_params=wire.ReactivePowerParams(
            v_ref=reactive[0],
            autonomous_v_ref_enable=reactive[1],
            autonomous_v_ref_time_constant=reactive[2],
        )
        if reactive
        else None,
        voltage_params=wire.VoltageParams(
            hv10_min_mean_value=voltage[0],
            hv10_min_mean_trip_delay=voltage[1],
            power_during_cessation=wire.PowerDuringCessation(voltage[2])
            if voltage[2]
            else None,
        )
        if voltage
        else None,
        **timing,
    )


def _curve_from(said: wire.DERCurve) -> der.Curve:
    hysteresis, reactive = said.hysteresis, said.reactive_power_params
    voltage = said.voltage_params
    power = voltage.power_during_cessation if voltage else None
    return der.Curve(
        points=tuple((each.x, each.y) for each in said.curve_data),
        unit=der.Unit(said.y_unit.value),
        response_s=said.response_time,
        hysteresis=(
            hysteresis.hysteresis_high,
            hysteresis.hysteresis_low,
            hysteresis.hysteresis_delay,
            hysteresis.hysteresis_gradient,
        )
        if hysteresis
        else None,
        reactive=(
            reactive.v_ref,
            reactive.autonomous_v_ref_enable,
            reactive.autonomous_v_ref_time_constant,
        )
        if reactive
        else None,
        voltage=(
            voltage.hv10_min_mean_value,
            voltage.hv10_min_mean_trip_delay,
            power.value if power else None,
        )
        if voltage
        else None,
    )


def _factor_from(said: wire.FixedPF) -> der.FixedPowerFactor:
    return der.FixedPowerFactor(said.displacement, said.excitation)


def _var_from(said: wire.FixedVar) -> der.FixedVar:
    return der.FixedVar(-said.setpoint, der.Unit(said.unit.value))


def _droop_from(said: wire.FreqDroop) -> der.FreqDroop:
    return der.FreqDroop(
        said.over_freq,
        said.under_freq,
        said.over_droop,
        said.under_droop,
        said.response_time,
    )


def _limit_from(said: wire.LimitMaxDischarge) -> der.LimitMaxDischarge:
    trip = said.power_monitoring_must_trip
    return der.LimitMaxDischarge(
        said.pct_max_discharge_power, _curve_from(trip) if trip else None
    )


def _service_from(said: wire.EnterService) -> der.EnterService:
    return der.EnterService(
        said.high_voltage,
        said.low_voltage,
        said.high_freq,
        said.low_freq,
        said.delay,
        said.random_delay,
        said.ramp_rate,
    )


def _gradients_from(said: wire.Gradient) -> der.Gradients:
    return der.Gradients(said.gradient, said.soft_gradient)


_READERS: Mapping[type[der.Body], Callable[[Any], der.Body]] = {
    der.Curve: _curve_from,
    der.FixedPowerFactor: _factor_from,
    der.FixedVar: _var_from,
    der.FreqDroop: _droop_from,
    der.LimitMaxDischarge: _limit_from,
    der.EnterService: _service_from,
    der.Gradients: _gradients_from,
}
