"""The orders in which the line is listed: each is read by one index of each queue, page by page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import F, Func, TextField, Value
from django.db.models.lookups import GreaterThan, GreaterThanOrEqual, LessThan, LessThanOrEqual

from escalation.queue.models.line import EscalationQuerySet
from escalation.queue.models.stated import Stated


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
        return line.annotate(stated=Stated("reason", "confidence")) if self.field == "stated" else line

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
        pair: dict[str, Any] = {"function": "ROW", "output_field": TextField()}
        return Func(F(self.field), F("pk"), **pair), Func(Value(cursor.value), Value(cursor.pk), **pair)

    def nearest(self, cursors: list[Cursor]) -> Cursor | None:
        """The one that comes first, or None of none."""
        first = max if self.backwards else min
        return first(cursors, key=lambda cursor: (cursor.value, cursor.pk), default=None)

    def parse(self, text: str) -> Cursor | None:
        """Read what `str` wrote of a cursor; anything else is no cursor."""
        value, _, pk = text.partition("~")
        try:
            read = self.reads(value)
        except (ValueError, OverflowError):
            return None
        return Cursor(read, int(pk)) if pk.isascii() and pk.isdigit() and len(pk) < 19 else None


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
ORDERS = (
    URGENCY,
    Order("least_sure", "Least confident first", "stated", float, "More confident", "least confident"),
    Order("surest", "Most confident first", "stated", float, "Less confident", "most confident", True),
    NEWEST,
)
