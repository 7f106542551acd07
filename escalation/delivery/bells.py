"""Bells: messages that ask a worker for a try. What is due stands in the database, so one may be lost."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable
from datetime import timedelta
from functools import partial

from celery import current_app
from django.db import transaction

# How much later than the database's clock a bell rings: one that came early would find nothing due.
SETTLING_S = 0.1
# Whoever answers a bell works off all that is due: one for a quarter of a second is enough.
SPAN_S = 0.25
MOST_KNOWN = 10_000

# The last span of time that this process has rung for, by receiver and wait.
_rung: dict[tuple[int, timedelta], int] = {}


def ring(ids: Iterable[int]) -> None:
    """Ask for a try of each delivery after the commit; a lost bell is made good by the sweep."""
    for delivery_id in ids:
        transaction.on_commit(partial(_send, delivery_id), robust=True)


def ring_soon(receiver_id: int, delivery_id: int, wait: timedelta) -> None:
    """Ask for a try after the commit and `wait`, unless a bell for the same receiver rings just then."""
    transaction.on_commit(partial(_ring_once, receiver_id, delivery_id, wait), robust=True)


def _ring_once(receiver_id: int, delivery_id: int, wait: timedelta) -> None:
    moment = time.time()
    span = math.ceil((moment + wait.total_seconds()) / SPAN_S)
    if _rung.get((receiver_id, wait)) == span:
        return
    if len(_rung) >= MOST_KNOWN:
        _rung.clear()
    _rung[receiver_id, wait] = span
    _send(delivery_id, span * SPAN_S + SETTLING_S - moment)


def _send(delivery_id: int, countdown: float | None = None) -> None:
    # By name, since the task imports the models. A broker that is down must not hold the reviewer's answer.
    current_app.send_task("delivery.send_delivery", [delivery_id], countdown=countdown, retry=False)
