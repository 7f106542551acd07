"""The sign of life of whoever holds a run: its lease is short, and renewed for as long as a turn lasts."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection

from agents.models import Run

# Three signs of life may be lost before the run is.
BEATS_PER_LEASE = 4


@contextmanager
def kept(run: Run) -> Iterator[None]:
    """Keep the lease of a run that we hold until the block ends, from a thread of its own.

    The thread asks for the run's epoch with every sign of life, and ends with the first that finds another.
    """
    over = threading.Event()
    thread = threading.Thread(target=_keep, args=(run, over), name=f"lease of run {run.pk}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _keep(run: Run, over: threading.Event) -> None:
    interval_s = settings.RUN_LEASE.total_seconds() / BEATS_PER_LEASE
    ours = True
    try:
        # Most turns are over before the first sign of life, and cost no connection.
        while ours and not over.wait(interval_s):
            # While the database is away, the next sign of life may still be in time.
            try:
                ours = run.keep()
            except (DatabaseError, InterfaceError):
                connection.close()
    finally:
        connection.close()
