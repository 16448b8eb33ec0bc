"""How the command line shows things: tables for people, JSON for programs."""

import sys
from typing import Any

from rich.console import Console, RenderableType


def show(thing: RenderableType) -> None:
    """Print something on standard output."""
    Console().print(thing)
