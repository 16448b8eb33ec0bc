"""Failures become problem documents; those of the database say what they mean."""

import pytest

from csms.domain.errors import Broken, Conflict, DomainError, NotAllowed, NotFound
from csms.services.commands import MalformedCommand
from csms.services.ports.wire import FieldError
from csms.web.problems import (
    Unauthenticated,
    Unavailable,
    Unstorable,
    problem_of,
    status_of,
    translated,
)


class Quirk(DomainError):
    """Something that no edge knows."""

    code = "quirk"


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (NotFound(), 404),
        (Conflict(), 409),
        (NotAllowed(), 403),
        (Broken(), 422),
        (Unauthenticated(), 401),
        (Unavailable(), 503),
        (Quirk(), 500),
    ],
)
def test_each_kind_of_failure_has_its_status(error: DomainError, status: int) -> None:
    assert status_of(error) == status


def test_a_document_says_what_where_and_what_to_do() -> None:
    said = problem_of(Broken("too short", field="password", remedy="more of it"))

    assert said.model_dump(exclude_none=True) == {
        "type": "urn:csms:problem:broken",
        "title": "The input does not make sense.",
        "status": 422,
        "detail": "too short",
        "code": "broken",
        "field": "password",
        "remedy": "more of it",
    }


def test_every_field_at_fault_is_named() -> None:
    errors = [FieldError("type", "missing"), FieldError("evseId", "not a number")]

    said = problem_of(MalformedCommand("Reset", errors))

    assert [each.field for each in said.errors or ()] == ["type", "evseId"]


class Driver(Exception):
    """What a database driver's error looks like, wrapped by another."""

    def __init__(self, sqlstate: str | None = None, *, lost: bool = False) -> None:
        self.orig = self
        self.sqlstate = sqlstate
        self.connection_invalidated = lost
        super().__init__("from the driver")


@pytest.mark.parametrize(
    ("error", "meaning"),
    [
        (ConnectionRefusedError(), Unavailable),
        (TimeoutError(), Unavailable),
        (Driver(lost=True), Unavailable),
        (Driver("57P03"), Unavailable),
        (Driver("08006"), Unavailable),
        (Driver("53300"), Unavailable),
        (Driver("22021"), Unstorable),
        (Driver("23505"), Driver),
        (Driver(), Driver),
        (NotFound(), NotFound),
    ],
)
def test_what_the_database_meets_is_said_in_our_words(
    error: Exception, meaning: type[Exception]
) -> None:
    with pytest.raises(meaning), translated():
        raise error
