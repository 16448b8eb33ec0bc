"""What a person hands to a command in a file, on standard input, or as it is."""

import json
import sys
from pathlib import Path
from typing import Any

from csms.cli.failures import ExitCode, Failed

EXAMPLE = 'Quote it for the shell: \'{"requestedMessage": "Heartbeat"}\''


def text_from(file: Path | str, field: str = "FILE", remedy: str = "") -> str:
    """Return the text of a file; ``-`` is standard input.

    Args:
        file: Its path; an ``@`` before it is not part of it.
        field: What the command calls it.
        remedy: What it should hold.

    Raises:
        Failed: If it cannot be read.
    """
    name = str(file).removeprefix("@")
    try:
        return sys.stdin.read() if name == "-" else Path(name).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise Failed(
            f"{name} cannot be read: {why}",
            code=ExitCode.USAGE,
            field=field,
            remedy=remedy or "Name a file that exists and that this user can read.",
        ) from error


def document_from(file: Path | str, remedy: str) -> Any:  # noqa: ANN401 JSON
    """Return the JSON in a file; ``-`` is standard input.

    Raises:
        Failed: If it cannot be read, or is no JSON.
    """
    try:
        return json.loads(text_from(file))
    except ValueError as error:
        raise Failed(
            f"{file} is not JSON: {error}",
            code=ExitCode.USAGE,
            field="FILE",
            remedy=remedy,
        ) from error


def json_file(path: Path) -> dict[str, Any]:
    """Return the JSON object in a file; ``-`` is standard input.

    Raises:
        Failed: If it cannot be read, or is no JSON object.
    """
    remedy = "Write a JSON object; --help tells of what."
    said = document_from(path, remedy)
    if not isinstance(said, dict):
        raise Failed(
            f"{path} holds no JSON object",
            code=ExitCode.USAGE,
            field="FILE",
            remedy=remedy,
        )
    return said


def json_from(said: str) -> object:
    """Return the JSON that an argument stands for: itself, @FILE, or - for stdin.

    Raises:
        Failed: If it cannot be read, or is no JSON.
    """
    from_file = said == "-" or said.startswith("@")
    try:
        return json.loads(text_from(said, "PAYLOAD") if from_file else said)
    except ValueError as error:
        raise Failed(
            f"The payload is not JSON: {error}",
            code=ExitCode.USAGE,
            field="PAYLOAD",
            remedy=EXAMPLE,
        ) from error
