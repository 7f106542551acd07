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
from escalation.review.choices import DECIDED, OPEN, SNOOZED, WATCHED
from escalation.review.filters import QueueFilter

PAGE = 50
MOST_COUNTED = 1000
MOST_NEW = 100
# How far down the line a filtered page looks for its rows: no index serves every filter (ADR 7).
REACH = 10_000
# What a row shows: few columns of the many, and of people their names.
SHOWN = (
    *("agent", "gate", "kind", "reason", "title", "confidence", "threshold", "partial", "fingerprint"),
    *("priority", "raised_at", "deadline_at", "due_at", "queue_id", "status", "version", "claimed_ahead"),
    *("claimed_by__username", "decision__verdict", "decision__reviewer__username"),
)
Status = Escalation.Status
# Each part of the line as its index holds it.
KEPT = {
    OPEN: Q(status=Status.WAITING),
    SNOOZED: Q(status=Status.WAITING, snoozed_until__isnull=False),
    DECIDED: Q(status=Status.DECIDED),
}


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
    rows = as_rows(Escalation.objects.filter(pk__in=ids).order_by(*order)[: PAGE + 1])
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
    """The ids of a page's rows and more, with their fingerprints: the first of each part of the line.

    The parts are walked inside one statement, each by its index, so that it costs the same to put together
    however many queues there are.
    """
    decided = part == DECIDED
    order = ("-id",) if decided else ("due_at", "id")
    columns = JSONObject(pk="pk", fingerprint="fingerprint")

    def head(of: Any) -> ArraySubquery:
        between = _between(of, after, edge, decided).order_by(*order)
        return ArraySubquery(between.values(found=columns)[: PAGE + 1])

    claimed = Q(status=Status.CLAIMED)
    if part not in KEPT:
        of_part = line if part == WATCHED else line.filter(claimed)
        firsts = _between(of_part, after, edge, decided).order_by(*order)
        return list(firsts.values_list("pk", "fingerprint")[: PAGE + 1])
    here = line.filter(queue=OuterRef("pk"))
    parts = {"kept": head(here.filter(KEPT[part]))}
    # One condition over what waits and what is claimed would sort the line.
    parts |= {"held": head(here.filter(claimed))} if part == OPEN else {}
    lines = ReviewQueue.objects.filter(pk__in=[queue.pk for queue in queues]).order_by().annotate(**parts)
    found = [pair for arrays in lines.values_list(*parts) for array in arrays for pair in array or ()]
    return [(pair["pk"], pair["fingerprint"]) for pair in found]


def as_rows(line: EscalationQuerySet) -> list[Any]:
    """What a row shows, and no body; `alike` is how many wait that failed as it did."""
    held, asleep = Q(claimed_until__gt=Now(), claimed_ahead=False), Q(snoozed_until__gt=Now())
    rows = line.select_related("claimed_by", "decision__reviewer").only(*SHOWN)
    found: list[Any] = list(rows.annotate(holds=held, sleeps=asleep))
    grouped = [row.pk for row in found if row.fingerprint]
    counted = Escalation.objects.filter(pk__in=grouped).values_list("pk", how_many_alike(Escalation.objects))
    numbers = dict(counted) if grouped else {}
    for row in found:
        row.alike = numbers.get(row.pk, 0)
    return found


def count_listed(filters: QueueFilter, mine: Sequence[MyQueue]) -> int:
    """How many the filters let through within reach, counted up to 100 and one."""
    queues = chosen_queues(mine, filters.queue_slug)
    edge = _edge(filters, queues, None) if filters.narrowing else None
    listed = _between(filters.qs.filter(queue__in=queues), None, edge, filters.part == DECIDED)
    return len(listed.order_by().values("pk")[: MOST_NEW + 1])


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


def _by_queue(line: Any, part: str, queues: Sequence[ReviewQueue]) -> list[EscalationQuerySet]:
    """Each queue's own part of the line, as its index holds it; what people hold is in none of them."""
    return [line.filter(KEPT[part], queue=queue) for queue in queues] if part in KEPT else []


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
