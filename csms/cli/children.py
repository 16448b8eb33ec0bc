"""Processes that a command starts, and ends again whatever happens."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path

from csms.db.leash import ended_with_us


class ChildFailed(Exception):
    """A process that is needed has ended.

    Attributes:
        name: Which.
        tail: The last lines that it wrote.
    """

    def __init__(self, name: str, code: int | None, tail: str) -> None:
        self.name = name
        self.tail = tail
        super().__init__(f"the {name} ended with exit code {code}")


class Child:
    """One process in a session of its own, its output in a file."""

    def __init__(
        self, name: str, process: asyncio.subprocess.Process, log: Path
    ) -> None:
        self.name = name
        self.process = process
        self.log = log

    def check(self) -> None:
        """Make sure that it still runs.

        Raises:
            ChildFailed: If it does not.
        """
        if self.process.returncode is not None:
            raise ChildFailed(self.name, self.process.returncode, self.tail())

    def tail(self, lines: int = 15) -> str:
        """Return the last lines that it wrote."""
        if not self.log.exists():
            return ""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    async def stop(self, patience: float = 60.0) -> None:
        """Ask it to end, and end it if it does not within so many real seconds."""
        if self.process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(patience):
                await self.process.wait()
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                self.process.kill()
            await self.process.wait()


@contextlib.asynccontextmanager
async def child(
    name: str, arguments: Sequence[str], log: Path, environment: Mapping[str, str]
) -> AsyncIterator[Child]:
    """Run a Python module as a process for as long as the block, and we, last."""
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            *arguments,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=asyncio.subprocess.STDOUT,
            env={**os.environ, **environment},
            start_new_session=True,
            preexec_fn=ended_with_us(signal.SIGTERM),
        )
    running = Child(name, process, log)
    try:
        yield running
    finally:
        await running.stop()


async def output_of(name: str, arguments: Sequence[str]) -> bytes:
    """Return what a Python module prints.

    Raises:
        ChildFailed: If it ends with an error.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    printed, complained = await process.communicate()
    if process.returncode:
        raise ChildFailed(name, process.returncode, complained.decode(errors="replace"))
    return printed
