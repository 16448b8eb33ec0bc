"""Templates of desired variables: whom they are for, what departs from them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csms.charging.configuration import Fit, Sampling, Wanted, by_key, same, wanted
from csms.charging.templates import (
    ANY,
    Desired,
    Template,
    conflicts,
    desired_of,
    drift_of,
    master_pass,
    settings_of,
)
from csms.domain.device_model import DriftKind
from csms.domain.ids import StationId
from csms.domain.station import EDITION_21, EDITION_201, Make, Variable, VariableKey
from tests.fakes.device_model import variable

NOW = datetime(2026, 7, 14, tzinfo=UTC)
STATION = StationId("MA-TEST-01")
MAKE = Make("Example", "x21", "sim-1.0")
A = Desired("A", "V", "1", why="because")
ALL = Template("all", "everybody", (EDITION_21, EDITION_201), (A,))
KEY = VariableKey("A", "V")


def own(
    name: str,
    value: str,
    vendors: tuple[str, ...] = (ANY,),
    models: tuple[str, ...] = (ANY,),
) -> Template:
    wish = replace(A, value=value)
    return Template(name, "", (EDITION_21,), (wish,), vendors, models)


def chosen(*templates: Template, make: Make = MAKE) -> list[str]:
    return [each.value for _, each in desired_of(templates, make, EDITION_21)]


def test_who_names_the_make_more_exactly_wins() -> None:
    vendor = own("vendor", "2", vendors=("example",))
    model = own("model", "3", vendors=("example",), models=("x*",))

    assert chosen(ALL) == ["1"]
    assert chosen(vendor, ALL) == ["2"]
    assert chosen(model, ALL, vendor) == ["3"]
    assert chosen(model, ALL, vendor, make=Make("Other", "y")) == ["1"]


def test_a_template_is_for_its_editions() -> None:
    assert not own("new", "2").applies(MAKE, EDITION_201)


def test_a_variable_of_several_evses_is_wanted_on_each() -> None:
    known = by_key([variable("A@1.V", "0"), variable("A@2.V", "1")])

    found = settings_of([(ALL, A)], known)

    assert [each.key.evse for each in found] == [1, 2]


def test_what_metering_wants_is_not_wanted_twice() -> None:
    assert not settings_of([(ALL, A)], {}, [Wanted(KEY, "9")])


@pytest.mark.parametrize(
    ("fit", "value", "fits"),
    [
        (Fit.AT_MOST, "299", True),
        (Fit.AT_MOST, "301", False),
        (Fit.AT_LEAST, "301", True),
        (Fit.AT_LEAST, "299", False),
        (Fit.AT_LEAST, "many", False),
        (Fit.EXACT, "300.0", True),
        (Fit.EXACT, "299", False),
    ],
)
def test_a_value_may_do_without_being_the_same(
    fit: Fit,
    value: str,
    fits: bool,  # noqa: FBT001
) -> None:
    assert same(value, Wanted(KEY, "300", fit=fit)) is fits


def test_a_list_may_hold_more_than_is_wanted() -> None:
    setting = Wanted(KEY, "a,b", fit=Fit.CONTAINS)

    assert same("b, c,a", setting)
    assert not same("a", setting)


@pytest.mark.parametrize(
    ("there", "kind"),
    [
        (variable("A.V", "0"), DriftKind.VALUE),
        (variable("A.V", "0", mutability="ReadOnly"), DriftKind.FIXED),
        (variable("A.V", "0", constant=True), DriftKind.FIXED),
        (variable("A.V", "0", due="1"), DriftKind.RESTART),
        (variable("A.V", "0", due="7"), DriftKind.VALUE),
        (variable("A.V", "1"), None),
        (None, DriftKind.ABSENT),
    ],
)
def test_it_departs_in_one_way(there: Variable | None, kind: DriftKind | None) -> None:
    known = by_key([there] if there else [])

    found = drift_of(STATION, [Wanted(KEY, "1")], known, [], NOW)

    assert [each.kind for each in found] == ([kind] if kind else [])


def test_what_is_only_wished_for_may_be_absent() -> None:
    assert not drift_of(STATION, [Wanted(KEY, "1", needed=False)], {}, [], NOW)


def test_it_has_been_so_since_it_was_first_seen_in_this_way() -> None:
    known = by_key([variable("A.V", "0")])
    first = drift_of(STATION, [Wanted(KEY, "1")], known, [], NOW)
    later = NOW + timedelta(hours=1)

    again = drift_of(STATION, [Wanted(KEY, "1")], known, first, later)
    other = drift_of(STATION, [Wanted(KEY, "2")], known, first, later)

    assert again[0].since == NOW
    assert other[0].since == later


def test_templates_must_not_contradict_each_other() -> None:
    twice = (ALL, own("more", "2"))
    apart = (ALL, own("vendor", "2", vendors=("x",)))

    assert "both want A.V" in next(conflicts(twice))
    assert not list(conflicts(apart))
    assert "twice" in next(conflicts((ALL, ALL)))


@settings(max_examples=50, deadline=None)
@given(st.dictionaries(st.sampled_from("ABCD"), st.sampled_from("0123"), max_size=4))
def test_what_is_set_as_wanted_departs_no_more(values: dict[str, str]) -> None:
    found = by_key([variable(f"{name}.V", value) for name, value in values.items()])
    settings_ = [Wanted(VariableKey(name, "V"), "1") for name in "ABCD"]

    drifts = drift_of(STATION, settings_, found, [], NOW)
    repaired = found | {
        each.key: Variable(each.key, value=each.wanted) for each in drifts
    }

    assert {each.key.component for each in drifts} == {
        name for name in "ABCD" if values.get(name) != "1"
    }
    assert not drift_of(STATION, settings_, repaired, drifts, NOW)


def test_what_metering_needs_is_a_template_too() -> None:
    found = drift_of(STATION, wanted({}, Sampling()), {}, [], NOW)

    assert {each.template for each in found} == {"metering"}


def test_the_master_pass_is_wanted_only_where_it_is_known() -> None:
    """C16: a station without the variable has no master pass, and that is no fault."""
    group = "AuthCtrlr.MasterPassGroupId"
    desired = desired_of([master_pass("MASTER")], MAKE, EDITION_201)

    assert settings_of(desired, {}) == []
    (there,) = settings_of(desired, by_key([variable(group, "")]))
    assert (there.key.variable, there.value) == ("MasterPassGroupId", "MASTER")
    assert there.needed
