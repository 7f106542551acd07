"""Children that die with their parent, even when the parent is killed outright.

Linux only (`PR_SET_PDEATHSIG`); elsewhere these do nothing, and a killed supervisor leaves its children.
"""

import ctypes
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

PR_SET_PDEATHSIG = 1
# Loaded here, since nothing may be loaded between fork and exec.
_prctl: Callable[..., int] | None = ctypes.CDLL(None).prctl if sys.platform == "linux" else None


def die_with_parent(parent: int, death_signal: int = signal.SIGKILL) -> None:
    """Have the kernel send `death_signal` to this process when `parent`, its parent, is gone."""
    if _prctl is None:
        return
    _prctl(PR_SET_PDEATHSIG, death_signal)
    # The parent may have died before the kernel was told to watch it.
    if os.getppid() != parent:
        os.kill(os.getpid(), death_signal)


def bind_pool_process(**kwargs: Any) -> None:
    """End this Celery pool process with its worker, so that no run goes on under a worker that is gone."""
    die_with_parent(os.getppid())
