"""Two beats are harmless: a tick is one at a time, and what it does it does once."""

from __future__ import annotations

import zlib

import psycopg
import pytest
from django.db import connection

from escalation.queue.models import Event
from escalation.queue.tasks import expire_overdue
from tests.cast import RaiseEscalation
from tests.racing import race

pytestmark = pytest.mark.django_db(transaction=True)


def test_while_one_process_is_in_a_tick_another_leaves_it_alone(an_escalation: RaiseEscalation) -> None:
    an_escalation(deadline_s=0)
    with psycopg.connect(**connection.get_connection_params()) as other:
        other.execute("SELECT pg_advisory_xact_lock(%s)", [zlib.crc32(b"queue.expire_overdue")])

        meanwhile = expire_overdue()

    assert (meanwhile, expire_overdue()) == (0, 1)


def test_two_ticks_at_once_expire_each_escalation_once(an_escalation: RaiseEscalation) -> None:
    for _ in range(20):
        an_escalation(deadline_s=0)

    dealt = race(expire_overdue, expire_overdue)

    assert sum(dealt) == 20
    assert Event.objects.filter(kind="expired").count() == 20
