"""Ways to connect that are set variable by variable: what goes with them (B09)."""

from collections.abc import Iterable, Iterator

from csms.charging.device_model import DeviceModel
from csms.charging.requirement import Lack, Request, Rule
from csms.charging.requirement_variables import key_of
from csms.domain.station import VariableKey

COMPONENT = "NetworkConfiguration"
_PRIORITY = ("OCPPCommCtrlr", "NetworkConfigurationPriority")
_CELLULAR = ("Apn", "SimPin", "PreferredNetwork", "UseOnlyPreferredNetwork")
SWITCHES = {"ApnEnabled": _CELLULAR, "VpnEnabled": ("Vpn",)}
"""Which variable switches on what the variables of these names describe."""


def switches_due(
    keys: Iterable[VariableKey], model: DeviceModel
) -> list[tuple[VariableKey, str]]:
    """Return the switches that must be set beside variables of slots.

    APN and VPN are on if the request describes them, and off if it does not
    (B09.FR.29, FR.30). A switch that the request sets itself, or that the station does
    not let anybody set, is left alone.
    """
    slots: dict[str, set[str]] = {}
    for key in keys:
        if key.component == COMPONENT:
            slots.setdefault(key.component_instance, set()).add(key.variable)
    due = []
    for slot, names in sorted(slots.items()):
        for switch, beginnings in SWITCHES.items():
            key = VariableKey(COMPONENT, switch, slot)
            there = model.find(key)
            settable = there is not None and there.mutability == "ReadWrite"
            if switch not in names and settable:
                described = any(each.startswith(beginnings) for each in names)
                due.append((key, "true" if described else "false"))
    return due


def spare_slot(path: str = "setVariableData") -> Rule:
    """Require that a slot by which the station connects is left alone (B09.FR.21)."""

    def check(request: Request) -> Iterator[Lack]:
        used = request.model.members(*_PRIORITY) or frozenset()
        for index, entry in enumerate(request.at(path)):
            key = key_of(entry)
            if key.component == COMPONENT and key.component_instance in used:
                yield Lack(
                    f"{path}[{index}].component",
                    f"connects by slot {key.component_instance}, whose variables are "
                    "left alone (B09.FR.21)",
                    "use SetNetworkProfile, or take the slot out of "
                    "NetworkConfigurationPriority first",
                )

    return Rule(check, ("OCPPCommCtrlr",))
