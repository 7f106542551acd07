"""The orders in which the line is listed: each is read by one index of each queue, page by page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Case, F, Func, Q, TextField, Value, When
from django.db.models.lookups import GreaterThan, GreaterThanOrEqual, LessThan, LessThanOrEqual

from escalation.queue.models.line import EscalationQuerySet
from escalation.queue.models.stated import UNSTATED, Stated

# Where what states no confidence comes when the least confident come first: no probability is as high.
BEHIND_ALL = 2.0


@dataclass(frozen=True, slots=True)
class Cursor:
    """The last row of a page, by what the order compares: the next page begins after it."""

    value: Any
    pk: int

    def __str__(self) -> str:
        value = self.value.isoformat() if isinstance(self.value, datetime) else self.value
        return f"{value}~{self.pk}"


@dataclass(frozen=True, slots=True)
class Order:
    """Rows by one field and, where it is equal, by id; `further` and `first` are said of what is listed."""

    name: str
    label: str
    field: str
    reads: Callable[[str], Any]
    further: str
    first: str
    backwards: bool = False

    @property
    def columns(self) -> tuple[str, str]:
        return ("-" if self.backwards else "") + self.field, "-pk" if self.backwards else "pk"

    def of(self, line: EscalationQuerySet) -> EscalationQuerySet:
        """The rows with the field that they are compared by."""
        if self.field not in ("stated", "doubt"):
            return line
        behind_all = When(stated__lt=0, then=Value(BEHIND_ALL))
        stated = line.annotate(stated=Stated("reason", "confidence"))
        return stated.annotate(doubt=Case(behind_all, default=F("stated")))

    def cursor_of(self, row: Any) -> Cursor:
        return Cursor(getattr(row, self.field), row.pk)

    def behind(self, cursor: Cursor) -> Any:
        """What comes after a row."""
        return (LessThan if self.backwards else GreaterThan)(*self._compared(cursor))

    def up_to(self, cursor: Cursor) -> Any:
        """A row and what comes before it."""
        return (GreaterThanOrEqual if self.backwards else LessThanOrEqual)(*self._compared(cursor))

    def _compared(self, cursor: Cursor) -> tuple[Func, Func]:
        # An index begins and ends at a pair; "greater, or equal and behind" would read all that is equal.
        return _pair(F(self.field), F("pk")), _pair(Value(cursor.value), Value(cursor.pk))

    def nearest(self, cursors: list[Cursor]) -> Cursor | None:
        """The one that comes first, or None of none."""
        first = max if self.backwards else min
        return first(cursors, key=lambda cursor: (cursor.value, cursor.pk), default=None)

    def parse(self, text: str) -> Cursor | None:
        """Read what `str` wrote of a cursor; anything else is no cursor."""
        value, _, pk = text.partition("~")
        try:
            return Cursor(self.reads(value), _id(pk))
        except ValueError:
            return None


@dataclass(frozen=True, slots=True)
class Stretch:
    """What one page may look at: from behind one row, up to another."""

    order: Order
    after: Cursor | None = None
    edge: Cursor | None = None

    def of(self, line: EscalationQuerySet) -> EscalationQuerySet:
        line = self.order.of(line)
        line = line.filter(self.order.behind(self.after)) if self.after else line
        line = line.filter(self.order.up_to(self.edge)) if self.edge else line
        return line.order_by(*self.order.columns)

    def pieces(self, line: EscalationQuerySet, queue: Any) -> list[EscalationQuerySet]:
        """The same of one review queue, in the pieces that the order's index holds: most orders have one."""
        if self.order == NEWEST:
            # As a range, so that the queue stays part of the order: asked for one queue, PostgreSQL may read
            # all ids backwards, and with them all that is newer and not in this part of the line.
            return [self.of(line.filter(queue__gte=queue, queue__lte=queue)).order_by("queue_id", "-pk")]
        line = line.filter(queue=queue)
        if self.order != LEAST_SURE:
            return [self.of(line)]
        known = Stretch(STATED, self.after, self.edge).of(line).filter(Q(stated__gte=0))
        return [known, self._among_unstated().of(line).filter(Q(stated=UNSTATED))]

    def _among_unstated(self) -> Stretch:
        """What of it lies among those that state no confidence, behind all that do."""
        after = Cursor(UNSTATED, self.after.pk) if self.after and self.after.value == BEHIND_ALL else None
        if self.edge is None:
            return Stretch(STATED, after)
        return Stretch(STATED, after, Cursor(UNSTATED, self.edge.pk if self.edge.value == BEHIND_ALL else 0))


def _pair(*parts: F | Value) -> Func:
    return Func(*parts, function="ROW", output_field=TextField())


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(text)
    return moment


def _id(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise ValueError(text)
    return int(text)


URGENCY = Order("", "Most urgent first", "due_at", _moment, "Less urgent", "most urgent")
NEWEST = Order("newest", "Newest first", "pk", _id, "Older", "newest", backwards=True)
LEAST_SURE = Order("least_sure", "Least confident first", "doubt", float, "More confident", "least confident")
SUREST = Order("surest", "Most confident first", "stated", float, "Less confident", "most confident", True)
ORDERS = (URGENCY, LEAST_SURE, SUREST, NEWEST)
# As the index of the confidence holds it: what states none comes first, and is never shown so.
STATED = Order("", "", "stated", float, "", "")
