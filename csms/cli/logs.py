"""Logs: JSON lines in production, a pleasant text on a terminal, no secrets in either.

Whatever libraries log through the standard library takes the same way.
"""

import logging
import re
import sys
from typing import TextIO

import structlog
from structlog.types import EventDict, Processor, WrappedLogger

SECRET_KEYS = re.compile(
    r"password|passwd|secret|token|authorization|cookie|api_?key|credential",
    re.IGNORECASE,
)
SECRET_TEXTS = re.compile(
    r"(?P<before>://[^/\s:@]+:)[^/\s@]+(?=@)|(?P<scheme>\b(?:Basic|Bearer)\s+)\S+",
    re.IGNORECASE,
)
HIDDEN = "***"

_QUIET = {
    "alembic": logging.WARNING,
    "uvicorn.access": logging.WARNING,
    "uvicorn.error": logging.WARNING,
    "websockets": logging.WARNING,
}


def set_up(
    level: str = "info", how: str = "auto", *, stream: TextIO | None = None
) -> None:
    """Send every log line of this process to one place in one form.

    Args:
        level: The least important level that is logged.
        how: `json`, `console`, or `auto`: the latter if the stream is a terminal.
        stream: Where to; standard error by default, standard output being for results.
    """
    target = stream or sys.stderr
    is_pleasant = how == "console" or (how == "auto" and target.isatty())
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(
            fmt="%H:%M:%S" if is_pleasant else "iso", utc=not is_pleasant
        ),
        structlog.processors.StackInfoRenderer(),
        hide_secrets,
    ]
    ending: list[Processor] = (
        [
            structlog.dev.ConsoleRenderer(
                colors=target.isatty(),
                exception_formatter=structlog.dev.plain_traceback,
            )
        ]
        if is_pleasant
        else [
            structlog.processors.format_exc_info,
            hide_secrets,
            structlog.processors.JSONRenderer(),
        ]
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(target)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *ending,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name, least in _QUIET.items():
        logging.getLogger(name).setLevel(max(least, root.level))


def hide_secrets(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Replace what must not be read in a log: by its key, or by how it looks."""
    return {key: _hidden(key, value) for key, value in event.items()}


def _hidden(key: str, value: object) -> object:
    if SECRET_KEYS.search(key) and value is not None and not isinstance(value, bool):
        return HIDDEN
    if isinstance(value, str):
        return SECRET_TEXTS.sub(_without_secret, value)
    if isinstance(value, dict):
        return {name: _hidden(str(name), part) for name, part in value.items()}
    return value


def _without_secret(found: re.Match[str]) -> str:
    return (found["before"] or found["scheme"]) + HIDDEN
