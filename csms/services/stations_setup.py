"""Everything that looks after how stations are set up, in one place for the edges."""

from collections.abc import Sequence
from dataclasses import dataclass

from csms.charging.templates import Template
from csms.services.device_models import DeviceModels
from csms.services.device_reports import DeviceReporting
from csms.services.drifts import Drifts
from csms.services.network_profiles import NetworkProfiles
from csms.services.resets import Resets


@dataclass(frozen=True, slots=True)
class StationsSetup:
    """How stations are set up (block B).

    Attributes:
        models: Reads and sets variables.
        reporting: Has device models reported.
        drifts: Tells and repairs what is not as it should be.
        networks: Looks after ways to connect.
        resets: Restarts stations.
        templates: What stations should read.
    """

    models: DeviceModels
    reporting: DeviceReporting
    drifts: Drifts
    networks: NetworkProfiles
    resets: Resets
    templates: Sequence[Template]
