"""Problem documents (RFC 9457): the one translation of failures into HTTP."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from starlette.status import (
    HTTP_401_UNAUTHORIZED,
    HTTP_403_FORBIDDEN,
    HTTP_404_NOT_FOUND,
    HTTP_409_CONFLICT,
    HTTP_422_UNPROCESSABLE_CONTENT,
    HTTP_500_INTERNAL_SERVER_ERROR,
    HTTP_503_SERVICE_UNAVAILABLE,
    HTTP_504_GATEWAY_TIMEOUT,
)

from csms.domain.errors import Broken, Conflict, DomainError, NotAllowed, NotFound
from csms.services.asking import StationSilent
from csms.services.commands import MalformedCommand
from csms.services.events import RulesBroken
from csms.services.fitness import StationUnfit
from csms.services.registry_document import MalformedRegistry
from csms.services.tariffs import MalformedTariff

MEDIA_TYPE = "application/problem+json"
DESCRIBED = "send what /openapi.json describes"
log = structlog.get_logger()

_DATA = "22"
_AWAY = ("08", "53", "57")
"""Classes of PostgreSQL's error codes: bad data; no connection, no room, shut down."""

_PREFIXES = ("body", "query", "path", "header", "cookie")
_WORDS: Mapping[int, str] = {
    HTTP_404_NOT_FOUND: "not-found",
    405: "method-not-allowed",
    413: "too-large",
    415: "unsupported-media-type",
    429: "too-many-requests",
}


class FieldProblem(BaseModel):
    """What is wrong with one field of a request."""

    field: str = Field(description="Where, such as `window.starts_at`.")
    problem: str = Field(description="What is wrong.")


class Problem(BaseModel):
    """A problem document (RFC 9457)."""

    model_config = ConfigDict(title="Problem")

    type: str = Field(description="Names the kind of problem; ends in the code.")
    title: str = Field(description="The kind of problem, for people.")
    status: int = Field(description="The HTTP status.")
    detail: str = Field(description="What happened this time.")
    code: str = Field(description="A stable word for machines.")
    field: str | None = Field(None, description="The input at fault, if one is.")
    remedy: str | None = Field(None, description="What the asker can do about it.")
    errors: list[FieldProblem] | None = Field(
        None, description="Every field at fault, where there may be several."
    )


class Unauthenticated(DomainError):
    """This needs credentials, and none that are valid came with the request."""

    code = "unauthenticated"


class Unstorable(Broken):
    """A value cannot be kept: a NUL character, or a number out of all bounds."""

    code = "unstorable"


class Unsayable(Broken):
    """No message to a station can hold a value."""

    code = "unsayable"


class Unavailable(DomainError):
    """This cannot be answered now; it may be soon."""

    code = "unavailable"


_STATUS: Mapping[type[DomainError], int] = {
    Unauthenticated: HTTP_401_UNAUTHORIZED,
    NotFound: HTTP_404_NOT_FOUND,
    Conflict: HTTP_409_CONFLICT,
    NotAllowed: HTTP_403_FORBIDDEN,
    Broken: HTTP_422_UNPROCESSABLE_CONTENT,
    Unavailable: HTTP_503_SERVICE_UNAVAILABLE,
    StationSilent: HTTP_504_GATEWAY_TIMEOUT,
}


def install_problems(app: FastAPI) -> None:
    """Let an application answer every failure by a problem document."""
    app.add_exception_handler(DomainError, _domain)
    app.add_exception_handler(RequestValidationError, _validation)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _unexpected)


def status_of(error: DomainError) -> int:
    """Return the HTTP status by which a failure is answered."""
    for kind, status in _STATUS.items():
        if isinstance(error, kind):
            return status
    return HTTP_500_INTERNAL_SERVER_ERROR


def problem_of(error: DomainError) -> Problem:
    """Return the failure as a document."""
    return Problem(
        type=f"urn:csms:problem:{error.code}",
        title=(type(error).__doc__ or error.code).splitlines()[0],
        status=status_of(error),
        detail=str(error),
        code=error.code,
        field=error.field,
        remedy=error.remedy,
        errors=_details(error),
    )


def respond(problem: Problem, headers: Mapping[str, str] | None = None) -> Response:
    """Return the response that carries a problem document."""
    return JSONResponse(
        problem.model_dump(exclude_none=True),
        problem.status,
        dict(headers or {}),
        MEDIA_TYPE,
    )


@contextmanager
def translated() -> Iterator[None]:
    """Say of failures beyond the services what they mean to the asker.

    Raises:
        Unavailable: If the database was lost or is overcharged.
        Unstorable: If it cannot hold a value that came with the request.
        Unsayable: If no message to a station can hold one.
    """
    try:
        yield
    except DomainError:
        raise
    except ValidationError as error:
        log.warning("http.unsayable", error=repr(error)[:500])
        first = error.errors(include_input=False)[0]
        field = ".".join(map(str, first["loc"]))
        raise Unsayable(f"{field}: {first['msg']}", field=field) from error
    except Exception as error:
        if _is_away(error):
            log.warning("http.store_away", error=repr(error)[:500])
            raise Unavailable(
                "the database cannot be reached", remedy="try again; see /readyz"
            ) from error
        if _sqlstate(error).startswith(_DATA):
            raise Unstorable from error
        raise


def _is_away(error: Exception) -> bool:
    lost = getattr(error, "connection_invalidated", False) is True
    waited = type(error).__name__ == "TimeoutError"
    return lost or waited or isinstance(error, OSError) or _refuses_all(error)


def _refuses_all(error: Exception) -> bool:
    return _sqlstate(error).startswith(_AWAY)


def _sqlstate(error: Exception) -> str:
    """Return PostgreSQL's code of an error, through whichever driver it came."""
    return str(getattr(getattr(error, "orig", error), "sqlstate", None) or "")


async def _domain(_request: Request, error: Exception) -> Response:
    assert isinstance(error, DomainError)  # noqa: S101 the registration says so
    if isinstance(error, Broken) and error.remedy is None:
        error.remedy = DESCRIBED
    headers = {}
    if isinstance(error, Unauthenticated):
        headers["WWW-Authenticate"] = 'Bearer realm="csms"'
    if isinstance(error, Unavailable):
        headers["Retry-After"] = "2"
    return respond(problem_of(error), headers)


async def _validation(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 the same
    errors = [_field(each) for each in error.errors()]
    first = errors[0]
    return respond(
        Problem(
            type="urn:csms:problem:malformed-request",
            title="The request does not make sense.",
            status=HTTP_422_UNPROCESSABLE_CONTENT,
            detail=f"{first.field}: {first.problem}" if first.field else first.problem,
            code="malformed-request",
            field=first.field or None,
            remedy=DESCRIBED,
            errors=errors,
        )
    )


async def _http(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 the same
    code = _WORDS.get(error.status_code, "http-error")
    return respond(
        Problem(
            type=f"urn:csms:problem:{code}",
            title=code.replace("-", " ").capitalize(),
            status=error.status_code,
            detail=str(error.detail),
            code=code,
        ),
        error.headers,
    )


async def _unexpected(request: Request, error: Exception) -> Response:
    log.error("http.failed", path=request.url.path, exc_info=error)
    return respond(
        Problem(
            type="urn:csms:problem:internal",
            title="Something went wrong here.",
            status=HTTP_500_INTERNAL_SERVER_ERROR,
            detail="the request failed for a reason that is not yours; see the log",
            code="internal",
        )
    )


def _details(error: DomainError) -> list[FieldProblem] | None:
    match error:
        case MalformedCommand() | MalformedTariff():
            return [
                FieldProblem(field=each.path, problem=each.problem)
                for each in error.errors
            ]
        case StationUnfit():
            return [
                FieldProblem(field=each.field, problem=f"{each.problem}; {each.remedy}")
                for each in error.lacks
            ]
        case MalformedRegistry():
            return [
                FieldProblem(field=each.path, problem=f"{each.problem}; {each.remedy}")
                for each in error.flaws
            ]
        case RulesBroken():
            return [
                FieldProblem(field=each.rule, problem=each.text)
                for each in error.violations
            ]
        case _:
            return None


def _field(error: Any) -> FieldProblem:  # noqa: ANN401 pydantic's own words
    where: Sequence[Any] = error["loc"]
    if error["type"] == "json_invalid":
        return FieldProblem(field="", problem=f"not JSON: {error['ctx']['error']}")
    parts = where[1:] if where and where[0] in _PREFIXES else where
    return FieldProblem(field=".".join(map(str, parts)), problem=error["msg"])
