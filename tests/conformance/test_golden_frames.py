"""Frames made from the official schemas are read, and come back as they went in."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import ValidationError

from csms.ocpp.editions import NotInEdition, check
from csms.ocpp.wire import Edition, Wire
from tests.conformance.instances import changes, fullest, smallest
from tests.conformance.official import Schema, messages, schema, types, validator

MESSAGES = [(edition, name) for edition in Edition for name in messages(edition)]
TYPES = [(edition, name) for edition in Edition for name in types(edition)]
MAKERS = pytest.mark.parametrize("make", [smallest, fullest])


@MAKERS
@pytest.mark.parametrize(("edition", "name"), MESSAGES)
def test_a_valid_frame_comes_back_as_it_went_in(
    edition: Edition, name: str, make: Callable[[Schema], Any]
) -> None:
    root = schema(edition, name)
    action, model = messages(edition)[name]
    frame = make(root)
    validator(root).validate(frame)

    message = model.read_whole(frame)

    check(edition, action, message)
    assert message.write() == frame
    validator(root).validate(json.loads(json.dumps(message.write())))


@pytest.mark.parametrize(("edition", "name"), TYPES)
def test_a_type_is_read_exactly_when_its_schema_allows_it(
    edition: Edition, name: str
) -> None:
    root, model = types(edition)[name]
    judge = validator(root)
    disagreements = [
        broken.what
        for broken in changes(root)
        if judge.is_valid(broken.frame) != _readable(edition, model, broken.frame)
    ]

    assert disagreements == []


@pytest.mark.parametrize(("edition", "name"), TYPES)
def test_some_change_of_a_type_is_refused(edition: Edition, name: str) -> None:
    root, model = types(edition)[name]

    assert any(not _readable(edition, model, broken.frame) for broken in changes(root))


def _readable(edition: Edition, model: type[Wire], frame: object) -> bool:
    """Tell whether a peer of the edition may send this."""
    try:
        message = model.read_whole(frame)
        check(edition, ANY_ACTION, message)
    except (ValidationError, NotInEdition):
        return False
    return True


ANY_ACTION = messages(Edition.V201)["HeartbeatRequest"][0]
"""Known to both editions, so that only the message is judged."""
