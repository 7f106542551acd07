"""Work that beat asks for every few seconds: at most one at a time, however many beats there are."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from functools import wraps

from celery import shared_task
from django.db import connection, transaction


def tick(name: str) -> Callable[[Callable[[], int]], Callable[[], int]]:
    """Make a function a Celery task that does nothing while another process is in the same tick.

    The function must be safe to call at any time and returns how many rows it dealt with. The lock is held by
    the transaction, so a killed worker frees it and a pooled connection cannot leak it.
    """

    def decorate(function: Callable[[], int]) -> Callable[[], int]:
        @shared_task(name=name, acks_late=False)  # type: ignore[untyped-decorator]  # Celery has no types
        @wraps(function)
        @transaction.atomic
        def alone() -> int:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [zlib.crc32(name.encode())])
                (mine,) = cursor.fetchone()
            return function() if mine else 0

        return alone  # type: ignore[no-any-return]

    return decorate
