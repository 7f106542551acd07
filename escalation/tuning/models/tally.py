from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import connection, models, transaction
from django.utils import timezone

from escalation.gating.models import Gate, Policy
from escalation.tuning.tallying import (
    ADDED,
    CELLS,
    DIFFERENCES,
    LABELLED,
    REASONS,
    UNSETTLED,
)

if TYPE_CHECKING:
    from escalation.tuning.models.label import Label

# Rows take their number before they commit: after so long, none with a smaller number is still to come.
SETTLED = timedelta(seconds=30)
AT_ONCE = 50_000
ALL = 2**62


class TallyQuerySet(models.QuerySet["Tally"]):
    @transaction.atomic
    def count_on(self, moment: datetime) -> int:
        """Count what has settled by `moment` and was not counted yet; returns how many rows that is."""
        mark, settled = TallyMark.held(), moment - SETTLED
        outcome = _settled("gating_outcome", "passed_at", mark.last_outcome, settled)
        decision = _settled("queue_decision", "effective_at", mark.last_decision, settled)
        return mark.move_to(outcome, decision)

    def cells(
        self,
        gate: Gate,
        versions: tuple[str, str],
        days: tuple[date, date],
        *,
        era: int | None = None,
        threshold: float = 0.0,
    ) -> list[tuple[Any, ...]]:
        """Everything up to this moment, what is not tallied yet included.

        (policy, escalated, category, confidence, then COUNTS) from the first of `days` to before the second;
        of `era` alone if one is given. Where a cell lies on both sides of `threshold`, it is two.
        """
        mark = TallyMark.objects.first() or TallyMark()
        params: dict[str, Any] = {"gate": gate.pk, "model": versions[0], "prompt": versions[1], "era": era}
        params |= {"since": days[0], "until": days[1], "threshold": threshold}
        return _rows(CELLS, params | mark.onward())

    def first_day(self, gate: Gate, model: str, prompt_version: str) -> date:
        """The day of the first result that is tallied; today where none is."""
        mine = self.filter(gate=gate, model=model, prompt_version=prompt_version)
        return mine.aggregate(day=models.Min("day"))["day"] or timezone.localdate()

    def put_in(self, labels: Sequence[Label]) -> None:
        """Count stored labels whose decisions are counted already."""
        self._amend(labels, 1)

    def take_out(self, labels: Sequence[Label]) -> None:
        """Count labels no more that are about to be deleted."""
        self._amend(labels, -1)

    def _amend(self, labels: Sequence[Label], sign: int) -> None:
        mark = TallyMark.held()
        known = [label.pk for label in labels if label.decision_id <= mark.last_decision]
        if known:
            _run(LABELLED, {"labels": known, "sign": sign})

    @transaction.atomic
    def recount(self, *, mend: bool) -> int:
        """Count everything once more, and return how many tallies that makes otherwise; `mend` keeps it."""
        mark = TallyMark.held()
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL statement_timeout = 0")
            cursor.execute("CREATE TEMP TABLE tallied ON COMMIT DROP AS SELECT * FROM tuning_tally")
        outcome, decision = mark.last_outcome, mark.last_decision
        mark.last_outcome = mark.last_decision = 0
        mark.save()
        self.all().delete()
        mark.move_to(outcome, decision)
        [(number,)] = _rows(DIFFERENCES, {})
        _run("DROP TABLE tallied", {})
        transaction.set_rollback(not mend)
        return int(number)


class Tally(models.Model):
    """How many outcomes of one day and about one confidence took the same way, and what was said of them.

    Counted once, when they have settled: no page counts a million outcomes. Made of outcomes, decisions and
    labels alone, so that it can be counted anew.
    """

    gate = models.ForeignKey(Gate, on_delete=models.CASCADE, related_name="+", db_index=False)
    model = models.CharField(max_length=100, blank=True)
    prompt_version = models.CharField(max_length=64, blank=True)
    category = models.CharField(max_length=64, blank=True)
    day = models.DateField()
    policy = models.ForeignKey(Policy, on_delete=models.CASCADE, related_name="+", db_index=False)
    era = models.BigIntegerField()  # the watch whose alarm closed the window before, 0 for none
    escalated = models.BooleanField()
    even = models.IntegerField()  # thousandths of the confidence
    odds = models.IntegerField()  # twentieths of the logarithm of what is missing to 1
    lowest = models.FloatField()
    outcomes = models.IntegerField()
    asked = models.IntegerField()  # how many a human was asked about
    decided = models.IntegerField()  # and has decided, whatever the verdict
    labels = models.IntegerField()
    wrong = models.IntegerField()
    audits = models.IntegerField()

    objects = TallyQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "tallies"
        constraints = [
            models.UniqueConstraint(
                fields=[
                    *("gate", "model", "prompt_version", "day", "category"),
                    *("policy", "era", "escalated", "even", "odds"),
                ],
                name="one_tally_per_gate_version_day_way_and_cell",
            )
        ]

    def __str__(self) -> str:
        return f"{self.outcomes} at {self.lowest:.3f} on {self.day}"


class TallyMark(models.Model):
    """How far tallies have come: every outcome and decision up to these is counted, none after."""

    last_outcome = models.BigIntegerField(default=0)
    last_decision = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"outcome {self.last_outcome}, decision {self.last_decision}"

    @classmethod
    def held(cls) -> TallyMark:
        """The one there is; nobody else counts until we commit."""
        cls.objects.get_or_create(pk=1)
        return cls.objects.select_for_update().get(pk=1)

    def onward(self) -> dict[str, int]:
        return {
            "outcomes_from": self.last_outcome,
            "outcomes_to": ALL,
            "decisions_from": self.last_decision,
            "decisions_to": ALL,
        }

    def move_to(self, outcome: int, decision: int) -> int:
        """Count up to these; returns how many facts."""
        _run(ADDED, self.onward() | {"outcomes_to": outcome, "decisions_to": decision})
        moved = outcome - self.last_outcome + decision - self.last_decision
        self.last_outcome, self.last_decision = outcome, decision
        self.save()
        return moved


def _settled(table: str, clock: str, last: int, settled: datetime) -> int:
    [(found,)] = _rows(
        UNSETTLED.format(table=table, clock=clock), {"last": last, "most": last + AT_ONCE, "settled": settled}
    )
    return int(found)


def _run(sql: str, params: dict[str, Any]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, {"zone": settings.TIME_ZONE, "reasons": REASONS} | params)


def _rows(sql: str, params: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, {"zone": settings.TIME_ZONE, "reasons": REASONS} | params)
        return list(cursor.fetchall())
