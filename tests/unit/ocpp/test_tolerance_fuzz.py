"""Any JSON is read or refused, and what is read conforms."""

import copy
import json
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csms.ocpp.codes import CallRefused
from csms.ocpp.messages.catalog import MODELED
from csms.ocpp.messages.metering import MeterValuesRequest
from csms.ocpp.tolerance import (
    read_answer_tolerantly,
    read_tolerantly,
)
from csms.ocpp.wire import Action, AnyAction, Edition
from tests.conformance.instances import fullest
from tests.conformance.official import models, schema, validator
from tests.unit.ocpp.payloads import AT, NOW, Json

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=30)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | ANY_TEXT
    | st.sampled_from([AT, "Updated", "1.5", "true", 10**400, 2**31, "x" * 3000]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(max_size=8) | st.sampled_from(["id", "value"]), inner)
    ),
    max_leaves=20,
)
EVERY = pytest.mark.parametrize("action", MODELED, ids=lambda action: str(action.name))


@EVERY
@settings(max_examples=8, deadline=None)
@given(payload=JSON)
def test_any_json_is_read_or_refused(action: AnyAction, payload: object) -> None:
    with suppress(CallRefused):
        read_tolerantly(action, payload)
    if isinstance(action, Action):
        with suppress(CallRefused):
            read_answer_tolerantly(action, payload)


@EVERY
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_what_is_understood_conforms_however_it_was_sent(
    action: AnyAction, data: st.DataObject
) -> None:
    edition = Edition.V21
    root = schema(edition, next(iter(models(action))))
    payload = copy.deepcopy(fullest(root))
    for _ in range(data.draw(st.integers(1, 3))):
        _spoil(payload, data)

    try:
        request, deviations = read_tolerantly(action, payload, now=NOW)
    except CallRefused:
        return

    emptied = isinstance(request, MeterValuesRequest) and not request.meter_value
    assert emptied or validator(root).is_valid(request.write())
    assert (
        deviations
        or json.dumps(request.write()) == json.dumps(payload)
        or (validator(root).is_valid(payload))
    )


def _spoil(payload: Json, data: st.DataObject) -> None:
    """Put any JSON in the place of any part."""
    part = payload
    while True:
        keys = list(part) if isinstance(part, dict) else list(range(len(part)))
        if not keys:
            return
        key = data.draw(st.sampled_from(keys))
        if isinstance(part, dict) and data.draw(st.booleans()):
            part[data.draw(ANY_TEXT)] = data.draw(JSON)
            return
        if isinstance(part[key], dict | list) and data.draw(st.booleans()):
            part = part[key]
            continue
        part[key] = data.draw(JSON)
        return
