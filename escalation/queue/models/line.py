from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import nullcontext
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection, models, transaction
from django.db.models import BooleanField, ExpressionWrapper, Q
from django.db.models.functions import Now
from psycopg.types.json import Jsonb

from escalation.database.rows import mark_stored, names, places, read, values
from escalation.queue import signals
from escalation.queue.exceptions import KeyReused
from escalation.queue.models.alike import MOST_ALIKE, alike_to
from escalation.queue.models.bulk import MOST_AT_ONCE, BulkResult, decide_each, undo_each
from escalation.queue.models.deadline import Allowed, allowed, expire, widen
from escalation.queue.models.reason import BLIND_REASONS
from escalation.queue.models.review_queue import Membership, ReviewQueue

if TYPE_CHECKING:
    from escalation.queue.models.escalation import Escalation

# How long an escalation of each priority may wait until somebody should have looked (Escalation.Priority).
PATIENCE = {0: timedelta(days=3), 1: timedelta(hours=8), 2: timedelta(hours=1), 3: timedelta()}

# After so long, what was claimed ahead is as free as if it had never been.
AHEAD_LEASE = timedelta(minutes=2)

# What a list never loads: a row's body is many times the size of what a list shows.
BODIES = (
    "task",
    "output",
    "action",
    "answer_schema",
    "key_order",
    "explanation",
    "trace",
    "evidence",
    "metadata",
    "completed",
    "missing",
    "options",
    "question",
)


class EscalationQuerySet(models.QuerySet["Escalation"]):
    """The line of escalations."""

    def visible_to(self, user: User) -> EscalationQuerySet:
        """Those in the review queues that `user` belongs to, but second looks at their own decisions."""
        return self.filter(queue__memberships__user=user).exclude(not_for=user)

    def reviewable_by(self, user: User) -> EscalationQuerySet:
        """Those that `user` may claim and decide."""
        roles = {"queue__memberships__user": user, "queue__memberships__role__in": Membership.REVIEWING}
        return self.filter(**roles).exclude(not_for=user)

    def known_to(self, agent: str) -> EscalationQuerySet:
        """Those an agent may know of, each with `in_effect`: whether its decision's undo window is over."""
        in_effect = ExpressionWrapper(Q(decision__effective_at__lte=Now()), output_field=BooleanField())
        return self.filter(agent=agent).exclude(reason__in=BLIND_REASONS).annotate(in_effect=in_effect)

    def settled(self) -> EscalationQuerySet:
        """Those with an end that agents may know of: a decision in effect, a withdrawal, an expiry."""
        ended = Q(status__in=[self.model.Status.WITHDRAWN, self.model.Status.EXPIRED])
        return self.filter(ended | Q(decision__effective_at__lte=Now()))

    def claimable(self) -> EscalationQuerySet:
        return self.filter(self.model.claimable())

    def open(self) -> EscalationQuerySet:
        return self.filter(status__in=[self.model.Status.WAITING, self.model.Status.CLAIMED])

    def urgent_first(self) -> EscalationQuerySet:
        return self.order_by("due_at", "id")

    def without_bodies(self) -> EscalationQuerySet:
        return self.defer(*BODIES)

    def raise_once(
        self,
        *,
        agent: str,
        key: str | None = None,
        request_hash: str = "",
        queue: ReviewQueue | None = None,
        deadline_s: float | None = None,
        **facts: Any,
    ) -> tuple[Escalation, bool]:
        """Put a question to a human, once per (agent, key); returns the row and whether it is new.

        `facts` are the fields of Escalation. Raises KeyReused when the key came before with another body.
        """
        row = self.model(agent=agent, key=key, request_hash=request_hash, **facts)
        row.queue = queue or ReviewQueue.default()
        row.seal()
        terms = allowed(row.queue, deadline_s)
        # One statement is a transaction of its own; only a listener needs a longer one.
        with transaction.atomic() if signals.raised.has_listeners(self.model) else nullcontext():
            if _raised(row, terms):
                signals.raised.send(self.model, escalation=row)
                return row, True
        # Another request with this key was faster: its row is there now, and is the answer to both.
        return self._seen(agent, key, request_hash), False

    def _seen(self, agent: str, key: str | None, request_hash: str) -> Escalation:
        seen = self.model.objects.select_related("decision", "queue").get(agent=agent, key=key)
        if seen.request_hash != request_hash:
            raise KeyReused(str(key))
        return seen

    def claim_next(
        self, reviewer: User, *, queue: str = "", agent: str = "", reason: str = "", ahead: bool = False
    ) -> Escalation | None:
        """Claim the most urgent escalation nobody holds in the reviewer's queues, or return None.

        With `ahead` it is claimed for later: `extend` takes it up, and until then it gives way to whoever
        asks and finds nothing else. One statement, whose cost does not grow with the line: in each queue
        the first of each kind is found by index, rows that another claim has locked are skipped, the event
        is written.
        """
        params: dict[str, Any] = {
            "reviewer": reviewer.pk,
            "roles": list(Membership.REVIEWING),
            "queue": queue,
            "agent": agent,
            "reason": reason,
            "ahead": ahead,
            "lease": min(AHEAD_LEASE, settings.CLAIM_LEASE) if ahead else settings.CLAIM_LEASE,
            "data": Jsonb(lease_data() | {"ahead": True} if ahead else lease_data()),
        }
        with connection.cursor() as cursor:
            cursor.execute(CLAIM_NEXT.format(columns=names(self.model, of="claimed")), params)
            row = cursor.fetchone()
        if row is None:
            return None
        *stored, slug, name = row
        claimed = read(self.model, stored)
        claimed.claimed_by = reviewer
        claimed.queue = ReviewQueue(claimed.queue_id, slug, name)
        return claimed

    def decide_each(
        self, reviewer: User, seen: Mapping[int, int], verdict: str, **answer: Any
    ) -> list[BulkResult]:
        """Decide each of `seen` (id: version), claiming what nobody holds; returns what became of each.

        Each is a transaction of its own: what is refused is left as it was, and what `reviewer` may not
        decide is left out. `answer` is that of Escalation.decide().
        """
        rows = self.reviewable_by(reviewer).in_bulk(list(seen)[:MOST_AT_ONCE])
        chosen = [(rows[pk], version) for pk, version in seen.items() if pk in rows]
        return decide_each(reviewer, chosen, verdict, answer)

    def decide_alike(self, reviewer: User, row: Escalation, verdict: str, **answer: Any) -> list[BulkResult]:
        """Decide all that wait and failed as `row` did, up to 500, as they now are; see `decide_each`."""
        alike = self.reviewable_by(reviewer).claimable().filter(alike_to(row))
        rows = list(alike.select_related("queue").urgent_first()[:MOST_ALIKE])
        return decide_each(reviewer, [(each, each.version) for each in rows], verdict, answer)

    def undo_each(self, reviewer: User, chosen: Iterable[int]) -> list[BulkResult]:
        """Take one's own decisions back, each within its undo window; what they were on waits again."""
        rows = self.reviewable_by(reviewer).filter(pk__in=list(chosen)[:MOST_ALIKE])
        return undo_each(reviewer, rows)

    def expire_overdue(self, *, limit: int = 500) -> int:
        """Expire what is past its deadline and held by nobody; returns with how many it dealt."""
        overdue = self.filter(self.model.overdue()).order_by("deadline_at")[:limit]
        return sum(expire(escalation) for escalation in overdue)

    def widen_what_waits(self, *, limit: int = 500) -> int:
        """Send reminders, and word to wider circles, where the time has come; returns how many."""
        waiting = self.filter(self.model.unheld(), notice_at__lte=Now()).select_related("queue")
        return sum(widen(escalation) for escalation in waiting.order_by("notice_at")[:limit])


def lease_data() -> dict[str, float]:
    """How long a claim holds at least. The event keeps it: history can be checked whatever the setting is."""
    return {"lease_s": settings.CLAIM_LEASE.total_seconds()}


def _raised(row: Escalation, terms: Allowed) -> bool:
    """Write the row and its event, by the database's clock; False when its key was there before."""
    patience = PATIENCE[row.priority]
    patience = patience if terms.limit is None else min(patience, terms.limit)
    sql = RAISE.format(names=names(type(row), BY_DATABASE), places=places(type(row), BY_DATABASE))
    params: list[Any] = [*values(row, BY_DATABASE), terms.limit, terms.notice, patience]
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        returned = cursor.fetchone()
    if returned:
        mark_stored(row, **dict(zip(BY_DATABASE, returned, strict=True)))
    return returned is not None


# Model.save() would need four round trips for this, and build the same SQL again for each row.
BY_DATABASE = ("id", "raised_at", "deadline_at", "notice_at", "due_at")
RAISE = """
WITH raised AS (
    INSERT INTO queue_escalation ({names}, deadline_at, notice_at, due_at)
    VALUES ({places}, statement_timestamp() + %s::interval, statement_timestamp() + %s::interval,
        statement_timestamp() + %s::interval)
    ON CONFLICT (agent, key) DO NOTHING RETURNING id, raised_at, deadline_at, notice_at, due_at
), event AS (
    INSERT INTO queue_event (escalation_id, kind, data) SELECT id, 'raised', '{{}}' FROM raised
)
SELECT * FROM raised
"""

_FIRST = """
    SELECT e.id, e.due_at FROM queue_escalation e
    WHERE e.queue_id = mine.queue_id AND {state}
      AND e.not_for_id IS DISTINCT FROM %(reviewer)s
      AND (%(agent)s = '' OR e.agent = %(agent)s) AND (%(reason)s = '' OR e.reason = %(reason)s)
    ORDER BY e.due_at, e.id LIMIT 1 FOR UPDATE SKIP LOCKED
"""
_AWAKE = "e.status = 'waiting' AND (e.snoozed_until IS NULL OR e.snoozed_until <= statement_timestamp())"
_LAPSED = "e.status = 'claimed' AND e.claimed_until <= statement_timestamp()"
# One's own is as good as a waiting one; another's is taken when there is nothing else, and never for later.
_OWN = "e.claimed_ahead AND e.claimed_by_id = %(reviewer)s"
_OTHERS = "e.claimed_ahead AND e.claimed_by_id <> %(reviewer)s AND NOT %(ahead)s"

# The same rule as Escalation.claimable(); tests/queue/test_claim_next.py holds them together.
CLAIM_NEXT = f"""
WITH mine AS (
    SELECT m.queue_id FROM queue_membership m JOIN queue_reviewqueue q ON q.id = m.queue_id
    WHERE m.user_id = %(reviewer)s AND m.role = ANY(%(roles)s) AND (%(queue)s = '' OR q.slug = %(queue)s)
), waiting AS MATERIALIZED (
    SELECT first.* FROM mine CROSS JOIN LATERAL ({_FIRST.format(state=_AWAKE)}) first
), lapsed AS MATERIALIZED (
    SELECT first.* FROM mine CROSS JOIN LATERAL ({_FIRST.format(state=_LAPSED)}) first
), own AS MATERIALIZED (
    SELECT first.* FROM mine CROSS JOIN LATERAL ({_FIRST.format(state=_OWN)}) first
), others AS MATERIALIZED (
    SELECT first.* FROM mine CROSS JOIN LATERAL ({_FIRST.format(state=_OTHERS)}) first
), most_urgent AS MATERIALIZED (
    SELECT id FROM (
        SELECT 0 AS place, * FROM waiting UNION ALL SELECT 0, * FROM lapsed
        UNION ALL SELECT 0, * FROM own UNION ALL SELECT 1, * FROM others
    ) firsts ORDER BY place, due_at, id LIMIT 1
), claimed AS (
    UPDATE queue_escalation e SET status = 'claimed', claimed_by_id = %(reviewer)s, version = e.version + 1,
        claimed_until = statement_timestamp() + %(lease)s, claimed_ahead = %(ahead)s, snoozed_until = NULL
    FROM most_urgent WHERE e.id = most_urgent.id RETURNING e.*
), event AS (
    INSERT INTO queue_event (escalation_id, kind, actor_id, data)
    SELECT id, 'claimed', %(reviewer)s, %(data)s FROM claimed
)
SELECT {{columns}}, q.slug, q.name
FROM claimed JOIN queue_reviewqueue q ON q.id = claimed.queue_id
"""
