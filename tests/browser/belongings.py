"""What a station holds and tells besides events: profiles, controls, oddities."""

from datetime import datetime, timedelta

from csms.domain.campaign import Pace
from csms.domain.der import Control, FixedVar, Kind, Unit
from csms.domain.display import Priority, ScreenMessage, ScreenText
from csms.domain.ids import EvseId, StationId
from csms.domain.profile import Kind as ProfileKind
from csms.domain.profile import OperationMode, Period, Profile, Purpose, RateUnit
from csms.domain.station import DeviationCount, Make, StationNotice
from csms.services.campaign_drafts import CampaignDraft
from csms.services.firmware import ImageDraft
from csms.services.ports.charging import ExternalLimit, HeldProfile
from csms.services.ports.der import Alarm, ControlState, HeldControl
from csms.services.ports.work import Work
from csms.services.upkeep import Upkeep

CAMPAIGN = "nine-for-all"
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
ODDITIES = (
    ("no-zone", "TransactionEvent.timestamp", 8_412, "2026-07-14T22:24:58"),
    ("number-as-text", "MeterValues.meterValue.*.sampledValue.*.value", 96, "'7.4'"),
    ("shape-of-1.6", "BootNotification", 3, "chargePointVendor"),
    ("unknown-word", "TransactionEvent.triggerReason", 12, "VendorTimer -> Trigger"),
    ("kind-without-words", "x" * 90, 1, "y" * 120),
)
TOLD = (
    ("SecurityEvent SettingSystemTime", 5, {"type": "SettingSystemTime"}),
    ("LogStatus", 7, {"requestId": 4, "status": "Uploaded"}),
    ("NotifyEvent", 2, {"component": "EVSE", "variable": "Temperature", "value": "91"}),
)


async def hold_much(work: Work, station: StationId, now: datetime) -> None:
    """Let a station hold and tell what its page has a place for."""
    evse = EvseId(station, 1)
    profiles = [
        _profile(9_001, evse, Purpose.TX_DEFAULT, 11_000),
        _profile(9_002, EvseId(station, 0), Purpose.STATION_MAX, 22_000),
    ]
    await work.charging.save_held(
        [
            HeldProfile(
                station,
                each.id,
                intended=each,
                reported=each if each.id % 2 else None,
                by="olivia",
                intended_at=now - HOUR,
                reported_at=now - HOUR / 2,
            )
            for each in profiles
        ]
    )
    await work.charging.save_limit(
        ExternalLimit(evse, "EMS", False, True, {}, now - HOUR, now)  # noqa: FBT003
    )
    control = Control(
        "peak-vars",
        Kind.FIXED_VAR,
        default=False,
        priority=2,
        body=FixedVar(-20.0, Unit.PCT_MAX_VAR),
    )
    await work.der.save_controls(
        [
            HeldControl(
                station,
                control,
                ControlState.ACCEPTED,
                by="olivia",
                sent_at=now - DAY,
                reported=control,
                reported_at=now - HOUR,
                started_at=now - HOUR,
            )
        ]
    )
    await work.der.begin_alarm(
        Alarm(station, "LVMustTrip", "UnderVoltage", now - HOUR, info="L2 at 188 V")
    )
    await work.stations.add_deviations(
        [
            DeviationCount(station, kind, path, count, now - DAY, now, detail)
            for kind, path, count, detail in ODDITIES
        ]
    )
    await work.stations.add_notices(
        [
            StationNotice(station, now - HOUR, now - HOUR, kind, severity, body)
            for kind, severity, body in TOLD
        ]
    )


async def maintain(upkeep: Upkeep, station: StationId, make: Make) -> None:
    """Begin a campaign for a make, and write on the display of a station."""
    here = (
        "https://firmware.example.org/releases/2026-07/a-very-long-name-of-a-file.bin"
    )
    for name, location in (("station-9", here), ("station-10", None)):
        await upkeep.images.register(
            ImageDraft(name, make.vendor, make.model, "9.0", location), "olivia"
        )
    pace = Pace(wave_size=3, max_parallel=2)
    await upkeep.campaigns.begin(
        CampaignDraft(CAMPAIGN, "Nine for all", "station-9", pace=pace), "olivia"
    )
    text = ScreenText(
        "Buses give back from 17:00 to 20:00. Please stay plugged in.", "en"
    )
    message = ScreenMessage(0, (text,), Priority.IN_FRONT)
    await upkeep.displays.show(station, message, "olivia")


def _profile(number: int, evse: EvseId, purpose: Purpose, watts: int) -> Profile:
    return Profile(
        id=number,
        evse=evse,
        purpose=purpose,
        kind=ProfileKind.RELATIVE,
        stack_level=1,
        unit=RateUnit.WATTS,
        periods=(Period(0, mode=OperationMode.CHARGING_ONLY, limit=watts),),
    )
