"""Stations on the independent `ocpp` library: its own classes, schemas and encoding.

They are written apart from this project's wire and from its simulators. Known defects
of the library's encoder are avoided here: nothing is sent whose name it mangles.
"""

import asyncio
import base64
import contextlib
import logging
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from types import ModuleType
from typing import Any, TypeVar

import websockets
from ocpp import v21, v201
from ocpp.routing import after, create_route_map, on
from websockets.asyncio.client import ClientConnection
from websockets.typing import Subprotocol

from csms.clock import Clock
from tests.fleet.peer_model import Json, a_model, key_of, reported

SAMPLE_S = 60.0
CAPACITY_WS = 60_000 * 3600
SOC_PCT = 80.0
CHARGE_W = 3000.0
EDITIONS = {"ocpp2.1": v21, "ocpp2.0.1": v201}
_TOKEN = {"id_token": "DRIVER-1", "type": "Central"}


Handler = TypeVar("Handler", bound=Callable[..., Any])


def answers(action: str) -> Callable[[Handler], Handler]:
    """Mark what answers an action."""
    marked: Callable[[Handler], Handler] = on(action)
    return marked


def then(action: str) -> Callable[[Handler], Handler]:
    """Mark what follows the answer to an action."""
    marked: Callable[[Handler], Handler] = after(action)
    return marked


class Peer:
    """A station that speaks through the library's charge point of one edition.

    Attributes:
        heard: Every action that was asked of it, with its payload, in order.
        profiles: What it holds, by id, as it was sent.
        export_ws: What it has given back, in watt-seconds.
        watts: What flows now; negative gives back.
    """

    def __init__(
        self, edition: ModuleType, socket: ClientConnection, make: Json, clock: Clock
    ) -> None:
        self.point = edition.ChargePoint(make["serial_number"], socket)
        self.point.route_map = create_route_map(self)
        self.requests, self.answers = edition.call, edition.call_result
        self.modern = edition is v21
        self.make, self.clock = make, clock
        self.heard: list[tuple[str, Json]] = []
        self.profiles: dict[int, Json] = {}
        self.model = a_model(make, modern=self.modern)
        self.transaction: str | None = None
        self.import_ws = self.export_ws = self.watts = 0.0
        self.seq_no = 0
        self.triggered = asyncio.Event()
        self.lived = clock.now()

    def asked(self, action: str) -> list[Json]:
        """Return the payloads with which an action was asked, in order."""
        return [payload for name, payload in self.heard if name == action]

    # -- its life -----------------------------------------------------------------

    async def live(self) -> None:
        """Boot, begin a transaction, and report on it until cancelled."""
        await self._boot()
        await self._say("StatusNotification", **self._status())
        self.transaction = f"tx-{self.make['serial_number']}"
        await self._report("Started", "CablePluggedIn", id_token=_TOKEN)
        await self._negotiate()
        while True:
            await asyncio.sleep(SAMPLE_S / self.clock.rate)
            await self._report("Updated", "MeterValuePeriodic")

    async def _boot(self) -> None:
        while True:
            answer = await self._say(
                "BootNotification", charging_station=self.make, reason="PowerUp"
            )
            if answer.status == "Accepted":
                return
            self.triggered.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(answer.interval / self.clock.rate):
                    await self.triggered.wait()

    async def _negotiate(self) -> None:
        if not self.modern:
            return
        needs = {
            "requested_energy_transfer": "DC_BPT",
            "control_mode": "ScheduledControl",
            "v2x_charging_parameters": {
                "max_charge_power": 11_000,
                "max_discharge_power": 11_000,
            },
        }
        answer = await self._say(
            "NotifyEVChargingNeeds",
            evse_id=1,
            charging_needs=needs,
            timestamp=_z(self.clock.now()),
        )
        assert answer.status in ("Accepted", "Processing")

    async def _report(self, kind: str, trigger: str, **more: Any) -> None:  # noqa: ANN401
        self._flow()
        await self._say(
            "TransactionEvent",
            event_type=kind,
            timestamp=_z(self.lived),
            trigger_reason=trigger,
            seq_no=self.seq_no,
            transaction_info={
                "transaction_id": self.transaction,
                "charging_state": "Charging",
            },
            evse={"id": 1, "connector_id": 1},
            meter_value=[self._meter()],
            **more,
        )
        self.seq_no += 1

    async def _say(self, action: str, **payload: Any) -> Any:  # noqa: ANN401
        """Make a call by the library, which checks both sides by its schemas."""
        request = getattr(self.requests, action)(**payload)
        return await self.point.call(request, suppress=False)

    # -- its physics --------------------------------------------------------------

    def _flow(self) -> None:
        now = self.clock.now()
        moved = self.watts * (now - self.lived).total_seconds()
        self.import_ws += max(moved, 0.0)
        self.export_ws += max(-moved, 0.0)
        self.lived = now
        self.watts = self._wanted(now)

    def _wanted(self, now: datetime) -> float:
        for profile in self.profiles.values():
            if profile["charging_profile_purpose"] == "TxProfile":
                watts = _said(profile["charging_schedule"][0], now)
                if watts is not None:
                    return watts
        return CHARGE_W if self.transaction else 0.0

    def _meter(self) -> Json:
        soc = SOC_PCT + (self.import_ws - self.export_ws) / CAPACITY_WS * 100
        figures = {
            "Energy.Active.Import.Register": (self.import_ws / 3600, "Wh"),
            "Energy.Active.Export.Register": (self.export_ws / 3600, "Wh"),
            "Power.Active.Import": (max(self.watts, 0.0), "W"),
            "Power.Active.Export": (max(-self.watts, 0.0), "W"),
        }
        samples: list[Json] = [
            {
                "measurand": name,
                "value": round(value, 1),
                "unit_of_measure": {"unit": unit},
                "location": "Inlet",
            }
            for name, (value, unit) in figures.items()
        ]
        samples.append({"measurand": "SoC", "value": round(soc, 1), "location": "EV"})
        return {"timestamp": _z(self.lived), "sampled_value": samples}

    def _status(self) -> Json:
        return {
            "timestamp": _z(self.clock.now()),
            "connector_status": "Occupied",
            "evse_id": 1,
            "connector_id": 1,
        }

    # -- what it is asked ---------------------------------------------------------

    def _note(self, action: str, payload: Json) -> None:
        self.heard.append((action, payload))

    @answers("GetBaseReport")
    def on_base_report(self, **asked: Any) -> Any:  # noqa: ANN401
        self._note("GetBaseReport", asked)
        return self.answers.GetBaseReport(status="Accepted")

    @then("GetBaseReport")
    async def send_base_report(self, request_id: int, **_: Any) -> None:  # noqa: ANN401
        entries = [reported(key, held) for key, held in self.model.items()]
        half = len(entries) // 2
        for number, part in enumerate((entries[:half], entries[half:])):
            await self._say(
                "NotifyReport",
                request_id=request_id,
                generated_at=_z(self.clock.now()),
                seq_no=number,
                tbc=number == 0,
                report_data=part,
            )

    @answers("GetVariables")
    def on_get_variables(self, get_variable_data: list[Json], **_: Any) -> Any:  # noqa: ANN401
        self._note("GetVariables", {"data": get_variable_data})
        return self.answers.GetVariables(
            get_variable_result=[self._got(each) for each in get_variable_data]
        )

    def _got(self, asked: Json) -> Json:
        answer = {"component": asked["component"], "variable": asked["variable"]}
        held = self.model.get(key_of(asked))
        if held is None:
            return {**answer, "attribute_status": "UnknownVariable"}
        found = {"attribute_status": "Accepted", "attribute_value": held[0]}
        return {**answer, **found}

    @answers("SetVariables")
    def on_set_variables(self, set_variable_data: list[Json], **_: Any) -> Any:  # noqa: ANN401
        self._note("SetVariables", {"data": set_variable_data})
        return self.answers.SetVariables(
            set_variable_result=[self._set(each) for each in set_variable_data]
        )

    def _set(self, asked: Json) -> Json:
        answer = {"component": asked["component"], "variable": asked["variable"]}
        key = key_of(asked)
        status = "UnknownVariable"
        if key in self.model:
            value, writable = self.model[key]
            status = "Accepted" if writable else "Rejected"
            self.model[key] = (
                asked["attribute_value"] if writable else value,
                writable,
            )
        return {**answer, "attribute_status": status}

    @answers("SetChargingProfile")
    def on_set_profile(self, evse_id: int, charging_profile: Json, **_: Any) -> Any:  # noqa: ANN401
        self._note("SetChargingProfile", charging_profile)
        named = charging_profile.get("transaction_id")
        if named not in (None, self.transaction):
            reason = {"reason_code": "TxNotFound"}
            return self.answers.SetChargingProfile(
                status="Rejected", status_info=reason
            )
        self.profiles[charging_profile["id"]] = {**charging_profile, "evse": evse_id}
        self._flow()
        return self.answers.SetChargingProfile(status="Accepted")

    @answers("GetChargingProfiles")
    def on_get_profiles(self, charging_profile: Json, **_: Any) -> Any:  # noqa: ANN401
        self._note("GetChargingProfiles", charging_profile)
        found = self._matching(charging_profile)
        status = "Accepted" if found else "NoProfiles"
        return self.answers.GetChargingProfiles(status=status)

    @then("GetChargingProfiles")
    async def send_profiles(
        self,
        request_id: int,
        charging_profile: Json,
        **_: Any,  # noqa: ANN401
    ) -> None:
        found = self._matching(charging_profile)
        for evse in sorted({each["evse"] for each in found}):
            mine = [each for each in found if each["evse"] == evse]
            last = evse == max(each["evse"] for each in found)
            await self._say(
                "ReportChargingProfiles",
                request_id=request_id,
                charging_limit_source="CSO",
                evse_id=evse,
                charging_profile=[_without(each, "evse") for each in mine],
                tbc=None if last else True,
            )

    def _matching(self, criterion: Json) -> list[Json]:
        ids = criterion.get("charging_profile_id")
        return [
            each
            for number, each in self.profiles.items()
            if ids is None or number in ids
        ]

    @answers("ClearChargingProfile")
    def on_clear_profile(self, **asked: Any) -> Any:  # noqa: ANN401
        self._note("ClearChargingProfile", asked)
        gone = self.profiles.pop(asked.get("charging_profile_id", 0), None)
        self._flow()
        status = "Unknown" if gone is None else "Accepted"
        return self.answers.ClearChargingProfile(status=status)

    @answers("TriggerMessage")
    def on_trigger(self, requested_message: str, **_: Any) -> Any:  # noqa: ANN401
        self._note("TriggerMessage", {"requested_message": requested_message})
        if requested_message != "BootNotification":
            return self.answers.TriggerMessage(status="NotImplemented")
        self.triggered.set()
        return self.answers.TriggerMessage(status="Accepted")

    @answers("GetTransactionStatus")
    def on_transaction_status(self, **asked: Any) -> Any:  # noqa: ANN401
        self._note("GetTransactionStatus", asked)
        return self.answers.GetTransactionStatus(
            messages_in_queue=False, ongoing_indicator=self.transaction is not None
        )


@contextlib.asynccontextmanager
async def connected(
    url: str, password: str, subprotocol: str, make: Json, clock: Clock
) -> AsyncIterator[Peer]:
    """Give a station that lives its life until the block ends."""
    logging.getLogger("ocpp").setLevel(logging.CRITICAL)
    name = make["serial_number"]
    login = base64.b64encode(f"{name}:{password}".encode()).decode()
    async with websockets.connect(
        f"{url}/{name}",
        subprotocols=[Subprotocol(subprotocol)],
        additional_headers={"Authorization": f"Basic {login}"},
        proxy=None,
    ) as socket:
        peer = Peer(EDITIONS[subprotocol], socket, make, clock)
        tasks = [asyncio.create_task(peer.point.start())]
        tasks.append(asyncio.create_task(peer.live()))
        try:
            yield peer
        finally:
            failed = [each.exception() for each in tasks if each.done()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            for each in failed:
                assert each is None, each


def _said(schedule: Json, now: datetime) -> float | None:
    """Return the power that a schedule asks for now, or none if it says nothing."""
    since = (now - datetime.fromisoformat(schedule["start_schedule"])).total_seconds()
    if not 0 <= since < schedule.get("duration", float("inf")):
        return None
    period: Json | None = None
    for each in schedule["charging_schedule_period"]:
        if each["start_period"] <= since:
            period = each
    if period is None:
        return None
    if period.get("operation_mode") == "Idle":
        return 0.0
    said = float(period["setpoint"] if "setpoint" in period else period["limit"])
    return min(said, CHARGE_W)


def _without(profile: Json, name: str) -> Json:
    return {key: value for key, value in profile.items() if key != name}


def _z(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
