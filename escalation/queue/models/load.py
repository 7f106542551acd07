"""What the clock notes of each review queue that has a capacity."""

from __future__ import annotations

from typing import Any

from django.db import connection, models, transaction
from django.db.models.functions import Now

from escalation.queue import signals
from escalation.queue.models.moments import DatabaseMoment
from escalation.queue.models.review_queue import Membership, ReviewQueue
from escalation.queue.pressure import Load, Pressure

# Rows beyond so many are not looked at: a queue that has more than that is over any capacity.
MOST = 20_000
LOADS = """
    WITH came AS (
        SELECT queue_id, count(*) AS number FROM (
            SELECT queue_id, raised_at FROM queue_escalation ORDER BY id DESC LIMIT %(most)s
        ) newest WHERE raised_at > statement_timestamp() - interval '1 hour' GROUP BY queue_id
    ), went AS (
        SELECT e.queue_id, count(*) AS number FROM (
            SELECT id, decided_at FROM queue_decision ORDER BY id DESC LIMIT %(most)s
        ) newest JOIN queue_escalation e ON e.decision_id = newest.id
        WHERE newest.decided_at > statement_timestamp() - interval '1 hour' GROUP BY e.queue_id
    )
    SELECT q.id, (
        SELECT count(*) FROM (
            SELECT FROM queue_escalation WHERE queue_id = q.id AND status = 'waiting' LIMIT %(most)s
        ) waiting
    ), q.capacity, coalesce(came.number, 0), coalesce(went.number, 0)
    FROM queue_reviewqueue q LEFT JOIN came ON came.queue_id = q.id LEFT JOIN went ON went.queue_id = q.id
    WHERE q.capacity IS NOT NULL
"""


class QueueEvent(models.Model):
    """When a review queue began or ceased to have more than it can do, by which numbers. Never edited."""

    queue = models.ForeignKey(ReviewQueue, on_delete=models.PROTECT, related_name="events")
    pressure = models.CharField(max_length=10, choices=[(each.value, each.value) for each in Pressure])
    load = models.JSONField()
    at = DatabaseMoment(db_default=Now())

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.queue} is {self.pressure}"


def note_loads() -> int:
    """Look at every review queue with a capacity; returns how many changed their state."""
    with connection.cursor() as cursor:
        cursor.execute(LOADS, {"most": MOST})
        rows = cursor.fetchall()
    ReviewQueue.objects.filter(capacity=None).exclude(load={}).update(load={}, overloaded_at=None)
    return sum(_noted(pk, Load(*numbers)) for pk, *numbers in rows)


@transaction.atomic
def _noted(pk: int, load: Load) -> bool:
    queue = ReviewQueue.objects.select_for_update().get(pk=pk)
    before = queue.load.get("pressure", Pressure.CALM)
    pressure = load.pressure(was_over=queue.overloaded_at is not None)
    changes: dict[str, Any] = {"load": load.as_dict(pressure)}
    if (pressure == Pressure.OVER) != (queue.overloaded_at is not None):
        changes["overloaded_at"] = Now() if pressure == Pressure.OVER else None
    ReviewQueue.objects.filter(pk=pk).update(**changes)
    if pressure == before:
        return False
    event = QueueEvent.objects.create(queue=queue, pressure=pressure, load=load.as_dict(pressure))
    if pressure != Pressure.CALM:
        signals.alerted.send(QueueEvent, **_news(queue, event))
    return True


def _news(queue: ReviewQueue, event: QueueEvent) -> dict[str, Any]:
    facts = {"about": queue.name, "as it is": event.load["sentence"]}
    path = f"/queue/?queue={queue.slug}"
    roles = {"memberships__queue": queue, "memberships__role__in": Membership.LEADING}
    return {
        "topic": "overload",
        "key": f"load:{event.pk}",
        "facts": facts,
        "path": path,
        "queue": queue,
        "people": list(queue.members.filter(is_active=True, **roles)),
    }
