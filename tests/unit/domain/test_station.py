"""Stations as values."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from csms.domain.ids import SiteId, StationId
from csms.domain.station import (
    EDITION_21,
    EDITION_201,
    Make,
    Presence,
    Station,
    VariableKey,
)

NOW = datetime(2026, 7, 14, tzinfo=UTC)
MAKE = Make("Example", "x21-scheduled", "1.0", "S-1")
FIT = Station(
    StationId("A"),
    SiteId("site"),
    make=MAKE,
    edition=EDITION_21,
    provisioned_at=NOW,
    provisioned_for=MAKE.fingerprint(EDITION_21),
)


def test_a_station_is_provisioned_for_what_it_is() -> None:
    assert FIT.is_provisioned


@pytest.mark.parametrize(
    "changed",
    [
        replace(FIT, make=replace(MAKE, firmware="1.1")),
        replace(FIT, make=replace(MAKE, serial="S-2")),
        replace(FIT, make=replace(MAKE, model="other")),
        replace(FIT, make=replace(MAKE, vendor="Other")),
        replace(FIT, make=None),
        replace(FIT, edition=EDITION_201),
        replace(FIT, provisioned_at=None),
    ],
    ids=["firmware", "serial", "model", "vendor", "unknown", "edition", "never"],
)
def test_whatever_changes_asks_for_provisioning(changed: Station) -> None:
    assert not changed.is_provisioned


def test_a_variable_is_written_as_people_write_it() -> None:
    plain = VariableKey("SmartChargingCtrlr", "RateUnit")
    full = VariableKey(
        "V2XChargingCtrlr", "TxUpdatedInterval", variable_instance="Idle", evse=2
    )

    assert plain.text == "SmartChargingCtrlr.RateUnit"
    assert full.text == "V2XChargingCtrlr@2.TxUpdatedInterval[Idle]"


def test_who_comes_with_an_edition_is_here() -> None:
    assert Presence(StationId("A"), NOW, EDITION_21, "127.0.0.1").here
    assert not Presence(StationId("A"), NOW, reason="closed").here
