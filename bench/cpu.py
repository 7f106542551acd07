"""CPU time of a server with all its processes."""

from __future__ import annotations

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
