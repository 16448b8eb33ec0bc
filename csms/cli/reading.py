"""JSON that a person hands to a command, from a file or from standard input."""

import json
import sys
from pathlib import Path
from typing import Any

from csms.cli.failures import ExitCode, Failed


def json_file(path: Path) -> dict[str, Any]:
    """Return the JSON object in a file; ``-`` is standard input.

    Raises:
        Failed: If it cannot be read, or is no JSON object.
    """
    try:
        text = sys.stdin.read() if str(path) == "-" else path.read_text()
        said = json.loads(text)
    except (OSError, ValueError) as error:
        raise Failed(f"{path}: {error}", code=ExitCode.USAGE) from error
    if not isinstance(said, dict):
        raise Failed(f"{path}: it is no JSON object", code=ExitCode.USAGE)
    return said
