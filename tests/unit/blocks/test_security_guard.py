"""No command locks a station out, or makes it less safe."""

from typing import Any

import pytest

from csms.blocks.security_guard import Downgrade, PasswordByHand, SecurityGuard
from csms.domain.ids import StationId
from csms.domain.security import SecurityProfile, StationSecurity

STATION = StationId("MA-TEST-01")


class Doors:
    """One station that must come in by TLS, and last came in with a certificate."""

    def __init__(self, last: SecurityProfile | None = SecurityProfile.MUTUAL) -> None:
        self.last = last

    def door(self, station: StationId) -> StationSecurity:
        return StationSecurity(station, SecurityProfile.TLS, last_profile=self.last)


def setting(name: str, value: str) -> dict[str, Any]:
    return {"setVariableData": [{"variable": {"name": name}, "attributeValue": value}]}


def network(profile: int) -> dict[str, Any]:
    return {"configurationSlot": 1, "connectionData": {"securityProfile": profile}}


@pytest.mark.parametrize(
    ("action", "payload"),
    [
        ("SetNetworkProfile", network(2)),
        ("SetVariables", setting("SecurityProfile", "2")),
    ],
)
async def test_it_comes_in_no_less_safely_than_it_did(
    action: str, payload: dict[str, Any]
) -> None:
    """A00.FR.005."""
    with pytest.raises(Downgrade, match="comes in by security profile 3") as told:
        await SecurityGuard(Doors()).permit(STATION, action, payload)

    assert "lower it at the station" in str(told.value.remedy)
    await SecurityGuard(Doors(None)).permit(STATION, action, payload)


@pytest.mark.parametrize(
    ("action", "payload"),
    [
        ("SetNetworkProfile", network(3)),
        ("SetVariables", setting("SecurityProfile", "3")),
        ("SetVariables", setting("SecurityProfile", "high")),
        ("SetVariables", setting("Interval", "0")),
        ("GetVariables", setting("SecurityProfile", "0")),
    ],
)
async def test_the_rest_may_be_sent(action: str, payload: dict[str, Any]) -> None:
    await SecurityGuard(Doors()).permit(STATION, action, payload)


async def test_its_password_is_changed_by_nobodys_hand() -> None:
    with pytest.raises(PasswordByHand) as told:
        await SecurityGuard(Doors()).permit(
            STATION, "SetVariables", setting("BasicAuthPassword", "x")
        )

    assert "rotate-password MA-TEST-01" in str(told.value.remedy)
