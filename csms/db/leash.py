"""A child process that ends when its parent ends, however that happens.

On Linux the kernel sees to it. Elsewhere a parent that is killed leaves its children.
"""

import ctypes
import os
import signal
import sys
from collections.abc import Callable

_PR_SET_PDEATHSIG = 1


def ended_with_us(how: signal.Signals) -> Callable[[], None] | None:
    """Return what a child must do first so that the kernel ends it when we end.

    Give it to `subprocess` as `preexec_fn`, from the main thread: to the kernel, the
    parent is the thread that starts the child. The wish is lost when a process
    changes its user; `subprocess` runs this after the change.

    Args:
        how: The signal that the child then gets.
    """
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    parent = os.getpid()

    def ask() -> None:
        prctl(_PR_SET_PDEATHSIG, int(how), 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)

    return ask
