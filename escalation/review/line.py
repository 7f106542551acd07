"""The line as a list: one page, read by its indexes however long the line is, and what is new since."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Func, IntegerField, OuterRef, Q
from django.db.models.functions import JSONObject, Now

from escalation.queue.models import Escalation, Membership, ReasonCode, ReviewQueue
from escalation.queue.models.alike import how_many_alike, leading
from escalation.queue.models.line import EscalationQuerySet
from escalation.queue.models.reason_code import AS_ROW
from escalation.review.choices import DECIDED, OPEN, SNOOZED
from escalation.review.filters import QueueFilter

PAGE = 50
MOST_COUNTED = 1000
MOST_NEW = 100
# How far down the line a filtered page looks for its rows: no index serves every filter (ADR 7).
REACH = 10_000
# What a row does not show of a decision.
SAID = [f"decision__{name}" for name in ("output", "original_output", "arguments", "answer", "note", "grant")]
Status = Escalation.Status


@dataclass(frozen=True, slots=True)
class Cursor:
    """The last row of a page: the next page begins after it."""

    due_at: datetime
    pk: int

    @classmethod
    def parse(cls, text: str) -> Cursor | None:
        """Read what `str` wrote; anything else is no cursor."""
        due_at, _, pk = text.partition("~")
        try:
            moment = datetime.fromisoformat(due_at)
        except ValueError:
            return None
        is_usable = moment.tzinfo and pk.isascii() and pk.isdigit() and len(pk) < 19
        return cls(moment, int(pk)) if is_usable else None

    def __str__(self) -> str:
        return f"{self.due_at.isoformat()}~{self.pk}"


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
    counted = ArraySubquery(waiting.values("pk")[: MOST_COUNTED + 1])
    count = Func(counted, function="cardinality", output_field=IntegerField())
    codes = ArraySubquery(
        ReasonCode.objects.filter(queue=OuterRef("queue")).values(
            row=JSONObject(**{name: name for name in AS_ROW})
        )
    )
    mine = Membership.objects.filter(user=user).select_related("queue").order_by("queue__name")
    found = mine.annotate(waiting=count, codes=codes)
    for membership in found:
        membership.queue.codes = membership.codes
    return [MyQueue(membership.queue, membership.waiting) for membership in found]


def chosen_queues(mine: Iterable[MyQueue], slug: str) -> list[ReviewQueue]:
    """The one that is named, or all."""
    return [each.queue for each in mine if slug in ("", each.queue.slug)]


def in_queues(mine: Iterable[MyQueue]) -> EscalationQuerySet:
    """What the members of these queues may see; the same rule as `visible_to`, without another join."""
    return Escalation.objects.filter(queue__in=[each.queue for each in mine])


def read_page(filters: QueueFilter, mine: Sequence[MyQueue], after: Cursor | None) -> Page:
    """Read one page: the most urgent first, or the newest first among the decided."""
    queues = chosen_queues(mine, filters.queue_slug)
    decided = filters.part == DECIDED
    order = ("-id",) if decided else ("due_at", "id")
    # Those of one group are found by an index of their own.
    edge = _edge(filters, queues, after) if set(filters.narrowing) - {"alike"} else None
    line = filters.qs
    found = _first(line, filters.part, queues, after, edge)
    if filters.folds and any(fingerprint for _, fingerprint in found):
        edge = edge or _edge(filters, queues, after)
        found = _first(line.filter(leading(Escalation.objects)), filters.part, queues, after, edge)
    ids = [pk for pk, _ in found]
    rows = list(as_rows(Escalation.objects.filter(pk__in=ids).order_by(*order)[: PAGE + 1]))
    if len(rows) > PAGE:
        return Page(rows[:PAGE], str(Cursor(rows[PAGE - 1].due_at, rows[PAGE - 1].pk)))
    return Page(rows, str(edge), looked=REACH) if edge else Page(rows, "")


def _first(
    line: EscalationQuerySet,
    part: str,
    queues: Sequence[ReviewQueue],
    after: Cursor | None,
    edge: Cursor | None,
) -> list[tuple[int, str]]:
    """The ids of a page's rows and more, with their fingerprints: the first of each part of the line."""
    decided = part == DECIDED
    order = ("-id",) if decided else ("due_at", "id")
    heads = [_between(head, after, edge, decided) for head in _heads(line, part, queues)]
    firsts = [head.order_by(*order).values_list("pk", "fingerprint")[: PAGE + 1] for head in heads]
    return list(firsts[0].union(*firsts[1:], all=True)) if len(firsts) > 1 else list(*firsts)


def as_rows(line: EscalationQuerySet) -> EscalationQuerySet:
    """What a row shows, and no body."""
    held, asleep = Q(claimed_until__gt=Now(), claimed_ahead=False), Q(snoozed_until__gt=Now())
    rows = line.without_bodies().select_related("queue", "claimed_by", "decision__reviewer").defer(*SAID)
    return rows.annotate(holds=held, sleeps=asleep, alike=how_many_alike(Escalation.objects))


def count_new(filters: QueueFilter, newest: int) -> int:
    """How many were raised since the list was read, counted up to 100."""
    return len(
        filters.qs.filter(pk__gt=newest, status=Status.WAITING).order_by().values("pk")[: MOST_NEW + 1]
    )


def why_empty(mine: Sequence[MyQueue], filters: QueueFilter) -> dict[str, Any]:
    """What an empty list tells: how many the filters hide, and whether there ever was anything."""
    counts = [each.waiting for each in mine if filters.queue_slug in ("", each.queue.slug)]
    hidden = f"{MOST_COUNTED}+" if max(counts, default=0) > MOST_COUNTED else sum(counts)
    return {"hidden": hidden, "has_any": in_queues(mine).exists(), "base": settings.PUBLIC_URL}


def fingerprint(rows: Iterable[Any], mine: Iterable[MyQueue], new: int) -> str:
    """A short text that changes whenever what the list shows has changed."""
    held = [(row.pk, row.version, row.holds, row.sleeps, row.alike) for row in rows]
    waiting = [(each.queue.pk, each.waiting) for each in mine]
    return hashlib.sha256(repr((held, waiting, new)).encode()).hexdigest()[:20]


def _edge(filters: QueueFilter, queues: Sequence[ReviewQueue], after: Cursor | None) -> Cursor | None:
    """The last row that this page may look at, or None when the whole line is within reach."""
    decided = filters.part == DECIDED
    order = ("-id",) if decided else ("due_at", "id")
    share = REACH // max(1, len(queues))
    heads = [
        _between(head, after, None, decided) for head in _by_queue(Escalation.objects, filters.part, queues)
    ]
    ends = [head.order_by(*order).values_list("due_at", "pk")[share - 1 : share] for head in heads]
    found = [Cursor(*end) for end in ends[0].union(*ends[1:], all=True)] if ends else []
    # Every queue is read as far as the shortest reach, so that no row of another is passed over.
    first = max if decided else min
    return first(found, key=lambda cursor: cursor.pk if decided else (cursor.due_at, cursor.pk), default=None)


def _heads(line: EscalationQuerySet, part: str, queues: Sequence[ReviewQueue]) -> list[EscalationQuerySet]:
    # One index walk per queue, and the few that are claimed: one condition over both would sort the line.
    claimed = [] if part in (SNOOZED, DECIDED) or not queues else [line.filter(status=Status.CLAIMED)]
    return [*_by_queue(line, part, queues), *claimed]


def _by_queue(line: Any, part: str, queues: Sequence[ReviewQueue]) -> list[EscalationQuerySet]:
    """Each queue's own part of the line, as its index holds it; what people hold is in none of them."""
    kept = {
        OPEN: Q(status=Status.WAITING),
        SNOOZED: Q(status=Status.WAITING, snoozed_until__isnull=False),
        DECIDED: Q(status=Status.DECIDED),
    }
    return [line.filter(kept[part], queue=queue) for queue in queues] if part in kept else []


def _between(
    line: EscalationQuerySet, after: Cursor | None, edge: Cursor | None, decided: bool
) -> EscalationQuerySet:
    if after:
        line = line.filter(_behind(after, decided))
    return line.filter(_up_to(edge, decided)) if edge else line


def _behind(cursor: Cursor, decided: bool) -> Q:
    if decided:
        return Q(pk__lt=cursor.pk)
    return Q(due_at__gte=cursor.due_at) & (Q(due_at__gt=cursor.due_at) | Q(pk__gt=cursor.pk))


def _up_to(cursor: Cursor, decided: bool) -> Q:
    if decided:
        return Q(pk__gte=cursor.pk)
    return Q(due_at__lte=cursor.due_at) & (Q(due_at__lt=cursor.due_at) | Q(pk__lte=cursor.pk))
