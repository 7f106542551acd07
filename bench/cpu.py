"""CPU time of a server with all its processes."""

from __future__ import annotations

import os
from contextlib import suppress

import psutil


def cpu_s(pid: int) -> float:
    """User and system time, in seconds, of a process and its descendants, those that have ended included."""
    root = psutil.Process(pid)
    total = 0.0
    for process in [root, *root.children(recursive=True)]:
        with suppress(psutil.NoSuchProcess):
            total += sum(process.cpu_times()[:4])
    return total


def others_cpu_s() -> float:
    """User and system time, in seconds, that this machine has spent on everything but us since it started."""
    times = psutil.cpu_times()
    return float(times.user + times.nice + times.system) - cpu_s(os.getpid())
