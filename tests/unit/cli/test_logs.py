import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from csms.cli.logs import set_up


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level, structured = root.handlers[:], root.level, structlog.get_config()
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.configure(**structured)


@pytest.fixture
def stream() -> io.StringIO:
    return io.StringIO()


def lines(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_is_json_where_nobody_watches(stream: io.StringIO) -> None:
    set_up(stream=stream)

    structlog.get_logger("csms.gateway").info("station.booted", station="A")

    [line] = lines(stream)
    assert line["event"] == "station.booted"
    assert (line["level"], line["logger"]) == ("info", "csms.gateway")
    assert str(line["timestamp"]).endswith("Z")


def test_a_line_is_text_on_request(stream: io.StringIO) -> None:
    set_up(how="console", stream=stream)

    structlog.get_logger("x").info("station.booted", station="A")

    assert "station.booted" in stream.getvalue()
    assert not stream.getvalue().startswith("{")


def test_libraries_log_in_the_same_form(stream: io.StringIO) -> None:
    set_up(stream=stream)

    logging.getLogger("somebody").warning("%s went wrong", "it")

    assert lines(stream)[0]["event"] == "it went wrong"


def test_lesser_lines_are_left_out(stream: io.StringIO) -> None:
    set_up("warning", stream=stream)

    structlog.get_logger("x").info("quiet")
    logging.getLogger("x").info("quiet")

    assert stream.getvalue() == ""


def test_an_exception_is_one_line(stream: io.StringIO) -> None:
    set_up(stream=stream)

    try:
        raise ValueError("it broke")  # noqa: TRY301
    except ValueError:
        structlog.get_logger("x").exception("frame.failed")

    [line] = lines(stream)
    assert "it broke" in str(line["exception"])


def test_what_is_bound_to_the_context_is_on_the_line(stream: io.StringIO) -> None:
    set_up(stream=stream)

    with structlog.contextvars.bound_contextvars(station="A"):
        structlog.get_logger("x").info("frame.heard")

    assert lines(stream)[0]["station"] == "A"


@pytest.mark.parametrize(
    "facts",
    [
        {"password": "hunter2"},
        {"access_token": "hunter2"},
        {"headers": {"Authorization": "hunter2"}},
        {"url": "postgresql+asyncpg://csms:hunter2@/csms?host=x"},
        {"detail": "header was Basic hunter2"},
        {"detail": "bearer hunter2"},
    ],
)
def test_secrets_are_not_written(facts: dict[str, object], stream: io.StringIO) -> None:
    set_up(stream=stream)

    structlog.get_logger("x").info("something.happened", **facts)

    assert "hunter2" not in stream.getvalue()
    assert "***" in stream.getvalue()
