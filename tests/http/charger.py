"""A station that keeps what it is told, for tests of how stations are set up."""

from typing import Any

from csms.domain.device_model import ModelRecord
from csms.domain.station import EDITION_21, Variable, VariableKey
from tests.fakes.device_model import variable
from tests.fakes.link import FakeLink
from tests.http.nodes import EVENING, HOME_1, MAKE, Stage

Json = dict[str, Any]


def traits(kind: str = "integer", **more: Any) -> Json:  # noqa: ANN401
    return {"dataType": kind, "supportsMonitoring": False, **more}


MODEL = (
    variable("OCPPCommCtrlr.OfflineThreshold", "600", characteristics=traits()),
    variable("OCPPCommCtrlr.MessageAttempts[TransactionEvent]", "5"),
    variable("OCPPCommCtrlr.MessageAttemptInterval[TransactionEvent]", "10"),
    variable(
        "OCPPCommCtrlr.NetworkConfigurationPriority",
        "1",
        characteristics=traits("SequenceList", valuesList="1,2,3"),
    ),
    variable("OCPPCommCtrlr.QueueAllMessages", "false", mutability="ReadOnly"),
    variable("SampledDataCtrlr.TxUpdatedInterval", "900", characteristics=traits()),
    variable("SecurityCtrlr.SecurityProfile", "2", mutability="ReadOnly"),
    variable("WebPaymentsCtrlr.SharedSecret", "", mutability="WriteOnly"),
    variable("DeviceDataCtrlr.ItemsPerMessage[GetVariables]", "2"),
    variable("DeviceDataCtrlr.ItemsPerMessage[SetVariables]", "2"),
    variable("EVSE@1.AllowReset", "true", mutability="ReadOnly"),
)


class Charger:
    """A station that keeps what it is told, and answers by the standard."""

    def __init__(self, variables: tuple[Variable, ...] = MODEL) -> None:
        self.values = {each.key: each.value or "" for each in variables}
        self.says: dict[VariableKey, str] = {}
        self.link = FakeLink(
            {
                "SetVariables": self.set,
                "GetVariables": self.get,
                "Reset": {"status": "Scheduled"},
                "SetNetworkProfile": {"status": "Accepted"},
                "GetReport": {"status": "EmptyResultSet"},
                "GetBaseReport": {"status": "NotSupported"},
            },
            station=HOME_1.station,
        )

    def set(self, asked: Json) -> Json:
        return {
            "setVariableResult": [
                self._named(each, self._set(each)) for each in asked["setVariableData"]
            ]
        }

    def get(self, asked: Json) -> Json:
        return {
            "getVariableResult": [
                {
                    **self._named(each, "Accepted"),
                    "attributeValue": self.values[_key(each)],
                }
                for each in asked["getVariableData"]
            ]
        }

    def asked(self, action: str) -> list[Json]:
        return [payload for name, payload, _ in self.link.asked if name == action]

    def _set(self, entry: Json) -> str:
        status = self.says.get(_key(entry), "Accepted")
        if status == "Accepted":
            self.values[_key(entry)] = entry["attributeValue"]
        return status

    def _named(self, entry: Json, status: str) -> Json:
        return {
            "component": entry["component"],
            "variable": entry["variable"],
            "attributeStatus": status,
        }


def _key(entry: Json) -> VariableKey:
    component, name = entry["component"], entry["variable"]
    return VariableKey(
        component["name"],
        name["name"],
        component.get("instance", ""),
        name.get("instance", ""),
    )


async def knows(stage: Stage, *variables: Variable, complete: bool = True) -> None:
    """Let a device model be known that was read in full."""
    fingerprint = MAKE.fingerprint(EDITION_21)
    async with stage.node.begin() as work:
        await work.models.replace(HOME_1.station, variables, EVENING)
        await work.models.save_record(
            ModelRecord(HOME_1.station, fingerprint, complete, len(variables), EVENING)
        )
        await stage.inside.setup.models.aftermath.look_again(work, HOME_1.station)
