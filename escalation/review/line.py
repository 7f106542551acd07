"""The line as a list: one page, read by its indexes however long the line is, and what is new since."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.postgres.expressions import ArraySubquery
from django.db import connection
from django.db.models import BigIntegerField, Func, IntegerField, OuterRef, Q, Value
from django.db.models.functions import JSONObject, Now

from escalation.queue.models import Escalation, Membership, ReasonCode, ReviewQueue
from escalation.queue.models.alike import how_many_alike, leading
from escalation.queue.models.line import EscalationQuerySet
from escalation.queue.models.reason_code import AS_ROW
from escalation.review.choices import DECIDED, OPEN, SNOOZED, WATCHED
from escalation.review.filters import QueueFilter
from escalation.review.orders import Cursor, Stretch

PAGE = 50
MOST_COUNTED = 1000
MOST_NEW = 100
# How far down the line a filtered page looks for its rows: no index serves every filter (ADR 7). Bodies take
# longer to look through, and of a saved view only a number is shown.
REACH, REACH_IN_BODIES, REACH_OF_A_NUMBER = 10_000, 4_000, 2_000
# What a row shows: few columns of the many, and of people their names.
SHOWN = (
    *("agent", "gate", "kind", "reason", "title", "confidence", "threshold", "partial", "fingerprint"),
    *("priority", "raised_at", "deadline_at", "due_at", "queue_id", "status", "version", "claimed_ahead"),
    *("claimed_by__username", "decision__verdict", "decision__reviewer__username"),
)
LAST_EVENTS = "SELECT id FROM queue_event ORDER BY id DESC LIMIT 100"
Status = Escalation.Status
# Each part of the line as its index holds it.
KEPT = {
    OPEN: Q(status=Status.WAITING),
    SNOOZED: Q(status=Status.WAITING, snoozed_until__isnull=False),
    DECIDED: Q(status=Status.DECIDED),
}


@dataclass(frozen=True, slots=True)
class Page:
    """Rows of the line, without their bodies, and the cursor of the next page or "".

    `looked` is how many of the line were looked through, if the filters might let through more behind them.
    """

    escalations: Sequence[Any]
    later: str
    looked: int = 0

    @property
    def newest(self) -> int:
        return max((escalation.pk for escalation in self.escalations), default=0)

    @property
    def shown(self) -> str:
        return ",".join(str(escalation.pk) for escalation in self.escalations)


@dataclass(frozen=True, slots=True)
class MyQueue:
    """A review queue that a person belongs to, and how many wait in it, counted up to 1000 and one."""

    queue: ReviewQueue
    waiting: int


def queues_of(user: User) -> list[MyQueue]:
    """The review queues of a person, by name, in one query."""
    waiting = Escalation.objects.filter(queue=OuterRef("queue"), status=Status.WAITING).order_by()
    # By id, so that what is counted is still read from an index alone.
    waiting = waiting.exclude(pk__in=Escalation.objects.filter(not_for=user, status=Status.WAITING))
    counted = ArraySubquery(waiting.values("pk")[: MOST_COUNTED + 1])
    count = Func(counted, function="cardinality", output_field=IntegerField())
    mine = Membership.objects.filter(user=user).select_related("queue").order_by("queue__name")
    found = mine.annotate(waiting=count, codes=codes_here())
    for membership in found:
        membership.queue.codes = membership.codes
    return [MyQueue(membership.queue, membership.waiting) for membership in found]


def codes_here() -> ArraySubquery:
    """The reasons that are set for the review queue of a row, read with the row."""
    set_here = ReasonCode.objects.filter(queue=OuterRef("queue"))
    return ArraySubquery(set_here.values(row=JSONObject(**{name: name for name in AS_ROW})))


def chosen_queues(mine: Iterable[MyQueue], slug: str) -> list[ReviewQueue]:
    """The one that is named, or all."""
    return [each.queue for each in mine if slug in ("", each.queue.slug)]


def in_queues(mine: Iterable[MyQueue], user: User) -> EscalationQuerySet:
    """What `user` may see in their queues; the same rule as `visible_to`, without another join."""
    return Escalation.objects.filter(queue__in=[each.queue for each in mine]).exclude(not_for=user)


def read_page(filters: QueueFilter, mine: Sequence[MyQueue], after: str) -> Page:
    """Read one page, in the order that the filters say; `after` is the `later` of the page before."""
    queues = chosen_queues(mine, filters.queue_slug)
    stretch = Stretch(filters.in_order, filters.in_order.parse(after))
    reach = REACH_IN_BODIES if "q" in filters.narrowing else REACH
    # Those of one group are found by an index of their own.
    if filters.folds or set(filters.narrowing) - {"alike"}:
        stretch = replace(stretch, edge=_edge(filters.part, stretch, queues, reach))
    line = filters.qs.filter(leading(Escalation.objects)) if filters.folds else filters.qs
    ids = _first(PAGE + 1, line, filters.part, stretch, queues)
    in_order = Stretch(filters.in_order).of(Escalation.objects.filter(pk__in=ids))
    rows = as_rows(in_order[: PAGE + 1], counts=filters.folds or "alike" in filters.narrowing)
    if len(rows) > PAGE:
        return Page(rows[:PAGE], str(filters.in_order.cursor_of(rows[PAGE - 1])))
    return Page(rows, str(stretch.edge), looked=reach) if stretch.edge else Page(rows, "")


def _first(
    most: int, line: EscalationQuerySet, part: str, stretch: Stretch, queues: Sequence[ReviewQueue]
) -> Any:
    """The ids of the first rows of a part of the line, at least `most` of them if there are as many.

    Each review queue is walked inside one statement, by its index, so that it costs the same to put together
    however many queues there are.
    """
    claimed = Q(status=Status.CLAIMED)
    if part not in KEPT:
        return stretch.of(line if part == WATCHED else line.filter(claimed)).values("pk")[:most]
    # One condition over what waits and what is claimed would sort the line.
    pieces = stretch.pieces(line.filter(KEPT[part]), OuterRef("pk"))
    arrays: list[Any] = [ArraySubquery(piece.values("pk")[:most]) for piece in pieces]
    if part == OPEN:
        held_here = line.filter(claimed, queue=OuterRef("pk"))
        # All that is claimed: it is little, and asked for in order the whole line might be read for it.
        arrays.append(ArraySubquery(stretch.of(held_here).order_by().values("pk")))
    found = reduce(lambda one, other: Func(one, other, function="array_cat"), arrays)
    lines = ReviewQueue.objects.filter(pk__in=[queue.pk for queue in queues]).order_by()
    return lines.values(pk_of_row=Func(found, function="unnest", output_field=BigIntegerField()))


def as_rows(line: EscalationQuerySet, *, counts: bool = False) -> list[Any]:
    """What a row shows, and no body; with `counts`, `alike` is how many wait that failed as it did."""
    rows = line.select_related("claimed_by", "decision__reviewer").only(*SHOWN)
    return list(_as_of_now(rows, counts=counts))


def changes_of(line: EscalationQuerySet, *, counts: bool) -> list[Any]:
    """What can change of rows while they are shown, by their ids: little is read, and no name or title."""
    rows = _as_of_now(line.order_by("pk").values_list("pk", "version"), counts=counts)
    return list(rows)


def _as_of_now(line: Any, *, counts: bool) -> Any:
    held, asleep = Q(claimed_until__gt=Now(), claimed_ahead=False), Q(snoozed_until__gt=Now())
    alike = how_many_alike(Escalation.objects) if counts else Value(0)
    return line.annotate(holds=held, sleeps=asleep, alike=alike)


def count_listed(filters: QueueFilter, mine: Sequence[MyQueue]) -> str:
    """How many the filters let through, in words: up to 100, and as far as a number looks down the line."""
    queues = chosen_queues(mine, filters.queue_slug)
    stretch = Stretch(filters.in_order)
    if filters.narrowing:
        stretch = replace(stretch, edge=_edge(filters.part, stretch, queues, REACH_OF_A_NUMBER))
    number = len(_first(MOST_NEW + 1, filters.qs, filters.part, stretch, queues)[: MOST_NEW + 1])
    return f"{min(number, MOST_NEW)}+" if stretch.edge or number > MOST_NEW else str(number)


def count_new(filters: QueueFilter, newest: int) -> int:
    """How many were raised since the list was read, counted up to 100."""
    return len(
        filters.qs.filter(pk__gt=newest, status=Status.WAITING).order_by().values("pk")[: MOST_NEW + 1]
    )


def why_empty(mine: Sequence[MyQueue], filters: QueueFilter) -> dict[str, Any]:
    """What an empty list tells: how many the filters hide, and whether there ever was anything, if asked."""
    counts = [each.waiting for each in mine if filters.queue_slug in ("", each.queue.slug)]
    hidden = f"{MOST_COUNTED}+" if max(counts, default=0) > MOST_COUNTED else sum(counts)
    return {"hidden": hidden, "has_any": filters.queryset.exists, "base": settings.PUBLIC_URL}


def pulse() -> str:
    """A short text that changes with every move of any escalation, at little cost."""
    with connection.cursor() as cursor:
        # Several ids, since a transaction may come in later than one that began after it.
        cursor.execute(f"SELECT md5(array_agg(id)::text) FROM ({LAST_EVENTS}) last")
        (text,) = cursor.fetchone()
    return str(text)[:12]


def fingerprint(*facts: Any) -> str:
    """A short text that changes whenever one of the facts does."""
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:16]


def _edge(part: str, stretch: Stretch, queues: Sequence[ReviewQueue], reach: int) -> Cursor | None:
    """The last row that may be looked at, or None when the whole line is within reach."""
    order, share = stretch.order, reach // max(1, len(queues))
    if part not in KEPT:
        return None  # what people hold is in no index of the whole line, and is little
    kept = Escalation.objects.filter(KEPT[part])
    pieces = [piece for queue in queues for piece in stretch.pieces(kept, queue.pk)]
    ends = [piece.values_list(order.field, "id")[share - 1 : share] for piece in pieces]
    # Every queue is read as far as the shortest reach, so that no row of another is passed over.
    return order.nearest([Cursor(*end) for end in ends[0].union(*ends[1:], all=True)] if ends else [])
