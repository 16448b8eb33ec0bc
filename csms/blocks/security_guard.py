"""Holds commands that are sent as they are against the rules of block A."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from csms.domain.errors import NotAllowed
from csms.domain.ids import StationId
from csms.domain.security import StationSecurity
from csms.ocpp.messages.network import SET_NETWORK_PROFILE
from csms.ocpp.messages.provisioning import SET_VARIABLES

VARIABLE: Final = "BasicAuthPassword"
PROFILE: Final = "SecurityProfile"


class PasswordByHand(NotAllowed):
    """A password that is set past this system locks the station out."""

    code = "password-by-hand"


class Downgrade(NotAllowed):
    """Nobody lowers a security profile over OCPP (A00.FR.005)."""

    code = "downgrade"


class Doors(Protocol):
    """Whoever knows how safely stations must come in."""

    def door(self, station: StationId) -> StationSecurity:
        """Return what is demanded of a station."""
        ...


@dataclass(frozen=True, slots=True)
class SecurityGuard:
    """Refuses what would lock a station out, or make it less safe.

    Attributes:
        doors: Knows how safely stations must come in.
    """

    doors: Doors

    async def permit(
        self, station: StationId, action: str, payload: dict[str, Any]
    ) -> None:
        """Raise why a command must not be sent, if it must not.

        Raises:
            PasswordByHand: If it sets the station's password.
            Downgrade: If it lowers the security profile.
        """
        if action == SET_NETWORK_PROFILE.name:
            self._compare(station, payload["connectionData"].get("securityProfile"))
        elif action == SET_VARIABLES.name:
            for name, value in _settings(payload):
                if name == VARIABLE:
                    raise PasswordByHand(
                        remedy="let this system change it: csms stations "
                        f"rotate-password {station}"
                    )
                if name == PROFILE:
                    self._compare(station, value)

    def _compare(self, station: StationId, wanted: object) -> None:
        door = self.doors.door(station)
        present = max(door.least, door.last_profile or door.least)
        try:
            lowered = int(str(wanted)) < present
        except ValueError:
            return
        if lowered:
            raise Downgrade(
                f"{station} comes in by security profile {int(present)}, and the "
                f"request says {wanted} (A00.FR.005)",
                remedy="lower it at the station itself, then demand less of it here",
            )


def _settings(payload: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    for each in payload.get("setVariableData", ()):
        yield str(each["variable"]["name"]), each.get("attributeValue")
