from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from typing import Any

from django.db import connection, models, transaction
from django.db.models import Max, Q, Sum
from django.db.models.functions import Trunc

from escalation.queue.models import ReviewQueue
from escalation.rollups import Rollup, all_rollups

# How many days are counted in one go: what a database has from before is caught up with piece by piece.
MOST_DAYS = 31
MARK = "counted"
# For the exit maps of agents, not for the charts.
WAYS = "ways"
# What is so at a moment, and not over a day: it is not added up over days.
OPEN = "oldest"


class DailyCountQuerySet(models.QuerySet["DailyCount"]):
    def seen_in(self, queues: Sequence[ReviewQueue], *, whole: bool) -> DailyCountQuerySet:
        """What belongs to `queues`, and what their agents spent; with `whole` also what belongs to none."""
        agents = self.filter(queue__in=queues).exclude(agent="").values("agent").distinct()
        spent = Q(queue__isnull=True) if whole else Q(measure="spent", agent__in=agents)
        return self.filter(Q(queue__in=queues) | spent).exclude(measure__in=[MARK, WAYS])

    def by_period(self, first: date, period: str) -> list[tuple[date, str, str, int, float]]:
        """(first day, measure, label, number, total) of each day or week from `first` on, added up."""
        rows = self.filter(day__gte=first).annotate(period=Trunc("day", period))
        sums = rows.values("period", "measure", "label").annotate(
            n=Sum("number"), t=Sum("total"), m=Max("total")
        )
        columns = sums.order_by("period").values_list("period", "measure", "label", "n", "t", "m")
        # Ages do not add up: the oldest of several is the oldest.
        return [(*what, number, most if what[1] == OPEN else total) for *what, number, total, most in columns]

    def ways_since(self, first: date, agents: Iterable[str]) -> Iterator[tuple[int, str, str, int]]:
        """(gate, reason, exit, number) of the results of these agents from a day on."""
        rows = self.filter(measure=WAYS, day__gte=first, agent__in=agents).values("label")
        for label, number in rows.annotate(n=Sum("number")).values_list("label", "n"):
            gate, exit_, reason = label.split(" ")
            yield int(gate), reason, exit_, number

    def open_in(self, queues: Sequence[ReviewQueue]) -> int:
        """How many were open when it was last counted."""
        newest = self.filter(measure=OPEN, queue__in=queues, day=self.counted_until() or date.min)
        return newest.aggregate(n=Sum("number"))["n"] or 0

    def counted_until(self) -> date | None:
        """The last day that was counted; it may not be over yet."""
        mark = self.filter(measure=MARK).order_by("-day").first()
        return mark.day if mark else None

    @transaction.atomic
    def count_on(self, today: date) -> int:
        """Count from the last counted day on, and the day before it once more; returns how many days.

        Yesterday is counted again since what was decided at midnight may have been undone after it.
        """
        last = self.counted_until()
        since = _first_day(today) if last is None else min(last, today) - timedelta(days=1)
        until = min(since + timedelta(days=MOST_DAYS), today + timedelta(days=1))
        if since >= until:
            return 0
        for rollup in all_rollups():
            _count(rollup, since, until)
        self.filter(measure=MARK).delete()
        self.create(measure=MARK, day=until - timedelta(days=1))
        return (until - since).days


class DailyCount(models.Model):
    """How often something was so on one day (UTC), in one review queue, of one agent."""

    day = models.DateField()
    measure = models.CharField(max_length=20)
    queue = models.ForeignKey(ReviewQueue, on_delete=models.CASCADE, null=True, related_name="+")
    agent = models.CharField(max_length=100, blank=True)
    label = models.CharField(max_length=200, blank=True)
    number = models.BigIntegerField(default=0)
    total = models.FloatField(default=0.0)  # seconds, dollars or weights, as the measure says

    objects = DailyCountQuerySet.as_manager()

    class Meta:
        app_label = "review"
        constraints = [
            models.UniqueConstraint(
                fields=["measure", "day", "queue", "agent", "label"],
                name="one_count_per_measure_day_queue_agent_and_label",
                nulls_distinct=False,
            )
        ]
        indexes = [models.Index(fields=["queue", "day"], name="counts_of_a_queue")]

    def __str__(self) -> str:
        return f"{self.measure} {self.label} on {self.day}: {self.number}"


def _first_day(today: date) -> date:
    """The day of the first thing there is."""
    with connection.cursor() as cursor:
        cursor.execute("""
            SELECT least(
                (SELECT raised_at FROM queue_escalation ORDER BY id LIMIT 1),
                (SELECT passed_at FROM gating_outcome ORDER BY id LIMIT 1)
            )::date
        """)
        (first,) = cursor.fetchone()
    return min(first or today, today)


def _count(rollup: Rollup, since: date, until: date) -> None:
    params: dict[str, Any] = {
        "first": rollup.first_since(since),
        "since": since,
        "until": until,
        "measure": rollup.measure,
    }
    with connection.cursor() as cursor:
        if rollup.measure != OPEN:
            cursor.execute(
                """
                DELETE FROM review_dailycount
                WHERE measure = %(measure)s AND day >= %(since)s AND day < %(until)s
                """,
                params,
            )
        cursor.execute(
            f"""
            INSERT INTO review_dailycount (day, queue_id, agent, label, number, total, measure)
            SELECT counted.*, %(measure)s FROM ({rollup.query}) counted
            ON CONFLICT ON CONSTRAINT one_count_per_measure_day_queue_agent_and_label
            DO UPDATE SET number = excluded.number, total = excluded.total
            """,
            params,
        )
