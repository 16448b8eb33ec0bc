"""What a station must have for a charging profile, a network profile, a restart."""

from collections.abc import Iterator, Mapping
from typing import Any

from csms.charging.requirement import Lack, Request, Rule, switched_off

SMART = "SmartChargingCtrlr"
V2X = "V2XChargingCtrlr"
_PLAIN_MODES = (None, "Idle", "ChargingOnly")
_MIDDLE, _HIGHEST = 2, 3
"""Security profiles; only from the highest to the middle may a station go back."""


def charging_profile(path: str = "chargingProfile", evse: str = "evseId") -> Rule:
    """Require what a charging profile needs: level, unit, periods, kind, modes (K01).

    Args:
        path: Where the profile stands; it may be left out of the request.
        evse: Where the EVSE stands.
    """

    def check(request: Request) -> Iterator[Lack]:
        profile = request.at(path)
        if isinstance(profile, Mapping):
            for each in _profile(request, profile, request.at(evse) or 0):
                yield Lack(
                    f"{path}.{each.field}".rstrip("."),
                    each.problem,
                    each.remedy,
                    each.said,
                )

    return Rule(check, (SMART, V2X))


def _profile(request: Request, profile: Mapping[str, Any], evse: int) -> Iterator[Lack]:
    model = request.model
    yield from switched_off(model, SMART)
    top = model.number(SMART, "ProfileStackLevel")
    if top is not None and profile["stackLevel"] > top:
        yield Lack(
            "stackLevel",
            f"takes stack levels up to {top} (K01.FR.12)",
            f"use a stack level from 0 to {top}",
        )
    if profile["chargingProfileKind"] == "Dynamic" and not _feature(
        request, "DynamicProfiles"
    ):
        yield Lack(
            "chargingProfileKind",
            "does not support dynamic profiles (K01.FR.121)",
            "send an absolute or relative profile",
            said=model.flag(SMART, "SupportsDynamicProfiles") is False,
        )
    for index, schedule in enumerate(profile["chargingSchedule"]):
        yield from _schedule(request, schedule, f"chargingSchedule[{index}]", evse)


def _schedule(
    request: Request, schedule: Mapping[str, Any], path: str, evse: int
) -> Iterator[Lack]:
    model = request.model
    units = model.members(SMART, "RateUnit")
    if units and schedule["chargingRateUnit"] not in units:
        yield Lack(
            f"{path}.chargingRateUnit",
            f"takes {', '.join(sorted(units))} (SmartChargingCtrlr.RateUnit)",
            f"express the schedule in {min(units)}",
        )
    periods = schedule["chargingSchedulePeriod"]
    limit = model.number(SMART, "PeriodsPerSchedule")
    if limit is not None and len(periods) > limit > 0:
        yield Lack(
            f"{path}.chargingSchedulePeriod",
            f"takes {limit} periods in a schedule, not {len(periods)}",
            f"use at most {limit} periods",
        )
    for index, period in enumerate(periods):
        mode = period.get("operationMode")
        if mode not in _PLAIN_MODES:
            where = f"{path}.chargingSchedulePeriod[{index}].operationMode"
            yield from _mode(request, mode, where, evse)


def _mode(request: Request, mode: str, path: str, evse: int) -> Iterator[Lack]:
    model = request.model
    for each in switched_off(model, V2X):
        yield Lack(path, each.problem, each.remedy, each.said)
    modes = model.members(V2X, "SupportedOperationModes", evse=evse)
    if modes is not None and mode not in modes:
        yield Lack(
            path,
            f"does not support {mode} (V2XChargingCtrlr.SupportedOperationModes)",
            f"it supports {', '.join(sorted(modes)) or 'none'}",
        )


def dynamic_profiles() -> Rule:
    """Require that the station follows dynamic profiles (K28)."""

    def check(request: Request) -> Iterator[Lack]:
        if not _feature(request, "DynamicProfiles"):
            yield Lack(
                "",
                "does not support dynamic profiles (SupportsDynamicProfiles)",
                "send it a schedule instead",
                said=request.model.flag(SMART, "SupportsDynamicProfiles") is False,
            )

    return Rule(check, (SMART,))


def _feature(request: Request, name: str) -> bool:
    """Tell whether smart charging has a feature; 2.1 spells it in two ways."""
    model = request.model
    return True in (
        model.flag(SMART, f"Supports{name}"),
        model.flag(SMART, "SupportsFeature", name),
    )


def network_profile() -> Rule:
    """Require a slot that exists, and no lower security profile (B09.FR.04, FR.05)."""

    def check(request: Request) -> Iterator[Lack]:
        yield from _slot(request)
        yield from _security(request)

    return Rule(check, ("OCPPCommCtrlr", "SecurityCtrlr", "NetworkConfiguration"))


def _slot(request: Request) -> Iterator[Lack]:
    found = request.model.at("OCPPCommCtrlr", "NetworkConfigurationPriority")
    slots = () if found is None else request.model.traits(found.key).values
    if slots and str(request.at("configurationSlot")) not in slots:
        yield Lack(
            "configurationSlot",
            "has no such slot (B09.FR.05)",
            f"its slots are {', '.join(slots)}",
        )


def _security(request: Request) -> Iterator[Lack]:
    now = request.model.number("SecurityCtrlr", "SecurityProfile")
    then = request.at("connectionData.securityProfile")
    if now is None or then >= now:
        return
    downgrade = request.model.flag("SecurityCtrlr", "AllowSecurityProfileDowngrade")
    if downgrade and (now, then) == (_HIGHEST, _MIDDLE):
        return
    yield Lack(
        "connectionData.securityProfile",
        f"has security profile {now} and goes back to no lower one (B09.FR.04)",
        f"use security profile {now} or higher",
    )


def reset() -> Rule:
    """Require that an EVSE can be restarted alone, and resumed (B11, B12, B13)."""

    def check(request: Request) -> Iterator[Lack]:
        number, model = request.at("evseId"), request.model
        if number and model.flag("EVSE", "AllowReset", evse=number) is False:
            yield Lack(
                "evseId",
                f"does not restart EVSE {number} alone (EVSE.AllowReset, B11.FR.09)",
                "restart the whole station",
            )
        if request.at("type") == "ImmediateAndResume" and not (
            model.number("TxCtrlr", "ResumptionTimeout") or 0
        ):
            yield Lack(
                "type",
                "does not resume transactions (TxCtrlr.ResumptionTimeout, B13.FR.01)",
                "use OnIdle or Immediate",
                said=model.at("TxCtrlr", "ResumptionTimeout") is not None,
            )

    return Rule(check, ("EVSE", "TxCtrlr"))
