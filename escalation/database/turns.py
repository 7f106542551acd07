"""Locks that belong to no row: who waits gets its turn, whatever stream of others comes after."""

from __future__ import annotations

from enum import IntEnum

from django.db import connection


class Turn(IntEnum):
    """What there is a turn of, for each agent or gate; the first also names the lock in gating's SQL."""

    AGENTS_STATE = 6001
    GATES_POLICY = 6002


def take(turn: Turn, of: int) -> None:
    """Wait until nobody else has it, and keep it until we commit."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [turn, of])
