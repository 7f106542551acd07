"""Escalations that failed alike: those of one agent in one review queue with one fingerprint."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Case, Exists, Func, IntegerField, OuterRef, Q, Value, When
from django.db.models.expressions import Combinable
from django.db.models.functions import Now

from escalation.queue.models.reason import BLIND_REASONS

if TYPE_CHECKING:
    from escalation.queue.models.escalation import Escalation

# How far the alike are counted, and how many can be decided at once.
MOST_ALIKE = 500
SINGLE = Q(fingerprint="") | Q(reason__in=BLIND_REASONS)
# PostgreSQL uses the partial index only where it is told that the fingerprint is not empty.
GROUPED = ~Q(fingerprint="") & ~Q(reason__in=BLIND_REASONS)
AWAKE = Q(status="waiting") & (Q(snoozed_until__isnull=True) | Q(snoozed_until__lte=Now()))


def alike_to(row: Escalation) -> Q:
    """Those that failed as this one did, itself included; a blind check is like nothing else."""
    same = {"queue": row.queue_id, "agent": row.agent, "fingerprint": row.fingerprint}
    return Q(pk=row.pk) if not row.fingerprint or row.is_blind else GROUPED & Q(**same)


def leading(waiting: Any) -> Combinable:
    """The most urgent of each group that waits, and what is like nothing else; `waiting` are all rows."""
    before = Q(due_at__lt=OuterRef("due_at")) | Q(pk__lt=OuterRef("pk"))
    # The bound on due_at alone is where the index can stop.
    return SINGLE | ~Exists(_others(waiting).filter(before, due_at__lte=OuterRef("due_at")))


def how_many_alike(waiting: Any) -> Case:
    """How many wait that are like a row, itself included, counted up to 500 and one; 0 for what is single."""
    counted = ArraySubquery(_others(waiting).order_by().values("pk")[: MOST_ALIKE + 1])
    number = Func(counted, function="cardinality", output_field=IntegerField())
    return Case(When(SINGLE, then=Value(0)), default=number, output_field=IntegerField())


def _others(waiting: Any) -> Any:
    same = {name: OuterRef(name) for name in ("queue", "agent", "fingerprint")}
    return waiting.filter(AWAKE, GROUPED, **same)
