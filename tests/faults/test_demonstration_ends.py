"""However the demonstration is ended, no process and no folder is left behind."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = [pytest.mark.faults, pytest.mark.sockets, pytest.mark.postgres]

PATIENCE_S = 60.0


class Playing:
    """A demonstration in a process of its own, and whom it has started."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.folder = folder
        self.process = subprocess.Popen(
            [sys.executable, "-m", "csms", "demo", "--fleet", "tiny"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "TMPDIR": str(folder)},
        )
        assert self.process.stdout is not None
        self.told = self.process.stdout
        for line in self.told:
            if "are connected" in line:
                break
        task = Path(f"/proc/{self.process.pid}/task/{self.process.pid}")
        self.children = [int(each) for each in (task / "children").read_text().split()]
        self.data = [
            Path(words[2])
            for each in self.children
            if (words := _words(each))[0].endswith("/postgres")
        ]

    def end(self, *how: signal.Signals) -> int:
        for each in how:
            self.process.send_signal(each)
            time.sleep(0.2)
        self.rest = self.told.read()
        return self.process.wait(PATIENCE_S)

    def left(self) -> list[int]:
        """Return the children that still live after a while."""
        deadline = time.monotonic() + PATIENCE_S
        living = self.children
        while living and time.monotonic() < deadline:
            living = [each for each in living if _lives(each)]
            time.sleep(0.1)
        return living


def _words(process: int) -> list[str]:
    return Path(f"/proc/{process}/cmdline").read_text().split("\0")


def _lives(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


@pytest.fixture
def playing(tmp_path: Path) -> Iterator[Playing]:
    started = Playing(tmp_path / "home")
    yield started
    if started.process.poll() is None:
        started.process.kill()
        started.process.wait()
    started.told.close()
    for each in started.data:  # what was killed cannot delete its own
        shutil.rmtree(each.parent, ignore_errors=True)


@pytest.mark.parametrize(
    "how",
    [
        pytest.param((signal.SIGINT,), id="Ctrl-C"),
        pytest.param((signal.SIGINT, signal.SIGINT), id="Ctrl-C twice"),
        pytest.param((signal.SIGTERM,), id="SIGTERM"),
        pytest.param((signal.SIGHUP,), id="the terminal is closed"),
    ],
)
def test_a_demonstration_that_is_ended_leaves_nothing(
    playing: Playing, how: tuple[signal.Signals, ...]
) -> None:
    code = playing.end(*how)

    assert code == 130
    assert "Traceback" not in playing.rest
    assert len(playing.children) == 3
    assert playing.left() == []
    assert list(playing.folder.iterdir()) == []
    assert playing.data
    assert not any(each.exists() for each in playing.data)


@pytest.mark.skipif(sys.platform != "linux", reason="a signal of the Linux kernel")
def test_a_demonstration_that_is_killed_takes_its_processes_along(
    playing: Playing,
) -> None:
    playing.end(signal.SIGKILL)

    assert playing.left() == []
