"""What a station says it can decide by itself."""

from typing import Any

from csms.charging.authority import SILENT, Authority, authority, from_words, to_words
from csms.charging.capability import Capability, from_document, to_document
from csms.domain.station import Variable, VariableKey


def said(name: str, value: str | None, evse: int = 0, **limits: Any) -> Variable:  # noqa: ANN401
    component, variable = name.split(".")
    return Variable(
        VariableKey(component, variable, evse=evse),
        value=value,
        characteristics=limits or None,
    )


FULL = [
    said("LocalAuthListCtrlr.Available", "true"),
    said("LocalAuthListCtrlr.Enabled", "true"),
    said("LocalAuthListCtrlr.Entries", "7", maxLimit=500),
    said("LocalAuthListCtrlr.ItemsPerMessage", "25"),
    said("LocalAuthListCtrlr.BytesPerMessage", "8000"),
    said("AuthCacheCtrlr.Enabled", "true"),
    said("ReservationCtrlr.Enabled", "true"),
    said("ReservationCtrlr.NonEvseSpecific", "true"),
    said("ISO15118Ctrlr.Enabled", "true", evse=1),
    said("Connector.ConnectorType", "cCCS1", evse=2),
]


def test_silence_offers_nothing() -> None:
    assert authority([]) == SILENT


def test_everything_said_is_found_and_kept() -> None:
    found = authority(FULL)

    assert found == Authority(
        lists=True,
        list_entries=500,
        list_items=25,
        list_bytes=8000,
        caches=True,
        reserves=True,
        reserves_any=True,
        iso15118=True,
        plugs=((2, "cCCS1"),),
    )
    assert from_words(to_words(found)) == found
    kept = from_document(to_document(Capability(read=True, authority=found)))
    assert kept.authority == found
    assert found.types_of(2) == {"cCCS1"}
    assert found.types_of(1) == frozenset()


def test_one_no_outweighs_a_yes() -> None:
    off = [
        said("ReservationCtrlr.Available", "true"),
        said("ReservationCtrlr.Enabled", "false"),
    ]

    assert not authority(off).reserves


def test_nonsense_is_silence() -> None:
    odd = [
        said("LocalAuthListCtrlr.ItemsPerMessage", "many"),
        said("LocalAuthListCtrlr.BytesPerMessage", "-3"),
        said("LocalAuthListCtrlr.Entries", "0", maxLimit="inf"),
        said("Connector.ConnectorType", "cCCS1"),
    ]

    assert authority(odd) == SILENT


def test_what_was_kept_before_there_was_such_a_thing_is_read() -> None:
    assert from_document({"read": True}).authority == SILENT
