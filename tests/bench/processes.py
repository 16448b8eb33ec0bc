"""Processes of the bench: started, asked, measured from outside, and ended."""

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")
LINE_LIMIT = 1 << 20


class Died(Exception):
    """A process ended that should not have."""


@dataclass(slots=True)
class Running:
    """One process, its pipes, and what it was started as."""

    name: str
    process: asyncio.subprocess.Process
    log: Path

    @property
    def pid(self) -> int:
        """Return its number."""
        return self.process.pid

    @property
    def is_alive(self) -> bool:
        """Tell whether it runs."""
        return self.process.returncode is None

    async def line(self) -> str:
        """Return the next line that it prints.

        Raises:
            Died: If there is none.
        """
        assert self.process.stdout is not None
        line = await self.process.stdout.readline()
        if not line:
            await self.process.wait()
            tail = self.log.read_text(errors="replace")[-2000:]
            raise Died(f"{self.name} ended with {self.process.returncode}\n{tail}")
        return line.decode().strip()

    async def said(self) -> dict[str, Any]:
        """Return the next line as the JSON object that it is."""
        said: dict[str, Any] = json.loads(await self.line())
        return said

    def tell(self, word: str) -> None:
        """Write it one line."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{word}\n".encode())

    def hang_up(self) -> None:
        """End its standard input."""
        assert self.process.stdin is not None
        self.process.stdin.close()


@contextlib.asynccontextmanager
async def running(
    name: str, arguments: list[str], folder: Path, environment: Mapping[str, str] = {}
) -> AsyncIterator[Running]:
    """Run a Python module as long as the block lasts."""
    log = folder / f"{name}.log"
    with log.open("ab") as output:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            *arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=output,
            env={**os.environ, **environment},
            limit=LINE_LIMIT,
        )
    one = Running(name, process, log)
    try:
        yield one
    finally:
        if one.is_alive:
            with contextlib.suppress(ProcessLookupError):
                one.hang_up()
                process.terminate()
            try:
                await asyncio.wait_for(process.wait(), 15)
            except TimeoutError:
                process.kill()
                await process.wait()


def cpu_s(pid: int) -> float:
    """Return the CPU seconds that a process has used."""
    return sum(_fields(pid)[11:13]) / TICKS


def cpu_with_children_s(pid: int) -> float:
    """Return the CPU seconds of a process, its children, and those that ended."""
    total = sum(_fields(pid)[11:15]) / TICKS
    for child in _children(pid):
        with contextlib.suppress(OSError):
            total += cpu_s(child)
    return total


def memory_bytes(pid: int) -> int:
    """Return the resident memory of a process."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE


def _fields(pid: int) -> list[int]:
    """Return the numbers of a process' stat line, from its parent (field 4) on.

    Index 11 and 12 are its own user and system time, 13 and 14 those of its children
    that have ended.
    """
    text = Path(f"/proc/{pid}/stat").read_text()
    after_name = text.rpartition(")")[2].split()
    return [0, *(int(field) for field in after_name[1:])]


def _children(pid: int) -> list[int]:
    found = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(OSError):
            found += [int(each) for each in (task / "children").read_text().split()]
    return found
