"""Commands as they are, held against the station that they are for (K, Q, R)."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from csms.blocks.charging_calls import profile_in, values_in
from csms.charging.profile_rules import Breach, Situation, breaches
from csms.domain.ids import StationId, TransactionId
from csms.domain.profile import Profile, Purpose, RateUnit
from csms.services.charging import Charging, ProfileBroken
from csms.services.ledger import Ledger
from csms.services.ports.charging import Criteria

_NEW = TransactionId("new")
_PROFILE: Mapping[str, str] = {
    "id": "id",
    "purpose": "chargingProfilePurpose",
    "kind": "chargingProfileKind",
    "stack_level": "stackLevel",
    "valid_from": "validFrom",
    "valid_to": "validTo",
    "transaction": "transactionId",
    "recurrency": "recurrencyKind",
    "max_offline_s": "maxOfflineDuration",
    "pull_interval": "dynUpdateInterval",
    "updated_at": "dynUpdateTime",
    "alternatives": "chargingSchedule",
}
_SCHEDULE: Mapping[str, str] = {
    "start": "startSchedule",
    "unit": "chargingRateUnit",
    "duration_s": "duration",
    "periods": "chargingSchedulePeriod",
    "local_time": "useLocalTime",
    "random_delay_s": "randomizedDelay",
    "above_soc": "limitAtSoC",
}
_PERIOD: Mapping[str, str] = {
    "start_s": "startPeriod",
    "limit": "limit",
    "discharge_limit": "dischargeLimit",
    "setpoint": "setpoint",
    "reactive": "setpointReactive",
    "mode": "operationMode",
    "phases": "numberPhases",
    "phase_to_use": "phaseToUse",
    "sleep": "evseSleep",
    "baseline": "v2xBaseline",
    "freq_curve": "v2xFreqWattCurve",
}
_STEP = re.compile(r"periods\[(\d+)\]\.(\w+?)(_l[23])?$")
_OTHER = re.compile(r"alternatives\[(\d+)\]\.(.+)$")


@dataclass(frozen=True, slots=True)
class ChargingGuard:
    """Refuses commands that the station cannot follow, field by field.

    Attributes:
        charging: Knows what stations hold and can do.
    """

    charging: Charging

    async def permit(
        self, station: StationId, action: str, payload: dict[str, Any]
    ) -> None:
        """Raise why a command must not be sent, if it must not.

        Raises:
            ProfileBroken: If it breaks the standard, or the station lacks something.
            DischargeForbidden: If it clears what holds a discharge back.
        """
        situation = self.charging.situation(station)
        found = list(self._breaches(station, action, payload, situation))
        if found:
            raise ProfileBroken(found, action)
        if action == "ClearChargingProfile":
            await self.charging.permit_clearing(station, _criteria(payload))

    def _breaches(
        self,
        station: StationId,
        action: str,
        payload: Mapping[str, Any],
        at: Situation,
    ) -> Sequence[Breach]:
        profile = profile_in(station, action, payload)
        if profile is not None:
            started = action == "RequestStartTransaction"
            found = _of_start(profile, at) if started else breaches(profile, at)
            return [replace(each, field=wire_path(each.field)) for each in found]
        match action:
            case "ClearChargingProfile":
                return _of_clear(payload)
            case "GetChargingProfiles":
                return _of_get(payload["chargingProfile"])
            case "GetCompositeSchedule":
                return _of_composite(payload, at)
            case _:
                return _of_transaction(action, payload, at)


def _of_start(profile: Profile, at: Situation) -> Sequence[Breach]:
    """Judge a profile for a transaction that is yet to begin (K05)."""
    if profile.purpose is not Purpose.TX:
        return [Breach("purpose", "K05.FR.02", "it is a TxProfile")]
    if profile.transaction is not None:
        return [Breach("transaction", "K05.FR.01", "the transaction is yet to begin")]
    number = profile.evse.number
    begun = replace(at, transactions={**at.transactions, number: _NEW})
    found = breaches(replace(profile, transaction=_NEW), begun)
    return [each for each in found if number or each.rule != "K01.FR.16"]


def _of_clear(payload: Mapping[str, Any]) -> Sequence[Breach]:
    criteria = payload.get("chargingProfileCriteria") or {}
    if payload.get("chargingProfileId") is None and not criteria:
        return [Breach("", "K10.FR.02", "nothing says which profiles are meant")]
    purpose = criteria.get("chargingProfilePurpose")
    if purpose in (Purpose.EXTERNAL.value, Purpose.LOCAL_GENERATION.value):
        where = "chargingProfileCriteria.chargingProfilePurpose"
        return [Breach(where, "K10.FR.06", "only who set it may clear it")]
    return ()


def _of_get(criteria: Mapping[str, Any]) -> Sequence[Breach]:
    ids = criteria.get("chargingProfileId")
    others = [
        name
        for name in ("stackLevel", "chargingLimitSource", "chargingProfilePurpose")
        if criteria.get(name) is not None
    ]
    if ids is None and not others:
        return [Breach("chargingProfile", "K09.FR.03", "it has no filter")]
    return ()


def _of_composite(payload: Mapping[str, Any], at: Situation) -> Sequence[Breach]:
    number, unit = payload["evseId"], payload.get("chargingRateUnit")
    if number and number not in at.evses:
        return [Breach("evseId", "K08.FR.05", f"the station has no EVSE {number}")]
    if unit is not None and RateUnit(unit) not in at.capability.units:
        known = " or ".join(sorted(at.capability.units))
        return [Breach("chargingRateUnit", "K08.FR.07", f"the station takes {known}")]
    return ()


def _of_transaction(
    action: str, payload: Mapping[str, Any], at: Situation
) -> Sequence[Breach]:
    rule = {
        "UsePriorityCharging": "K21.FR.02",
        "NotifyAllowedEnergyTransfer": "Q02.FR.05",
    }.get(action)
    if rule is None or payload["transactionId"] in at.transactions.values():
        return ()
    return [Breach("transactionId", rule, "no such transaction runs there")]


def wire_path(field: str) -> str:
    """Return where a field of a profile stands in the request."""
    if field in ("", "evse"):
        return "evseId" if field else ""
    other = _OTHER.match(field)
    schedule, rest = (int(other[1]) + 1, other[2]) if other else (0, field)
    place = f"chargingProfile.chargingSchedule[{schedule}]"
    step = _STEP.match(rest)
    if step:
        word = _PERIOD.get(step[2], step[2]) + (step[3] or "").upper()
        return f"{place}.chargingSchedulePeriod[{step[1]}].{word}"
    if rest in _SCHEDULE:
        return f"{place}.{_SCHEDULE[rest]}"
    return f"chargingProfile.{_PROFILE.get(rest, rest)}"


@dataclass(frozen=True, slots=True)
class CommandEar:
    """Lets the ledger know what commands as they are have changed.

    Attributes:
        ledger: Is told.
    """

    ledger: Ledger

    def heard(
        self, station: StationId, action: str, payload: Mapping[str, Any], status: str
    ) -> None:
        """Take note of what a station accepted."""
        if status != "Accepted":
            return
        profile = profile_in(station, action, payload)
        if profile is not None and action == "SetChargingProfile":
            self.ledger.accepted(profile, "command")
        elif profile is not None and action == "RequestStartTransaction":
            self.ledger.starting(station, payload["remoteStartId"], profile)
        elif action == "UpdateDynamicSchedule":
            self._updated(station, payload)
        elif action == "ClearChargingProfile":
            self._cleared(station, payload)

    def _updated(self, station: StationId, payload: Mapping[str, Any]) -> None:
        row = self.ledger.find(station, payload["chargingProfileId"])
        known = row.profile if row is not None else None
        if known is None:
            return
        values = values_in(payload)
        said = {
            name: value
            for name in ("limit", "setpoint", "discharge_limit", "reactive")
            if (value := getattr(values, name)) is not None
        }
        fresh = replace(known.periods[0], **said)
        self.ledger.updated(replace(known, periods=(fresh,)))

    def _cleared(self, station: StationId, payload: Mapping[str, Any]) -> None:
        number = payload.get("chargingProfileId")
        if number is not None:
            self.ledger.cleared(station, number)
            return
        self.ledger.cleared_all(station, _criteria(payload))


def _criteria(payload: Mapping[str, Any]) -> Criteria:
    """Return which profiles a request clears; one with an id clears that one (K10)."""
    number = payload.get("chargingProfileId")
    if number is not None:
        return Criteria(profile_id=number)
    said = payload.get("chargingProfileCriteria") or {}
    purpose = said.get("chargingProfilePurpose")
    return Criteria(
        evse=said.get("evseId"),
        purpose=Purpose(purpose) if purpose else None,
        stack_level=said.get("stackLevel"),
    )
